/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define COOLDOWN 1000

/**
 * assert_standing - fail unless an address stands where it should
 * @fixture: borrowed
 * @text: the address
 * @state: where it should stand
 * @container: whose it is, or was
 *
 * Returns the seconds for which it is cooling.
 */
static uint32_t assert_standing(struct fixture *fixture, const char *text, enum ipam_state state,
				const char *container)
{
	struct ipam_standing standing;
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	assert_int_equal(ipam_standing(fixture->ipam, &addr, &standing, &fixture->e), 0);
	assert_string_equal(ipam_state_name(standing.state), ipam_state_name(state));
	assert_string_equal(standing.container, container);
	assert_string_equal(standing.pool, strncmp(text, "10.233.", 7) == 0 ? "default" : "");
	return standing.remaining;
}

/**
 * lease_flags - lease with flags
 * @fixture: borrowed
 * @flags: of ipam_lease()
 * @container, @host, @local: as for request_make()
 * @ret_lease: the lease
 */
static int lease_flags(struct fixture *fixture, unsigned flags, const char *container,
		       const char *host, const char *local, struct ipam_lease *ret_lease)
{
	struct ipam_lease request = request_make(container, host, local);

	return ipam_lease(fixture->ipam, &request, flags, ret_lease, &fixture->e);
}

/**
 * pool_use_up - leave one pair in the pool, and let that cool down
 * @fixture: changed
 */
static void pool_use_up(struct fixture *fixture)
{
	fixture_sql(fixture, "UPDATE pool SET capacity = 2");
	assert_int_equal(fixture_automatic(fixture, "stays", NULL), 1);
	assert_int_equal(fixture_automatic(fixture, "goes", NULL), 1);
	fixture_terms(fixture, COOLDOWN, 100);
	assert_int_equal(ipam_release(fixture->ipam, "goes", "over", &fixture->e), 1);
}

/* free -> reserved -> bound -> cooling -> free, and what is told about the address on its way. */
static void test_way(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;
	int64_t before = time(NULL);

	fixture_terms(fixture, COOLDOWN, 100);
	assert_standing(fixture, "10.233.1.2", IPAM_FREE, "");
	assert_standing(fixture, "192.0.2.1", IPAM_OUTSIDE, "");
	assert_standing(fixture, "10.233.0.1", IPAM_OUTSIDE, "");
	assert_int_equal(
		lease_flags(fixture, IPAM_AUTOMATIC_V4 | IPAM_RESERVE, "foo", NULL, NULL, &lease),
		1);
	assert_int_equal(lease.state, IPAM_RESERVED);
	assert_in_range(lease.since, before, time(NULL));
	assert_standing(fixture, "10.233.1.2", IPAM_RESERVED, "foo");
	assert_int_equal(fixture_automatic(fixture, "foo", &lease), 1);
	assert_int_equal(lease.state, IPAM_BOUND);
	assert_pair(&lease.v4, "10.233.1.1", "10.233.1.2");
	assert_true(lease.v4.automatic);
	assert_standing(fixture, "10.233.1.1", IPAM_BOUND, "foo");
	assert_int_equal(ipam_release(fixture->ipam, "foo", "over", &fixture->e), 1);
	assert_in_range(assert_standing(fixture, "10.233.1.2", IPAM_COOLING, "foo"), COOLDOWN - 60,
			COOLDOWN);
	fixture_sql(fixture, "UPDATE vacant SET clock = clock - 1000");
	assert_int_equal(assert_standing(fixture, "10.233.1.2", IPAM_FREE, "foo"), 0);
	assert_int_equal(fixture_explicit(fixture, "bar", "10.233.2.1", "192.0.2.1"), 1);
	assert_standing(fixture, "10.233.2.2", IPAM_BLOCKED, "bar");
	assert_sound(fixture);
}

/* A pair that is cooling is not given out by itself; the error says for how long. */
static void test_cooling(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) struct ipam_usage *usage = NULL;
	struct ipam_lease lease;
	size_t count;

	pool_use_up(fixture);
	assert_int_equal(fixture_automatic(fixture, "new", NULL), -ENOSPC);
	assert_error(fixture, ERROR_EXHAUSTED,
		     "all free addresses are cooling down, the first for ", "[ipam] cooldown");
	assert_int_equal(ipam_usage(fixture->ipam, &usage, &count, &fixture->e), 0);
	assert_int_equal(usage->cooling, 1);
	assert_int_equal(usage->free, 0);
	fixture_sql(fixture, "UPDATE vacant SET clock = clock - 900");
	assert_int_equal(fixture_automatic(fixture, "new", NULL), -ENOSPC);
	fixture_sql(fixture, "UPDATE vacant SET clock = clock - 100");
	assert_usage(fixture, 1, 0);
	assert_int_equal(fixture_automatic(fixture, "new", &lease), 1);
	assert_pair(&lease.v4, "10.233.2.1", "10.233.2.2");
	assert_sound(fixture);
}

/* The clock on the wall may go anywhere. */
static void test_wall_clock(void **state)
{
	struct fixture *fixture = *state;

	pool_use_up(fixture);
	fixture_sql(fixture, "UPDATE vacant SET since = 0");
	assert_int_equal(fixture_automatic(fixture, "new", NULL), -ENOSPC);
	fixture_sql(fixture, "UPDATE vacant SET since = 9999999999, clock = clock - 1000");
	assert_int_equal(fixture_automatic(fixture, "new", NULL), 1);
	assert_sound(fixture);
}

/*
 * After a boot it is only known that the pair is free for as long as the host is up: neither is it
 * given out before that, nor does a number of another boot, or none that can be, hold it for ever.
 */
static void test_other_boot(void **state)
{
	static const char *const rows[] = {
		"UPDATE vacant SET boot = x'000102030405060708090a0b0c0d0e0f', clock = 0",
		"UPDATE vacant SET boot = x'000102030405060708090a0b0c0d0e0f', clock = 9999999999",
		"UPDATE vacant SET boot = x'000102030405060708090a0b0c0d0e0f'",
		"UPDATE vacant SET boot = NULL, clock = 0",
		"UPDATE vacant SET clock = 9999999999",
	};
	struct fixture *fixture = *state;
	struct timespec up;

	pool_use_up(fixture);
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &up), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fixture_sql(fixture, rows[i]);
		fixture_terms(fixture, (uint32_t)up.tv_sec + 600, 100);
		assert_in_range(assert_standing(fixture, "10.233.2.1", IPAM_COOLING, "goes"), 500,
				600);
		assert_int_equal(fixture_automatic(fixture, "new", NULL), -ENOSPC);
		fixture_terms(fixture, (uint32_t)up.tv_sec, 100);
		assert_int_equal(fixture_automatic(fixture, "new", NULL), 1);
		assert_int_equal(ipam_release(fixture->ipam, "new", "", &fixture->e), 1);
		fixture_sql(fixture, "UPDATE vacant SET name = 'goes'");
	}
	assert_sound(fixture);
}

/* Whoever asks for a pair that is cooling gets it. */
static void test_chosen_while_cooling(void **state)
{
	struct fixture *fixture = *state;

	pool_use_up(fixture);
	assert_int_equal(fixture_explicit(fixture, "new", "10.233.2.1", "10.233.2.2"), 1);
	assert_standing(fixture, "10.233.2.2", IPAM_BOUND, "new");
	assert_sound(fixture);
}

/* The cool-down of one pair is ended by hand, whichever others are before it. */
static void test_cooled(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;
	struct addr addr;

	pool_use_up(fixture);
	assert_int_equal(ipam_release(fixture->ipam, "stays", "", &fixture->e), 1);
	assert_int_equal(addr_parse("10.233.1.2", &addr, NULL), 0);
	assert_int_equal(ipam_cool(fixture->ipam, &addr, "it is quiet", &fixture->e), 1);
	assert_int_equal(ipam_cool(fixture->ipam, &addr, "it is quiet", &fixture->e), 0);
	assert_standing(fixture, "10.233.1.1", IPAM_FREE, "stays");
	assert_standing(fixture, "10.233.2.1", IPAM_COOLING, "goes");
	assert_int_equal(fixture_automatic(fixture, "new", &lease), 1);
	assert_pair(&lease.v4, "10.233.1.1", "10.233.1.2");
	assert_int_equal(fixture_automatic(fixture, "newer", NULL), -ENOSPC);
	assert_int_equal(ipam_cool(fixture->ipam, &addr, "", &fixture->e), 0);
	assert_int_equal(addr_parse("192.0.2.1", &addr, NULL), 0);
	assert_int_equal(ipam_cool(fixture->ipam, &addr, "", &fixture->e), 0);
	assert_sound(fixture);
}

/* What nobody used need not cool down, whatever waits before it. */
static void test_undone(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	pool_use_up(fixture);
	fixture_sql(fixture, "UPDATE pool SET capacity = 3");
	assert_int_equal(fixture_automatic(fixture, "fails", NULL), 1);
	assert_int_equal(ipam_undo(fixture->ipam, "fails", "not created", &fixture->e), 1);
	assert_int_equal(ipam_undo(fixture->ipam, "fails", "not created", &fixture->e), 0);
	assert_standing(fixture, "10.233.3.1", IPAM_FREE, "fails");
	assert_standing(fixture, "10.233.2.1", IPAM_COOLING, "goes");
	assert_int_equal(fixture_automatic(fixture, "new", &lease), 1);
	assert_pair(&lease.v4, "10.233.3.1", "10.233.3.2");
	assert_sound(fixture);
}

/* A reservation is nobody else's, and whoever comes under its name gets what it has. */
static void test_reserved(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease, request = request_make("web", NULL, NULL);

	assert_int_equal(
		lease_flags(fixture, IPAM_RESERVE, "web", "10.233.7.1", "10.233.7.2", &lease), 1);
	assert_int_equal(fixture_explicit(fixture, "bar", "10.233.7.1", "192.0.2.1"), -EADDRINUSE);
	assert_error(fixture, ERROR_CONFLICT, "10.233.7.1 is reserved for web",
		     "nixctr-net ipam release web");
	assert_int_equal(lease_flags(fixture, IPAM_RESERVE, "web", NULL, "192.0.2.1", &lease),
			 -EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "10.233.7.2 is reserved for web", NULL);
	assert_int_equal(
		lease_flags(fixture, IPAM_REPLACE, "web", "192.0.2.1", "192.0.2.2", &lease),
		-EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "10.233.7.2 is reserved for web", "ipam release web");
	memcpy(request.bridge, "br0", sizeof("br0"));
	assert_int_equal(ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4 | IPAM_REPLACE,
				    &lease, &fixture->e),
			 -EEXIST);
	assert_int_equal(ipam_keep(fixture->ipam, "web", "", &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "web", &lease), 1);
	assert_pair(&lease.v4, "10.233.7.1", "10.233.7.2");
	assert_false(lease.v4.automatic);
	assert_int_equal(lease_flags(fixture, IPAM_RESERVE, "web", NULL, "192.0.2.1", &lease),
			 -EEXIST);
	assert_error(fixture, ERROR_CONFLICT, "container web holds 10.233.7.2", "destroy web");
	assert_usage(fixture, 0, 1);
	assert_sound(fixture);
}

/* What a definition says outweighs what is reserved. */
static void test_overruled(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	assert_int_equal(
		lease_flags(fixture, IPAM_AUTOMATIC_V4 | IPAM_RESERVE, "web", NULL, NULL, &lease),
		1);
	assert_int_equal(lease_flags(fixture, IPAM_REPLACE | IPAM_OVERRULE, "web", "192.0.2.1",
				     "192.0.2.2", &lease),
			 1);
	assert_pair(&lease.v4, "192.0.2.1", "192.0.2.2");
	assert_int_equal(lease.state, IPAM_BOUND);
	assert_usage(fixture, 0, 0);
	assert_sound(fixture);
}

/* Addresses and identity outlive a container, and are the next one's of its name. */
static void test_kept(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("web", "fd00::1", "fd00::2"), first, lease;

	request.mac = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
	assert_int_equal(
		ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &first, &fixture->e), 1);
	assert_int_equal(ipam_keep(fixture->ipam, "web", "kept", &fixture->e), 1);
	assert_int_equal(ipam_keep(fixture->ipam, "web", "kept", &fixture->e), 0);
	assert_int_equal(ipam_keep(fixture->ipam, "none", "kept", &fixture->e), 0);
	assert_int_equal(ipam_lookup(fixture->ipam, "web", &lease, &fixture->e), 1);
	assert_int_equal(lease.state, IPAM_RESERVED);
	assert_string_equal(lease.reason, "kept");
	request = request_make("web", NULL, NULL);
	request.mac = (struct mac){ { 2, 0, 0, 0, 0, 9 } };
	assert_int_equal(ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4 | IPAM_AUTOMATIC_V6,
				    &lease, &fixture->e),
			 1);
	assert_pair(&lease.v4, "10.233.1.1", "10.233.1.2");
	assert_pair(&lease.v6, "fd00::1", "fd00::2");
	assert_true(mac_equal(&lease.mac, &first.mac));
	assert_true(lease.v4.automatic);
	assert_usage(fixture, 1, 0);
	assert_sound(fixture);
}

static void test_described(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;
	char reason[2 * IPAM_REASON_MAX];

	memset(reason, 'x', sizeof(reason));
	reason[sizeof(reason) - 1] = '\0';
	assert_int_equal(ipam_describe(fixture->ipam, "foo", "x", &fixture->e), -ENOENT);
	assert_error(fixture, ERROR_NO_CONTAINER, "container 'foo' holds no address", NULL);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(ipam_describe(fixture->ipam, "foo", reason, &fixture->e), 1);
	assert_int_equal(ipam_describe(fixture->ipam, "foo", reason, &fixture->e), 0);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 1);
	assert_int_equal(strlen(lease.reason), IPAM_REASON_MAX - 1);
}

/* Without a pool of IPv6 nobody gets an address of it, and asking again finds all as it is. */
static void test_automatic_v6_without_pool(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	for (int i = 0; i < 2; i++)
		assert_int_equal(lease_flags(fixture, IPAM_AUTOMATIC_V4 | IPAM_AUTOMATIC_V6, "foo",
					     NULL, NULL, &lease),
				 1 - i);
	assert_false(addr_is_set(&lease.v6.local.addr));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_way),
		TEST(test_cooling),
		TEST(test_wall_clock),
		TEST(test_other_boot),
		TEST(test_chosen_while_cooling),
		TEST(test_cooled),
		TEST(test_undone),
		TEST(test_reserved),
		TEST(test_overruled),
		TEST(test_kept),
		TEST(test_described),
		TEST(test_automatic_v6_without_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
