/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <string.h>

#include "ipam/book.h"

/**
 * lease_explicit - ipam_lease() for an explicit pair, with the answer
 * @fixture: borrowed
 * @flags: as for ipam_lease()
 * @container, @host, @local: as for request_make()
 * @ret_lease: as for ipam_lease()
 */
static int lease_explicit(struct fixture *fixture, unsigned flags, const char *container,
			  const char *host, const char *local, struct ipam_lease *ret_lease)
{
	struct ipam_lease request = request_make(container, host, local);

	return ipam_lease(fixture->ipam, &request, flags, ret_lease, &fixture->e);
}

/* Asking again changes nothing and gets the same answer, also from another session. */
static void test_same_again(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease first, again;

	assert_int_equal(fixture_automatic(fixture, "foo", &first), 1);
	assert_int_equal(fixture_automatic(fixture, "foo", &again), 0);
	assert_lease_equal(&first, &again);
	fixture_reopen(fixture, IPAM_WRITE);
	assert_int_equal(fixture_automatic(fixture, "foo", &again), 0);
	assert_lease_equal(&first, &again);
	assert_int_equal(lease_explicit(fixture, 0, "foo", "10.233.1.1", "10.233.1.2", &again), 0);
	assert_int_equal(lease_explicit(fixture, 0, "bar", "fd00::1", "fd00::2", &first), 1);
	assert_int_equal(lease_explicit(fixture, 0, "bar", "fd00::1", "fd00::2", &again), 0);
	assert_lease_equal(&first, &again);
	assert_usage(fixture, 1, 0);
}

/* Another lease of the same container is refused, and named. */
static void test_other_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(lease_explicit(fixture, 0, "foo", "192.0.2.1", "192.0.2.2", &lease),
			 -EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "container foo holds 10.233.1.2 already",
		     "nixctr-net destroy foo");
	assert_int_equal(lease_explicit(fixture, 0, "bar", "192.0.2.1", "192.0.2.2", &lease), 1);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), -EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "container bar holds 192.0.2.2 already", NULL);
	assert_int_equal(lease_explicit(fixture, 0, "bar", NULL, "192.0.2.2", &lease), -EEXIST);
	assert_int_equal(lease_explicit(fixture, 0, "bar", "192.0.2.1", "192.0.2.2/24", &lease),
			 -EEXIST);
	assert_sound(fixture);
}

/* An address at either end is refused at both. */
static void test_conflicts(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(fixture_explicit(fixture, "v6", "fd00::1", "fd00::2"), 1);
	assert_int_equal(fixture_explicit(fixture, "bar", "10.233.1.2", "192.0.2.1"), -EADDRINUSE);
	assert_error(fixture, ERROR_CONFLICT, "10.233.1.2 is leased to container foo",
		     "nixctr-net destroy foo");
	assert_int_equal(fixture_explicit(fixture, "bar", "192.0.2.1", "10.233.1.2"), -EADDRINUSE);
	assert_int_equal(fixture_explicit(fixture, "bar", "10.233.1.1", "192.0.2.1"), -EADDRINUSE);
	assert_error(fixture, ERROR_CONFLICT, "10.233.1.1 is leased to container foo", NULL);
	assert_int_equal(fixture_explicit(fixture, "bar", NULL, "10.233.1.1/16"), -EADDRINUSE);
	assert_int_equal(fixture_explicit(fixture, "bar", "fd00::2", "fd00::3"), -EADDRINUSE);
	assert_error(fixture, ERROR_CONFLICT, "fd00::2 is leased to container v6", NULL);
	assert_int_equal(fixture_sql_int(fixture, "SELECT count(*) FROM lease"), 2);
	assert_usage(fixture, 1, 0);
	assert_sound(fixture);
}

#define LEASE_INSERT                                                                    \
	"INSERT INTO lease (name, state, reason, since, host4, local4, length4, pool4)" \
	" SELECT 'new', 'bound', '', 0, * FROM (VALUES "

/* The file itself forbids what the library would never do. */
static void test_database_forbids(void **state)
{
	static const char *const forbidden[] = {
		"INSERT INTO address VALUES (x'0ae90101', 2)",
		"INSERT INTO address VALUES (x'0ae901', 2)",
		"INSERT INTO lease (name, state, reason, since) VALUES ('foo', 'bound', '', 0)",
		"INSERT INTO lease (name, state, reason, since) VALUES ('bar', 'loose', '', 0)",
		LEASE_INSERT "(x'0ae90101', x'c0000201', 32, NULL))",
		LEASE_INSERT "(x'c0000201', x'0ae90101', 32, NULL))",
		LEASE_INSERT "(NULL, x'0ae90102', 24, NULL))",
		LEASE_INSERT "(x'c0000201', x'c0000201', 32, NULL))",
		LEASE_INSERT "(NULL, x'c0000201', NULL, NULL))",
		LEASE_INSERT "(NULL, x'c0000201', 33, NULL))",
		LEASE_INSERT "(x'c0000201', NULL, NULL, NULL))",
		LEASE_INSERT "(NULL, NULL, NULL, 1))",
		LEASE_INSERT "(NULL, x'c0000201', 32, 9))",
		"UPDATE lease SET local4 = x'0ae90101' WHERE name = 'v6'",
		"UPDATE lease SET host6 = local6",
		"DELETE FROM pool",
		"UPDATE pool SET leased = capacity + 1",
	};
	struct fixture *fixture = *state;
	sqlite3 *sqlite;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(fixture_explicit(fixture, "v6", "fd00::1", "fd00::2"), 1);
	assert_int_equal(sqlite3_open(fixture->path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, "PRAGMA foreign_keys = ON", NULL, NULL, NULL),
			 SQLITE_OK);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
		if (sqlite3_exec(sqlite, forbidden[i], NULL, NULL, NULL) != SQLITE_CONSTRAINT)
			fail_msg("%s: %s", forbidden[i], sqlite3_errmsg(sqlite));
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

/* A MAC is one container's identity: stored, kept, and nobody else's. */
static void test_mac(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", NULL, NULL), lease;

	request.mac = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
	assert_int_equal(
		ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e), 1);
	assert_int_equal(fixture_automatic(fixture, "foo", &lease), 0);
	assert_true(mac_equal(&lease.mac, &request.mac));
	request.mac.bytes[5] = 2;
	assert_int_equal(
		ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e),
		-EEXIST);
	request.mac.bytes[5] = 1;
	memcpy(request.container, "bar", sizeof("bar"));
	assert_int_equal(
		ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e),
		-EADDRINUSE);
	assert_error(fixture, ERROR_CONFLICT,
		     "02:00:00:00:00:01 is the MAC address of container foo",
		     "nixctr-net destroy foo");
	assert_sound(fixture);
}

/* The identity outlives the addresses, unless it is replaced too. */
static void test_mac_survives_replacement(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", "192.0.2.1", "192.0.2.2"), lease;
	const struct mac first = { { 2, 0, 0, 0, 0, 1 } }, second = { { 2, 0, 0, 0, 0, 2 } };

	request.mac = first;
	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), 1);
	assert_int_equal(
		lease_explicit(fixture, IPAM_REPLACE, "foo", "192.0.2.3", "192.0.2.4", &lease), 1);
	assert_true(mac_equal(&lease.mac, &first));
	request.mac = second;
	assert_int_equal(ipam_lease(fixture->ipam, &request, IPAM_REPLACE, &lease, &fixture->e), 1);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 1);
	assert_true(mac_equal(&lease.mac, &second));
}

/* A container whose addresses come from elsewhere may still have an identity. */
static void test_mac_alone(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", NULL, NULL), lease;

	request.mac = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), 1);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 1);
	assert_true(mac_equal(&lease.mac, &request.mac));
	assert_false(addr_is_set(&lease.v4.local.addr));
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), -EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "holds the MAC 02:00:00:00:00:01 already", NULL);
}

/* With IPAM_REPLACE the old pair is given up, what stays the same stays. */
static void test_replace(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease, request;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	request = request_make("foo", "fd00::1", "fd00::2");
	assert_int_equal(ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4 | IPAM_REPLACE,
				    &lease, &fixture->e),
			 1);
	assert_pair(&lease.v4, "10.233.1.1", "10.233.1.2");
	assert_pair(&lease.v6, "fd00::1", "fd00::2");
	assert_int_equal(
		lease_explicit(fixture, IPAM_REPLACE, "foo", "10.233.1.2", "10.233.1.1", &lease),
		1);
	assert_pair(&lease.v4, "10.233.1.2", "10.233.1.1");
	assert_false(lease.v4.automatic);
	assert_false(addr_is_set(&lease.v6.local.addr));
	assert_usage(fixture, 0, 1);
	assert_int_equal(fixture_explicit(fixture, "bar", "fd00::1", "fd00::2"), 1);
	assert_sound(fixture);
}

/* A replacement that fails leaves what was there. */
static void test_replace_undone(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease before, after;

	assert_int_equal(fixture_automatic(fixture, "foo", &before), 1);
	assert_int_equal(fixture_explicit(fixture, "bar", "192.0.2.1", "192.0.2.2"), 1);
	assert_int_equal(
		lease_explicit(fixture, IPAM_REPLACE, "foo", "192.0.2.3", "192.0.2.1", &after),
		-EADDRINUSE);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &after, &fixture->e), 1);
	assert_lease_equal(&before, &after);
	assert_usage(fixture, 1, 0);
	assert_sound(fixture);
}

/* On a bridge the gateway belongs to nobody, so that many containers can have the same. */
static void test_bridge(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	assert_int_equal(lease_explicit(fixture, 0, "a", NULL, "192.0.2.10/24", &lease), 1);
	assert_pair(&lease.v4, "none", "192.0.2.10/24");
	assert_int_equal(fixture_explicit(fixture, "b", NULL, "192.0.2.10/25"), -EADDRINUSE);
	assert_int_equal(fixture_explicit(fixture, "b", NULL, "192.0.2.11/24"), 1);
	assert_int_equal(ipam_lookup(fixture->ipam, "b", &lease, &fixture->e), 1);
	assert_pair(&lease.v4, "none", "192.0.2.11/24");
}

static void test_release(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	assert_int_equal(ipam_release(fixture->ipam, "foo", "", &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "foo", &lease), 1);
	assert_int_equal(ipam_release(fixture->ipam, "foo", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "foo", "", &fixture->e), 0);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 0);
	assert_int_equal(ipam_holder(fixture->ipam, &lease.v4.host, &lease, &fixture->e), 0);
	assert_int_equal(fixture_explicit(fixture, "bar", "10.233.1.1", "10.233.1.2"), 1);
	assert_sound(fixture);
}

/* Many at once get what each would get alone, in one transaction: all of them or none. */
static void test_many(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease requests[] = { request_make("foo", NULL, NULL),
					 request_make("bar", NULL, NULL),
					 request_make("baz", NULL, NULL) };
	struct ipam_lease leases[3], held;

	assert_int_equal(fixture_automatic(fixture, "bar", &held), 1);
	assert_int_equal(
		ipam_lease_many(fixture->ipam, requests, 3, IPAM_AUTOMATIC_V4, leases, &fixture->e),
		2);
	assert_pair(&leases[0].v4, "10.233.2.1", "10.233.2.2");
	assert_lease_equal(&leases[1], &held);
	assert_pair(&leases[2].v4, "10.233.3.1", "10.233.3.2");
	assert_int_equal(
		ipam_lease_many(fixture->ipam, requests, 3, IPAM_AUTOMATIC_V4, leases, &fixture->e),
		0);
	assert_int_equal(ipam_lookup(fixture->ipam, "baz", &held, &fixture->e), 1);
	assert_lease_equal(&leases[2], &held);
	assert_usage(fixture, 3, 0);
}

static void test_many_or_none(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease requests[] = { request_make("foo", "192.0.2.1", "192.0.2.2"),
					 request_make("bar", "192.0.2.3", "192.0.2.2") };
	struct ipam_lease leases[2];

	assert_int_equal(ipam_lease_many(fixture->ipam, requests, 2, 0, leases, &fixture->e),
			 -EADDRINUSE);
	assert_error(fixture, ERROR_CONFLICT,
		     "container 'bar': 192.0.2.2 is leased to container foo", NULL);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &leases[0], &fixture->e), 0);
	assert_usage(fixture, 0, 0);
}

/**
 * leases_seen - how many leases somebody else sees in the book now
 * @fixture: borrowed
 */
static int64_t leases_seen(const struct fixture *fixture)
{
	return fixture_sql_int(fixture, "SELECT count(*) FROM lease");
}

/* Several calls are one change, which nobody sees before its end; one that fails undoes itself only. */
static void test_parts(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	assert_int_equal(ipam_begin(fixture->ipam, &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(fixture_explicit(fixture, "bar", "192.0.2.1", "10.233.1.2"), -EADDRINUSE);
	assert_int_equal(fixture_explicit(fixture, "baz", "192.0.2.1", "192.0.2.2"), 1);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 0);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 1);
	assert_int_equal(leases_seen(fixture), 0);
	assert_int_equal(ipam_commit(fixture->ipam, &fixture->e), 0);
	assert_int_equal(leases_seen(fixture), 2);
	ipam_rollback(fixture->ipam);
	assert_int_equal(leases_seen(fixture), 2);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), 1);
	assert_int_equal(leases_seen(fixture), 3);
	assert_sound(fixture);
}

/* What is undone leaves nothing: no lease, no row of the history, and the pool goes on where it was. */
static void test_parts_undone(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(ipam_begin(fixture->ipam, &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), 1);
	assert_int_equal(ipam_release(fixture->ipam, "foo", "", &fixture->e), 1);
	ipam_rollback(fixture->ipam);
	assert_int_equal(leases_seen(fixture), 1);
	assert_int_equal(fixture_sql_int(fixture, "SELECT count(*) FROM history"), 1);
	assert_int_equal(ipam_begin(fixture->ipam, &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "gone", NULL), 1);
	fixture_reopen(fixture, IPAM_WRITE); /* as if killed, but for the locks */
	assert_int_equal(fixture_automatic(fixture, "bar", &lease), 1);
	assert_pair(&lease.v4, "10.233.2.1", "10.233.2.2");
	assert_usage(fixture, 2, 0);
	assert_sound(fixture);
}

/* When sqlite has undone everything by itself, as on a full disk, no further part lasts alone. */
static void test_parts_of_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ipam_begin(fixture->ipam, &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(database_run(&fixture->ipam->database, "ROLLBACK", &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), -ECANCELED);
	assert_error(fixture, ERROR_FAILED, "has been undone", NULL);
	assert_true(ipam_commit(fixture->ipam, &fixture->e) < 0);
	ipam_rollback(fixture->ipam);
	assert_int_equal(leases_seen(fixture), 0);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_again),
		TEST(test_other_is_refused),
		TEST(test_conflicts),
		TEST(test_database_forbids),
		TEST(test_mac),
		TEST(test_mac_survives_replacement),
		TEST(test_mac_alone),
		TEST(test_replace),
		TEST(test_replace_undone),
		TEST(test_bridge),
		TEST(test_release),
		TEST(test_many),
		TEST(test_many_or_none),
		TEST(test_parts),
		TEST(test_parts_undone),
		TEST(test_parts_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
