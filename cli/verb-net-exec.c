/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "cli/verb.h"

/**
 * verb_net_exec - become a command inside the network of a container
 * @in: the call, borrowed: NAME, perhaps "--", and the command
 * @e: filled on failure
 *
 * Returns only on failure: -errno.
 */
int verb_net_exec(const struct invocation *in, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	char **command = in->arguments + 1;
	int r;

	if (strcmp(command[0], "--") == 0)
		command++;
	if (!command[0])
		return verb_usage_error(in->verb, e, "needs %s", in->verb->arguments);
	r = network_open(&in->session->paths, &network, e);
	return r < 0 ? r : network_exec(network, in->arguments[0], command, e);
}
