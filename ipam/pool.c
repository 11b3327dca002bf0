/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ipam/book.h"

/*
 * Theory of operation
 *
 * Slots are numbered as doc/design.md orders them, which begins as nixos-container does: the third
 * byte runs 1..254 before the last one goes on by a pair.
 *
 *	slot = k * 254 + N - 1	host x.y.N.(2k + 1), local x.y.N.(2k + 2)	N = 1..254, k = 0..126
 *
 * The next slot is that at the rover, unless somebody chose one of its addresses or it was returned
 * already; what is passed over comes back through the queue of vacant slots when it is returned. Each
 * slot is passed over once in the life of the pool, so that a lease costs the same on the average
 * however full the pool is. Behind the last slot the head of the queue is the next: the one that has
 * been free the longest.
 */

#define NETWORKS 254u /* values of N */

#define POOL_COLUMNS "id, name, network, length, capacity, leased, blocked, rover"

/**
 * pool_row - take a pool out of a row
 * @query: at a row of POOL_COLUMNS
 * @ret_pool: the pool
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int pool_row(const struct query *query, struct pool *ret_pool, struct error *e)
{
	struct pool pool = { .id = query_int(query, 0), .rover = (uint32_t)query_int(query, 7) };
	struct ipam_usage *usage = &pool.usage;
	int r = query_text(query, 1, usage->pool, sizeof(usage->pool), e);

	if (r == 0)
		r = query_addr(query, 2, &usage->prefix.addr, e);
	if (r < 0)
		return r;
	usage->prefix.length = (uint8_t)query_int(query, 3);
	usage->capacity = (uint32_t)query_int(query, 4);
	usage->leased = (uint32_t)query_int(query, 5);
	usage->blocked = (uint32_t)query_int(query, 6);
	usage->free = usage->capacity - usage->leased - usage->blocked;
	*ret_pool = pool;
	return 0;
}

/**
 * pool_read - read the pool that automatic pairs come from
 * @database: borrowed, in a transaction
 * @ret_pool: the pool
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_read(struct database *database, struct pool *ret_pool, struct error *e)
{
	static const char sql[] = "SELECT " POOL_COLUMNS " FROM pool WHERE name = 'default'";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	int r = query_step(&query, e);

	if (r == 0)
		return database_damaged(database, "it has no pool", e);
	return r < 0 ? r : pool_row(&query, ret_pool, e);
}

/**
 * pool_store - write a pool back if it has changed
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_store(struct database *database, const struct pool *pool, struct error *e)
{
	static const char sql[] = "UPDATE pool SET rover = ?, leased = ?, blocked = ? WHERE id = ?";
	_cleanup_(query_end) struct query query = { 0 };

	if (!pool->changed)
		return 0;
	query = query_begin(database, sql);
	query_bind_int(&query, pool->rover);
	query_bind_int(&query, pool->usage.leased);
	query_bind_int(&query, pool->usage.blocked);
	query_bind_int(&query, pool->id);
	return query_run(&query, e);
}

/**
 * pool_pair - the addresses of a slot
 * @pool: borrowed
 * @slot: below its capacity
 */
struct ipam_pair pool_pair(const struct pool *pool, uint32_t slot)
{
	uint32_t offset = (slot % NETWORKS + 1) * 256 + slot / NETWORKS * 2 + 1;
	struct ipam_pair pair = { .host = addr_add(&pool->usage.prefix.addr, offset),
				  .automatic = true };

	pair.local.addr = addr_add(&pair.host, 1);
	pair.local.length = addr_bits(&pair.local.addr);
	return pair;
}

/**
 * pool_slot - the slot an address belongs to; the inverse of pool_pair()
 * @pool: borrowed
 * @addr: borrowed; may be none
 * @ret_slot: the slot
 *
 * Returns whether there is one.
 */
static bool pool_slot(const struct pool *pool, const struct addr *addr, uint32_t *ret_slot)
{
	uint32_t offset, network, end, slot;

	if (!addr_offset(&pool->usage.prefix, addr, &offset))
		return false;
	network = offset / 256;
	end = offset % 256;
	if (network < 1 || network > NETWORKS || end < 1 || end > 254)
		return false;
	slot = (end - 1) / 2 * NETWORKS + network - 1;
	if (slot >= pool->usage.capacity)
		return false;
	*ret_slot = slot;
	return true;
}

/**
 * pool_slots - the slots that the addresses of a pair belong to
 * @pool: borrowed
 * @pair: borrowed, of any family
 *
 * Returns none, one or two.
 */
struct slots pool_slots(const struct pool *pool, const struct ipam_pair *pair)
{
	struct slots slots = { 0 };

	if (pool_slot(pool, &pair->host, &slots.slot[0]))
		slots.count = 1;
	if (pool_slot(pool, &pair->local.addr, &slots.slot[slots.count]) &&
	    !(slots.count && slots.slot[0] == slots.slot[1]))
		slots.count++;
	return slots;
}

/**
 * pool_edge - refuse the network and the broadcast address of a pool
 * @pool: borrowed
 * @addr: borrowed
 * @e: names address and pool
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int pool_edge(const struct pool *pool, const struct addr *addr, struct error *e)
{
	const struct prefix *prefix = &pool->usage.prefix;
	const uint32_t last = UINT32_MAX >> prefix->length;
	char text[ADDR_TEXT], network[PREFIX_TEXT];
	uint32_t offset;

	if (!addr_offset(prefix, addr, &offset) || (offset != 0 && offset != last))
		return 0;
	return error_set(e, ERROR_USAGE, EINVAL, "%s is the %s address of the pool %s",
			 addr_format(addr, text), offset == 0 ? "network" : "broadcast",
			 prefix_format(prefix, network));
}

/**
 * slot_held - whether somebody has an address of a slot
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @slot: below its capacity
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
static int slot_held(struct database *database, const struct pool *pool, uint32_t slot,
		     struct error *e)
{
	/* Not "addr IN (?, ?)", for which sqlite builds a table of its own each time. */
	static const char sql[] = "SELECT 1 FROM address WHERE addr = ?"
				  " UNION ALL SELECT 1 FROM address WHERE addr = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	struct ipam_pair pair = pool_pair(pool, slot);

	query_bind_addr(&query, &pair.host);
	query_bind_addr(&query, &pair.local.addr);
	return query_step(&query, e);
}

/**
 * slot_vacant - whether a slot waits in the queue
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @slot: below its capacity
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
static int slot_vacant(struct database *database, const struct pool *pool, uint32_t slot,
		       struct error *e)
{
	static const char sql[] = "SELECT 1 FROM vacant WHERE pool = ? AND slot = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return query_step(&query, e);
}

/**
 * slot_enqueue - put a slot at the end of the queue
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @slot: not in the queue
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int slot_enqueue(struct database *database, const struct pool *pool, uint32_t slot,
			struct error *e)
{
	static const char sql[] =
		"INSERT INTO vacant (pool, turn, slot) VALUES (?1,"
		" (SELECT coalesce(max(turn), 0) + 1 FROM vacant WHERE pool = ?1), ?2)";
	_cleanup_(query_end) struct query query = query_begin(database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return query_run(&query, e);
}

/**
 * slot_dequeue - take a slot out of the queue, wherever it stands, if it is there
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @slot: below its capacity
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int slot_dequeue(struct database *database, const struct pool *pool, uint32_t slot,
			struct error *e)
{
	static const char sql[] = "DELETE FROM vacant WHERE pool = ? AND slot = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return query_run(&query, e);
}

/**
 * pool_rove - go on to the next slot that nobody ever had
 * @database: borrowed, in a transaction
 * @pool: its rover moves
 * @ret_slot: the slot
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int pool_rove(struct database *database, struct pool *pool, uint32_t *ret_slot,
		     struct error *e)
{
	while (pool->rover < pool->usage.capacity) {
		uint32_t slot = pool->rover++;
		int r = slot_held(database, pool, slot, e);

		if (r == 0)
			r = slot_vacant(database, pool, slot, e);
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
 * pool_recycle - take the slot that has been free the longest
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @ret_slot: the slot, out of the queue
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int pool_recycle(struct database *database, const struct pool *pool, uint32_t *ret_slot,
			struct error *e)
{
	static const char sql[] = "SELECT slot FROM vacant WHERE pool = ? ORDER BY turn LIMIT 1";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	uint32_t slot;
	int r;

	query_bind_int(&query, pool->id);
	r = query_step(&query, e);
	if (r <= 0)
		return r;
	slot = (uint32_t)query_int(&query, 0);
	query_end(&query);
	r = slot_dequeue(database, pool, slot, e);
	if (r < 0)
		return r;
	*ret_slot = slot;
	return 1;
}

/**
 * pool_exhausted - say that a pool has nothing left
 * @pool: borrowed
 * @e: filled
 *
 * Returns -ENOSPC.
 */
static int pool_exhausted(const struct pool *pool, struct error *e)
{
	const struct ipam_usage *usage = &pool->usage;
	char text[PREFIX_TEXT];
	int r = error_set(e, ERROR_EXHAUSTED, ENOSPC,
			  "pool %s (%s) is exhausted: of %u pairs %u are leased and %u blocked by "
			  "chosen addresses",
			  usage->pool, prefix_format(&usage->prefix, text), usage->capacity,
			  usage->leased, usage->blocked);

	return error_remedy(e, r,
			    "destroy a container that is not needed any more, or choose addresses "
			    "outside the pool");
}

/**
 * pool_take - take the next slot
 * @database: borrowed, in a transaction
 * @pool: changed
 * @ret_slot: the slot
 * @e: filled on failure
 *
 * A full pool is known by its numbers, so that asking it again and again costs nothing.
 *
 * Returns 0, -ENOSPC when all are in use, or another -errno.
 */
int pool_take(struct database *database, struct pool *pool, uint32_t *ret_slot, struct error *e)
{
	uint32_t slot;
	int r;

	if (pool->usage.leased + pool->usage.blocked >= pool->usage.capacity)
		return pool_exhausted(pool, e);
	r = pool_rove(database, pool, &slot, e);
	if (r == 0)
		r = pool_recycle(database, pool, &slot, e);
	if (r == 0)
		return database_damaged(database, "a pool has lost free addresses", e);
	if (r < 0)
		return r;
	pool->usage.leased++;
	pool->changed = true;
	*ret_slot = slot;
	return 0;
}

/**
 * pool_block - keep the slots of a pair that somebody chose from being given out
 * @database: borrowed, in a transaction
 * @pool: changed
 * @pair: not yet in the book, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_block(struct database *database, struct pool *pool, const struct ipam_pair *pair,
	       struct error *e)
{
	struct slots slots = pool_slots(pool, pair);

	for (size_t i = 0; i < slots.count; i++) {
		int r = slot_held(database, pool, slots.slot[i], e);

		if (r > 0)
			continue;
		if (r == 0)
			r = slot_dequeue(database, pool, slots.slot[i], e);
		if (r < 0)
			return r;
		pool->usage.blocked++;
		pool->changed = true;
	}
	return 0;
}

/**
 * pool_return - put the slots of a pair at the end of the queue, if nobody else has a part of them
 * @database: borrowed, in a transaction
 * @pool: changed
 * @pair: not in the book any more, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_return(struct database *database, struct pool *pool, const struct ipam_pair *pair,
		struct error *e)
{
	struct slots slots = pool_slots(pool, pair);

	for (size_t i = 0; i < slots.count; i++) {
		int r = slot_held(database, pool, slots.slot[i], e);

		if (r > 0)
			continue;
		if (r == 0)
			r = slot_enqueue(database, pool, slots.slot[i], e);
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
	static const char sql[] = "SELECT " POOL_COLUMNS " FROM pool ORDER BY id";
	_cleanup_(query_end) struct query query = query_begin(&ipam->database, sql);
	_cleanup_(freep) struct ipam_usage *usage = NULL;
	struct pool pool;
	size_t count = 0;
	int r;

	while ((r = query_step(&query, e)) > 0) {
		struct ipam_usage *grown = reallocarray(usage, count + 1, sizeof(*usage));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot list the pools");
		usage = grown;
		r = pool_row(&query, &pool, e);
		if (r < 0)
			return r;
		usage[count++] = pool.usage;
	}
	if (r < 0)
		return r;
	*ret_usage = TAKE_PTR(usage);
	*ret_count = count;
	return 0;
}
