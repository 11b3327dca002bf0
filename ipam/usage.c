/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ipam/pool.h"
#include "ipam/tally.h"
#include "ipam/vacant.h"

/**
 * ipam_kind_name - a kind of pools as one word
 * @kind: the kind
 */
const char *ipam_kind_name(enum ipam_kind kind)
{
	return kind == IPAM_PAIRS ? "pair" : "subnet";
}

/**
 * pool_reserved - count what a pool has given out and is reserved
 * @frame: borrowed
 * @pool: borrowed
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pool_reserved(const struct frame *frame, const struct pool *pool, uint32_t *ret_count,
			 struct error *e)
{
	static const char sql[] = "SELECT count(*) FROM lease WHERE state = 'reserved'"
				  " AND (pool4 = ?1 OR pool6 = ?1)";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);
	int r;

	query_bind_int(&query, pool->id);
	r = query_step(&query, e);
	if (r > 0)
		*ret_count = (uint32_t)query_int(&query, 0);
	return r < 0 ? r : 0;
}

/**
 * pool_usage - how full a pool is
 * @frame: borrowed
 * @pool: borrowed
 * @ret_usage: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pool_usage(const struct frame *frame, const struct pool *pool,
		      struct ipam_usage *ret_usage, struct error *e)
{
	struct ipam_usage usage = pool->usage;
	uint32_t gone;
	int r = vacant_cooling(frame, pool, &usage.cooling, e);

	if (r == 0)
		r = pool_reserved(frame, pool, &usage.reserved, e);
	if (r < 0)
		return r;
	gone = usage.leased + usage.blocked + usage.cooling;
	usage.free = gone < usage.capacity ? usage.capacity - gone : 0;
	*ret_usage = usage;
	return 0;
}

/**
 * ipam_usage - all pools and how full they are
 * @ipam: borrowed
 * @ret_usage: freed by the caller
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int ipam_usage(struct ipam *ipam, struct ipam_usage **ret_usage, size_t *ret_count, struct error *e)
{
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	_cleanup_(freep) struct ipam_usage *usage = NULL;
	struct frame frame = frame_make(ipam);
	int r = pools_read(&ipam->database, &pools, e);

	if (r < 0)
		return r;
	usage = calloc(pools.count + 1, sizeof(*usage));
	if (!usage)
		return error_errno(e, ENOMEM, "cannot list the pools");
	for (size_t i = 0; r == 0 && i < pools.count; i++)
		r = pool_usage(&frame, &pools.list[i], &usage[i], e);
	if (r < 0)
		return r;
	*ret_usage = TAKE_PTR(usage);
	*ret_count = pools.count;
	return 0;
}

/**
 * next_look - see what a pool gives out next
 * @frame: borrowed
 * @pool: borrowed
 * @view: gets it
 * @e: filled on failure
 *
 * As pools_take() goes: what nobody ever had, then what has been free the longest.
 *
 * Returns 0 or -errno.
 */
static int next_look(const struct frame *frame, const struct pool *pool,
		     struct ipam_pool_view *view, struct error *e)
{
	uint32_t slots[IPAM_NEXT_MAX];
	struct vacancy vacancy;
	size_t count = 0;
	int r;

	for (uint32_t slot = pool->rover;
	     slot < pool->usage.capacity && view->n_next < IPAM_NEXT_MAX; slot++) {
		r = slot_held(frame->database, pool, slot, e);
		if (r == 0)
			r = vacant_find(frame, pool, slot, &vacancy, e);
		if (r < 0)
			return r;
		if (r == 0)
			view->next[view->n_next++] = pool_pair(pool, slot);
	}
	r = vacant_ready(frame, pool, slots, IPAM_NEXT_MAX - view->n_next, &count, e);
	for (size_t i = 0; r == 0 && i < count; i++)
		view->next[view->n_next++] = pool_pair(pool, slots[i]);
	return r;
}

/**
 * ranges_show - the ranges of a pool as addresses
 * @pool: borrowed
 * @view: gets them
 */
static void ranges_show(const struct pool *pool, struct ipam_pool_view *view)
{
	const struct addr *network = &pool->usage.prefix.addr;

	for (size_t i = 0; i < pool->n_ranges; i++) {
		view->ranges[i].first = addr_add(network, pool->ranges[i].first);
		view->ranges[i].last = addr_add(network, pool->ranges[i].last);
	}
	view->n_ranges = pool->n_ranges;
	view->classic = pool->n_ranges && pool->ranges[0].striped;
}

/**
 * ipam_pool_show - look at one pool
 * @ipam: borrowed
 * @name: of it, borrowed
 * @ret_view: filled
 * @e: says that there is no such pool
 *
 * Returns 0, -ENOENT or another -errno: see ipam/ipam.h.
 */
int ipam_pool_show(struct ipam *ipam, const char *name, struct ipam_pool_view *ret_view,
		   struct error *e)
{
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	struct ipam_pool_view view = { .n_next = 0 };
	struct frame frame = frame_make(ipam);
	struct pool *pool = NULL;
	int r = pools_read(&ipam->database, &pools, e);

	if (r == 0)
		r = pools_named(&pools, name, &pool, e);
	if (r < 0 || !pool)
		return r;
	r = members_check(&ipam->database, pool, e);
	if (r == 0)
		r = pool_usage(&frame, pool, &view.usage, e);
	if (r == 0 && !pool->usage.draining)
		r = next_look(&frame, pool, &view, e);
	if (r < 0)
		return r;
	ranges_show(pool, &view);
	*ret_view = view;
	return 0;
}
