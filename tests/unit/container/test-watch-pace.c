/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container/watch/pace.h"

#define SECOND (1000 * PACE_MS)

/* How many looks there are when something happens all the time from @from to @to. */
static unsigned looks(struct pace *pace, int64_t from, int64_t to)
{
	unsigned count = 0;

	for (int64_t now = from; now < to; now += PACE_MS) {
		if (now < pace_next(pace))
			continue;
		pace_take(pace, now);
		count++;
	}
	return count;
}

static void the_first_is_at_once_and_all_together_are_few(void **state)
{
	struct pace pace = { 0 };

	(void)state;
	assert_true(pace_next(&pace) <= 100 * SECOND);
	assert_int_equal(looks(&pace, 100 * SECOND, 101 * SECOND), 8);
	assert_int_equal(looks(&pace, 101 * SECOND, 111 * SECOND), 20);
	assert_true(pace_next(&pace) <= 112 * SECOND);
	pace_take(&pace, 113 * SECOND);
	assert_int_equal(pace_next(&pace), 113 * SECOND + 5 * PACE_MS);
}

static void whoever_does_it_often_is_told_of_once(void **state)
{
	struct quarrel quarrel = { .count = 0 };
	unsigned told = 0;

	(void)state;
	for (int i = 0; i < 9; i++)
		assert_int_equal(quarrel_add(&quarrel, "nft", 100 * SECOND + i), 0);
	assert_int_equal(quarrel_add(&quarrel, "nft", 101 * SECOND), 10);
	for (int i = 0; i < 1000; i++)
		told += quarrel_add(&quarrel, "nft", 101 * SECOND + (int64_t)i * 50 * PACE_MS) > 0;
	assert_int_equal(told, 0);
	for (int i = 0; i < 20; i++)
		told += quarrel_add(&quarrel, "nft", 170 * SECOND + (int64_t)i * 50 * PACE_MS) > 0;
	assert_int_equal(told, 1);
}

static void now_and_then_is_no_quarrel(void **state)
{
	struct quarrel quarrel = { .count = 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(
			quarrel_add(&quarrel, "nft", 100 * SECOND + (int64_t)i * 2 * SECOND), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(quarrel_add(&quarrel, i % 2 ? "nft" : "ufw", 400 * SECOND + i), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_at_once_and_all_together_are_few),
		cmocka_unit_test(whoever_does_it_often_is_told_of_once),
		cmocka_unit_test(now_and_then_is_no_quarrel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
