/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/option.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "base/suggestion.h"

/* Values getopt_long() returns for rows: beyond every letter. */
#define ROW_BASE 256

/* What getopt_long() is given, and the rows it stands for. */
struct parser {
	const struct option_spec *rows[OPTIONS_MAX];
	void *values[OPTIONS_MAX]; /* the struct each row fills */
	size_t count;
	struct option longs[OPTIONS_MAX + 1];
	char letters[2 + 2 * OPTIONS_MAX + 1];
};

/**
 * parser_build - translate tables of options into what getopt_long() reads
 * @parser: filled
 * @targets, @n_targets: the tables, borrowed
 * @order: where options may stand
 *
 * Rows beyond OPTIONS_MAX are left away; a unit test sees to it that there are none.
 */
static void parser_build(struct parser *parser, const struct option_target *targets,
			 size_t n_targets, enum option_order order)
{
	char *letter = parser->letters;

	*parser = (struct parser){ 0 };
	if (order == OPTIONS_FIRST)
		*letter++ = '+';
	*letter++ = ':';
	for (size_t t = 0; t < n_targets; t++) {
		const struct option_table *table = targets[t].table;

		for (size_t i = 0; table && i < table->count && parser->count < OPTIONS_MAX; i++) {
			const struct option_spec *row = &table->specs[i];
			size_t at = parser->count++;

			parser->rows[at] = row;
			parser->values[at] = targets[t].values;
			parser->longs[at] = (struct option){
				.name = row->name,
				.has_arg = row->argument ? required_argument : no_argument,
				.val = ROW_BASE + (int)at,
			};
			if (!row->letter)
				continue;
			*letter++ = row->letter;
			if (row->argument)
				*letter++ = ':';
		}
	}
}

/**
 * parser_row - the row a value of getopt_long() stands for
 * @parser: borrowed
 * @value: what it returned, or optopt
 *
 * Returns its index, or the number of rows when there is none.
 */
static size_t parser_row(const struct parser *parser, int value)
{
	if (value >= ROW_BASE)
		return (size_t)(value - ROW_BASE);
	for (size_t i = 0; i < parser->count; i++)
		if (value != 0 && parser->rows[i]->letter == value)
			return i;
	return parser->count;
}

/**
 * option_list_add - take the values of one option apart at the commas
 * @list: they are added to it
 * @name: of the option, for the message
 * @text: as given; the commas are overwritten
 * @e: says what is wrong
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int option_list_add(struct option_list *list, const char *name, char *text, struct error *e)
{
	for (char *value = strsep(&text, ","); value; value = strsep(&text, ",")) {
		if (!value[0])
			return error_set(e, ERROR_USAGE, EINVAL, "option '--%s' has an empty value",
					 name);
		if (list->count == OPTION_LIST_MAX)
			return error_set(e, ERROR_USAGE, E2BIG,
					 "option '--%s' has more than %d values", name,
					 OPTION_LIST_MAX);
		list->values[list->count++] = value;
	}
	return 0;
}

/**
 * option_pass - keep an option for somebody else
 * @passed: it is added
 * @name: of the option
 * @first, @second: its values, borrowed from argv, NULL where there is none
 * @e: says what is wrong
 *
 * Returns 0, or -E2BIG with class ERROR_USAGE.
 */
static int option_pass(struct option_passed *passed, const char *name, const char *first,
		       const char *second, struct error *e)
{
	if (passed->count == OPTION_PASSED_MAX)
		return error_set(e, ERROR_USAGE, E2BIG,
				 "there are more than %d options for another program",
				 OPTION_PASSED_MAX);
	passed->list[passed->count].name = name;
	passed->list[passed->count].values[0] = first;
	passed->list[passed->count].values[1] = second;
	passed->count++;
	return 0;
}

/**
 * option_second - the second value of an option that has two
 * @row: borrowed; another option has none
 * @argc, @argv: as getopt_long() has them
 * @ret_value: the value, borrowed from @argv, or NULL
 * @e: says that it is missing
 *
 * getopt_long() goes on behind it.
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int option_second(const struct option_spec *row, int argc, char **argv,
			 const char **ret_value, struct error *e)
{
	*ret_value = NULL;
	if (row->kind != OPTION_PASS_PAIR)
		return 0;
	if (optind >= argc)
		return error_set(e, ERROR_USAGE, EINVAL, "option '--%s' needs two values, %s",
				 row->name, row->argument);
	*ret_value = argv[optind++];
	return 0;
}

/**
 * option_store - put what was given into the field of a row
 * @row: borrowed
 * @values: the struct it fills
 * @text: the value, borrowed from argv; NULL for a flag
 * @second: the second one; NULL where there is none
 * @e: says what is wrong
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int option_store(const struct option_spec *row, void *values, char *text, const char *second,
			struct error *e)
{
	void *field = (char *)values + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_TEXT:
		if (!text[0])
			return error_set(e, ERROR_USAGE, EINVAL, "option '--%s' has an empty value",
					 row->name);
		*(const char **)field = text;
		return 0;
	case OPTION_DATA:
		*(const char **)field = text;
		return 0;
	case OPTION_LIST:
		return option_list_add(field, row->name, text, e);
	case OPTION_PASS:
	case OPTION_PASS_PAIR:
		return option_pass(field, row->name, text, second, e);
	}
	return 0;
}

/**
 * unknown_letter - say that there is no such short option
 * @letter: as given
 * @e: filled
 *
 * Returns -EINVAL.
 */
static int unknown_letter(int letter, struct error *e)
{
	return error_set(e, ERROR_USAGE, EINVAL, "there is no option '-%c'", letter);
}

/**
 * unknown_name - say that there is no such long option, or that it could be several
 * @parser: borrowed
 * @word: the argument, "--name" or "--name=value", borrowed
 * @e: filled
 *
 * Returns -EINVAL.
 */
static int unknown_name(const struct parser *parser, const char *word, struct error *e)
{
	size_t length = strcspn(word, "=");
	struct suggestion suggestion;
	char name[64] = "";

	if (length > 2 && length - 2 < sizeof(name))
		memcpy(name, word + 2, length - 2);
	suggestion_init(&suggestion, name);
	for (size_t i = 0; i < parser->count; i++) {
		if (name[0] && strncmp(parser->rows[i]->name, name, length - 2) == 0)
			return error_set(e, ERROR_USAGE, EINVAL,
					 "option '%.*s' is short for more than one option",
					 (int)length, word);
		suggestion_try(&suggestion, parser->rows[i]->name);
	}
	if (suggestion.best)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "there is no option '%.*s'; did you mean '--%s'?", (int)length,
				 word, suggestion.best);
	return error_set(e, ERROR_USAGE, EINVAL, "there is no option '%.*s'", (int)length, word);
}

/**
 * option_mistake - say what getopt_long() did not like
 * @parser: borrowed
 * @code: what it returned: ':' or '?'
 * @word: the argument it stopped behind, borrowed
 * @e: filled
 *
 * Returns -EINVAL.
 */
static int option_mistake(const struct parser *parser, int code, const char *word, struct error *e)
{
	size_t row = parser_row(parser, optopt);

	if (row == parser->count)
		return optopt ? unknown_letter(optopt, e) : unknown_name(parser, word, e);
	if (code == ':')
		return error_set(e, ERROR_USAGE, EINVAL, "option '--%s' needs a value, %s",
				 parser->rows[row]->name, parser->rows[row]->argument);
	return error_set(e, ERROR_USAGE, EINVAL, "option '--%s' takes no value",
			 parser->rows[row]->name);
}

/**
 * options_parse - read options into structs
 * @argc, @argv: the arguments behind argv[0], which is skipped; put in order: options first
 * @targets, @n_targets: the options there are and the structs they fill
 * @order: where options may stand
 * @ret_index: where in @argv the arguments begin; written on failure too
 * @e: says what is wrong with the first bad one
 *
 * A bad option does not end the reading, so that a --json behind it still counts.
 *
 * Returns 0, or -errno with class ERROR_USAGE.
 */
int options_parse(int argc, char **argv, const struct option_target *targets, size_t n_targets,
		  enum option_order order, int *ret_index, struct error *e)
{
	struct parser parser;
	int code, first = 0;

	parser_build(&parser, targets, n_targets, order);
	opterr = 0;
	optind = 0; /* glibc: forget the last vector and its order */
	while ((code = getopt_long(argc, argv, parser.letters, parser.longs, NULL)) != -1) {
		struct error *slot = first < 0 ? NULL : e;
		size_t row = parser_row(&parser, code);
		const char *second;
		int r;

		if (row == parser.count)
			r = option_mistake(&parser, code, argv[optind - 1], slot);
		else
			r = option_second(parser.rows[row], argc, argv, &second, slot);
		if (r == 0)
			r = option_store(parser.rows[row], parser.values[row], optarg, second,
					 slot);
		if (first == 0)
			first = r;
	}
	*ret_index = optind;
	return first;
}
