/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"

static void test_holder(void **state)
{
	static const char *const held[] = { "10.233.1.1", "10.233.1.2", "fd00::1", "fd00::2" };
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", "fd00::1", "fd00::2"), lease, holder;
	struct addr addr;

	assert_int_equal(
		ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e), 1);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), 1);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		assert_int_equal(addr_parse(held[i], &addr, NULL), 0);
		assert_int_equal(ipam_holder(fixture->ipam, &addr, &holder, &fixture->e), 1);
		assert_lease_equal(&holder, &lease);
	}
	assert_int_equal(addr_parse("10.233.3.1", &addr, NULL), 0);
	assert_int_equal(ipam_holder(fixture->ipam, &addr, &holder, &fixture->e), 0);
}

/* What is looked up is what was leased, in all its parts. */
static void test_lookup(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", NULL, "fd00::2/64"), lease, found;
	int64_t before = time(NULL);

	request.mac = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
	assert_int_equal(
		ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e), 1);
	fixture_reopen(fixture, IPAM_READ);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &found, &fixture->e), 1);
	assert_lease_equal(&found, &lease);
	assert_string_equal(found.container, "foo");
	assert_pair(&found.v4, "10.233.1.1", "10.233.1.2");
	assert_pair(&found.v6, "none", "fd00::2/64");
	assert_true(found.v4.automatic);
	assert_false(found.v6.automatic);
	assert_true(mac_equal(&found.mac, &request.mac));
	assert_in_range(found.since, before, time(NULL));
	assert_int_equal(ipam_lookup(fixture->ipam, "fo", &found, &fixture->e), 0);
	assert_int_equal(ipam_lookup(fixture->ipam, "", &found, &fixture->e), 0);
}

/* By name, each once, with all its addresses; more than fit in the first block. */
static void test_list(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) struct ipam_lease *leases = NULL;
	struct ipam_lease found;
	size_t count;
	char name[32];

	for (int i = 149; i >= 0; i--) {
		(void)snprintf(name, sizeof(name), "c%03d", i);
		assert_int_equal(fixture_automatic(fixture, name, NULL), 1);
	}
	assert_int_equal(fixture_explicit(fixture, "a", "fd00::1", "fd00::2"), 1);
	assert_int_equal(ipam_list(fixture->ipam, &leases, &count, &fixture->e), 0);
	assert_int_equal(count, 151);
	assert_string_equal(leases[0].container, "a");
	assert_pair(&leases[0].v6, "fd00::1", "fd00::2");
	for (size_t i = 1; i < count; i++) {
		(void)snprintf(name, sizeof(name), "c%03zu", i - 1);
		assert_string_equal(leases[i].container, name);
		assert_int_equal(ipam_lookup(fixture->ipam, name, &found, &fixture->e), 1);
		assert_lease_equal(&found, &leases[i]);
	}
}

static void test_list_empty(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease *leases = (struct ipam_lease *)state;
	size_t count = 7;

	assert_int_equal(ipam_list(fixture->ipam, &leases, &count, &fixture->e), 0);
	assert_null(leases);
	assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_holder),
		TEST(test_lookup),
		TEST(test_list),
		TEST(test_list_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
