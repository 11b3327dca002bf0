/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pools there can be, and what they have to give.
 */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"

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
	{ "a 10.1.2.0/30 br0 @10.1.2.1 !10.1.2.2", "the ranges leave not one address",
	  "exclude less", 0 },
	{ "a 10.1.2.0/29 10.1.2.1-10.1.2.1",
	  "the ranges leave not one pair of addresses of 10.1.2.0/29", "wider ranges", 0 },
	{ "a 10.1.2.0/24 10.1.2.0-10.1.2.0", "the ranges leave not one pair", "wider ranges", 0 },
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
	struct ipam_pool pool = pool_of_words("a 10.1.2.0/24");

	assert_int_equal(fixture_explicit(fixture, "holder", NULL, "192.0.2.1/24"), 1);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];

		assert_true(fixture_pool(fixture, refusal->words) < 0);
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
	struct ipam_pool pool = pool_of_words("a 10.1.2.0/24 br0");
	char text[ADDR_TEXT];

	for (size_t i = 0; i < IPAM_RANGES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "10.1.2.%zu", 10 * i + 10);
		pool.excluded[pool.n_excluded++] = range_read(text);
	}
	assert_int_equal(ipam_pool_add(fixture->ipam, &pool, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "more than 16 ranges", "fewer and wider");
	pool.n_excluded--;
	assert_int_equal(ipam_pool_add(fixture->ipam, &pool, &fixture->e), 1);
	assert_pool(fixture, "a", 254 - 15, 0, 0);
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

		if (fixture_pool(fixture, cases[i].words) != 1)
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
		assert_int_equal(fixture_pool(fixture, cases[i].words), 0);
		assert_int_equal(ipam_pool_remove(fixture->ipam, "a", &fixture->e), 1);
	}
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), -ENOSPC);
	assert_error(fixture, ERROR_EXHAUSTED, "no pool gives out IPv4 addresses", "ipam pool add");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refusals),
		TEST(test_too_many_ranges),
		TEST(test_arithmetic),
		TEST(test_damaged_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
