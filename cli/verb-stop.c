/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

/**
 * stop - the action of verb_stop()
 * @context: struct paths, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
static int stop(void *context, const char *name, struct error *e)
{
	return container_stop(context, name, e);
}

/**
 * verb_stop - shut containers down
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_stop(const struct invocation *in, struct error *e)
{
	struct paths paths = in->session->paths;
	const struct each_action action = {
		.act = stop, .context = &paths, .parallel = true, .progress = "stopping"
	};
	int r = each_check(in, e);

	return r < 0 ? r : each_container(in, &action, e);
}
