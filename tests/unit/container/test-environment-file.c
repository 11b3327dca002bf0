/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/definitions/environment-file.h"

/* As systemd's src/basic/env-file.c reads them. */
static void values_are_read_as_systemd_reads_them(void **state)
{
	static const struct {
		const char *text;
		const char *value;
	} cases[] = {
		{ "K=plain\n", "plain" },
		{ "K=plain", "plain" },
		{ "  K = plain  \n", "plain" },
		{ "K=a b  c \t\n", "a b  c" },
		{ "K=\"quoted # ; $x\"\n", "quoted # ; $x" },
		{ "K='single \\n \"x\"'\n", "single \\n \"x\"" },
		{ "K=\"a\\\"b\\\\c\\$d\\x\"\n", "a\"b\\c$d\\x" },
		{ "K=a\\\nb\n", "ab" },
		{ "K=a\\ \n", "a " },
		{ "K=\"one\"'two'three\n", "onetwothree" },
		{ "K=\"line\nline\"\n", "line\nline" },
		{ "K=x#y\n", "x#y" },
		{ "# K=no\nK=yes\n", "yes" },
		{ "; a comment ends \\\nK=yes\n", "yes" },
		{ "K=first\nK=last\n", "last" },
		{ "junk line\nK=v\n", "v" },
		{ "K=v\r\n", "v" },
		{ "K=\"unterminated\n", "unterminated\n" },
		{ "K=", NULL },
		{ "K=\"\"\n", NULL },
		{ "KK=v\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(environment_deinit) struct environment_file file = { 0 };
		const char *value;

		assert_int_equal(
			environment_parse(cases[i].text, strlen(cases[i].text), &file, NULL), 0);
		value = environment_get(&file, "K");
		if (!cases[i].value)
			assert_null(value);
		else
			assert_string_equal(value, cases[i].value);
	}
}

/* Checks what the file would be written as. */
static void assert_text(const struct environment_file *file, const char *expected)
{
	_cleanup_(freep) char *text = NULL;
	size_t length;

	assert_int_equal(environment_format(file, &text, &length, NULL), 0);
	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
}

static void what_is_not_changed_keeps_its_bytes(void **state)
{
	static const char text[] = "# mine\n\n  ODD =  'x'  \njunk\nK=old\n; \\\n end\nLAST=1";
	_cleanup_(environment_deinit) struct environment_file file = { 0 };

	(void)state;
	assert_int_equal(environment_parse(text, strlen(text), &file, NULL), 0);
	assert_text(&file, text);
	assert_int_equal(environment_set(&file, "K", "old", NULL), 0);
	assert_text(&file, text);
	assert_int_equal(environment_set(&file, "K", "new", NULL), 1);
	assert_int_equal(environment_set(&file, "N", "v", NULL), 1);
	assert_text(&file, "# mine\n\n  ODD =  'x'  \njunk\nK=new\n; \\\n end\nLAST=1\nN=v\n");
}

static void every_value_survives_a_round_trip(void **state)
{
	static const char *const values[] = { "plain", "with blank", "q\"q",        "back\\slash",
					      "$HOME", "'",          "#",           "`x`",
					      " lead", "trail ",     "caf\xc3\xa9", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_(environment_deinit) struct environment_file file = { 0 };
		_cleanup_(environment_deinit) struct environment_file again = { 0 };
		_cleanup_(freep) char *text = NULL;
		const char *value;
		size_t length;

		assert_int_equal(environment_set(&file, "A", values[i], NULL), 1);
		assert_int_equal(environment_set(&file, "B", "behind", NULL), 1);
		assert_int_equal(environment_format(&file, &text, &length, NULL), 0);
		assert_int_equal(environment_parse(text, length, &again, NULL), 0);
		value = environment_get(&again, "A");
		assert_string_equal(value ? value : "", values[i]);
		assert_string_equal(environment_get(&again, "B"), "behind");
	}
}

static void the_last_line_decides_and_is_the_one_changed(void **state)
{
	static const char text[] = "K=1\nK=2\n";
	_cleanup_(environment_deinit) struct environment_file file = { 0 };

	(void)state;
	assert_int_equal(environment_parse(text, strlen(text), &file, NULL), 0);
	assert_int_equal(environment_set(&file, "K", "3", NULL), 1);
	assert_text(&file, "K=1\nK=3\n");
}

static void control_characters_and_nul_are_refused(void **state)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(environment_set(&file, "K", "a\nB=1", &e), -EINVAL);
	assert_int_equal(environment_set(&file, "K", "\x1b[0m", &e), -EINVAL);
	assert_int_equal(file.count, 0);
	assert_int_equal(environment_parse("K=a\0b\n", 6, &file, &e), -EINVAL);
	assert_non_null(strstr(e.text, "NUL"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_as_systemd_reads_them),
		cmocka_unit_test(what_is_not_changed_keeps_its_bytes),
		cmocka_unit_test(every_value_survives_a_round_trip),
		cmocka_unit_test(the_last_line_decides_and_is_the_one_changed),
		cmocka_unit_test(control_characters_and_nul_are_refused),
	};

	return cmocka_run_group_tests_name("environment-file", tests, NULL, NULL);
}
