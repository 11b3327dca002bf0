/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/verb.h"

/**
 * verb_login - a login prompt of a container, on the terminal we are on
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_login(const struct invocation *in, struct error *e)
{
	return container_login(&in->session->paths, in->arguments[0], e);
}
