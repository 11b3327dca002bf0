/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/help.h"
#include "cli/verb.h"

/* What is still to be read of the command line; argv[0] has been read. */
struct words {
	int argc;
	char **argv;
};

/**
 * words_next - read global options and the word behind them
 * @words: moved on to that word
 * @session: the options are put there
 * @ret_word: the word, borrowed from argv; NULL when there is none
 * @e: says which option is wrong
 *
 * Returns 0, or -errno with class ERROR_USAGE.
 */
static int words_next(struct words *words, struct session *session, const char **ret_word,
		      struct error *e)
{
	const struct option_target target = { &session_options, session };
	int index;
	int r = options_parse(words->argc, words->argv, &target, 1, OPTIONS_FIRST, &index, e);

	if (r < 0)
		return r;
	*ret_word = index < words->argc ? words->argv[index] : NULL;
	words->argc -= *ret_word ? index : index - 1;
	words->argv += *ret_word ? index : index - 1;
	return 0;
}

/**
 * words_skim - read the global options behind a mistake, as far as they can be made out
 * @words: borrowed
 * @session: the options are put there: --json decides how the mistake is reported
 */
static void words_skim(const struct words *words, struct session *session)
{
	const struct option_target target = { &session_options, session };
	int index;

	(void)options_parse(words->argc, words->argv, &target, 1, OPTIONS_ANYWHERE, &index, NULL);
}

/**
 * command_find - read as far as the verb
 * @words: moved on to the verb
 * @session: global options before it are put there
 * @ret_noun: the noun before it, borrowed from argv, or NULL
 * @ret_verb: its row; NULL when there is no word at all, or none behind a noun that is asked about
 * @e: says what is wrong
 *
 * Returns 0, or -errno with class ERROR_USAGE.
 */
static int command_find(struct words *words, struct session *session, const char **ret_noun,
			const struct verb **ret_verb, struct error *e)
{
	const char *noun = NULL, *next, *name;
	const struct verb *verb;
	int r = words_next(words, session, &name, e);

	while (r == 0 && name && (next = verb_noun_next(noun, name))) {
		noun = next;
		r = words_next(words, session, &name, e);
	}
	if (r < 0)
		return r;
	*ret_noun = noun;
	*ret_verb = NULL;
	if (!name && (!noun || session->help))
		return 0;
	if (!name)
		return error_remedy(e, error_set(e, ERROR_USAGE, EINVAL, "'%s' needs a verb", noun),
				    "nixctr-net %s --help", noun);
	verb = verb_find(noun, name);
	if (!verb)
		return verb_unknown(noun, name, e);
	*ret_verb = verb;
	return 0;
}

/**
 * arguments_check - whether a verb was given as many arguments as it takes
 * @in: the call, borrowed
 * @e: says what is missing or too much
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int arguments_check(const struct invocation *in, struct error *e)
{
	const struct verb *verb = in->verb;

	if (in->n_arguments < verb->min)
		return verb_usage_error(verb, e, "needs %s", verb->arguments);
	if (in->n_arguments <= verb->max)
		return 0;
	if (verb->max == 0)
		return verb_usage_error(verb, e, "takes no argument '%s'", in->arguments[0]);
	return verb_usage_error(verb, e, "takes only %s; '%s' is one too many", verb->arguments,
				in->arguments[verb->max]);
}

/**
 * verb_call - read the options of a verb and run it
 * @session: global options behind the verb are put there
 * @verb: its row
 * @words: at the verb
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
static int verb_call(struct session *session, const struct verb *verb, const struct words *words,
		     struct error *e)
{
	_cleanup_(freep) void *options = calloc(1, verb->options ? verb->options->size : 1);
	_cleanup_(freep) void *shared = calloc(1, verb->shared ? verb->shared->size : 1);
	const struct option_target targets[] = { { verb->options, options },
						 { verb->shared, shared },
						 { &session_options, session } };
	struct invocation in = {
		.session = session, .verb = verb, .options = options, .shared = shared
	};
	int index, r;

	if (!options || !shared)
		return error_errno(e, ENOMEM, "cannot read the options");
	r = options_parse(words->argc, words->argv, targets, ARRAY_SIZE(targets),
			  verb->wraps_command ? OPTIONS_FIRST : OPTIONS_ANYWHERE, &index, e);
	if (session->help)
		return help_verb(session, verb);
	if (r < 0)
		return verb_usage_remedy(verb, e, r);
	in.arguments = words->argv + index;
	in.n_arguments = (size_t)(words->argc - index);
	r = arguments_check(&in, e);
	if (r < 0)
		return r;
	r = session_begin(session, e);
	return r < 0 ? r : verb->run(&in, e);
}

/**
 * command_run - do what the command line says
 * @session: its program name is set; the options are put there
 * @argc, @argv: as main() got them; the order of @argv is changed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int command_run(struct session *session, int argc, char **argv, struct error *e)
{
	struct words words = { argc, argv };
	const struct verb *verb = NULL;
	const char *noun = NULL;
	int r = command_find(&words, session, &noun, &verb, e);

	if (r < 0) {
		words_skim(&words, session);
		return r;
	}
	if (session->version)
		return help_version(session);
	if (verb)
		return verb_call(session, verb, &words, e);
	if (session->help)
		return noun ? help_noun(session, noun) : help_all(session);
	r = error_set(e, ERROR_USAGE, EINVAL, "no command given");
	return error_remedy(e, r, "nixctr-net --help");
}
