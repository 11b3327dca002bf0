/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/event.h"

#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <string.h>

#include "veth/attribute.h"
#include "veth/cable.h"

/**
 * changes_touch - note that the cable of a container has lost something
 * @changes: changed
 * @container: borrowed
 */
static void changes_touch(struct veth_changes *changes, const char *container)
{
	for (size_t i = 0; i < changes->n_touched; i++)
		if (strcmp(changes->touched[i], container) == 0)
			return;
	if (changes->n_touched == VETH_TOUCHED_MAX) {
		changes->many = true;
		return;
	}
	memcpy(changes->touched[changes->n_touched++], container, strlen(container) + 1);
}

/**
 * changes_forget - note that a container is being detached: what its cable has lost is no loss
 * @changes: changed
 * @container: borrowed
 */
static void changes_forget(struct veth_changes *changes, const char *container)
{
	for (size_t i = 0; i < changes->n_touched; i++) {
		if (strcmp(changes->touched[i], container) != 0)
			continue;
		memmove(changes->touched[i], changes->touched[i + 1],
			(changes->n_touched - i - 1) * sizeof(changes->touched[0]));
		changes->n_touched--;
		return;
	}
}

/**
 * changes_rename - note that a link of the host is called otherwise
 * @changes: changed
 * @from, @to: its names, borrowed
 */
static void changes_rename(struct veth_changes *changes, const char *from, const char *to)
{
	if (changes->n_renamed == VETH_RENAMED_MAX)
		return;
	memcpy(changes->renamed[changes->n_renamed].from, from, IFNAMSIZ);
	memcpy(changes->renamed[changes->n_renamed++].to, to, IFNAMSIZ);
}

/**
 * changes_add_link - note how a link differs from what was last told of it
 * @changes: changed
 * @was, @is: the link, borrowed
 */
static void changes_add_link(struct veth_changes *changes, const struct known_link *was,
			     const struct known_link *is)
{
	bool renamed = strcmp(was->name, is->name) != 0;
	bool resized = was->mtu != is->mtu;

	if (was->container[0] && strncmp(is->name, RETIRED_PREFIX, strlen(RETIRED_PREFIX)) == 0) {
		changes_forget(changes, was->container);
	} else if (was->container[0]) {
		if (renamed || resized || (was->up && !is->up) || was->master != is->master ||
		    was->group != is->group || !mac_equal(&was->mac, &is->mac) ||
		    strcmp(was->container, is->container) != 0)
			changes_touch(changes, was->container);
	} else if (!is->container[0]) {
		if (renamed)
			changes_rename(changes, was->name, is->name);
		changes->host |= renamed || resized || was->up != is->up;
		changes->mtu |= resized;
	}
}

/**
 * take_link - take in what is told of a link
 * @links: changed
 * @event: RTM_NEWLINK or RTM_DELLINK, borrowed
 * @changes: changed
 *
 * Bridges tell of their ports in messages of a family of their own, which say nothing else.
 *
 * Returns 0 or -ENOMEM.
 */
static int take_link(struct known_links *links, const struct nlmsghdr *event,
		     struct veth_changes *changes)
{
	const struct ifinfomsg *header = nlmsg_data(event);
	struct known_link *known = links_find(links, header->ifi_index);
	struct known_link now;
	struct link link = { 0 };

	if (header->ifi_family != AF_UNSPEC)
		return 0;
	if (event->nlmsg_type == RTM_DELLINK) {
		if (known && known->container[0])
			changes_touch(changes, known->container);
		else
			changes->host = true;
		if (known)
			links_drop(links, known);
		return 0;
	}
	link_take(event, NULL, &link);
	if (link.ifindex == 0)
		return 0;
	now = link_know(&link);
	if (known) {
		changes_add_link(changes, known, &now);
		*known = now;
		return 0;
	}
	changes->host |= !now.container[0];
	return links_add(links, &now);
}

/**
 * take_at_link - take in that something has changed on a link
 * @links: borrowed
 * @ifindex: the link, below 1: all of them
 * @loss: whether something is gone, which is all that counts on a cable
 * @changes: changed
 */
static void take_at_link(const struct known_links *links, int ifindex, bool loss,
			 struct veth_changes *changes)
{
	const struct known_link *known = links_find(links, ifindex);

	if (!known || !known->container[0])
		changes->host = true;
	else if (loss)
		changes_touch(changes, known->container);
}

/**
 * take_route - take in what is told of a route
 * @links: borrowed
 * @event: RTM_NEWROUTE or RTM_DELROUTE, borrowed
 * @changes: changed
 *
 * Those of cables come with their addresses, and count when they go; any other may be the way outside, or
 * to an internal network.
 */
static void take_route(const struct known_links *links, const struct nlmsghdr *event,
		       struct veth_changes *changes)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)event;
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *header = nlmsg_data(event);
	const struct known_link *known;

	if (header->rtm_type != RTN_UNICAST ||
	    nlmsg_parse(message, sizeof(*header), attributes, RTA_MAX, NULL) < 0)
		return;
	known = links_find(links, (int)attribute_u32(attributes[RTA_OIF]));
	if (!known || !known->container[0] || header->rtm_dst_len == 0)
		changes->host = true;
	else if (event->nlmsg_type == RTM_DELROUTE)
		changes_touch(changes, known->container);
}

/**
 * take_switch - take in that a switch of a link has been set
 * @links: borrowed
 * @event: RTM_NEWNETCONF, borrowed
 * @changes: changed
 */
static void take_switch(const struct known_links *links, const struct nlmsghdr *event,
			struct veth_changes *changes)
{
	const struct nlattr *ifindex = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)event,
						       sizeof(struct netconfmsg), NETCONFA_IFINDEX);

	take_at_link(links, (int)attribute_u32(ifindex), true, changes);
}

/**
 * event_take - take in what is told of anything
 * @links: changed
 * @event: borrowed
 * @changes: changed
 *
 * Returns 0 or -ENOMEM.
 */
int event_take(struct known_links *links, const struct nlmsghdr *event,
	       struct veth_changes *changes)
{
	const struct ifaddrmsg *address = nlmsg_data(event);

	switch (event->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return take_link(links, event, changes);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (address->ifa_scope == RT_SCOPE_UNIVERSE)
			take_at_link(links, (int)address->ifa_index,
				     event->nlmsg_type == RTM_DELADDR, changes);
		return 0;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		take_route(links, event, changes);
		return 0;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		changes->host = true; /* another default route may count */
		return 0;
	case RTM_NEWNETCONF:
		take_switch(links, event, changes);
		return 0;
	default:
		return 0;
	}
}
