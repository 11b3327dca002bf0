/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/change.h"
#include "ipam/history.h"
#include "ipam/pool-make.h"
#include "ipam/ranges.h"
#include "ipam/tally.h"

#define LEFT_NAMED 4 /* of the leases that keep a pool from being removed */

/**
 * pool_is - whether a pool is what is wanted
 * @pool: borrowed
 * @wanted: borrowed
 */
static bool pool_is(const struct pool *pool, const struct pool *wanted)
{
	const struct ipam_usage *is = &pool->usage, *want = &wanted->usage;
	char ranges[POOL_RANGES_TEXT], wanted_ranges[POOL_RANGES_TEXT];

	ranges_format(pool, ranges);
	ranges_format(wanted, wanted_ranges);
	return is->kind == want->kind && addr_equal(&is->prefix.addr, &want->prefix.addr) &&
	       is->prefix.length == want->prefix.length && strcmp(is->bridge, want->bridge) == 0 &&
	       addr_equal(&is->gateway, &want->gateway) && strcmp(ranges, wanted_ranges) == 0;
}

/**
 * pool_admit - look whether there is a place for a new pool
 * @change: begun
 * @wanted: the pool, borrowed
 * @e: says what is in its way
 *
 * Returns 1, 0 when it is there already, or -errno.
 */
static int pool_admit(struct change *change, const struct pool *wanted, struct error *e)
{
	const struct ipam_usage *usage = &wanted->usage;
	char text[PREFIX_TEXT];
	struct holding holder;
	struct pool *other;
	int r;

	if (pools_named(&change->pools, usage->pool, &other, NULL) == 0) {
		if (pool_is(other, wanted))
			return 0;
		r = error_set(e, ERROR_CONFLICT, EEXIST, "there is a pool %s already, %s",
			      usage->pool, prefix_format(&other->usage.prefix, text));
		return error_remedy(e, r,
				    "choose another name, or see 'nixctr-net ipam pool show %s'",
				    usage->pool);
	}
	r = pool_overlaps(&change->pools, usage->pool, &usage->prefix, e);
	if (r == 0 && addr_is_set(&usage->gateway))
		r = holding_of_addr(change->frame.database, &usage->gateway, &holder, e);
	if (r <= 0)
		return r < 0 ? r : 1;
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "gateway %s is an address of %s",
		      addr_format(&usage->gateway, text), holder.lease.container);
	return error_remedy(e, r, "choose another gateway, or run 'nixctr-net %s %s'",
			    holder.lease.state == IPAM_BOUND ? "destroy" : "ipam release",
			    holder.lease.container);
}

/**
 * pool_enter - enter a new pool
 * @change: begun; its list of pools stays as it is
 * @pool: gets its key, and counts what leases have of it already
 * @e: says what is in its way
 *
 * Returns 1, 0 when there is just that, or -errno.
 */
int pool_enter(struct change *change, struct pool *pool, struct error *e)
{
	int r = pool_admit(change, pool, e);

	if (r <= 0)
		return r;
	r = pool_insert(change->frame.database, pool, e);
	if (r == 0)
		r = pool_tally(change->frame.database, pool, e);
	if (r == 0)
		r = pool_update(change->frame.database, pool, e);
	return r < 0 ? r : 1;
}

/**
 * ipam_pool_add - add a pool
 * @ipam: borrowed, open for writing
 * @spec: borrowed
 * @e: says what is wrong, or in the way
 *
 * Returns 1, 0 when it is there already, or -errno: see ipam/ipam.h.
 */
int ipam_pool_add(struct ipam *ipam, const struct ipam_pool *spec, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	char what[IPAM_REASON_MAX], text[PREFIX_TEXT];
	struct pool pool;
	int r = pool_make(spec, &pool, e);

	if (r < 0)
		return r;
	r = change_begin(&change, ipam, e);
	if (r == 0)
		r = pool_enter(&change, &pool, e);
	if (r <= 0)
		return r;
	(void)snprintf(what, sizeof(what), "%s%s%s", prefix_format(&spec->prefix, text),
		       spec->bridge[0] ? " for bridge " : "", spec->bridge);
	r = history_append_pool(&change.frame, IPAM_ACT_ADDED, spec->name, what, e);
	if (r == 0)
		r = change_commit(&change, e);
	return r < 0 ? r : 1;
}

/**
 * pool_set_draining - have a pool give out nothing any more, or go on
 * @ipam: borrowed, open for writing
 * @name: of the pool, borrowed
 * @draining: whether it is to give out nothing
 * @e: says that there is no such pool
 *
 * Returns 1, 0 when it is so, or -errno.
 */
static int pool_set_draining(struct ipam *ipam, const char *name, bool draining, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	char text[PREFIX_TEXT];
	struct pool *pool = NULL;
	int r = change_begin(&change, ipam, e);

	if (r == 0)
		r = pools_named(&change.pools, name, &pool, e);
	if (r < 0 || !pool || pool->usage.draining == draining)
		return r;
	pool->usage.draining = draining;
	r = pool_update(change.frame.database, pool, e);
	if (r == 0)
		r = history_append_pool(&change.frame,
					draining ? IPAM_ACT_DRAINED : IPAM_ACT_FILLED, name,
					prefix_format(&pool->usage.prefix, text), e);
	if (r == 0)
		r = change_commit(&change, e);
	return r < 0 ? r : 1;
}

/**
 * ipam_pool_drain - have a pool give out nothing any more
 * @ipam: borrowed, open for writing
 * @name: of the pool, borrowed
 * @e: says that there is no such pool
 *
 * Returns 1, 0 when it does not, or -errno.
 */
int ipam_pool_drain(struct ipam *ipam, const char *name, struct error *e)
{
	return pool_set_draining(ipam, name, true, e);
}

/**
 * ipam_pool_fill - have a pool give out addresses again
 * @ipam: borrowed, open for writing
 * @name: of the pool, borrowed
 * @e: says that there is no such pool
 *
 * Returns 1, 0 when it does, or -errno.
 */
int ipam_pool_fill(struct ipam *ipam, const char *name, struct error *e)
{
	return pool_set_draining(ipam, name, false, e);
}

/**
 * members_refuse - refuse to remove a pool that has leases
 * @change: begun
 * @pool: borrowed
 * @e: names them
 *
 * Returns 0, or -EBUSY with class ERROR_CONFLICT, or another -errno.
 */
static int members_refuse(struct change *change, const struct pool *pool, struct error *e)
{
	_cleanup_(query_end) struct query query = members_begin(change->frame.database, pool);
	char names[LEFT_NAMED * (IPAM_NAME_MAX + 2)] = "";
	struct member member;
	size_t count = 0;
	int r;

	while ((r = member_next(&query, &member, e)) > 0) {
		size_t used = strlen(names);

		if (count++ < LEFT_NAMED)
			(void)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
				       member.container);
	}
	if (r < 0 || count == 0)
		return r;
	r = error_set(e, ERROR_CONFLICT, EBUSY, "pool %s has %zu lease%s left: %s%s",
		      pool->usage.pool, count, count == 1 ? "" : "s", names,
		      count > LEFT_NAMED ? " and others" : "");
	return error_remedy(e, r,
			    "run 'nixctr-net ipam pool drain %s', so that there will be no more, "
			    "and destroy or release these",
			    pool->usage.pool);
}

/**
 * ipam_pool_remove - remove a pool that nobody has an address of
 * @ipam: borrowed, open for writing
 * @name: of the pool, borrowed
 * @e: says that there is no such pool, or who has one
 *
 * Returns 1 or -errno.
 */
int ipam_pool_remove(struct ipam *ipam, const char *name, struct error *e)
{
	static const char vacant_sql[] = "DELETE FROM vacant WHERE pool = ?";
	static const char pool_sql[] = "DELETE FROM pool WHERE id = ?";
	const char *const statements[] = { vacant_sql, pool_sql };
	_cleanup_(change_end) struct change change = { 0 };
	char text[PREFIX_TEXT];
	struct pool *pool = NULL;
	int r = change_begin(&change, ipam, e);

	if (r == 0)
		r = pools_named(&change.pools, name, &pool, e);
	if (r == 0)
		r = members_refuse(&change, pool, e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(statements); i++) {
		_cleanup_(query_end) struct query query =
			query_begin(change.frame.database, statements[i]);

		query_bind_int(&query, pool->id);
		r = query_run(&query, e);
	}
	if (r == 0)
		r = history_append_pool(&change.frame, IPAM_ACT_REMOVED, name,
					prefix_format(&pool->usage.prefix, text), e);
	if (r == 0)
		r = change_commit(&change, e);
	return r < 0 ? r : 1;
}
