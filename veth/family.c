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
 * host_remove - take the address of a family off the host end
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
 * family_goes - whether a cable has an address of a family that it is not to have any more
 * @was, @now: borrowed
 */
static bool family_goes(const struct veth_pair *was, const struct veth_pair *now)
{
	return (addr_is_set(&was->local.addr) && !addr_is_set(&now->local.addr)) ||
	       (addr_is_set(&was->host) && !addr_is_set(&now->host));
}

/**
 * inside_exchange - have the container's end have another address of a family, or none
 * @veth: the session
 * @ns_fd: its namespace, borrowed
 * @is: the cable as it was read for what it has been; changed
 * @was: its addresses so far, borrowed
 * @now: what the cable is to be, borrowed
 * @goes: whether any of them is not to be there any more
 * @e: filled on failure
 *
 * Of several addresses only here it is known which one is ours; so it is exchanged here, and the rest is
 * left to who ensures the cable. Of a family that goes in part nothing stays as it is.
 *
 * Returns 1, 0 when there was nothing to do, or -errno.
 */
static int inside_exchange(struct veth *veth, int ns_fd, struct veth_state *is,
			   const struct veth_pair *was, const struct veth_spec *now, bool goes,
			   struct error *e)
{
	bool v6 = was->local.addr.family == AF_INET6;
	struct prefix *there = v6 ? &is->local.v6 : &is->local.v4;
	const struct addr *next = v6 ? &now->v6.local.addr : &now->v4.local.addr;
	bool ours = addr_is_set(&was->local.addr) && addr_equal(&there->addr, &was->local.addr);
	int r = goes ? inside_remove(veth, ns_fd, &is->local, was, e) : 0;

	if (r < 0 || !ours || !addr_is_set(next) || (!goes && addr_equal(next, &there->addr)))
		return r;
	if (goes)
		*there = (struct prefix){ .length = 0 };
	r = cable_mend(veth, ns_fd, now, is, v6 ? PART_LOCAL_V6 : PART_LOCAL_V4, e);
	return r < 0 ? r : 1;
}

/**
 * veth_family_exchange - end what a cable has of one family and is not to have any more
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @was, @now: what the cable is and is to be, borrowed
 * @family: AF_INET or AF_INET6
 * @e: names the link and the container
 *
 * Returns 1, 0 when there was nothing to do or there is no cable of ours, or -errno.
 */
int veth_family_exchange(struct veth *veth, int ns_fd, const struct veth_spec *was,
			 const struct veth_spec *now, sa_family_t family, struct error *e)
{
	const struct veth_pair *pair = family == AF_INET6 ? &was->v6 : &was->v4;
	bool goes = family_goes(pair, family == AF_INET6 ? &now->v6 : &now->v4);
	struct cable cable;
	int done = 0, r = cable_read(veth, ns_fd, was, &cable, e);

	if (r > 0 && (!cable.ours || !cable.inside))
		return 0;
	if (r > 0)
		r = done = inside_exchange(veth, ns_fd, &cable.state, pair, now, goes, e);
	/* On a bridge the host end has none, now or until now. */
	if (r >= 0 && cable.host.ifindex && !was->bridge[0] && (goes || now->bridge[0]))
		r = host_remove(veth, &cable.state.host, pair, e);
	if (r < 0)
		return error_wrap(e, r, "link %s of container %s", was->link, was->container);
	return done || r;
}
