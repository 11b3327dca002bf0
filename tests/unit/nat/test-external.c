/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "nat/external.h"
#include "nat/nat.h"

/** names_are_taken - names that links have, also such that look odd */
static void names_are_taken(void **state)
{
	static const char *const names[] = {
		"eth0",  "a",          "wlp0s20f3", "eth0.100", "br-0123456789ab", "ve", "...",
		"vex-0", "\xc3\xa9th", "a+b",       "veth*"
	};
	struct nat_spec spec = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(nat_spec_add(&spec, names[i], &e), 1);
		assert_int_equal(spec.n_external, i + 1);
		assert_string_equal(spec.external[i], names[i]);
	}
}

/** names_are_refused - each for its reason, and the description stays as it was */
static void names_are_refused(void **state)
{
	static const struct {
		const char *name, *reason;
	} cases[] = {
		{ "", "empty" },
		{ "0123456789abcdef", "longer than 15" },
		{ ".", "no name" },
		{ "..", "no name" },
		{ "a/b", "byte 2" },
		{ "a b", "byte 2" },
		{ "eth0\n", "byte 5" },
		{ "eth0:1", "byte 5" },
		{ "\033[2J", "byte 1" },
		{ "ve-", "leads to a container" },
		{ "ve-web", "leads to a container" },
		{ "ve-*", "lead to containers" },
		{ "ve-we+", "lead to containers" },
		{ "vb-*", "lead to containers" },
		{ "ve*", "lead to containers" },
		{ "v+", "lead to containers" },
		{ "*", "lead to containers" },
		{ "+", "lead to containers" },
		{ "wl*0", "at the end only" },
		{ "*wl", "at the end only" },
		{ "wl**", "at the end only" },
		{ "wl*+", "at the end only" },
		{ "0123456789abcde*", "longer than 15" },
		{ "vb-web", "leads to a container" },
		{ "lo", "leads nowhere" },
		{ "all", "all links" },
		{ "default", "all links" },
	};
	struct nat_spec spec = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(nat_spec_add(&spec, cases[i].name, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, cases[i].reason));
		assert_null(strpbrk(e.text, "\n\033"));
		assert_int_equal(spec.n_external, 0);
	}
}

/** twice_is_once - a link that is there is not added again */
static void twice_is_once(void **state)
{
	struct nat_spec spec = { 0 };

	(void)state;
	assert_int_equal(nat_spec_add(&spec, "eth0", NULL), 1);
	assert_int_equal(nat_spec_add(&spec, "eth1", NULL), 1);
	assert_int_equal(nat_spec_add(&spec, "eth0", NULL), 0);
	assert_int_equal(nat_spec_add(&spec, "eth", NULL), 1);
	assert_int_equal(spec.n_external, 3);
}

/** wildcards_are_one_thing - however they are written, and the wider one of two stays */
static void wildcards_are_one_thing(void **state)
{
	struct nat_spec spec = { 0 };

	(void)state;
	assert_int_equal(nat_spec_add(&spec, "wlan0", NULL), 1);
	assert_int_equal(nat_spec_add(&spec, "eth0", NULL), 1);
	assert_int_equal(nat_spec_add(&spec, "wlp3s0", NULL), 1);
	assert_int_equal(nat_spec_add(&spec, "wlan*", NULL), 1);
	assert_int_equal(spec.n_external, 3);
	assert_int_equal(nat_spec_add(&spec, "wl+", NULL), 1);
	assert_int_equal(spec.n_external, 2);
	assert_string_equal(spec.external[0], "eth0");
	assert_string_equal(spec.external[1], "wl*");
	assert_int_equal(nat_spec_add(&spec, "wl*", NULL), 0);
	assert_int_equal(nat_spec_add(&spec, "wlan+", NULL), 0);
	assert_int_equal(nat_spec_add(&spec, "wl", NULL), 0);
	assert_int_equal(nat_spec_add(&spec, "wlan1", NULL), 0);
	assert_int_equal(nat_spec_add(&spec, "w", NULL), 1);
	assert_int_equal(spec.n_external, 3);
}

/** wildcards_stand_for_links - those that begin so */
static void wildcards_stand_for_links(void **state)
{
	(void)state;
	assert_true(nat_external_is("wl*", "wlan0"));
	assert_true(nat_external_is("wl*", "wl"));
	assert_true(nat_external_is("wl*", "wlan*"));
	assert_false(nat_external_is("wl*", "w"));
	assert_false(nat_external_is("wlan*", "wl*"));
	assert_true(nat_external_is("eth0", "eth0"));
	assert_false(nat_external_is("eth0", "eth01"));
	assert_false(nat_external_is("eth", "eth0"));
}

/** too_many_are_refused - the 33rd link */
static void too_many_are_refused(void **state)
{
	struct nat_spec spec = { 0 };
	struct error e = ERROR_INIT;
	char name[IFNAMSIZ];

	(void)state;
	for (int i = 0; i < NAT_EXTERNAL_MAX; i++) {
		(void)snprintf(name, sizeof(name), "eth%d", i);
		assert_int_equal(nat_spec_add(&spec, name, NULL), 1);
	}
	assert_int_equal(nat_spec_add(&spec, "eth99", &e), -ENOSPC);
	assert_int_equal(nat_spec_add(&spec, "eth31", &e), 0);
	assert_int_equal(spec.n_external, NAT_EXTERNAL_MAX);
}

/** main - run the tests of external.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken),
		cmocka_unit_test(names_are_refused),
		cmocka_unit_test(twice_is_once),
		cmocka_unit_test(wildcards_are_one_thing),
		cmocka_unit_test(wildcards_stand_for_links),
		cmocka_unit_test(too_many_are_refused),
	};

	return cmocka_run_group_tests_name("external", tests, NULL, NULL);
}
