/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the objects of a table are told to the kernel. */
#include "nat/ruleset.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nat/ruleset-words.h"

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

#define SET_ORDER_SIZE (2 + sizeof(uint32_t))

/**
 * order_put - put the byte order of keys or data where nft(8) remembers it
 * @userdata: there
 * @type: NFTNL_UDATA_SET_KEYBYTEORDER or NFTNL_UDATA_SET_DATABYTEORDER
 * @order: NFT_..._ENDIAN
 *
 * Returns how many bytes it takes.
 */
static size_t order_put(uint8_t userdata[SET_ORDER_SIZE], uint8_t type, uint32_t order)
{
	userdata[0] = type;
	userdata[1] = sizeof(order);
	memcpy(userdata + 2, &order, sizeof(order));
	return SET_ORDER_SIZE;
}

/**
 * set_put - put what a set's keys are into a message, and a map's data
 * @message: changed
 * @set: borrowed
 * @number: that no other set in the batch has
 * @comment, @size: what nft(8) is to remember of it, beside the byte order of the keys; without
 *                  that it shows them backwards
 */
static void set_put(struct nlmsghdr *message, const struct object *set, size_t number,
		    const uint8_t *comment, size_t size)
{
	const struct set_type *type = set->set;
	uint8_t userdata[2 * SET_ORDER_SIZE + COMMENT_MAX];
	size_t used = order_put(userdata, NFTNL_UDATA_SET_KEYBYTEORDER,
				type->data_size ? NFT_NO_ORDER : type->order);
	struct nlattr *nest;

	mnl_attr_put_u32(message, NFTA_SET_KEY_TYPE, htonl(type->key));
	mnl_attr_put_u32(message, NFTA_SET_KEY_LEN, htonl(type->key_size));
	mnl_attr_put_u32(message, NFTA_SET_ID, htonl((uint32_t)number));
	if (type->flags || type->data_size)
		mnl_attr_put_u32(message, NFTA_SET_FLAGS,
				 htonl(type->flags | (type->data_size ? NFT_SET_MAP : 0)));
	if (type->counts) {
		nest = mnl_attr_nest_start(message, NFTA_SET_EXPR);
		mnl_attr_put_strz(message, NFTA_EXPR_NAME, "counter");
		mnl_attr_nest_end(message, mnl_attr_nest_start(message, NFTA_EXPR_DATA));
		mnl_attr_nest_end(message, nest);
	}
	if (type->timeout)
		mnl_attr_put_u64(message, NFTA_SET_TIMEOUT, htobe64(1000ULL * type->timeout));
	if (type->data_size) {
		mnl_attr_put_u32(message, NFTA_SET_DATA_TYPE, htonl(type->data));
		mnl_attr_put_u32(message, NFTA_SET_DATA_LEN, htonl(type->data_size));
		used += order_put(userdata + used, NFTNL_UDATA_SET_DATABYTEORDER, type->order);
	}
	memcpy(userdata + used, comment, size);
	mnl_attr_put(message, NFTA_SET_USERDATA, used + size, userdata);
}

/**
 * object_put - put an object into the message that adds it
 * @message: changed
 * @object: borrowed
 * @number: that no other object in the batch has
 * @flags: of the table: NFT_TABLE_F_...
 * @state: what its counters start with
 */
void object_put(struct nlmsghdr *message, const struct object *object, size_t number,
		uint32_t flags, const struct nat_state *state)
{
	uint8_t comment[COMMENT_MAX];
	size_t size =
		comment_format(comment, object_attributes[object->kind].comment, object->comment);

	object_put_name(message, object);
	if (object->kind == NFT_SET) {
		set_put(message, object, number, comment, size);
		return;
	}
	mnl_attr_put(message, object_attributes[object->kind].userdata, size, comment);
	if (object->kind == NFT_TABLE) {
		mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(flags));
	} else if (object->kind == NFT_COUNTER) {
		counter_put(message, (const void *)((const char *)state + object->counter));
	} else {
		chain_put(message, object);
	}
}
