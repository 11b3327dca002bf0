/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/**
 * end_fill - what the link itself says about one end
 * @end: filled
 * @link: borrowed
 */
static void end_fill(struct veth_end *end, const struct link *link)
{
	*end = (struct veth_end){
		.present = link->ifindex > 0,
		.ifindex = link->ifindex,
		.up = link->up,
		.carrier = link->carrier,
		.mtu = link->mtu,
		.mac = link->mac,
		.rx_bytes = link->rx_bytes,
		.tx_bytes = link->tx_bytes,
		.rx_packets = link->rx_packets,
		.tx_packets = link->tx_packets,
	};
}

/**
 * end_read_addresses - the addresses of one end
 * @rtnl: a socket in its namespace
 * @wanted: those looked for; of others the first is taken
 * @end: its ifindex is set, its addresses are filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int end_read_addresses(struct rtnl *rtnl, const struct address_wanted *wanted,
			      struct veth_end *end, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct addresses found;
	const struct answer answer = { addresses_take, wanted, &found, sizeof(found) };
	int r;

	message_address_dump(&batch, end->ifindex, &answer);
	r = rtnl_exchange(rtnl, &batch, e);
	if (r < 0)
		return r;
	end->v4 = found.v4.local;
	end->v4_peer = found.v4.peer;
	end->v6 = found.v6.local;
	end->v6_peer = found.v6.peer;
	return 0;
}

/**
 * known_read - where the host finds the container
 * @veth: the session
 * @spec: borrowed
 * @state: its host end is read; the rest is filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int known_read(struct veth *veth, const struct veth_spec *spec, struct veth_state *state,
		      struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	const struct answer v4 = { neighbour_take, NULL, &state->known_v4,
				   sizeof(state->known_v4) };
	const struct answer v6 = { neighbour_take, NULL, &state->known_v6,
				   sizeof(state->known_v6) };

	if (spec_is_paired(spec, &spec->v4))
		message_neighbour_get(&batch, state->host.ifindex, &spec->v4.local.addr, &v4);
	if (spec_is_paired(spec, &spec->v6))
		message_neighbour_get(&batch, state->host.ifindex, &spec->v6.local.addr, &v6);
	return batch.count ? rtnl_exchange(&veth->rtnl, &batch, e) : 0;
}

/**
 * gateway_read - the default route of one family inside
 * @rtnl: a socket in the container's namespace
 * @family: AF_INET or AF_INET6
 * @ifindex: eth0
 * @ret_gateway: none when there is no such route through eth0
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int gateway_read(struct rtnl *rtnl, sa_family_t family, int ifindex,
			struct addr *ret_gateway, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct route route;
	const struct answer answer = { route_take_default, NULL, &route, sizeof(route) };
	int r;

	message_route_dump(&batch, family, ifindex, &answer);
	r = rtnl_exchange(rtnl, &batch, e);
	if (r == 0)
		*ret_gateway = route.gateway;
	return r;
}

/**
 * inside_read - the container's end
 * @veth: the session
 * @ns_fd: its namespace, borrowed
 * @spec: borrowed
 * @cable: the host end is read; the rest is filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int inside_read(struct veth *veth, int ns_fd, const struct veth_spec *spec,
		       struct cable *cable, struct error *e)
{
	_cleanup_(rtnl_deinit) struct rtnl rtnl = { 0 };
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct veth_end *end = &cable->state.local;
	const struct address_wanted wanted = { spec->v4.local.addr, spec->v6.local.addr };
	struct link loopback, link;
	const struct answer answers[] = { { link_take, NULL, &loopback, sizeof(loopback) },
					  { link_take, NULL, &link, sizeof(link) } };
	int r = inside_open(veth, ns_fd, &rtnl, e);

	if (r < 0)
		return r;
	message_link_get(&batch, NULL, LOOPBACK_IFINDEX, &answers[0]);
	message_link_get(&batch, NULL, cable->host.peer, &answers[1]);
	r = rtnl_exchange(&rtnl, &batch, e);
	if (r < 0)
		return r;
	cable->state.loopback_up = loopback.up;
	end_fill(end, &link);
	if (!end->present)
		return 0;
	r = end_read_addresses(&rtnl, &wanted, end, e);
	if (r == 0 && addr_is_set(&spec->v4.host))
		r = gateway_read(&rtnl, AF_INET, end->ifindex, &end->v4_gateway, e);
	if (r == 0 && addr_is_set(&spec->v6.host))
		r = gateway_read(&rtnl, AF_INET6, end->ifindex, &end->v6_gateway, e);
	return r;
}

/* What one look at the host brings. */
struct host_look {
	struct link link;
	struct nsid nsid;
	struct route to_v4, to_v6;
};

/**
 * host_look - look at the host end, from all sides at once
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed, or -1
 * @spec: borrowed
 * @ret_look: what there is
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int host_look(struct veth *veth, int ns_fd, const struct veth_spec *spec,
		     struct host_look *ret_look, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct host_look look = { 0 };
	const struct answer link = { link_take, spec->altname, &look.link, sizeof(look.link) };
	const struct answer nsid = { nsid_take, NULL, &look.nsid, sizeof(look.nsid) };
	const struct answer v4 = { route_take, NULL, &look.to_v4, sizeof(look.to_v4) };
	const struct answer v6 = { route_take, NULL, &look.to_v6, sizeof(look.to_v6) };
	int r;

	if (ns_fd >= 0)
		message_nsid_get(&batch, ns_fd, &nsid);
	if (spec_is_paired(spec, &spec->v4))
		message_route_get(&batch, &spec->v4.local.addr, &v4);
	if (spec_is_paired(spec, &spec->v6))
		message_route_get(&batch, &spec->v6.local.addr, &v6);
	message_link_get(&batch, spec->link, 0, &link);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	if (r < 0)
		return r;
	*ret_look = look;
	return 0;
}

/**
 * host_read - the host end
 * @veth: the session
 * @spec: borrowed
 * @look: from host_look(), its link is there
 * @state: filled
 * @e: filled on failure
 *
 * An address whose peer packets do not go to through this very link counts as one without a peer:
 * its route has been taken away, and comes back with the address.
 *
 * Returns 0 or -errno.
 */
static int host_read(struct veth *veth, const struct veth_spec *spec, const struct host_look *look,
		     struct veth_state *state, struct error *e)
{
	const struct address_wanted wanted = { spec->v4.host, spec->v6.host };
	const struct link *link = &look->link;
	struct veth_end *end = &state->host;
	struct link bridge = { 0 };
	char tag[LINK_ALIAS_MAX];
	int r = 0;

	tag_format(spec, tag);
	state->ours = strcmp(link->alias, tag) == 0;
	state->altname = link->altname;
	state->guarded = link->guarded;
	state->group = link->group;
	state->forwarding_v4 = link->v4.forwarding;
	state->strict_source = link->v4.strict_source;
	state->v6_disabled = !link->v6.enabled;
	state->forwarding_v6 = link->v6.enabled && link->v6.forwarding;
	state->accept_ra = link->v6.enabled && link->v6.accept_ra;
	state->accept_redirects =
		link->v4.accept_redirects || (link->v6.enabled && link->v6.accept_redirects);
	end_fill(end, link);
	if (link->master > 0)
		r = link_find(veth, NULL, link->master, NULL, &bridge, e);
	if (r >= 0)
		r = end_read_addresses(&veth->rtnl, &wanted, end, e);
	if (r >= 0)
		r = known_read(veth, spec, state, e);
	if (r < 0)
		return r;
	memcpy(state->bridge, bridge.name, sizeof(state->bridge));
	state->cut = link->cut && bridge.up; /* one that is down has all its ports disabled */
	if (look->to_v4.ifindex != link->ifindex)
		end->v4_peer.family = AF_UNSPEC;
	if (look->to_v6.ifindex != link->ifindex)
		end->v6_peer.family = AF_UNSPEC;
	return 0;
}

/**
 * cable_read - read a cable back
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed, or -1
 * @spec: what it should be; names the link and the addresses to look for
 * @ret_cable: the cable as it is
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no host end, or -errno.
 */
int cable_read(struct veth *veth, int ns_fd, const struct veth_spec *spec, struct cable *ret_cable,
	       struct error *e)
{
	struct cable cable = { 0 };
	struct host_look look;
	int r = host_look(veth, ns_fd, spec, &look, e);

	if (r < 0)
		return r;
	cable.host = look.link;
	if (cable.host.ifindex > 0) {
		cable.ours = link_is_ours(&cable.host, spec);
		cable.inside = look.nsid.assigned && look.nsid.number == cable.host.peer_ns;
		r = host_read(veth, spec, &look, &cable.state, e);
		if (r == 0 && cable.inside)
			r = inside_read(veth, ns_fd, spec, &cable, e);
		if (r < 0)
			return r;
	}
	*ret_cable = cable;
	return cable.host.ifindex > 0;
}

/**
 * veth_read - read a cable back
 * @veth, @ns_fd, @spec: as for cable_read()
 * @ret_state: the cable as it is; all empty when there is no host end
 * @e: names the link and the container
 *
 * Of the addresses of an end the one that should be there is given if it is, so that others which
 * somebody has added do not hide it. Routes and addresses are read of families that @spec has.
 *
 * Returns 1, 0 when there is no host end, or -errno.
 */
int veth_read(struct veth *veth, int ns_fd, const struct veth_spec *spec,
	      struct veth_state *ret_state, struct error *e)
{
	struct cable cable;
	int r = cable_read(veth, ns_fd, spec, &cable, e);

	if (r < 0)
		return error_wrap(e, r, "link %s of container %s", spec->link, spec->container);
	*ret_state = cable.state;
	return r;
}
