/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/help.h"
#include "cli/verb.h"

/**
 * verb_help - explain a command, as --help behind it does
 * @in: the call, borrowed; its arguments are the words of that command
 * @e: says which word is wrong
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int verb_help(const struct invocation *in, struct error *e)
{
	const char *noun = NULL, *next;
	const struct verb *verb;
	size_t i = 0;

	while (i < in->n_arguments && (next = verb_noun_next(noun, in->arguments[i]))) {
		noun = next;
		i++;
	}
	if (i == in->n_arguments)
		return noun ? help_noun(in->session, noun) : help_all(in->session);
	verb = verb_find(noun, in->arguments[i]);
	if (!verb)
		return verb_unknown(noun, in->arguments[i], e);
	if (i + 1 < in->n_arguments)
		return verb_usage_error(in->verb, e, "takes only one command; '%s' is one too many",
					in->arguments[i + 1]);
	return help_verb(in->session, verb);
}
