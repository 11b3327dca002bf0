/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/column.h"

#define LEFT_WIDTH  28 /* of the column of commands and options */
#define GROUP_WIDTH 25 /* of that of groups */
#define LINE_WIDTH  80 /* that of a terminal nobody has made wider */

/* Text that goes on until the line is full. */
struct flow {
	size_t column; /* where on the line it is */
	size_t indent; /* where the next line begins */
};

/**
 * flow_print - print text, and begin a new line at the blank before what does not fit
 * @flow: changed
 * @text: borrowed
 */
static void flow_print(struct flow *flow, const char *text)
{
	while (*text) {
		size_t blanks = strspn(text, " ");
		size_t length = strcspn(text + blanks, " ");

		if (blanks && flow->column + blanks + length > LINE_WIDTH) {
			printf("\n%*s", (int)flow->indent, "");
			flow->column = flow->indent;
			text += blanks;
			blanks = 0;
		}
		printf("%.*s", (int)(blanks + length), text);
		flow->column += blanks + length;
		text += blanks + length;
	}
}

/**
 * row_print - print what something is called, and beside it what it means
 * @left: borrowed; where it is too long, what it means stands below
 * @text: borrowed
 */
static void row_print(const char *left, const char *text)
{
	struct flow flow = { 0, LEFT_WIDTH + 3 };

	if (strlen(left) > LEFT_WIDTH)
		printf("  %s\n%*s", left, (int)flow.indent, "");
	else
		printf("  %-*s ", LEFT_WIDTH, left);
	flow.column = flow.indent;
	flow_print(&flow, text);
	putchar('\n');
}

/**
 * options_print - the options of a table, one a line, but for those that are passed on
 * @table: borrowed; NULL for none
 */
static void options_print(const struct option_table *table)
{
	for (size_t i = 0; table && i < table->count; i++) {
		const struct option_spec *row = &table->specs[i];
		char left[128], letter[4] = "   ";

		if (row->kind >= OPTION_PASS)
			continue;
		if (row->letter)
			(void)snprintf(letter, sizeof(letter), "-%c,", row->letter);
		(void)snprintf(left, sizeof(left), "%s --%s%s%s", letter, row->name,
			       row->argument ? " " : "", row->argument ? row->argument : "");
		row_print(left, row->help);
	}
}

/**
 * options_name - name the options of a table, on as few lines as it takes
 * @title: stands before them, borrowed
 * @table: borrowed
 * @kind: those of this kind and of the kinds behind it
 */
static void options_name(const char *title, const struct option_table *table, enum option_kind kind)
{
	struct flow flow = { 0, 4 };
	const char *before = "";
	char word[128];

	for (size_t i = 0; table && i < table->count; i++) {
		const struct option_spec *row = &table->specs[i];

		if (row->kind < kind)
			continue;
		if (!before[0])
			flow_print(&flow, title);
		(void)snprintf(word, sizeof(word), "%s --%s%s%s", before, row->name,
			       row->argument ? " " : "", row->argument ? row->argument : "");
		flow_print(&flow, word);
		before = ",";
	}
	if (before[0])
		putchar('\n');
}

/**
 * choices_print - name what OPTION in the arguments of a verb may be
 * @verb: borrowed
 */
static void choices_print(const struct verb *verb)
{
	struct flow flow = { 0, 4 };
	const char *name;
	char word[64];

	if (!verb->choices)
		return;
	putchar('\n');
	flow_print(&flow, "OPTION is one of:");
	for (size_t i = 0; (name = verb->choices(i)); i++) {
		(void)snprintf(word, sizeof(word), "%s %s", i ? "," : "", name);
		flow_print(&flow, word);
	}
	putchar('\n');
}

/**
 * columns_print - the columns of a listing, one a line; the usual ones have a star
 * @listing: borrowed
 */
static void columns_print(const struct listing *listing)
{
	char left[64];

	printf("\nColumns for --output (* without it):\n");
	for (size_t i = 0; i < listing->n_columns; i++) {
		const struct column *column = &listing->columns[i];

		(void)snprintf(left, sizeof(left), "%c %s",
			       column->rank == COLUMN_EXTRA ? ' ' : '*', column->name);
		row_print(left, column->help);
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
		options_name("  For Nix, as they are:", verb->shared, OPTION_PASS);
	}
	choices_print(verb);
	if (verb->listing)
		columns_print(verb->listing);
	putchar('\n');
	options_name("Options of every command:", &session_options, OPTION_FLAG);
	return 0;
}

/**
 * help_noun - show the commands behind one noun
 * @session: borrowed
 * @noun: borrowed
 */
int help_noun(const struct session *session, const char *noun)
{
	char title[64], left[128];

	printf("Usage: %s [OPTION...] %s COMMAND [ARGUMENT...]\n\n", session->program, noun);
	for (size_t i = 0; i < n_verbs; i++) {
		if (verbs[i].group == GROUP_HIDDEN || !verb_has_noun(&verbs[i], noun))
			continue;
		(void)snprintf(left, sizeof(left), "%s %s",
			       verb_title(&verbs[i], title, sizeof(title)), verbs[i].arguments);
		row_print(left, verbs[i].summary);
	}
	putchar('\n');
	options_name("Options of every command:", &session_options, OPTION_FLAG);
	return 0;
}

/**
 * group_print - name the verbs of a group, those behind each noun on a line of their own, those behind
 *               none at the end of one
 * @group: one that is shown
 */
static void group_print(enum verb_group group)
{
	struct flow flow = { GROUP_WIDTH, GROUP_WIDTH };
	const struct verb *last = NULL;
	char word[96];

	printf("%-*s", GROUP_WIDTH, verb_group_title(group));
	for (size_t i = 0; i < n_verbs; i++) {
		const struct verb *verb = &verbs[i];
		bool goes_on =
			last && (verb->noun && last->noun ? strcmp(verb->noun, last->noun) == 0
							  : verb->noun == last->noun);

		if (verb->group != group)
			continue;
		if (last && !goes_on && verb->noun) {
			printf("\n%*s", GROUP_WIDTH, "");
			flow.column = GROUP_WIDTH;
		}
		(void)snprintf(word, sizeof(word), "%s%s%s%s",
			       goes_on               ? ", "
			       : last && !verb->noun ? "; "
						     : "",
			       goes_on || !verb->noun ? "" : verb->noun,
			       goes_on || !verb->noun ? "" : " ", verb->name);
		flow_print(&flow, word);
		last = verb;
	}
	putchar('\n');
}

/**
 * help_all - name every command, grouped by what a person wants to do; it fits a screen
 * @session: borrowed
 */
int help_all(const struct session *session)
{
	printf("Usage: %s [OPTION...] COMMAND [ARGUMENT...]\n"
	       "NixOS-style containers whose network works.\n\n",
	       session->program);
	for (unsigned group = 0; group < VERB_GROUPS; group++)
		group_print((enum verb_group)group);
	putchar('\n');
	options_name("Options:", &session_options, OPTION_FLAG);
	printf("%s COMMAND --help explains one command, or those behind net, nat, ipam.\n",
	       session->program);
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
