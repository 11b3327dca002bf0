/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/pool.h"

/*
 * Theory of operation
 *
 * The slots of a pool follow each other in its ranges, in the order of these. A range that is striped
 * has the order that doc/design.md gives the pool every book begins with, which begins as
 * nixos-container does: it is made of whole networks of 256 addresses, and each of them gives a pair
 * before the first one gives its second.
 *
 *	slot = k * networks + n		host first + n * 256 + 2k + 1, local one more	k = 0..126
 */

#define STRIPE 256u /* addresses */
#define PAIRS  127u /* in them, of which the first and the last one are nobody's */

/**
 * pool_step - how many addresses a slot has
 * @pool: borrowed
 */
uint32_t pool_step(const struct pool *pool)
{
	return pool->usage.kind == IPAM_PAIRS ? 2 : 1;
}

/**
 * range_networks - how many networks there are in a striped range
 * @range: borrowed
 */
static uint32_t range_networks(const struct range *range)
{
	return (range->last - range->first) / STRIPE + 1;
}

/**
 * range_slots - how many slots there are in a range
 * @pool: it belongs to, borrowed
 * @range: borrowed
 */
uint32_t range_slots(const struct pool *pool, const struct range *range)
{
	if (range->striped)
		return range_networks(range) * PAIRS;
	return (uint32_t)(((uint64_t)range->last - range->first + 1) / pool_step(pool));
}

/**
 * pool_capacity - how many slots a pool has
 * @pool: its kind and ranges are set, borrowed
 */
uint32_t pool_capacity(const struct pool *pool)
{
	uint64_t capacity = 0;

	for (size_t i = 0; i < pool->n_ranges; i++)
		capacity += range_slots(pool, &pool->ranges[i]);
	return capacity > INT32_MAX ? INT32_MAX : (uint32_t)capacity;
}

/**
 * pool_offset - how far into its network a slot begins
 * @pool: borrowed
 * @slot: below its capacity
 */
static uint32_t pool_offset(const struct pool *pool, uint32_t slot)
{
	for (size_t i = 0; i < pool->n_ranges; i++) {
		const struct range *range = &pool->ranges[i];
		uint32_t count = range_slots(pool, range), networks;

		if (slot >= count) {
			slot -= count;
			continue;
		}
		if (!range->striped)
			return range->first + slot * pool_step(pool);
		networks = range_networks(range);
		return range->first + slot % networks * STRIPE + slot / networks * 2 + 1;
	}
	return 0;
}

/**
 * pool_pair - the addresses of a slot
 * @pool: borrowed
 * @slot: below its capacity
 */
struct ipam_pair pool_pair(const struct pool *pool, uint32_t slot)
{
	struct addr first = addr_add(&pool->usage.prefix.addr, pool_offset(pool, slot));
	struct ipam_pair pair = { .automatic = true };

	if (pool->usage.kind == IPAM_SUBNET) {
		pair.local = (struct prefix){ .addr = first, .length = pool->usage.prefix.length };
		return pair;
	}
	pair.host = first;
	pair.local.addr = addr_add(&first, 1);
	pair.local.length = addr_bits(&first);
	return pair;
}

/**
 * range_slot - pool_slot() within a range
 * @pool: it belongs to, borrowed
 * @range: borrowed
 * @offset: of the address in the network
 * @ret_slot: counted from the first one of the range
 *
 * Returns whether there is one.
 */
static bool range_slot(const struct pool *pool, const struct range *range, uint32_t offset,
		       uint32_t *ret_slot)
{
	uint32_t end;

	if (offset < range->first || offset > range->last)
		return false;
	offset -= range->first;
	if (!range->striped) {
		*ret_slot = offset / pool_step(pool);
		return *ret_slot < range_slots(pool, range);
	}
	end = offset % STRIPE;
	if (end < 1 || end > 2 * PAIRS)
		return false;
	*ret_slot = (end - 1) / 2 * range_networks(range) + offset / STRIPE;
	return true;
}

/**
 * pool_slot - the slot an address belongs to; the inverse of pool_pair()
 * @pool: borrowed
 * @addr: borrowed; may be none
 * @ret_slot: the slot
 *
 * Returns whether there is one.
 */
bool pool_slot(const struct pool *pool, const struct addr *addr, uint32_t *ret_slot)
{
	uint32_t offset, slot, before = 0;

	if (!addr_offset(&pool->usage.prefix, addr, &offset))
		return false;
	for (size_t i = 0; i < pool->n_ranges; i++) {
		const struct range *range = &pool->ranges[i];

		if (range_slot(pool, range, offset, &slot)) {
			/* What is counted beyond the capacity has no number. */
			if (slot >= pool->usage.capacity || before >= pool->usage.capacity - slot)
				return false;
			*ret_slot = before + slot;
			return true;
		}
		before += range_slots(pool, range);
	}
	return false;
}

/**
 * pool_has - whether a pair is one that a pool gives out
 * @pool: borrowed
 * @host, @local: its addresses, borrowed; on a bridge the host's is none
 */
bool pool_has(const struct pool *pool, const struct addr *host, const struct addr *local)
{
	struct ipam_pair pair;
	uint32_t slot;

	if (!pool_slot(pool, local, &slot))
		return false;
	pair = pool_pair(pool, slot);
	return addr_equal(&pair.host, host) && addr_equal(&pair.local.addr, local);
}
