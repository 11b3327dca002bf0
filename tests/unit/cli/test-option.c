/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/option.h"

struct values {
	bool flag;
	const char *text;
	struct option_list list;
	const char *data;
	struct option_passed passed;
};

static const struct option_spec specs[] = {
	{ "flag", 'f', OPTION_FLAG, offsetof(struct values, flag), NULL, "a flag" },
	{ "text", 't', OPTION_TEXT, offsetof(struct values, text), "TEXT", "a text" },
	{ "text6", 0, OPTION_TEXT, offsetof(struct values, text), "TEXT", "another" },
	{ "list", 'l', OPTION_LIST, offsetof(struct values, list), "ITEM,...", "a list" },
	{ "data", 0, OPTION_DATA, offsetof(struct values, data), "TEXT", "a text or none" },
	{ "bare", 0, OPTION_PASS, offsetof(struct values, passed), NULL, "passed on" },
	{ "single", 0, OPTION_PASS, offsetof(struct values, passed), "A",
	  "passed on with a value" },
	{ "two", 0, OPTION_PASS_PAIR, offsetof(struct values, passed), "A B", "with two values" },
};

static const struct option_table table = OPTION_TABLE(specs, struct values);

/* One command line, and what became of it. */
struct run {
	char line[512];
	char *argv[64];
	int argc;
	struct values values;
	int index;
	struct error e;
};

/**
 * run_line - read a command line
 * @run: filled
 * @order: where options may stand
 * @line: words with one blank between them
 *
 * Returns what options_parse() returned.
 */
static int run_line(struct run *run, enum option_order order, const char *line)
{
	const struct option_target target = { &table, &run->values };
	char *rest;

	memset(run, 0, sizeof(*run));
	(void)snprintf(run->line, sizeof(run->line), "%s", line);
	rest = run->line;
	for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
		run->argv[run->argc++] = word;
	return options_parse(run->argc, run->argv, &target, 1, order, &run->index, &run->e);
}

/**
 * expect_mistake - check that a line is refused
 * @line: the command line
 * @text: the message
 */
static void expect_mistake(const char *line, const char *text)
{
	struct run run;

	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, line), -EINVAL);
	assert_int_equal(run.e.class, ERROR_USAGE);
	assert_string_equal(run.e.text, text);
}

/**
 * fields_are_filled - by long and short options, before and behind arguments
 * @state: not used
 */
static void fields_are_filled(void **state)
{
	struct run run;

	(void)state;
	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, "x one --text=a two -f --text b -l i,j"),
			 0);
	assert_true(run.values.flag);
	assert_string_equal(run.values.text, "b");
	assert_int_equal(run.values.list.count, 2);
	assert_string_equal(run.values.list.values[1], "j");
	assert_int_equal(run.argc - run.index, 2);
	assert_string_equal(run.argv[run.index], "one");
}

/**
 * lists_grow - when given again
 * @state: not used
 */
static void lists_grow(void **state)
{
	struct run run;

	(void)state;
	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, "x --list a --list b,c"), 0);
	assert_int_equal(run.values.list.count, 3);
	assert_string_equal(run.values.list.values[2], "c");
}

/**
 * first_argument_may_end_options - for commands of somebody else
 * @state: not used
 */
static void first_argument_may_end_options(void **state)
{
	struct run run;

	(void)state;
	assert_int_equal(run_line(&run, OPTIONS_FIRST, "x --flag NAME ls -l --text"), 0);
	assert_true(run.values.flag);
	assert_int_equal(run.values.list.count, 0);
	assert_string_equal(run.argv[run.index], "NAME");
	assert_int_equal(run.argc - run.index, 4);
}

/**
 * options_are_passed_on - in their order, with all their values, wherever they stand
 * @state: not used
 */
static void options_are_passed_on(void **state)
{
	const struct option_passed *passed;
	struct run run;

	(void)state;
	assert_int_equal(
		run_line(&run, OPTIONS_ANYWHERE,
			 "x first --two a --bare --single= second --bare --two=  -f third"),
		0);
	passed = &run.values.passed;
	assert_int_equal(passed->count, 4);
	assert_string_equal(passed->list[0].name, "two");
	assert_string_equal(passed->list[0].values[0], "a");
	assert_string_equal(passed->list[0].values[1], "--bare");
	assert_string_equal(passed->list[1].name, "single");
	assert_string_equal(passed->list[1].values[0], "");
	assert_null(passed->list[1].values[1]);
	assert_null(passed->list[2].values[0]);
	assert_string_equal(passed->list[3].values[0], "");
	assert_string_equal(passed->list[3].values[1], "");
	assert_true(run.values.flag);
	assert_int_equal(run.argc - run.index, 3);
	assert_string_equal(run.argv[run.index], "first");
	assert_string_equal(run.argv[run.index + 2], "third");
}

/**
 * data_may_be_empty - unlike other texts
 * @state: not used
 */
static void data_may_be_empty(void **state)
{
	struct run run;

	(void)state;
	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, "x --data="), 0);
	assert_string_equal(run.values.data, "");
}

/**
 * mistakes_are_named - each kind in its own words
 * @state: not used
 */
static void mistakes_are_named(void **state)
{
	(void)state;
	expect_mistake("x --flga", "there is no option '--flga'; did you mean '--flag'?");
	expect_mistake("x --frobnicate=1", "there is no option '--frobnicate'");
	expect_mistake("x -z", "there is no option '-z'");
	expect_mistake("x --text", "option '--text' needs a value, TEXT");
	expect_mistake("x -t", "option '--text' needs a value, TEXT");
	expect_mistake("x --text=", "option '--text' has an empty value");
	expect_mistake("x --two", "option '--two' needs a value, A B");
	expect_mistake("x --two a", "option '--two' needs two values, A B");
	expect_mistake("x --bare=a", "option '--bare' takes no value");
	expect_mistake("x --flag=yes", "option '--flag' takes no value");
	expect_mistake("x --te a", "option '--te' is short for more than one option");
	expect_mistake("x --list a,,b", "option '--list' has an empty value");
}

/**
 * first_mistake_counts - and what stands behind it is still read
 * @state: not used
 */
static void first_mistake_counts(void **state)
{
	struct run run;

	(void)state;
	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, "x --nope --text --flag"), -EINVAL);
	assert_string_equal(run.e.text, "there is no option '--nope'");
	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, "x --nope -z --flag"), -EINVAL);
	assert_string_equal(run.e.text, "there is no option '--nope'");
	assert_true(run.values.flag);
}

/**
 * lists_are_limited - instead of written past their end
 * @state: not used
 */
static void lists_are_limited(void **state)
{
	char line[200] = "x --list a";
	struct run run;

	(void)state;
	for (int i = 1; i < OPTION_LIST_MAX; i++)
		memcpy(line + strlen(line), ",a", 3);
	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, line), 0);
	assert_int_equal(run.values.list.count, OPTION_LIST_MAX);
	memcpy(line + strlen(line), ",a", 3);
	assert_int_equal(run_line(&run, OPTIONS_ANYWHERE, line), -E2BIG);
	assert_int_equal(run.e.class, ERROR_USAGE);
	assert_int_equal(run.values.list.count, OPTION_LIST_MAX);
}

/**
 * main - run the tests of cli/option.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_filled),
		cmocka_unit_test(lists_grow),
		cmocka_unit_test(first_argument_may_end_options),
		cmocka_unit_test(options_are_passed_on),
		cmocka_unit_test(data_may_be_empty),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(first_mistake_counts),
		cmocka_unit_test(lists_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
