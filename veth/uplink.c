/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/*
 * Addresses that no machine has, for documentation (RFC 5737, RFC 3849): the way to them is the way
 * to the world.
 */
static const struct addr far_v4 = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } };
static const struct addr far_v6 = { .family = AF_INET6,
				    .bytes = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };

/**
 * default_route - where packets to the world go
 * @veth: the session
 * @family: AF_INET or AF_INET6
 * @ret_route: the route, with ifindex 0 when there is none
 * @e: filled on failure
 *
 * One look-up. Where it meets a route that refuses, because somebody keeps documentation addresses
 * off the net, the main table is read; where it meets none, there is no default route either.
 *
 * Returns 0 or -errno.
 */
static int default_route(struct veth *veth, sa_family_t family, struct route *ret_route,
			 struct error *e)
{
	_cleanup_(batch_deinit) struct batch get = { 0 };
	_cleanup_(batch_deinit) struct batch dump = { 0 };
	struct route route;
	const struct answer one = { route_take, NULL, &route, sizeof(route) };
	const struct answer all = { route_take_default, NULL, &route, sizeof(route) };
	int r;

	message_route_get(&get, family == AF_INET ? &far_v4 : &far_v6, &one);
	r = rtnl_exchange(&veth->rtnl, &get, e);
	if (r == 0 && route.ifindex == 0 && get.requests[0].number != ENETUNREACH) {
		message_route_dump(&dump, family, 0, &all);
		r = rtnl_exchange(&veth->rtnl, &dump, e);
	}
	if (r == 0)
		*ret_route = route;
	return r;
}

/**
 * veth_uplink - the link that carries the default route
 * @veth: the session
 * @family: AF_INET or AF_INET6
 * @ret_uplink: the link; all zero when there is none
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no default route, or -errno.
 */
int veth_uplink(struct veth *veth, sa_family_t family, struct veth_uplink *ret_uplink,
		struct error *e)
{
	struct link link = { 0 };
	struct route route;
	int r = default_route(veth, family, &route, e);

	if (r == 0 && route.ifindex > 0)
		r = link_find(veth, NULL, route.ifindex, NULL, &link, e);
	if (r < 0)
		return error_wrap(e, r, "cannot find the link of the default route");
	*ret_uplink = (struct veth_uplink){
		.ifindex = link.ifindex,
		.mtu = link.mtu,
		.forwards = link.v4.forwarding && link.v6.forwarding && link.v6.forced,
	};
	memcpy(ret_uplink->link, link.name, sizeof(link.name));
	return link.ifindex > 0;
}

/**
 * veth_link_mtu - the MTU of a link of the host
 * @veth: the session
 * @name: of the link, borrowed
 * @ret_mtu: bytes
 * @e: names the link
 *
 * Returns 1, 0 when there is no such link, or -errno.
 */
int veth_link_mtu(struct veth *veth, const char *name, uint32_t *ret_mtu, struct error *e)
{
	struct link link;
	int r = link_find(veth, name, 0, NULL, &link, e);

	if (r < 0)
		return error_wrap(e, r, "link %s", name);
	if (r > 0)
		*ret_mtu = link.mtu;
	return r;
}
