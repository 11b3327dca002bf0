/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/vacant.h"

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
