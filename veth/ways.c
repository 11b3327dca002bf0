/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "base/cleanup.h"
#include "veth/attribute.h"
#include "veth/cable.h"
#include "veth/message.h"

/* The links that lead to a network, by their numbers. */
struct ways {
	size_t count;
	int ifindex[VETH_WAYS_MAX];
	bool full; /* there are more */
};

/**
 * ways_add - add a link, once
 * @ways: changed
 * @ifindex: its number; 0 is none
 */
static void ways_add(struct ways *ways, int ifindex)
{
	for (size_t i = 0; i < ways->count; i++)
		if (ways->ifindex[i] == ifindex)
			return;
	if (ifindex > 0 && ways->count == VETH_WAYS_MAX)
		ways->full = true;
	else if (ifindex > 0)
		ways->ifindex[ways->count++] = ifindex;
}

/**
 * ways_add_hops - add the links of a route that has several
 * @ways: changed
 * @hops: RTA_MULTIPATH, borrowed; NULL: it has none
 */
static void ways_add_hops(struct ways *ways, const struct nlattr *hops)
{
	const char *next = hops ? nla_data(hops) : NULL;
	size_t left = hops ? (size_t)nla_len(hops) : 0;
	struct rtnexthop hop;

	while (left >= sizeof(hop)) {
		size_t length;

		memcpy(&hop, next, sizeof(hop));
		ways_add(ways, hop.rtnh_ifindex);
		length = RTNH_ALIGN(hop.rtnh_len);
		if (length < sizeof(hop) || length > left)
			return;
		next += length;
		left -= length;
	}
}

/**
 * ways_take - take the links of a route, when it leads into the network; for struct answer
 * @reply: RTM_NEWROUTE, borrowed; anything else is ignored
 * @wanted: the network
 * @found: the struct ways
 */
static void ways_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)reply;
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *header = nlmsg_data(reply);
	const struct prefix *network = wanted;
	struct addr to;

	if (reply->nlmsg_type != RTM_NEWROUTE || header->rtm_type != RTN_UNICAST ||
	    header->rtm_dst_len < network->length ||
	    nlmsg_parse(message, sizeof(*header), attributes, RTA_MAX, NULL) < 0)
		return;
	to = attribute_addr(attributes[RTA_DST], header->rtm_family);
	if (!prefix_contains(network, &to))
		return;
	ways_add(found, (int)attribute_u32(attributes[RTA_OIF]));
	ways_add_hops(found, attributes[RTA_MULTIPATH]);
}

/**
 * ways_find - find the links that lead to a network
 * @veth: the session
 * @network: borrowed
 * @ways: filled
 * @e: filled on failure
 *
 * Those of the routes into it. Where there is none, it is a part of a larger network, and all of it
 * goes one way.
 *
 * Returns 0 or -errno.
 */
static int ways_find(struct veth *veth, const struct prefix *network, struct ways *ways,
		     struct error *e)
{
	_cleanup_(batch_deinit) struct batch dump = { 0 };
	_cleanup_(batch_deinit) struct batch get = { 0 };
	const struct answer all = { ways_take, network, ways, sizeof(*ways) };
	struct route route;
	const struct answer one = { route_take, NULL, &route, sizeof(route) };
	int r;

	message_route_dump(&dump, network->addr.family, 0, &all);
	r = rtnl_exchange(&veth->rtnl, &dump, e);
	if (r < 0 || ways->count)
		return r;
	message_route_get(&get, &network->addr, &one);
	r = rtnl_exchange(&veth->rtnl, &get, e);
	if (r == 0)
		ways_add(ways, route.ifindex);
	return r;
}

/**
 * veth_ways - the links through which the host reaches a network
 * @veth: the session
 * @network: borrowed
 * @ret_ways: their names
 * @e: names the network
 *
 * Returns how many there are, or -errno.
 */
int veth_ways(struct veth *veth, const struct prefix *network, struct veth_ways *ret_ways,
	      struct error *e)
{
	struct veth_ways names = { .count = 0 };
	struct ways ways;
	char text[PREFIX_TEXT];
	int r = ways_find(veth, network, &ways, e);

	if (r == 0 && ways.full)
		r = error_set(e, ERROR_FAILED, ENOSPC, "more than %d links lead there",
			      VETH_WAYS_MAX);
	for (size_t i = 0; r >= 0 && i < ways.count; i++) {
		struct link link = { 0 };

		r = link_find(veth, NULL, ways.ifindex[i], NULL, &link, e);
		if (r > 0)
			memcpy(names.links[names.count++], link.name, sizeof(link.name));
	}
	if (r < 0)
		return error_wrap(e, r, "network %s", prefix_format(network, text));
	*ret_ways = names;
	return (int)names.count;
}
