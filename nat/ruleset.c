/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table, as it should be. Everything else in this folder makes, reads or compares what is
 * written here; "nft list table inet nixctr-net" shows the same.
 */
#include "nat/ruleset.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <string.h>

#include "base/cleanup.h"

/* What nft(8) has no header for (datatype.h): the kernel only keeps them for it. */
#define NFT_TYPE_IFNAME 41
#define NFT_HOST_ENDIAN 1

#define TABLE(comment_)                                                     \
	{                                                                   \
		.kind = NFT_TABLE, .name = NAT_TABLE, .comment = (comment_) \
	}
#define SET(name_, comment_)                                            \
	{                                                               \
		.kind = NFT_SET, .name = (name_), .comment = (comment_) \
	}
#define CHAIN(name_, comment_)                                            \
	{                                                                 \
		.kind = NFT_CHAIN, .name = (name_), .comment = (comment_) \
	}
#define COUNTER(name_, comment_)                                            \
	{                                                                   \
		.kind = NFT_COUNTER, .name = #name_, .comment = (comment_), \
		.counter = offsetof(struct nat_state, name_)                \
	}
#define HOOKED(name_, type_, hook_, priority_, comment_)                                    \
	{                                                                                   \
		.kind = NFT_CHAIN, .name = (name_), .comment = (comment_), .type = (type_), \
		.hook = (hook_), .priority = (priority_)                                    \
	}

/* clang-format off */
const struct object ruleset_objects[RULESET_OBJECTS] = {
	TABLE("networks of NixOS-style containers; see nixctr-net(8)"),

	COUNTER(masqueraded, "connections that left with an address of the host"),
	COUNTER(outgoing, "packets of containers to the outside"),
	COUNTER(incoming, "packets from the outside that belong to them"),
	COUNTER(dropped, "everything else from or to a container"),

	SET(SET_EXTERNAL, "links to the outside"),

	CHAIN("from-container", "containers reach the outside, not each other"),
	CHAIN("to-container", "the outside may answer, not ask"),
	HOOKED("forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER,
	       "what passes through the host"),
	HOOKED("postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC,
	       "containers share the addresses of the host"),
	HOOKED("source", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW,
	       "containers do not lie about their address"),
};

#define FROM_CONTAINER      { .kind = WORD_IIFNAME, .name = NAT_PREFIX }
#define TO_CONTAINER        { .kind = WORD_OIFNAME, .name = NAT_PREFIX }
#define FROM_OUTSIDE        { .kind = WORD_IIFNAME_IN, .name = SET_EXTERNAL }
#define TO_OUTSIDE          { .kind = WORD_OIFNAME_IN, .name = SET_EXTERNAL }
#define LINK_LOCAL          { .kind = WORD_LINK_LOCAL }
#define SOURCE_MISSING      { .kind = WORD_SOURCE_MISSING }
#define COUNT(name_)        { .kind = WORD_COUNTER, .name = (name_) }
#define MASQUERADE          { .kind = WORD_MASQUERADE }
#define GOTO(chain_)        { .kind = WORD_GOTO, .name = (chain_) }
#define ACCEPT              { .kind = WORD_VERDICT, .bits = NF_ACCEPT }
#define DROP                { .kind = WORD_VERDICT, .bits = NF_DROP }
#define STATE(bits_)        { .kind = WORD_CT_STATE, .bits = (bits_) }
#define ANSWER              (NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))
#define KNOWN               (ANSWER | NF_CT_STATE_BIT(IP_CT_NEW))

/*
 * What connection tracking does not know is not masqueraded either: it would leave with the
 * container's own address, so "from-container" lets known packets out and not simply everything.
 *
 * "source" asks for the way back to a packet's sender. A container's addresses are routed to its own
 * link, so that the route is the lease and one rule pins all containers, for rp_filter=1 on the link
 * yields to a 2 in conf/all. The unspecified address of an IPv6 host that has none yet passes the
 * fib expression by itself; link-local ones, which it uses to find its neighbour again, have no
 * route where the host's end has no such address, and are never forwarded.
 */
const struct rule ruleset_rules[RULESET_RULES] = {
	{ "from-container", "known, else it would not be masqueraded",
	  { TO_OUTSIDE, STATE(KNOWN), COUNT("outgoing"), ACCEPT } },
	{ "from-container", "all else",
	  { COUNT("dropped"), DROP } },

	{ "to-container", "answers",
	  { FROM_OUTSIDE, STATE(ANSWER), COUNT("incoming"), ACCEPT } },
	{ "to-container", "all else",
	  { COUNT("dropped"), DROP } },

	{ "forward", "sent by a container",
	  { FROM_CONTAINER, GOTO("from-container") } },
	{ "forward", "sent to a container",
	  { TO_CONTAINER, GOTO("to-container") } },

	{ "postrouting", "IPv4 and IPv6",
	  { FROM_CONTAINER, TO_OUTSIDE, COUNT("masqueraded"), MASQUERADE } },

	{ "source", "never leaves the link",
	  { FROM_CONTAINER, LINK_LOCAL, ACCEPT } },
	{ "source", "the way back is another one",
	  { FROM_CONTAINER, SOURCE_MISSING, COUNT("dropped"), DROP } },
};
/* clang-format on */

/* Where each kind of object keeps what all of them have. */
static const struct {
	uint16_t table, name, userdata;
	uint8_t comment;
} object_attributes[] = {
	[NFT_TABLE] = { 0, NFTA_TABLE_NAME, NFTA_TABLE_USERDATA, NFTNL_UDATA_TABLE_COMMENT },
	[NFT_COUNTER] = { NFTA_OBJ_TABLE, NFTA_OBJ_NAME, NFTA_OBJ_USERDATA,
			  NFTNL_UDATA_OBJ_COMMENT },
	[NFT_SET] = { NFTA_SET_TABLE, NFTA_SET_NAME, NFTA_SET_USERDATA, NFTNL_UDATA_SET_COMMENT },
	[NFT_CHAIN] = { NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_USERDATA,
			NFTNL_UDATA_CHAIN_COMMENT },
};

/**
 * object_put_name - put into a message which object it is about
 * @message: changed
 * @object: borrowed
 */
void object_put_name(struct nlmsghdr *message, const struct object *object)
{
	if (object->kind != NFT_TABLE)
		mnl_attr_put_strz(message, object_attributes[object->kind].table, NAT_TABLE);
	mnl_attr_put_strz(message, object_attributes[object->kind].name, object->name);
	if (object->kind == NFT_COUNTER)
		mnl_attr_put_u32(message, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
}

/**
 * counter_put - put the values a counter starts with into a message
 * @message: changed
 * @counter: borrowed
 */
static void counter_put(struct nlmsghdr *message, const struct nat_counter *counter)
{
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_OBJ_DATA);

	mnl_attr_put_u64(message, NFTA_COUNTER_BYTES, htobe64(counter->bytes));
	mnl_attr_put_u64(message, NFTA_COUNTER_PACKETS, htobe64(counter->packets));
	mnl_attr_nest_end(message, data);
}

/**
 * chain_put - put where a chain is hooked in into a message
 * @message: changed
 * @chain: borrowed
 */
static void chain_put(struct nlmsghdr *message, const struct object *chain)
{
	struct nlattr *hook;

	if (!chain->type)
		return;
	hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(chain->hook));
	mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl((uint32_t)chain->priority));
	mnl_attr_nest_end(message, hook);
	mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, chain->type);
}

/**
 * set_put - put what a set's keys are into a message
 * @message: changed
 * @comment, @size: what nft(8) is to remember of it, beside the byte order of the keys; without
 *                  that it shows them backwards
 */
static void set_put(struct nlmsghdr *message, const uint8_t *comment, size_t size)
{
	uint8_t userdata[2 + sizeof(uint32_t) + COMMENT_MAX] = { NFTNL_UDATA_SET_KEYBYTEORDER,
								 sizeof(uint32_t) };
	const uint32_t order = NFT_HOST_ENDIAN;

	memcpy(userdata + 2, &order, sizeof(order));
	memcpy(userdata + 2 + sizeof(order), comment, size);
	mnl_attr_put_u32(message, NFTA_SET_KEY_TYPE, htonl(NFT_TYPE_IFNAME));
	mnl_attr_put_u32(message, NFTA_SET_KEY_LEN, htonl(IFNAMSIZ));
	mnl_attr_put_u32(message, NFTA_SET_ID, htonl(1));
	mnl_attr_put(message, NFTA_SET_USERDATA, 2 + sizeof(order) + size, userdata);
}

/**
 * object_put - put an object into the message that adds it
 * @message: changed
 * @object: borrowed
 * @state: what its counters start with
 */
void object_put(struct nlmsghdr *message, const struct object *object,
		const struct nat_state *state)
{
	uint8_t comment[COMMENT_MAX];
	size_t size =
		comment_format(comment, object_attributes[object->kind].comment, object->comment);

	object_put_name(message, object);
	if (object->kind == NFT_SET) {
		set_put(message, comment, size);
		return;
	}
	mnl_attr_put(message, object_attributes[object->kind].userdata, size, comment);
	if (object->kind == NFT_TABLE) {
		mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, 0);
	} else if (object->kind == NFT_COUNTER) {
		counter_put(message, (const void *)((const char *)state + object->counter));
	} else {
		chain_put(message, object);
	}
}

/**
 * elements_put - put elements of the set of external links into a message
 * @message: changed
 * @links: which; NULL: all, for a message that lists them
 */
void elements_put(struct nlmsghdr *message, const struct links *links)
{
	struct nlattr *list;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, SET_EXTERNAL);
	if (!links)
		return;
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < links->count; i++) {
		struct nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
		struct nlattr *key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);

		mnl_attr_put(message, NFTA_DATA_VALUE, IFNAMSIZ, links->names[i]);
		mnl_attr_nest_end(message, key);
		mnl_attr_nest_end(message, element);
	}
	mnl_attr_nest_end(message, list);
}
