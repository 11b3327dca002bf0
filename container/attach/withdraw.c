/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>

#include "base/cleanup.h"
#include "base/netns.h"
#include "container/attach/extra-links.h"
#include "container/attach/network.h"

/**
 * family_goes - whether a cable has an address of a family that it is not to have any more
 * @was, @now: borrowed
 */
static bool family_goes(const struct veth_pair *was, const struct veth_pair *now)
{
	return (addr_is_set(&was->local.addr) && !addr_is_set(&now->local.addr)) ||
	       (addr_is_set(&was->host) && !addr_is_set(&now->host));
}

/**
 * network_withdraw - take from what is attached what its definition is not to have any more
 * @network: the session
 * @was: the definition so far, borrowed
 * @now: the one from now on, borrowed
 * @e: filled on failure
 *
 * Pins and published ports are exchanged by whoever attaches it next, and what is still there of a family
 * that goes in part is made anew then.
 *
 * Returns 1, 0 when there was nothing to do, or -errno.
 */
int network_withdraw(struct network *network, const struct definition *was,
		     const struct definition *now, struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	struct veth_spec spec;
	char path[PATH_MAX];
	int v4 = 0, v6 = 0, r = paths_namespace(network->host.paths, was->name, path, e);

	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r > 0)
		r = host_identify(&network->host, was, &spec, e);
	if (r < 0 || ns < 0)
		return r;
	if (was->cable && family_goes(&was->v4, &now->v4))
		r = v4 = veth_family_remove(network->host.veth, ns, &spec, AF_INET, e);
	if (r >= 0 && was->cable && family_goes(&was->v6, &now->v6))
		r = v6 = veth_family_remove(network->host.veth, ns, &spec, AF_INET6, e);
	if (r >= 0)
		r = links_withdraw(network, ns, was, now, e);
	return r < 0 ? r : v4 || v6 || r;
}
