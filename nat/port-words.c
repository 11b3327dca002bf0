/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/builder.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <stddef.h>

#include "nat/expression.h"

/* Where the addresses of a family are, and which of them are loopback ones. */
struct layout {
	uint32_t size, source, target; /* bytes */
	uint32_t checksum;             /* NFT_PAYLOAD_CSUM_... of the header itself */
	uint32_t checksum_at;
	uint32_t ct_source, ct_target; /* keys of conntrack */
	uint8_t loopback[16];
	uint32_t loopback_size; /* how much of it counts */
};

static const struct layout layout_v4 = {
	.size = 4,
	.source = offsetof(struct iphdr, saddr),
	.target = offsetof(struct iphdr, daddr),
	.checksum = NFT_PAYLOAD_CSUM_INET,
	.checksum_at = offsetof(struct iphdr, check),
	.ct_source = NFT_CT_SRC_IP,
	.ct_target = NFT_CT_DST_IP,
	.loopback = { 127 },
	.loopback_size = 1,
};

static const struct layout layout_v6 = {
	.size = 16,
	.source = offsetof(struct ipv6hdr, saddr),
	.target = offsetof(struct ipv6hdr, daddr),
	.checksum = NFT_PAYLOAD_CSUM_NONE,
	.ct_source = NFT_CT_SRC_IP6,
	.ct_target = NFT_CT_DST_IP6,
	.loopback = { [15] = 1 },
	.loopback_size = 16,
};

/**
 * family_of - the family a word is for
 * @bits: of the word
 */
static unsigned family_of(unsigned bits)
{
	return bits & ~(KEY_LINK | KEY_ADDRESS);
}

/**
 * layout_of - how the packets of a family are laid out
 * @bits: of a word; NFPROTO_IPV4 or NFPROTO_IPV6 is in them
 */
static const struct layout *layout_of(unsigned bits)
{
	return family_of(bits) == NFPROTO_IPV4 ? &layout_v4 : &layout_v6;
}

/**
 * put_family - go on only with packets of a family
 * @builder: changed
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 *
 * Returns how its packets are laid out.
 */
static const struct layout *put_family(struct builder *builder, unsigned family)
{
	const uint8_t value = (uint8_t)family;

	put_meta(builder, NFT_META_NFPROTO);
	put_compare(builder, NFT_CMP_EQ, &value, sizeof(value));
	return layout_of(family);
}

/**
 * put_loopback - go on only when an address of the packet is a loopback one
 * @builder: changed
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @kind: whether the source or the target is meant
 */
static void put_loopback(struct builder *builder, unsigned family, enum word_kind kind)
{
	const struct layout *layout = put_family(builder, family);

	EXPRESSION(builder, "payload", FIELD_U32(NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET,
			     kind == WORD_SADDR_LOOPBACK ? layout->source : layout->target),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, layout->loopback_size));
	put_compare(builder, NFT_CMP_EQ, layout->loopback, layout->loopback_size);
}

/**
 * put_ct_address - load an address of the connection into the register
 * @builder: changed
 * @key: NFT_CT_SRC_IP and the like
 * @direction: of the packet that has it: IP_CT_DIR_ORIGINAL or IP_CT_DIR_REPLY
 */
static void put_ct_address(struct builder *builder, uint32_t key, uint8_t direction)
{
	EXPRESSION(builder, "ct", FIELD_U32(NFTNL_EXPR_CT_KEY, key),
		   FIELD_U32(NFTNL_EXPR_CT_DREG, NFT_REG_1),
		   FIELD_BYTES(NFTNL_EXPR_CT_DIR, &direction, sizeof(direction)));
}

/**
 * put_ct_loopback - go on only when whoever began the connection did so from a loopback address
 * @builder: changed
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 */
static void put_ct_loopback(struct builder *builder, unsigned family)
{
	const struct layout *layout = put_family(builder, family);

	put_ct_address(builder, layout->ct_source, IP_CT_DIR_ORIGINAL);
	put_compare(builder, NFT_CMP_EQ, layout->loopback, layout->loopback_size);
}

/**
 * put_write - write the register into the packet, and mend its checksums
 * @builder: changed
 * @layout: of the packet
 * @offset: where to
 */
static void put_write(struct builder *builder, const struct layout *layout, uint32_t offset)
{
	EXPRESSION(builder, "payload", FIELD_U32(NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET, offset),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, layout->size),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_CSUM_TYPE, layout->checksum),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, layout->checksum_at),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_FLAGS, NFT_PAYLOAD_L4CSUM_PSEUDOHDR));
}

/**
 * register_at - the name of the register that begins so far into all of them
 * @offset: in units of four bytes
 *
 * The kernel calls every fourth by its older name, and so must whoever wants to recognise its answer.
 */
static uint32_t register_at(unsigned offset)
{
	return offset % 4 == 0 ? NFT_REG_1 + offset / 4 : NFT_REG32_00 + offset;
}

/**
 * put_key - load what a map is asked for
 * @builder: changed
 * @bits: of the word: family, and what there is before protocol and port
 */
static void put_key(struct builder *builder, unsigned bits)
{
	const struct layout *layout = layout_of(bits);
	unsigned offset = 0;

	if (bits & KEY_LINK) {
		put_meta(builder, NFT_META_IIFNAME);
		offset += IFNAMSIZ / 4;
	}
	if (bits & KEY_ADDRESS) {
		EXPRESSION(builder, "payload",
			   FIELD_U32(NFTNL_EXPR_PAYLOAD_DREG, register_at(offset)),
			   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER),
			   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET, layout->target),
			   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, layout->size));
		offset += layout->size / 4;
	}
	EXPRESSION(builder, "meta", FIELD_U32(NFTNL_EXPR_META_KEY, NFT_META_L4PROTO),
		   FIELD_U32(NFTNL_EXPR_META_DREG, register_at(offset)));
	EXPRESSION(builder, "payload", FIELD_U32(NFTNL_EXPR_PAYLOAD_DREG, register_at(offset + 1)),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET, offsetof(struct tcphdr, dest)),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, sizeof(uint16_t)));
}

/**
 * put_port_map - load what a map has for the port the packet is for
 * @builder: changed
 * @word: which map, and of which keys; when it has nothing, the rule ends here
 */
static void put_port_map(struct builder *builder, const struct word *word)
{
	put_key(builder, word->bits);
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): each word of this kind has a name */
	EXPRESSION(builder, "lookup", FIELD_U32(NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1),
		   FIELD_STRING(NFTNL_EXPR_LOOKUP_SET, word->name),
		   FIELD_U32(NFTNL_EXPR_LOOKUP_FLAGS, 0));
}

/**
 * put_dnat - send the connection where a map has it go
 * @builder: changed
 * @word: which map, and the family
 */
static void put_dnat(struct builder *builder, const struct word *word)
{
	unsigned family = family_of(word->bits);
	uint32_t port = register_at(layout_of(family)->size / 4); /* behind the address */

	put_family(builder, family);
	put_port_map(builder, word);
	EXPRESSION(builder, "nat", FIELD_U32(NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT),
		   FIELD_U32(NFTNL_EXPR_NAT_FAMILY, family),
		   FIELD_U32(NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_NAT_REG_PROTO_MIN, port),
		   FIELD_U32(NFTNL_EXPR_NAT_REG_PROTO_MAX, port),
		   FIELD_U32(NFTNL_EXPR_NAT_FLAGS,
			     NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED));
}

/**
 * put_traffic - count a packet by where the connection leads, and the port by which it was called
 * @builder: changed
 * @word: which set counts, and the family; with packets of the other one the rule ends here
 */
static void put_traffic(struct builder *builder, const struct word *word)
{
	const struct layout *layout = layout_of(word->bits);
	const uint8_t original = IP_CT_DIR_ORIGINAL;
	unsigned behind = layout->size / 4;

	put_ct_address(builder, layout->ct_source, IP_CT_DIR_REPLY);
	/* Of the connection: what a router says of it, in ICMP, belongs to it. */
	EXPRESSION(builder, "ct", FIELD_U32(NFTNL_EXPR_CT_KEY, NFT_CT_PROTOCOL),
		   FIELD_U32(NFTNL_EXPR_CT_DREG, register_at(behind)));
	EXPRESSION(builder, "ct", FIELD_U32(NFTNL_EXPR_CT_KEY, NFT_CT_PROTO_DST),
		   FIELD_U32(NFTNL_EXPR_CT_DREG, register_at(behind + 1)),
		   FIELD_BYTES(NFTNL_EXPR_CT_DIR, &original, sizeof(original)));
	put_update(builder, word->name, 0);
}

/**
 * put_address - write an address into the packet
 * @builder: changed
 * @word: where it comes from and goes to, and the family, which a word before this has asked for
 */
static void put_address(struct builder *builder, const struct word *word)
{
	const struct layout *layout = layout_of(word->bits);
	if (word->kind == WORD_SADDR_MAP)
		put_port_map(builder, word);
	else if (word->kind == WORD_DADDR_REPLY)
		put_ct_address(builder, layout->ct_target, IP_CT_DIR_REPLY);
	else
		put_ct_address(builder, layout->ct_source, IP_CT_DIR_ORIGINAL);
	put_write(builder, layout, word->kind == WORD_SADDR_MAP ? layout->source : layout->target);
}

/**
 * put_loopback_link - go on only when a link is the loopback, or is not
 * @builder: changed
 * @key: NFT_META_IIFNAME or NFT_META_OIFNAME
 * @operator: NFT_CMP_EQ or NFT_CMP_NEQ
 */
static void put_loopback_link(struct builder *builder, uint32_t key, uint32_t operator)
{
	static const char loopback[IFNAMSIZ] = "lo";

	put_meta(builder, key);
	put_compare(builder, operator, loopback, sizeof(loopback));
}

/**
 * put_links - go on only when the links a packet comes from and goes to are in a set together
 * @builder: changed
 * @set: its name
 */
static void put_links(struct builder *builder, const char *set)
{
	put_meta(builder, NFT_META_IIFNAME);
	EXPRESSION(builder, "meta", FIELD_U32(NFTNL_EXPR_META_KEY, NFT_META_OIFNAME),
		   FIELD_U32(NFTNL_EXPR_META_DREG, NFT_REG_2));
	put_lookup(builder, set, 0);
}

/**
 * put_to_host - go on only with packets to an address of this host
 * @builder: changed
 */
static void put_to_host(struct builder *builder)
{
	const uint32_t local = RTN_LOCAL;

	EXPRESSION(builder, "fib", FIELD_U32(NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR),
		   FIELD_U32(NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE),
		   FIELD_U32(NFTNL_EXPR_FIB_DREG, NFT_REG_1));
	put_compare(builder, NFT_CMP_EQ, &local, sizeof(local));
}

/**
 * put_direction - go on only with packets of one direction of a connection
 * @builder: changed
 * @direction: IP_CT_DIR_ORIGINAL or IP_CT_DIR_REPLY
 */
static void put_direction(struct builder *builder, unsigned direction)
{
	const uint8_t value = (uint8_t)direction;

	EXPRESSION(builder, "ct", FIELD_U32(NFTNL_EXPR_CT_KEY, NFT_CT_DIRECTION),
		   FIELD_U32(NFTNL_EXPR_CT_DREG, NFT_REG_1));
	put_compare(builder, NFT_CMP_EQ, &value, sizeof(value));
}

/**
 * put_port_word - put the expressions of a word that only published ports need
 * @builder: changed
 * @word: borrowed
 */
void put_port_word(struct builder *builder, const struct word *word)
{
	if (word->kind == WORD_LINKS_IN)
		put_links(builder, word->name);
	else if (word->kind == WORD_OIF_LOOPBACK)
		put_loopback_link(builder, NFT_META_OIFNAME, NFT_CMP_EQ);
	else if (word->kind == WORD_IIF_REAL)
		put_loopback_link(builder, NFT_META_IIFNAME, NFT_CMP_NEQ);
	else if (word->kind == WORD_OIF_REAL)
		put_loopback_link(builder, NFT_META_OIFNAME, NFT_CMP_NEQ);
	else if (word->kind == WORD_TO_HOST)
		put_to_host(builder);
	else if (word->kind == WORD_CT_FORWARDED)
		put_ct_bits(builder, NFT_CT_STATUS, IPS_DST_NAT);
	else if (word->kind == WORD_CT_DIRECTION)
		put_direction(builder, word->bits);
	else if (word->kind == WORD_SADDR_LOOPBACK || word->kind == WORD_DADDR_LOOPBACK)
		put_loopback(builder, word->bits, word->kind);
	else if (word->kind == WORD_CT_LOOPBACK)
		put_ct_loopback(builder, word->bits);
	else if (word->kind == WORD_TRAFFIC)
		put_traffic(builder, word);
	else if (word->kind == WORD_DNAT)
		put_dnat(builder, word);
	else
		put_address(builder, word);
}
