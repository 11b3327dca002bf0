/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cli/verb.h"

/**
 * verb_run - run a command in a container
 * @in: the call, borrowed: NAME, perhaps "--", and the command
 * @e: filled on failure
 *
 * Returns the exit status of the command or -errno.
 */
int verb_run(const struct invocation *in, struct error *e)
{
	char **command = in->arguments + 1;

	if (strcmp(command[0], "--") == 0)
		command++;
	if (!command[0])
		return verb_usage_error(in->verb, e, "needs %s", in->verb->arguments);
	return container_run(&in->session->paths, in->arguments[0], command, e);
}
