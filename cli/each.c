/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

#include <errno.h>

#include "base/cleanup.h"
#include "cli/outcome.h"
#include "cli/parallel.h"

static const struct option_spec specs[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct each_options, all), NULL,
	  "every container there is" },
};

const struct option_table each_options = OPTION_TABLE(specs, struct each_options);

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
 * serial_run - do something for several containers, one after the other
 * @action: what is done
 * @names, @count: for which, borrowed
 * @outcome: each is added when it is done
 */
static void serial_run(const struct each_action *action, const char *const *names, size_t count,
		       struct outcome *outcome)
{
	for (size_t i = 0; i < count; i++) {
		struct error e = ERROR_INIT;
		int r = action->act(action->context, names[i], &e);

		outcome_add(outcome, names[i], r, &e);
	}
}

/**
 * several_containers - do something for any number of containers
 * @in: the call, borrowed
 * @action: what is done
 * @names, @count: for which, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
static int several_containers(const struct invocation *in, const struct each_action *action,
			      const char *const *names, size_t count, struct error *e)
{
	struct outcome outcome = { .session = in->session };
	int r = 0;

	if (in->session->json)
		outcome.results = json_array();
	if (action->progress)
		r = parallel_run(action, names, count, &outcome, e);
	else
		serial_run(action, names, count, &outcome);
	if (r < 0)
		json_decref(outcome.results);
	return r < 0 ? r : outcome_end(&outcome, e);
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
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	_cleanup_(freep) const char **list = NULL;
	bool all = takes_all(in);
	size_t count = in->n_arguments;
	int r;

	if (count == 1)
		return single_container(in, action, e);
	r = all ? definition_names(&in->session->paths, &names, &count, e) : 0;
	if (r < 0)
		return r;
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return error_errno(e, ENOMEM, "cannot list the containers");
	for (size_t i = 0; i < count; i++)
		list[i] = all ? names[i] : in->arguments[i];
	return several_containers(in, action, list, count, e);
}
