/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/rtnetlink.h"

#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE 30 /* seconds; for a kernel gone wrong */

/**
 * batch_room - take room at the end of a batch
 * @batch: changed
 * @size: bytes; rounded up as netlink wants it
 *
 * Returns the room, zeroed.
 */
void *batch_room(struct batch *batch, size_t size)
{
	void *room = batch->bytes + batch->length;

	if (batch->length + NLMSG_ALIGN(size) > sizeof(batch->bytes))
		errx(1, "batch is full");
	memset(room, 0, NLMSG_ALIGN(size));
	batch->length += NLMSG_ALIGN(size);
	return room;
}

/**
 * batch_last - the request that is being built
 * @batch: borrowed
 */
static struct nlmsghdr *batch_last(struct batch *batch)
{
	return (struct nlmsghdr *)(void *)(batch->bytes + batch->last);
}

/**
 * batch_grown - let the last request cover all there is
 * @batch: changed
 */
static void batch_grown(struct batch *batch)
{
	batch_last(batch)->nlmsg_len = (uint32_t)(batch->length - batch->last);
}

/**
 * batch_begin - start the next request
 * @batch: changed
 * @type: RTM_...
 * @flags: NLM_F_..., without NLM_F_REQUEST
 * @header, @size: the family's header, copied
 */
void batch_begin(struct batch *batch, uint16_t type, unsigned flags, const void *header,
		 size_t size)
{
	struct nlmsghdr *request;

	batch->last = batch->length;
	request = batch_room(batch, sizeof(*request));
	request->nlmsg_type = type;
	request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(batch_room(batch, size), header, size);
	batch_grown(batch);
}

/**
 * batch_put - add an attribute
 * @batch: changed
 * @type: IFLA_..., IFA_... or RTA_...
 * @value, @size: copied; NULL and 0 for one that contains others
 *
 * Returns it, for batch_nest_end().
 */
struct rtattr *batch_put(struct batch *batch, int type, const void *value, size_t size)
{
	struct rtattr *attribute = batch_room(batch, RTA_LENGTH(size));

	attribute->rta_type = (uint16_t)type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attribute), value, size);
	batch_grown(batch);
	return attribute;
}

/**
 * batch_nest_end - let an attribute cover all that was added behind it
 * @batch: borrowed
 * @nest: from batch_put()
 */
void batch_nest_end(struct batch *batch, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)(batch->bytes + batch->length - (char *)nest);
}

/**
 * batch_up - set a link up
 * @batch: changed
 * @index: the link
 */
void batch_up(struct batch *batch, int index)
{
	const struct ifinfomsg up = { .ifi_index = index,
				      .ifi_flags = IFF_UP,
				      .ifi_change = IFF_UP };

	batch_begin(batch, RTM_SETLINK, 0, &up, sizeof(up));
}

/**
 * rtnl_open - a rtnetlink socket in the current namespace
 * @groups: multicast groups to listen to, a mask; mostly 0
 *
 * Returns it.
 */
int rtnl_open(uint32_t groups)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_groups = groups };
	const struct timeval patience = { .tv_sec = PATIENCE };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		err(1, "cannot open a rtnetlink socket");
	if (groups && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		err(1, "cannot limit the wait");
	return fd;
}

/**
 * link_take - note what a RTM_NEWLINK says
 * @message: borrowed
 * @link: filled
 */
static void link_take(struct nlmsghdr *message, struct link *link)
{
	struct ifinfomsg *info = NLMSG_DATA(message);
	size_t left = IFLA_PAYLOAD(message);

	link->index = info->ifi_index;
	for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_LINK)
			memcpy(&link->peer_index, RTA_DATA(a), sizeof(link->peer_index));
}

/**
 * rtnl_exchange - send a batch and wait until its last request is acknowledged
 * @fd: the socket
 * @batch: borrowed
 * @what: for the failure, which ends the process
 * @link: filled if one is reported; may be NULL
 *
 * Success is acknowledged for the last request only, a refusal for each.
 */
void rtnl_exchange(int fd, struct batch *batch, const char *what, struct link *link)
{
	_Alignas(struct nlmsghdr) char answers[8192];

	batch_last(batch)->nlmsg_flags |= NLM_F_ACK;
	if (send(fd, batch->bytes, batch->length, 0) < 0)
		err(1, "cannot %s", what);
	for (;;) {
		ssize_t got = recv(fd, answers, sizeof(answers), 0);
		struct nlmsghdr *answer = (struct nlmsghdr *)answers;

		if (got < 0)
			err(1, "cannot %s", what);
		for (; NLMSG_OK(answer, got); answer = NLMSG_NEXT(answer, got)) {
			if (answer->nlmsg_type == NLMSG_ERROR) {
				errno = -((struct nlmsgerr *)NLMSG_DATA(answer))->error;
				if (errno != 0)
					err(1, "cannot %s", what);
				return;
			}
			if (answer->nlmsg_type == RTM_NEWLINK && link)
				link_take(answer, link);
		}
	}
}
