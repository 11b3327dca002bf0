/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/verb.h"

/**
 * options_dump - print the options of a table behind a tab
 * @table: borrowed; NULL for none
 */
static void options_dump(const struct option_table *table)
{
	putchar('\t');
	for (size_t i = 0; table && i < table->count; i++) {
		const struct option_spec *row = &table->specs[i];

		printf("%s--%s%s", i ? " " : "", row->name, row->argument ? "=" : "");
		if (row->letter)
			printf(" -%c", row->letter);
	}
	putchar('\n');
}

/**
 * verb_complete - print every command and its options, one command a line
 * @in: not used
 * @e: not used
 *
 * Fields are parted by tabs: command, arguments, summary, options, a value being marked with "=".
 * The first line, with an empty command, has the options of every command.
 *
 * Returns 0.
 */
int verb_complete(const struct invocation *in, struct error *e)
{
	(void)in;
	(void)e;
	printf("\t\t");
	options_dump(&session_options);
	for (size_t i = 0; i < n_verbs; i++) {
		char title[64];

		if (verbs[i].group == GROUP_HIDDEN)
			continue;
		printf("%s\t%s\t%s", verb_title(&verbs[i], title, sizeof(title)),
		       verbs[i].arguments, verbs[i].summary);
		options_dump(verbs[i].options);
	}
	return 0;
}
