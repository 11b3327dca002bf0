/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "cli/each.h"

/**
 * detach - the action of verb_net_down()
 * @context: struct each_network, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when nothing was attached, or -errno.
 */
static int detach(void *context, const char *name, struct error *e)
{
	struct each_network *work = context;

	return network_detach(work->network, name, e);
}

/**
 * detach_many - the same for many
 * @context: struct each_network, borrowed
 * @names, @count: borrowed
 * @results: filled
 * @e: filled when nothing could be done
 *
 * Returns 0 or -errno.
 */
static int detach_many(void *context, const char *const *names, size_t count,
		       struct network_result *results, struct error *e)
{
	struct each_network *work = context;

	return network_detach_many(work->network, names, count, results, e);
}

/**
 * verb_net_down - detach containers
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_net_down(const struct invocation *in, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	struct each_network work = { .paths = &in->session->paths };
	const struct each_action action = {
		.act = detach, .context = &work, .together = detach_many, .progress = "detaching"
	};
	int r = each_check(in, e);

	if (r == 0)
		r = network_open(work.paths, &network, e);
	work.network = network;
	return r < 0 ? r : each_container(in, &action, e);
}
