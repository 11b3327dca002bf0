/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "base/cleanup.h"
#include "veth/attribute.h"
#include "veth/cable.h"
#include "veth/message.h"

/* The addresses of one link, as they come out of a dump; zeroed when it starts over. */
struct inside_found {
	size_t count;
	struct addr list[VETH_INSIDE_MAX];
};

/**
 * inside_take - take one address of a dump; for struct answer
 * @reply: RTM_NEWADDR, borrowed; anything else is ignored
 * @wanted: the number of the link
 * @found: a struct inside_found
 */
static void inside_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)reply;
	struct nlattr *attributes[IFA_MAX + 1];
	const struct ifaddrmsg *header = nlmsg_data(reply);
	const int *ifindex = wanted;
	struct inside_found *all = found;
	const struct nlattr *local;
	struct addr addr;

	if (reply->nlmsg_type != RTM_NEWADDR || (int)header->ifa_index != *ifindex ||
	    header->ifa_scope != RT_SCOPE_UNIVERSE || all->count == VETH_INSIDE_MAX ||
	    nlmsg_parse(message, sizeof(*header), attributes, IFA_MAX, NULL) < 0)
		return;
	local = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	addr = attribute_addr(local, header->ifa_family);
	if (addr_is_set(&addr))
		all->list[all->count++] = addr;
}

/**
 * veth_inside_read - read the container's end as it is
 * @veth: the session
 * @ns_fd: its namespace, borrowed
 * @ret_inside: filled
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no eth0, or -errno.
 */
int veth_inside_read(struct veth *veth, int ns_fd, struct veth_inside *ret_inside, struct error *e)
{
	_cleanup_(rtnl_deinit) struct rtnl rtnl = { 0 };
	_cleanup_(batch_deinit) struct batch links = { 0 }, addresses = { 0 };
	struct veth_inside inside = { .present = false };
	struct inside_found found = { .count = 0 };
	struct link link = { 0 };
	const struct answer is = { link_take, NULL, &link, sizeof(link) };
	const struct answer has = { inside_take, &link.ifindex, &found, sizeof(found) };
	int r = inside_open(veth, ns_fd, &rtnl, e);

	if (r < 0)
		return r;
	message_link_get(&links, VETH_INSIDE, 0, &is);
	r = rtnl_exchange(&rtnl, &links, e);
	if (r == 0 && link.ifindex > 0) {
		message_address_dump(&addresses, link.ifindex, &has);
		r = rtnl_exchange(&rtnl, &addresses, e);
	}
	if (r < 0)
		return r;
	inside.present = link.ifindex > 0;
	inside.mac = link.mac;
	inside.count = found.count;
	memcpy(inside.list, found.list, sizeof(inside.list));
	*ret_inside = inside;
	return inside.present;
}
