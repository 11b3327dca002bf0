/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/match.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define ATTRIBUTE(type) (UINT64_C(1) << (type))

/* The attributes of each kind of object that make it what it is. */
static const uint64_t object_meaning[] = {
	[NFT_TABLE] = ATTRIBUTE(NFTA_TABLE_USERDATA),
	[NFT_COUNTER] = ATTRIBUTE(NFTA_OBJ_TYPE) | ATTRIBUTE(NFTA_OBJ_USERDATA),
	[NFT_SET] = ATTRIBUTE(NFTA_SET_FLAGS) | ATTRIBUTE(NFTA_SET_KEY_TYPE) |
		    ATTRIBUTE(NFTA_SET_KEY_LEN) | ATTRIBUTE(NFTA_SET_DATA_TYPE) |
		    ATTRIBUTE(NFTA_SET_DATA_LEN) | ATTRIBUTE(NFTA_SET_TIMEOUT) |
		    ATTRIBUTE(NFTA_SET_USERDATA),
	[NFT_CHAIN] = ATTRIBUTE(NFTA_CHAIN_HOOK) | ATTRIBUTE(NFTA_CHAIN_POLICY) |
		      ATTRIBUTE(NFTA_CHAIN_TYPE) | ATTRIBUTE(NFTA_CHAIN_USERDATA),
};

/* Room to build one message of our own. */
struct scratch {
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[2 * RULE_PAYLOAD_MAX];
};

/**
 * scratch_message - begin a message that is only compared
 * @scratch: where; cleared, for libmnl leaves the padding of attributes as it is
 *
 * Returns the message, with a header like that of the kernel's answers.
 */
static struct nlmsghdr *scratch_message(struct scratch *scratch)
{
	struct nlmsghdr *message;

	memset(scratch->bytes, 0, sizeof(scratch->bytes));
	message = mnl_nlmsg_put_header(scratch->bytes);
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	return message;
}

/**
 * attribute_find - find an attribute among others
 * @start: the first of them, borrowed
 * @size: bytes of them all
 * @type: of the one looked for
 *
 * Returns it, borrowed, or NULL.
 */
static const struct nlattr *attribute_find(const void *start, size_t size, unsigned type)
{
	const struct nlattr *attribute = start;
	const char *end = (const char *)start + size;

	while (mnl_attr_ok(attribute, (int)(end - (const char *)attribute))) {
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
		attribute = mnl_attr_next(attribute);
	}
	return NULL;
}

/**
 * message_attribute - the attribute of a type at the top level of a message
 * @message: borrowed
 * @type: of the attribute
 *
 * Returns it, borrowed from the message, or NULL.
 */
const struct nlattr *message_attribute(const struct nlmsghdr *message, unsigned type)
{
	return attribute_find(
		mnl_nlmsg_get_payload_offset(message, sizeof(struct nfgenmsg)),
		mnl_nlmsg_get_payload_len(message) - NLMSG_ALIGN(sizeof(struct nfgenmsg)), type);
}

/**
 * nested_attribute - the attribute of a type inside another
 * @outer: borrowed; NULL has nothing inside
 * @type: of the inner one
 *
 * Returns it, borrowed, or NULL.
 */
const struct nlattr *nested_attribute(const struct nlattr *outer, unsigned type)
{
	return outer ? attribute_find(mnl_attr_get_payload(outer), mnl_attr_get_payload_len(outer),
				      type)
		     : NULL;
}

/**
 * counter_take - take the values of a counter
 * @data: borrowed; NULL: there is none
 * @counter: filled where there are some
 */
void counter_take(const struct nlattr *data, struct nat_counter *counter)
{
	const struct nlattr *bytes = nested_attribute(data, NFTA_COUNTER_BYTES);
	const struct nlattr *packets = nested_attribute(data, NFTA_COUNTER_PACKETS);

	if (bytes)
		counter->bytes = be64toh(mnl_attr_get_u64(bytes));
	if (packets)
		counter->packets = be64toh(mnl_attr_get_u64(packets));
}

/**
 * attribute_equal - whether two attributes have the same value, or are both missing
 * @a, @b: borrowed, or NULL
 */
static bool attribute_equal(const struct nlattr *a, const struct nlattr *b)
{
	uint16_t size;

	if (!a || !b)
		return a == b;
	size = mnl_attr_get_payload_len(a);
	return size == mnl_attr_get_payload_len(b) &&
	       memcmp(mnl_attr_get_payload(a), mnl_attr_get_payload(b), size) == 0;
}

/**
 * table_is_marked - whether a table was made by us
 * @table: what it should be
 * @actual: what the kernel has
 *
 * Its comment is the mark: who makes a table of this name for himself has no reason to write that.
 */
static bool table_is_marked(const struct object *table, const struct nlmsghdr *actual)
{
	static const struct nat_state nothing;
	struct scratch scratch;
	struct nlmsghdr *wanted = scratch_message(&scratch);

	object_put(wanted, table, 0, 0, &nothing);
	return attribute_equal(message_attribute(wanted, NFTA_TABLE_USERDATA),
			       message_attribute(actual, NFTA_TABLE_USERDATA));
}

/**
 * table_is_foreign - whether a table of our name is somebody else's
 * @table: what it should be
 * @actual: what the kernel has
 *
 * One with nothing in it is nobody's: nothing is lost with it.
 */
bool table_is_foreign(const struct object *table, const struct nlmsghdr *actual)
{
	const struct nlattr *use = message_attribute(actual, NFTA_TABLE_USE);

	return use && mnl_attr_get_u32(use) && !table_is_marked(table, actual);
}

/**
 * table_is_dormant - whether a table is switched off
 * @actual: what the kernel has
 *
 * Its other flags tell whom it belongs to, which is no matter of what it is.
 */
static bool table_is_dormant(const struct nlmsghdr *actual)
{
	const struct nlattr *flags = message_attribute(actual, NFTA_TABLE_FLAGS);

	return flags && ntohl(mnl_attr_get_u32(flags)) & NFT_TABLE_F_DORMANT;
}

/**
 * object_is_right - whether an object is what it should be
 * @object: what it should be
 * @actual: what the kernel has
 */
bool object_is_right(const struct object *object, const struct nlmsghdr *actual)
{
	static const struct nat_state nothing;
	struct scratch scratch;
	struct nlmsghdr *wanted = scratch_message(&scratch);

	object_put(wanted, object, 0, 0, &nothing);
	for (unsigned type = 0; type < 64; type++)
		if (object_meaning[object->kind] & ATTRIBUTE(type) &&
		    !attribute_equal(message_attribute(wanted, type),
				     message_attribute(actual, type)))
			return false;
	return object->kind != NFT_TABLE || !table_is_dormant(actual);
}

/**
 * chain_rule - a rule of a chain, as it should be
 * @ruleset: the table
 * @chain: name of the chain
 * @index: which of its rules
 * @parts: of the table that are there, as bits
 *
 * Returns the rule, or NULL when the chain should have no so many.
 */
const struct rule *chain_rule(const struct ruleset *ruleset, const char *chain, size_t index,
			      unsigned parts)
{
	for (const struct rule *rule = ruleset->rules; rule < ruleset->rules + ruleset->n_rules;
	     rule++)
		if (rule->part & parts && strcmp(rule->chain, chain) == 0 && index-- == 0)
			return rule;
	return NULL;
}

/**
 * rule_is_right - whether a rule is what it should be
 * @rule: what it should be
 * @answer: what the kernel has
 * @e: filled on failure
 *
 * Returns 1, 0, or -ENOMEM.
 */
int rule_is_right(const struct rule *rule, const struct nlmsghdr *answer, struct error *e)
{
	struct scratch wanted_scratch, actual_scratch;
	struct nlmsghdr *wanted = scratch_message(&wanted_scratch);
	struct nlmsghdr *actual = scratch_message(&actual_scratch);
	struct nftnl_rule *parsed;
	int r;

	if (answer->nlmsg_len > RULE_PAYLOAD_MAX)
		return 0;
	r = rule_put_read(wanted, rule, e);
	if (r < 0)
		return r;
	parsed = nftnl_rule_alloc();
	if (!parsed)
		return error_errno(e, ENOMEM, "cannot read a rule of chain %s", rule->chain);
	r = nftnl_rule_nlmsg_parse(answer, parsed) == 0;
	if (r)
		rule_put_normal(actual, parsed);
	nftnl_rule_free(parsed);
	return r && actual->nlmsg_len == wanted->nlmsg_len &&
	       memcmp(mnl_nlmsg_get_payload(actual), mnl_nlmsg_get_payload(wanted),
		      mnl_nlmsg_get_payload_len(wanted)) == 0;
}
