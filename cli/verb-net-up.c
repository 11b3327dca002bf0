/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "cli/each.h"

/**
 * attach - the action of verb_net_up()
 * @context: struct each_network, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int attach(void *context, const char *name, struct error *e)
{
	struct each_network *work = context;
	struct definition definition;

	return network_attach(work->network, name, &definition, e);
}

/**
 * verb_net_up - attach containers
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_net_up(const struct invocation *in, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	struct each_network work = { .paths = &in->session->paths };
	const struct each_action action = { .act = attach,
					    .context = &work,
					    .begin = each_network_begin,
					    .progress = "attaching" };
	int r = each_check(in, e);

	if (r == 0)
		r = network_open(work.paths, &network, e);
	work.network = network;
	return r < 0 ? r : each_container(in, &action, e);
}
