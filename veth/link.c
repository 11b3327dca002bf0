/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/link.h"

#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "veth/attribute.h"

/* DEVCONF_FORCE_FORWARDING, kernel 6.17: later than the headers we are built with may be. */
#define FORCE_FORWARDING (DEVCONF_ACCEPT_RA_MIN_LFT + 1)

/**
 * switch_at - one number of the array in which the kernel gives a family's switches
 * @conf: IFLA_INET_CONF or IFLA_INET6_CONF, borrowed, may be NULL
 * @index: where; zero is read behind the end, where an older kernel has nothing
 */
static int32_t switch_at(const struct nlattr *conf, size_t index)
{
	int32_t value = 0;

	if (conf && (size_t)nla_len(conf) >= (index + 1) * sizeof(value))
		memcpy(&value, (const char *)nla_data(conf) + index * sizeof(value), sizeof(value));
	return value;
}

/**
 * link_take_switches - the switches of a link
 * @families: IFLA_AF_SPEC, borrowed, may be NULL
 * @link: changed
 *
 * Where the kernel can force forwarding of IPv6 per link, that is what counts; elsewhere the plain
 * switch, which is not heeded unless that of all links is on too.
 */
static void link_take_switches(const struct nlattr *families, struct link *link)
{
	const struct nlattr *v4 = attribute_find(attribute_find(families, AF_INET), IFLA_INET_CONF);
	const struct nlattr *v6 =
		attribute_find(attribute_find(families, AF_INET6), IFLA_INET6_CONF);
	bool can_force = v6 && (size_t)nla_len(v6) > FORCE_FORWARDING * sizeof(int32_t);

	link->v4 = (struct link_switches){
		.enabled = v4 != NULL,
		.forwarding = switch_at(v4, IPV4_DEVCONF_FORWARDING - 1) != 0,
		.accept_redirects = switch_at(v4, IPV4_DEVCONF_ACCEPT_REDIRECTS - 1) != 0,
		.strict_source = switch_at(v4, IPV4_DEVCONF_RP_FILTER - 1) == 1,
	};
	link->v6 = (struct link_switches){
		.enabled = v6 && switch_at(v6, DEVCONF_DISABLE_IPV6) == 0,
		.forwarding = switch_at(v6, can_force ? FORCE_FORWARDING : DEVCONF_FORWARDING) != 0,
		.forced = can_force,
		.accept_redirects = switch_at(v6, DEVCONF_ACCEPT_REDIRECTS) != 0,
		.accept_ra = switch_at(v6, DEVCONF_ACCEPT_RA) != 0,
	};
}

/**
 * link_take_counters - what went through a link
 * @attribute: IFLA_STATS64, borrowed, may be NULL
 * @link: changed
 */
static void link_take_counters(const struct nlattr *attribute, struct link *link)
{
	struct rtnl_link_stats64 stats = { 0 };

	if (!attribute)
		return;
	nla_memcpy(&stats, attribute, sizeof(stats));
	link->rx_bytes = stats.rx_bytes;
	link->tx_bytes = stats.tx_bytes;
	link->rx_packets = stats.rx_packets;
	link->tx_packets = stats.tx_packets;
	link->rx_dropped = stats.rx_dropped;
	link->tx_dropped = stats.tx_dropped;
	link->rx_errors = stats.rx_errors;
	link->tx_errors = stats.tx_errors;
}

/**
 * link_take_port - what a link is as the port of a bridge
 * @info: IFLA_LINKINFO, borrowed, may be NULL
 * @operating: whether packets could go through it
 * @link: changed
 *
 * A port that could work and is disabled was cut off by its guard (br_stp_rcv() in net/bridge): the
 * kernel enables it whenever the link comes up, under the lock under which we read.
 */
static void link_take_port(const struct nlattr *info, bool operating, struct link *link)
{
	const struct nlattr *port = attribute_find(info, IFLA_INFO_SLAVE_DATA);
	char kind[sizeof(link->kind)] = "";

	attribute_text(attribute_find(info, IFLA_INFO_SLAVE_KIND), kind, sizeof(kind));
	if (!port || strcmp(kind, "bridge") != 0)
		return;
	link->guarded = attribute_u8(attribute_find(port, IFLA_BRPORT_GUARD)) == 1;
	link->cut = link->guarded && operating &&
		    attribute_u8(attribute_find(port, IFLA_BRPORT_STATE)) == BR_STATE_DISABLED;
}

/**
 * altname_listed - whether a name is among the alternative names of a link
 * @list: IFLA_PROP_LIST, borrowed, may be NULL
 * @altname: borrowed, may be NULL
 */
static bool altname_listed(const struct nlattr *list, const char *altname)
{
	const struct nlattr *name;
	int left;

	if (!list || !altname)
		return false;
	for (name = nla_data(list), left = nla_len(list); nla_ok(name, left);
	     name = nla_next(name, &left))
		if (nla_type(name) == IFLA_ALT_IFNAME && nla_strcmp(name, altname) == 0)
			return true;
	return false;
}

/**
 * link_take - take a link apart; for struct answer
 * @reply: RTM_NEWLINK, borrowed; anything else is ignored
 * @wanted: an alternative name to look for, as text, or NULL
 * @found: a struct link
 */
void link_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)reply;
	struct nlattr *attributes[IFLA_MAX + 1];
	const struct ifinfomsg *header = nlmsg_data(reply);
	struct link *link = found;

	if (reply->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(message, sizeof(*header), attributes, IFLA_MAX, NULL) < 0)
		return;
	*link = (struct link){
		.ifindex = header->ifi_index,
		.up = header->ifi_flags & IFF_UP,
		.carrier = attribute_u8(attributes[IFLA_CARRIER]) == 1,
		.mtu = attribute_u32(attributes[IFLA_MTU]),
		.group = attribute_u32(attributes[IFLA_GROUP]),
		.master = (int)attribute_u32(attributes[IFLA_MASTER]),
		.peer = (int)attribute_u32(attributes[IFLA_LINK]),
		.peer_ns = -1,
		.altname = altname_listed(attributes[IFLA_PROP_LIST], wanted),
	};
	if (attributes[IFLA_LINK_NETNSID])
		link->peer_ns = (int)attribute_u32(attributes[IFLA_LINK_NETNSID]);
	if (attributes[IFLA_ADDRESS])
		nla_memcpy(link->mac.bytes, attributes[IFLA_ADDRESS], sizeof(link->mac.bytes));
	attribute_text(attributes[IFLA_IFNAME], link->name, sizeof(link->name));
	attribute_text(attributes[IFLA_IFALIAS], link->alias, sizeof(link->alias));
	attribute_text(attribute_find(attributes[IFLA_LINKINFO], IFLA_INFO_KIND), link->kind,
		       sizeof(link->kind));
	link_take_port(attributes[IFLA_LINKINFO],
		       attribute_u8(attributes[IFLA_OPERSTATE]) == IF_OPER_UP, link);
	link_take_counters(attributes[IFLA_STATS64], link);
	link_take_switches(attributes[IFLA_AF_SPEC], link);
}

/**
 * addresses_take - take one address of a link; for struct answer
 * @reply: RTM_NEWADDR, borrowed; anything else is ignored
 * @wanted: the struct address_wanted
 * @found: a struct addresses: of each family the wanted one, else the first
 */
void addresses_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)reply;
	struct nlattr *attributes[IFA_MAX + 1];
	const struct ifaddrmsg *header = nlmsg_data(reply);
	const struct address_wanted *want = wanted;
	bool v6 = header->ifa_family == AF_INET6;
	struct addresses *all = found;
	struct address *slot = v6 ? &all->v6 : &all->v4;
	struct address here;

	if (reply->nlmsg_type != RTM_NEWADDR || header->ifa_scope != RT_SCOPE_UNIVERSE ||
	    nlmsg_parse(message, sizeof(*header), attributes, IFA_MAX, NULL) < 0)
		return;
	here.peer = attribute_addr(attributes[IFA_ADDRESS], header->ifa_family);
	here.local.addr = attribute_addr(attributes[IFA_LOCAL], header->ifa_family);
	here.local.length = header->ifa_prefixlen;
	if (!addr_is_set(&here.local.addr))
		here.local.addr = here.peer;
	if (addr_equal(&here.peer, &here.local.addr))
		here.peer = (struct addr){ .family = AF_UNSPEC };
	if (!addr_is_set(&slot->local.addr) ||
	    addr_equal(&here.local.addr, v6 ? &want->v6 : &want->v4))
		*slot = here;
}

/**
 * route_parse - take a route apart
 * @reply: borrowed
 * @ret_route: the route; of several next hops the first
 *
 * Returns whether it leads somewhere: unreachable, blackhole and local ones do not.
 */
static bool route_parse(const struct nlmsghdr *reply, struct route *ret_route)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)reply;
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *header = nlmsg_data(reply);
	const struct nlattr *hops;
	struct rtnexthop first;

	if (reply->nlmsg_type != RTM_NEWROUTE || header->rtm_type != RTN_UNICAST ||
	    nlmsg_parse(message, sizeof(*header), attributes, RTA_MAX, NULL) < 0)
		return false;
	*ret_route = (struct route){
		.ifindex = (int)attribute_u32(attributes[RTA_OIF]),
		.metric = attribute_u32(attributes[RTA_PRIORITY]),
		.gateway = attribute_addr(attributes[RTA_GATEWAY], header->rtm_family),
	};
	hops = attributes[RTA_MULTIPATH];
	if (hops && (size_t)nla_len(hops) >= sizeof(first)) {
		memcpy(&first, nla_data(hops), sizeof(first));
		ret_route->ifindex = first.rtnh_ifindex;
	}
	return true;
}

/**
 * route_take - take the one route a look-up brings; for struct answer
 * @reply: RTM_NEWROUTE, borrowed; anything else is ignored
 * @wanted: not used
 * @found: a struct route
 */
void route_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	struct route route;

	(void)wanted;
	if (route_parse(reply, &route))
		*(struct route *)found = route;
}

/**
 * route_take_default - take the default route out of all; for struct answer
 * @reply: RTM_NEWROUTE, borrowed; anything else is ignored
 * @wanted: not used
 * @found: a struct route: of several the one with the lowest metric
 */
void route_take_default(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	const struct rtmsg *header = nlmsg_data(reply);
	struct route *best = found;
	struct route route;

	(void)wanted;
	if (!route_parse(reply, &route) || header->rtm_dst_len != 0)
		return;
	if (best->ifindex == 0 || route.metric < best->metric)
		*best = route;
}

/**
 * neighbour_take - take where an address is found; for struct answer
 * @reply: RTM_NEWNEIGH, borrowed; anything else is ignored
 * @wanted: not used
 * @found: a struct mac; none unless it is fixed
 */
void neighbour_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	const struct ndmsg *header = nlmsg_data(reply);
	struct nlattr *attribute =
		nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)reply, sizeof(*header), NDA_LLADDR);
	struct mac *mac = found;

	(void)wanted;
	if (reply->nlmsg_type == RTM_NEWNEIGH && header->ndm_state & NUD_PERMANENT && attribute &&
	    (size_t)nla_len(attribute) == sizeof(mac->bytes))
		memcpy(mac->bytes, nla_data(attribute), sizeof(mac->bytes));
}

/**
 * nsid_take - take the number of a namespace; for struct answer
 * @reply: RTM_NEWNSID, borrowed
 * @wanted: not used
 * @found: a struct nsid
 */
void nsid_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	struct nlattr *attribute = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)reply,
						   sizeof(struct rtgenmsg), NETNSA_NSID);
	struct nsid *nsid = found;

	(void)wanted;
	nsid->number = attribute ? (int)attribute_u32(attribute) : NETNSA_NSID_NOT_ASSIGNED;
	nsid->assigned = nsid->number != NETNSA_NSID_NOT_ASSIGNED;
}
