/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/pool.h"

/*
 * Theory of operation
 *
 * The slots of a pool follow each other in its ranges. Only the pool that every book begins with has
 * none: its slots are numbered as doc/design.md orders them, which begins as nixos-container does, so
 * that the third byte runs 1..254 before the last one goes on by a pair.
 *
 *	slot = k * 254 + N - 1	host x.y.N.(2k + 1), local x.y.N.(2k + 2)	N = 1..254, k = 0..126
 */

#define NETWORKS 254u /* values of N */
#define PAIRS    127u /* values of k */

/**
 * pool_step - how many addresses a slot has
 * @pool: borrowed
 */
static uint32_t pool_step(const struct pool *pool)
{
	return pool->usage.kind == IPAM_PAIRS ? 2 : 1;
}

/**
 * range_slots - how many slots there are in a range
 * @pool: it belongs to, borrowed
 * @range: borrowed
 */
static uint32_t range_slots(const struct pool *pool, const struct range *range)
{
	return (uint32_t)(((uint64_t)range->last - range->first + 1) / pool_step(pool));
}

/**
 * pool_capacity - how many slots a pool has
 * @pool: its kind and ranges are set, borrowed
 */
uint32_t pool_capacity(const struct pool *pool)
{
	uint64_t capacity = pool->n_ranges ? 0 : (uint64_t)NETWORKS * PAIRS;

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
	if (pool->n_ranges == 0)
		return (slot % NETWORKS + 1) * 256 + slot / NETWORKS * 2 + 1;
	for (size_t i = 0; i < pool->n_ranges; i++) {
		uint32_t count = range_slots(pool, &pool->ranges[i]);

		if (slot < count)
			return pool->ranges[i].first + slot * pool_step(pool);
		slot -= count;
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
 * classic_slot - pool_slot() in the order of nixos-container
 * @offset: of the address in its network
 * @ret_slot: the slot
 *
 * Returns whether there is one.
 */
static bool classic_slot(uint32_t offset, uint32_t *ret_slot)
{
	uint32_t network = offset / 256, end = offset % 256;

	if (network < 1 || network > NETWORKS || end < 1 || end > 254)
		return false;
	*ret_slot = (end - 1) / 2 * NETWORKS + network - 1;
	return true;
}

/**
 * ranged_slot - pool_slot() where there are ranges
 * @pool: borrowed
 * @offset: of the address in its network
 * @ret_slot: the slot
 *
 * Returns whether there is one.
 */
static bool ranged_slot(const struct pool *pool, uint32_t offset, uint32_t *ret_slot)
{
	uint32_t before = 0;

	for (size_t i = 0; i < pool->n_ranges; i++) {
		const struct range *range = &pool->ranges[i];
		uint32_t count = range_slots(pool, range);

		if (offset >= range->first && (offset - range->first) / pool_step(pool) < count) {
			*ret_slot = before + (offset - range->first) / pool_step(pool);
			return true;
		}
		before += count;
	}
	return false;
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
	uint32_t offset, slot;

	if (!addr_offset(&pool->usage.prefix, addr, &offset) ||
	    !(pool->n_ranges ? ranged_slot(pool, offset, &slot) : classic_slot(offset, &slot)) ||
	    slot >= pool->usage.capacity)
		return false;
	*ret_slot = slot;
	return true;
}

/**
 * offset_parse - read a number of a range
 * @cursor: moved behind it and the character that has to follow
 * @stop: that character
 * @ret_offset: the number
 *
 * Returns 0, or -1 when it is not written like that.
 */
static int offset_parse(const char **cursor, char stop, uint32_t *ret_offset)
{
	const char *text = *cursor;
	uint64_t offset = 0;

	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9' && offset <= UINT32_MAX; text++)
		offset = offset * 10 + (uint64_t)(*text - '0');
	if (offset > UINT32_MAX || (*text != stop && !(stop == ',' && !*text)))
		return -1;
	*cursor = text + (*text == stop);
	*ret_offset = (uint32_t)offset;
	return 0;
}

/**
 * ranges_parse - read ranges as they stand in the book: "1-254,300-400", ascending
 * @text: borrowed; "" is none
 * @pool: its ranges are set
 *
 * Returns 0, or -1 when they are not written like that.
 */
int ranges_parse(const char *text, struct pool *pool)
{
	struct range range;
	int64_t last = -1;

	pool->n_ranges = 0;
	while (*text) {
		if (pool->n_ranges == POOL_RANGES_MAX ||
		    offset_parse(&text, '-', &range.first) < 0 ||
		    offset_parse(&text, ',', &range.last) < 0 || range.first <= last ||
		    range.last < range.first)
			return -1;
		pool->ranges[pool->n_ranges++] = range;
		last = range.last;
	}
	return 0;
}
