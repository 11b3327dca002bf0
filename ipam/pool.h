/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "ipam/database.h"
#include "ipam/ipam.h"

/*
 * A pool's row, read at the start of a change and stored at its end. Slots are its pairs, numbered in
 * the order they are given out.
 */
struct pool {
	int64_t id;
	struct ipam_usage usage; /* its free is not kept up to date */
	uint32_t rover;          /* slots from here on have not been given out */
	bool changed;
};

/* The slots one pair touches, each once. */
struct slots {
	size_t count;
	uint32_t slot[2];
};

int pool_read(struct database *database, struct pool *ret_pool, struct error *e);
int pool_store(struct database *database, const struct pool *pool, struct error *e);

struct ipam_pair pool_pair(const struct pool *pool, uint32_t slot);
struct slots pool_slots(const struct pool *pool, const struct ipam_pair *pair);
int pool_edge(const struct pool *pool, const struct addr *addr, struct error *e);

int pool_take(struct database *database, struct pool *pool, uint32_t *ret_slot, struct error *e);
int pool_block(struct database *database, struct pool *pool, const struct ipam_pair *pair,
	       struct error *e);
int pool_return(struct database *database, struct pool *pool, const struct ipam_pair *pair,
		struct error *e);
