/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/extack.h"
#include "base/log.h"
#include "veth/attribute.h"

/*
 * Theory of operation
 *
 * The kernel works through the messages of one sendmsg() one after the other, before the call
 * returns, and does not stop at one it refuses. A refusal is always answered, success only where it
 * was asked for; so only the last request asks, and its acknowledgement says that all answers are
 * in. They are matched to requests by their sequence number.
 *
 * The socket is a bare one: libnl's would be bound, sized and given callbacks, none of which is of
 * use here, and each attach opens two. The kernel numbers it when it is first written to.
 *
 * A dump is a batch of its own: a socket runs one at a time. It ends without an acknowledgement.
 */

#define ANSWER_SIZE    32768 /* the most the kernel puts into one message of a dump */
#define ANSWER_SECONDS 10    /* it answers within the call; this is for a kernel gone wrong */
#define DUMP_ATTEMPTS  16    /* interrupted by changes; each one is a matter of microseconds */

/**
 * rtnl_deinit - close a socket
 * @rtnl: not open afterwards; a zeroed one is fine
 */
void rtnl_deinit(struct rtnl *rtnl)
{
	if (rtnl->sequence != 0)
		close(rtnl->fd);
	rtnl->sequence = 0;
}

/**
 * rtnl_options - switch on what makes the kernel say more and guess less
 * @fd: the socket, borrowed
 *
 * NETLINK_GET_STRICT_CHK makes it filter dumps, NETLINK_EXT_ACK give reasons, NETLINK_CAP_ACK leave
 * the request out of them (netlink(7)).
 *
 * Returns 0 or -errno.
 */
static int rtnl_options(int fd)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK };
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	const int on = 1;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (setsockopt(fd, SOL_NETLINK, options[i], &on, sizeof(on)) < 0)
			return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	return 0;
}

/**
 * rtnl_open - open a socket in the network namespace of the calling thread
 * @ret_rtnl: the socket; the caller ends with rtnl_deinit()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int rtnl_open(struct rtnl *ret_rtnl, struct error *e)
{
	_cleanup_(fd_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return error_errno(e, errno, "cannot open a rtnetlink socket");
	r = rtnl_options(fd);
	if (r < 0)
		return error_errno(e, -r, "cannot set up a rtnetlink socket");
	*ret_rtnl = (struct rtnl){ .fd = TAKE_FD(fd), .sequence = 1 };
	return 0;
}

/**
 * refusal_covers - whether a refusal is one the caller counts as an answer
 * @refusal: what it accepts
 * @number: positive errno
 */
static bool refusal_covers(enum refusal refusal, int number)
{
	switch (refusal) {
	case REFUSAL_FAILS:
		return false;
	case REFUSAL_NO_LINK:
		return number == ENODEV;
	case REFUSAL_EXISTS:
		return number == EEXIST;
	case REFUSAL_NO_ROUTE: /* no table, route or family, or one of type prohibit, blackhole */
		return number == ENOENT || number == ENETUNREACH || number == EHOSTUNREACH ||
		       number == EAFNOSUPPORT || number == EOPNOTSUPP || number == EACCES ||
		       number == EINVAL;
	}
	return false;
}

/* An exchange that is under way. */
struct exchange {
	struct batch *batch;
	uint32_t first;   /* sequence number of the first request */
	bool finished;    /* the last request has been answered */
	bool interrupted; /* what a dump walks through has changed meanwhile */
	int r;            /* 0, or -errno of the first failure, which is in *e */
	struct error *e;
};

/**
 * exchange_refused - note that the kernel did not do what a request asks for
 * @exchange: changed
 * @request: which one
 * @reply: the acknowledgement, borrowed
 */
static void exchange_refused(struct exchange *exchange, struct request *request,
			     const struct nlmsghdr *reply)
{
	const struct nlmsghdr *message = nlmsg_hdr(request->message);
	struct extack_request names = { .message = message };

	request->number = extack_errno(reply);
	if (exchange->r < 0 || refusal_covers(request->accepted, request->number))
		return;
	attribute_names(message->nlmsg_type, &names);
	exchange->r = error_errno(exchange->e, request->number, "cannot %s", request->what);
	extack_decode(reply, &names, exchange->e);
	if (exchange->r == -EPERM)
		error_remedy(exchange->e, exchange->r, "run it as root (it takes CAP_NET_ADMIN)");
}

/**
 * exchange_take - take one message from the kernel in
 * @exchange: changed
 * @reply: borrowed
 *
 * An answer to nothing we have asked, left over from an exchange that timed out, is dropped.
 */
static void exchange_take(struct exchange *exchange, const struct nlmsghdr *reply)
{
	uint32_t index = reply->nlmsg_seq - exchange->first;
	struct request *request;

	if (index >= exchange->batch->count)
		return;
	request = &exchange->batch->requests[index];
	if (reply->nlmsg_flags & NLM_F_DUMP_INTR)
		exchange->interrupted = true;
	if (reply->nlmsg_type == NLMSG_ERROR || reply->nlmsg_type == NLMSG_DONE) {
		exchange->finished |= index == exchange->batch->count - 1;
		if (extack_errno(reply) != 0)
			exchange_refused(exchange, request, reply);
	} else if (request->answer.take) {
		request->answer.take(reply, request->answer.wanted, request->answer.found);
	}
}

/**
 * exchange_send - number the requests and send them with one call
 * @exchange: changed
 * @fd: the socket, borrowed
 *
 * Returns 0 or -errno.
 */
static int exchange_send(struct exchange *exchange, int fd)
{
	struct batch *batch = exchange->batch;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec parts[BATCH_MAX];
	struct msghdr message = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = parts,
		.msg_iovlen = batch->count,
	};

	for (size_t i = 0; i < batch->count; i++) {
		struct request *request = &batch->requests[i];
		struct nlmsghdr *start = nlmsg_hdr(request->message);

		start->nlmsg_seq = exchange->first + (uint32_t)i;
		if (i == batch->count - 1)
			start->nlmsg_flags |= NLM_F_ACK;
		parts[i] = (struct iovec){ .iov_base = start, .iov_len = start->nlmsg_len };
		if (request->answer.found)
			memset(request->answer.found, 0, request->answer.size);
		request->number = 0;
		log_debug("rtnetlink: %s (type %u, %u bytes)", request->what, start->nlmsg_type,
			  start->nlmsg_len);
	}
	return sendmsg(fd, &message, 0) < 0 ? -errno : 0;
}

/**
 * exchange_receive - take answers in until the last one is there
 * @exchange: changed
 * @fd: the socket, borrowed
 *
 * Returns 0 when all are there, -errno when they could not be received.
 */
static int exchange_receive(struct exchange *exchange, int fd)
{
	/*
	 * Not on the stack, of which the compiler would touch every page, while most answers fill
	 * half of one. Nothing here has threads, and no answer is looked at after the call.
	 */
	static _Alignas(struct nlmsghdr) char answers[ANSWER_SIZE];

	while (!exchange->finished) {
		ssize_t got = recv(fd, answers, sizeof(answers), MSG_TRUNC);
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if ((size_t)got > sizeof(answers))
			return -EMSGSIZE;
		for (struct nlmsghdr *reply = (struct nlmsghdr *)answers; nlmsg_ok(reply, left);
		     reply = nlmsg_next(reply, &left))
			exchange_take(exchange, reply);
	}
	return 0;
}

/**
 * rtnl_exchange - send a batch of requests and take their answers in
 * @rtnl: the socket
 * @batch: its answers are filled and its errnos set; an empty one is no work
 * @e: says which request failed, in the kernel's words where it has any
 *
 * The kernel does not stop at a request that it refuses: what comes behind it may have been done.
 *
 * Returns 0, or -errno of the first request that was refused.
 */
int rtnl_exchange(struct rtnl *rtnl, struct batch *batch, struct error *e)
{
	if (batch->number != 0)
		return error_errno(e, batch->number, "cannot build a rtnetlink request");
	if (batch->count == 0)
		return 0;
	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		struct exchange exchange = { .batch = batch, .first = rtnl->sequence, .e = e };
		int r;

		rtnl->sequence += (uint32_t)batch->count;
		r = exchange_send(&exchange, rtnl->fd);
		if (r == 0)
			r = exchange_receive(&exchange, rtnl->fd);
		if (r < 0)
			return error_errno(e, -r, "cannot %s: no answer over rtnetlink",
					   batch->requests[batch->count - 1].what);
		if (!exchange.interrupted)
			return exchange.r;
	}
	return error_errno(e, EAGAIN, "cannot %s: it changes all the time",
			   batch->requests[0].what);
}
