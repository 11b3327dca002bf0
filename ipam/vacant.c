/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/vacant.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define VACANT_SELECT "SELECT slot, clock, boot, since, name, reason FROM vacant"

/**
 * cooling_remaining - how long a slot has yet to cool down
 * @frame: borrowed
 * @boot: in which boot it came back, borrowed
 * @clock: when in that boot
 *
 * Returns seconds, 0 when it has cooled down.
 */
static uint32_t cooling_remaining(const struct frame *frame, const uint8_t boot[IPAM_BOOT_SIZE],
				  int64_t clock)
{
	int64_t elapsed = moment_elapsed(&frame->now, boot, clock);

	return elapsed >= frame->terms->cooldown ? 0 : (uint32_t)(frame->terms->cooldown - elapsed);
}

/**
 * vacancy_row - take the slot a query finds out of its row
 * @frame: borrowed
 * @query: bound to VACANT_SELECT
 * @ret_vacancy: the slot
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int vacancy_row(const struct frame *frame, struct query *query, struct vacancy *ret_vacancy,
		       struct error *e)
{
	struct vacancy vacancy = { 0 };
	uint8_t boot[IPAM_BOOT_SIZE];
	int r = query_step(query, e);

	if (r <= 0)
		return r;
	vacancy.slot = (uint32_t)query_int(query, 0);
	vacancy.since = query_int(query, 3);
	r = query_boot(query, 2, boot, e);
	if (r == 0)
		r = query_text(query, 4, vacancy.name, sizeof(vacancy.name), e);
	if (r == 0)
		r = query_text(query, 5, vacancy.reason, sizeof(vacancy.reason), e);
	if (r < 0)
		return r;
	if (!query_is_null(query, 1))
		vacancy.remaining = cooling_remaining(frame, boot, query_int(query, 1));
	*ret_vacancy = vacancy;
	return 1;
}

/**
 * vacant_find - look for a slot among those that wait
 * @frame: borrowed
 * @pool: borrowed
 * @slot: below its capacity
 * @ret_vacancy: the slot
 * @e: filled on failure
 *
 * Returns 1, 0 when it is not there, or -errno.
 */
int vacant_find(const struct frame *frame, const struct pool *pool, uint32_t slot,
		struct vacancy *ret_vacancy, struct error *e)
{
	static const char sql[] = VACANT_SELECT " WHERE pool = ? AND slot = ?";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return vacancy_row(frame, &query, ret_vacancy, e);
}

/**
 * vacant_head - the slot that comes next
 * @frame: borrowed
 * @pool: borrowed
 * @ret_vacancy: the slot; it may be cooling
 * @e: filled on failure
 *
 * Returns 1, 0 when none waits, or -errno.
 */
int vacant_head(const struct frame *frame, const struct pool *pool, struct vacancy *ret_vacancy,
		struct error *e)
{
	static const char sql[] = VACANT_SELECT " WHERE pool = ? ORDER BY turn LIMIT 1";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);

	query_bind_int(&query, pool->id);
	return vacancy_row(frame, &query, ret_vacancy, e);
}

/**
 * vacant_add - put a slot at the end, to cool down
 * @frame: borrowed, in a transaction
 * @pool: borrowed
 * @slot: not there yet
 * @lease: that gave it up, with the reason why; borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int vacant_add(const struct frame *frame, const struct pool *pool, uint32_t slot,
	       const struct ipam_lease *lease, struct error *e)
{
	static const char sql[] =
		"INSERT INTO vacant (pool, turn, slot, clock, boot, since, name, reason) VALUES "
		"(?1,"
		" (SELECT coalesce(max(turn), 0) + 1 FROM vacant WHERE pool = ?1),"
		" ?2, ?3, ?4, ?5, ?6, ?7)";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	query_bind_int(&query, frame->now.clock);
	query_bind_boot(&query, frame->now.boot);
	query_bind_int(&query, frame->now.wall);
	query_bind_text(&query, lease->container);
	query_bind_text(&query, lease->reason);
	return query_run(&query, e);
}

/**
 * vacant_remove - take a slot out, wherever it stands, if it is there
 * @frame: borrowed, in a transaction
 * @pool: borrowed
 * @slot: below its capacity
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int vacant_remove(const struct frame *frame, const struct pool *pool, uint32_t slot,
		  struct error *e)
{
	static const char sql[] = "DELETE FROM vacant WHERE pool = ? AND slot = ?";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return query_run(&query, e);
}

/**
 * vacant_cool - end the cool-down of a slot
 * @frame: borrowed, in a transaction
 * @pool: borrowed
 * @slot: one that waits
 * @e: filled on failure
 *
 * It becomes the first, or those behind a cooling one would not be found.
 *
 * Returns 0 or -errno.
 */
int vacant_cool(const struct frame *frame, const struct pool *pool, uint32_t slot, struct error *e)
{
	static const char sql[] = "UPDATE vacant SET clock = NULL,"
				  " turn = (SELECT min(turn) - 1 FROM vacant WHERE pool = ?1)"
				  " WHERE pool = ?1 AND slot = ?2";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return query_run(&query, e);
}

/**
 * vacant_thaw - have a slot not cool down, and come in its turn all the same
 * @frame: borrowed, in a transaction
 * @pool: borrowed
 * @slot: one that waits
 * @e: filled on failure
 *
 * Behind those that are cooling it waits for them.
 *
 * Returns 0 or -errno.
 */
int vacant_thaw(const struct frame *frame, const struct pool *pool, uint32_t slot, struct error *e)
{
	static const char sql[] = "UPDATE vacant SET clock = NULL WHERE pool = ? AND slot = ?";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);

	query_bind_int(&query, pool->id);
	query_bind_int(&query, slot);
	return query_run(&query, e);
}

/**
 * vacant_cooling - count the slots that are cooling
 * @frame: borrowed
 * @pool: borrowed
 * @ret_count: how many
 * @e: filled on failure
 *
 * The arithmetic is that of moment_elapsed().
 *
 * Returns 0 or -errno.
 */
int vacant_cooling(const struct frame *frame, const struct pool *pool, uint32_t *ret_count,
		   struct error *e)
{
	static const char sql[] =
		"SELECT count(*) FROM vacant WHERE pool = ?1 AND clock IS NOT NULL AND"
		" CASE WHEN boot IS ?2 AND clock <= ?3 THEN ?3 - clock ELSE ?3 END < ?4";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);
	int r;

	query_bind_int(&query, pool->id);
	query_bind_boot(&query, frame->now.boot);
	query_bind_int(&query, frame->now.clock);
	query_bind_int(&query, frame->terms->cooldown);
	r = query_step(&query, e);
	if (r > 0)
		*ret_count = (uint32_t)query_int(&query, 0);
	return r < 0 ? r : 0;
}

/**
 * vacant_ready - the slots that can be given out again now, in that order
 * @frame: borrowed
 * @pool: borrowed
 * @slots: filled
 * @room: for how many there is room
 * @ret_count: how many there are, as far as there is room
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int vacant_ready(const struct frame *frame, const struct pool *pool, uint32_t *slots, size_t room,
		 size_t *ret_count, struct error *e)
{
	static const char sql[] = VACANT_SELECT " WHERE pool = ? ORDER BY turn LIMIT ?";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);
	struct vacancy vacancy;
	size_t count = 0;
	int r;

	query_bind_int(&query, pool->id);
	query_bind_int(&query, (int64_t)room);
	while ((r = vacancy_row(frame, &query, &vacancy, e)) > 0 && !vacancy.remaining)
		slots[count++] = vacancy.slot;
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

/* A slot that gets another number. */
struct renumbering {
	int64_t from, to;
};

/**
 * renumberings_read - find out which vacant slots get another number, or none any more
 * @frame: borrowed, in a transaction
 * @old, @pool: the pool before and after its ranges have changed, borrowed
 * @ret_list: the caller frees it; -1 is no number
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int renumberings_read(const struct frame *frame, const struct pool *old,
			     const struct pool *pool, struct renumbering **ret_list,
			     size_t *ret_count, struct error *e)
{
	static const char sql[] = "SELECT slot FROM vacant WHERE pool = ?";
	_cleanup_(query_end) struct query query = query_begin(frame->database, sql);
	_cleanup_(freep) struct renumbering *list = NULL;
	size_t count = 0, room = 0;
	int r;

	query_bind_int(&query, old->id);
	while ((r = query_step(&query, e)) > 0) {
		struct renumbering one = { .from = query_int(&query, 0), .to = -1 };
		struct ipam_pair pair = pool_pair(old, (uint32_t)one.from);
		uint32_t slot;

		if (pool_has(pool, &pair.host, &pair.local.addr) &&
		    pool_slot(pool, &pair.local.addr, &slot))
			one.to = slot;
		if (one.to == one.from)
			continue;
		if (count == room) {
			struct renumbering *grown;

			room = room ? room * 2 : 64;
			grown = reallocarray(list, room, sizeof(*list));
			if (!grown)
				return error_errno(e, ENOMEM, "cannot change pool %s",
						   pool->usage.pool);
			list = grown;
		}
		list[count++] = one;
	}
	if (r < 0)
		return r;
	*ret_list = TAKE_PTR(list);
	*ret_count = count;
	return 0;
}

/**
 * vacant_move - give vacant slots the numbers they have now that the ranges of their pool are others
 * @frame: borrowed, in a transaction
 * @old, @pool: the pool before and after, borrowed
 * @e: filled on failure
 *
 * Each number is in use once, also on the way: so they get negative ones first.
 *
 * Returns 0 or -errno.
 */
int vacant_move(const struct frame *frame, const struct pool *old, const struct pool *pool,
		struct error *e)
{
	static const char renumber[] = "UPDATE vacant SET slot = ? WHERE pool = ? AND slot = ?";
	static const char settle[] =
		"UPDATE vacant SET slot = -1 - slot WHERE pool = ? AND slot < 0";
	_cleanup_(freep) struct renumbering *list = NULL;
	_cleanup_(query_end) struct query query = { 0 };
	size_t count = 0;
	int r = renumberings_read(frame, old, pool, &list, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++) {
		_cleanup_(query_end) struct query one = { 0 };

		if (list[i].to < 0) {
			r = vacant_remove(frame, old, (uint32_t)list[i].from, e);
			continue;
		}
		one = query_begin(frame->database, renumber);
		query_bind_int(&one, -1 - list[i].to);
		query_bind_int(&one, old->id);
		query_bind_int(&one, list[i].from);
		r = query_run(&one, e);
	}
	if (r < 0)
		return r;
	query = query_begin(frame->database, settle);
	query_bind_int(&query, old->id);
	return query_run(&query, e);
}
