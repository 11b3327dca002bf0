/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggestion.h"
#include "ipam/ranges.h"

#define POOL_SELECT                                                                   \
	"SELECT id, name, kind, network, length, bridge, gateway, ranges, draining, " \
	"capacity, leased, blocked, rover FROM pool"

/**
 * pool_numbers - take the numbers of a pool out of its row
 * @query: at a row of POOL_SELECT
 * @pool: changed
 */
static void pool_numbers(const struct query *query, struct pool *pool)
{
	struct ipam_usage *usage = &pool->usage;

	pool->id = query_int(query, 0);
	usage->prefix.length = (uint8_t)query_int(query, 4);
	usage->draining = query_int(query, 8) != 0;
	usage->capacity = (uint32_t)query_int(query, 9);
	usage->leased = (uint32_t)query_int(query, 10);
	usage->blocked = (uint32_t)query_int(query, 11);
	pool->rover = (uint32_t)query_int(query, 12);
}

/**
 * pool_row - take a pool out of a row
 * @query: at a row of POOL_SELECT
 * @ret_pool: the pool
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int pool_row(const struct query *query, struct pool *ret_pool, struct error *e)
{
	struct pool pool = { .changed = false };
	struct ipam_usage *usage = &pool.usage;
	char kind[8], ranges[POOL_RANGES_TEXT];
	int r = query_text(query, 1, usage->pool, sizeof(usage->pool), e);

	if (r == 0)
		r = query_text(query, 2, kind, sizeof(kind), e);
	if (r == 0)
		r = query_addr(query, 3, &usage->prefix.addr, e);
	if (r == 0)
		r = query_text(query, 5, usage->bridge, sizeof(usage->bridge), e);
	if (r == 0)
		r = query_addr(query, 6, &usage->gateway, e);
	if (r == 0)
		r = query_text(query, 7, ranges, sizeof(ranges), e);
	if (r < 0)
		return r;
	usage->kind = strcmp(kind, "subnet") == 0 ? IPAM_SUBNET : IPAM_PAIRS;
	pool_numbers(query, &pool);
	if (ranges_parse(ranges, &pool) < 0 || usage->capacity > pool_capacity(&pool))
		return database_damaged(query->database, "a pool has ranges that are none", e);
	*ret_pool = pool;
	return 0;
}

/**
 * pools_deinit - free what pools_read() has read
 * @pools: zero or filled
 */
void pools_deinit(struct pools *pools)
{
	free(pools->list);
	*pools = (struct pools){ 0 };
}

/**
 * pools_read - read all pools
 * @database: borrowed
 * @ret_pools: the caller ends with pools_deinit()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pools_read(struct database *database, struct pools *ret_pools, struct error *e)
{
	static const char sql[] = POOL_SELECT " ORDER BY id";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	int r;

	while ((r = query_step(&query, e)) > 0) {
		struct pool *grown = reallocarray(pools.list, pools.count + 1, sizeof(*pools.list));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot list the pools");
		pools.list = grown;
		r = pool_row(&query, &pools.list[pools.count], e);
		if (r < 0)
			return r;
		pools.count++;
	}
	if (r < 0)
		return r;
	*ret_pools = pools;
	pools.list = NULL;
	return 0;
}

/**
 * pool_store - write a pool back
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pool_store(struct database *database, const struct pool *pool, struct error *e)
{
	static const char sql[] = "UPDATE pool SET rover = ?, leased = ?, blocked = ? WHERE id = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);

	query_bind_int(&query, pool->rover);
	query_bind_int(&query, pool->usage.leased);
	query_bind_int(&query, pool->usage.blocked);
	query_bind_int(&query, pool->id);
	return query_run(&query, e);
}

/**
 * pools_store - write the pools back that have changed
 * @database: borrowed, in a transaction
 * @pools: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pools_store(struct database *database, const struct pools *pools, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < pools->count; i++)
		if (pools->list[i].changed)
			r = pool_store(database, &pools->list[i], e);
	return r;
}

/**
 * pools_named - the pool of a name
 * @pools: borrowed
 * @name: borrowed
 * @ret_pool: the pool
 * @e: says that there is none, and which one was perhaps meant
 *
 * Returns 0 or -ENOENT with class ERROR_NO_CONTAINER.
 */
int pools_named(const struct pools *pools, const char *name, struct pool **ret_pool,
		struct error *e)
{
	struct suggestion suggestion;
	int r;

	suggestion_init(&suggestion, name);
	for (size_t i = 0; i < pools->count; i++) {
		if (strcmp(pools->list[i].usage.pool, name) == 0) {
			*ret_pool = &pools->list[i];
			return 0;
		}
		(void)suggestion_try(&suggestion, pools->list[i].usage.pool);
	}
	if (suggestion.best)
		return error_set(e, ERROR_NO_CONTAINER, ENOENT,
				 "there is no pool '%s'; did you mean '%s'?", name,
				 suggestion.best);
	r = error_set(e, ERROR_NO_CONTAINER, ENOENT, "there is no pool '%s'", name);
	return error_remedy(e, r, "see 'nixctr-net ipam pool list' for those there are");
}

/**
 * pools_find - the pool whose network an address lies in
 * @pools: borrowed
 * @addr: borrowed; may be none
 *
 * Returns the pool, or NULL.
 */
struct pool *pools_find(const struct pools *pools, const struct addr *addr)
{
	for (size_t i = 0; addr_is_set(addr) && i < pools->count; i++)
		if (prefix_contains(&pools->list[i].usage.prefix, addr))
			return &pools->list[i];
	return NULL;
}

/**
 * pools_slots - the slots that the addresses of a pair belong to
 * @pools: borrowed
 * @pair: borrowed, of any family
 *
 * Returns none, one or two.
 */
struct slots pools_slots(const struct pools *pools, const struct ipam_pair *pair)
{
	const struct addr *const ends[] = { &pair->host, &pair->local.addr };
	struct slots slots = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct pool *pool = pools_find(pools, ends[i]);
		uint32_t slot;

		if (!pool || !pool_slot(pool, ends[i], &slot))
			continue;
		if (slots.count && slots.at[0].pool == pool && slots.at[0].slot == slot)
			continue;
		slots.at[slots.count].pool = pool;
		slots.at[slots.count++].slot = slot;
	}
	return slots;
}

/**
 * pools_edge - refuse an address that stands for a whole pool, or for the gateway of one
 * @pools: borrowed
 * @addr: borrowed, set
 * @e: names address and pool
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int pools_edge(const struct pools *pools, const struct addr *addr, struct error *e)
{
	const struct pool *pool = pools_find(pools, addr);
	const char *what = NULL;
	struct addr last;
	bool edged; /* networks of two addresses have none of their own */
	char text[ADDR_TEXT], network[PREFIX_TEXT];

	if (!pool)
		return 0;
	last = prefix_last(&pool->usage.prefix);
	edged = pool->usage.prefix.length + 1 < addr_bits(addr);
	if (edged && addr_equal(addr, &pool->usage.prefix.addr))
		what = "network";
	else if (edged && addr->family == AF_INET && addr_equal(addr, &last))
		what = "broadcast";
	else if (addr_equal(addr, &pool->usage.gateway))
		what = "gateway";
	if (!what)
		return 0;
	return error_set(e, ERROR_USAGE, EINVAL, "%s is the %s address of the pool %s",
			 addr_format(addr, text), what,
			 prefix_format(&pool->usage.prefix, network));
}

/**
 * pool_insert - write the row of a pool that has given nothing out
 * @database: borrowed, in a transaction
 * @pool: gets its key
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_insert(struct database *database, struct pool *pool, struct error *e)
{
	static const char sql[] = "INSERT INTO pool (name, network, length, capacity, kind, bridge,"
				  " gateway, ranges, draining) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	const struct ipam_usage *usage = &pool->usage;
	char ranges[POOL_RANGES_TEXT];
	int r;

	ranges_format(pool, ranges);
	query_bind_text(&query, usage->pool);
	query_bind_addr(&query, &usage->prefix.addr);
	query_bind_int(&query, usage->prefix.length);
	query_bind_int(&query, usage->capacity);
	query_bind_text(&query, ipam_kind_name(usage->kind));
	query_bind_text(&query, usage->bridge);
	query_bind_addr(&query, &usage->gateway);
	query_bind_text(&query, ranges);
	query_bind_int(&query, usage->draining);
	r = query_run(&query, e);
	if (r == 0)
		pool->id = sqlite3_last_insert_rowid(database->sqlite);
	return r;
}

/**
 * pool_update - write all of a pool that can change
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_update(struct database *database, const struct pool *pool, struct error *e)
{
	static const char sql[] =
		"UPDATE pool SET network = ?, length = ?, capacity = ?, ranges = ?,"
		" draining = ?, rover = ?, leased = ?, blocked = ? WHERE id = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	const struct ipam_usage *usage = &pool->usage;
	char ranges[POOL_RANGES_TEXT];

	ranges_format(pool, ranges);
	query_bind_addr(&query, &usage->prefix.addr);
	query_bind_int(&query, usage->prefix.length);
	query_bind_int(&query, usage->capacity);
	query_bind_text(&query, ranges);
	query_bind_int(&query, usage->draining);
	query_bind_int(&query, pool->rover);
	query_bind_int(&query, usage->leased);
	query_bind_int(&query, usage->blocked);
	query_bind_int(&query, pool->id);
	return query_run(&query, e);
}
