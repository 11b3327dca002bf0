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
 * range_read - read a range, or an address that is one
 * @text: "A-B" or "A"
 */
static struct ipam_range range_read(const char *text)
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
 * pool_read - a pool that is to be
 * @text: "NAME PREFIX [brN] [@GATEWAY] [RANGE...] [!EXCLUDED...]"
 */
static struct ipam_pool pool_read(const char *text)
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
 * add - add a pool
 * @fixture: its error is filled on failure
 * @text: see pool_read()
 */
static int add(struct fixture *fixture, const char *text)
{
	const struct ipam_pool pool = pool_read(text);

	return ipam_pool_add(fixture->ipam, &pool, &fixture->e);
}

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

/**
 * assert_counts - fail unless a pool is as full as this
 * @fixture: borrowed
 * @name: of the pool
 * @capacity, @leased, @blocked: of it
 */
static void assert_counts(struct fixture *fixture, const char *name, uint32_t capacity,
			  uint32_t leased, uint32_t blocked)
{
	struct ipam_pool_view view;

	if (ipam_pool_show(fixture->ipam, name, &view, &fixture->e) < 0)
		fail_msg("%s", fixture->e.text);
	assert_int_equal(view.usage.capacity, capacity);
	assert_int_equal(view.usage.leased, leased);
	assert_int_equal(view.usage.blocked, blocked);
	assert_int_equal(view.usage.free, capacity - leased - blocked - view.usage.cooling);
}

/* What is refused, and why. */
static const struct refusal {
	const char *words;
	const char *text, *remedy;
	enum error_class class;
} refusals[] = {
	{ "a 10.1.2.3/24", "10.1.2.3/24 is an address in a network", "10.1.2.0/24", 0 },
	{ "a fd00::1/64", "fd00::1/64 is an address in a network", "fd00::/64", 0 },
	{ "a 10.1.2.0/32", "10.1.2.0 is too small: there is not one pair", NULL, 0 },
	{ "a fd00::/128", "fd00:: is too small", NULL, 0 },
	{ "a 10.1.2.0/30 br0 @10.1.2.1 !10.1.2.2", "not one address", NULL, 0 },
	{ "a 10.1.2.0/29 10.1.2.1-10.1.2.1", "not one pair", NULL, 0 },
	{ "a 127.1.0.0/16", "overlaps with 127.0.0.0/8, the loopback", NULL, 0 },
	{ "a 0.0.0.0/0", "overlaps with 0.0.0.0/8", NULL, 0 },
	{ "a 169.254.9.0/24", "link-local", NULL, 0 },
	{ "a 239.0.0.0/8", "multicast", NULL, 0 },
	{ "a 255.255.255.0/24", "which nobody can have", NULL, 0 },
	{ "a ::/64", "the loopback and the unspecified address", NULL, 0 },
	{ "a fe80::/64", "link-local", NULL, 0 },
	{ "a ff02::/64", "multicast", NULL, 0 },
	{ "a 10.1.2.0/24 br0 @10.1.3.1", "gateway 10.1.3.1 does not lie in 10.1.2.0/24", NULL, 0 },
	{ "a 10.1.2.0/24 br0 @fd00::1", "gateway fd00::1 does not lie in", NULL, 0 },
	{ "a 10.1.2.0/24 br0 @10.1.2.0", "10.1.2.0 is the network address", NULL, 0 },
	{ "a 10.1.2.0/24 br0 @10.1.2.255", "is the broadcast address", NULL, 0 },
	{ "a 10.1.2.0/24 @10.1.2.1", "takes no gateway", NULL, 0 },
	{ "a 10.1.2.0/24 10.1.2.9-10.1.3.9", "range 10.1.2.9-10.1.3.9 does not lie in 10.1.2.0/24",
	  NULL, 0 },
	{ "a 10.1.2.0/24 !10.1.3.9", "does not lie in", NULL, 0 },
	{ "a 10.1.2.0/24 10.1.2.9-10.1.2.8", "range 10.1.2.9-10.1.2.8 ends before it begins", NULL,
	  0 },
	{ "a 10.1.2.0/24 10.1.2.1-10.1.2.9 10.1.2.9-10.1.2.10",
	  "ranges 10.1.2.1-10.1.2.9 and 10.1.2.9-10.1.2.10 overlap", NULL, 0 },
	{ "a fd00::/64 fd00::1:0:0-fd00::1:0:9", "goes beyond the first 2^32 addresses", NULL, 0 },
	{ "default 10.1.2.0/24", "there is a pool default already, 10.233.0.0/16", "another name",
	  ERROR_CONFLICT },
	{ "a 10.233.9.0/24", "10.233.9.0/24 overlaps with pool default, 10.233.0.0/16",
	  "another network", ERROR_CONFLICT },
	{ "a 10.0.0.0/8", "10.0.0.0/8 overlaps with pool default", NULL, ERROR_CONFLICT },
	{ "a 192.0.2.0/24 br0 @192.0.2.1", "gateway 192.0.2.1 is an address of holder",
	  "destroy holder", ERROR_CONFLICT },
};

/* Each pool that cannot be names what is wrong and leaves nothing behind. */
static void test_refusals(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_pool pool = pool_read("a 10.1.2.0/24");

	assert_int_equal(fixture_explicit(fixture, "holder", NULL, "192.0.2.1/24"), 1);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];

		assert_true(add(fixture, refusal->words) < 0);
		assert_error(fixture, refusal->class ? refusal->class : ERROR_USAGE, refusal->text,
			     refusal->remedy);
		assert_int_equal(fixture_sql_int(fixture, "SELECT count(*) FROM pool"), 1);
	}
	pool.kind = IPAM_SUBNET;
	assert_int_equal(ipam_pool_add(fixture->ipam, &pool, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "needs its name", NULL);
	pool.kind = IPAM_PAIRS;
	(void)snprintf(pool.bridge, sizeof(pool.bridge), "br0");
	assert_int_equal(ipam_pool_add(fixture->ipam, &pool, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "takes no bridge", NULL);
	pool.name[0] = '\0';
	assert_int_equal(ipam_pool_add(fixture->ipam, &pool, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "needs a name", NULL);
	assert_int_equal(ipam_pool_remove(fixture->ipam, "defualt", &fixture->e), -ENOENT);
	assert_error(fixture, ERROR_NO_CONTAINER, "no pool 'defualt'; did you mean 'default'?",
		     NULL);
	assert_int_equal(ipam_pool_drain(fixture->ipam, "other", &fixture->e), -ENOENT);
	assert_error(fixture, ERROR_NO_CONTAINER, "no pool 'other'", "ipam pool list");
}

/* More ranges than there is room for. */
static void test_too_many_ranges(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_pool pool = pool_read("a 10.1.2.0/24 br0");
	char text[ADDR_TEXT];

	for (size_t i = 0; i < IPAM_RANGES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "10.1.2.%zu", 10 * i + 10);
		pool.excluded[pool.n_excluded++] = range_read(text);
	}
	assert_int_equal(ipam_pool_add(fixture->ipam, &pool, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "more than 16 ranges", "fewer and wider");
	pool.n_excluded--;
	assert_int_equal(ipam_pool_add(fixture->ipam, &pool, &fixture->e), 1);
	assert_counts(fixture, "a", 254 - 15, 0, 0);
}

/* How many there are in pools of all sizes, and which are the first and the last. */
static void test_arithmetic(void **state)
{
	static const struct {
		const char *words;
		uint32_t capacity;
		const char *first, *second;
	} cases[] = {
		{ "a 10.1.2.0/31", 1, "10.1.2.1", "" },
		{ "a 10.1.2.0/30", 1, "10.1.2.2", "" },
		{ "a 10.1.2.0/29", 3, "10.1.2.2", "10.1.2.4" },
		{ "a 10.1.0.0/16", 32767, "10.1.0.2", "10.1.0.4" },
		{ "a 10.1.2.0/31 br0", 2, "10.1.2.0/31", "10.1.2.1/31" },
		{ "a 10.1.2.0/30 br0", 2, "10.1.2.1/30", "10.1.2.2/30" },
		{ "a 10.1.2.0/24 br0 @10.1.2.1", 253, "10.1.2.2/24", "10.1.2.3/24" },
		{ "a 10.1.2.0/24 10.1.2.8-10.1.2.10 10.1.2.1-10.1.2.2", 2, "10.1.2.9", "10.1.2.2" },
		{ "a 10.1.2.0/24 !10.1.2.1-10.1.2.3 !10.1.2.8-10.1.2.255", 1, "10.1.2.6", "" },
		{ "a fd00::/127", 1, "fd00::1", "" },
		{ "a fd00::/64", 2147483647, "fd00::2", "fd00::4" },
		{ "a fd00::/64 br0 @fd00::1", 2147483647, "fd00::2/64", "fd00::3/64" },
		{ "a fd00::/127 br0", 2, "fd00::/127", "fd00::1/127" },
		{ "a 10.233.0.0/16", 32258, "10.233.1.2", "10.233.2.2" },
	};
	struct fixture *fixture = *state;
	char text[PREFIX_TEXT];

	assert_int_equal(ipam_pool_remove(fixture->ipam, "default", &fixture->e), 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ipam_pool_view view;

		if (add(fixture, cases[i].words) != 1)
			fail_msg("%s", fixture->e.text);
		assert_int_equal(ipam_pool_show(fixture->ipam, "a", &view, &fixture->e), 0);
		assert_int_equal(view.usage.capacity, cases[i].capacity);
		assert_true(view.n_next > 0);
		assert_string_equal(prefix_format(&view.next[0].local, text), cases[i].first);
		if (cases[i].second[0])
			assert_string_equal(prefix_format(&view.next[1].local, text),
					    cases[i].second);
		else
			assert_int_equal(view.n_next, 1);
		assert_int_equal(add(fixture, cases[i].words), 0);
		assert_int_equal(ipam_pool_remove(fixture->ipam, "a", &fixture->e), 1);
	}
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), -ENOSPC);
	assert_error(fixture, ERROR_EXHAUSTED, "no pool gives out IPv4 addresses", "ipam pool add");
}

/* The second when the first is full, and none that drains. */
static void test_one_after_the_other(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 1);
	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "a", NULL), -ENOSPC);
	assert_error(fixture, ERROR_EXHAUSTED, "draining is default", "--undo");
	assert_int_equal(add(fixture, "one 10.1.2.0/30"), 1);
	assert_int_equal(add(fixture, "two 10.1.3.0/29"), 1);
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

	assert_int_equal(add(fixture, "lan 192.0.2.0/24 br0 @192.0.2.1 192.0.2.1-192.0.2.3"), 1);
	assert_int_equal(add(fixture, "lan6 fd00:2::/64 br0 @fd00:2::1"), 1);
	assert_int_equal(add(fixture, "six fd00:3::/64"), 1);
	TAKES("a", "br0", "192.0.2.2/24");
	assert_string_equal(taken(fixture, "b", "br0", AF_INET6, text), "fd00:2::3/64");
	TAKES("c", "br0", "exhausted");
	assert_error(fixture, ERROR_EXHAUSTED,
		     "pool lan (192.0.2.0/24) is exhausted: of 2 addresses", NULL);
	assert_string_equal(taken(fixture, "d", NULL, AF_INET6, text), "fd00:3::2");
	assert_counts(fixture, "lan6", 2147483647, 2, 0);
}

/* Addresses that somebody chose count in a pool from the moment it is there to that when it goes. */
static void test_chosen_before(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_explicit(fixture, "a", "10.1.2.1", "192.0.2.9"), 1);
	assert_int_equal(fixture_explicit(fixture, "b", "10.1.2.6", "10.1.2.5"), 1);
	assert_int_equal(fixture_explicit(fixture, "c", "10.1.2.2", "192.0.2.8"), 1);
	assert_int_equal(add(fixture, "one 10.1.2.0/28"), 1);
	assert_int_equal(ipam_pool_drain(fixture->ipam, "default", &fixture->e), 1);
	assert_counts(fixture, "one", 7, 0, 2);
	TAKES("d", NULL, "10.1.2.4");
	TAKES("e", NULL, "10.1.2.8");
	assert_int_equal(ipam_pool_remove(fixture->ipam, "one", &fixture->e), -EBUSY);
	assert_error(fixture, ERROR_CONFLICT, "pool one has 2 leases left: d, e",
		     "ipam pool drain one");
	assert_int_equal(ipam_release(fixture->ipam, "d", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "a", "", &fixture->e), 1);
	assert_counts(fixture, "one", 7, 1, 2);
	assert_int_equal(ipam_release(fixture->ipam, "c", "", &fixture->e), 1);
	assert_counts(fixture, "one", 7, 1, 1);
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
	assert_int_equal(add(fixture, "one 10.1.2.8/29"), 1);
	TAKES("a", NULL, "10.1.2.10");
	TAKES("b", NULL, "10.1.2.12");
	assert_int_equal(ipam_release(fixture->ipam, "a", "", &fixture->e), 1);
	assert_int_equal(resize(fixture, "one", "10.1.2.8/29"), 0);
	assert_int_equal(resize(fixture, "one", "10.1.2.0/28"), 1);
	assert_counts(fixture, "one", 7, 1, 0);
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
	assert_counts(fixture, "one", 3, 2, 0);
	TAKES("f", NULL, "10.1.2.10");
	TAKES("g", NULL, "exhausted");
	assert_int_equal(resize(fixture, "one", "10.1.3.0/24"), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "10.1.3.0/24 has nothing of pool one", "add a pool");
	assert_int_equal(resize(fixture, "one", "10.0.0.0/8"), -EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "overlaps with pool default", NULL);
	assert_int_equal(resize(fixture, "one", "10.1.2.9/28"), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "10.1.2.9/28 is an address", "10.1.2.0/28");
	assert_int_equal(resize(fixture, "two", "10.1.2.0/28"), -ENOENT);
	assert_int_equal(add(fixture, "lan 192.0.2.0/25 br0 @192.0.2.1"), 1);
	TAKES("p", "br0", "192.0.2.2/25");
	assert_int_equal(resize(fixture, "lan", "192.0.2.0/24"), 1);
	assert_counts(fixture, "lan", 253, 1, 0);
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
	assert_counts(fixture, "default", 3 * 127, 2, 0);
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
	assert_counts(fixture, "default", 3, 1, 0);
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

/* Ranges that no version of ours has written. */
static void test_damaged_ranges(void **state)
{
	static const char *const wrong[] = {
		"x",     "1",         "1-",    "2-1",   "1-5,5-6",
		"1-2;3", "256~65278", "1~255", "1-2~3", "1-4294967296"
	};
	struct fixture *fixture = *state;
	struct ipam_pool_view view;
	char sql[96];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		(void)snprintf(sql, sizeof(sql), "UPDATE pool SET ranges = '%s'", wrong[i]);
		fixture_sql(fixture, sql);
		assert_int_equal(ipam_pool_show(fixture->ipam, "default", &view, &fixture->e),
				 -EUCLEAN);
	}
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

	assert_int_equal(add(fixture, "one 10.1.2.0/29"), 1);
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
	assert_int_equal(add(fixture, "one 10.1.2.0/29"), 1);
	TAKES("a", NULL, "10.1.2.2");
	assert_string_equal(pass(fixture, text), "10.1.2.4");
	assert_string_equal(pass(fixture, text), "10.1.2.6");
	assert_string_equal(pass(fixture, text), "10.1.2.2");
	assert_counts(fixture, "one", 3, 1, 0);
	TAKES("b", NULL, "10.1.2.4");
	TAKES("c", NULL, "10.1.2.6");
	assert_string_equal(pass(fixture, text), "exhausted");
	TAKES("a", NULL, "10.1.2.2");
	assert_counts(fixture, "one", 3, 3, 0);
}

/* A pair for a cable does not serve a port of a bridge, nor the other way round. */
static void test_bridge_changes(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("a", NULL, NULL), lease;
	char text[PREFIX_TEXT];

	assert_int_equal(add(fixture, "lan 192.0.2.0/24 br0"), 1);
	TAKES("a", NULL, "10.233.1.2");
	for (int i = 0; i < 2; i++) {
		(void)snprintf(request.bridge, sizeof(request.bridge), "%s", i ? "" : "br0");
		assert_int_equal(ipam_lease(fixture->ipam, &request,
					    IPAM_AUTOMATIC_V4 | IPAM_REPLACE, &lease, &fixture->e),
				 1);
		assert_string_equal(prefix_format(&lease.v4.local, text),
				    i ? "10.233.2.2" : "192.0.2.1/24");
	}
	assert_counts(fixture, "lan", 254, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refusals),       TEST(test_too_many_ranges),
		TEST(test_arithmetic),     TEST(test_one_after_the_other),
		TEST(test_bridges),        TEST(test_chosen_before),
		TEST(test_resize),         TEST(test_resize_default),
		TEST(test_stray),          TEST(test_damaged_ranges),
		TEST(test_history),        TEST(test_passed_over),
		TEST(test_bridge_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
