/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/expression.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/builder.h"
#include "nat/nat.h"

/**
 * put_link_local - go on only with IPv6 from an address of the link itself
 * @builder: changed
 */
static void put_link_local(struct builder *builder)
{
	static const uint8_t prefix[8] = { 0xfe, 0x80 };
	const uint8_t ipv6 = NFPROTO_IPV6;

	put_meta(builder, NFT_META_NFPROTO);
	put_compare(builder, NFT_CMP_EQ, &ipv6, sizeof(ipv6));
	EXPRESSION(builder, "payload", FIELD_U32(NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET, offsetof(struct ipv6hdr, saddr)),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, sizeof(prefix)));
	put_compare(builder, NFT_CMP_EQ, prefix, sizeof(prefix));
}

/**
 * put_source_missing - go on only when the way back is not through the link the packet came from
 * @builder: changed
 */
static void put_source_missing(struct builder *builder)
{
	const uint32_t none = 0;

	EXPRESSION(builder, "fib",
		   FIELD_U32(NFTNL_EXPR_FIB_FLAGS,
			     NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF | NFTA_FIB_F_PRESENT),
		   FIELD_U32(NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_OIF),
		   FIELD_U32(NFTNL_EXPR_FIB_DREG, NFT_REG_1));
	put_compare(builder, NFT_CMP_EQ, &none, sizeof(none));
}

/**
 * put_verdict - end the rule
 * @builder: changed
 * @verdict: NF_ACCEPT, NF_DROP, NFT_GOTO or NFT_JUMP
 * @chain: where to go; NULL unless NFT_GOTO or NFT_JUMP
 */
static void put_verdict(struct builder *builder, uint32_t verdict, const char *chain)
{
	if (chain)
		EXPRESSION(builder, "immediate", FIELD_U32(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT),
			   FIELD_U32(NFTNL_EXPR_IMM_VERDICT, verdict),
			   FIELD_STRING(NFTNL_EXPR_IMM_CHAIN, chain));
	else
		EXPRESSION(builder, "immediate", FIELD_U32(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT),
			   FIELD_U32(NFTNL_EXPR_IMM_VERDICT, verdict));
}

/**
 * put_link - go on only when the name of a link begins with a prefix, or is in a set
 * @builder: changed
 * @word: which link, and what of its name
 */
static void put_link(struct builder *builder, const struct word *word)
{
	bool in = word->kind == WORD_IIFNAME || word->kind == WORD_IIFNAME_IN;

	put_meta(builder, in ? NFT_META_IIFNAME : NFT_META_OIFNAME);
	if (word->kind == WORD_IIFNAME || word->kind == WORD_OIFNAME)
		put_compare(builder, NFT_CMP_EQ, word->name, (uint32_t)strlen(word->name));
	else
		put_lookup(builder, word->name, 0);
}

/**
 * put_counter - count the packet
 * @builder: changed
 * @name: of the counter
 */
static void put_counter(struct builder *builder, const char *name)
{
	EXPRESSION(builder, "objref", FIELD_U32(NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER),
		   FIELD_STRING(NFTNL_EXPR_OBJREF_IMM_NAME, name));
}

/**
 * put_word - put the expressions of one word
 * @builder: changed
 * @word: borrowed
 */
static void put_word(struct builder *builder, const struct word *word)
{
	switch (word->kind) {
	case WORD_IIFNAME:
	case WORD_OIFNAME:
	case WORD_IIFNAME_IN:
	case WORD_OIFNAME_IN:
		put_link(builder, word);
		break;
	case WORD_CT_STATE:
		put_ct_bits(builder, NFT_CT_STATE, word->bits);
		break;
	case WORD_LINK_LOCAL:
		put_link_local(builder);
		break;
	case WORD_SOURCE_MISSING:
		put_source_missing(builder);
		break;
	case WORD_COUNTER:
		put_counter(builder, word->name);
		break;
	case WORD_GOTO:
	case WORD_JUMP:
	case WORD_VERDICT:
		put_verdict(builder, word->bits, word->name);
		break;
	case WORD_IIFNAME_OF:
	case WORD_SADDR_IN:
	case WORD_DADDR_IN:
	case WORD_SYN:
	case WORD_CLAMP:
	case WORD_SNAT:
	case WORD_MASQUERADE:
		put_outside_word(builder, word);
		break;
	case WORD_LINKS_IN:
	case WORD_OIF_LOOPBACK:
	case WORD_IIF_REAL:
	case WORD_OIF_REAL:
	case WORD_TO_HOST:
	case WORD_CT_FORWARDED:
	case WORD_CT_DIRECTION:
	case WORD_SADDR_LOOPBACK:
	case WORD_DADDR_LOOPBACK:
	case WORD_CT_LOOPBACK:
	case WORD_SADDR_MAP:
	case WORD_DADDR_REPLY:
	case WORD_DADDR_ORIGINAL:
	case WORD_TRAFFIC:
	case WORD_DNAT:
		put_port_word(builder, word);
		break;
	case WORD_PIN:
		put_pin_word(builder, word);
		break;
	case WORD_END:
		break;
	}
}

/**
 * comment_format - a comment in the form nft(8) keeps it in
 * @bytes: where it goes
 * @type: NFTNL_UDATA_..._COMMENT of the kind of object
 * @text: the comment, at most COMMENT_MAX - 3 bytes
 *
 * Returns its size in bytes.
 */
size_t comment_format(uint8_t bytes[COMMENT_MAX], uint8_t type, const char *text)
{
	size_t length = strnlen(text, COMMENT_MAX - 3);

	bytes[0] = type;
	bytes[1] = (uint8_t)(length + 1);
	memcpy(bytes + 2, text, length);
	bytes[2 + length] = '\0';
	return length + 3;
}

/**
 * nftnl_rule_freep - free the rule a variable holds, for _cleanup_()
 * @rule: its address
 */
static void nftnl_rule_freep(struct nftnl_rule **rule)
{
	if (*rule)
		nftnl_rule_free(*rule);
}

/**
 * rule_put_normal - put a rule into a message in normal form
 * @message: changed
 * @rule: what the kernel added to it, its number and place, is taken out
 *
 * Two rules mean the same when their normal forms are the same bytes, whoever made them: the library
 * writes attributes in one order and leaves out what it has not been told.
 */
void rule_put_normal(struct nlmsghdr *message, struct nftnl_rule *rule)
{
	nftnl_rule_unset(rule, NFTNL_RULE_HANDLE);
	nftnl_rule_unset(rule, NFTNL_RULE_POSITION);
	nftnl_rule_nlmsg_build_payload(message, rule);
}

/**
 * rule_write - put a rule of ours into a message
 * @message: changed
 * @rule: borrowed
 * @form: for whom
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int rule_write(struct nlmsghdr *message, const struct rule *rule, enum rule_form form,
		      struct error *e)
{
	_cleanup_(nftnl_rule_freep) struct nftnl_rule *made = nftnl_rule_alloc();
	struct builder builder = { .rule = made, .form = form };
	uint8_t comment[COMMENT_MAX];
	size_t size = comment_format(comment, NFTNL_UDATA_RULE_COMMENT, rule->comment);

	if (!made || nftnl_rule_set_str(made, NFTNL_RULE_TABLE, NAT_TABLE) < 0 ||
	    nftnl_rule_set_str(made, NFTNL_RULE_CHAIN, rule->chain) < 0 ||
	    nftnl_rule_set_data(made, NFTNL_RULE_USERDATA, comment, (uint32_t)size) < 0)
		builder.r = -ENOMEM;
	for (const struct word *word = rule->words;
	     word < rule->words + WORDS_MAX && word->kind != WORD_END; word++)
		put_word(&builder, word);
	if (builder.r < 0)
		return error_errno(e, -builder.r, "cannot describe a rule of chain %s",
				   rule->chain);
	rule_put_normal(message, made);
	return 0;
}

/**
 * rule_put - put a rule of ours into the message that adds it
 * @message: changed
 * @rule: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int rule_put(struct nlmsghdr *message, const struct rule *rule, struct error *e)
{
	return rule_write(message, rule, RULE_SENT, e);
}

/**
 * rule_put_read - put a rule of ours into a message as the kernel would tell it
 * @message: changed
 * @rule: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int rule_put_read(struct nlmsghdr *message, const struct rule *rule, struct error *e)
{
	return rule_write(message, rule, RULE_READ, e);
}
