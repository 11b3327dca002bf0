/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

/**
 * destroy - the action of verb_destroy()
 * @context: struct paths, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing of that name, or -errno.
 */
static int destroy(void *context, const char *name, struct error *e)
{
	const struct paths *paths = context;

	return container_destroy(paths, name, e);
}

/**
 * verb_destroy - remove containers
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_destroy(const struct invocation *in, struct error *e)
{
	struct paths paths = in->session->paths;
	const struct each_action action = { .act = destroy, .context = &paths };

	return each_container(in, &action, e);
}
