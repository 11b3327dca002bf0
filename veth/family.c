/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/**
 * inside_remove - take address and default route off the container's end
 * @veth: the session
 * @ns_fd: its namespace, borrowed
 * @end: as it was read, borrowed
 * @pair: what goes, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when neither was there, or -errno.
 */
static int inside_remove(struct veth *veth, int ns_fd, const struct veth_end *end,
			 const struct veth_pair *pair, struct error *e)
{
	bool v6 = pair->local.addr.family == AF_INET6 || pair->host.family == AF_INET6;
	const struct addr *gateway = v6 ? &end->v6_gateway : &end->v4_gateway;
	const struct prefix *local = v6 ? &end->v6 : &end->v4;
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	_cleanup_(rtnl_deinit) struct rtnl rtnl = { 0 };
	int r;

	if (addr_is_set(&pair->host) && addr_equal(gateway, &pair->host))
		message_route_default_delete(&batch, end->ifindex, gateway);
	if (addr_is_set(&pair->local.addr) && addr_equal(&local->addr, &pair->local.addr))
		message_address_delete(&batch, "take an address off " VETH_INSIDE, end->ifindex,
				       local);
	if (!batch.count)
		return 0;
	r = inside_open(veth, ns_fd, &rtnl, e);
	if (r == 0)
		r = rtnl_exchange(&rtnl, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * host_remove - take the address off the host end
 * @veth: the session
 * @end: as it was read, borrowed
 * @pair: what goes, borrowed
 * @e: filled on failure
 *
 * Its route and where the container was found go with it.
 *
 * Returns 1, 0 when it was not there, or -errno.
 */
static int host_remove(struct veth *veth, const struct veth_end *end, const struct veth_pair *pair,
		       struct error *e)
{
	const struct prefix *host = pair->host.family == AF_INET6 ? &end->v6 : &end->v4;
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	int r;

	if (!addr_is_set(&pair->host) || !addr_equal(&host->addr, &pair->host))
		return 0;
	message_address_delete(&batch, "take an address off the host end", end->ifindex, host);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * veth_family_remove - take the addresses of one family off a cable that stays
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @spec: what the cable has been so far, borrowed
 * @family: AF_INET or AF_INET6
 * @e: names the link and the container
 *
 * Returns 1, 0 when there were none or there is no cable of ours, or -errno.
 */
int veth_family_remove(struct veth *veth, int ns_fd, const struct veth_spec *spec,
		       sa_family_t family, struct error *e)
{
	const struct veth_pair *pair = family == AF_INET6 ? &spec->v6 : &spec->v4;
	struct cable cable;
	int done = 0, r = cable_read(veth, ns_fd, spec, &cable, e);

	if (r > 0 && (!cable.ours || !cable.inside))
		return 0;
	if (r > 0)
		r = done = inside_remove(veth, ns_fd, &cable.state.local, pair, e);
	if (r >= 0 && cable.host.ifindex && !spec->bridge[0])
		r = host_remove(veth, &cable.state.host, pair, e);
	if (r < 0)
		return error_wrap(e, r, "link %s of container %s", spec->link, spec->container);
	return done || r;
}
