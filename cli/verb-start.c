/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

/**
 * start - the action of verb_start()
 * @context: struct paths, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was running, or -errno.
 */
static int start(void *context, const char *name, struct error *e)
{
	return container_start(context, name, e);
}

/**
 * verb_start - start containers and wait until they are ready
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_start(const struct invocation *in, struct error *e)
{
	struct paths paths = in->session->paths;
	const struct each_action action = {
		.act = start, .context = &paths, .parallel = true, .progress = "starting"
	};
	int r = each_check(in, e);

	return r < 0 ? r : each_container(in, &action, e);
}
