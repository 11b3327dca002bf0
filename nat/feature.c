/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A kernel without a feature of nf_tables refuses the message that asks for it, and points at the
 * attribute: of a rule at the expression, of a chain at its type. From its name follows which module or
 * option is missing, and what does without it.
 *
 * Hashes do no more than tell the MACs of containers on cables. So where there are none the table is made
 * without, see ensure.c.
 */
#include "nat/feature.h"

#include <errno.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/extack.h"
#include "nat/match.h"
#include "nat/nat.h"
#include "nat/nft.h"

#define EVERY_FAMILY 0

#define WITHOUT_RULES  "containers with the network of the host do without"
#define WITHOUT_PORTS  "containers that publish no port do without, where no source is set"
#define WITHOUT_BRIDGE "containers on no bridge do without"

/* What we take of the kernel beyond nf_tables itself. */
static const struct feature {
	const char *name; /* of an expression, or of the type of a chain */
	bool chain;
	uint8_t family; /* NFPROTO_..., or EVERY_FAMILY */
	const char *noun, *modules, *option, *without;
} features[] = {
	{ "filter", true, NFPROTO_BRIDGE, "rules for bridges", "nf_tables", "NF_TABLES_BRIDGE",
	  WITHOUT_BRIDGE },
	{ "filter", true, NFPROTO_INET, "rules for IPv4 and IPv6", "nf_tables", "NF_TABLES_INET",
	  WITHOUT_RULES },
	{ "nat", true, EVERY_FAMILY, "translation of addresses", "nft_chain_nat", "NFT_NAT",
	  WITHOUT_RULES },
	{ "fib", false, EVERY_FAMILY, "look-ups of routes in rules",
	  "nft_fib_inet nft_fib_ipv4 nft_fib_ipv6", "NFT_FIB_INET", WITHOUT_RULES },
	{ "ct", false, EVERY_FAMILY, "connection tracking in rules", "nft_ct", "NFT_CT",
	  WITHOUT_RULES },
	{ "masq", false, EVERY_FAMILY, "masquerading", "nft_masq", "NFT_MASQ", WITHOUT_RULES },
	{ "rt", false, EVERY_FAMILY, "routes of packets in rules", "nf_tables", "NF_TABLES",
	  WITHOUT_RULES },
	{ "exthdr", false, EVERY_FAMILY, "changes of TCP options", "nf_tables", "NF_TABLES",
	  WITHOUT_RULES },
	{ "nat", false, EVERY_FAMILY, "rules that translate addresses", "nft_nat", "NFT_NAT",
	  WITHOUT_PORTS },
	{ "match", false, EVERY_FAMILY, "matches of iptables", "nft_compat", "NFT_COMPAT",
	  "all but coexistence with iptables does without" },
};

/**
 * refused_attribute - the attribute of a message that an answer points at
 * @asked: the message, borrowed
 * @answer: borrowed
 *
 * Returns it, borrowed and whole within the message, or NULL.
 */
static const struct nlattr *refused_attribute(const struct nlmsghdr *asked,
					      const struct nlmsghdr *answer)
{
	uint32_t offset = extack_offset(answer);
	const struct nlattr *attribute = (const void *)((const char *)asked + offset);

	if (offset < sizeof(*asked) || offset % NLMSG_ALIGNTO || offset >= asked->nlmsg_len)
		return NULL;
	return mnl_attr_ok(attribute, (int)(asked->nlmsg_len - offset)) ? attribute : NULL;
}

/**
 * feature_find - find the feature that a refused message takes
 * @asked: the message, borrowed
 * @answer: the refusal, borrowed
 *
 * Returns it, or NULL.
 */
static const struct feature *feature_find(const struct nlmsghdr *asked,
					  const struct nlmsghdr *answer)
{
	bool chain = NFNL_MSG_TYPE(asked->nlmsg_type) == NFT_MSG_NEWCHAIN;
	bool rule = NFNL_MSG_TYPE(asked->nlmsg_type) == NFT_MSG_NEWRULE;
	const struct nlattr *at = refused_attribute(asked, answer);
	const struct nlattr *name = rule ? nested_attribute(at, NFTA_EXPR_NAME) : NULL;
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(asked);

	if (chain)
		name = message_attribute(asked, NFTA_CHAIN_TYPE);
	if (!name || mnl_attr_validate(name, MNL_TYPE_NUL_STRING) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].chain == chain &&
		    strcmp(features[i].name, mnl_attr_get_str(name)) == 0 &&
		    (!features[i].family || features[i].family == header->nfgen_family))
			return &features[i];
	return NULL;
}

/**
 * feature_remedy - what mends that the kernel lacks a feature
 * @asked: the message that was refused, borrowed
 * @answer: the refusal, borrowed
 * @text: where it goes
 * @size: room there
 *
 * Returns @text, or NULL when it is not known which one.
 */
const char *feature_remedy(const struct nlmsghdr *asked, const struct nlmsghdr *answer, char *text,
			   size_t size)
{
	const struct feature *feature = feature_find(asked, answer);

	if (!feature)
		return NULL;
	(void)snprintf(text, size, "have the kernel do %s (modprobe -a %s, CONFIG_%s); %s",
		       feature->noun, feature->modules, feature->option, feature->without);
	return text;
}

/**
 * hashable_ask - ask the kernel whether it can hash in rules
 * @nat: the session
 * @e: filled on failure
 *
 * A rule that hashes nothing is refused by one that can as invalid, by others as unknown.
 *
 * Returns 1, 0 or -errno.
 */
static int hashable_ask(struct nat *nat, struct error *e)
{
	static const char probe[] = NAT_TABLE ".probe";
	struct nft_request batch;
	struct nlmsghdr *message;
	struct nlattr *list, *element;
	size_t refused = 0, rule;
	int r;

	nft_batch_init(&batch, 0);
	message = nft_request_add(&batch, NFT_ADD, NFT_TABLE, probe);
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, probe);
	message = nft_request_add(&batch, NFT_ADD, NFT_CHAIN, probe);
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, probe);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, probe);
	rule = batch.count;
	message = nft_request_add(&batch, NFT_ADD, NFT_RULE, probe);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, probe);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, probe);
	list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "hash");
	mnl_attr_nest_end(message, element);
	mnl_attr_nest_end(message, list);
	message->nlmsg_flags |= NLM_F_ACK;
	nft_request_bracket(&batch, NFNL_MSG_BATCH_END);
	r = nft_commit_by(nat, nat->socket, &batch, &refused, e);
	if (refused == rule && r == -EINVAL)
		return 1;
	return refused == rule && (r == -ENOENT || r == -EOPNOTSUPP) ? 0 : r;
}

/**
 * nat_hashable - whether the kernel can hash in rules
 * @nat: the session
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
int nat_hashable(struct nat *nat, struct error *e)
{
	if (nat->hashable == HASHABLE_UNKNOWN) {
		int r = hashable_ask(nat, e);

		if (r < 0)
			return r;
		nat->hashable = r > 0 ? HASHABLE_YES : HASHABLE_NO;
	}
	return nat->hashable == HASHABLE_YES;
}

/**
 * nat_lacks - whether the kernel is known to lack what a table can do without
 * @nat: the session, borrowed
 */
bool nat_lacks(const struct nat *nat)
{
	return nat->hashable == HASHABLE_NO;
}
