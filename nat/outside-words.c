/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/builder.h"

#include <libnftnl/expr.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "nat/expression.h"

/* Of a TCP header (RFC 9293). */
#define TCP_FLAGS_AT   13
#define TCP_FLAG_SYN   0x02
#define TCP_OPTION_MSS 2

/**
 * put_address_in - go on only when an address of the packet is in a set
 * @builder: changed
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @kind: whether the source or the target is meant
 * @set: its name
 */
static void put_address_in(struct builder *builder, unsigned family, enum word_kind kind,
			   const char *set)
{
	const uint8_t value = (uint8_t)family;
	bool v4 = family == NFPROTO_IPV4, source = kind == WORD_SADDR_IN;
	size_t at4 = source ? offsetof(struct iphdr, saddr) : offsetof(struct iphdr, daddr);
	size_t at6 = source ? offsetof(struct ipv6hdr, saddr) : offsetof(struct ipv6hdr, daddr);

	put_meta(builder, NFT_META_NFPROTO);
	put_compare(builder, NFT_CMP_EQ, &value, sizeof(value));
	EXPRESSION(builder, "payload", FIELD_U32(NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET, (uint32_t)(v4 ? at4 : at6)),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, v4 ? 4 : 16));
	put_lookup(builder, set, 0);
}

/**
 * put_link_of - go on only when packets of a family come from a link that is in a set
 * @builder: changed
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @set: its name
 */
static void put_link_of(struct builder *builder, unsigned family, const char *set)
{
	const uint8_t value = (uint8_t)family;

	put_meta(builder, NFT_META_NFPROTO);
	put_compare(builder, NFT_CMP_EQ, &value, sizeof(value));
	put_meta(builder, NFT_META_IIFNAME);
	put_lookup(builder, set, 0);
}

/**
 * put_syn - go on only with the first packet of a TCP connection, or its answer
 * @builder: changed
 */
static void put_syn(struct builder *builder)
{
	const uint8_t tcp = IPPROTO_TCP, syn = TCP_FLAG_SYN, zero = 0;

	put_meta(builder, NFT_META_L4PROTO);
	put_compare(builder, NFT_CMP_EQ, &tcp, sizeof(tcp));
	EXPRESSION(builder, "payload", FIELD_U32(NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET, TCP_FLAGS_AT),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, sizeof(syn)));
	EXPRESSION(builder, "bitwise", FIELD_U32(NFTNL_EXPR_BITWISE_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL),
		   FIELD_U32(NFTNL_EXPR_BITWISE_LEN, sizeof(syn)),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_MASK, &syn, sizeof(syn)),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_XOR, &zero, sizeof(zero)));
	put_compare(builder, NFT_CMP_NEQ, &zero, sizeof(zero));
}

/**
 * put_clamp - have the packet offer no larger segments than fit the routes there and back
 * @builder: changed
 *
 * The kernel takes the smaller MTU of the two, and never makes the option larger.
 */
static void put_clamp(struct builder *builder)
{
	const uint8_t option = TCP_OPTION_MSS;
	const struct field fields[] = {
		FIELD_U32(NFTNL_EXPR_EXTHDR_SREG, NFT_REG_1),
		FIELD_BYTES(NFTNL_EXPR_EXTHDR_TYPE, &option, sizeof(option)),
		FIELD_U32(NFTNL_EXPR_EXTHDR_OFFSET, 2), /* behind kind and length */
		FIELD_U32(NFTNL_EXPR_EXTHDR_LEN, sizeof(uint16_t)),
		FIELD_U32(NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT),
		FIELD_U32(NFTNL_EXPR_EXTHDR_FLAGS, 0), /* told, but not taken */
	};

	EXPRESSION(builder, "rt", FIELD_U32(NFTNL_EXPR_RT_KEY, NFT_RT_TCPMSS),
		   FIELD_U32(NFTNL_EXPR_RT_DREG, NFT_REG_1));
	EXPRESSION(builder, "byteorder", FIELD_U32(NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON),
		   FIELD_U32(NFTNL_EXPR_BYTEORDER_LEN, sizeof(uint16_t)),
		   FIELD_U32(NFTNL_EXPR_BYTEORDER_SIZE, sizeof(uint16_t)));
	expression_add(builder, "exthdr", fields,
		       ARRAY_SIZE(fields) - (builder->form == RULE_SENT));
}

/**
 * put_snat - have the connection leave with the address a map has for its family
 * @builder: changed
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @map: its name; when it has nothing, the rule ends here
 */
static void put_snat(struct builder *builder, unsigned family, const char *map)
{
	put_meta(builder, NFT_META_NFPROTO);
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): each word of this kind has a name */
	EXPRESSION(builder, "lookup", FIELD_U32(NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1),
		   FIELD_STRING(NFTNL_EXPR_LOOKUP_SET, map), FIELD_U32(NFTNL_EXPR_LOOKUP_FLAGS, 0));
	EXPRESSION(builder, "nat", FIELD_U32(NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT),
		   FIELD_U32(NFTNL_EXPR_NAT_FAMILY, family),
		   FIELD_U32(NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS));
}

/**
 * put_outside_word - put the expressions of a word about those who get out and how
 * @builder: changed
 * @word: borrowed
 */
void put_outside_word(struct builder *builder, const struct word *word)
{
	if (word->kind == WORD_SADDR_IN || word->kind == WORD_DADDR_IN)
		put_address_in(builder, word->bits, word->kind, word->name);
	else if (word->kind == WORD_IIFNAME_OF)
		put_link_of(builder, word->bits, word->name);
	else if (word->kind == WORD_SYN)
		put_syn(builder);
	else if (word->kind == WORD_CLAMP)
		put_clamp(builder);
	else if (word->kind == WORD_MASQUERADE)
		expression_add(builder, "masq", NULL, 0);
	else
		put_snat(builder, word->bits, word->name);
}
