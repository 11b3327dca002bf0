/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session with nf_tables, and through which socket it changes anything. */
#include <errno.h>
#include <limits.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "nat/keeper.h"
#include "nat/nat.h"
#include "nat/nft.h"

/**
 * nft_commit - have a batch done, all of it or nothing
 * @nat: the session
 * @request: begun by nft_batch_init(), with at least one change in it
 * @e: names the change that was refused
 *
 * A table that has an owner is changed through its socket, see keeper.c. Without the right to change
 * anything it is the batch that is refused, and not a message in it.
 *
 * Returns 0, -ERESTART when the ruleset is of another generation by now, or another -errno.
 */
int nft_commit(struct nat *nat, struct nft_request *request, struct error *e)
{
	size_t refused = 0;
	int lent = nat->owned ? keeper_borrow(nat, e) : 0, r;

	if (lent < 0)
		return lent;
	nft_request_message(request, request->count - 1)->nlmsg_flags |= NLM_F_ACK;
	nft_request_bracket(request, NFNL_MSG_BATCH_END);
	if (nat->lent)
		return keeper_commit(nat, request, e);
	do {
		refused = 0;
		r = nft_commit_by(nat, nat->socket, request, &refused, e);
		if (r == -EPERM && refused > 0 && keeper_borrow(nat, NULL) > 0)
			return keeper_commit(nat, request, e);
	} while (r == -EPERM && refused > 0 && owner_may_end(nat));
	for (size_t i = 0; r == 0 && i < request->count; i++)
		nat->deleted |= request->messages[i].action == NFT_DELETE;
	return r;
}

/**
 * nat_open - open a session in the network namespace of the calling thread
 * @ret_nat: the session; the caller ends with nat_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_open(struct nat **ret_nat, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = malloc(sizeof(*nat));

	if (!nat)
		return error_errno(e, ENOMEM, "cannot open nf_tables");
	nat->sequence = 1;
	nat->waits = 0;
	nat->deleted = nat->watched = nat->owned = false;
	nat->keeper_directory = NULL;
	nat->lent = NULL;
	nat->ownable = OWNABLE_UNKNOWN;
	nat->hashable = HASHABLE_UNKNOWN;
	nat->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nat->socket) {
		int r = error_errno(e, errno, "cannot open nf_tables");

		return error_remedy(e, r, NFT_LOAD);
	}
	if (nft_socket_prepare(nat->socket) < 0)
		return error_errno(e, errno, "cannot set up the socket to nf_tables");
	*ret_nat = TAKE_PTR(nat);
	return 0;
}

#define LEAVE_MS 100 /* longer than a grace period, and nobody waits for it */

/**
 * socket_leave - close a socket through which something was deleted
 * @socket: taken
 *
 * The kernel frees what was deleted after a grace period of RCU. Whoever closes a socket of nf_tables
 * before that is over waits for it, tens of milliseconds, and everybody else who wants to change
 * something waits for him. So the socket stays open a while longer, with a child that has nothing else
 * of ours.
 */
static void socket_leave(struct mnl_socket *socket)
{
	unsigned fd = (unsigned)mnl_socket_get_fd(socket);

	if (fork() == 0) {
		if (fd > 0)
			(void)close_range(0, fd - 1, 0);
		(void)close_range(fd + 1, UINT_MAX, 0);
		(void)poll(NULL, 0, LEAVE_MS);
		_exit(0);
	}
	mnl_socket_close(socket);
}

/**
 * nat_close - end a session
 * @nat: taken; NULL is fine
 */
void nat_close(struct nat *nat)
{
	if (!nat)
		return;
	keeper_return(nat);
	if (nat->socket && nat->deleted)
		socket_leave(nat->socket);
	else if (nat->socket)
		mnl_socket_close(nat->socket);
	free(nat);
}

/**
 * nat_closep - end the session a variable holds, for _cleanup_()
 * @nat: its address
 */
void nat_closep(struct nat **nat)
{
	nat_close(*nat);
}
