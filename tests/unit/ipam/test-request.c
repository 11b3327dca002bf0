/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is refused, and the reason that is given. */
static const struct refusal {
	const char *host, *local, *text;
} refusals[] = {
	{ NULL, NULL, "no address is asked for" },
	{ "192.0.2.1", NULL, "host address 192.0.2.1 has no local address" },
	{ "fd00::1", NULL, "host address fd00::1 has no local address" },
	{ "192.0.2.1", "192.0.2.1", "192.0.2.1 cannot be at both ends" },
	{ "fd00::1", "fd00::1", "fd00::1 cannot be at both ends" },
	{ "192.0.2.1", "127.0.0.1", "127.0.0.1 cannot be the address of a container" },
	{ "224.0.0.1", "192.0.2.1", "224.0.0.1 cannot be the address of a container" },
	{ "192.0.2.1", "255.255.255.255", "255.255.255.255 cannot be" },
	{ "fe80::1", "fd00::1", "fe80::1 cannot be" },
	{ "fd00::1", "::1", "::1 cannot be" },
	{ "10.233.0.0", "192.0.2.1",
	  "10.233.0.0 is the network address of the pool 10.233.0.0/16" },
	{ "192.0.2.1", "10.233.255.255",
	  "10.233.255.255 is the broadcast address of the pool 10.233.0.0/16" },
	{ NULL, "192.0.2.0/24", "192.0.2.0/24 is the network address of its subnet" },
	{ NULL, "192.0.2.255/24", "192.0.2.255/24 is the broadcast address of its subnet" },
	{ NULL, "192.0.2.131/30", "192.0.2.131/30 is the broadcast address of its subnet" },
	{ NULL, "fd00::/64", "fd00::/64 is the network address of its subnet" },
	{ "fd00::1", "192.0.2.1", "192.0.2.1 is not an IPv6 address" },
};

/* What is fine although it looks close to what is not. */
static const struct refusal acceptable[] = {
	{ NULL, "192.0.2.1/24", "" },           { NULL, "192.0.2.254/24", "" },
	{ NULL, "198.51.100.0/31", "" },        { NULL, "198.51.100.3/31", "" },
	{ NULL, "fd00:1::/127", "" },           { NULL, "fd00::ffff:ffff:ffff:ffff/64", "" },
	{ "10.233.255.254", "10.233.0.1", "" },
};

/* Each bad request names what is wrong and leaves nothing behind. */
static void test_refusals(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		assert_int_equal(
			fixture_explicit(fixture, "foo", refusals[i].host, refusals[i].local),
			-EINVAL);
		assert_error(fixture, ERROR_USAGE, refusals[i].text, NULL);
		assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 0);
	}
	assert_sound(fixture);
}

/* An IPv6 address where an IPv4 one belongs, at either end. */
static void test_wrong_family(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", "fd00::1", "fd00::2"), lease;

	request.v4 = request.v6;
	request.v6 = (struct ipam_pair){ 0 };
	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "fd00::2 is not an IPv4 address",
		     "choose another address");
	assert_int_equal(addr_parse("192.0.2.1", &request.v4.local.addr, NULL), 0);
	request.v4.local.length = 32;
	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "fd00::1 is not an IPv4 address", NULL);
}

/* Lengths no address has, which a caller could only make up. */
static void test_long_prefix(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", NULL, "192.0.2.1"), lease;

	request.v4.local.length = 33;
	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "has a prefix longer than 32 bits", NULL);
}

/* A name that is empty or does not end. */
static void test_names(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("", NULL, "192.0.2.1"), lease;

	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), -EINVAL);
	memset(request.container, 'x', sizeof(request.container));
	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), -EINVAL);
	assert_error(fixture, ERROR_USAGE, "needs the name of a container", NULL);
	request.container[IPAM_NAME_MAX - 1] = '\0';
	assert_int_equal(ipam_lease(fixture->ipam, &request, 0, &lease, &fixture->e), 1);
}

static void test_acceptable(void **state)
{
	struct fixture *fixture = *state;
	char name[32];

	for (size_t i = 0; i < sizeof(acceptable) / sizeof(*acceptable); i++) {
		(void)snprintf(name, sizeof(name), "c%zu", i);
		if (fixture_explicit(fixture, name, acceptable[i].host, acceptable[i].local) != 1)
			fail_msg("%s", fixture->e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refusals, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_wrong_family, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_long_prefix, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_names, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_acceptable, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
