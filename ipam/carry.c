/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/change.h"
#include "ipam/history.h"
#include "ipam/vacant.h"

/*
 * What a copy of the book cannot know: what came after it. Of that, leases are the business of whoever
 * goes back to the copy; pools, what is cooling and the history are taken over here.
 */

/**
 * history_after - find out which rows of a history a copy does not have
 * @from: the book, borrowed
 * @to: the copy, borrowed
 * @ret_id, @ret_time: rows behind that number, and not before that time
 * @e: filled on failure
 *
 * Numbers tell when both have the same row under the last number of the copy. Otherwise the book was
 * made anew since, and its rows are those that are younger.
 *
 * Returns 0 or -errno.
 */
static int history_after(struct ipam *from, struct ipam *to, int64_t *ret_id, int64_t *ret_time,
			 struct error *e)
{
	static const char last_sql[] =
		"SELECT id, time, act, name, pool FROM history ORDER BY id DESC LIMIT 1";
	static const char same_sql[] = "SELECT 1 FROM history WHERE id = ? AND time = ?"
				       " AND act = ? AND name = ? AND pool = ?";
	_cleanup_(query_end) struct query last = query_begin(&to->database, last_sql);
	_cleanup_(query_end) struct query same = { 0 };
	int r = query_step(&last, e);

	*ret_id = *ret_time = INT64_MIN;
	if (r <= 0)
		return r;
	same = query_begin(&from->database, same_sql);
	for (int column = 0; column < 5; column++)
		query_bind_column(&same, &last, column);
	r = query_step(&same, e);
	if (r < 0)
		return r;
	if (r > 0)
		*ret_id = query_int(&last, 0);
	else
		*ret_time = query_int(&last, 1);
	return 0;
}

/**
 * history_append_from - append rows of one history to another
 * @from: the book, borrowed
 * @to: changed; in a transaction
 * @id, @since: rows behind that number, and not before that time
 * @count: raised by those that were appended, also when it fails
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int history_append_from(struct ipam *from, struct ipam *to, int64_t id, int64_t since,
			       size_t *count, struct error *e)
{
	static const char select[] =
		"SELECT time, boot, act, name, pool, host4, local4, host6, local6, uid, command,"
		" unit, reason FROM history WHERE id > ? AND time >= ? ORDER BY id";
	static const char insert[] =
		"INSERT INTO history (time, boot, act, name, pool, host4, local4, host6, local6,"
		" uid, command, unit, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	_cleanup_(query_end) struct query rows = query_begin(&from->database, select);
	int r;

	query_bind_int(&rows, id);
	query_bind_int(&rows, since);
	while ((r = query_step(&rows, e)) > 0) {
		_cleanup_(query_end) struct query row = query_begin(&to->database, insert);

		for (int column = 0; column < 13; column++)
			query_bind_column(&row, &rows, column);
		r = query_run(&row, e);
		if (r < 0)
			return r;
		(*count)++;
	}
	return r;
}

/**
 * carry_history - append what happened since a copy was made
 * @from: the book, borrowed
 * @to: the copy, changed; in a transaction
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int carry_history(struct ipam *from, struct ipam *to, struct error *e)
{
	size_t count = 0;
	int64_t id, since;
	int r = history_after(from, to, &id, &since, e);

	return r < 0 ? r : history_append_from(from, to, id, since, &count, e);
}

/**
 * carry_pool - have a pool that was added since
 * @pool: of the book, borrowed
 * @to: the copy, changed
 * @e: filled on failure
 *
 * One that has no place there is left out, and one that is there stays as it is in the copy.
 *
 * Returns 0 or -errno.
 */
static int carry_pool(const struct pool *pool, struct ipam *to, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	struct error refused = ERROR_INIT;
	struct pool entered = *pool;
	int r = change_begin(&change, to, e);

	if (r < 0)
		return r;
	entered.rover = 0;
	r = pool_enter(&change, &entered, &refused);
	if (r == 0 || r == -EEXIST || r == -EADDRINUSE)
		return 0;
	if (r > 0)
		r = change_commit(&change, &refused);
	if (r < 0 && e)
		*e = refused;
	return r;
}

/**
 * carry_slot - have a slot that is cooling in a book do so in the copy, if it is nobody's there
 * @frame: of the copy, borrowed, in a transaction
 * @pool: of the copy, borrowed
 * @slot: of that pool
 * @row: of the book, with clock, boot, since, name and reason behind the slot; borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int carry_slot(const struct frame *frame, const struct pool *pool, uint32_t slot,
		      const struct query *row, struct error *e)
{
	static const char sql[] =
		"INSERT INTO vacant (clock, boot, since, name, reason, pool, slot, turn)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		" (SELECT coalesce(max(turn), 0) + 1 FROM vacant WHERE pool = ?6))";
	_cleanup_(query_end) struct query query = { 0 };
	int r = slot_held(frame->database, pool, slot, e);

	if (r != 0)
		return r < 0 ? r : 0;
	r = vacant_remove(frame, pool, slot, e);
	if (r < 0)
		return r;
	query = query_begin(frame->database, sql);
	for (int column = 1; column <= 5; column++)
		query_bind_column(&query, row, column);
	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return query_run(&query, e);
}

/**
 * carry_cooling - have what is cooling in a book go on with it in the copy
 * @from: the book, borrowed
 * @pool: of the book, borrowed
 * @to: the copy, changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int carry_cooling(struct ipam *from, const struct pool *pool, struct ipam *to,
			 struct error *e)
{
	static const char sql[] = "SELECT slot, clock, boot, since, name, reason FROM vacant"
				  " WHERE pool = ? AND clock IS NOT NULL ORDER BY turn";
	_cleanup_(change_end) struct change change = { 0 };
	_cleanup_(query_end) struct query row = query_begin(&from->database, sql);
	int r = change_begin(&change, to, e);

	query_bind_int(&row, pool->id);
	while (r >= 0 && (r = query_step(&row, e)) > 0) {
		struct ipam_pair pair = pool_pair(pool, (uint32_t)query_int(&row, 0));
		struct slots slots = pools_slots(&change.pools, &pair);

		r = 0;
		for (size_t i = 0; r == 0 && i < slots.count; i++)
			r = carry_slot(&change.frame, slots.at[i].pool, slots.at[i].slot, &row, e);
	}
	return r < 0 ? r : change_commit(&change, e);
}

/* Leases of a book, by the names of containers. */
struct leases {
	struct ipam_lease *list; /* owned */
	size_t count;
};

/**
 * leases_free - let go of leases
 * @leases: as ipam_list() left them, or all zero
 */
static void leases_free(struct leases *leases)
{
	free(leases->list);
}

/**
 * name_order - compare a name with that of a lease, for bsearch()
 * @key: the name
 * @lease: borrowed
 */
static int name_order(const void *key, const void *lease)
{
	return strcmp(key, ((const struct ipam_lease *)lease)->container);
}

/**
 * has_same - whether a container has the addresses of a lease in another book, too
 * @leases: of that book, borrowed
 * @lease: borrowed
 * @ret_state: in which state, when it has
 */
static bool has_same(const struct leases *leases, const struct ipam_lease *lease,
		     enum ipam_state *ret_state)
{
	const struct ipam_lease *other = NULL;

	if (leases->count)
		other = bsearch(lease->container, leases->list, leases->count,
				sizeof(*leases->list), name_order);
	if (!other || !addr_equal(&lease->v4.host, &other->v4.host) ||
	    !addr_equal(&lease->v4.local.addr, &other->v4.local.addr) ||
	    !addr_equal(&lease->v6.host, &other->v6.host) ||
	    !addr_equal(&lease->v6.local.addr, &other->v6.local.addr))
		return false;
	*ret_state = other->state;
	return true;
}

/**
 * tell - append to a history what becomes of a lease
 * @change: of the copy
 * @act: what
 * @lease: borrowed
 * @reason: why, static
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int tell(const struct change *change, enum ipam_act act, const struct ipam_lease *lease,
		const char *reason, struct error *e)
{
	struct ipam_lease told = *lease;

	(void)snprintf(told.reason, sizeof(told.reason), "%s", reason);
	return history_append(&change->frame, act, &told, e);
}

/**
 * tell_leases - append to the history of a copy what becomes of leases by going back to it
 * @from: the book, borrowed
 * @to: the copy, changed
 * @e: filled on failure
 *
 * Its last rows are those of the book, and would say else that who has lost an address has it still.
 *
 * Returns 0 or -errno.
 */
static int tell_leases(struct ipam *from, struct ipam *to, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	_cleanup_(leases_free) struct leases before = { 0 }, after = { 0 };
	enum ipam_state state;
	int r = ipam_list(from, &before.list, &before.count, e);

	if (r == 0)
		r = ipam_list(to, &after.list, &after.count, e);
	if (r == 0)
		r = change_begin(&change, to, e);
	for (size_t i = 0; r >= 0 && i < before.count; i++)
		if (!has_same(&after, &before.list[i], &state))
			r = tell(&change, IPAM_ACT_RELEASED, &before.list[i], "not in the backup",
				 e);
	for (size_t i = 0; r >= 0 && i < after.count; i++) {
		const struct ipam_lease *lease = &after.list[i];

		if (has_same(&before, lease, &state) && state == lease->state)
			continue;
		r = tell(&change, lease->state == IPAM_BOUND ? IPAM_ACT_BOUND : IPAM_ACT_RESERVED,
			 lease, "restored", e);
	}
	return r < 0 ? r : change_commit(&change, e);
}

/**
 * ipam_carry - take over into a copy of a book what happened to that since, but for leases
 * @from: the book, borrowed
 * @to: the copy, open for writing
 * @e: filled on failure
 *
 * Returns 0 or -errno: see ipam/ipam.h.
 */
int ipam_carry(struct ipam *from, struct ipam *to, struct error *e)
{
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	int r = pools_read(&from->database, &pools, e);

	if (r == 0)
		r = transaction_begin(&transaction, &to->database, e);
	if (r == 0)
		r = carry_history(from, to, e);
	if (r == 0)
		r = transaction_commit(&transaction, e);
	if (r == 0)
		r = tell_leases(from, to, e);
	for (size_t i = 0; r == 0 && i < pools.count; i++)
		r = carry_pool(&pools.list[i], to, e);
	for (size_t i = 0; r == 0 && i < pools.count; i++)
		r = carry_cooling(from, &pools.list[i], to, e);
	return r;
}

/**
 * salvage_history - append what can be read of a history
 * @from: the book, borrowed
 * @to: one without history, changed
 * @salvaged: changed
 * @e: filled on failure
 *
 * What was read before the damage is kept: the oldest.
 *
 * Returns 0 or -errno of @to.
 */
static int salvage_history(struct ipam *from, struct ipam *to, struct ipam_salvaged *salvaged,
			   struct error *e)
{
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	int r = transaction_begin(&transaction, &to->database, e);

	if (r < 0)
		return r;
	r = history_append_from(from, to, INT64_MIN, INT64_MIN, &salvaged->events, NULL);
	salvaged->history_lost = r < 0;
	return transaction_commit(&transaction, e);
}

/**
 * ipam_salvage - take over of a book that may be damaged what no definition knows
 * @from: the book, borrowed
 * @to: one with its pools and without leases and history, changed
 * @ret_salvaged: what could be had
 * @e: filled on failure
 *
 * Returns 0 or -errno: see ipam/ipam.h.
 */
int ipam_salvage(struct ipam *from, struct ipam *to, struct ipam_salvaged *ret_salvaged,
		 struct error *e)
{
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	struct ipam_salvaged salvaged = { .events = 0 };
	int r = salvage_history(from, to, &salvaged, e);

	if (r < 0)
		return r;
	salvaged.cooling_lost = pools_read(&from->database, &pools, NULL) < 0;
	for (size_t i = 0; i < pools.count; i++)
		if (carry_cooling(from, &pools.list[i], to, NULL) < 0)
			salvaged.cooling_lost = true;
	*ret_salvaged = salvaged;
	return 0;
}
