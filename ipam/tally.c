/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/tally.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * members_begin - look for the leases that have addresses of a pool
 * @database: borrowed until query_end()
 * @pool: borrowed
 *
 * There is no index for that, which each lease would have to pay for.
 */
struct query members_begin(struct database *database, const struct pool *pool)
{
	static const char sql[] = "SELECT name, CASE pool4 WHEN ?1 THEN host4 ELSE host6 END,"
				  " CASE pool4 WHEN ?1 THEN local4 ELSE local6 END FROM lease"
				  " WHERE pool4 = ?1 OR pool6 = ?1 ORDER BY name";
	struct query query = query_begin(database, sql);

	query_bind_int(&query, pool->id);
	return query;
}

/**
 * member_next - the next of these leases
 * @query: of members_begin()
 * @ret_member: the lease
 * @e: filled on failure
 *
 * Returns 1, 0 when there are no more, or -errno.
 */
int member_next(struct query *query, struct member *ret_member, struct error *e)
{
	struct member member;
	int r = query_step(query, e);

	if (r <= 0)
		return r;
	r = query_text(query, 0, member.container, sizeof(member.container), e);
	if (r == 0)
		r = query_addr(query, 1, &member.host, e);
	if (r == 0)
		r = query_addr(query, 2, &member.local, e);
	if (r < 0)
		return r;
	*ret_member = member;
	return 1;
}

/**
 * members_check - make sure that all that is said to come from a pool does
 * @database: borrowed
 * @pool: borrowed
 * @e: names a lease that does not
 *
 * Addresses that somebody chose may be of no pool at all; automatic ones never are.
 *
 * Returns 0, -EUCLEAN or another -errno.
 */
int members_check(struct database *database, const struct pool *pool, struct error *e)
{
	_cleanup_(query_end) struct query query = members_begin(database, pool);
	char why[256], text[ADDR_TEXT], network[PREFIX_TEXT];
	struct member member;
	int r;

	while ((r = member_next(&query, &member, e)) > 0) {
		if (pool_has(pool, &member.host, &member.local))
			continue;
		(void)snprintf(why, sizeof(why),
			       "container %s holds %s as one of pool %s, and it is none of %s",
			       member.container, addr_format(&member.local, text), pool->usage.pool,
			       prefix_format(&pool->usage.prefix, network));
		return database_damaged(database, why, e);
	}
	return r;
}

/**
 * pool_tally - count which slots of a pool somebody has
 * @database: borrowed, in a transaction
 * @pool: leased and blocked are written
 * @e: filled on failure
 *
 * The addresses of a slot follow each other, and so do they in the key of the table.
 *
 * Returns 0 or -errno.
 */
int pool_tally(struct database *database, struct pool *pool, struct error *e)
{
	static const char sql[] =
		"SELECT a.addr, l.pool4 IS ?4 OR l.pool6 IS ?4 FROM address a"
		" JOIN lease l ON l.id = a.lease"
		" WHERE a.addr BETWEEN ?1 AND ?2 AND length(a.addr) = ?3 ORDER BY a.addr";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	const struct addr last = prefix_last(&pool->usage.prefix);
	int64_t counted = -1;
	int r;

	pool->usage.leased = pool->usage.blocked = 0;
	query_bind_addr(&query, &pool->usage.prefix.addr);
	query_bind_addr(&query, &last);
	query_bind_int(&query, (int64_t)addr_size(&last));
	query_bind_int(&query, pool->id);
	while ((r = query_step(&query, e)) > 0) {
		struct addr addr;
		uint32_t slot;
		bool automatic = query_int(&query, 1) != 0;

		r = query_addr(&query, 0, &addr, e);
		if (r < 0)
			return r;
		if (!pool_slot(pool, &addr, &slot) || slot == counted)
			continue;
		counted = slot;
		*(automatic ? &pool->usage.leased : &pool->usage.blocked) += 1;
	}
	return r;
}
