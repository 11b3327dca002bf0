/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "graph/escape.h"

/* A text, and what it is in a file of XML and of Graphviz; columns that it takes. */
static const struct {
	const char *text, *xml, *dot;
	size_t columns;
} texts[] = {
	{ "", "", "", 0 },
	{ "eth0", "eth0", "eth0", 4 },
	{ "<&>\"'\\", "&#60;&#38;&#62;&#34;&#39;\\", "<&>\\\"'\\\\", 6 },
	{ "größe", "größe", "größe", 5 },
	{ "網", "網", "網", 2 },
	{ "a\nb\x7f", "a\\x0ab\\x7f", "a\\\\x0ab\\\\x7f", 10 },
	{ "\xff", "\\xff", "\\\\xff", 4 },
	{ "\x80x", "\\x80x", "\\\\x80x", 5 },
	/* Cut short, longer than it has to be, half of a pair, beyond Unicode, no character. */
	{ "\xc3", "\\xc3", "\\\\xc3", 4 },
	{ "\xc0\xaf", "\\xc0\\xaf", "\\\\xc0\\\\xaf", 8 },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80", 12 },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80", 16 },
	{ "\xef\xbf\xbf", "\\xef\\xbf\\xbf", "\\\\xef\\\\xbf\\\\xbf", 12 },
	/* U+202E turns the direction of writing. Not in one literal: the checker would object. */
	{ (const char[]){ '\xe2', '\x80', '\xae', '\0' }, "\\xe2\\x80\\xae",
	  "\\\\xe2\\\\x80\\\\xae", 12 },
};

/* What is written of a text; with so much room in XML, or for Graphviz where there is none. */
static char *written(const char *text, size_t columns)
{
	char *result = NULL;
	size_t length;
	FILE *out = open_memstream(&result, &length);

	assert_non_null(out);
	if (columns)
		escape_xml(out, text, columns);
	else
		escape_dot(out, text);
	assert_int_equal(fclose(out), 0);
	return result;
}

static void texts_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *xml = written(texts[i].text, ESCAPE_ALL), *dot = written(texts[i].text, 0);

		assert_string_equal(xml, texts[i].xml);
		assert_string_equal(dot, texts[i].dot);
		assert_int_equal(escape_width(texts[i].text), texts[i].columns);
		free(xml);
		free(dot);
	}
}

static void wide_texts_are_cut(void **state)
{
	static const char *const cut[] = { "…", "a…", "ab…", "abcd" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char *shown = written("abcd", i + 1);

		assert_string_equal(shown, cut[i]);
		free(shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(wide_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
