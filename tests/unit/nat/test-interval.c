/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "nat/interval.h"

/** names_come_back - the kernel's two keys are the name again, and the keys are those of nft */
static void names_come_back(void **state)
{
	static const struct {
		const char name[IFNAMSIZ], end[IFNAMSIZ + 1];
	} cases[] = {
		{ "eth0", "eth0\0\0\0\0\0\0\0\0\0\0\0\1" },
		{ "wl*", "wm" },
		{ "0123456789abcde", "0123456789abcde\1" },
		{ "0123456789abcd*", "0123456789abce" },
		{ "a\xff*", "b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct interval interval = interval_of_link(cases[i].name);
		char back[IFNAMSIZ];

		assert_int_equal(interval.size, IFNAMSIZ);
		assert_memory_equal(interval.end, cases[i].end, IFNAMSIZ);
		if (i < 4) {
			assert_true(interval_link(&interval, back));
			assert_memory_equal(back, cases[i].name, IFNAMSIZ);
		}
	}
}

/** networks_come_back - of every length there is */
static void networks_come_back(void **state)
{
	static const char *const texts[] = { "192.168.7.0/24",  "10.20.30.40",    "128.0.0.0/2",
					     "10.0.0.0/9",      "10.255.255.255", "192.168.6.0/23",
					     "fd00:7::/64",     "fd00::/8",       "2001:db8::1",
					     "fd00:7:8000::/33" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct prefix network, back;
		struct interval interval;
		char text[PREFIX_TEXT];

		assert_int_equal(prefix_parse(texts[i], &network, NULL), 0);
		interval = interval_of_prefix(&network);
		assert_true(interval_prefix(&interval, &back));
		assert_string_equal(prefix_format(&back, text), texts[i]);
	}
}

/** others_are_told_apart - what is neither a name, nor all that begin so, nor a network */
static void others_are_told_apart(void **state)
{
	struct interval names = { .size = IFNAMSIZ, .begin = "wl", .end = "wn" };
	struct interval all = { .size = IFNAMSIZ, .begin = "", .end = "z" };
	struct interval range = { .size = 4, .begin = { 10, 0, 0, 1 }, .end = { 10, 0, 0, 7 } };
	struct prefix prefix;
	char name[IFNAMSIZ];

	(void)state;
	assert_false(interval_link(&names, name));
	assert_false(interval_link(&all, name));
	assert_false(interval_prefix(&range, &prefix));
}

/** ends_find_each_other - in whatever order they come, also where intervals touch */
static void ends_find_each_other(void **state)
{
	struct interval_ends ends = {
		.size = 4,
		.n_begins = 2,
		.n_ends = 2,
		.begins = { { 10, 0, 1, 0 }, { 10, 0, 0, 0 } },
		.ends = { { 10, 0, 1, 0 }, { 10, 0, 2, 0 } },
	};
	struct interval found[INTERVALS_MAX];

	(void)state;
	assert_true(interval_ends_join(&ends, found));
	assert_memory_equal(found[0].begin, "\x0a\0\0\0", 4);
	assert_memory_equal(found[0].end, "\x0a\0\1\0", 4);
	assert_memory_equal(found[1].begin, "\x0a\0\1\0", 4);
	assert_memory_equal(found[1].end, "\x0a\0\2\0", 4);
	ends.n_ends = 1;
	assert_false(interval_ends_join(&ends, found));
	ends.n_ends = 2;
	ends.odd = true;
	assert_false(interval_ends_join(&ends, found));
}

/** main - run the tests of interval.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(networks_come_back),
		cmocka_unit_test(others_are_told_apart),
		cmocka_unit_test(ends_find_each_other),
	};

	return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
