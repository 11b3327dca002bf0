/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/lookup.h"
#include "ipam/pool.h"

/* A change of the book on its way, in one transaction. */
struct change {
	struct frame frame;
	struct transaction transaction;
	struct pools pools;
	struct holding holding; /* of the container, as it will be; id 0: it has no row yet */
};

int change_begin(struct change *change, struct ipam *ipam, struct error *e);
int change_commit(struct change *change, struct error *e);
void change_end(struct change *change);

int change_lease(struct change *change, const struct ipam_lease *asked, unsigned flags,
		 struct error *e);
int change_release(struct change *change, const char *reason, struct error *e);
/* Enters a new pool. Returns 1, 0 when there is just that, or -errno as ipam_pool_add(). */
int pool_enter(struct change *change, struct pool *pool, struct error *e);

int change_write(struct change *change, struct error *e);
void change_enters(struct change *change, enum ipam_state state, const char *reason);
