/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/link-group.h"

#define CHOICES 200 /* of groups, of which some are far from where the search began */

static const struct mac mac = { { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 } };

/** test_known - groups that the kernel's rule lets this MAC pass with, and their neighbours */
static void test_known(void **state)
{
	static const uint32_t fitting[] = { 98395, 491191, 1495177, 2147470443 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fitting); i++) {
		assert_true(link_group_fits(fitting[i], &mac));
		assert_false(link_group_fits(fitting[i] + 2, &mac));
	}
}

/** test_others - a group tells each other MAC that differs in one bit from the one it was chosen for */
static void test_others(void **state)
{
	const uint32_t group = 98395;

	(void)state;
	assert_true(link_group_fits(group, &mac));
	for (size_t bit = 0; bit < 8 * sizeof(mac.bytes); bit++) {
		struct mac other = mac;

		other.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(link_group_fits(group, &other));
	}
}

/** test_not_chosen - no MAC fits a group that is even, whatever it hashes to */
static void test_not_chosen(void **state)
{
	static const uint32_t even[] = { 0, 314286, 665706, 1491970 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(even); i++)
		assert_false(link_group_fits(even[i], &mac));
}

/** test_choose - what is chosen fits, is not always the same, and no program shows it as negative */
static void test_choose(void **state)
{
	struct error e = ERROR_INIT;
	uint32_t group, first = 0;
	bool others = false;

	(void)state;
	for (unsigned i = 0; i < CHOICES; i++) {
		assert_int_equal(link_group_choose(&mac, &group, &e), 0);
		assert_true(link_group_fits(group, &mac));
		assert_true(group <= INT32_MAX);
		first = first ? first : group;
		others |= group != first;
	}
	assert_true(others);
}

/** test_random - such a group is nobody's, and not that of all links that have none */
static void test_random(void **state)
{
	struct error e = ERROR_INIT;
	uint32_t group;

	(void)state;
	for (unsigned i = 0; i < CHOICES; i++) {
		assert_int_equal(link_group_random(&group, &e), 0);
		assert_true(group > 0 && group <= INT32_MAX && group % 2 == 0);
	}
}

/** main - run the tests of link-group.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),      cmocka_unit_test(test_others),
		cmocka_unit_test(test_not_chosen), cmocka_unit_test(test_choose),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
