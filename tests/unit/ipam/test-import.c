/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * import - ipam_import() of some leases
 * @fixture: its error is filled on failure
 * @leases, @count: borrowed
 * @imported: room for @count
 * @position: as for ipam_import()
 */
static int import(struct fixture *fixture, const struct ipam_lease *leases, size_t count,
		  struct ipam_imported *imported, size_t *position)
{
	return ipam_import(fixture->ipam, leases, count, imported, position, &fixture->e);
}

/* What was automatic is automatic again, wherever the rover of the pool is, and comes back one day. */
static void test_automatic_again(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease leases[2] = { request_make("far", "10.233.9.1", "10.233.9.2"),
					request_make("near", "10.233.1.1", "10.233.1.2") };
	struct ipam_imported imported[2];
	struct ipam_lease lease;
	size_t position;

	leases[0].v4.automatic = leases[1].v4.automatic = true;
	assert_int_equal(mac_parse("02:00:00:00:00:09", &leases[0].mac, NULL), 0);
	assert_int_equal(fixture_automatic(fixture, "gone", NULL), 1);
	assert_int_equal(ipam_release(fixture->ipam, "gone", "", &fixture->e), 1);
	assert_int_equal(import(fixture, leases, 2, imported, &position), 2);
	assert_true(imported[0].changed && imported[0].lease.v4.automatic);
	assert_int_equal(imported[1].lease.state, IPAM_RESERVED);
	assert_usage(fixture, 2, 0);
	assert_sound(fixture);
	for (int i = 0; i < 9; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(fixture_automatic(fixture, name, &lease), 1);
		assert_int_not_equal(lease.v4.local.addr.bytes[2], 9);
		assert_int_not_equal(lease.v4.local.addr.bytes[2], 1);
	}
	assert_sound(fixture);
	assert_int_equal(fixture_automatic(fixture, "far", &lease), 1);
	assert_pair(&lease.v4, "10.233.9.1", "10.233.9.2");
	assert_true(mac_equal(&lease.mac, &leases[0].mac));
	assert_int_equal(ipam_release(fixture->ipam, "far", "", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "near", "", &fixture->e), 1);
	assert_sound(fixture);
}

/* What no pool here gives out was chosen, from now on. */
static void test_becomes_chosen(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease leases[3] = { request_make("a", "172.16.0.1", "172.16.0.2"),
					request_make("b", "10.233.4.2", "10.233.4.1"),
					request_make("c", NULL, "10.233.5.2") };
	struct ipam_imported imported[3];
	size_t position;

	for (size_t i = 0; i < 3; i++)
		leases[i].v4.automatic = true;
	assert_int_equal(import(fixture, leases, 3, imported, &position), 3);
	for (size_t i = 0; i < 3; i++)
		assert_false(imported[i].lease.v4.automatic);
	assert_usage(fixture, 0, 2);
	assert_sound(fixture);
}

/* The second time there is nothing to do, also for what has been created meanwhile. */
static void test_again(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease leases[2] = { request_make("a", "10.233.1.1", "10.233.1.2"),
					request_make("b", "fd00::1", "fd00::2") };
	struct ipam_imported imported[2];
	struct ipam_lease lease;
	size_t position;

	leases[0].v4.automatic = true;
	assert_int_equal(import(fixture, leases, 2, imported, &position), 2);
	assert_int_equal(fixture_automatic(fixture, "a", NULL), 1);
	assert_int_equal(import(fixture, leases, 2, imported, &position), 0);
	assert_false(imported[0].changed || imported[1].changed);
	assert_int_equal(imported[0].lease.state, IPAM_BOUND);
	assert_int_equal(ipam_lookup(fixture->ipam, "a", &lease, &fixture->e), 1);
	assert_int_equal(lease.state, IPAM_BOUND);
}

/* One that is refused refuses all, and it is known which. */
static void test_all_or_none(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease leases[3] = { request_make("a", "10.233.1.1", "10.233.1.2"),
					request_make("b", NULL, "192.0.2.1"),
					request_make("c", NULL, "192.0.2.9") };
	_cleanup_(freep) struct ipam_lease *held = NULL;
	struct ipam_imported imported[3];
	size_t position, count;

	assert_int_equal(fixture_explicit(fixture, "holder", NULL, "192.0.2.1"), 1);
	assert_int_equal(import(fixture, leases, 3, imported, &position), -EADDRINUSE);
	assert_int_equal(position, 1);
	assert_error(fixture, ERROR_CONFLICT, "192.0.2.1 is leased to container holder", "destroy");
	assert_int_equal(ipam_list(fixture->ipam, &held, &count, &fixture->e), 0);
	assert_int_equal(count, 1);
	assert_usage(fixture, 0, 0);

	leases[1] = request_make("holder", NULL, "192.0.2.1");
	memcpy(leases[1].bridge, "br0", sizeof("br0"));
	assert_int_equal(import(fixture, leases, 3, imported, &position), -EEXIST);
	assert_int_equal(position, 1);
	leases[1] = request_make("b", NULL, "10.233.0.0");
	assert_int_equal(import(fixture, leases, 3, imported, &position), -EINVAL);
	assert_int_equal(position, 1);
	assert_sound(fixture);
}

/* A trial has the same answer, and changes nothing. */
static void test_trial(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease = request_make("a", "10.233.1.1", "10.233.1.2");
	struct ipam_imported imported;
	size_t position;

	assert_int_equal(fixture_explicit(fixture, "b", NULL, "192.0.2.1"), 1);
	fixture_reopen(fixture, IPAM_TRY);
	assert_int_equal(import(fixture, &lease, 1, &imported, &position), 1);
	assert_int_equal(ipam_lookup(fixture->ipam, "a", &lease, &fixture->e), 1);
	fixture_reopen(fixture, IPAM_READ);
	assert_int_equal(ipam_lookup(fixture->ipam, "a", &lease, &fixture->e), 0);
	assert_int_equal(ipam_lookup(fixture->ipam, "b", &lease, &fixture->e), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_automatic_again, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_becomes_chosen, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_all_or_none, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_trial, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
