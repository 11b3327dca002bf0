/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The kernel tells each change to links, addresses, routes and switches, and not who has made it.
 * Most are made by our own commands while they attach a container, and only add something. So what
 * counts is what a cable loses after it has got its tag: its name, its place, its MTU, an address, a
 * route, or that it is up. Whoever detaches a container retires its link under a name that says so.
 *
 * Addresses and routes come with the number of their link, so all links are kept with what was
 * last told of them. The list of those that are there already is asked for on the very socket that
 * events arrive on, and taken in the same way.
 *
 * When the kernel has dropped events, the list is begun anew.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "veth/event.h"
#include "veth/rtnl.h"

/* Room for events that wait for us; the kernel takes it only when they do. */
#define EVENT_ROOM      (4 << 20)
#define EVENT_SIZE      32768      /* the most the kernel puts into one message of a dump */
#define EVENTS_AT_ONCE  1024       /* messages taken in before the caller gets its turn */
#define EVENTS_TO_EMPTY (1U << 20) /* ... once some were dropped: more than there is room for */
#define LIST_SECONDS    10         /* for the kernel to list all links */

struct veth_watch {
	struct rtnl rtnl;
	bool listed; /* all links that there were are known */
	struct known_links links;
	_Alignas(struct nlmsghdr) char events[EVENT_SIZE];
};

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

	watch->links.count = 0;
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
		if (event->nlmsg_type == NLMSG_DONE || event->nlmsg_type == NLMSG_ERROR)
			watch->listed = true;
		else
			r = event_take(&watch->links, event, changes);
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
	free(watch->links.list);
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
