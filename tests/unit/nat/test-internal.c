/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internal networks, the links they are behind, and the address that all leave with. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "nat/nat.h"

/* What is wrong with a word. */
struct refusal {
	const char *word, *reason;
};

/** networks_are_refused - each for its reason, and the description stays as it was */
static void networks_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{ "", "not an IPv4 or IPv6 address" },
		{ "lan", "not an IPv4 or IPv6 address" },
		{ "192.168.7/24", "not an address and a length" },
		{ "192.168.7.0/", "no prefix length" },
		{ "192.168.7.0/33", "longer than 32" },
		{ "fd00:7::/129", "longer than 128" },
		{ "fd00:7:::/64", "not an address and a length" },
		{ "192.168.7.1/24", "an address on a network" },
		{ "fd00:7::1/64", "an address on a network" },
		{ "0.0.0.0/0", "the outside is in it" },
		{ "::/0", "the outside is in it" },
		{ "10.0.0.0/0", "the outside is in it" },
		{ "127.0.0.0/8", "never forwarded" },
		{ "224.0.0.0/4", "never forwarded" },
		{ "128.0.0.0/1", "never forwarded" },
		{ "0.0.0.0/1", "never forwarded" },
		{ "fe80::/64", "never forwarded" },
		{ "ff00::/8", "never forwarded" },
		{ "::1", "never forwarded" },
	};
	struct nat_spec spec = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(nat_spec_add_internal(&spec, cases[i].word, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		if (!strstr(e.text, cases[i].reason))
			fail_msg("'%s' was refused: %s", cases[i].word, e.text);
		assert_null(strchr(e.text, '\n'));
		assert_int_equal(spec.n_internal, 0);
	}
}

/** the_network_of_an_address_is_suggested - which is most likely what was meant */
static void the_network_of_an_address_is_suggested(void **state)
{
	struct nat_spec spec = { 0 };
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(nat_spec_add_internal(&spec, "192.168.7.77/25", &e), -EINVAL);
	assert_non_null(strstr(e.remedy, "192.168.7.0/25"));
}

/** networks_do_not_overlap - the same one twice is one */
static void networks_do_not_overlap(void **state)
{
	static const char *const overlapping[] = { "192.168.7.0/25", "192.168.7.128",
						   "192.168.0.0/16", "fd00::/8", "fd00:7::5" };
	struct nat_spec spec = { 0 };

	(void)state;
	assert_int_equal(nat_spec_add_internal(&spec, "192.168.7.0/24", NULL), 1);
	assert_int_equal(nat_spec_add_internal(&spec, "fd00:7::/64", NULL), 1);
	assert_int_equal(nat_spec_add_internal(&spec, "192.168.8.0/24", NULL), 1);
	assert_int_equal(nat_spec_add_internal(&spec, "192.168.7.0/24", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(overlapping); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(nat_spec_add_internal(&spec, overlapping[i], &e), -EINVAL);
		assert_non_null(strstr(e.text, "they overlap"));
		assert_non_null(strstr(e.text, overlapping[i]));
	}
	assert_int_equal(spec.n_internal, 3);
}

/** too_many_are_refused - the 33rd network, and the 33rd link */
static void too_many_are_refused(void **state)
{
	struct nat_spec spec = { 0 };
	struct error e = ERROR_INIT;
	char text[32];

	(void)state;
	for (int i = 0; i < NAT_INTERNAL_MAX; i++) {
		(void)snprintf(text, sizeof(text), "10.%d.0.0/16", i);
		assert_int_equal(nat_spec_add_internal(&spec, text, NULL), 1);
		(void)snprintf(text, sizeof(text), "lan%d", i);
		assert_int_equal(nat_spec_add_inside(&spec, text, AF_INET, NULL), 1);
	}
	assert_int_equal(nat_spec_add_internal(&spec, "10.99.0.0/16", &e), -ENOSPC);
	assert_int_equal(nat_spec_add_inside(&spec, "lan99", AF_INET, &e), -ENOSPC);
	assert_int_equal(nat_spec_add_inside(&spec, "lan9", AF_INET6, &e), 1);
}

/** links_inside_have_families - and those with switches of their own are left out */
static void links_inside_have_families(void **state)
{
	struct nat_spec spec = { 0 };

	(void)state;
	assert_int_equal(nat_spec_add_inside(&spec, "lan", AF_INET, NULL), 1);
	assert_int_equal(nat_spec_add_inside(&spec, "lan", AF_INET, NULL), 0);
	assert_true(spec.inside[0].v4);
	assert_false(spec.inside[0].v6);
	assert_int_equal(nat_spec_add_inside(&spec, "lan", AF_INET6, NULL), 1);
	assert_true(spec.inside[0].v6);
	assert_int_equal(nat_spec_add_inside(&spec, "ve-foo", AF_INET, NULL), 0);
	assert_int_equal(nat_spec_add_inside(&spec, "vb-foo", AF_INET, NULL), 0);
	assert_int_equal(nat_spec_add_inside(&spec, "lo", AF_INET, NULL), 0);
	assert_int_equal(spec.n_inside, 1);
}

/** addresses_are_refused - each for its reason */
static void addresses_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{ "", "not an IPv4 or IPv6 address" },
		{ "host", "not an IPv4 or IPv6 address" },
		{ "1.2.3", "not an IPv4 or IPv6 address" },
		{ "2001:db8:::1", "not an IPv4 or IPv6 address" },
		{ "192.0.2.1/24", "a prefix length where" },
		{ "127.0.0.1", "no answer would come back" },
		{ "0.0.0.0", "no answer would come back" },
		{ "224.0.0.1", "no answer would come back" },
		{ "255.255.255.255", "no answer would come back" },
		{ "::1", "no answer would come back" },
		{ "fe80::1", "no answer would come back" },
		{ "192.0.2.3", "a second address of IPv4" },
		{ "2001:db8::3", "a second address of IPv6" },
	};
	struct nat_spec spec = { 0 };

	(void)state;
	assert_int_equal(nat_spec_set_address(&spec, "192.0.2.1", AF_UNSPEC, NULL), 1);
	assert_int_equal(nat_spec_set_address(&spec, "192.0.2.1", AF_INET, NULL), 0);
	assert_int_equal(nat_spec_set_address(&spec, "2001:db8::1", AF_INET6, NULL), 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(nat_spec_set_address(&spec, cases[i].word, AF_UNSPEC, &e),
				 -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		if (!strstr(e.text, cases[i].reason))
			fail_msg("'%s' was refused: %s", cases[i].word, e.text);
	}
}

/** families_are_not_mixed_up - where one is asked for */
static void families_are_not_mixed_up(void **state)
{
	struct nat_spec spec = { 0 };
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(nat_spec_set_address(&spec, "2001:db8::1", AF_INET, &e), -EINVAL);
	assert_non_null(strstr(e.text, "not an address of IPv4"));
	assert_int_equal(nat_spec_set_address(&spec, "192.0.2.1", AF_INET6, &e), -EINVAL);
	assert_non_null(strstr(e.text, "not an address of IPv6"));
}

/** specs_are_compared - whatever the order, and by all they say */
static void specs_are_compared(void **state)
{
	struct nat_spec one = { 0 }, other = { 0 };

	(void)state;
	assert_true(nat_spec_same(&one, &other));
	assert_int_equal(nat_spec_add(&one, "eth0", NULL), 1);
	assert_int_equal(nat_spec_add(&one, "wl*", NULL), 1);
	assert_int_equal(nat_spec_add(&other, "wl+", NULL), 1);
	assert_false(nat_spec_same(&one, &other));
	assert_int_equal(nat_spec_add(&other, "eth0", NULL), 1);
	assert_true(nat_spec_same(&one, &other));
	assert_int_equal(nat_spec_add_internal(&one, "10.0.0.0/8", NULL), 1);
	assert_false(nat_spec_same(&one, &other));
	assert_false(nat_spec_same(&other, &one));
	assert_int_equal(nat_spec_add_internal(&other, "10.0.0.0/9", NULL), 1);
	assert_false(nat_spec_same(&one, &other));
	other.n_internal = 0;
	assert_int_equal(nat_spec_add_internal(&other, "10.0.0.0/8", NULL), 1);
	assert_true(nat_spec_same(&one, &other));
	assert_int_equal(nat_spec_set_address(&one, "2001:db8::1", AF_INET6, NULL), 1);
	assert_false(nat_spec_same(&one, &other));
}

/** main - run the tests of internal.c, address.c and of what compares them */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_refused),
		cmocka_unit_test(the_network_of_an_address_is_suggested),
		cmocka_unit_test(networks_do_not_overlap),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(links_inside_have_families),
		cmocka_unit_test(addresses_are_refused),
		cmocka_unit_test(families_are_not_mixed_up),
		cmocka_unit_test(specs_are_compared),
	};

	return cmocka_run_group_tests_name("internal", tests, NULL, NULL);
}
