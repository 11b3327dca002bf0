/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/outcome.h"
#include "cli/parallel.h"
#include "cli/progress.h"
#include "cli/shares.h"

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
	struct progress progress;
	int r;

	progress_begin(&progress, in->session, action->progress, &name, 1);
	r = action->act(action->context, name, e);
	progress_end(&progress);
	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:[{s:o, s:b}]}", "containers", "name", json_text(name),
				    "changed", r > 0),
			  e);
}

/**
 * takes_all - whether --all was given
 * @in: the call, borrowed
 */
static bool takes_all(const struct invocation *in)
{
	const struct each_options *options = in->options;

	return in->verb->options == &each_options && options->all;
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
 * @progress: told how far it is
 */
static void serial_run(const struct each_action *action, const char *const *names, size_t count,
		       struct outcome *outcome, struct progress *progress)
{
	for (size_t i = 0; i < count; i++) {
		struct error e = ERROR_INIT;
		int r;

		progress_at(progress, i, i);
		r = action->act(action->context, names[i], &e);
		outcome_add(outcome, names[i], r, &e);
	}
}

/**
 * names_ascend - whether names are in their order, each once, as those of --all are
 * @names, @count: borrowed
 */
static bool names_ascend(const char *const *names, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (strcmp(names[i - 1], names[i]) >= 0)
			return false;
	return true;
}

/**
 * together_run - do something for several containers at once
 * @action: has a together()
 * @names, @count: for which, borrowed
 * @outcome: all are added at the end
 * @e: filled when nothing could be done
 *
 * Returns 0 or -errno.
 */
static int together_run(const struct each_action *action, const char *const *names, size_t count,
			struct outcome *outcome, struct error *e)
{
	_cleanup_(freep) struct network_result *results = calloc(count + 1, sizeof(*results));
	int r;

	if (!results)
		return error_errno(e, ENOMEM, "cannot list what is done for the containers");
	r = action->together(action->context, names, count, results, e);
	for (size_t i = 0; r >= 0 && i < count; i++)
		outcome_add(outcome, names[i], results[i].r, &results[i].e);
	return r;
}

/**
 * each_network_begin - have a session of our own on the network, for struct each_action
 * @context: struct each_network; its session belongs to another process and is forgotten
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int each_network_begin(void *context, struct error *e)
{
	struct each_network *work = context;

	return network_open(work->paths, &work->network, e);
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
	size_t shares = shares_wanted(action, count);
	struct progress progress;
	int r = 0;

	if (in->session->json)
		outcome.results = json_array();
	progress_begin(&progress, in->session, count ? action->progress : NULL, names, count);
	if (action->parallel)
		r = parallel_run(action, names, count, &outcome, &progress, e);
	else if (action->together && names_ascend(names, count))
		r = together_run(action, names, count, &outcome, e);
	else if (shares > 1)
		r = shares_run(action, names, count, shares, &outcome, &progress, e);
	else
		serial_run(action, names, count, &outcome, &progress);
	progress_end(&progress);
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
