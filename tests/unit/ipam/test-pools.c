/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools that are added, resized, drained and removed.
 */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * resize - give a pool another network
 * @fixture: its error is filled on failure
 * @name: of the pool
 * @text: the network
 */
static int resize(struct fixture *fixture, const char *name, const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, NULL), 0);
	return ipam_pool_resize(fixture->ipam, name, &prefix, &fixture->e);
}

/**
 * taken - lease what comes next
 * @fixture: borrowed
 * @name: of the container
 * @bridge: or NULL
 * @family: which of its addresses is told
 * @text: filled with the address inside, or the name of the error
 */
static const char *taken(struct fixture *fixture, const char *name, const char *bridge,
			 sa_family_t family, char text[PREFIX_TEXT])
{
	struct ipam_lease request = request_make(name, NULL, NULL), lease;
	int r;

	(void)snprintf(request.bridge, sizeof(request.bridge), "%s", bridge ? bridge : "");
	r = ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4 | IPAM_AUTOMATIC_V6, &lease,
		       &fixture->e);
	if (r < 0)
		return r == -ENOSPC ? "exhausted" : fixture->e.text;
	return prefix_format(family == AF_INET ? &lease.v4.local : &lease.v6.local, text);
}

/* The next address of a cable, or of a port of a bridge, is this. */
#define TAKES(name, bridge, expected)                                                         \
	do {                                                                                  \
		char buffer[PREFIX_TEXT];                                                     \
		assert_string_equal(taken(fixture, name, bridge, AF_INET, buffer), expected); \
	} while (0)

/* The second when the first is full, and none that drains. */
static void test_one_after_the_other(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 1);
	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "a", NULL), -ENOSPC);
	assert_error(fixture, ERROR_EXHAUSTED, "draining is default", "--undo");
	assert_int_equal(fixture_pool(fixture, "one 10.1.2.0/30"), 1);
	assert_int_equal(fixture_pool(fixture, "two 10.1.3.0/29"), 1);
	TAKES("a", NULL, "10.1.2.2");
	TAKES("b", NULL, "10.1.3.2");
	TAKES("c", NULL, "10.1.3.4");
	assert_int_equal(ipam_release(fixture->ipam, "a", "", &fixture->e), 1);
	TAKES("d", NULL, "10.1.2.2");
	TAKES("e", NULL, "10.1.3.6");
	TAKES("f", NULL, "exhausted");
	assert_error(fixture, ERROR_EXHAUSTED, "all 2 pools are exhausted", NULL);
	assert_int_equal(ipam_pool_fill(fixture->ipam, "default", &fixture->e), 1);
	assert_int_equal(ipam_pool_fill(fixture->ipam, "default", &fixture->e), 0);
	TAKES("f", NULL, "10.233.1.2");
}

/* Ports of a bridge get addresses of its pool, and others none of them. */
static void test_bridges(void **state)
{
	struct fixture *fixture = *state;
	char text[PREFIX_TEXT];

	assert_int_equal(
		fixture_pool(fixture, "lan 192.0.2.0/24 br0 @192.0.2.1 192.0.2.1-192.0.2.3"), 1);
	assert_int_equal(fixture_pool(fixture, "lan6 fd00:2::/64 br0 @fd00:2::1"), 1);
	assert_int_equal(fixture_pool(fixture, "six fd00:3::/64"), 1);
	TAKES("a", "br0", "192.0.2.2/24");
	assert_string_equal(taken(fixture, "b", "br0", AF_INET6, text), "fd00:2::3/64");
	TAKES("c", "br0", "exhausted");
	assert_error(fixture, ERROR_EXHAUSTED,
		     "pool lan (192.0.2.0/24) is exhausted: of 2 addresses", NULL);
	assert_string_equal(taken(fixture, "d", NULL, AF_INET6, text), "fd00:3::2");
	assert_pool(fixture, "lan6", 2147483647, 2, 0);
}

/* Addresses that somebody chose count in a pool from the moment it is there to that when it goes. */
static void test_chosen_before(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_explicit(fixture, "a", "10.1.2.1", "192.0.2.9"), 1);
	assert_int_equal(fixture_explicit(fixture, "b", "10.1.2.6", "10.1.2.5"), 1);
	assert_int_equal(fixture_explicit(fixture, "c", "10.1.2.2", "192.0.2.8"), 1);
	assert_int_equal(fixture_pool(fixture, "one 10.1.2.0/28"), 1);
	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 1);
	assert_pool(fixture, "one", 7, 0, 2);
	TAKES("d", NULL, "10.1.2.4");
	TAKES("e", NULL, "10.1.2.8");
	assert_int_equal(ipam_pool_remove(fixture->ipam, "one", &fixture->e), -EBUSY);
	assert_error(fixture, ERROR_CONFLICT, "pool one has 2 leases left: d, e",
		     "ipam pool drain one");
	assert_int_equal(ipam_release(fixture->ipam, "d", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "a", "", &fixture->e), 1);
	assert_pool(fixture, "one", 7, 1, 2);
	assert_int_equal(ipam_release(fixture->ipam, "c", "", &fixture->e), 1);
	assert_pool(fixture, "one", 7, 1, 1);
	assert_int_equal(ipam_release(fixture->ipam, "e", "", &fixture->e), 1);
	assert_int_equal(ipam_pool_remove(fixture->ipam, "one", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "b", "", &fixture->e), 1);
	assert_int_equal(fixture_sql_int(fixture, "SELECT count(*) FROM vacant"), 0);
	assert_usage(fixture, 0, 0);
}

/* What a pool of both kinds gives out when it has grown in both directions and shrunk again. */
static void test_resize(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 1);
	assert_int_equal(fixture_pool(fixture, "one 10.1.2.8/29"), 1);
	TAKES("a", NULL, "10.1.2.10");
	TAKES("b", NULL, "10.1.2.12");
	assert_int_equal(ipam_release(fixture->ipam, "a", "", &fixture->e), 1);
	assert_int_equal(resize(fixture, "one", "10.1.2.8/29"), 0);
	assert_int_equal(resize(fixture, "one", "10.1.2.0/28"), 1);
	assert_pool(fixture, "one", 7, 1, 0);
	TAKES("c", NULL, "10.1.2.14");
	TAKES("d", NULL, "10.1.2.2");
	assert_int_equal(resize(fixture, "one", "10.1.2.0/27"), 1);
	TAKES("e", NULL, "10.1.2.4");
	assert_int_equal(resize(fixture, "one", "10.1.2.8/29"), -EBUSY);
	assert_error(fixture, ERROR_CONFLICT, "10.1.2.2 of container d is none that pool one would",
		     "drain this one");
	assert_int_equal(ipam_release(fixture->ipam, "d", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "e", "", &fixture->e), 1);
	assert_int_equal(resize(fixture, "one", "10.1.2.8/29"), 1);
	assert_pool(fixture, "one", 3, 2, 0);
	TAKES("f", NULL, "10.1.2.10");
	TAKES("g", NULL, "exhausted");
	assert_int_equal(resize(fixture, "one", "10.1.3.0/24"), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "10.1.3.0/24 has nothing of pool one", "add a pool");
	assert_int_equal(resize(fixture, "one", "10.0.0.0/8"), -EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "overlaps with pool default", NULL);
	assert_int_equal(resize(fixture, "one", "10.1.2.9/28"), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "10.1.2.9/28 is an address", "10.1.2.0/28");
	assert_int_equal(resize(fixture, "two", "10.1.2.0/28"), -ENOENT);
	assert_int_equal(fixture_pool(fixture, "lan 192.0.2.0/25 br0 @192.0.2.1"), 1);
	TAKES("p", "br0", "192.0.2.2/25");
	assert_int_equal(resize(fixture, "lan", "192.0.2.0/24"), 1);
	assert_pool(fixture, "lan", 253, 1, 0);
	TAKES("q", "br0", "192.0.2.3/24");
	assert_int_equal(resize(fixture, "lan", "192.0.2.128/25"), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "gateway 192.0.2.1 of pool lan does not lie in", NULL);
}

/* The pool every book begins with keeps its order, and grows behind it. */
static void test_resize_default(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_pool_view view;

	TAKES("a", NULL, "10.233.1.2");
	TAKES("b", NULL, "10.233.2.2");
	assert_int_equal(resize(fixture, "default", "10.233.0.0/22"), 1);
	assert_pool(fixture, "default", 3 * 127, 2, 0);
	TAKES("c", NULL, "10.233.3.2");
	TAKES("d", NULL, "10.233.1.4");
	assert_int_equal(resize(fixture, "default", "10.233.1.0/24"), -EBUSY);
	assert_int_equal(resize(fixture, "default", "10.232.0.0/15"), 1);
	assert_int_equal(ipam_pool_show(fixture->ipam, "default", &view, &fixture->e), 0);
	assert_true(view.classic);
	TAKES("e", NULL, "10.233.2.4");
	assert_int_equal(ipam_release(fixture->ipam, "a", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "b", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "c", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "e", "", &fixture->e), 1);
	assert_int_equal(resize(fixture, "default", "10.233.1.0/29"), 1);
	assert_pool(fixture, "default", 3, 1, 0);
	TAKES("f", NULL, "10.233.1.6");
	TAKES("g", NULL, "10.233.1.2");
	TAKES("h", NULL, "exhausted");
}

/* A lease that is said to come from a pool and does not is damage, and nothing is changed. */
static void test_stray(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_pool_view view;

	TAKES("a", NULL, "10.233.1.2");
	fixture_sql(fixture, "UPDATE lease SET local4 = x'c0000201' WHERE name = 'a'");
	assert_int_equal(ipam_pool_show(fixture->ipam, "default", &view, &fixture->e), -EUCLEAN);
	assert_error(fixture, ERROR_FAILED,
		     "container a holds 192.0.2.1 as one of pool default, and it is none",
		     "backup");
	assert_int_equal(resize(fixture, "default", "10.233.0.0/17"), -EUCLEAN);
}

/* What happens to pools is told, by their name. */
static void test_history(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) struct ipam_event *events = NULL;
	const struct ipam_period period = { .container = "one" };
	static const char *const told[] = { "added 10.1.2.0/29",
					    "resized 10.1.2.0/28, was 10.1.2.0/29",
					    "drained 10.1.2.0/28", "filled 10.1.2.0/28",
					    "removed 10.1.2.0/28" };
	size_t count;
	char text[256];

	assert_int_equal(fixture_pool(fixture, "one 10.1.2.0/29"), 1);
	assert_int_equal(resize(fixture, "one", "10.1.2.0/28"), 1);
	assert_int_equal(ipam_pool_drain(fixture->ipam, "one", &fixture->e), 1);
	assert_int_equal(ipam_pool_fill(fixture->ipam, "one", &fixture->e), 1);
	assert_int_equal(ipam_pool_remove(fixture->ipam, "one", &fixture->e), 1);
	assert_int_equal(ipam_history(fixture->ipam, &period, &events, &count, &fixture->e), 0);
	assert_int_equal(count, ARRAY_SIZE(told));
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), "%s %s", ipam_act_name(events[i].act),
			       events[i].reason);
		assert_string_equal(text, told[i]);
		assert_string_equal(events[i].pool, "one");
		assert_string_equal(events[i].container, "");
	}
}

/**
 * pass - have a container get another pair than it has
 * @fixture: its error is filled on failure
 * @text: filled with the address inside
 */
static const char *pass(struct fixture *fixture, char text[PREFIX_TEXT])
{
	const unsigned flags = IPAM_AUTOMATIC_V4 | IPAM_REPLACE | IPAM_PASS_V4;
	struct ipam_lease request = request_make("a", NULL, NULL), lease;
	int r = ipam_lease(fixture->ipam, &request, flags, &lease, &fixture->e);

	if (r < 0)
		return r == -ENOSPC ? "exhausted" : fixture->e.text;
	return prefix_format(&lease.v4.local, text);
}

/* What cannot be used comes after all others, and does not cool down. */
static void test_passed_over(void **state)
{
	struct fixture *fixture = *state;
	char text[PREFIX_TEXT];

	fixture_terms(fixture, 3600, 100);
	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 1);
	assert_int_equal(fixture_pool(fixture, "one 10.1.2.0/29"), 1);
	TAKES("a", NULL, "10.1.2.2");
	assert_string_equal(pass(fixture, text), "10.1.2.4");
	assert_string_equal(pass(fixture, text), "10.1.2.6");
	assert_string_equal(pass(fixture, text), "10.1.2.2");
	assert_pool(fixture, "one", 3, 1, 0);
	TAKES("b", NULL, "10.1.2.4");
	TAKES("c", NULL, "10.1.2.6");
	assert_string_equal(pass(fixture, text), "exhausted");
	TAKES("a", NULL, "10.1.2.2");
	assert_pool(fixture, "one", 3, 3, 0);
}

/* A pair for a cable does not serve a port of a bridge, nor the other way round. */
static void test_bridge_changes(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("a", NULL, NULL), lease;
	char text[PREFIX_TEXT];

	assert_int_equal(fixture_pool(fixture, "lan 192.0.2.0/24 br0"), 1);
	TAKES("a", NULL, "10.233.1.2");
	for (int i = 0; i < 2; i++) {
		(void)snprintf(request.bridge, sizeof(request.bridge), "%s", i ? "" : "br0");
		assert_int_equal(ipam_lease(fixture->ipam, &request,
					    IPAM_AUTOMATIC_V4 | IPAM_REPLACE, &lease, &fixture->e),
				 1);
		assert_string_equal(prefix_format(&lease.v4.local, text),
				    i ? "10.233.2.2" : "192.0.2.1/24");
	}
	assert_pool(fixture, "lan", 254, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_after_the_other),
		TEST(test_bridges),
		TEST(test_chosen_before),
		TEST(test_resize),
		TEST(test_resize_default),
		TEST(test_stray),
		TEST(test_history),
		TEST(test_passed_over),
		TEST(test_bridge_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
