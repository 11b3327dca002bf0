/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#include "nat/match.h"
#include "nat/nft.h"
#include "nat/read.h"
#include "nat/ruleset.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* kernel 5.14 */
#endif

/**
 * take_mark - take an answer to the question for generation and table; for struct nft_taker
 * @data: a struct nat_mark
 * @index: 0 for the generation, 1 for the table
 * @answer: borrowed; NULL: there is no such table
 * @e: filled on failure
 *
 * Returns 0 or -EPROTO.
 */
static int take_mark(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct nat_mark *mark = data;
	const struct nlattr *handle;

	if (index == 0)
		return take_generation(&mark->generation, 0, answer, e);
	handle = answer ? message_attribute(answer, NFTA_TABLE_HANDLE) : NULL;
	mark->table = handle ? be64toh(mnl_attr_get_u64(handle)) : 0;
	mark->owned = answer && message_attribute(answer, NFTA_TABLE_OWNER);
	return 0;
}

/**
 * nat_mark_read - read by what to recognise later that nothing was changed
 * @nat: the session
 * @ret_mark: by what
 * @e: filled on failure
 *
 * The kernel counts the commits of everybody to any table of a network namespace. Where the count and
 * the table are the same, so is all that is in it, and need not be read.
 *
 * Returns 1, 0 when there is no table or the kernel has no such numbers, or -errno.
 */
int nat_mark_read(struct nat *nat, struct nat_mark *ret_mark, struct error *e)
{
	struct nat_mark mark = { 0 };
	const struct nft_taker taker = { take_mark, &mark };
	socklen_t size = sizeof(mark.netns);
	/*
	 * Not on the stack, of which the compiler would touch every page: each attach comes by here.
	 * Nothing here has threads, and no request is looked at after the call.
	 */
	static struct nft_request request;
	int r;

	if (getsockopt(mnl_socket_get_fd(nat->socket), SOL_SOCKET, SO_NETNS_COOKIE, &mark.netns,
		       &size) < 0)
		return 0;
	nft_request_init(&request);
	nft_request_add(&request, NFT_READ, NFT_GENERATION, "");
	object_put_name(nft_request_add(&request, NFT_READ, NFT_TABLE, NAT_TABLE),
			&ruleset_objects[0]);
	r = nft_query(nat, &request, &taker, e);
	nft_request_deinit(&request);
	if (r < 0 || !mark.table)
		return r;
	nat->owned = mark.owned;
	*ret_mark = mark;
	return 1;
}
