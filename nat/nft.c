/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A query sends all its messages with one system call and gathers the answers, told apart by their
 * sequence numbers. A batch is all or nothing: it opens with the generation of the ruleset it was
 * made for, and the kernel refuses it with ERESTART when anybody has committed since, so that looking
 * and changing are one atomic step without any lock of ours.
 *
 * Of a batch only the last message asks for an acknowledgement. The kernel answers in the order of
 * the messages and answers errors unasked, so that acknowledgement closes the conversation. In an
 * aborted batch it is 0 for a message that was fine by itself: the first error is what counts, and
 * those behind it are mostly its consequences. An error at the message that opens the batch stands
 * for all of it.
 */
#include "nat/nft.h"

#include <errno.h>
#include <limits.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/extack.h"
#include "nat/nat.h"

/* An answer takes microseconds; other batches and an RCU barrier may be before us in the queue. */
#define NFT_TIMEOUT_SECONDS 20

/**
 * socket_widen - let a socket send a long request
 * @socket: changed
 * @length: of the request
 *
 * A failure is met again when it is sent.
 */
static void socket_widen(struct mnl_socket *socket, size_t length)
{
	const int size = length < INT_MAX / 2 ? (int)length : INT_MAX / 2;

	(void)setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &size,
			 sizeof(size));
}

/**
 * request_send - number the messages of a request and send it
 * @nat: the session
 * @socket: through which
 * @request: finished
 * @ret_first: the sequence number of its first message
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int request_send(struct nat *nat, struct mnl_socket *socket, struct nft_request *request,
			uint32_t *ret_first, struct error *e)
{
	struct nlmsghdr *last = nft_request_message(request, request->count - 1);
	size_t length = request->messages[request->count - 1].offset + last->nlmsg_len;

	if (request->full)
		return error_errno(e, ENOMEM, "cannot send so much to nf_tables at once");
	if (length > NFT_REQUEST_SIZE)
		socket_widen(socket, length);
	for (size_t i = 0; i < request->count; i++)
		nft_request_message(request, i)->nlmsg_seq = nat->sequence + (uint32_t)i;
	*ret_first = nat->sequence;
	nat->sequence += (uint32_t)request->count;
	while (mnl_socket_sendto(socket, request->bytes, length) < 0)
		if (errno != EINTR)
			return error_errno(e, errno, "cannot send to nf_tables");
	return 0;
}

/**
 * answer_receive - wait for the next answers
 * @nat: the session; they are left in its buffer
 * @socket: at which
 * @ret_length: how many bytes of them
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int answer_receive(struct nat *nat, struct mnl_socket *socket, int *ret_length,
			  struct error *e)
{
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(socket, nat->answer, sizeof(nat->answer));

		if (n >= 0) {
			*ret_length = (int)n;
			return 0;
		}
		if (errno == EAGAIN)
			return error_errno(e, ETIMEDOUT, "nf_tables does not answer");
		if (errno != EINTR)
			return error_errno(e, errno, "cannot hear what nf_tables answers");
	}
}

/* A query or batch under way. */
struct conversation {
	struct nft_request *request;
	const struct nft_taker *taker;
	uint32_t first;   /* sequence number of the first message */
	size_t pending;   /* messages without their last answer */
	bool interrupted; /* a list was changed while it was read out */
	size_t refused;   /* the first message of a batch that was */
};

/**
 * query_take - deal with one answer to a query
 * @query: changed
 * @index: the message it answers
 * @answer: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int query_take(struct conversation *query, size_t index, const struct nlmsghdr *answer,
		      struct error *e)
{
	const struct nft_taker *taker = query->taker;

	if (answer->nlmsg_flags & NLM_F_DUMP_INTR)
		query->interrupted = true;
	if (answer->nlmsg_type == NLMSG_ERROR || answer->nlmsg_type == NLMSG_DONE) {
		int number = extack_errno(answer);

		query->pending--;
		if (number == ENOENT)
			return taker->object(taker->data, index, NULL, e);
		return number ? nft_request_fail(query->request, index, answer, e) : 0;
	}
	if (!(answer->nlmsg_flags & NLM_F_MULTI))
		query->pending--;
	return taker->object(taker->data, index, answer, e);
}

/**
 * nft_query - ask and gather the answers
 * @nat: the session
 * @request: messages that read, and at most one that lists, the last
 * @taker: takes the answers
 * @e: names what could not be read
 *
 * Returns 0, -ERESTART when a list was changed while it was read out, or another -errno; then
 * answers that are still to come are recognised by their numbers and dropped.
 */
int nft_query(struct nat *nat, struct nft_request *request, const struct nft_taker *taker,
	      struct error *e)
{
	struct conversation query = { .request = request,
				      .taker = taker,
				      .pending = request->count };
	int length, r;

	r = request_send(nat, nat->socket, request, &query.first, e);
	while (r == 0 && query.pending) {
		const struct nlmsghdr *answer = (const void *)nat->answer;

		r = answer_receive(nat, nat->socket, &length, e);
		for (; r == 0 && mnl_nlmsg_ok(answer, length);
		     answer = mnl_nlmsg_next(answer, &length)) {
			size_t index = answer->nlmsg_seq - query.first;

			if (index < request->count)
				r = query_take(&query, index, answer, e);
		}
	}
	if (r == 0 && query.interrupted)
		return error_errno(e, ERESTART, "nf_tables was changed while it was read");
	return r;
}

/**
 * batch_take - deal with one answer to a batch
 * @batch: changed; pending becomes 0 with the last answer
 * @answer: borrowed
 * @r: the verdict so far
 * @e: filled with the first refusal
 *
 * Returns the verdict, 0 or -errno.
 */
static int batch_take(struct conversation *batch, const struct nlmsghdr *answer, int r,
		      struct error *e)
{
	size_t last = batch->request->count - 2; /* before the end of the batch */
	size_t index = answer->nlmsg_seq - batch->first;
	int number;

	if (index > last || answer->nlmsg_type != NLMSG_ERROR)
		return r;
	number = extack_errno(answer);
	if (index == last || (index == 0 && number))
		batch->pending = 0;
	if (r != 0 || !number)
		return r;
	batch->refused = index;
	return nft_request_fail(batch->request, index, answer, e);
}

/**
 * nft_commit_by - have a batch done, all of it or nothing, through some socket
 * @nat: the session
 * @socket: which
 * @request: with its end; it may have been refused at another one
 * @ret_refused: which message was, when one was; else it stays as it is
 * @e: names the change that was refused
 *
 * Returns 0, -ERESTART when the ruleset is of another generation by now, or another -errno.
 */
int nft_commit_by(struct nat *nat, struct mnl_socket *socket, struct nft_request *request,
		  size_t *ret_refused, struct error *e)
{
	struct conversation batch = { .request = request, .pending = 1 };
	int length, verdict = 0, r;

	r = request_send(nat, socket, request, &batch.first, e);
	while (r == 0 && batch.pending) {
		const struct nlmsghdr *answer = (const void *)nat->answer;

		r = answer_receive(nat, socket, &length, e);
		for (; r == 0 && mnl_nlmsg_ok(answer, length);
		     answer = mnl_nlmsg_next(answer, &length))
			verdict = batch_take(&batch, answer, verdict, e);
	}
	if (r == 0 && verdict < 0)
		*ret_refused = batch.refused;
	return r < 0 ? r : verdict;
}

/**
 * socket_closep - close a netlink socket, for _cleanup_()
 * @socket: its address
 */
void socket_closep(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

/**
 * nft_socket_prepare - set a netlink socket up
 * @socket: borrowed
 *
 * The kernel's words are wanted with its refusals, our own messages back are not.
 *
 * Returns 0, or -1 with errno.
 */
int nft_socket_prepare(struct mnl_socket *socket)
{
	const struct timeval timeout = { .tv_sec = NFT_TIMEOUT_SECONDS };
	const int on = 1;

	if (mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, (void *)(uintptr_t)&on, sizeof(on)) <
		    0 ||
	    mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, (void *)(uintptr_t)&on, sizeof(on)) < 0)
		return -1;
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
		       sizeof(timeout)) < 0)
		return -1;
	return mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID);
}
