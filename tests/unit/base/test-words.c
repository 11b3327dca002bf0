/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"

static const struct {
	const char *text;
	const char *words; /* with '|' behind each */
} splits[] = {
	{ "", "" },
	{ " \t\n ", "" },
	{ "--bind=/a:/b", "--bind=/a:/b|" },
	{ "  one two\tthree\n", "one|two|three|" },
	{ "'one two' three", "one two|three|" },
	{ "\"one \\\" two\"", "one \" two|" },
	{ "a'b c'd\"e f\"g", "ab cde fg|" },
	{ "one\\ two", "one two|" },
	{ "'one\\ two'", "one\\ two|" },
	{ "''", "|" },
	{ "a '' b", "a||b|" },
	/* What a shell would do more. */
	{ "$HOME `id` $(id) *", "$HOME|`id`|$(id)|*|" },
	{ "a;b a|b", "a;b|a|b|" },
	{ "end\\", "end\\|" },
};

static void test_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(splits); i++) {
		_cleanup_(words_deinit) struct words words = { 0 };
		char joined[256] = "";

		assert_int_equal(words_split(&words, splits[i].text, NULL), 0);
		for (size_t k = 0; k < words.count; k++)
			(void)snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined),
				       "%s|", words.list[k]);
		assert_string_equal(joined, splits[i].words);
		if (words.count)
			assert_null(words.list[words.count]);
	}
}

static void test_open_quote(void **state)
{
	static const char *const texts[] = { "'", "a \"b", "it's", "\"a\\\"" };
	_cleanup_(words_deinit) struct words words = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(words_split(&words, texts[i], &e), -EINVAL);
		assert_non_null(strstr(e.text, texts[i]));
	}
}

static void test_add_and_append(void **state)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	_cleanup_(words_deinit) struct words more = { 0 };

	(void)state;
	assert_int_equal(words_append(&words, &more, NULL), 0);
	assert_null(words.list);
	assert_int_equal(words_add(&more, NULL, "--bind=%s:%s", "/a b", "/c"), 0);
	assert_int_equal(words_add(&words, NULL, "first"), 0);
	assert_int_equal(words_append(&words, &more, NULL), 0);
	assert_int_equal(words.count, 2);
	assert_string_equal(words.list[1], "--bind=/a b:/c");
	assert_null(words.list[2]);
}

static void joined_words_are_read_again(void **state)
{
	static const char *const words[] = { "plain",         "",     "a b", "q\"uo'te",
					     "back\\slash\\", "\ttab" };
	_cleanup_(words_deinit) struct words before = { 0 }, after = { 0 };
	_cleanup_(freep) char *text = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(words_add(&before, NULL, "%s", words[i]), 0);
	assert_int_equal(words_join(&before, &text, NULL), 0);
	assert_int_equal(words_split(&after, text, NULL), 0);
	assert_int_equal(after.count, ARRAY_SIZE(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_string_equal(after.list[i], words[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_open_quote),
		cmocka_unit_test(test_add_and_append),
		cmocka_unit_test(joined_words_are_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
