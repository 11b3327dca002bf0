/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/column.h"
#include "cli/completion.h"
#include "cli/verb.h"

/**
 * options_dump - print the options of a table
 * @table: borrowed; NULL for none
 * @before: what stands before the first one
 */
static void options_dump(const struct option_table *table, const char *before)
{
	for (size_t i = 0; table && i < table->count; i++) {
		const struct option_spec *row = &table->specs[i];

		printf("%s--%s%s", i ? " " : before, row->name, row->argument ? "=" : "");
		if (row->letter)
			printf(" -%c", row->letter);
	}
}

/**
 * listing_dump - print what a listing is in JSON: the key of its array, and those of a row
 * @listing: borrowed; NULL for none
 * @before: what stands before it
 */
static void listing_dump(const struct listing *listing, const char *before)
{
	char key[32];

	if (!listing)
		return;
	printf("%s%s:", before, listing->key);
	for (size_t i = 0; i < listing->n_columns; i++)
		printf("%s%s", i ? "," : "", column_key(&listing->columns[i], key));
}

/**
 * verb_complete - print what may stand in place of the last of some words, for shells
 * @in: the call, borrowed
 * @e: not used
 *
 * Without any, every command and its options, one command a line. Fields are parted by tabs: command,
 * arguments, summary, options, a value being marked with "=", and what it lists. The first line, with an
 * empty command, has the options of every command.
 *
 * Returns 0.
 */
int verb_complete(const struct invocation *in, struct error *e)
{
	(void)e;
	if (in->n_arguments) {
		completion_print(in->session, in->arguments, in->n_arguments);
		return 0;
	}
	printf("\t\t\t");
	options_dump(&session_options, "");
	putchar('\n');
	for (size_t i = 0; i < n_verbs; i++) {
		char title[64];

		if (verbs[i].group == GROUP_HIDDEN)
			continue;
		printf("%s\t%s\t%s\t", verb_title(&verbs[i], title, sizeof(title)),
		       verbs[i].arguments, verbs[i].summary);
		options_dump(verbs[i].options, "");
		options_dump(verbs[i].shared, verbs[i].options ? " " : "");
		putchar('\t');
		listing_dump(verbs[i].listing, "");
		listing_dump(verbs[i].also, " ");
		putchar('\n');
	}
	return 0;
}
