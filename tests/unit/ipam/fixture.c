/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SLOTS 32258

/**
 * fixture_setup - a new directory and an empty book in it, for cmocka
 * @state: gets the fixture
 *
 * In memory where there is a place for that: thousands of transactions do not have to wait for the
 * disk to show that they are right.
 */
int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)snprintf(fixture->directory, sizeof(fixture->directory), "%s/nixctr-net-ipam-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(fixture->directory));
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/state/ipam.db",
		       fixture->directory);
	fixture_reopen(fixture, IPAM_WRITE);
	*state = fixture;
	return 0;
}

/**
 * entry_remove - remove one file, for nftw(3)
 * @path: of the file
 * @status, @type, @position: unused
 */
static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *position)
{
	(void)status;
	(void)type;
	(void)position;
	return remove(path);
}

/**
 * fixture_teardown - remove the book and its directory, for cmocka
 * @state: the fixture
 */
int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	ipam_close(fixture->ipam);
	assert_int_equal(nftw(fixture->directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(fixture);
	return 0;
}

/**
 * fixture_reopen - close the session and start another
 * @fixture: changed
 * @access: of the new one
 */
void fixture_reopen(struct fixture *fixture, enum ipam_access access)
{
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	if (ipam_open(fixture->path, access, &fixture->ipam, &fixture->e) < 0)
		fail_msg("%s", fixture->e.text);
	fixture_terms(fixture, 0, IPAM_TERMS_DEFAULT.history_rows);
}

/**
 * fixture_terms - set what a host's settings would say
 * @fixture: with a session
 * @cooldown: in seconds; 0 in a new session
 * @rows: of the history
 */
void fixture_terms(struct fixture *fixture, uint32_t cooldown, uint32_t rows)
{
	const struct ipam_terms terms = { .cooldown = cooldown,
					  .history_rows = rows,
					  .actor = {
						  .uid = 1000, .command = "test", .unit = "u" } };

	ipam_set_terms(fixture->ipam, &terms);
}

/**
 * fixture_sqlite - open the file behind the library's back
 * @fixture: borrowed
 */
static sqlite3 *fixture_sqlite(const struct fixture *fixture)
{
	sqlite3 *sqlite;

	assert_int_equal(sqlite3_open(fixture->path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(sqlite, 10000), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, "PRAGMA foreign_keys = ON", NULL, NULL, NULL),
			 SQLITE_OK);
	return sqlite;
}

/**
 * fixture_sql - change the file behind the library's back
 * @fixture: borrowed
 * @sql: statements
 */
void fixture_sql(const struct fixture *fixture, const char *sql)
{
	sqlite3 *sqlite = fixture_sqlite(fixture);

	if (sqlite3_exec(sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

/**
 * sqlite_int - the first number a query gives
 * @sqlite: borrowed
 * @sql: the query
 */
static int64_t sqlite_int(sqlite3 *sqlite, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	return value;
}

/**
 * fixture_sql_int - ask the file behind the library's back
 * @fixture: borrowed
 * @sql: a query
 *
 * Returns the first column of the first row.
 */
int64_t fixture_sql_int(const struct fixture *fixture, const char *sql)
{
	sqlite3 *sqlite = fixture_sqlite(fixture);
	int64_t value = sqlite_int(sqlite, sql);

	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
	return value;
}

/**
 * request_make - a request for explicit addresses
 * @container: its name
 * @host: the host's address, or NULL
 * @local: the container's, with or without length, or NULL; its family decides where both go
 */
struct ipam_lease request_make(const char *container, const char *host, const char *local)
{
	struct ipam_lease request = { 0 };
	struct ipam_pair pair = { 0 };

	(void)snprintf(request.container, sizeof(request.container), "%s", container);
	if (host)
		assert_int_equal(addr_parse(host, &pair.host, NULL), 0);
	if (local)
		assert_int_equal(prefix_parse(local, &pair.local, NULL), 0);
	if (pair.local.addr.family == AF_INET6 || pair.host.family == AF_INET6)
		request.v6 = pair;
	else
		request.v4 = pair;
	return request;
}

/**
 * fixture_automatic - lease the next pair of the pool
 * @fixture: its error is filled on failure
 * @container: its name
 * @ret_lease: as for ipam_lease(); may be NULL
 */
int fixture_automatic(struct fixture *fixture, const char *container, struct ipam_lease *ret_lease)
{
	struct ipam_lease request = request_make(container, NULL, NULL);
	struct ipam_lease lease;
	int r = ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e);

	if (r >= 0 && ret_lease)
		*ret_lease = lease;
	return r;
}

/**
 * fixture_explicit - lease addresses somebody chose
 * @fixture: its error is filled on failure
 * @container, @host, @local: as for request_make()
 */
int fixture_explicit(struct fixture *fixture, const char *container, const char *host,
		     const char *local)
{
	struct ipam_lease request = request_make(container, host, local);
	struct ipam_lease lease;

	return ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e);
}

/**
 * assert_pair - fail unless a pair is this one
 * @pair: borrowed
 * @host, @local: as text
 */
void assert_pair(const struct ipam_pair *pair, const char *host, const char *local)
{
	char text[PREFIX_TEXT];

	assert_string_equal(addr_format(&pair->host, text), host);
	assert_string_equal(prefix_format(&pair->local, text), local);
}

/**
 * assert_lease_equal - fail unless two leases are the same in all parts
 * @a, @b: borrowed
 */
void assert_lease_equal(const struct ipam_lease *a, const struct ipam_lease *b)
{
	char host[PREFIX_TEXT], local[PREFIX_TEXT];

	assert_string_equal(a->container, b->container);
	assert_true(mac_equal(&a->mac, &b->mac));
	assert_pair(&a->v4, addr_format(&b->v4.host, host), prefix_format(&b->v4.local, local));
	assert_pair(&a->v6, addr_format(&b->v6.host, host), prefix_format(&b->v6.local, local));
	assert_int_equal(a->v4.automatic, b->v4.automatic);
	assert_int_equal(a->v6.automatic, b->v6.automatic);
	assert_int_equal(a->since, b->since);
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->reason, b->reason);
	assert_memory_equal(a->boot, b->boot, sizeof(a->boot));
}

/**
 * assert_error - fail unless the last error is this one
 * @fixture: borrowed
 * @class: its class
 * @text: a part of its text
 * @remedy: a part of its remedy, or NULL
 */
void assert_error(const struct fixture *fixture, enum error_class class, const char *text,
		  const char *remedy)
{
	const struct error *e = &fixture->e;

	assert_int_equal(e->class, class);
	if (!strstr(e->text, text) || strchr(e->text, '\n'))
		fail_msg("'%s' is not '%s'", e->text, text);
	if (remedy && !strstr(e->remedy, remedy))
		fail_msg("remedy '%s' is not '%s'", e->remedy, remedy);
}

/**
 * assert_usage - fail unless the pool is as full as this
 * @fixture: borrowed
 * @leased, @blocked: pairs
 */
void assert_usage(struct fixture *fixture, uint32_t leased, uint32_t blocked)
{
	_cleanup_(freep) struct ipam_usage *usage = NULL;
	char text[PREFIX_TEXT];
	size_t count;

	assert_int_equal(ipam_usage(fixture->ipam, &usage, &count, &fixture->e), 0);
	assert_int_equal(count, 1);
	assert_string_equal(usage->pool, "default");
	assert_string_equal(prefix_format(&usage->prefix, text), "10.233.0.0/16");
	assert_int_equal(usage->leased, leased);
	assert_int_equal(usage->blocked, blocked);
	assert_int_equal(usage->free, usage->capacity - leased - blocked);
}

/**
 * range_read - read a range, or an address that is one
 * @text: "A-B" or "A"
 */
struct ipam_range range_read(const char *text)
{
	struct ipam_range range;
	char first[ADDR_TEXT];
	const char *dash = strchr(text, '-');

	(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(text, "-"), text);
	assert_int_equal(addr_parse(first, &range.first, NULL), 0);
	assert_int_equal(addr_parse(dash ? dash + 1 : first, &range.last, NULL), 0);
	return range;
}

/**
 * pool_of_words - a pool that is to be
 * @text: "NAME PREFIX [brN] [@GATEWAY] [RANGE...] [!EXCLUDED...]"
 */
struct ipam_pool pool_of_words(const char *text)
{
	struct ipam_pool pool = { .kind = IPAM_PAIRS };
	char words[1024], *rest = words;

	(void)snprintf(words, sizeof(words), "%s", text);
	(void)snprintf(pool.name, sizeof(pool.name), "%s", strsep(&rest, " "));
	assert_int_equal(prefix_parse(strsep(&rest, " "), &pool.prefix, NULL), 0);
	for (const char *word; (word = strsep(&rest, " "));) {
		if (strncmp(word, "br", 2) == 0) {
			pool.kind = IPAM_SUBNET;
			(void)snprintf(pool.bridge, sizeof(pool.bridge), "%s", word);
		} else if (word[0] == '@') {
			assert_int_equal(addr_parse(word + 1, &pool.gateway, NULL), 0);
		} else if (word[0] == '!') {
			pool.excluded[pool.n_excluded++] = range_read(word + 1);
		} else {
			pool.ranges[pool.n_ranges++] = range_read(word);
		}
	}
	return pool;
}

/**
 * fixture_pool - add a pool
 * @fixture: its error is filled on failure
 * @text: see pool_of_words()
 */
int fixture_pool(struct fixture *fixture, const char *text)
{
	const struct ipam_pool pool = pool_of_words(text);

	return ipam_pool_add(fixture->ipam, &pool, &fixture->e);
}

/**
 * assert_pool - fail unless a pool is as full as this
 * @fixture: borrowed
 * @name: of the pool
 * @capacity, @leased, @blocked: of it
 */
void assert_pool(struct fixture *fixture, const char *name, uint32_t capacity, uint32_t leased,
		 uint32_t blocked)
{
	struct ipam_pool_view view;

	if (ipam_pool_show(fixture->ipam, name, &view, &fixture->e) < 0)
		fail_msg("%s", fixture->e.text);
	assert_int_equal(view.usage.capacity, capacity);
	assert_int_equal(view.usage.leased, leased);
	assert_int_equal(view.usage.blocked, blocked);
	assert_int_equal(view.usage.free, capacity - leased - blocked - view.usage.cooling);
}

/* What assert_sound() finds out about a slot. */
enum slot_state { SLOT_UNUSED, SLOT_BLOCKED, SLOT_LEASED, SLOT_VACANT };

/**
 * slots_mark_addresses - mark the slots of which somebody holds an address
 * @sqlite: borrowed
 * @states: of all slots, changed
 *
 * The arithmetic is written again here, so that it is checked.
 */
static void slots_mark_addresses(sqlite3 *sqlite, uint8_t *states)
{
	static const char sql[] =
		"SELECT host4, pool4 IS NOT NULL FROM lease WHERE host4 IS NOT NULL"
		" UNION ALL SELECT local4, pool4 IS NOT NULL FROM lease"
		" WHERE local4 IS NOT NULL";
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const uint8_t *b = sqlite3_column_blob(statement, 0);
		int automatic = sqlite3_column_int(statement, 1);
		int slot;

		if (b[0] != 10 || b[1] != 233 || b[2] == 0 || b[2] == 255 || b[3] == 0 ||
		    b[3] == 255)
			continue;
		slot = (b[3] - 1) / 2 * 254 + b[2] - 1;
		if (states[slot] != SLOT_UNUSED)
			assert_int_equal(states[slot], automatic ? SLOT_LEASED : SLOT_BLOCKED);
		states[slot] = automatic ? SLOT_LEASED : SLOT_BLOCKED;
	}
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

/**
 * slots_mark_vacant - mark the slots that wait in the queue
 * @sqlite: borrowed
 * @states: of all slots, changed; none of them may be in use
 */
static void slots_mark_vacant(sqlite3 *sqlite, uint8_t *states)
{
	sqlite3_stmt *statement;

	assert_int_equal(
		sqlite3_prepare_v2(sqlite, "SELECT slot FROM vacant", -1, &statement, NULL),
		SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		int slot = sqlite3_column_int(statement, 0);

		assert_in_range(slot, 0, SLOTS - 1);
		assert_int_equal(states[slot], SLOT_UNUSED);
		states[slot] = SLOT_VACANT;
	}
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

/**
 * assert_sound - fail unless the file is whole, its numbers are right and no slot is lost or in two
 *                places
 * @fixture: borrowed
 */
void assert_sound(const struct fixture *fixture)
{
	sqlite3 *sqlite = fixture_sqlite(fixture);
	_cleanup_(freep) uint8_t *states = calloc(SLOTS, 1);
	int64_t capacity = sqlite_int(sqlite, "SELECT capacity FROM pool");
	int64_t rover = sqlite_int(sqlite, "SELECT rover FROM pool");
	int64_t count[4] = { 0 };

	assert_non_null(states);
	assert_int_equal(sqlite_int(sqlite, "SELECT count(*) FROM pragma_integrity_check"
					    " WHERE integrity_check <> 'ok'"),
			 0);
	assert_int_equal(sqlite_int(sqlite, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(sqlite_int(sqlite, "SELECT count(*) FROM address"),
			 sqlite_int(sqlite,
				    "SELECT sum((host4 IS NOT NULL) + (local4 IS NOT NULL) +"
				    " (host6 IS NOT NULL) + (local6 IS NOT NULL)) FROM lease"));
	slots_mark_addresses(sqlite, states);
	slots_mark_vacant(sqlite, states);
	for (int64_t slot = 0; slot < capacity; slot++) {
		count[states[slot]]++;
		if (slot < rover && states[slot] == SLOT_UNUSED)
			fail_msg("slot %d is lost", (int)slot);
	}
	assert_int_equal(sqlite_int(sqlite, "SELECT leased FROM pool"), count[SLOT_LEASED]);
	assert_int_equal(sqlite_int(sqlite, "SELECT blocked FROM pool"), count[SLOT_BLOCKED]);
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}
