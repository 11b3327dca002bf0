/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

/**
 * restart - the action of verb_restart()
 * @context: struct paths, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when nothing had to be done, or -errno.
 */
static int restart(void *context, const char *name, struct error *e)
{
	return container_restart(context, name, e);
}

/**
 * verb_restart - stop containers that run, and start them
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_restart(const struct invocation *in, struct error *e)
{
	struct paths paths = in->session->paths;
	const struct each_action action = {
		.act = restart, .context = &paths, .parallel = true, .progress = "restarting"
	};

	return each_container(in, &action, e);
}
