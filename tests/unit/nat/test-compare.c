/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nat/nat.h"

static const struct nat_spec spec = { .n_external = 2, .external = { "eth0", "wlan0" } };

/** equal_is_silent - in whatever order the links are */
static void equal_is_silent(void **state)
{
	const struct nat_state is = { .intact = true,
				      .n_external = 2,
				      .external = { "wlan0", "eth0" } };
	struct nat_drift drift;

	(void)state;
	assert_int_equal(nat_compare(&spec, &is, &drift), 0);
	assert_int_equal(drift.count, 0);
}

/** no_table_is_one_difference - its links are not listed on top */
static void no_table_is_one_difference(void **state)
{
	struct nat_drift drift;

	(void)state;
	assert_int_equal(nat_compare(&spec, NULL, &drift), 1);
	assert_string_equal(drift.line[0], "there is no table inet nixctr-net");
}

/** every_difference_is_said - rules, a link too few and one too many */
static void every_difference_is_said(void **state)
{
	const struct nat_state is = { .intact = false,
				      .difference = "chain forward lacks a rule",
				      .n_external = 2,
				      .external = { "eth0", "eth00" } };
	struct nat_drift drift;

	(void)state;
	assert_int_equal(nat_compare(&spec, &is, &drift), 3);
	assert_string_equal(drift.line[0], "table inet nixctr-net: chain forward lacks a rule");
	assert_string_equal(drift.line[1], "link wlan0 is not external, should be: no container "
					   "gets out through it");
	assert_string_equal(drift.line[2], "link eth00 is external, should not be");
}

/** too_many_differences_fit - what does not fit is left out, nothing is overrun */
static void too_many_differences_fit(void **state)
{
	struct nat_spec full = { .n_external = NAT_EXTERNAL_MAX };
	struct nat_state is = { .n_external = NAT_EXTERNAL_MAX };
	struct nat_drift drift;

	(void)state;
	for (int i = 0; i < NAT_EXTERNAL_MAX; i++) {
		(void)snprintf(full.external[i], IFNAMSIZ, "a%d", i);
		(void)snprintf(is.external[i], IFNAMSIZ, "b%d", i);
	}
	assert_int_equal(nat_compare(&full, &is, &drift), NAT_DRIFT_MAX);
}

/** main - run the tests of compare.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_is_silent),
		cmocka_unit_test(no_table_is_one_difference),
		cmocka_unit_test(every_difference_is_said),
		cmocka_unit_test(too_many_differences_fit),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
