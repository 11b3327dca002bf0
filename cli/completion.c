/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A shell hands over the words of a command line as far as they are typed, without the first, and gets
 * what may stand in place of the last, one candidate a line, with a tab and its meaning behind it. So
 * all shells know what the table of verbs says and nothing else, and the scripts for them have but a few
 * lines. Two lines are no candidates:
 *
 *	:files		a file of the host belongs there
 *	:command	somebody else's command line begins there
 *
 * What a value or an argument is, its name in the table tells: NAME is a container, POOL a pool of
 * addresses, LINK an interface.
 */
#include "cli/completion.h"

#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/column.h"
#include "cli/verb.h"
#include "ipam/ipam.h"

/* What is known of the words before the last. */
struct position {
	struct paths paths;
	const char *noun;
	const struct verb *verb;
	size_t n_arguments;              /* of the verb, so far */
	const struct option_spec *value; /* the option whose value comes next, or NULL */
	bool plain;                      /* "--" ended the options */
	bool asked;                      /* what follows is a command that is asked about */
	bool lost;                       /* there is no such command, or it has been named */
};

/**
 * candidate_print - print one candidate, if it begins as what is typed
 * @prefix: stands before it in its word, borrowed
 * @candidate: borrowed
 * @meaning: borrowed; may be ""
 * @typed: of the candidate, borrowed
 */
static void candidate_print(const char *prefix, const char *candidate, const char *meaning,
			    const char *typed)
{
	if (strncmp(candidate, typed, strlen(typed)) == 0)
		printf("%s%s\t%s\n", prefix, candidate, meaning);
}

/**
 * table_find - find the option that a word is
 * @table: borrowed; NULL: no options
 * @word: with its dashes, borrowed
 *
 * Returns its row, or NULL.
 */
static const struct option_spec *table_find(const struct option_table *table, const char *word)
{
	for (size_t i = 0; table && i < table->count; i++) {
		const struct option_spec *row = &table->specs[i];
		size_t length = strlen(row->name);

		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, row->name, length) == 0 &&
		    (!word[2 + length] || word[2 + length] == '='))
			return row;
		if (row->letter && word[1] == row->letter && !word[2])
			return row;
	}
	return NULL;
}

/**
 * option_find - find the option that a word is, among those that may stand there
 * @position: borrowed
 * @word: with its dashes, borrowed
 *
 * Returns its row, or NULL.
 */
static const struct option_spec *option_find(const struct position *position, const char *word)
{
	const struct verb *verb = position->verb;
	const struct option_spec *found = table_find(&session_options, word);

	if (!found && verb)
		found = table_find(verb->options, word);
	if (!found && verb)
		found = table_find(verb->shared, word);
	return found;
}

/**
 * position_option - go on over an option
 * @position: changed
 * @word: borrowed
 */
static void position_option(struct position *position, const char *word)
{
	const struct option_spec *option = option_find(position, word);
	const char *value = strchr(word, '=');

	if (strcmp(word, "--") == 0)
		position->plain = true;
	else if (option && option->argument && !value)
		position->value = option;
	else if (option && option->kind == OPTION_TEXT && strcmp(option->name, "root") == 0)
		(void)paths_init(&position->paths, value + 1, NULL);
}

/**
 * position_move - go on over a word
 * @position: changed
 * @word: borrowed
 */
static void position_move(struct position *position, const char *word)
{
	const char *noun = verb_noun_next(position->noun, word);
	const struct verb *verb;

	if (position->value) {
		if (strcmp(position->value->name, "root") == 0)
			(void)paths_init(&position->paths, word, NULL);
		position->value = NULL;
	} else if (word[0] == '-' && word[1] && !position->plain) {
		position_option(position, word);
	} else if (position->verb) {
		position->n_arguments++;
	} else if (noun) {
		position->noun = noun;
	} else {
		verb = verb_find(position->noun, word);
		position->lost = !verb || position->asked;
		position->asked = verb && verb->explains;
		position->verb = position->asked ? NULL : verb;
	}
}

/**
 * links_print - print the links of the host that are no containers'
 * @prefix, @typed: see candidate_print()
 */
static void links_print(const char *prefix, const char *typed)
{
	struct if_nameindex *links = if_nameindex();

	for (size_t i = 0; links && links[i].if_index; i++)
		if (strcmp(links[i].if_name, "lo") != 0 &&
		    strncmp(links[i].if_name, "ve-", 3) != 0 &&
		    strncmp(links[i].if_name, "vb-", 3) != 0)
			candidate_print(prefix, links[i].if_name, "", typed);
	if (links)
		if_freenameindex(links);
}

/**
 * containers_print - print the names of all containers
 * @position: borrowed
 * @typed: see candidate_print()
 *
 * What cannot be read has none that could be told.
 */
static void containers_print(const struct position *position, const char *typed)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count = 0;

	if (definition_names(&position->paths, &names, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		candidate_print("", names[i], "", typed);
}

/**
 * pools_print - print the names of all pools
 * @position: borrowed
 * @typed: see candidate_print()
 */
static void pools_print(const struct position *position, const char *typed)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) struct ipam_usage *pools = NULL;
	char prefix[PREFIX_TEXT];
	size_t count = 0;

	if (book_open(&position->paths, IPAM_READ, &ipam, NULL) < 0 ||
	    ipam_usage(ipam, &pools, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		candidate_print("", pools[i].pool, prefix_format(&pools[i].prefix, prefix), typed);
}

/**
 * columns_print - print the columns of a verb's table
 * @listing: borrowed; NULL: it has none
 * @prefix, @typed: see candidate_print()
 *
 * In lower case, as people type them.
 */
static void columns_print(const struct listing *listing, const char *prefix, const char *typed)
{
	char name[32];

	for (size_t i = 0; listing && i < listing->n_columns; i++) {
		size_t length = strnlen(listing->columns[i].name, sizeof(name) - 1);

		for (size_t j = 0; j < length; j++)
			name[j] = (char)tolower((unsigned char)listing->columns[i].name[j]);
		name[length] = '\0';
		candidate_print(prefix, name, listing->columns[i].help, typed);
	}
}

/**
 * words_print - print words that the name of an argument lists
 * @list: with "|" between them, borrowed
 * @prefix, @typed: see candidate_print()
 */
static void words_print(const char *list, const char *prefix, const char *typed)
{
	char word[32];

	while (list[0]) {
		size_t length = strcspn(list, "|");

		if (length < sizeof(word)) {
			memcpy(word, list, length);
			word[length] = '\0';
			candidate_print(prefix, word, "", typed);
		}
		list += length + (list[length] != '\0');
	}
}

/**
 * value_print - print what the value of an option may be
 * @position: borrowed
 * @option: borrowed
 * @before: what stands before the value in its word, borrowed
 * @typed: of the value, borrowed
 */
static void value_print(const struct position *position, const struct option_spec *option,
			const char *before, const char *typed)
{
	const char *comma = strrchr(typed, ',');
	char prefix[512];

	/* Of several with commas, the last is being typed. */
	(void)snprintf(prefix, sizeof(prefix), "%s%.*s", before,
		       comma ? (int)(comma + 1 - typed) : 0, typed);
	if (strcmp(option->argument, "COLUMN,...") == 0) {
		columns_print(position->verb ? position->verb->listing : NULL, prefix,
			      comma ? comma + 1 : typed);
	} else if (strcmp(option->argument, "WHOM,...") == 0) {
		for (enum coexist_party party = 0; party < COEXIST_PARTIES; party++)
			candidate_print(prefix, coexist_party_name(party), "",
					comma ? comma + 1 : typed);
	} else if (strcmp(option->argument, "LINK") == 0) {
		links_print(before, typed);
	} else if (strcmp(option->argument, "LINK,...") == 0) {
		candidate_print(prefix, "auto", "the default route", comma ? comma + 1 : typed);
		links_print(prefix, comma ? comma + 1 : typed);
	} else if (strcmp(option->argument, "KIND") == 0) {
		words_print("pair|subnet", before, typed);
	} else if (strcmp(option->argument, "json|csv") == 0) {
		words_print(option->argument, before, typed);
	} else if (strcmp(option->argument, "WHEN") == 0) {
		words_print("auto|always|never", before, typed);
	} else if (strcmp(option->argument, "FORMAT") == 0) {
		words_print("text|dot|svg", before, typed);
	} else if (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "DIR") == 0 ||
		   strcmp(option->argument, "PATH") == 0) {
		puts(":files");
	}
}

/**
 * options_print - print the options of a table
 * @table: borrowed; NULL: none
 * @typed: with its dashes, borrowed
 */
static void options_print(const struct option_table *table, const char *typed)
{
	for (size_t i = 0; table && i < table->count; i++)
		candidate_print("--", table->specs[i].name, table->specs[i].help,
				strlen(typed) > 2 ? typed + 2 : "");
}

/**
 * noun_below - the word that comes behind a noun, on the way to a verb
 * @verb: borrowed
 * @noun: borrowed, or NULL
 * @word: filled
 *
 * Returns whether there is one, and it is not the verb itself.
 */
static bool noun_below(const struct verb *verb, const char *noun, char word[64])
{
	size_t length = noun ? strlen(noun) : 0;
	const char *below = verb->noun;

	if (verb->group == GROUP_HIDDEN || !below)
		return false;
	if (noun && (strncmp(below, noun, length) != 0 || below[length] != ' '))
		return false;
	below += noun ? length + 1 : 0;
	(void)snprintf(word, 64, "%.*s", (int)strcspn(below, " "), below);
	return true;
}

/**
 * commands_print - print verbs and nouns
 * @noun: that they stand behind, or NULL
 * @typed: see candidate_print()
 */
static void commands_print(const char *noun, const char *typed)
{
	char word[64], other[64];

	for (size_t i = 0; i < n_verbs; i++) {
		const char *own = verbs[i].noun;
		bool known = false;

		if (verbs[i].group != GROUP_HIDDEN && (noun ? own && strcmp(own, noun) == 0 : !own))
			candidate_print("", verbs[i].name, verbs[i].summary, typed);
		if (!noun_below(&verbs[i], noun, word))
			continue;
		for (size_t j = 0; j < i && !known; j++)
			known = noun_below(&verbs[j], noun, other) && strcmp(word, other) == 0;
		if (!known)
			candidate_print("", word, verb_group_title(verbs[i].group), typed);
	}
}

/**
 * choices_print - print what OPTION in the arguments of a verb may be, with what comes behind it
 * @verb: borrowed
 * @typed: see candidate_print()
 */
static void choices_print(const struct verb *verb, const char *typed)
{
	const char *name;
	char word[64];

	for (size_t i = 0; verb->choices && (name = verb->choices(i)); i++) {
		(void)snprintf(word, sizeof(word), "%s=", name);
		candidate_print("", word, "", typed);
	}
}

/**
 * arguments_print - print what an argument of a verb may be
 * @position: borrowed
 * @typed: see candidate_print()
 */
static void arguments_print(const struct position *position, const char *typed)
{
	const char *name = position->verb->arguments;
	size_t n = position->n_arguments;

	/* The n-th word tells, or the last one where that may be repeated. */
	while (n-- > 0) {
		const char *next = strchr(name, ' ');

		if (!next && !strstr(name, "..."))
			return;
		name = next ? next + 1 : name;
	}
	if (strncmp(name, "COMMAND", 7) == 0)
		puts(":command");
	else if (strncmp(name + strspn(name, "["), "FILE", 4) == 0)
		puts(":files");
	else if (strncmp(name, "OPTION=", 7) == 0)
		choices_print(position->verb, typed);
	else if (strncmp(name, "on|off", 6) == 0)
		words_print(name, "", typed);
	else if (strcmp(name, "PREFIX|ula") == 0)
		words_print("ula", "", typed);
	else if (strncmp(name, "POOL", 4) == 0)
		pools_print(position, typed);
	else if (strstr(name, "NAME") == name + strspn(name, "[") ||
		 strncmp(name, "OTHER", 5) == 0 || strncmp(name, "ADDRESS|NAME", 12) == 0)
		containers_print(position, typed);
}

/**
 * completion_print - print what may stand in place of the last word
 * @session: begun, borrowed
 * @words: of the command line, without the name of the program
 * @count: how many, at least one
 */
void completion_print(const struct session *session, char *const *words, size_t count)
{
	struct position position = { .paths = session->paths };
	const char *typed = words[count - 1], *value = strchr(typed, '=');
	const struct option_spec *option;
	char before[256];

	for (size_t i = 0; i + 1 < count; i++)
		position_move(&position, words[i]);
	option = position.plain || typed[0] != '-' ? NULL : option_find(&position, typed);
	if (position.lost) {
		/* What may stand behind it, nobody knows. */
	} else if (position.value) {
		value_print(&position, position.value, "", typed);
	} else if (option && option->argument && value) {
		(void)snprintf(before, sizeof(before), "%.*s", (int)(value + 1 - typed), typed);
		value_print(&position, option, before, value + 1);
	} else if (typed[0] == '-' && !position.plain) {
		options_print(position.verb ? position.verb->options : NULL, typed);
		options_print(position.verb ? position.verb->shared : NULL, typed);
		options_print(&session_options, typed);
	} else if (position.verb) {
		arguments_print(&position, typed);
	} else {
		commands_print(position.noun, typed);
	}
}
