/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "ipam/book.h"
#include "ipam/pool.h"
#include "ipam/ranges.h"

/**
 * pool_put - enter a pool that has given nothing out
 * @database: borrowed, in a transaction
 * @pool: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pool_put(struct database *database, const struct pool *pool, struct error *e)
{
	static const char sql[] = "INSERT INTO pool (name, network, length, capacity, kind, bridge,"
				  " gateway, ranges, draining) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	const struct ipam_usage *usage = &pool->usage;
	char ranges[POOL_RANGES_TEXT];

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
	return query_run(&query, e);
}

/**
 * ipam_pools_copy - have the pools of another book in one without leases
 * @from: borrowed
 * @to: its pools are replaced
 * @e: filled on failure
 *
 * Returns how many there are, or -errno with those that it had.
 */
int ipam_pools_copy(struct ipam *from, struct ipam *to, struct error *e)
{
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	int r = pools_read(&from->database, &pools, e);

	if (r == 0)
		r = transaction_begin(&transaction, &to->database, e);
	if (r == 0)
		r = database_run(&to->database, "DELETE FROM pool", e);
	for (size_t i = 0; r == 0 && i < pools.count; i++)
		r = pool_put(&to->database, &pools.list[i], e);
	if (r == 0)
		r = transaction_commit(&transaction, e);
	return r < 0 ? r : (int)pools.count;
}
