/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

/**
 * terminate - the action of verb_terminate()
 * @context: struct paths, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
static int terminate(void *context, const char *name, struct error *e)
{
	return container_terminate(context, name, e);
}

/**
 * verb_terminate - kill containers
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_terminate(const struct invocation *in, struct error *e)
{
	struct paths paths = in->session->paths;
	const struct each_action action = {
		.act = terminate, .context = &paths, .parallel = true, .progress = "terminating"
	};

	return each_container(in, &action, e);
}
