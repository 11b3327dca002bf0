/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CAPACITY 32258

/**
 * lease_number - lease the next pair to container cNUMBER
 * @fixture: borrowed
 * @number: of the container
 * @ret_lease: what it got
 */
static void lease_number(struct fixture *fixture, int number, struct ipam_lease *ret_lease)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "c%05d", number);
	assert_int_equal(fixture_automatic(fixture, name, ret_lease), 1);
}

/* Every pair of the pool, in the documented order; then a named error, and reuse. */
static void test_order_to_exhaustion(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;
	char host[16], local[16];

	for (int i = 0; i < CAPACITY; i++) {
		int network = i % 254 + 1, pair = i / 254;

		lease_number(fixture, i, &lease);
		(void)snprintf(host, sizeof(host), "10.233.%d.%d", network, 2 * pair + 1);
		(void)snprintf(local, sizeof(local), "10.233.%d.%d", network, 2 * pair + 2);
		assert_pair(&lease.v4, host, local);
		assert_true(lease.v4.automatic);
		if (i == 3)
			assert_string_equal(local, "10.233.4.2");
		if (i == 254)
			assert_pair(&lease.v4, "10.233.1.3", "10.233.1.4");
	}
	assert_pair(&lease.v4, "10.233.254.253", "10.233.254.254");
	assert_usage(fixture, CAPACITY, 0);

	assert_int_equal(fixture_automatic(fixture, "late", NULL), -ENOSPC);
	assert_error(fixture, ERROR_EXHAUSTED,
		     "pool default (10.233.0.0/16) is exhausted: of 32258 pairs 32258 are leased",
		     "destroy");
	assert_int_equal(ipam_lookup(fixture->ipam, "late", &lease, &fixture->e), 0);

	assert_int_equal(ipam_release(fixture->ipam, "c00700", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "c00007", "", &fixture->e), 1);
	assert_int_equal(fixture_automatic(fixture, "late", &lease), 1);
	assert_pair(&lease.v4, "10.233.193.5", "10.233.193.6");
	assert_int_equal(fixture_automatic(fixture, "later", &lease), 1);
	assert_pair(&lease.v4, "10.233.8.1", "10.233.8.2");
	assert_int_equal(fixture_automatic(fixture, "latest", NULL), -ENOSPC);
	assert_sound(fixture);
}

/* A pair just given up is not given out while there are others nobody ever had. */
static void test_released_pairs_wait(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	lease_number(fixture, 0, &lease);
	assert_int_equal(ipam_release(fixture->ipam, "c00000", "", &fixture->e), 1);
	lease_number(fixture, 1, &lease);
	assert_pair(&lease.v4, "10.233.2.1", "10.233.2.2");
	assert_sound(fixture);
}

/* One address of a pair, at whichever end, keeps the pair from being given out until it is back. */
static void test_chosen_addresses_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	fixture_sql(fixture, "UPDATE pool SET capacity = 5");
	assert_int_equal(fixture_explicit(fixture, "host", "10.233.1.1", "192.0.2.1"), 1);
	assert_int_equal(fixture_explicit(fixture, "local", "192.0.2.2", "10.233.2.2"), 1);
	assert_int_equal(fixture_explicit(fixture, "both", "10.233.3.2", "10.233.3.1"), 1);
	assert_usage(fixture, 0, 3);
	lease_number(fixture, 4, &lease);
	assert_pair(&lease.v4, "10.233.4.1", "10.233.4.2");
	assert_int_equal(ipam_release(fixture->ipam, "both", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "host", "", &fixture->e), 1);
	assert_usage(fixture, 1, 1);
	lease_number(fixture, 5, &lease);
	assert_pair(&lease.v4, "10.233.5.1", "10.233.5.2");
	lease_number(fixture, 3, &lease);
	assert_pair(&lease.v4, "10.233.3.1", "10.233.3.2");
	lease_number(fixture, 1, &lease);
	assert_pair(&lease.v4, "10.233.1.1", "10.233.1.2");
	assert_int_equal(fixture_automatic(fixture, "none", NULL), -ENOSPC);
	assert_error(fixture, ERROR_EXHAUSTED, "of 5 pairs 4 are leased and 1 blocked", NULL);
	assert_sound(fixture);
}

/* Two containers with one address each of the same pair block it once. */
static void test_shared_pair_is_blocked_once(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_explicit(fixture, "a", "10.233.1.1", "192.0.2.1"), 1);
	assert_int_equal(fixture_explicit(fixture, "b", "10.233.1.2", "192.0.2.2"), 1);
	assert_int_equal(fixture_explicit(fixture, "c", "10.233.2.1", "10.233.3.1"), 1);
	assert_usage(fixture, 0, 3);
	assert_int_equal(ipam_release(fixture->ipam, "a", "", &fixture->e), 1);
	assert_usage(fixture, 0, 3);
	assert_sound(fixture);
	assert_int_equal(ipam_release(fixture->ipam, "b", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "c", "", &fixture->e), 1);
	assert_usage(fixture, 0, 0);
	assert_sound(fixture);
}

/* An address of the pool that belongs to no pair blocks none. */
static void test_addresses_between_pairs(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_explicit(fixture, "a", "10.233.0.1", "10.233.0.2"), 1);
	assert_int_equal(fixture_explicit(fixture, "b", "10.233.9.0", "10.233.9.255"), 1);
	assert_int_equal(fixture_explicit(fixture, "c", "10.233.255.1", "10.233.255.254"), 1);
	assert_int_equal(fixture_explicit(fixture, "d", "fd00::1", "fd00::2"), 1);
	assert_usage(fixture, 0, 0);
	assert_sound(fixture);
}

/* Choosing an address out of the queue takes its pair out of it. */
static void test_chosen_out_of_the_queue(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	fixture_sql(fixture, "UPDATE pool SET capacity = 2");
	lease_number(fixture, 1, &lease);
	lease_number(fixture, 2, &lease);
	assert_int_equal(ipam_release(fixture->ipam, "c00001", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "c00002", "", &fixture->e), 1);
	assert_int_equal(fixture_explicit(fixture, "a", "10.233.1.1", "192.0.2.1"), 1);
	lease_number(fixture, 3, &lease);
	assert_pair(&lease.v4, "10.233.2.1", "10.233.2.2");
	assert_int_equal(fixture_automatic(fixture, "none", NULL), -ENOSPC);
	assert_sound(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order_to_exhaustion, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_released_pairs_wait, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_chosen_addresses_are_passed_over,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_shared_pair_is_blocked_once, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_addresses_between_pairs, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_chosen_out_of_the_queue, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
