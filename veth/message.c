/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/message.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#define ADDRESS_METRIC 256 /* IP6_RT_PRIO_ADDRCONF */

/**
 * message_link_get - ask for one link
 * @batch: changed
 * @name: its name, borrowed; NULL to ask by number
 * @ifindex: its number
 * @answer: where it goes; there being none is an answer too
 */
void message_link_get(struct batch *batch, const char *name, int ifindex,
		      const struct answer *answer)
{
	struct ifinfomsg header = { .ifi_index = name ? 0 : ifindex };

	batch_begin(batch, "read the link", RTM_GETLINK, 0, &header, sizeof(header));
	batch_expect(batch, REFUSAL_NO_LINK, answer);
	if (name)
		batch_put_text(batch, IFLA_IFNAME, name);
}

/**
 * message_link_set - begin to change a link; the caller adds the attributes
 * @batch: changed
 * @what: for "cannot ...", a literal
 * @ifindex: which link
 * @flags: IFF_... to set
 * @mask: those of them that are meant; with 0 the kernel must see no flag either
 */
void message_link_set(struct batch *batch, const char *what, int ifindex, unsigned flags,
		      unsigned mask)
{
	struct ifinfomsg header = { .ifi_index = ifindex,
				    .ifi_flags = flags & mask,
				    .ifi_change = mask };

	batch_begin(batch, what, RTM_SETLINK, 0, &header, sizeof(header));
}

/**
 * message_link_delete - destroy a link and its peer
 * @batch: changed
 * @what: for "cannot ...", a literal
 * @ifindex: which link; there being none is fine
 */
void message_link_delete(struct batch *batch, const char *what, int ifindex)
{
	struct ifinfomsg header = { .ifi_index = ifindex };

	batch_begin(batch, what, RTM_DELLINK, 0, &header, sizeof(header));
	batch_expect(batch, REFUSAL_NO_LINK, NULL);
}

/**
 * message_group_delete - destroy all links of a group, and their peers
 * @batch: changed
 * @what: for "cannot ...", a literal
 * @group: its number, not 0; there being no such link is fine
 */
void message_group_delete(struct batch *batch, const char *what, uint32_t group)
{
	message_link_delete(batch, what, 0);
	batch_put_u32(batch, IFLA_GROUP, group);
}

/**
 * put_end - the attributes that both ends of a new pair have
 * @batch: changed
 * @spec: borrowed
 * @name: of this end
 * @mac: of this end; none: the kernel makes one up
 *
 * One queue each way: the default of one per processor makes creation 39 % dearer on two of them.
 */
static void put_end(struct batch *batch, const struct veth_spec *spec, const char *name,
		    const struct mac *mac)
{
	batch_put_text(batch, IFLA_IFNAME, name);
	if (mac_is_set(mac))
		batch_put(batch, IFLA_ADDRESS, mac->bytes, sizeof(mac->bytes));
	if (spec->mtu != 0)
		batch_put_u32(batch, IFLA_MTU, spec->mtu);
	batch_put_u32(batch, IFLA_NUM_TX_QUEUES, 1);
	batch_put_u32(batch, IFLA_NUM_RX_QUEUES, 1);
}

/**
 * message_pair_create - make a pair, the other end born in the container's namespace
 * @batch: changed
 * @spec: borrowed
 * @ns_fd: that namespace
 * @master: ifindex of the bridge, or 0
 * @answer: where the host end goes, on kernels that echo it (6.2 and later)
 */
void message_pair_create(struct batch *batch, const struct veth_spec *spec, int ns_fd, int master,
			 const struct answer *answer)
{
	static const struct ifinfomsg header;
	struct nlattr *info, *data, *peer;

	batch_begin(batch, "make the pair", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO,
		    &header, sizeof(header));
	batch_expect(batch, REFUSAL_EXISTS, answer);
	put_end(batch, spec, spec->link, &spec->host_mac);
	if (master > 0)
		batch_put_u32(batch, IFLA_MASTER, (uint32_t)master);
	info = batch_nest(batch, IFLA_LINKINFO);
	batch_put_text(batch, IFLA_INFO_KIND, "veth");
	data = batch_nest(batch, IFLA_INFO_DATA);
	peer = batch_nest_header(batch, VETH_INFO_PEER, &header, sizeof(header));
	put_end(batch, spec, VETH_INSIDE, &spec->local_mac);
	batch_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	batch_nest_end(batch, peer);
	batch_nest_end(batch, data);
	batch_nest_end(batch, info);
}

/**
 * message_port_guard - have the port of a bridge cut off when it is sent spanning tree frames, or not
 * @batch: changed
 * @ifindex: which link
 * @on: whether
 *
 * What a port is set to goes with RTM_NEWLINK only; with RTM_SETLINK the kernel does not look at it.
 */
void message_port_guard(struct batch *batch, int ifindex, bool on)
{
	struct ifinfomsg header = { .ifi_index = ifindex };
	const uint8_t value = on;
	struct nlattr *info, *port;

	batch_begin(batch, "guard the port of the bridge", RTM_NEWLINK, 0, &header, sizeof(header));
	info = batch_nest(batch, IFLA_LINKINFO);
	batch_put_text(batch, IFLA_INFO_SLAVE_KIND, "bridge");
	port = batch_nest(batch, IFLA_INFO_SLAVE_DATA);
	batch_put(batch, IFLA_BRPORT_GUARD, &value, sizeof(value));
	batch_nest_end(batch, port);
	batch_nest_end(batch, info);
}

/**
 * message_altname - give a link its second, full name, or take it away
 * @batch: changed
 * @type: RTM_NEWLINKPROP or RTM_DELLINKPROP
 * @ifindex: which link
 * @altname: the name, borrowed
 */
void message_altname(struct batch *batch, uint16_t type, int ifindex, const char *altname)
{
	struct ifinfomsg header = { .ifi_index = ifindex };
	struct nlattr *list;

	batch_begin(batch,
		    type == RTM_NEWLINKPROP ? "set the alternative name"
					    : "remove the alternative name",
		    type, type == RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL : 0, &header,
		    sizeof(header));
	list = batch_nest(batch, IFLA_PROP_LIST);
	batch_put_text(batch, IFLA_ALT_IFNAME, altname);
	batch_nest_end(batch, list);
}

/* A switch of IPv4 on one link, in the numbering of linux/ip.h. */
struct switch_value {
	int key;
	uint32_t value;
};

/**
 * put_switches - set IPv4 switches of the link that is being changed, without a write to /proc
 * @batch: changed
 * @switches, @count: borrowed
 *
 * Source: inet_set_link_af() in net/ipv4/devinet.c.
 */
static void put_switches(struct batch *batch, const struct switch_value *switches, size_t count)
{
	struct nlattr *families = batch_nest(batch, IFLA_AF_SPEC);
	struct nlattr *family = batch_nest(batch, AF_INET);
	struct nlattr *conf = batch_nest(batch, IFLA_INET_CONF);

	for (size_t i = 0; i < count; i++)
		batch_put_u32(batch, switches[i].key, switches[i].value);
	batch_nest_end(batch, conf);
	batch_nest_end(batch, family);
	batch_nest_end(batch, families);
}

/**
 * message_put_switches - set all IPv4 switches of a host end
 * @batch: changed, the change of the link begun
 * @spec: borrowed
 */
void message_put_switches(struct batch *batch, const struct veth_spec *spec)
{
	const struct switch_value switches[] = {
		{ IPV4_DEVCONF_FORWARDING, spec->forwarding }, { IPV4_DEVCONF_RP_FILTER, 1 },
		{ IPV4_DEVCONF_ACCEPT_REDIRECTS, 0 },          { IPV4_DEVCONF_SEND_REDIRECTS, 0 },
		{ IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, 0 },
	};

	put_switches(batch, switches, sizeof(switches) / sizeof(switches[0]));
}

/**
 * message_put_forwarding - set the one IPv4 switch that NAT turns
 * @batch: changed, the change of the link begun
 * @spec: borrowed
 */
void message_put_forwarding(struct batch *batch, const struct veth_spec *spec)
{
	const struct switch_value forwarding = { IPV4_DEVCONF_FORWARDING, spec->forwarding };

	put_switches(batch, &forwarding, 1);
}

/**
 * message_put_announcing - have a link that gets another MAC tell its neighbours
 * @batch: changed, the change of the link begun
 */
void message_put_announcing(struct batch *batch)
{
	const struct switch_value announcing = { IPV4_DEVCONF_ARP_NOTIFY, 1 };

	put_switches(batch, &announcing, 1);
}

/**
 * begin_address - begin a message about an address
 * @batch, @what: as for batch_begin()
 * @type: RTM_NEWADDR or RTM_DELADDR
 * @flags: NLM_F_...
 * @ifindex: which link
 * @local: the address, with the length that goes to the kernel
 */
static void begin_address(struct batch *batch, const char *what, uint16_t type, uint16_t flags,
			  int ifindex, const struct prefix *local)
{
	struct ifaddrmsg header = { .ifa_family = (uint8_t)local->addr.family,
				    .ifa_prefixlen = local->length,
				    .ifa_scope = RT_SCOPE_UNIVERSE,
				    .ifa_index = (uint32_t)ifindex };

	batch_begin(batch, what, type, flags, &header, sizeof(header));
	batch_put_addr(batch, IFA_LOCAL, &local->addr);
}

/**
 * add_peer_route - make the route to the other end of a cable, where the kernel is late with it
 * @batch: changed
 * @ifindex: which end
 * @peer: the address of the other end
 *
 * With an IPv4 address the kernel makes it at once. With an IPv6 address it does so from a work
 * queue, some time after the request; but the network is to be complete when we return. This is the
 * very same route, metric included, so that it goes with the address.
 *
 * Source: addrconf_dad_start() and __ipv6_ifa_notify() in net/ipv6/addrconf.c.
 */
static void add_peer_route(struct batch *batch, int ifindex, const struct addr *peer)
{
	struct rtmsg header = { .rtm_family = AF_INET6,
				.rtm_dst_len = addr_bits(peer),
				.rtm_table = RT_TABLE_MAIN,
				.rtm_protocol = RTPROT_KERNEL,
				.rtm_scope = RT_SCOPE_UNIVERSE,
				.rtm_type = RTN_UNICAST };

	batch_begin(batch, "set the route to the other end", RTM_NEWROUTE,
		    NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	batch_put_addr(batch, RTA_DST, peer);
	batch_put_u32(batch, RTA_OIF, (uint32_t)ifindex);
	batch_put_u32(batch, RTA_PRIORITY, ADDRESS_METRIC);
}

/**
 * message_address_add - put an address on a link
 * @batch: changed
 * @what: for "cannot ...", a literal
 * @ifindex: which link
 * @local: the address; with a peer the length is not used
 * @peer: the other end of the cable, to which a route is made; none: the subnet's length counts
 *
 * IPv6 addresses are usable at once: a duplicate is impossible between two ends that we number, and
 * on a bridge the address book forbids it.
 */
void message_address_add(struct batch *batch, const char *what, int ifindex,
			 const struct prefix *local, const struct addr *peer)
{
	bool paired = addr_is_set(peer);
	struct prefix address = { .addr = local->addr,
				  .length = paired ? addr_bits(peer) : local->length };

	begin_address(batch, what, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, &address);
	batch_put_addr(batch, IFA_ADDRESS, paired ? peer : &local->addr);
	if (local->addr.family != AF_INET6)
		return;
	batch_put_u32(batch, IFA_FLAGS, IFA_F_NODAD);
	if (paired)
		add_peer_route(batch, ifindex, peer);
}

/**
 * message_address_delete - take an address off a link
 * @batch: changed
 * @what: for "cannot ...", a literal
 * @ifindex: which link
 * @local: the address as it was read
 */
void message_address_delete(struct batch *batch, const char *what, int ifindex,
			    const struct prefix *local)
{
	begin_address(batch, what, RTM_DELADDR, 0, ifindex, local);
}

/**
 * message_address_dump - ask for the addresses of one link, of both families
 * @batch: changed
 * @ifindex: which link; the kernel looks at no other
 * @answer: where they go
 */
void message_address_dump(struct batch *batch, int ifindex, const struct answer *answer)
{
	struct ifaddrmsg header = { .ifa_family = AF_UNSPEC, .ifa_index = (uint32_t)ifindex };

	batch_begin(batch, "read the addresses", RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	batch_expect(batch, REFUSAL_FAILS, answer);
}

/**
 * message_route_default - lead everything through a gateway
 * @batch: changed
 * @ifindex: the link
 * @gateway: on it; the kernel is told so, whatever the subnet
 *
 * Without RTNH_F_ONLINK the kernel refuses a gateway outside of the subnet.
 */
void message_route_default(struct batch *batch, int ifindex, const struct addr *gateway)
{
	struct rtmsg header = { .rtm_family = (uint8_t)gateway->family,
				.rtm_table = RT_TABLE_MAIN,
				.rtm_protocol = RTPROT_STATIC,
				.rtm_scope = RT_SCOPE_UNIVERSE,
				.rtm_type = RTN_UNICAST,
				.rtm_flags = RTNH_F_ONLINK };

	batch_begin(batch, "set the default route", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
		    &header, sizeof(header));
	batch_put_addr(batch, RTA_GATEWAY, gateway);
	batch_put_u32(batch, RTA_OIF, (uint32_t)ifindex);
}

/**
 * message_route_default_delete - do not lead everything through a gateway any more
 * @batch: changed
 * @ifindex: the link
 * @gateway: as it was read
 *
 * Whoever has made the route.
 */
void message_route_default_delete(struct batch *batch, int ifindex, const struct addr *gateway)
{
	struct rtmsg header = { .rtm_family = (uint8_t)gateway->family,
				.rtm_table = RT_TABLE_MAIN,
				.rtm_scope = RT_SCOPE_NOWHERE,
				.rtm_type = RTN_UNICAST };

	batch_begin(batch, "take the default route away", RTM_DELROUTE, 0, &header, sizeof(header));
	batch_put_addr(batch, RTA_GATEWAY, gateway);
	batch_put_u32(batch, RTA_OIF, (uint32_t)ifindex);
}

/**
 * message_route_link - lead to an address through a link, without a gateway
 * @batch: changed
 * @ifindex: the link
 * @to: the address
 */
void message_route_link(struct batch *batch, int ifindex, const struct addr *to)
{
	bool v6 = to->family == AF_INET6;
	struct rtmsg header = { .rtm_family = (uint8_t)to->family,
				.rtm_dst_len = addr_bits(to),
				.rtm_table = RT_TABLE_MAIN,
				.rtm_protocol = RTPROT_STATIC,
				.rtm_scope = v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
				.rtm_type = RTN_UNICAST };

	batch_begin(batch, "set the route to the other end", RTM_NEWROUTE,
		    NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	batch_put_addr(batch, RTA_DST, to);
	batch_put_u32(batch, RTA_OIF, (uint32_t)ifindex);
}

/**
 * message_route_get - ask which way packets to an address go
 * @batch: changed
 * @to: the address
 * @answer: where the route goes; there being none is an answer too
 */
void message_route_get(struct batch *batch, const struct addr *to, const struct answer *answer)
{
	struct rtmsg header = { .rtm_family = (uint8_t)to->family, .rtm_dst_len = addr_bits(to) };

	batch_begin(batch, "look a route up", RTM_GETROUTE, 0, &header, sizeof(header));
	batch_expect(batch, REFUSAL_NO_ROUTE, answer);
	batch_put_addr(batch, RTA_DST, to);
}

/**
 * message_route_dump - ask for the routes of the main table
 * @batch: changed
 * @family: AF_INET or AF_INET6
 * @ifindex: only those through this link, or 0 for all
 * @answer: where they go; there being none is an answer too
 */
void message_route_dump(struct batch *batch, sa_family_t family, int ifindex,
			const struct answer *answer)
{
	struct rtmsg header = { .rtm_family = (uint8_t)family };

	batch_begin(batch, "read the routes", RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));
	batch_expect(batch, REFUSAL_NO_ROUTE, answer);
	batch_put_u32(batch, RTA_TABLE, RT_TABLE_MAIN);
	if (ifindex > 0)
		batch_put_u32(batch, RTA_OIF, (uint32_t)ifindex);
}

/**
 * message_neighbour_set - fix where the other end of a cable is found
 * @batch: changed
 * @ifindex: the link
 * @address: of the other end
 * @mac: the same
 *
 * The host need not ask for it, so that nothing the other end says about it counts, and the first
 * packet waits for no answer. Such an entry is not counted among those of which a host has 1,024.
 *
 * Source: neigh_update() and neigh_alloc() in net/core/neighbour.c.
 */
void message_neighbour_set(struct batch *batch, int ifindex, const struct addr *address,
			   const struct mac *mac)
{
	struct ndmsg header = { .ndm_family = (uint8_t)address->family,
				.ndm_ifindex = ifindex,
				.ndm_state = NUD_PERMANENT };

	batch_begin(batch, "fix where the container is found", RTM_NEWNEIGH,
		    NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	batch_put_addr(batch, NDA_DST, address);
	batch_put(batch, NDA_LLADDR, mac->bytes, sizeof(mac->bytes));
}

/**
 * message_neighbour_get - ask where an address is found
 * @batch: changed
 * @ifindex: the link
 * @address: on it
 * @answer: where that goes; its not being known is an answer too
 */
void message_neighbour_get(struct batch *batch, int ifindex, const struct addr *address,
			   const struct answer *answer)
{
	struct ndmsg header = { .ndm_family = (uint8_t)address->family, .ndm_ifindex = ifindex };

	batch_begin(batch, "read where the container is found", RTM_GETNEIGH, 0, &header,
		    sizeof(header));
	batch_expect(batch, REFUSAL_NO_ROUTE, answer);
	batch_put_addr(batch, NDA_DST, address);
}

/**
 * message_nsid_get - ask for the number by which our namespace knows another
 * @batch: changed
 * @ns_fd: the other namespace
 * @answer: where the number goes
 */
void message_nsid_get(struct batch *batch, int ns_fd, const struct answer *answer)
{
	const struct rtgenmsg header = { .rtgen_family = AF_UNSPEC };

	batch_begin(batch, "identify the container's network namespace", RTM_GETNSID, 0, &header,
		    sizeof(header));
	batch_expect(batch, REFUSAL_FAILS, answer);
	batch_put_u32(batch, NETNSA_FD, (uint32_t)ns_fd);
}
