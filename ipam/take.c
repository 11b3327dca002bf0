/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/pool.h"
#include "ipam/vacant.h"

/*
 * Theory of operation
 *
 * The next slot of a pool is that at its rover, unless somebody chose one of its addresses or it came
 * back already; what is passed over comes back among the vacant slots when it is given up. Each slot
 * is passed over once in the life of the pool, so that a lease costs the same on the average however
 * full the pool is. Behind the last slot the first of the vacant ones is the next: the one that has
 * been free the longest. Is that one still cooling, all of them are, and another pool is asked.
 */

/* What was found on the way to the next slot. */
struct search {
	const struct pool *last; /* the pool asked last */
	size_t asked;            /* how many pools were asked */
	const char *draining;    /* one that would be asked if it were not, or NULL */
	bool cooling;            /* one of them has slots that are cooling */
	uint32_t remaining;      /* seconds until the first of these is free */
};

/**
 * slot_held - whether somebody has an address of a slot
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @slot: below its capacity
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
int slot_held(struct database *database, const struct pool *pool, uint32_t slot, struct error *e)
{
	/* Not "addr IN (?, ?)", for which sqlite builds a table of its own each time. */
	static const char sql[] = "SELECT 1 FROM address WHERE addr = ?"
				  " UNION ALL SELECT 1 FROM address WHERE addr = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	struct ipam_pair pair = pool_pair(pool, slot);

	query_bind_addr(&query, &pair.local.addr);
	query_bind_addr(&query, &pair.host);
	return query_step(&query, e);
}

/**
 * pool_rove - go on to the next slot that nobody ever had
 * @frame: borrowed, in a transaction
 * @pool: its rover moves
 * @ret_slot: the slot
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int pool_rove(const struct frame *frame, struct pool *pool, uint32_t *ret_slot,
		     struct error *e)
{
	while (pool->rover < pool->usage.capacity) {
		uint32_t slot = pool->rover++;
		struct vacancy vacancy;
		int r = slot_held(frame->database, pool, slot, e);

		pool->changed = true;
		if (r == 0)
			r = vacant_find(frame, pool, slot, &vacancy, e);
		if (r < 0)
			return r;
		if (r == 0) {
			*ret_slot = slot;
			return 1;
		}
	}
	return 0;
}

/**
 * pool_recycle - take the slot that has been free the longest, if it has cooled down
 * @frame: borrowed, in a transaction
 * @pool: borrowed, with a free slot and none that nobody ever had
 * @search: learns of a slot that is cooling
 * @ret_slot: the slot, no more among the vacant ones
 * @e: filled on failure
 *
 * Returns 1, 0 when they are cooling, or -errno.
 */
static int pool_recycle(const struct frame *frame, const struct pool *pool, struct search *search,
			uint32_t *ret_slot, struct error *e)
{
	struct vacancy vacancy;
	int r = vacant_head(frame, pool, &vacancy, e);

	if (r == 0)
		return database_damaged(frame->database, "a pool has lost free addresses", e);
	if (r < 0)
		return r;
	if (vacancy.remaining) {
		if (!search->cooling || vacancy.remaining < search->remaining)
			search->remaining = vacancy.remaining;
		search->cooling = true;
		return 0;
	}
	r = vacant_remove(frame, pool, vacancy.slot, e);
	if (r < 0)
		return r;
	*ret_slot = vacancy.slot;
	return 1;
}

/**
 * pool_take - take the next slot of one pool
 * @frame: borrowed, in a transaction
 * @pool: changed
 * @search: learns what was found
 * @ret_pair: the addresses
 * @e: filled on failure
 *
 * A full pool is known by its numbers, so that asking it again and again costs nothing.
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int pool_take(const struct frame *frame, struct pool *pool, struct search *search,
		     struct ipam_pair *ret_pair, struct error *e)
{
	uint32_t slot = 0;
	int r;

	search->last = pool;
	search->asked++;
	if (pool->usage.leased + pool->usage.blocked >= pool->usage.capacity)
		return 0;
	r = pool_rove(frame, pool, &slot, e);
	if (r == 0)
		r = pool_recycle(frame, pool, search, &slot, e);
	if (r <= 0)
		return r;
	pool->usage.leased++;
	pool->changed = true;
	*ret_pair = pool_pair(pool, slot);
	return 1;
}

/**
 * exhausted_remedy - say how there can be more addresses
 * @search: what was found, borrowed
 * @e: gets the remedy
 * @r: -errno, already in @e
 *
 * Returns @r.
 */
static int exhausted_remedy(const struct search *search, struct error *e, int r)
{
	if (search->draining)
		return error_remedy(e, r,
				    "have pool %s, which is draining, give out again with "
				    "'nixctr-net ipam pool drain --undo %s', or add one with "
				    "'nixctr-net ipam pool add'",
				    search->draining, search->draining);
	return error_remedy(
		e, r,
		"add a pool with 'nixctr-net ipam pool add', enlarge this one with "
		"'nixctr-net ipam pool resize', or destroy a container that is not needed");
}

/**
 * pools_exhausted - say that nothing is left
 * @search: what was found, borrowed
 * @taking: for whom, borrowed
 * @e: filled
 *
 * Returns -ENOSPC.
 */
static int pools_exhausted(const struct search *search, const struct taking *taking,
			   struct error *e)
{
	const char *what, *family = taking->family == AF_INET ? "IPv4" : "IPv6";
	const struct ipam_usage *usage;
	char text[PREFIX_TEXT];
	int r;

	if (!search->asked) {
		r = error_set(e, ERROR_EXHAUSTED, ENOSPC, "no pool gives out %s addresses%s%s%s%s",
			      family, taking->bridge[0] ? " for bridge " : "", taking->bridge,
			      search->draining ? ": draining is " : "",
			      search->draining ? search->draining : "");
		return error_remedy(e, r,
				    search->draining
					    ? "add a pool with 'nixctr-net ipam pool add', "
					      "or choose addresses; 'ipam pool drain --undo' "
					      "has one give out again"
					    : "add a pool with 'nixctr-net ipam pool add', "
					      "or choose addresses");
	}
	usage = &search->last->usage;
	what = usage->kind == IPAM_PAIRS ? "pairs" : "addresses";
	r = error_set(e, ERROR_EXHAUSTED, ENOSPC,
		      "pool %s (%s) is exhausted: of %u %s %u are leased and %u blocked by "
		      "chosen addresses",
		      usage->pool, prefix_format(&usage->prefix, text), usage->capacity, what,
		      usage->leased, usage->blocked);
	if (search->asked > 1)
		r = error_wrap(e, r, "all %zu pools are exhausted", search->asked);
	if (!search->cooling)
		return exhausted_remedy(search, e, r);
	r = error_wrap(e, r, "all free addresses are cooling down, the first for %u seconds more",
		       search->remaining);
	return error_remedy(e, r,
			    "wait for %u seconds, choose addresses, or set [ipam] cooldown in "
			    "nixctr-net.conf(5)",
			    search->remaining);
}

/**
 * pools_are_for - whether somebody gets an automatic address or has to go without one
 * @pools: borrowed
 * @taking: who, borrowed
 *
 * A cable always has an IPv4 address, so that the want of a pool is an error. Otherwise a pool says
 * that there is to be one. One of IPv6 that is draining says no more.
 */
bool pools_are_for(const struct pools *pools, const struct taking *taking)
{
	bool found = taking->family == AF_INET && !taking->bridge[0];

	for (size_t i = 0; !found && i < pools->count; i++) {
		const struct ipam_usage *usage = &pools->list[i].usage;

		found = usage->prefix.addr.family == taking->family &&
			strcmp(usage->bridge, taking->bridge) == 0 &&
			!(taking->family == AF_INET6 && usage->draining);
	}
	return found;
}

/**
 * pools_take - take the next slot there is
 * @frame: borrowed, in a transaction
 * @pools: changed
 * @taking: what is wanted, borrowed
 * @ret_pair: the addresses
 * @e: filled on failure
 *
 * Returns 1, 0 when no pool is for that, -ENOSPC when all are in use, or another -errno.
 */
int pools_take(const struct frame *frame, struct pools *pools, const struct taking *taking,
	       struct ipam_pair *ret_pair, struct error *e)
{
	struct search search = { .asked = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < pools->count; i++) {
		struct pool *pool = &pools->list[i];
		struct ipam_usage *usage = &pool->usage;

		if (usage->prefix.addr.family != taking->family ||
		    strcmp(usage->bridge, taking->bridge) != 0)
			continue;
		if (usage->draining)
			search.draining = usage->pool;
		else
			r = pool_take(frame, pool, &search, ret_pair, e);
	}
	if (r != 0 || !pools_are_for(pools, taking))
		return r;
	return pools_exhausted(&search, taking, e);
}

/**
 * pools_claim - keep the slots of a pair that nobody had to look for from being given out
 * @frame: borrowed, in a transaction
 * @pools: changed
 * @pair: not yet in the book, borrowed; somebody chose it, or it was automatic where it comes from
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pools_claim(const struct frame *frame, struct pools *pools, const struct ipam_pair *pair,
		struct error *e)
{
	struct slots slots = pools_slots(pools, pair);

	for (size_t i = 0; i < slots.count; i++) {
		struct pool *pool = slots.at[i].pool;
		int r = slot_held(frame->database, pool, slots.at[i].slot, e);

		if (r > 0)
			continue;
		if (r == 0)
			r = vacant_remove(frame, pool, slots.at[i].slot, e);
		if (r < 0)
			return r;
		if (pair->automatic)
			pool->usage.leased++;
		else
			pool->usage.blocked++;
		pool->changed = true;
	}
	return 0;
}

/**
 * pools_return - let the slots of a pair cool down, if nobody else has a part of them
 * @frame: borrowed, in a transaction
 * @pools: changed
 * @pair: not in the book any more, borrowed
 * @lease: it was part of, with the reason why it is given up; borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pools_return(const struct frame *frame, struct pools *pools, const struct ipam_pair *pair,
		 const struct ipam_lease *lease, struct error *e)
{
	struct slots slots = pools_slots(pools, pair);

	for (size_t i = 0; i < slots.count; i++) {
		struct pool *pool = slots.at[i].pool;
		int r = slot_held(frame->database, pool, slots.at[i].slot, e);

		if (r > 0)
			continue;
		if (r == 0)
			r = vacant_add(frame, pool, slots.at[i].slot, lease, e);
		if (r < 0)
			return r;
		if (pair->automatic)
			pool->usage.leased--;
		else
			pool->usage.blocked--;
		pool->changed = true;
	}
	return 0;
}
