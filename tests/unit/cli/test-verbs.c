/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "cli/column.h"
#include "cli/verb.h"

#define HELP_WIDTH 72 /* of a summary or the help of an option or a column */

/**
 * expect_sentence - check the form of a text of --help
 * @text: lower case, no full stop, one line; abbreviations may be upper case
 */
static void expect_sentence(const char *text)
{
	size_t length = strlen(text);

	assert_in_range(length, 5, HELP_WIDTH);
	assert_false(isupper((unsigned char)text[0]) && islower((unsigned char)text[1]));
	assert_true(text[length - 1] != '.');
	assert_null(strpbrk(text, "\t\n"));
}

/**
 * expect_options - check that rows are complete, unlike each other, and fit their struct
 * @table: the rows; NULL for none
 */
static void expect_options(const struct option_table *table)
{
	static const size_t sizes[] = {
		[OPTION_FLAG] = sizeof(bool),
		[OPTION_TEXT] = sizeof(const char *),
		[OPTION_DATA] = sizeof(const char *),
		[OPTION_LIST] = sizeof(struct option_list),
		[OPTION_PASS] = sizeof(struct option_passed),
		[OPTION_PASS_PAIR] = sizeof(struct option_passed),
	};

	for (size_t i = 0; table && i < table->count; i++) {
		const struct option_spec *row = &table->specs[i];

		expect_sentence(row->help);
		assert_true(row->kind == OPTION_PASS ||
			    (row->kind == OPTION_FLAG) == (row->argument == NULL));
		assert_true(row->offset + sizes[row->kind] <= table->size);
		for (size_t j = 0; j < i; j++) {
			const struct option_spec *other = &table->specs[j];

			assert_string_not_equal(row->name, other->name);
			assert_true(!row->letter || row->letter != other->letter);
			/* What is passed on all goes to one list, in its order. */
			assert_true(row->offset >= other->offset + sizes[other->kind] ||
				    row->offset + sizes[row->kind] <= other->offset ||
				    (row->kind >= OPTION_PASS && row->offset == other->offset));
		}
	}
}

/**
 * verbs_are_complete - each has what dispatch and --help need
 * @state: not used
 */
static void verbs_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_verbs; i++) {
		const struct verb *verb = &verbs[i];

		assert_non_null(verb->name);
		assert_non_null(verb->arguments);
		assert_non_null(verb->run);
		expect_sentence(verb->summary);
		assert_true(verb->min <= verb->max);
		/* What begins with a dash is an option one cannot do without. */
		assert_int_equal(verb->max > 0, verb->arguments[0] && verb->arguments[0] != '-');
		assert_in_range(verb->group, 0, GROUP_HIDDEN);
	}
}

/**
 * verbs_are_unique - and found under their own name only
 * @state: not used
 */
static void verbs_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_verbs; i++) {
		assert_ptr_equal(verb_find(verbs[i].noun, verbs[i].name), &verbs[i]);
		if (verbs[i].noun) {
			assert_true(verb_is_noun(verbs[i].noun));
			assert_null(verb_find(NULL, verbs[i].noun));
		} else {
			assert_false(verb_is_noun(verbs[i].name));
		}
	}
}

/**
 * groups_are_used - and stand together in the table, so that --help reads as the table does
 * @state: not used
 */
static void groups_are_used(void **state)
{
	unsigned seen[GROUP_HIDDEN + 1] = { 0 };

	(void)state;
	for (size_t i = 0; i < n_verbs; i++) {
		assert_true(i == 0 || verbs[i].group >= verbs[i - 1].group);
		seen[verbs[i].group]++;
	}
	for (unsigned group = 0; group < VERB_GROUPS; group++) {
		assert_in_range(seen[group], 1, 9);
		assert_string_not_equal(verb_group_title((enum verb_group)group), "For programs");
	}
}

/**
 * expect_unlike - check that no option of one table is called like one of another
 * @a, @b: the tables; NULL for none
 */
static void expect_unlike(const struct option_table *a, const struct option_table *b)
{
	for (size_t i = 0; a && b && i < a->count; i++)
		for (size_t j = 0; j < b->count; j++) {
			const struct option_spec *one = &a->specs[i], *other = &b->specs[j];

			assert_string_not_equal(one->name, other->name);
			assert_true(!one->letter || one->letter != other->letter);
		}
}

/**
 * options_are_complete - those of the verbs beside those they share and those of every command
 * @state: not used
 */
static void options_are_complete(void **state)
{
	(void)state;
	expect_options(&session_options);
	for (size_t i = 0; i < n_verbs; i++) {
		const struct option_table *own = verbs[i].options, *shared = verbs[i].shared;

		expect_options(own);
		expect_options(shared);
		assert_in_range((own ? own->count : 0) + (shared ? shared->count : 0) +
					session_options.count,
				1, OPTIONS_MAX);
		expect_unlike(own, shared);
		expect_unlike(own, &session_options);
		expect_unlike(shared, &session_options);
	}
}

/**
 * listings_are_complete - each verb that has -o has columns, unlike each other, some of them usual
 * @state: not used
 */
static void listings_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_verbs; i++) {
		const struct listing *listing = verbs[i].listing;
		bool output = false;
		size_t standard = 0;

		for (size_t j = 0; verbs[i].options && j < verbs[i].options->count; j++)
			output |= strcmp(verbs[i].options->specs[j].name, "output") == 0;
		assert_int_equal(output, listing != NULL);
		if (!listing)
			continue;
		assert_in_range(listing->n_columns, 1, COLUMNS_MAX);
		for (size_t j = 0; j < listing->n_columns; j++) {
			expect_sentence(listing->columns[j].help);
			assert_true(listing->columns[j].offset < listing->row_size);
			standard += listing->columns[j].rank != COLUMN_EXTRA;
			for (size_t k = 0; k < j; k++)
				assert_string_not_equal(listing->columns[j].name,
							listing->columns[k].name);
		}
		assert_in_range(standard, 1, listing->n_columns);
	}
}

/**
 * main - run the tests of cli/verb.c and the tables it reads
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_are_complete),    cmocka_unit_test(verbs_are_unique),
		cmocka_unit_test(groups_are_used),       cmocka_unit_test(options_are_complete),
		cmocka_unit_test(listings_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
