/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/suggestion.h"

/**
 * suggested - what is suggested for a word out of a few
 * @word: as typed
 */
static const char *suggested(const char *word)
{
	static const char *const candidates[] = { "create", "destroy", "list",
						  "status", "net",     "pre-start" };
	struct suggestion suggestion;

	suggestion_init(&suggestion, word);
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		suggestion_try(&suggestion, candidates[i]);
	return suggestion.best;
}

/**
 * slips_are_counted - a missing, an extra, a wrong letter and two swapped ones are one slip each
 * @state: not used
 */
static void slips_are_counted(void **state)
{
	(void)state;
	assert_int_equal(suggestion_distance("list", "list"), 0);
	assert_int_equal(suggestion_distance("lst", "list"), 1);
	assert_int_equal(suggestion_distance("lisst", "list"), 1);
	assert_int_equal(suggestion_distance("lisp", "list"), 1);
	assert_int_equal(suggestion_distance("lits", "list"), 1);
	assert_int_equal(suggestion_distance("", "list"), 4);
	assert_int_equal(suggestion_distance("stop", "list"), 4);
}

/**
 * near_words_are_suggested - and the nearest of them wins
 * @state: not used
 */
static void near_words_are_suggested(void **state)
{
	(void)state;
	assert_string_equal(suggested("lst"), "list");
	assert_string_equal(suggested("destory"), "destroy");
	assert_string_equal(suggested("craete"), "create");
	assert_string_equal(suggested("prestart"), "pre-start");
	assert_string_equal(suggested("nett"), "net");
}

/**
 * far_words_are_not - nothing is made up
 * @state: not used
 */
static void far_words_are_not(void **state)
{
	char long_word[5000];

	(void)state;
	memset(long_word, 'l', sizeof(long_word));
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(suggested("frobnicate"));
	assert_null(suggested("ls"));
	assert_null(suggested("x"));
	assert_null(suggested(""));
	assert_null(suggested(long_word));
}

/**
 * main - run the tests of base/suggestion.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_are_counted),
		cmocka_unit_test(near_words_are_suggested),
		cmocka_unit_test(far_words_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
