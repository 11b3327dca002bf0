/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * An address is used when it is on a link of the host, or when a route says where packets to it go. To
 * read all routes takes the longer the more containers are attached, and a host of the internet has a
 * million of them, so for one address the kernel is asked for the route that it would take, which is one
 * look-up: first in the table of the host's own addresses, then in the main one, of which it names the
 * most specific. That is the whole truth as long as there are no rules but the three that every host
 * has, and nothing refuses. Else all tables are read, and what contains the address is picked out.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "veth/attribute.h"
#include "veth/cable.h"
#include "veth/message.h"

#define NOTHING_SUPPRESSED UINT32_MAX /* by a rule without FRA_SUPPRESS_PREFIXLEN */
#define HALF_OF_ALL        1 /* length of 0.0.0.0/1, by which some replace the default route */

/* What is picked out of a dump. */
struct uses_wanted {
	const struct addr *only; /* what contains this address, borrowed; NULL: all */
	size_t before;           /* how many there were before */
	struct veth_uses *uses;
};

/* How a dump goes on; zeroed when it starts over. */
struct uses_progress {
	bool begun;
	bool full; /* no memory */
};

/**
 * uses_add - add one
 * @uses: changed
 * @use: borrowed
 *
 * Returns false without memory.
 */
static bool uses_add(struct veth_uses *uses, const struct veth_use *use)
{
	if (uses->count == uses->room) {
		size_t room = uses->room ? uses->room * 2 : 16;
		struct veth_use *list = reallocarray(uses->list, room, sizeof(*list));

		if (!list)
			return false;
		uses->list = list;
		uses->room = room;
	}
	uses->list[uses->count++] = *use;
	return true;
}

/**
 * uses_take - take one use that a dump brings
 * @use: borrowed
 * @want: what is picked out
 * @progress: changed
 */
static void uses_take(const struct veth_use *use, const struct uses_wanted *want,
		      struct uses_progress *progress)
{
	if (!progress->begun)
		want->uses->count = want->before;
	progress->begun = true;
	if (!want->only || prefix_contains(&use->prefix, want->only))
		progress->full |= !uses_add(want->uses, use);
}

/**
 * route_kind - what a route does
 * @type: RTN_...
 */
static enum veth_use_kind route_kind(uint8_t type)
{
	switch (type) {
	case RTN_LOCAL:
		return VETH_USE_ADDRESS;
	case RTN_BROADCAST:
	case RTN_ANYCAST:
	case RTN_MULTICAST:
		return VETH_USE_SPECIAL;
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
	case RTN_THROW:
		return VETH_USE_REFUSAL;
	default:
		return VETH_USE_ROUTE;
	}
}

/**
 * route_use - what a route is used for
 * @reply: borrowed
 * @ret_use: filled, without the name of its link
 *
 * Returns whether it is a route.
 */
static bool route_use(const struct nlmsghdr *reply, struct veth_use *ret_use)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)reply;
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *header = nlmsg_data(reply);
	const struct nlattr *hops;
	struct rtnexthop first;
	struct veth_use use = { .kind = VETH_USE_ROUTE };

	if (reply->nlmsg_type != RTM_NEWROUTE || header->rtm_flags & RTM_F_CLONED ||
	    nlmsg_parse(message, sizeof(*header), attributes, RTA_MAX, NULL) < 0)
		return false;
	use.kind = route_kind(header->rtm_type);
	use.prefix.length = header->rtm_dst_len;
	use.prefix.addr = attribute_addr(attributes[RTA_DST], header->rtm_family);
	use.prefix.addr.family = header->rtm_family; /* a default route has no destination */
	use.table =
		attributes[RTA_TABLE] ? attribute_u32(attributes[RTA_TABLE]) : header->rtm_table;
	use.ifindex = (int)attribute_u32(attributes[RTA_OIF]);
	hops = attributes[RTA_MULTIPATH];
	if (hops && (size_t)nla_len(hops) >= sizeof(first)) {
		memcpy(&first, nla_data(hops), sizeof(first));
		use.ifindex = first.rtnh_ifindex;
	}
	*ret_use = use;
	return true;
}

/**
 * route_take_match - take the one route a look-up brings; for struct answer
 * @reply: RTM_NEWROUTE, borrowed; anything else is ignored
 * @wanted: not used
 * @found: a struct veth_use
 */
static void route_take_match(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	(void)wanted;
	(void)route_use(reply, found);
}

/**
 * route_take_any - take one route of a dump; for struct answer
 * @reply: RTM_NEWROUTE, borrowed; anything else is ignored
 * @wanted: a struct uses_wanted; without an address, routes of the host's own addresses are left out,
 *          which are told as addresses
 * @found: a struct uses_progress
 */
static void route_take_any(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	const struct uses_wanted *want = wanted;
	struct veth_use use;

	if (route_use(reply, &use) && (want->only || use.kind != VETH_USE_ADDRESS))
		uses_take(&use, want, found);
}

/**
 * address_take_any - take one address of a dump; for struct answer
 * @reply: RTM_NEWADDR, borrowed; anything else is ignored
 * @wanted: a struct uses_wanted
 * @found: a struct uses_progress
 */
static void address_take_any(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)reply;
	struct nlattr *attributes[IFA_MAX + 1];
	const struct ifaddrmsg *header = nlmsg_data(reply);
	const struct nlattr *local;
	struct veth_use use = { .kind = VETH_USE_ADDRESS };

	if (reply->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(message, sizeof(*header), attributes, IFA_MAX, NULL) < 0)
		return;
	local = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	use.prefix.addr = attribute_addr(local, header->ifa_family);
	use.prefix.length = addr_bits(&use.prefix.addr);
	use.ifindex = (int)header->ifa_index;
	if (addr_is_set(&use.prefix.addr))
		uses_take(&use, wanted, found);
}

/**
 * rule_take - look whether a rule is one that not every host has; for struct answer
 * @reply: RTM_NEWRULE, borrowed; anything else is ignored
 * @wanted: not used
 * @found: a bool, set by one
 */
static void rule_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	const struct fib_rule_hdr *header = nlmsg_data(reply);
	const struct nlattr *suppressed;
	bool *further = found;

	(void)wanted;
	if (reply->nlmsg_type != RTM_NEWRULE)
		return;
	suppressed = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)reply, sizeof(*header),
				     FRA_SUPPRESS_PREFIXLEN);
	*further |= header->action != FR_ACT_TO_TBL ||
		    (header->table != RT_TABLE_LOCAL && header->table != RT_TABLE_MAIN &&
		     header->table != RT_TABLE_DEFAULT) ||
		    (suppressed && attribute_u32(suppressed) != NOTHING_SUPPRESSED);
}

/**
 * dump - take all that one request brings
 * @veth: the session
 * @batch: with the request
 * @progress: where its answers go
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int dump(struct veth *veth, struct batch *batch, const struct uses_progress *progress,
		struct error *e)
{
	int r = rtnl_exchange(&veth->rtnl, batch, e);

	if (r == 0 && progress->full)
		r = error_errno(e, ENOMEM, "cannot list the routes");
	return r;
}

/**
 * routes_read - the routes of all tables of one family
 * @veth: the session
 * @family: AF_INET or AF_INET6
 * @only: those that contain this address; NULL: all
 * @uses: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int routes_read(struct veth *veth, sa_family_t family, const struct addr *only,
		       struct veth_uses *uses, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	const struct uses_wanted want = { only, uses->count, uses };
	struct uses_progress progress;
	const struct answer answer = { route_take_any, &want, &progress, sizeof(progress) };

	message_route_dump_all(&batch, family, &answer);
	return dump(veth, &batch, &progress, e);
}

/**
 * addresses_read - the addresses of all links, also those that are down
 * @veth: the session
 * @uses: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int addresses_read(struct veth *veth, struct veth_uses *uses, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	const struct uses_wanted want = { NULL, uses->count, uses };
	struct uses_progress progress;
	const struct answer answer = { address_take_any, &want, &progress, sizeof(progress) };

	message_address_dump(&batch, 0, &answer);
	return dump(veth, &batch, &progress, e);
}

/**
 * rules_read - whether rules choose among more tables than every host has
 * @veth: the session
 * @family: AF_INET or AF_INET6
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
static int rules_read(struct veth *veth, sa_family_t family, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	bool further;
	const struct answer answer = { rule_take, NULL, &further, sizeof(further) };
	int r;

	message_rule_dump(&batch, family, &answer);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	return r < 0 ? r : further;
}

/**
 * is_retired - whether a link is one that is being taken away
 * @name: of the link, borrowed; may be ""
 *
 * The kernel is still at it, and nothing goes to where it led.
 */
static bool is_retired(const char *name)
{
	return strncmp(name, RETIRED_PREFIX, strlen(RETIRED_PREFIX)) == 0;
}

/**
 * use_name - give a use the name of its link
 * @veth: the session
 * @use: changed
 * @e: filled on failure
 *
 * Not that of a default route: whoever has an address has one, and nobody asks for its name.
 *
 * Returns 1, 0 when the link went away meanwhile or is about to, and the use with it, or -errno.
 */
static int use_name(struct veth *veth, struct veth_use *use, struct error *e)
{
	struct link link;
	int r;

	if (use->ifindex == 0 || use->prefix.length <= HALF_OF_ALL)
		return 1;
	r = link_find(veth, NULL, use->ifindex, NULL, &link, e);
	if (r <= 0)
		return r;
	memcpy(use->link, link.name, sizeof(use->link));
	link_owner(&link, use->container);
	return !is_retired(use->link);
}

/**
 * uses_of_addr - add what a dump of all routes tells of an address
 * @veth: the session
 * @addr: borrowed
 * @uses: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int uses_of_addr(struct veth *veth, const struct addr *addr, struct veth_uses *uses,
			struct error *e)
{
	size_t kept = uses->count, first = kept;
	int r = routes_read(veth, addr->family, addr, uses, e);

	for (size_t i = first; r >= 0 && i < uses->count; i++) {
		r = use_name(veth, &uses->list[i], e);
		if (r > 0)
			uses->list[kept++] = uses->list[i];
	}
	if (r < 0)
		return r;
	uses->count = kept;
	return 0;
}

/**
 * is_told - whether a look-up of a route has told all there is, be it that there is none
 * @number: the errno the kernel answered with
 */
static bool is_told(int number)
{
	return number == 0 || number == ENETUNREACH || number == EAFNOSUPPORT;
}

/**
 * uses_of_match - add the route that a look-up has found for an address
 * @veth: the session
 * @addr: borrowed
 * @found: the route; changed
 * @uses: changed
 * @e: filled on failure
 *
 * What stands behind a route that goes away is only told by a dump.
 *
 * Returns 0 or -errno.
 */
static int uses_of_match(struct veth *veth, const struct addr *addr, struct veth_use *found,
			 struct veth_uses *uses, struct error *e)
{
	int r;

	if (!addr_is_set(&found->prefix.addr))
		return 0;
	r = use_name(veth, found, e);
	if (r < 0)
		return r;
	if (r == 0)
		return uses_of_addr(veth, addr, uses, e);
	if (!uses_add(uses, found))
		return error_errno(e, ENOMEM, "cannot remember a route");
	return 0;
}

/**
 * veth_uses_find - find what is done with packets to addresses
 * @veth: the session
 * @addrs, @count: of one family, at most BATCH_MAX; borrowed
 * @uses: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int veth_uses_find(struct veth *veth, const struct addr *addrs, size_t count,
		   struct veth_uses *uses, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct veth_use found[BATCH_MAX];
	int further, r;

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct answer answer = { route_take_match, NULL, &found[i],
					       sizeof(found[i]) };

		message_route_match(&batch, &addrs[i], &answer);
	}
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	if (r < 0)
		return r;
	further = rules_read(veth, addrs[0].family, e);
	if (further < 0)
		return further;
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (further > 0 || !is_told(batch.requests[i].number))
			r = uses_of_addr(veth, &addrs[i], uses, e);
		else
			r = uses_of_match(veth, &addrs[i], &found[i], uses, e);
	}
	return r;
}

/**
 * uses_join - give uses the names of their links out of a list
 * @uses: changed from @first on: those whose links have gone are left out
 * @first: number of the first
 * @links: read after the uses, borrowed
 */
static void uses_join(struct veth_uses *uses, size_t first, const struct veth_links *links)
{
	size_t kept = first;

	for (size_t i = first; i < uses->count; i++) {
		struct veth_use *use = &uses->list[i];
		const struct veth_link *link = veth_links_at(links, use->ifindex);

		if (use->ifindex != 0 && (!link || is_retired(link->name)))
			continue;
		if (link) {
			memcpy(use->link, link->name, sizeof(link->name));
			memcpy(use->container, link->container, sizeof(link->container));
		}
		uses->list[kept++] = *use;
	}
	uses->count = kept;
}

/**
 * veth_uses_read - read all that the kernel does with addresses
 * @veth: the session
 * @uses: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int veth_uses_read(struct veth *veth, struct veth_uses *uses, struct error *e)
{
	struct veth_links links = { .count = 0 };
	size_t first = uses->count;
	int r = addresses_read(veth, uses, e);

	if (r == 0)
		r = routes_read(veth, AF_INET, NULL, uses, e);
	if (r == 0)
		r = routes_read(veth, AF_INET6, NULL, uses, e);
	if (r == 0)
		r = veth_links_read(veth, VETH_LINKS_ALL, &links, e);
	if (r == 0)
		uses_join(uses, first, &links);
	free(links.list);
	return r;
}
