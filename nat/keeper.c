/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A table can belong to a netlink socket: then only what is sent through that socket changes it, and
 * whoever flushes the ruleset passes it over. A table that persists outlives its owner and belongs to
 * nobody then, until another socket adopts it; meanwhile anybody can change and flush it. So somebody
 * has to have the socket all the time, and all our commands have to send through it.
 *
 * The keeper is a process that has the socket and lends it: whoever connects to it, which takes root,
 * is handed a descriptor of the very same socket. So there is no moment in which the tables belong to
 * nobody, and the keeper need not know what is changed. Answers of the kernel arrive at whoever reads
 * first; so there is a lock for one batch and its answers, which are all there once it was sent.
 * What a killed borrower has left is dropped by the next one.
 *
 * Without a keeper our tables are changed like any others.
 */
#include "nat/keeper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/lock.h"
#include "nat/keeper-socket.h"
#include "nat/nat.h"

#define WAITS_MAX 10 /* for an owner who may be ending */
#define WAIT_MS   10

#define COMMIT_SECONDS 5 /* for somebody else's batch, which takes milliseconds */

/**
 * nat_keep - have tables that belong to a keeper changed through its socket
 * @nat: the session
 * @directory: where the keeper is found, borrowed as long as the session
 */
void nat_keep(struct nat *nat, const char *directory)
{
	nat->keeper_directory = directory;
}

/**
 * keeper_borrow - borrow the socket that owns our tables, for the next batch
 * @nat: the session
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no keeper, or -errno.
 */
int keeper_borrow(struct nat *nat, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	int r = 0;

	if (nat->lent)
		return 1;
	if (nat->keeper_directory)
		r = keeper_socket_receive(nat->keeper_directory, mnl_socket_get_fd(nat->socket),
					  &fd, e);
	if (r <= 0)
		return r;
	nat->lent = mnl_socket_fdopen(fd);
	if (!nat->lent)
		return error_errno(e, errno, "cannot use the socket that owns our tables");
	fd = -1;
	return 1;
}

/**
 * keeper_return - let go of what was borrowed
 * @nat: the session
 */
void keeper_return(struct nat *nat)
{
	if (nat->lent)
		mnl_socket_close(nat->lent);
	nat->lent = NULL;
}

/**
 * answers_drop - forget what others have left to be read
 * @nat: the session; has the lock
 */
static void answers_drop(struct nat *nat)
{
	int fd = mnl_socket_get_fd(nat->lent);

	while (recv(fd, nat->answer, sizeof(nat->answer), MSG_DONTWAIT | MSG_TRUNC) >= 0 ||
	       errno == EINTR || errno == ENOBUFS)
		;
}

/**
 * keeper_commit - have a batch done through the socket that was borrowed
 * @nat: the session; the socket is returned
 * @request: with its end
 * @e: names the change that was refused
 *
 * Returns as nft_commit().
 */
int keeper_commit(struct nat *nat, struct nft_request *request, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	char path[PATH_MAX];
	size_t refused = 0;
	int r;

	(void)snprintf(path, sizeof(path), "%s/owner.lock", nat->keeper_directory);
	r = lock_acquire_within(path, LOCK_EXCLUSIVE, COMMIT_SECONDS, &lock, e);
	if (r >= 0) {
		answers_drop(nat);
		r = nft_commit_by(nat, nat->lent, request, &refused, e);
	}
	keeper_return(nat);
	return r;
}

/**
 * owner_may_end - wait a moment for whoever owns a table and is not our keeper
 * @nat: the session
 *
 * A keeper that was killed lends nothing any more, and its socket goes a moment later, or when the last
 * one who has borrowed it is done; the kernel does not tell when. Whoever watches waits for nobody and
 * tries again by itself.
 *
 * Returns whether it is worth to look again.
 */
bool owner_may_end(struct nat *nat)
{
	if (nat->watched || nat->waits == WAITS_MAX)
		return false;
	nat->waits++;
	(void)poll(NULL, 0, WAIT_MS);
	return true;
}

/**
 * keeper_check - make sure that a table is owned by nobody, or by our keeper
 * @nat: the session
 * @label: of the table, as nft(8) calls it
 * @owner: netlink port of whoever owns it, 0: nobody
 * @e: names the owner
 *
 * Returns 0, -ERESTART when it may have another owner by now, -EBUSY (ERROR_CONFLICT), or another -errno.
 */
int keeper_check(struct nat *nat, const char *label, uint32_t owner, struct error *e)
{
	int r = owner ? keeper_borrow(nat, e) : 0;

	if (r < 0 || !owner || (r > 0 && mnl_socket_get_portid(nat->lent) == owner))
		return r < 0 ? r : 0;
	keeper_return(nat);
	if (owner_may_end(nat))
		return error_errno(e, ERESTART, "table %s may belong to nobody by now", label);
	error_set(e, ERROR_CONFLICT, EBUSY, "table %s is owned by the process with netlink port %u",
		  label, owner);
	return error_remedy(e, -EBUSY, "stop that process (its id is most likely %u)", owner);
}

/**
 * ownable_ask - ask the kernel whether it can have tables that persist
 * @nat: the session
 * @e: filled on failure
 *
 * By a batch that fails in any case, for it deletes what is not there behind that.
 *
 * Returns 1, 0 or -errno.
 */
static int ownable_ask(struct nat *nat, struct error *e)
{
	static const char none[] = NAT_TABLE ".none", probe[] = NAT_TABLE ".probe";
	struct nft_request batch;
	struct nlmsghdr *message;
	size_t refused = 0;
	int r;

	nft_batch_init(&batch, 0);
	message = nft_request_add(&batch, NFT_ADD, NFT_TABLE, probe);
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, probe);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_PERSIST));
	message = nft_request_add(&batch, NFT_DELETE, NFT_TABLE, none);
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, none);
	message->nlmsg_flags |= NLM_F_ACK;
	nft_request_bracket(&batch, NFNL_MSG_BATCH_END);
	r = nft_commit_by(nat, nat->socket, &batch, &refused, e);
	if (refused == 2)
		return 1;
	return r == -EOPNOTSUPP || r == -EINVAL ? 0 : r;
}

/**
 * nat_ownable - whether the kernel can have tables that belong to somebody and outlive him
 * @nat: the session
 * @e: filled on failure
 *
 * It can from 6.9 on.
 *
 * Returns 1, 0 or -errno.
 */
int nat_ownable(struct nat *nat, struct error *e)
{
	if (nat->ownable == OWNABLE_UNKNOWN) {
		int r = ownable_ask(nat, e);

		if (r < 0)
			return r;
		nat->ownable = r > 0 ? OWNABLE_YES : OWNABLE_NO;
	}
	return nat->ownable == OWNABLE_YES;
}

/**
 * nat_is_kept - whether there is a keeper whom our tables may belong to
 * @nat: the session
 */
bool nat_is_kept(struct nat *nat)
{
	bool kept = keeper_borrow(nat, NULL) > 0;

	keeper_return(nat);
	return kept;
}
