/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

#include "base/cleanup.h"
#include "cli/fail.h"
#include "cli/json.h"

static const struct option_spec specs[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct each_options, all), NULL,
	  "every container there is" },
};

const struct option_table each_options = OPTION_TABLE(specs, struct each_options);

/* How it went with the containers so far. */
struct outcome {
	const struct session *session;
	const struct each_action *action;
	json_t *results; /* with --json */
	int status;      /* the class of the first failure, 0 while there is none */
};

/**
 * outcome_add - do it for one container and note how it went
 * @outcome: changed; without --json a failure is logged at once
 * @name: borrowed
 */
static void outcome_add(struct outcome *outcome, const char *name)
{
	struct error e = ERROR_INIT;
	int r = outcome->action->act(outcome->action->context, name, &e);
	json_t *result;

	if (r < 0 && outcome->status == 0)
		outcome->status = (int)e.class;
	if (!outcome->session->json) {
		if (r < 0)
			fail_log(outcome->session, &e);
		return;
	}
	result = r < 0 ? json_pack("{s:o, s:o}", "name", json_text(name), "error",
				   json_error(outcome->session, &e))
		       : json_pack("{s:o, s:b}", "name", json_text(name), "changed", r > 0);
	if (json_array_append_new(outcome->results, result) != 0) {
		json_decref(outcome->results);
		outcome->results = NULL;
	}
}

/**
 * outcome_end - say how it went
 * @outcome: ended
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
static int outcome_end(struct outcome *outcome, struct error *e)
{
	int r = 0;

	if (outcome->session->json)
		r = json_print(json_pack("{s:o}", "containers", TAKE_PTR(outcome->results)), e);
	return r < 0 ? r : outcome->status;
}

/**
 * single_container - do it for the one container that was named
 * @in: the call, borrowed
 * @action: what is done
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int single_container(const struct invocation *in, const struct each_action *action,
			    struct error *e)
{
	const char *name = in->arguments[0];
	int r = action->act(action->context, name, e);

	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:[{s:o, s:b}]}", "containers", "name", json_text(name),
				    "changed", r > 0),
			  e);
}

/**
 * takes_all - whether --all was given
 * @in: the call, borrowed; its options, if it has any, are struct each_options
 */
static bool takes_all(const struct invocation *in)
{
	const struct each_options *options = in->options;

	return in->verb->options && options->all;
}

/**
 * each_check - whether it was said for which containers, before anything is opened for them
 * @in: the call, borrowed
 * @e: says what is missing
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int each_check(const struct invocation *in, struct error *e)
{
	if (takes_all(in) == (in->n_arguments > 0))
		return verb_usage_error(in->verb, e, "needs either NAME or --all");
	return 0;
}

/**
 * each_container - do something for the containers of the arguments, or with --all for every one
 * @in: the call, borrowed; checked by each_check() if it may have --all
 * @action: what is done
 * @e: filled on failure
 *
 * A single container's failure is that of the command.
 *
 * Returns the exit status: 0, or the class of the first failure, which has been reported; or -errno.
 */
int each_container(const struct invocation *in, const struct each_action *action, struct error *e)
{
	struct outcome outcome = { .session = in->session, .action = action };
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	bool all = takes_all(in);
	size_t count = in->n_arguments;
	int r;

	if (count == 1)
		return single_container(in, action, e);
	r = all ? definition_names(&in->session->paths, &names, &count, e) : 0;
	if (r < 0)
		return r;
	if (in->session->json)
		outcome.results = json_array();
	for (size_t i = 0; i < count; i++)
		outcome_add(&outcome, all ? names[i] : in->arguments[i]);
	return outcome_end(&outcome, e);
}
