/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/verb.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"

/**
 * verb_group_title - the heading of a group of verbs
 * @group: one that is shown
 */
const char *verb_group_title(enum verb_group group)
{
	switch (group) {
	case GROUP_CONTAINERS:
		return "Make containers";
	case GROUP_RUNNING:
		return "Start, stop, enter them";
	case GROUP_LOOKING:
		return "Look at them";
	case GROUP_DECLARING:
		return "Declare, change them";
	case GROUP_NETWORKS:
		return "Connect to the host";
	case GROUP_OUTSIDE:
		return "Connect to the world";
	case GROUP_CARE:
		return "Keep that working";
	case GROUP_ADDRESSES:
		return "Look after addresses";
	case GROUP_POOLS:
		return "Give out other addresses";
	case GROUP_BOOK:
		return "Keep the address book";
	case GROUP_UNITS:
		return "For container units";
	case GROUP_HELP:
		return "Learn about commands";
	case GROUP_HIDDEN:
		break;
	}
	return "For programs";
}

/**
 * same_noun - whether two verbs stand behind the same noun
 * @a, @b: nouns, borrowed; NULL for none
 */
static bool same_noun(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/**
 * verb_is_noun - whether a word needs a verb behind it
 * @word: borrowed
 */
bool verb_is_noun(const char *word)
{
	for (size_t i = 0; i < n_verbs; i++)
		if (same_noun(verbs[i].noun, word))
			return true;
	return false;
}

/**
 * verb_has_noun - whether a verb stands behind a noun, or behind it and one more
 * @verb: borrowed
 * @noun: borrowed
 */
bool verb_has_noun(const struct verb *verb, const char *noun)
{
	size_t length = strlen(noun);

	return same_noun(verb->noun, noun) ||
	       (verb->noun && strncmp(verb->noun, noun, length) == 0 && verb->noun[length] == ' ');
}

/**
 * verb_noun_below - the noun that a word makes together with the one before it
 * @noun: the one before it, borrowed
 * @word: borrowed
 *
 * Returns it, borrowed from the table, or NULL.
 */
static const char *verb_noun_below(const char *noun, const char *word)
{
	size_t length = strlen(noun);

	for (size_t i = 0; i < n_verbs; i++) {
		const char *whole = verbs[i].noun;

		if (whole && strncmp(whole, noun, length) == 0 && whole[length] == ' ' &&
		    strcmp(whole + length + 1, word) == 0)
			return whole;
	}
	return NULL;
}

/**
 * verb_noun_next - the noun that a word makes, alone or together with the one before it
 * @noun: the one before it, borrowed, or NULL
 * @word: borrowed
 *
 * Returns it, borrowed from the table or as @word is, or NULL: the word is a verb, or nothing.
 */
const char *verb_noun_next(const char *noun, const char *word)
{
	if (noun)
		return verb_noun_below(noun, word);
	return verb_is_noun(word) ? word : NULL;
}

/**
 * verb_find - look a verb up in the table
 * @noun: the noun before it, borrowed; NULL for none
 * @name: borrowed
 *
 * Returns its row, or NULL.
 */
const struct verb *verb_find(const char *noun, const char *name)
{
	for (size_t i = 0; i < n_verbs; i++)
		if (same_noun(verbs[i].noun, noun) && strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/**
 * verb_called_elsewhere - look for a verb by what other programs call it
 * @noun: the noun before it, borrowed; NULL for none
 * @word: what was typed, borrowed
 *
 * Returns its row, or NULL.
 */
static const struct verb *verb_called_elsewhere(const char *noun, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < n_verbs; i++) {
		const char *names = same_noun(verbs[i].noun, noun) ? verbs[i].elsewhere : NULL;

		for (; names; names = strchr(names, ' ')) {
			names += strspn(names, " ");
			if (strcspn(names, " ") == length && strncmp(names, word, length) == 0)
				return &verbs[i];
		}
	}
	return NULL;
}

/**
 * verb_like - look for a verb, or a noun, like a word
 * @noun: the noun before it, borrowed; NULL for none
 * @word: what was typed, borrowed
 * @ret_noun: whether the noun of the verb is what is like it
 *
 * Without a noun the verbs of all nouns are candidates: "up" was meant to be "net up".
 *
 * Returns its row, or NULL.
 */
static const struct verb *verb_like(const char *noun, const char *word, bool *ret_noun)
{
	const struct verb *meant = NULL;
	struct suggestion suggestion;

	suggestion_init(&suggestion, word);
	for (size_t i = 0; i < n_verbs; i++) {
		const char *below = verbs[i].noun;

		if (verbs[i].group == GROUP_HIDDEN || (noun && !verb_has_noun(&verbs[i], noun)))
			continue;
		if (noun)
			below = same_noun(below, noun) ? NULL : below + strlen(noun) + 1;
		if (below && suggestion_try(&suggestion, below)) {
			meant = &verbs[i];
			*ret_noun = true;
		}
		if (noun && below)
			continue;
		if (suggestion_try(&suggestion, verbs[i].name)) {
			meant = &verbs[i];
			*ret_noun = false;
		}
	}
	return meant;
}

/**
 * verb_unknown - say that there is no such command, and which one was perhaps meant
 * @noun: the noun before it, borrowed; NULL for none
 * @word: what was typed, borrowed
 * @e: filled
 *
 * What other programs call a verb comes before what looks like one.
 *
 * Returns -EINVAL with class ERROR_USAGE.
 */
int verb_unknown(const char *noun, const char *word, struct error *e)
{
	const char *space = noun ? " " : "";
	const char *first = noun ? noun : "";
	const struct verb *meant = verb_called_elsewhere(noun, word);
	char title[64] = "";
	bool meant_noun = false;

	if (!meant)
		meant = verb_like(noun, word, &meant_noun);
	if (meant)
		return error_set(
			e, ERROR_USAGE, EINVAL, "there is no command '%s%s%s'; did you mean '%s'?",
			first, space, word,
			meant_noun ? meant->noun : verb_title(meant, title, sizeof(title)));
	return error_remedy(e,
			    error_set(e, ERROR_USAGE, EINVAL, "there is no command '%s%s%s'", first,
				      space, word),
			    "nixctr-net %s%s--help", first, space);
}

/**
 * verb_usage_remedy - name the command that explains a verb, unless somebody has said what mends it
 * @verb: borrowed
 * @e: an error that is set
 * @r: -errno
 *
 * Returns @r.
 */
int verb_usage_remedy(const struct verb *verb, struct error *e, int r)
{
	char title[64];

	return error_remedy(e, r, "nixctr-net %s --help", verb_title(verb, title, sizeof(title)));
}

/**
 * verb_usage_error - say what is wrong with the arguments of a verb
 * @verb: borrowed
 * @e: filled, with the command that explains the verb as remedy
 * @format: what is wrong, to stand behind "'net up' "
 *
 * Returns -EINVAL with class ERROR_USAGE.
 */
int verb_usage_error(const struct verb *verb, struct error *e, const char *format, ...)
{
	char title[64], text[256];
	va_list args;
	int r;

	verb_title(verb, title, sizeof(title));
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r = error_set(e, ERROR_USAGE, EINVAL, "'%s' %s", title, text);
	return verb_usage_remedy(verb, e, r);
}

/**
 * verb_title - a verb as it is typed, with its noun
 * @verb: borrowed
 * @buffer, @size: where it goes
 *
 * Returns @buffer.
 */
const char *verb_title(const struct verb *verb, char *buffer, size_t size)
{
	(void)snprintf(buffer, size, "%s%s%s", verb->noun ? verb->noun : "", verb->noun ? " " : "",
		       verb->name);
	return buffer;
}
