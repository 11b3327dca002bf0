/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/book.h"
#include "ipam/pool.h"

/*
 * The slots that were given out and came back, of each pool in the order in which they will be given
 * out again: whoever came back first is first. So if that one is still cooling, all are, but for what was
 * passed over.
 */

/* A slot that waits. */
struct vacancy {
	uint32_t slot;
	uint32_t remaining; /* seconds until it has cooled down */
	int64_t since;      /* by the clock on the wall of then; 0: not known */
	char name[IPAM_NAME_MAX];
	char reason[IPAM_REASON_MAX];
};

int vacant_find(const struct frame *frame, const struct pool *pool, uint32_t slot,
		struct vacancy *ret_vacancy, struct error *e);
int vacant_head(const struct frame *frame, const struct pool *pool, struct vacancy *ret_vacancy,
		struct error *e);
int vacant_add(const struct frame *frame, const struct pool *pool, uint32_t slot,
	       const struct ipam_lease *lease, struct error *e);
int vacant_remove(const struct frame *frame, const struct pool *pool, uint32_t slot,
		  struct error *e);
int vacant_cool(const struct frame *frame, const struct pool *pool, uint32_t slot, struct error *e);
int vacant_thaw(const struct frame *frame, const struct pool *pool, uint32_t slot, struct error *e);
int vacant_cooling(const struct frame *frame, const struct pool *pool, uint32_t *ret_count,
		   struct error *e);
int vacant_ready(const struct frame *frame, const struct pool *pool, uint32_t *slots, size_t room,
		 size_t *ret_count, struct error *e);
int vacant_move(const struct frame *frame, const struct pool *old, const struct pool *pool,
		struct error *e);
