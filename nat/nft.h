/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Talking to nf_tables. A request is one or more messages that are sent at once; each is known by
 * what it does to which object, so that whatever the kernel answers can be said in those words.
 */

enum nft_action { NFT_READ, NFT_LIST, NFT_ADD, NFT_DELETE, NFT_BEGIN };

enum nft_kind {
	NFT_GENERATION,
	NFT_TABLE,
	NFT_COUNTER,
	NFT_SET,
	NFT_ELEMENT,
	NFT_CHAIN,
	NFT_RULE,
};

/* One message of a request. */
struct nft_message {
	enum nft_action action;
	enum nft_kind kind;
	const char *name;  /* of the object, for errors; outlives the request */
	const char *table; /* somebody else's; NULL: ours */
	uint8_t family;    /* of the table, if it is ours */
	size_t offset;     /* of the message in the request */
	size_t list;       /* of elements in the message, which it ends with; 0: it has none */
};

#define NFT_MESSAGES_MAX 64
#define NFT_MESSAGE_SIZE 2048 /* the largest: 32 external links */
#define NFT_REQUEST_SIZE 16384
#define NFT_ANSWER_SIZE  32768 /* the kernel makes a dump's parts no larger */

/* Nearly all requests fit into what the struct has; only what publishes many ports grows beyond. */
struct nft_request {
	uint8_t family; /* of the table that what is added next is about: NFPROTO_INET unless changed */
	size_t count;
	size_t length;           /* bytes, all but the last message, which may still grow */
	bool full;               /* there was no memory to grow: it will not be sent */
	size_t n_messages, size; /* how much fits in these two */
	struct nft_message *messages;
	uint8_t *bytes;
	struct nft_message own_messages[NFT_MESSAGES_MAX];
	_Alignas(NLMSG_ALIGNTO) uint8_t own_bytes[NFT_REQUEST_SIZE];
};

/* The session: struct nat of nat/nat.h. */
struct nat {
	struct mnl_socket *socket;
	uint32_t sequence;            /* of the next message */
	bool deleted;                 /* something was deleted through it */
	bool watched;                 /* who has it is told of all changes, see watch.c */
	const char *keeper_directory; /* of whom our tables may belong to, borrowed; or NULL */
	struct mnl_socket *lent;      /* by the keeper, for the next batch; or NULL */
	bool owned;                   /* a table of ours was found to be owned by somebody */
	unsigned waits;               /* for a keeper that may be ending; see owner_may_end() */
	enum { OWNABLE_UNKNOWN, OWNABLE_NO, OWNABLE_YES } ownable;
	enum { HASHABLE_UNKNOWN, HASHABLE_NO, HASHABLE_YES } hashable; /* see nat_hashable() */
	_Alignas(NLMSG_ALIGNTO) uint8_t answer[NFT_ANSWER_SIZE];
};

/*
 * Who takes the answers of a query: object() one answer to message @index, or NULL when there is no
 * such object. Messages that list are answered any number of times. It returns 0, or -errno to give
 * up, with @e filled.
 */
struct nft_taker {
	int (*object)(void *data, size_t index, const struct nlmsghdr *object, struct error *e);
	void *data;
};

#define NFT_LOAD "load nf_tables (modprobe nf_tables) or boot a kernel that has it"

void nft_request_init(struct nft_request *request);
void nft_request_deinit(struct nft_request *request);
void nft_batch_init(struct nft_request *request, uint32_t generation);
struct nlmsghdr *nft_request_message(struct nft_request *request, size_t index);
struct nlmsghdr *nft_request_bracket(struct nft_request *request, uint16_t type);
int nft_request_fail(struct nft_request *request, size_t index, const struct nlmsghdr *answer,
		     struct error *e);
struct nlmsghdr *nft_request_add(struct nft_request *request, enum nft_action action,
				 enum nft_kind kind, const char *name);
void nft_request_foreign(struct nft_request *request, uint8_t family, const char *table);
void socket_closep(struct mnl_socket **socket);
int nft_socket_prepare(struct mnl_socket *socket);
int nft_query(struct nat *nat, struct nft_request *request, const struct nft_taker *taker,
	      struct error *e);
int nft_commit(struct nat *nat, struct nft_request *request, struct error *e);
int nft_commit_by(struct nat *nat, struct mnl_socket *socket, struct nft_request *request,
		  size_t *ret_refused, struct error *e);
