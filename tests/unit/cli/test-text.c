/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "cli/text.h"

/**
 * expect_escaped - check how a text is shown
 * @text: the text
 * @shown: what it should become
 */
static void expect_escaped(const char *text, const char *shown)
{
	char buffer[200];

	assert_string_equal(text_escape(text, buffer, sizeof(buffer)), shown);
}

/**
 * control_characters_are_escaped - those of C0, C1 and DEL
 * @state: not used
 */
static void control_characters_are_escaped(void **state)
{
	(void)state;
	expect_escaped("a\nb\tc\rd", "a\\nb\\tc\\x0dd");
	expect_escaped("\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m");
	expect_escaped("\x7f", "\\x7f");
	expect_escaped("\xc2\x9b"
		       "0m",
		       "\\xc2\\x9b0m");
}

/**
 * other_text_stays - blanks, backslashes and letters of any script
 * @state: not used
 */
static void other_text_stays(void **state)
{
	(void)state;
	expect_escaped("", "");
	expect_escaped("no such \\ file", "no such \\ file");
	expect_escaped("größe → 名前", "größe → 名前");
}

/**
 * broken_and_invisible_text_is_escaped - invalid UTF-8, and what turns the direction of a line
 * @state: not used
 */
static void broken_and_invisible_text_is_escaped(void **state)
{
	(void)state;
	expect_escaped("\xff"
		       "a\xc3",
		       "\\xffa\\xc3");
	/* NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tried here */
	expect_escaped("a\xe2\x80\xae"
		       "b",
		       "a\\xe2\\x80\\xaeb");
	expect_escaped("\xc3\n", "\\xc3\\n");
}

/**
 * escapes_are_not_cut - what does not fit is left away whole
 * @state: not used
 */
static void escapes_are_not_cut(void **state)
{
	char buffer[8];

	(void)state;
	assert_string_equal(text_escape("ab\033\033", buffer, sizeof(buffer)), "ab\\x1b");
	assert_string_equal(text_escape("ab", buffer, 1), "");
	assert_string_equal(text_escape("größe", buffer, 4), "gr");
}

/**
 * expect_bytes - check how a number of bytes is shown
 * @bytes: the number
 * @shown: what it should become
 */
static void expect_bytes(uint64_t bytes, const char *shown)
{
	char buffer[TEXT_BYTES];

	assert_string_equal(text_bytes(bytes, buffer), shown);
}

/**
 * bytes_have_three_digits - from none to more than there are
 * @state: not used
 */
static void bytes_have_three_digits(void **state)
{
	(void)state;
	expect_bytes(0, "0B");
	expect_bytes(999, "999B");
	expect_bytes(1000, "1.0K");
	expect_bytes(1536, "1.5K");
	expect_bytes(10240, "10K");
	expect_bytes(3145729, "3.0M");
	expect_bytes(UINT64_MAX, "16E");
}

/**
 * times_are_utc - whatever the time zone
 * @state: not used
 */
static void times_are_utc(void **state)
{
	char buffer[TEXT_TIME];

	(void)state;
	assert_string_equal(text_time(0, buffer), "1970-01-01T00:00:00Z");
	assert_string_equal(text_time(1735787045, buffer), "2025-01-02T03:04:05Z");
	assert_string_equal(text_time(INT64_MAX, buffer), "");
}

/**
 * phrases_have_commas - between their parts, and are cut at the end
 * @state: not used
 */
static void phrases_have_commas(void **state)
{
	struct phrase phrase = { .length = 0 };

	(void)state;
	phrase_add(&phrase, "%s", "up");
	assert_string_equal(phrase.text, "up");
	phrase_add(&phrase, "mtu %d", 1500);
	assert_string_equal(phrase.text, "up, mtu 1500");
	for (int i = 0; i < 300; i++)
		phrase_add(&phrase, "more");
	assert_int_equal(strlen(phrase.text), sizeof(phrase.text) - 1);
	assert_int_equal(phrase.length, sizeof(phrase.text) - 1);
}

/**
 * main - run the tests of cli/text.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(other_text_stays),
		cmocka_unit_test(broken_and_invisible_text_is_escaped),
		cmocka_unit_test(escapes_are_not_cut),
		cmocka_unit_test(bytes_have_three_digits),
		cmocka_unit_test(times_are_utc),
		cmocka_unit_test(phrases_have_commas),
	};

	setlocale(LC_ALL, "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
