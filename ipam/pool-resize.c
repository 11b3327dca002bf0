/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "ipam/change.h"
#include "ipam/history.h"
#include "ipam/pool-make.h"
#include "ipam/ranges.h"
#include "ipam/tally.h"
#include "ipam/vacant.h"

/*
 * Theory of operation
 *
 * Leases have addresses and no numbers of slots, so that a pool can be changed without them. What has
 * numbers is the rover and what is vacant. When the ranges of a pool change, both are put into the new
 * ones: below the rover every slot is somebody's or vacant, as before, and what was never given out lies
 * behind it. All of that is paid for once, by whoever changes the pool.
 */

/**
 * members_fit - make sure that a pool has all its leases after a change
 * @change: begun
 * @pool: as it will be, borrowed
 * @e: names a lease that would be outside
 *
 * Returns 0, or -EBUSY with class ERROR_CONFLICT, or another -errno.
 */
static int members_fit(struct change *change, const struct pool *pool, struct error *e)
{
	_cleanup_(query_end) struct query query = members_begin(change->frame.database, pool);
	char text[ADDR_TEXT], network[PREFIX_TEXT];
	struct member member;
	int r;

	while ((r = member_next(&query, &member, e)) > 0) {
		if (pool_has(pool, &member.host, &member.local))
			continue;
		r = error_set(e, ERROR_CONFLICT, EBUSY,
			      "%s of container %s is none that pool %s would give out of %s",
			      addr_format(&member.local, text), member.container, pool->usage.pool,
			      prefix_format(&pool->usage.prefix, network));
		return error_remedy(
			e, r, "choose a network that has it, or add a pool and drain this one");
	}
	return r;
}

/**
 * pool_move - turn a pool into what it is in another network
 * @pool: changed; its counts and its rover are not yet
 * @network: borrowed
 * @e: says why it cannot be
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int pool_move(struct pool *pool, const struct prefix *network, struct error *e)
{
	char text[ADDR_TEXT], is[PREFIX_TEXT], becomes[PREFIX_TEXT];
	int r = network_check(network, e);

	if (r < 0)
		return r;
	if (!prefix_overlaps(&pool->usage.prefix, network)) {
		r = error_set(e, ERROR_USAGE, EINVAL, "%s has nothing of pool %s, %s",
			      prefix_format(network, becomes), pool->usage.pool,
			      prefix_format(&pool->usage.prefix, is));
		return error_remedy(e, r, "add a pool for it, and drain this one");
	}
	if (addr_is_set(&pool->usage.gateway) && !prefix_contains(network, &pool->usage.gateway))
		return error_set(e, ERROR_USAGE, EINVAL, "gateway %s of pool %s does not lie in %s",
				 addr_format(&pool->usage.gateway, text), pool->usage.pool,
				 prefix_format(network, becomes));
	if (!ranges_move(pool, network))
		return rooms_refuse(pool, e);
	return pool_measure(pool, e);
}

/**
 * rover_move - find the rover of a pool whose ranges have changed
 * @old: as it was, borrowed
 * @pool: its rover is written
 *
 * It stops at the first slot that was not passed over before.
 */
static void rover_move(const struct pool *old, struct pool *pool)
{
	for (pool->rover = 0; pool->rover < pool->usage.capacity; pool->rover++) {
		struct ipam_pair pair = pool_pair(pool, pool->rover);
		uint32_t slot;

		if (!pool_has(old, &pair.host, &pair.local.addr) ||
		    !pool_slot(old, &pair.local.addr, &slot) || slot >= old->rover)
			return;
	}
}

/**
 * ipam_pool_resize - give a pool another network, in which its leases are
 * @ipam: borrowed, open for writing
 * @name: of the pool, borrowed
 * @prefix: the network, borrowed
 * @e: says what is wrong, or in the way
 *
 * Returns 1, 0 when it has that network, or -errno: see ipam/ipam.h.
 */
int ipam_pool_resize(struct ipam *ipam, const char *name, const struct prefix *prefix,
		     struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	char what[IPAM_REASON_MAX], from[PREFIX_TEXT], to[PREFIX_TEXT];
	struct pool *old, pool;
	int r = change_begin(&change, ipam, e);

	if (r == 0)
		r = pools_named(&change.pools, name, &old, e);
	if (r < 0)
		return r;
	if (addr_equal(&old->usage.prefix.addr, &prefix->addr) &&
	    old->usage.prefix.length == prefix->length)
		return 0;
	pool = *old;
	r = members_check(change.frame.database, old, e);
	if (r == 0)
		r = pool_move(&pool, prefix, e);
	if (r == 0)
		r = pool_overlaps(&change.pools, name, prefix, e);
	if (r == 0)
		r = members_fit(&change, &pool, e);
	if (r == 0)
		r = vacant_move(&change.frame, old, &pool, e);
	if (r == 0)
		r = pool_tally(change.frame.database, &pool, e);
	if (r < 0)
		return r;
	rover_move(old, &pool);
	r = pool_update(change.frame.database, &pool, e);
	(void)snprintf(what, sizeof(what), "%s, was %s", prefix_format(prefix, to),
		       prefix_format(&old->usage.prefix, from));
	if (r == 0)
		r = history_append_pool(&change.frame, IPAM_ACT_RESIZED, name, what, e);
	if (r == 0)
		r = change_commit(&change, e);
	return r < 0 ? r : 1;
}
