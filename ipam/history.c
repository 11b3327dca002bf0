/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Theory of operation
 *
 * A row is appended by the transaction that does what it tells of. Rows are numbered without a gap and
 * taken away at the beginning only, some at a time, so that mostly an append touches the last page and
 * no other.
 */

#define TRIM_STEP 64   /* rows by which the history may be shorter than it might be */
#define TRIM_MOST 1024 /* rows that are taken away at once, when the limits were lowered */

#define DAY ((int64_t)24 * 60 * 60)

/* By the number of their act; they stand in the book, so none is ever changed. */
static const char *const act_names[] = {
	[IPAM_ACT_RESERVED] = "reserved", [IPAM_ACT_BOUND] = "bound",
	[IPAM_ACT_RELEASED] = "released", [IPAM_ACT_DESCRIBED] = "described",
	[IPAM_ACT_COOLED] = "cooled",     [IPAM_ACT_ADDED] = "added",
	[IPAM_ACT_RESIZED] = "resized",   [IPAM_ACT_DRAINED] = "drained",
	[IPAM_ACT_FILLED] = "filled",     [IPAM_ACT_REMOVED] = "removed",
};

/**
 * ipam_act_name - what happened, as one word
 * @act: what
 */
const char *ipam_act_name(enum ipam_act act)
{
	return act_names[act];
}

/**
 * history_trim - take away what is too much or too old
 * @frame: borrowed, in a transaction
 * @number: of the newest row
 * @e: filled on failure
 *
 * A clock that is set far ahead for a while costs TRIM_MOST rows each time, and not all of them.
 *
 * Returns 0 or -errno.
 */
static int history_trim(const struct frame *frame, int64_t number, struct error *e)
{
	static const char rows_sql[] = "DELETE FROM history WHERE id <="
				       " min(?1, (SELECT min(id) FROM history) + ?2)";
	/* What stands before an old row is older, whatever the clock said then. */
	static const char days_sql[] =
		"DELETE FROM history WHERE id <= (SELECT max(id) FROM history WHERE time < ?1"
		" AND id <= (SELECT min(id) FROM history) + ?2)";
	const struct ipam_terms *terms = frame->terms;
	const int64_t rows = terms->history_rows;
	const int64_t step = rows / 16 < TRIM_STEP ? rows / 16 + 1 : TRIM_STEP;
	_cleanup_(query_end) struct query by_rows = { 0 };
	_cleanup_(query_end) struct query by_days = { 0 };
	int r;

	if (number % step != 0)
		return 0;
	by_rows = query_begin(frame->database, rows_sql);
	query_bind_int(&by_rows, number - (rows - step + 1));
	query_bind_int(&by_rows, TRIM_MOST - 1);
	r = query_run(&by_rows, e);
	if (r < 0 || !terms->history_days)
		return r;
	by_days = query_begin(frame->database, days_sql);
	query_bind_int(&by_days, frame->now.wall - terms->history_days * DAY);
	query_bind_int(&by_days, TRIM_MOST - 1);
	return query_run(&by_days, e);
}

/**
 * history_write - write a row
 * @frame: borrowed, in a transaction
 * @act: what
 * @lease: whose addresses, and the reason why; borrowed
 * @pool: of which it is told, borrowed, or ""
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int history_write(const struct frame *frame, enum ipam_act act,
			 const struct ipam_lease *lease, const char *pool, struct error *e)
{
	static const char sql[] =
		"INSERT INTO history (time, boot, act, name, pool, host4, local4, host6, local6,"
		" uid, command, unit, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	const struct ipam_actor *actor = &frame->terms->actor;
	_cleanup_(query_end) struct query query = { 0 };
	int r;

	if (!frame->terms->history_rows)
		return 0;
	query = query_begin(frame->database, sql);
	query_bind_int(&query, frame->now.wall);
	query_bind_boot(&query, frame->now.boot);
	query_bind_text(&query, act_names[act]);
	query_bind_text(&query, lease->container);
	query_bind_text(&query, pool);
	query_bind_addr(&query, &lease->v4.host);
	query_bind_addr(&query, &lease->v4.local.addr);
	query_bind_addr(&query, &lease->v6.host);
	query_bind_addr(&query, &lease->v6.local.addr);
	query_bind_int(&query, actor->uid);
	query_bind_text(&query, actor->command);
	query_bind_text(&query, actor->unit);
	query_bind_text(&query, lease->reason);
	r = query_run(&query, e);
	if (r < 0)
		return r;
	return history_trim(frame, sqlite3_last_insert_rowid(frame->database->sqlite), e);
}

/**
 * history_append - write down what happens to a lease
 * @frame: borrowed, in a transaction
 * @act: what
 * @lease: whose addresses, and the reason why; borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int history_append(const struct frame *frame, enum ipam_act act, const struct ipam_lease *lease,
		   struct error *e)
{
	return history_write(frame, act, lease, "", e);
}

/**
 * history_append_pool - write down what happens to a pool
 * @frame: borrowed, in a transaction
 * @act: what
 * @pool: its name, borrowed
 * @what: in words, borrowed; cut to IPAM_REASON_MAX
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int history_append_pool(const struct frame *frame, enum ipam_act act, const char *pool,
			const char *what, struct error *e)
{
	struct ipam_lease nobody = { .state = IPAM_FREE };

	(void)snprintf(nobody.reason, sizeof(nobody.reason), "%s", what);
	return history_write(frame, act, &nobody, pool, e);
}

/**
 * act_parse - the act of a word
 * @text: borrowed
 * @ret_act: the act
 *
 * Returns whether there is one.
 */
static bool act_parse(const char *text, enum ipam_act *ret_act)
{
	for (size_t i = 0; i < ARRAY_SIZE(act_names); i++) {
		if (strcmp(act_names[i], text) != 0)
			continue;
		*ret_act = (enum ipam_act)i;
		return true;
	}
	return false;
}

/**
 * event_addrs - take the addresses of an event out of its row
 * @query: at the row
 * @event: changed
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int event_addrs(const struct query *query, struct ipam_event *event, struct error *e)
{
	struct addr *const addrs[] = { &event->host4, &event->local4, &event->host6,
				       &event->local6 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(addrs); i++)
		r = query_addr(query, 6 + (int)i, addrs[i], e);
	return r;
}

/**
 * event_row - take an event out of its row
 * @query: at the row
 * @ret_event: the event
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int event_row(const struct query *query, struct ipam_event *ret_event, struct error *e)
{
	struct ipam_event event = { .number = query_int(query, 0), .time = query_int(query, 1) };
	struct ipam_actor *actor = &event.actor;
	char act[16];
	int r = query_boot(query, 2, event.boot, e);

	if (r == 0)
		r = query_text(query, 3, act, sizeof(act), e);
	if (r == 0 && !act_parse(act, &event.act))
		return database_damaged(query->database, "its history has an unknown act", e);
	if (r == 0)
		r = query_text(query, 4, event.container, sizeof(event.container), e);
	if (r == 0)
		r = query_text(query, 5, event.pool, sizeof(event.pool), e);
	if (r == 0)
		r = event_addrs(query, &event, e);
	actor->uid = (uint32_t)query_int(query, 10);
	if (r == 0)
		r = query_text(query, 11, actor->command, sizeof(actor->command), e);
	if (r == 0)
		r = query_text(query, 12, actor->unit, sizeof(actor->unit), e);
	if (r == 0)
		r = query_text(query, 13, event.reason, sizeof(event.reason), e);
	if (r == 0)
		*ret_event = event;
	return r;
}

/* Events as they are collected. */
struct collection {
	struct ipam_event *events; /* owned */
	size_t count, room;
};

/**
 * collection_deinit - free what was collected
 * @collection: zero or filled
 */
static void collection_deinit(struct collection *collection)
{
	free(collection->events);
	*collection = (struct collection){ 0 };
}

/**
 * collection_append - add the event of a row at the end
 * @collection: changed
 * @query: at the row
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int collection_append(struct collection *collection, const struct query *query,
			     struct error *e)
{
	if (collection->count == collection->room) {
		size_t room = collection->room ? collection->room * 2 : 64;
		struct ipam_event *grown =
			reallocarray(collection->events, room, sizeof(*collection->events));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot list the history");
		collection->events = grown;
		collection->room = room;
	}
	return event_row(query, &collection->events[collection->count++], e);
}

/**
 * ipam_history - what happened to addresses and containers, oldest first
 * @ipam: borrowed
 * @period: which part of it, borrowed
 * @ret_events: freed by the caller; NULL when there is none
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int ipam_history(struct ipam *ipam, const struct ipam_period *period,
		 struct ipam_event **ret_events, size_t *ret_count, struct error *e)
{
	static const char sql[] =
		"SELECT id, time, boot, act, name, pool, host4, local4, host6, local6,"
		" uid, command, unit, reason FROM history WHERE time >= ?1"
		" AND (?2 IS NULL OR name = ?2 OR pool = ?2) AND (?3 IS NULL OR ?3 = host4 OR ?3 = "
		"local4"
		" OR ?3 = host6 OR ?3 = local6) ORDER BY id";
	_cleanup_(query_end) struct query query = query_begin(&ipam->database, sql);
	_cleanup_(collection_deinit) struct collection collection = { 0 };
	int r;

	query_bind_int(&query, period->since);
	if (period->container)
		query_bind_text(&query, period->container);
	else
		query_bind_null(&query);
	query_bind_addr(&query, &period->addr);
	while ((r = query_step(&query, e)) > 0) {
		r = collection_append(&collection, &query, e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_events = TAKE_PTR(collection.events);
	*ret_count = collection.count;
	return 0;
}
