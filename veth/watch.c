/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The kernel tells each change to links, addresses, routes and switches, and not who has made it.
 * Most are made by our own commands while they attach a container, and only add something. So what
 * counts is what a cable loses after it has got its tag: its name, its place, its MTU, an address, a
 * route, or that it is up. Whoever detaches a container retires its link under a name that says so.
 *
 * Addresses and routes come with the number of their link, so all links are kept here with what was
 * last told of them. The list of those that are there already is asked for on the very socket that
 * events arrive on, and taken in the same way.
 *
 * When the kernel has dropped events, the list is begun anew.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "veth/attribute.h"
#include "veth/cable.h"

/* Room for events that wait for us; the kernel takes it only when they do. */
#define EVENT_ROOM      (4 << 20)
#define EVENT_SIZE      32768      /* the most the kernel puts into one message of a dump */
#define EVENTS_AT_ONCE  1024       /* messages taken in before the caller gets its turn */
#define EVENTS_TO_EMPTY (1U << 20) /* ... once some were dropped: more than there is room for */
#define LIST_SECONDS    10         /* for the kernel to list all links */

/* A link as it was last told of. */
struct known_link {
	int ifindex;
	char name[IFNAMSIZ];
	char container[VETH_NAME_MAX]; /* whose host end it is, or "" */
	bool up;
	uint32_t mtu;
	int master;
	struct mac mac;
};

struct veth_watch {
	struct rtnl rtnl;
	bool listed; /* all links that there were are known */
	size_t count, room;
	struct known_link *links; /* by their ifindex */
	_Alignas(struct nlmsghdr) char events[EVENT_SIZE];
};

/* ------------------------------------------------------------- what is known */

/**
 * links_place - where a link is, or would be
 * @watch: borrowed
 * @ifindex: the link
 *
 * Returns an index. New links have the highest numbers, so that the end is looked at first.
 */
static size_t links_place(const struct veth_watch *watch, int ifindex)
{
	size_t low = 0, high = watch->count;

	if (high > 0 && watch->links[high - 1].ifindex < ifindex)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (watch->links[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/**
 * links_find - a link that is known
 * @watch: borrowed
 * @ifindex: the link
 *
 * Returns it, borrowed until the next one is added, or NULL.
 */
static struct known_link *links_find(const struct veth_watch *watch, int ifindex)
{
	size_t place = links_place(watch, ifindex);

	if (place == watch->count || watch->links[place].ifindex != ifindex)
		return NULL;
	return &watch->links[place];
}

/**
 * links_add - know one more link
 * @watch: changed
 * @link: not known yet, copied
 *
 * Returns 0 or -ENOMEM.
 */
static int links_add(struct veth_watch *watch, const struct known_link *link)
{
	size_t place = links_place(watch, link->ifindex);

	if (watch->count == watch->room) {
		size_t room = watch->room ? 2 * watch->room : 64;
		struct known_link *links = reallocarray(watch->links, room, sizeof(*links));

		if (!links)
			return -ENOMEM;
		watch->links = links;
		watch->room = room;
	}
	memmove(watch->links + place + 1, watch->links + place,
		(watch->count - place) * sizeof(*watch->links));
	watch->links[place] = *link;
	watch->count++;
	return 0;
}

/**
 * links_drop - forget a link
 * @watch: changed
 * @link: of its list
 */
static void links_drop(struct veth_watch *watch, struct known_link *link)
{
	size_t behind = watch->count - (size_t)(link - watch->links) - 1;

	memmove(link, link + 1, behind * sizeof(*link));
	watch->count--;
}

/**
 * link_know - what is kept of a link
 * @link: as the kernel tells it
 *
 * One that has been retired belongs to nobody.
 */
static struct known_link link_know(const struct link *link)
{
	struct known_link known = {
		.ifindex = link->ifindex,
		.up = link->up,
		.mtu = link->mtu,
		.master = link->master,
		.mac = link->mac,
	};

	memcpy(known.name, link->name, sizeof(known.name));
	(void)link_owner(link, known.container);
	return known;
}

/* ------------------------------------------------------------- what has changed */

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
		    !mac_equal(&was->mac, &is->mac) || strcmp(was->container, is->container) != 0)
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
 * @watch: changed
 * @event: RTM_NEWLINK or RTM_DELLINK, borrowed
 * @changes: changed
 *
 * Bridges tell of their ports in messages of a family of their own, which say nothing else.
 *
 * Returns 0 or -ENOMEM.
 */
static int take_link(struct veth_watch *watch, const struct nlmsghdr *event,
		     struct veth_changes *changes)
{
	const struct ifinfomsg *header = nlmsg_data(event);
	struct known_link *known = links_find(watch, header->ifi_index);
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
			links_drop(watch, known);
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
	return links_add(watch, &now);
}

/**
 * take_at_link - take in that something has changed on a link
 * @watch: borrowed
 * @ifindex: the link, below 1: all of them
 * @loss: whether something is gone, which is all that counts on a cable
 * @changes: changed
 */
static void take_at_link(const struct veth_watch *watch, int ifindex, bool loss,
			 struct veth_changes *changes)
{
	const struct known_link *known = links_find(watch, ifindex);

	if (!known || !known->container[0])
		changes->host = true;
	else if (loss)
		changes_touch(changes, known->container);
}

/**
 * take_route - take in what is told of a route
 * @watch: borrowed
 * @event: RTM_NEWROUTE or RTM_DELROUTE, borrowed
 * @changes: changed
 *
 * Those of cables come with their addresses, and count when they go; any other may be the way outside, or
 * to an internal network.
 */
static void take_route(const struct veth_watch *watch, const struct nlmsghdr *event,
		       struct veth_changes *changes)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(uintptr_t)event;
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *header = nlmsg_data(event);
	const struct known_link *known;

	if (header->rtm_type != RTN_UNICAST ||
	    nlmsg_parse(message, sizeof(*header), attributes, RTA_MAX, NULL) < 0)
		return;
	known = links_find(watch, (int)attribute_u32(attributes[RTA_OIF]));
	if (!known || !known->container[0] || header->rtm_dst_len == 0)
		changes->host = true;
	else if (event->nlmsg_type == RTM_DELROUTE)
		changes_touch(changes, known->container);
}

/**
 * take_switch - take in that a switch of a link has been set
 * @watch: borrowed
 * @event: RTM_NEWNETCONF, borrowed
 * @changes: changed
 */
static void take_switch(const struct veth_watch *watch, const struct nlmsghdr *event,
			struct veth_changes *changes)
{
	const struct nlattr *ifindex = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)event,
						       sizeof(struct netconfmsg), NETCONFA_IFINDEX);

	take_at_link(watch, (int)attribute_u32(ifindex), true, changes);
}

/**
 * watch_take - take in one message
 * @watch: changed
 * @event: borrowed
 * @changes: changed
 *
 * Returns 0 or -ENOMEM.
 */
static int watch_take(struct veth_watch *watch, const struct nlmsghdr *event,
		      struct veth_changes *changes)
{
	const struct ifaddrmsg *address = nlmsg_data(event);

	switch (event->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return take_link(watch, event, changes);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (address->ifa_scope == RT_SCOPE_UNIVERSE)
			take_at_link(watch, (int)address->ifa_index,
				     event->nlmsg_type == RTM_DELADDR, changes);
		return 0;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		take_route(watch, event, changes);
		return 0;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		changes->host = true; /* another default route may count */
		return 0;
	case RTM_NEWNETCONF:
		take_switch(watch, event, changes);
		return 0;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		watch->listed = true;
		return 0;
	default:
		return 0;
	}
}

/* ------------------------------------------------------------- the watch */

/**
 * watch_list - ask for all links that there are; they come as events
 * @watch: what it knows is forgotten
 *
 * Returns 0 or -errno.
 */
static int watch_list(struct veth_watch *watch)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};

	watch->count = 0;
	watch->listed = false;
	if (send(watch->rtnl.fd, &request, sizeof(request), 0) < 0)
		return -errno;
	return 0;
}

/**
 * watch_receive - take in what has arrived
 * @watch: changed
 * @changes: changed
 *
 * Returns 1, 0 when there is no more, -ENOBUFS when events have been dropped, or another -errno.
 */
static int watch_receive(struct veth_watch *watch, struct veth_changes *changes)
{
	ssize_t n = recv(watch->rtnl.fd, watch->events, sizeof(watch->events),
			 MSG_DONTWAIT | MSG_TRUNC);
	int left = (int)n, r = 0;

	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n > (ssize_t)sizeof(watch->events))
		return -ENOBUFS;
	for (struct nlmsghdr *event = (struct nlmsghdr *)watch->events;
	     r == 0 && nlmsg_ok(event, left); event = nlmsg_next(event, &left))
		r = watch_take(watch, event, changes);
	return r < 0 ? r : 1;
}

/**
 * veth_watch_read - take in what has been told since the last time
 * @watch: the watch
 * @changes: what it comes to is added
 * @e: filled on failure
 *
 * Once an event was dropped, the kernel drops all others without a further word until there are none
 * left to be read (netlink_overrun(), netlink_rcv_wake()): so all are taken in then.
 *
 * Returns 1 when there are changes, 0 when there are none, or -errno.
 */
int veth_watch_read(struct veth_watch *watch, struct veth_changes *changes, struct error *e)
{
	bool lost = false;
	int r = 1;

	for (unsigned i = 0; i < (lost ? EVENTS_TO_EMPTY : EVENTS_AT_ONCE) && r > 0; i++) {
		r = watch_receive(watch, changes);
		if (r == -ENOBUFS) {
			lost = true;
			r = 1;
		}
	}
	if (r >= 0 && lost) {
		changes->lost = changes->many = changes->host = changes->mtu = true;
		r = watch_list(watch);
	}
	if (r < 0)
		return error_errno(e, -r, "cannot hear what others do to the network");
	return changes->many || changes->host || changes->n_touched > 0;
}

/**
 * veth_watch_fd - what to poll(2) for events
 * @watch: borrowed
 */
int veth_watch_fd(const struct veth_watch *watch)
{
	return watch->rtnl.fd;
}

/**
 * watch_subscribe - ask for events
 * @watch: its socket is open
 *
 * Returns 0 or -errno.
 */
static int watch_subscribe(struct veth_watch *watch)
{
	static const int groups[] = {
		RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR,  RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,   RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,  RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF
	};
	const int room = EVENT_ROOM;
	int fd = watch->rtnl.fd;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		return -errno;
	return watch_list(watch);
}

/**
 * watch_wait_listed - wait until all links are known
 * @watch: has asked for them
 *
 * Returns 0 or -errno.
 */
static int watch_wait_listed(struct veth_watch *watch)
{
	struct pollfd poller = { .fd = watch->rtnl.fd, .events = POLLIN };
	struct veth_changes news = { 0 }; /* whoever begins to watch looks at everything */
	int r = 0;

	while (r >= 0 && !watch->listed) {
		r = watch_receive(watch, &news);
		if (r == 0 && poll(&poller, 1, LIST_SECONDS * 1000) == 0)
			r = -ETIMEDOUT;
		if (r == -ENOBUFS)
			r = watch_list(watch);
	}
	return r < 0 ? r : 0;
}

/**
 * veth_watch_open - be told of changes to the network, in the namespace of the calling thread
 * @ret_watch: the watch; the caller ends with veth_watch_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int veth_watch_open(struct veth_watch **ret_watch, struct error *e)
{
	_cleanup_(veth_watch_closep) struct veth_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return error_errno(e, ENOMEM, "cannot watch the network");
	r = rtnl_open(&watch->rtnl, e);
	if (r < 0)
		return r;
	r = watch_subscribe(watch);
	if (r == 0)
		r = watch_wait_listed(watch);
	if (r < 0) {
		r = error_errno(e, -r, "cannot watch the network");
		return r == -EPERM ? error_remedy(e, r, "run it as root (it takes CAP_NET_ADMIN)")
				   : r;
	}
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

/**
 * veth_watch_close - end a watch
 * @watch: taken; NULL is fine
 */
void veth_watch_close(struct veth_watch *watch)
{
	if (!watch)
		return;
	rtnl_deinit(&watch->rtnl);
	free(watch->links);
	free(watch);
}

/**
 * veth_watch_closep - veth_watch_close() for _cleanup_()
 * @watch: its address
 */
void veth_watch_closep(struct veth_watch **watch)
{
	veth_watch_close(*watch);
}
