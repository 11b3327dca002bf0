/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/verb.h"

/**
 * verb_root_login - a login shell of root in a container, without asking for a password
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status of the shell or -errno.
 */
int verb_root_login(const struct invocation *in, struct error *e)
{
	return container_run(&in->session->paths, in->arguments[0], NULL, e);
}
