/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/verb.h"

/**
 * verb_watch - see what others change of the networks of containers, and put it back
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 when it was told to stop, or -errno.
 */
int verb_watch(const struct invocation *in, struct error *e)
{
	return network_watch(&in->session->paths, e);
}
