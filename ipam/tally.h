/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/pool.h"

/* What leases have of a pool, counted by looking at all of them: for changes of pools only. */

/* The addresses that a lease has of a pool. */
struct member {
	char container[IPAM_NAME_MAX];
	struct addr host, local;
};

struct query members_begin(struct database *database, const struct pool *pool);
int member_next(struct query *query, struct member *ret_member, struct error *e);
int members_check(struct database *database, const struct pool *pool, struct error *e);
int pool_tally(struct database *database, struct pool *pool, struct error *e);
