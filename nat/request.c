/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/extack.h"
#include "base/log.h"
#include "nat/feature.h"
#include "nat/nat.h"

static const char *const table_attributes[] = {
	[NFTA_TABLE_NAME] = "NFTA_TABLE_NAME",
	[NFTA_TABLE_FLAGS] = "NFTA_TABLE_FLAGS",
	[NFTA_TABLE_USERDATA] = "NFTA_TABLE_USERDATA",
};

static const char *const counter_attributes[] = {
	[NFTA_OBJ_TABLE] = "NFTA_OBJ_TABLE",       [NFTA_OBJ_NAME] = "NFTA_OBJ_NAME",
	[NFTA_OBJ_TYPE] = "NFTA_OBJ_TYPE",         [NFTA_OBJ_DATA] = "NFTA_OBJ_DATA",
	[NFTA_OBJ_USERDATA] = "NFTA_OBJ_USERDATA",
};

static const char *const set_attributes[] = {
	[NFTA_SET_TABLE] = "NFTA_SET_TABLE",
	[NFTA_SET_NAME] = "NFTA_SET_NAME",
	[NFTA_SET_KEY_TYPE] = "NFTA_SET_KEY_TYPE",
	[NFTA_SET_KEY_LEN] = "NFTA_SET_KEY_LEN",
	[NFTA_SET_DATA_TYPE] = "NFTA_SET_DATA_TYPE",
	[NFTA_SET_DATA_LEN] = "NFTA_SET_DATA_LEN",
	[NFTA_SET_ID] = "NFTA_SET_ID",
	[NFTA_SET_USERDATA] = "NFTA_SET_USERDATA",
};

static const char *const element_attributes[] = {
	[NFTA_SET_ELEM_LIST_TABLE] = "NFTA_SET_ELEM_LIST_TABLE",
	[NFTA_SET_ELEM_LIST_SET] = "NFTA_SET_ELEM_LIST_SET",
	[NFTA_SET_ELEM_LIST_ELEMENTS] = "NFTA_SET_ELEM_LIST_ELEMENTS",
};

static const char *const chain_attributes[] = {
	[NFTA_CHAIN_TABLE] = "NFTA_CHAIN_TABLE",       [NFTA_CHAIN_NAME] = "NFTA_CHAIN_NAME",
	[NFTA_CHAIN_HOOK] = "NFTA_CHAIN_HOOK",         [NFTA_CHAIN_POLICY] = "NFTA_CHAIN_POLICY",
	[NFTA_CHAIN_TYPE] = "NFTA_CHAIN_TYPE",         [NFTA_CHAIN_FLAGS] = "NFTA_CHAIN_FLAGS",
	[NFTA_CHAIN_USERDATA] = "NFTA_CHAIN_USERDATA",
};

static const char *const rule_attributes[] = {
	[NFTA_RULE_TABLE] = "NFTA_RULE_TABLE",
	[NFTA_RULE_CHAIN] = "NFTA_RULE_CHAIN",
	[NFTA_RULE_EXPRESSIONS] = "NFTA_RULE_EXPRESSIONS",
	[NFTA_RULE_USERDATA] = "NFTA_RULE_USERDATA",
};

/* How each kind of object is called, in netlink and in words. */
static const struct {
	const char *noun;
	uint16_t get, add, delete;
	const char *const *attributes;
	size_t n_attributes;
} nft_kinds[] = {
	[NFT_GENERATION] = { "generation", NFT_MSG_GETGEN, NFNL_MSG_BATCH_BEGIN, 0, NULL, 0 },
	[NFT_TABLE] = { "table", NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE,
			table_attributes, ARRAY_SIZE(table_attributes) },
	[NFT_COUNTER] = { "counter", NFT_MSG_GETOBJ, NFT_MSG_NEWOBJ, NFT_MSG_DELOBJ,
			  counter_attributes, ARRAY_SIZE(counter_attributes) },
	[NFT_SET] = { "set", NFT_MSG_GETSET, NFT_MSG_NEWSET, NFT_MSG_DELSET, set_attributes,
		      ARRAY_SIZE(set_attributes) },
	[NFT_ELEMENT] = { "elements of set", NFT_MSG_GETSETELEM, NFT_MSG_NEWSETELEM,
			  NFT_MSG_DELSETELEM, element_attributes, ARRAY_SIZE(element_attributes) },
	[NFT_CHAIN] = { "chain", NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN,
			chain_attributes, ARRAY_SIZE(chain_attributes) },
	[NFT_RULE] = { "rule", NFT_MSG_GETRULE, NFT_MSG_NEWRULE, NFT_MSG_DELRULE, rule_attributes,
		       ARRAY_SIZE(rule_attributes) },
};

/**
 * message_describe - what a message does, in words
 * @message: borrowed
 * @text: where they go
 * @size: room there
 *
 * Returns @text: "add chain forward to table inet nixctr-net".
 */
static const char *message_describe(const struct nft_message *message, char *text, size_t size)
{
	static const char *const verbs[] = { [NFT_READ] = "read",
					     [NFT_LIST] = "list",
					     [NFT_ADD] = "add",
					     [NFT_DELETE] = "delete",
					     [NFT_BEGIN] = "change" };
	static const char *const prepositions[] = {
		[NFT_READ] = "of", [NFT_LIST] = "of", [NFT_ADD] = "to", [NFT_DELETE] = "from"
	};

	const char *family = message->family == NFPROTO_BRIDGE ? "bridge" : "inet";

	if (message->table)
		(void)snprintf(text, size, "%s %s %s %s %s", verbs[message->action],
			       nft_kinds[message->kind].noun, message->name,
			       prepositions[message->action], message->table);
	else if (message->kind == NFT_TABLE || message->action == NFT_BEGIN)
		(void)snprintf(text, size, "%s table %s " NAT_TABLE, verbs[message->action],
			       family);
	else if (message->kind == NFT_GENERATION)
		(void)snprintf(text, size, "read the generation of the nf_tables ruleset");
	else
		(void)snprintf(text, size, "%s %s %s %s table %s " NAT_TABLE,
			       verbs[message->action], nft_kinds[message->kind].noun, message->name,
			       prepositions[message->action], family);
	return text;
}

/**
 * failure_remedy - what mends a refusal of the kernel
 * @message: what was refused
 * @number: with which errno
 * @opens: whether it opens the request: then whoever asks has no right to
 *
 * Returns one sentence, or NULL when nothing general can be said.
 */
static const char *failure_remedy(const struct nft_message *message, int number, bool opens)
{
	bool first = message->kind == NFT_GENERATION;

	if (number == EPERM)
		return opens ? "run it as root (it takes CAP_NET_ADMIN)"
			     : "stop the process that owns the table: it alone can change it";
	if (first && (number == EINVAL || number == EOPNOTSUPP))
		return NFT_LOAD;
	if (message->action == NFT_ADD && (number == ENOENT || number == EOPNOTSUPP))
		return "load what is missing (modprobe -a nft_chain_nat nft_masq nft_nat "
		       "nft_fib_inet "
		       "nft_ct) or boot a kernel that has it";
	return NULL;
}

/**
 * nft_request_message - one message of a request
 * @request: borrowed
 * @index: which
 */
struct nlmsghdr *nft_request_message(struct nft_request *request, size_t index)
{
	return (struct nlmsghdr *)(void *)(request->bytes + request->messages[index].offset);
}

/**
 * nft_request_fail - turn the kernel's refusal of a message into an error
 * @request: the request
 * @index: the message that was refused
 * @answer: the refusal
 * @e: filled: what was asked, the kernel's text, the attribute, the remedy
 *
 * Returns -errno.
 */
int nft_request_fail(struct nft_request *request, size_t index, const struct nlmsghdr *answer,
		     struct error *e)
{
	const struct nft_message *message = &request->messages[index];
	const struct extack_request asked = { .message = nft_request_message(request, index),
					      .header = sizeof(struct nfgenmsg),
					      .names = nft_kinds[message->kind].attributes,
					      .n_names = nft_kinds[message->kind].n_attributes };
	int number = extack_errno(answer);
	const char *remedy = failure_remedy(message, number, index == 0);
	char text[160], feature[240];
	int r;

	if (message->action == NFT_ADD && (number == ENOENT || number == EOPNOTSUPP) &&
	    feature_remedy(asked.message, answer, feature, sizeof(feature)))
		remedy = feature;
	r = error_errno(e, number, "cannot %s", message_describe(message, text, sizeof(text)));
	extack_decode(answer, &asked, e);
	return remedy ? error_remedy(e, r, "%s", remedy) : r;
}

/**
 * nft_request_init - begin a request
 * @request: what is in it is forgotten
 */
void nft_request_init(struct nft_request *request)
{
	request->family = NFPROTO_INET;
	request->count = request->length = 0;
	request->full = false;
	request->n_messages = NFT_MESSAGES_MAX;
	request->size = NFT_REQUEST_SIZE;
	request->messages = request->own_messages;
	request->bytes = request->own_bytes;
}

/**
 * nft_request_deinit - free what a request has grown to
 * @request: not usable afterwards; one that has not grown needs no end
 */
void nft_request_deinit(struct nft_request *request)
{
	if (request->messages != request->own_messages)
		free(request->messages);
	if (request->bytes != request->own_bytes)
		free(request->bytes);
}

/**
 * block_grow - make a block larger
 * @block: of a request
 * @own: where it is as long as it has not grown
 * @used: how much of it is in use
 * @size: what it is to have
 *
 * What is large moves without being copied.
 *
 * Returns the block, which takes the place of the other one, or NULL.
 */
static void *block_grow(void *block, const void *own, size_t used, size_t size)
{
	void *grown = realloc(block == own ? NULL : block, size);

	if (grown && block == own)
		memcpy(grown, own, used);
	return grown;
}

/**
 * request_grow - make room for four times as much
 * @request: changed; without memory it stays as it is
 *
 * Returns whether there was memory.
 */
static bool request_grow(struct nft_request *request)
{
	size_t room = 4 * request->n_messages + 1;
	void *messages = block_grow(request->messages, request->own_messages,
				    request->count * sizeof(*request->messages),
				    room * sizeof(*request->messages));
	void *bytes;

	if (!messages)
		return false;
	request->messages = messages;
	request->n_messages = room;
	bytes = block_grow(request->bytes, request->own_bytes, request->length, 4 * request->size);
	if (!bytes)
		return false;
	request->bytes = bytes;
	request->size *= 4;
	return true;
}

/**
 * request_append - put an empty message behind the others
 * @request: changed; when it cannot grow any more it starts over, and will not be sent
 * @type: the netlink message type, whole
 * @flags: of netlink, beside NLM_F_REQUEST
 *
 * Returns the message, to which attributes may be put until the next one is appended.
 */
static struct nlmsghdr *request_append(struct nft_request *request, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;
	struct nfgenmsg *header;

	if (request->count)
		request->length +=
			NLMSG_ALIGN(nft_request_message(request, request->count - 1)->nlmsg_len);
	if ((request->count == request->n_messages ||
	     request->length + NFT_MESSAGE_SIZE > request->size) &&
	    !request_grow(request)) {
		request->full = true;
		request->count = request->length = 0;
	}
	/* libmnl leaves padding as it is. */
	memset(request->bytes + request->length, 0, NFT_MESSAGE_SIZE);
	message = mnl_nlmsg_put_header(request->bytes + request->length);
	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = request->family;
	header->version = NFNETLINK_V0;
	request->messages[request->count++] =
		(struct nft_message){ .family = request->family, .offset = request->length };
	return message;
}

/**
 * nft_request_add - append a message about an object of our table
 * @request: changed
 * @action: what it does
 * @kind: to what kind of object
 * @name: of the object, for errors; borrowed until the request is answered
 *
 * Returns the message, to which attributes may be put until the next one is appended.
 */
struct nlmsghdr *nft_request_add(struct nft_request *request, enum nft_action action,
				 enum nft_kind kind, const char *name)
{
	uint16_t type = nft_kinds[kind].get;
	uint16_t flags = 0;
	struct nlmsghdr *message;
	char text[160];

	if (action == NFT_LIST) {
		flags = NLM_F_DUMP;
	} else if (action == NFT_ADD) {
		type = nft_kinds[kind].add;
		flags = NLM_F_CREATE | NLM_F_APPEND;
		if (kind != NFT_ELEMENT && kind != NFT_RULE)
			flags |= NLM_F_EXCL;
	} else if (action == NFT_DELETE) {
		type = nft_kinds[kind].delete;
	}
	message = request_append(request, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
	request->messages[request->count - 1].action = action;
	request->messages[request->count - 1].kind = kind;
	request->messages[request->count - 1].name = name;
	log_debug("nft: %s",
		  message_describe(&request->messages[request->count - 1], text, sizeof(text)));
	return message;
}

/**
 * nft_request_foreign - have the last message be about a table that is not ours
 * @request: changed
 * @family: NFPROTO_..., of the table; NFPROTO_UNSPEC: all tables there are
 * @table: its name for errors; borrowed until the request is answered
 */
void nft_request_foreign(struct nft_request *request, uint8_t family, const char *table)
{
	struct nfgenmsg *header =
		mnl_nlmsg_get_payload(nft_request_message(request, request->count - 1));

	header->nfgen_family = family;
	request->messages[request->count - 1].table = table;
}

/**
 * nft_request_bracket - append one of the messages that hold a batch together
 * @request: changed
 * @type: NFNL_MSG_BATCH_BEGIN or NFNL_MSG_BATCH_END
 *
 * Returns the message.
 */
struct nlmsghdr *nft_request_bracket(struct nft_request *request, uint16_t type)
{
	struct nlmsghdr *message = request_append(request, type, 0);
	struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	header->nfgen_family = NFPROTO_UNSPEC;
	header->res_id = htons(NFNL_SUBSYS_NFTABLES);
	request->messages[request->count - 1].action = NFT_BEGIN;
	request->messages[request->count - 1].kind = NFT_GENERATION;
	request->messages[request->count - 1].name = "";
	return message;
}

/**
 * nft_batch_init - begin a batch
 * @request: what is in it is forgotten
 * @generation: of the ruleset the batch was made for; 0: any
 */
void nft_batch_init(struct nft_request *request, uint32_t generation)
{
	struct nlmsghdr *message;

	nft_request_init(request);
	message = nft_request_bracket(request, NFNL_MSG_BATCH_BEGIN);
	if (generation)
		mnl_attr_put_u32(message, NFNL_BATCH_GENID, htonl(generation));
}
