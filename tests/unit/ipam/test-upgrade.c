/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Books of earlier versions, as their programs made them. */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Version 1, with a lease of each kind, a pair that came back, and one that somebody chose. */
static const char version1[] =
	"CREATE TABLE pool ("
	"	id INTEGER PRIMARY KEY,"
	"	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),"
	"	network BLOB NOT NULL CHECK (length(network) IN (4, 16)),"
	"	length INTEGER NOT NULL CHECK (length BETWEEN 0 AND 8 * length(network)),"
	"	capacity INTEGER NOT NULL,"
	"	rover INTEGER NOT NULL DEFAULT 0,"
	"	leased INTEGER NOT NULL DEFAULT 0,"
	"	blocked INTEGER NOT NULL DEFAULT 0,"
	"	CHECK (rover BETWEEN 0 AND capacity),"
	"	CHECK (leased >= 0 AND blocked >= 0 AND leased + blocked <= capacity)"
	") STRICT;"
	"CREATE TABLE container ("
	"	id INTEGER PRIMARY KEY,"
	"	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),"
	"	mac BLOB UNIQUE CHECK (length(mac) = 6),"
	"	since INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE lease ("
	"	container INTEGER NOT NULL REFERENCES container,"
	"	family INTEGER NOT NULL CHECK (family IN (4, 6)),"
	"	pool INTEGER REFERENCES pool,"
	"	slot INTEGER,"
	"	PRIMARY KEY (container, family),"
	"	UNIQUE (pool, slot),"
	"	CHECK ((pool IS NULL) = (slot IS NULL))"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE address ("
	"	addr BLOB NOT NULL PRIMARY KEY,"
	"	container INTEGER NOT NULL,"
	"	family INTEGER NOT NULL,"
	"	end TEXT NOT NULL CHECK (end IN ('host', 'local')),"
	"	length INTEGER NOT NULL CHECK (length BETWEEN 0 AND 8 * length(addr)),"
	"	UNIQUE (container, family, end),"
	"	FOREIGN KEY (container, family) REFERENCES lease,"
	"	CHECK (length(addr) = CASE family WHEN 4 THEN 4 ELSE 16 END)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE vacant ("
	"	pool INTEGER NOT NULL REFERENCES pool,"
	"	turn INTEGER NOT NULL,"
	"	slot INTEGER NOT NULL,"
	"	PRIMARY KEY (pool, turn),"
	"	UNIQUE (pool, slot)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO pool (name, network, length, capacity)"
	"	VALUES ('default', x'0ae90000', 16, 254 * 127);"

	"UPDATE pool SET rover = 3, leased = 2, blocked = 1;"
	"INSERT INTO container VALUES (7, 'web', x'020000000001', 1700000000),"
	"	(8, 'dual', NULL, 1700000001), (9, 'port', x'020000000002', 1700000002),"
	"	(10, 'bare', x'020000000003', 1700000003);"
	"INSERT INTO lease VALUES (7, 4, 1, 0), (8, 4, 1, 2), (8, 6, NULL, NULL), (9, 4, NULL, "
	"NULL);"
	"INSERT INTO address VALUES (x'0ae90101', 7, 4, 'host', 32), (x'0ae90102', 7, 4, 'local', "
	"32),"
	"	(x'0ae90301', 8, 4, 'host', 32), (x'0ae90302', 8, 4, 'local', 32),"
	"	(x'fd000000000000000000000000000001', 8, 6, 'host', 128),"
	"	(x'fd000000000000000000000000000002', 8, 6, 'local', 128),"
	"	(x'0ae90909', 9, 4, 'local', 16);"
	"INSERT INTO vacant VALUES (1, 5, 1);"
	"PRAGMA application_id = 0x6e786970; PRAGMA user_version = 1;";

/**
 * book_replace - put an older book in the place of the fixture's
 * @fixture: changed; without a session
 * @sql: makes it
 */
static void book_replace(struct fixture *fixture, const char *sql)
{
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(truncate(fixture->path, 0), 0);
	fixture_sql(fixture, sql);
}

/* All that was held is held, by whom and since when it was. */
static void leases_check(struct fixture *fixture)
{
	static const char *const names[] = { "bare", "dual", "port", "web" };
	_cleanup_(freep) struct ipam_lease *leases = NULL;
	size_t count;

	assert_int_equal(ipam_list(fixture->ipam, &leases, &count, &fixture->e), 0);
	assert_int_equal(count, ARRAY_SIZE(names));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(leases[i].container, names[i]);
		assert_int_equal(leases[i].state, IPAM_BOUND);
	}
	assert_false(addr_is_set(&leases[0].v4.local.addr));
	assert_int_equal(leases[0].mac.bytes[5], 3);
	assert_pair(&leases[1].v4, "10.233.3.1", "10.233.3.2");
	assert_pair(&leases[1].v6, "fd00::1", "fd00::2");
	assert_true(leases[1].v4.automatic);
	assert_false(leases[1].v6.automatic);
	assert_pair(&leases[2].v4, "none", "10.233.9.9/16");
	assert_false(leases[2].v4.automatic);
	assert_pair(&leases[3].v4, "10.233.1.1", "10.233.1.2");
	assert_int_equal(leases[3].since, 1700000000);
	assert_usage(fixture, 2, 1);
}

/* The first writer upgrades; what was free stays free, and waits for its turn. */
static void test_version1(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	book_replace(fixture, version1);
	fixture_reopen(fixture, IPAM_WRITE);
	assert_int_equal(fixture_sql_int(fixture, "PRAGMA user_version"), 3);
	leases_check(fixture);
	assert_sound(fixture);
	assert_int_equal(fixture_automatic(fixture, "new", &lease), 1);
	assert_pair(&lease.v4, "10.233.4.1", "10.233.4.2");
	fixture_terms(fixture, UINT32_MAX, 10);
	fixture_sql(fixture, "UPDATE pool SET capacity = 4, blocked = 0");
	assert_int_equal(fixture_automatic(fixture, "more", &lease), 1);
	assert_pair(&lease.v4, "10.233.2.1", "10.233.2.2");
	assert_int_equal(fixture_explicit(fixture, "x", NULL, "fd00::2"), -EADDRINUSE);
	assert_int_equal(ipam_release(fixture->ipam, "dual", "", &fixture->e), 1);
	assert_int_equal(fixture_explicit(fixture, "x", NULL, "fd00::2"), 1);
	assert_sound(fixture);
}

/* A reader answers all the same, and leaves the file as it is. */
static void test_version1_read(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_event *events = NULL;
	const struct ipam_period all = { 0 };
	size_t count;

	book_replace(fixture, version1);
	fixture_reopen(fixture, IPAM_READ);
	leases_check(fixture);
	assert_int_equal(ipam_history(fixture->ipam, &all, &events, &count, &fixture->e), 0);
	assert_int_equal(count, 0);
	assert_int_equal(fixture_automatic(fixture, "new", NULL), -EROFS);
	assert_int_equal(fixture_sql_int(fixture, "PRAGMA user_version"), 1);
}

/* What does not fit the new tables changes nothing. */
static void test_upgrade_undone(void **state)
{
	struct fixture *fixture = *state;
	struct ipam *ipam = NULL;

	book_replace(fixture, version1);
	fixture_sql(fixture, "PRAGMA ignore_check_constraints = ON;"
			     "UPDATE address SET length = 99 WHERE addr = x'0ae90909'");
	assert_int_equal(ipam_open(fixture->path, IPAM_WRITE, &ipam, &fixture->e), -EUCLEAN);
	assert_error(fixture, ERROR_FAILED, "is damaged", "restore");
	assert_int_equal(fixture_sql_int(fixture, "PRAGMA user_version"), 1);
	assert_int_equal(fixture_sql_int(fixture, "SELECT count(*) FROM container"), 4);
	assert_int_equal(ipam_open(fixture->path, IPAM_READ, &ipam, &fixture->e), -EUCLEAN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_version1),
		TEST(test_version1_read),
		TEST(test_upgrade_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
