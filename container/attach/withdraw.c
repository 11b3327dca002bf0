/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>

#include "base/cleanup.h"
#include "base/netns.h"
#include "container/attach/extra-links.h"
#include "container/attach/network.h"

/**
 * cable_withdraw - take from a cable what it is not to have any more
 * @network: the session
 * @ns: the namespace of its container, borrowed
 * @was, @now: the definitions so far and from now on, borrowed; both have a cable
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing to do, or -errno.
 */
static int cable_withdraw(struct network *network, int ns, const struct definition *was,
			  const struct definition *now, struct error *e)
{
	struct veth *veth = network->host.veth;
	struct veth_spec is, next;
	int v4, v6, r = host_identify(&network->host, was, &is, e);

	if (r == 0)
		r = host_identify(&network->host, now, &next, e);
	if (r < 0)
		return r;
	if ((was->bridge[0] != '\0') != (now->bridge[0] != '\0'))
		return veth_unplug(veth, ns, &is, &next, e);
	v4 = veth_family_exchange(veth, ns, &is, &next, AF_INET, e);
	v6 = v4 < 0 ? v4 : veth_family_exchange(veth, ns, &is, &next, AF_INET6, e);
	return v6 < 0 ? v6 : v4 || v6;
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
	char path[PATH_MAX];
	int cable = 0, r = paths_namespace(network->host.paths, was->name, path, e);

	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r <= 0)
		return r;
	if (was->cable && now->cable)
		r = cable = cable_withdraw(network, ns, was, now, e);
	if (r >= 0)
		r = links_withdraw(network, ns, was, now, e);
	return r < 0 ? r : cable || r;
}
