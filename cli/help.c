/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/help.h"

#include <stdio.h>

#include "cli/column.h"

#define LEFT_WIDTH 28 /* of the column of commands and options */

/**
 * options_print - the options of a table, one a line
 * @table: borrowed; NULL for none
 */
static void options_print(const struct option_table *table)
{
	for (size_t i = 0; table && i < table->count; i++) {
		const struct option_spec *row = &table->specs[i];
		char left[64], letter[4] = "   ";

		if (row->letter)
			(void)snprintf(letter, sizeof(letter), "-%c,", row->letter);
		(void)snprintf(left, sizeof(left), "%s --%s %s", letter, row->name,
			       row->argument ? row->argument : "");
		printf("  %-*s %s\n", LEFT_WIDTH, left, row->help);
	}
}

/**
 * columns_print - the columns of a listing, one a line; the usual ones have a star
 * @listing: borrowed
 */
static void columns_print(const struct listing *listing)
{
	printf("\nColumns for --output (* without it):\n");
	for (size_t i = 0; i < listing->n_columns; i++) {
		const struct column *column = &listing->columns[i];

		printf("  %c %-*s %s\n", column->standard ? '*' : ' ', LEFT_WIDTH - 2, column->name,
		       column->help);
	}
}

/**
 * help_verb - explain one verb
 * @session: borrowed
 * @verb: borrowed
 */
int help_verb(const struct session *session, const struct verb *verb)
{
	bool has_options = verb->options || verb->shared;
	char title[64];

	printf("Usage: %s %s%s%s%s\n\nTo %s.\n", session->program,
	       verb_title(verb, title, sizeof(title)), has_options ? " [OPTION...]" : "",
	       verb->arguments[0] ? " " : "", verb->arguments, verb->summary);
	if (has_options) {
		printf("\nOptions:\n");
		options_print(verb->options);
		options_print(verb->shared);
	}
	if (verb->listing)
		columns_print(verb->listing);
	printf("\nOptions of every command:\n");
	options_print(&session_options);
	return 0;
}

/**
 * verb_print - one verb, on one line
 * @verb: borrowed
 */
static void verb_print(const struct verb *verb)
{
	char title[64], left[128];

	verb_title(verb, title, sizeof(title));
	(void)snprintf(left, sizeof(left), "%s %s", title, verb->arguments);
	printf("  %-*s %s\n", LEFT_WIDTH, left, verb->summary);
}

/**
 * help_noun - show the commands behind one noun
 * @session: borrowed
 * @noun: borrowed
 */
int help_noun(const struct session *session, const char *noun)
{
	printf("Usage: %s [OPTION...] %s COMMAND [ARGUMENT...]\n\n", session->program, noun);
	for (size_t i = 0; i < n_verbs; i++)
		if (verbs[i].group != GROUP_HIDDEN && verb_has_noun(&verbs[i], noun))
			verb_print(&verbs[i]);
	printf("\nOptions of every command:\n");
	options_print(&session_options);
	return 0;
}

/**
 * help_all - show every command, grouped by what a person wants to do
 * @session: borrowed
 */
int help_all(const struct session *session)
{
	printf("Usage: %s [OPTION...] COMMAND [ARGUMENT...]\n"
	       "NixOS-style containers whose network works.\n",
	       session->program);
	for (unsigned group = 0; group < VERB_GROUPS; group++) {
		printf("\n%s:\n", verb_group_title((enum verb_group)group));
		for (size_t i = 0; i < n_verbs; i++)
			if (verbs[i].group == group)
				verb_print(&verbs[i]);
	}
	printf("\nOptions, before or behind the command:\n");
	options_print(&session_options);
	return 0;
}

/**
 * help_version - say which version this is
 * @session: borrowed
 */
int help_version(const struct session *session)
{
	printf("%s %s\n", session->program, NIXCTR_NET_VERSION);
	return 0;
}
