/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"
#include "base/link-group.h"
#include "base/sysctl.h"
#include "veth/cable.h"
#include "veth/message.h"

/**
 * forwarding_v6_write - let IPv6 packets from the container be forwarded, or not
 * @spec: borrowed
 * @e: names the switch
 *
 * Kernels before 6.17 cannot force it for one link; there the plain switch is set, which they heed
 * only when that of all links is on.
 *
 * Returns 0 or -errno.
 */
int forwarding_v6_write(const struct veth_spec *spec, struct error *e)
{
	int r = sysctl_write("ipv6", spec->link, "force_forwarding", spec->forwarding, e);

	return r == -ENOENT ? sysctl_write("ipv6", spec->link, "forwarding", spec->forwarding, e)
			    : r;
}

/**
 * switches_v6_write - set the IPv6 switches of the host end
 * @spec: borrowed
 * @e: names the switch
 *
 * Where no IPv6 is wanted it is off altogether, which takes router advertisements and redirects
 * with it. A kernel without IPv6 has no switches.
 *
 * Returns 0 or -errno.
 */
static int switches_v6_write(const struct veth_spec *spec, struct error *e)
{
	static const char *const keys[] = { "accept_ra", "accept_redirects", "disable_ipv6" };
	int r = 0;

	if (!spec_wants_v6(spec)) {
		r = sysctl_write("ipv6", spec->link, "disable_ipv6", 1, e);
		return r == -ENOENT ? 0 : r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys) && r == 0; i++)
		r = sysctl_write("ipv6", spec->link, keys[i], 0, e);
	return r < 0 ? r : forwarding_v6_write(spec, e);
}

/**
 * add_host_link - change the host end itself
 * @batch: changed
 * @spec: borrowed
 * @ifindex: the host end
 * @parts: what to change
 * @bridge: ifindex of the bridge it belongs to, 0 for none
 * @group: the number of its group, 0 for none
 */
static void add_host_link(struct batch *batch, const struct veth_spec *spec, int ifindex,
			  unsigned parts, int bridge, uint32_t group)
{
	char tag[LINK_ALIAS_MAX];

	message_link_set(batch, "set the host end up", ifindex, IFF_UP,
			 parts & PART_HOST_UP ? IFF_UP : 0);
	if (parts & PART_TAG) {
		tag_format(spec, tag);
		batch_put_text(batch, IFLA_IFALIAS, tag);
	}
	if (parts & PART_HOST_MAC)
		batch_put(batch, IFLA_ADDRESS, spec->host_mac.bytes, sizeof(spec->host_mac.bytes));
	if (parts & PART_HOST_MTU)
		batch_put_u32(batch, IFLA_MTU, spec->mtu);
	if (parts & PART_BRIDGE)
		batch_put_u32(batch, IFLA_MASTER, (uint32_t)bridge);
	if (parts & PART_GROUP)
		batch_put_u32(batch, IFLA_GROUP, group);
	if (parts & PART_SWITCHES_V4)
		message_put_switches(batch, spec);
}

/**
 * add_port - change what the host end is as the port of a bridge
 * @batch: changed
 * @spec: borrowed
 * @ifindex: the host end
 * @parts: what to change
 *
 * A port that was cut off works again when its link comes up.
 */
static void add_port(struct batch *batch, const struct veth_spec *spec, int ifindex, unsigned parts)
{
	if (parts & PART_GUARD)
		message_port_guard(batch, ifindex, spec->guarded);
	if (parts & PART_CUT) {
		message_link_set(batch, "set the host end down", ifindex, 0, IFF_UP);
		message_link_set(batch, "set the host end up", ifindex, IFF_UP, IFF_UP);
	}
}

/**
 * add_address - put the right address in the place of a wrong one
 * @batch: changed
 * @what: for "cannot ...", a literal
 * @ifindex: which end
 * @present: what is there, or none
 * @local, @peer: what should be there, as for message_address_add()
 */
static void add_address(struct batch *batch, const char *what, int ifindex,
			const struct prefix *present, const struct prefix *local,
			const struct addr *peer)
{
	if (addr_is_set(&present->addr))
		message_address_delete(batch, what, ifindex, present);
	message_address_add(batch, what, ifindex, local, peer);
}

/**
 * host_mend - make parts of the host end right
 * @veth: the session
 * @spec: borrowed
 * @state: the cable as it is
 * @parts: what to mend
 * @e: filled on failure
 *
 * IPv6 is switched before the link is up and addresses are set, and a port is guarded before, unless
 * it first has to become one. So is the group set that goes with the MAC: where that is about to be another
 * one, what the container sends meanwhile is lost, and its programs send it again.
 *
 * Returns 0 or -errno.
 */
static int host_mend(struct veth *veth, const struct veth_spec *spec,
		     const struct veth_state *state, unsigned parts, struct error *e)
{
	static const char what[] = "set the address of the host end";
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	const struct prefix v4 = { .addr = spec->v4.host }, v6 = { .addr = spec->v6.host };
	int ifindex = state->host.ifindex, bridge = 0, r = 0;
	uint32_t group = 0;

	if (parts & PART_BRIDGE)
		r = bridge_find(veth, spec, &bridge, e);
	if (r == 0 && parts & PART_GROUP && spec_is_judged(spec))
		r = link_group_choose(&spec->local_mac, &group, e);
	if (r == 0 && parts & PART_SWITCHES_V6)
		r = switches_v6_write(spec, e);
	if (r < 0)
		return r;
	if (!(parts & PART_BRIDGE))
		add_port(&batch, spec, ifindex, parts);
	if (parts & PARTS_HOST_LINK)
		add_host_link(&batch, spec, ifindex, parts, bridge, group);
	if (parts & PART_BRIDGE)
		add_port(&batch, spec, ifindex, parts);
	if (parts & PART_ALTNAME)
		message_altname(&batch, RTM_NEWLINKPROP, ifindex, spec->altname);
	if (parts & PART_HOST_V4)
		add_address(&batch, what, ifindex, &state->host.v4, &v4, &spec->v4.local.addr);
	if (parts & PART_HOST_V6)
		add_address(&batch, what, ifindex, &state->host.v6, &v6, &spec->v6.local.addr);
	if (parts & PART_KNOWN_V4)
		message_neighbour_set(&batch, ifindex, &spec->v4.local.addr, &spec->local_mac);
	if (parts & PART_KNOWN_V6)
		message_neighbour_set(&batch, ifindex, &spec->v6.local.addr, &spec->local_mac);
	return rtnl_exchange(&veth->rtnl, &batch, e);
}

/**
 * add_inside_link - change eth0 itself
 * @batch: changed
 * @spec: borrowed
 * @ifindex: eth0
 * @parts: what to change
 */
static void add_inside_link(struct batch *batch, const struct veth_spec *spec, int ifindex,
			    unsigned parts)
{
	/* Before it has another MAC, so that it tells its neighbours. */
	if (parts & PART_LOCAL_MAC) {
		message_link_set(batch, "change " VETH_INSIDE, ifindex, 0, 0);
		message_put_announcing(batch);
	}
	message_link_set(batch, "set " VETH_INSIDE " up", ifindex, IFF_UP,
			 parts & PART_LOCAL_UP ? IFF_UP : 0);
	if (parts & PART_LOCAL_MAC)
		batch_put(batch, IFLA_ADDRESS, spec->local_mac.bytes,
			  sizeof(spec->local_mac.bytes));
	if (parts & PART_LOCAL_MTU)
		batch_put_u32(batch, IFLA_MTU, spec->mtu);
}

/**
 * add_inside_pair - the container's address and default route of one family
 * @batch: changed
 * @spec: borrowed
 * @pair: of this family
 * @present: the address that is there, or none
 * @ifindex: eth0
 * @address, @route: which of the two
 */
static void add_inside_pair(struct batch *batch, const struct veth_spec *spec,
			    const struct veth_pair *pair, const struct prefix *present, int ifindex,
			    bool address, bool route)
{
	static const struct addr none;
	bool paired = spec_is_paired(spec, pair);

	if (address)
		add_address(batch, "set the address of " VETH_INSIDE, ifindex, present,
			    &pair->local, paired ? &pair->host : &none);
	if (route)
		message_route_default(batch, ifindex, &pair->host);
}

/**
 * link_local_renew - have the address of the link follow from the MAC again
 * @rtnl: in the container's namespace
 * @ifindex: eth0
 * @was, @is: its MAC before and now
 *
 * The kernel makes it when a link comes up, and leaves it when that gets another MAC. Where there is none
 * of this kind, none is wanted.
 */
static void link_local_renew(struct rtnl *rtnl, int ifindex, const struct mac *was,
			     const struct mac *is)
{
	static const char what[] = "set the address of the link";
	static const struct addr none;
	const struct prefix before = { mac_link_local(was), 64 }, now = { mac_link_local(is), 64 };
	_cleanup_(batch_deinit) struct batch taken = { 0 };
	_cleanup_(batch_deinit) struct batch given = { 0 };

	message_address_delete(&taken, what, ifindex, &before);
	if (rtnl_exchange(rtnl, &taken, NULL) < 0)
		return;
	message_address_add(&given, what, ifindex, &now, &none);
	(void)rtnl_exchange(rtnl, &given, NULL); /* then the container has to do without */
}

/**
 * inside_mend - make parts of the container's end right
 * @veth: the session
 * @ns_fd: its namespace, borrowed
 * @spec: borrowed
 * @state: the cable as it is
 * @parts: what to mend
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int inside_mend(struct veth *veth, int ns_fd, const struct veth_spec *spec,
		       const struct veth_state *state, unsigned parts, struct error *e)
{
	_cleanup_(rtnl_deinit) struct rtnl rtnl = { 0 };
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	const struct veth_end *end = &state->local;
	int r = inside_open(veth, ns_fd, &rtnl, e);

	if (r < 0)
		return r;
	if (parts & PART_LOOPBACK)
		message_link_set(&batch, "set the loopback up", LOOPBACK_IFINDEX, IFF_UP, IFF_UP);
	if (parts & PARTS_LOCAL_LINK)
		add_inside_link(&batch, spec, end->ifindex, parts);
	add_inside_pair(&batch, spec, &spec->v4, &end->v4, end->ifindex, parts & PART_LOCAL_V4,
			parts & PART_ROUTE_V4);
	add_inside_pair(&batch, spec, &spec->v6, &end->v6, end->ifindex, parts & PART_LOCAL_V6,
			parts & PART_ROUTE_V6);
	r = rtnl_exchange(&rtnl, &batch, e);
	if (r == 0 && parts & PART_LOCAL_MAC)
		link_local_renew(&rtnl, end->ifindex, &end->mac, &spec->local_mac);
	return r;
}

/**
 * cable_mend - make parts of a cable right
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @spec: borrowed
 * @state: the cable as it is; of a new one only the ifindexes are known
 * @parts: what to mend
 * @e: filled on failure
 *
 * The host's side comes first: what protects it is in force before the container can send.
 *
 * Returns 0 or -errno.
 */
int cable_mend(struct veth *veth, int ns_fd, const struct veth_spec *spec,
	       const struct veth_state *state, unsigned parts, struct error *e)
{
	int r = 0;

	if (parts & ~(unsigned)PARTS_INSIDE)
		r = host_mend(veth, spec, state, parts, e);
	if (r == 0 && parts & PARTS_INSIDE)
		r = inside_mend(veth, ns_fd, spec, state, parts, e);
	return r;
}
