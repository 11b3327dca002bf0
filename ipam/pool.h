/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "ipam/book.h"
#include "ipam/database.h"
#include "ipam/ipam.h"

/* Addresses in a row, as distances from the network address, both of them included. */
struct range {
	uint32_t first, last;
	bool striped; /* in the order of nixos-container */
};

/*
 * A pool's row, read at the start of a change and stored at its end. Slots are what it gives out,
 * numbered in the order in which they are: pairs of addresses, or single ones of a subnet.
 */
struct pool {
	int64_t id;
	struct ipam_usage usage; /* what changes with time is not kept up to date */
	size_t n_ranges;
	struct range ranges[IPAM_RANGES_MAX];
	uint32_t rover; /* slots from here on have not been given out */
	bool changed;
};

/* All pools, oldest first. */
struct pools {
	size_t count;
	struct pool *list;
};

/* The slots one pair touches, each once. */
struct slots {
	size_t count;
	struct {
		struct pool *pool;
		uint32_t slot;
	} at[2];
};

/* The arithmetic: slot.c. */
uint32_t pool_step(const struct pool *pool);
uint32_t range_slots(const struct pool *pool, const struct range *range);
uint32_t pool_capacity(const struct pool *pool);
struct ipam_pair pool_pair(const struct pool *pool, uint32_t slot);
bool pool_slot(const struct pool *pool, const struct addr *addr, uint32_t *ret_slot);
bool pool_has(const struct pool *pool, const struct addr *host, const struct addr *local);

/* The rows: pool-rows.c. */
int pools_read(struct database *database, struct pools *ret_pools, struct error *e);
int pools_store(struct database *database, const struct pools *pools, struct error *e);
int pool_insert(struct database *database, struct pool *pool, struct error *e);
int pool_update(struct database *database, const struct pool *pool, struct error *e);
void pools_deinit(struct pools *pools);
int pools_named(const struct pools *pools, const char *name, struct pool **ret_pool,
		struct error *e);
struct pool *pools_find(const struct pools *pools, const struct addr *addr);
struct slots pools_slots(const struct pools *pools, const struct ipam_pair *pair);
int pools_edge(const struct pools *pools, const struct addr *addr, struct error *e);

/* What is given out and comes back: take.c. */

/* What is taken for whom. */
struct taking {
	sa_family_t family;
	const char *bridge; /* "": a cable of its own */
};

int slot_held(struct database *database, const struct pool *pool, uint32_t slot, struct error *e);
bool pools_are_for(const struct pools *pools, const struct taking *taking);
int pools_take(const struct frame *frame, struct pools *pools, const struct taking *taking,
	       struct ipam_pair *ret_pair, struct error *e);
int pools_claim(const struct frame *frame, struct pools *pools, const struct ipam_pair *pair,
		struct error *e);
int pools_return(const struct frame *frame, struct pools *pools, const struct ipam_pair *pair,
		 const struct ipam_lease *lease, struct error *e);
