/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/builder.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <net/if.h> /* before those of the kernel, which make way for it */
#include <netinet/tcp.h>
#include <stddef.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/udp.h>

#include "base/link-group.h"
#include "nat/expression.h"
#include "nat/ruleset.h"

#define ICMP6_ND_TARGET 8  /* RFC 4861, 4.3 and 4.4: behind type, code, checksum and flags */
#define ICMP6_ND_OPTION 24 /* behind the target */
#define ICMP6_RS_OPTION 8  /* RFC 4861, 4.1 */
#define TCP_FLAGS       13 /* RFC 9293, 3.1 */
#define IP6_PIECE_AT    2 /* RFC 8200, 4.5: where in the whole a piece belongs, in its upper bits */
#define OPTION_ETHER    2 /* in an option, behind its type and length */

/* Of ARP for IPv4 over Ethernet, RFC 826: behind the fixed part. */
#define ARP_SENDER_MAC sizeof(struct arphdr)
#define ARP_SENDER     (ARP_SENDER_MAC + ETH_ALEN)
#define ARP_TARGET     (ARP_SENDER + sizeof(struct in_addr) + ETH_ALEN)

/* Where a field is, and what packets have it. */
static const struct {
	uint32_t base, offset, size;
	uint16_t protocol; /* ETH_P_...; 0: a word before this has asked for it */
} fields[] = {
	[FIELD_ETHER_SADDR] = { NFT_PAYLOAD_LL_HEADER, ETH_ALEN, ETH_ALEN, 0 },
	[FIELD_ARP_SADDR_ETHER] = { NFT_PAYLOAD_NETWORK_HEADER, ARP_SENDER_MAC, ETH_ALEN,
				    ETH_P_ARP },
	[FIELD_ARP_SADDR] = { NFT_PAYLOAD_NETWORK_HEADER, ARP_SENDER, 4, ETH_P_ARP },
	[FIELD_ARP_DADDR] = { NFT_PAYLOAD_NETWORK_HEADER, ARP_TARGET, 4, ETH_P_ARP },
	[FIELD_IP_SADDR] = { NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, saddr), 4,
			     ETH_P_IP },
	[FIELD_IP_DADDR] = { NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), 4,
			     ETH_P_IP },
	[FIELD_IP_PIECE] = { NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, frag_off), 2,
			     ETH_P_IP },
	[FIELD_IP6_SADDR] = { NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ipv6hdr, saddr), 16,
			      ETH_P_IPV6 },
	[FIELD_IP6_DADDR] = { NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ipv6hdr, daddr), 16,
			      ETH_P_IPV6 },
	[FIELD_IP6_LENGTH] = { NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ipv6hdr, payload_len), 2,
			       ETH_P_IPV6 },
	[FIELD_UPPER] = { NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4, 0 },
	[FIELD_ND_TARGET] = { NFT_PAYLOAD_TRANSPORT_HEADER, ICMP6_ND_TARGET, 16, 0 },
	[FIELD_ND_OPTION] = { NFT_PAYLOAD_TRANSPORT_HEADER, ICMP6_ND_OPTION, 2, 0 },
	[FIELD_ND_ETHER] = { NFT_PAYLOAD_TRANSPORT_HEADER, ICMP6_ND_OPTION + OPTION_ETHER, ETH_ALEN,
			     0 },
	[FIELD_RS_OPTION] = { NFT_PAYLOAD_TRANSPORT_HEADER, ICMP6_RS_OPTION, 2, 0 },
	[FIELD_RS_ETHER] = { NFT_PAYLOAD_TRANSPORT_HEADER, ICMP6_RS_OPTION + OPTION_ETHER, ETH_ALEN,
			     0 },
};

/**
 * put_protocol - go on only with packets of a protocol
 * @builder: changed
 * @protocol: ETH_P_...
 */
static void put_protocol(struct builder *builder, uint16_t protocol)
{
	const uint16_t value = htons(protocol);

	put_meta(builder, NFT_META_PROTOCOL);
	put_compare(builder, NFT_CMP_EQ, &value, sizeof(value));
}

/**
 * put_transport - go on only with packets of a protocol above IP
 * @builder: changed
 * @protocol: IPPROTO_...
 */
static void put_transport(struct builder *builder, uint8_t protocol)
{
	put_meta(builder, NFT_META_L4PROTO);
	put_compare(builder, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

/**
 * put_payload - load bytes of the packet into a register
 * @builder: changed
 * @target: the register
 * @base: NFT_PAYLOAD_..._HEADER
 * @offset, @size: of the bytes behind its beginning
 */
static void put_payload(struct builder *builder, uint32_t target, uint32_t base, uint32_t offset,
			uint32_t size)
{
	EXPRESSION(builder, "payload", FIELD_U32(NFTNL_EXPR_PAYLOAD_DREG, target),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_BASE, base),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_OFFSET, offset),
		   FIELD_U32(NFTNL_EXPR_PAYLOAD_LEN, size));
}

/**
 * put_field - load a field into a register, of packets that have it
 * @builder: changed
 * @field: which
 * @ported: load the link the packet came from before it, as the first part of a key
 *
 * Returns the size of the field.
 */
static uint32_t put_field(struct builder *builder, enum packet_field field, bool ported)
{
	if (fields[field].protocol)
		put_protocol(builder, fields[field].protocol);
	if (ported)
		put_meta(builder, NFT_META_IIFNAME);
	put_payload(builder, ported ? NFT_REG_2 : NFT_REG_1, fields[field].base,
		    fields[field].offset, fields[field].size);
	return fields[field].size;
}

/**
 * put_field_is - go on only when a field has a value
 * @builder: changed
 * @bits: FIELD_IS_BITS(): which field and value, a number that ends with it
 */
static void put_field_is(struct builder *builder, unsigned bits)
{
	uint8_t value[16] = { 0 };
	uint32_t size = put_field(builder, (enum packet_field)(bits & 0xff), false);

	value[size - 1] = (uint8_t)(bits >> 8);
	value[size - 2] = (uint8_t)(bits >> 16);
	put_compare(builder, NFT_CMP_EQ, value, size);
}

/**
 * put_mask - leave only some bits in the register
 * @builder: changed
 * @mask, @size: which
 */
static void put_mask(struct builder *builder, const void *mask, uint32_t size)
{
	static const uint8_t zero[16];

	EXPRESSION(builder, "bitwise", FIELD_U32(NFTNL_EXPR_BITWISE_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL),
		   FIELD_U32(NFTNL_EXPR_BITWISE_LEN, size),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_MASK, mask, size),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_XOR, zero, size));
}

/**
 * put_field_local - go on only when an IPv6 address is one of the link, RFC 4291, 2.4
 * @builder: changed
 * @field: which
 */
static void put_field_local(struct builder *builder, enum packet_field field)
{
	static const uint8_t mask[16] = { 0xff, 0xc0 }, prefix[16] = { 0xfe, 0x80 };

	put_field(builder, field, false);
	put_mask(builder, mask, sizeof(mask));
	put_compare(builder, NFT_CMP_EQ, prefix, sizeof(prefix));
}

/**
 * put_field_some - go on only when a packet has a field at all, and not just zeros there
 * @builder: changed
 * @field: which
 */
static void put_field_some(struct builder *builder, enum packet_field field)
{
	static const uint8_t zero[16];
	uint32_t size = put_field(builder, field, false);

	put_compare(builder, NFT_CMP_NEQ, zero, size);
}

/**
 * put_field_group - go on only when an IPv6 address is that of a group, RFC 4291, 2.4
 * @builder: changed
 * @field: which
 */
static void put_field_group(struct builder *builder, enum packet_field field)
{
	static const uint8_t prefix = 0xff;

	if (fields[field].protocol)
		put_protocol(builder, fields[field].protocol);
	put_payload(builder, NFT_REG_1, fields[field].base, fields[field].offset, sizeof(prefix));
	put_compare(builder, NFT_CMP_EQ, &prefix, sizeof(prefix));
}

/**
 * put_known - go on only when the headers of a packet lead to a protocol above IP
 * @builder: changed
 *
 * Where they do not there is nothing to compare, whatever with; 255 is reserved (RFC 3692).
 */
static void put_known(struct builder *builder)
{
	static const uint8_t reserved = 255;

	put_meta(builder, NFT_META_L4PROTO);
	put_compare(builder, NFT_CMP_NEQ, &reserved, sizeof(reserved));
}

/**
 * put_piece_field - load something of the header of a piece of an IPv6 packet into the register
 * @builder: changed
 * @offset, @size: of the bytes behind its beginning
 * @flags: NFT_EXTHDR_F_PRESENT: whether there is such a header
 */
static void put_piece_field(struct builder *builder, uint32_t offset, uint32_t size, uint32_t flags)
{
	static const uint8_t type = IPPROTO_FRAGMENT;

	put_protocol(builder, ETH_P_IPV6);
	EXPRESSION(builder, "exthdr", FIELD_U32(NFTNL_EXPR_EXTHDR_DREG, NFT_REG_1),
		   FIELD_BYTES(NFTNL_EXPR_EXTHDR_TYPE, &type, sizeof(type)),
		   FIELD_U32(NFTNL_EXPR_EXTHDR_OFFSET, offset),
		   FIELD_U32(NFTNL_EXPR_EXTHDR_LEN, size),
		   FIELD_U32(NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6),
		   FIELD_U32(NFTNL_EXPR_EXTHDR_FLAGS, flags));
}

/**
 * put_piece - go on only with pieces of IPv6 packets
 * @builder: changed
 */
static void put_piece(struct builder *builder)
{
	static const uint8_t yes = 1;

	put_piece_field(builder, 0, sizeof(yes), NFT_EXTHDR_F_PRESENT);
	put_compare(builder, NFT_CMP_EQ, &yes, sizeof(yes));
}

/**
 * put_later_piece - go on only with pieces of packets but the first
 * @builder: changed
 * @v6: of IPv6, else of IPv4
 */
static void put_later_piece(struct builder *builder, bool v6)
{
	static const uint8_t upper[2] = { 0xff, 0xf8 }, lower[2] = { 0x1f, 0xff }, zero[2];

	if (v6)
		put_piece_field(builder, IP6_PIECE_AT, sizeof(upper), 0);
	else
		put_field(builder, FIELD_IP_PIECE, false);
	put_mask(builder, v6 ? upper : lower, sizeof(upper));
	put_compare(builder, NFT_CMP_NEQ, zero, sizeof(zero));
}

/**
 * put_type - go on only with one type of ICMP or IGMP
 * @builder: changed
 * @protocol: IPPROTO_ICMP, IPPROTO_ICMPV6 or IPPROTO_IGMP
 * @type: the first byte
 */
static void put_type(struct builder *builder, uint8_t protocol, uint8_t type)
{
	put_transport(builder, protocol);
	put_payload(builder, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(type));
	put_compare(builder, NFT_CMP_EQ, &type, sizeof(type));
}

/**
 * put_udp_to - go on only with UDP to a port
 * @builder: changed
 * @port: its number
 */
static void put_udp_to(struct builder *builder, uint16_t port)
{
	const uint16_t value = htons(port);

	put_transport(builder, IPPROTO_UDP);
	put_payload(builder, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, offsetof(struct udphdr, dest),
		    sizeof(value));
	put_compare(builder, NFT_CMP_EQ, &value, sizeof(value));
}

/**
 * put_port - load protocol and port behind an address
 * @builder: changed
 * @field: the address; its end of the connection is the one whose port counts
 * @protocol, @port: the registers, in the numbers that the kernel gives them back in
 */
static void put_port(struct builder *builder, enum packet_field field, uint32_t protocol,
		     uint32_t port)
{
	bool target = field == FIELD_IP_DADDR || field == FIELD_IP6_DADDR;

	EXPRESSION(builder, "meta", FIELD_U32(NFTNL_EXPR_META_KEY, NFT_META_L4PROTO),
		   FIELD_U32(NFTNL_EXPR_META_DREG, protocol));
	put_payload(builder, port, NFT_PAYLOAD_TRANSPORT_HEADER,
		    target ? offsetof(struct udphdr, dest) : offsetof(struct udphdr, source),
		    sizeof(uint16_t));
}

/**
 * put_called - go on only when an address is in a set together with protocol and port
 * @builder: changed
 * @field: the address
 * @set: the set's name
 */
static void put_called(struct builder *builder, enum packet_field field, const char *set)
{
	uint32_t size = put_field(builder, field, false);

	put_port(builder, field, size == 4 ? NFT_REG32_01 : NFT_REG_2,
		 size == 4 ? NFT_REG32_02 : NFT_REG32_05);
	put_lookup(builder, set, 0);
}

/**
 * put_asked - remember who calls somebody, or go on only when it is somebody who was called
 * @builder: changed
 * @word: says which; its field is the address of the sender
 */
static void put_asked(struct builder *builder, const struct word *word)
{
	bool ask = word->pin == PIN_ASK, v6 = word->bits == FIELD_IP6_SADDR;
	enum packet_field target = v6 ? FIELD_IP6_DADDR : FIELD_IP_DADDR;
	enum packet_field first = ask ? target : (enum packet_field)word->bits;
	enum packet_field second = ask ? (enum packet_field)word->bits : target;
	uint32_t size = put_field(builder, first, false);

	put_payload(builder, v6 ? NFT_REG_2 : NFT_REG32_01, fields[second].base,
		    fields[second].offset, size);
	if (ask)
		put_update(builder, word->name, CALLERS_TIMEOUT);
	else
		put_lookup(builder, word->name, 0);
}

/**
 * put_direct - the same as put_called(), of one link and one call; a word before this has looked at the protocol
 * @builder: changed
 * @word: says whether to remember it for a while, or to go on only when that is not remembered
 */
static void put_direct(struct builder *builder, const struct word *word)
{
	enum packet_field field = (enum packet_field)word->bits;
	uint32_t size = fields[field].size;

	put_meta(builder, NFT_META_IIFNAME);
	put_payload(builder, NFT_REG_2, fields[field].base, fields[field].offset, size);
	put_port(builder, field, size == 4 ? NFT_REG32_05 : NFT_REG_3,
		 size == 4 ? NFT_REG32_06 : NFT_REG32_09);
	put_payload(builder, size == 4 ? NFT_REG32_07 : NFT_REG32_10, NFT_PAYLOAD_TRANSPORT_HEADER,
		    offsetof(struct udphdr, source), sizeof(uint16_t));
	if (word->pin == PIN_DIRECT)
		put_update(builder, word->name, DIRECT_TIMEOUT);
	else
		put_lookup(builder, word->name, NFT_LOOKUP_F_INV);
}

/**
 * put_links_back - load the links of a packet, that which it leaves through first
 * @builder: changed
 */
static void put_links_back(struct builder *builder)
{
	put_meta(builder, NFT_META_OIFNAME);
	EXPRESSION(builder, "meta", FIELD_U32(NFTNL_EXPR_META_KEY, NFT_META_IIFNAME),
		   FIELD_U32(NFTNL_EXPR_META_DREG, NFT_REG_2));
}

/**
 * put_tcp_not_syn - go on only with TCP that begins no connection
 * @builder: changed
 */
static void put_tcp_not_syn(struct builder *builder)
{
	static const uint8_t mask = TH_SYN | TH_ACK, syn = TH_SYN;

	put_transport(builder, IPPROTO_TCP);
	put_payload(builder, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS, sizeof(mask));
	put_mask(builder, &mask, sizeof(mask));
	put_compare(builder, NFT_CMP_NEQ, &syn, sizeof(syn));
}

/**
 * put_mac_other - go on only with what has another MAC than the one that the group of its link goes with
 * @builder: changed
 *
 * nft(8) writes the type of the link by itself.
 */
static void put_mac_other(struct builder *builder)
{
	static const uint32_t judged = LINK_GROUP_JUDGED, zero;
	static const uint16_t ether = ARPHRD_ETHER;

	put_meta(builder, NFT_META_IIFGROUP);
	put_mask(builder, &judged, sizeof(judged));
	put_compare(builder, NFT_CMP_EQ, &judged, sizeof(judged));
	put_meta(builder, NFT_META_IIFTYPE);
	put_compare(builder, NFT_CMP_EQ, &ether, sizeof(ether));
	EXPRESSION(builder, "meta", FIELD_U32(NFTNL_EXPR_META_KEY, NFT_META_IIFGROUP),
		   FIELD_U32(NFTNL_EXPR_META_DREG, NFT_REG_2));
	put_payload(builder, NFT_REG32_05, NFT_PAYLOAD_LL_HEADER, ETH_ALEN, ETH_ALEN);
	EXPRESSION(builder, "hash", FIELD_U32(NFTNL_EXPR_HASH_SREG, NFT_REG_2),
		   FIELD_U32(NFTNL_EXPR_HASH_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_HASH_LEN, LINK_GROUP_HASHED),
		   FIELD_U32(NFTNL_EXPR_HASH_MODULUS, LINK_GROUP_MODULUS),
		   FIELD_U32(NFTNL_EXPR_HASH_SEED, LINK_GROUP_SEED),
		   FIELD_U32(NFTNL_EXPR_HASH_TYPE, NFT_HASH_JENKINS));
	put_compare(builder, NFT_CMP_NEQ, &zero, sizeof(zero));
}

/**
 * put_pin_word - put the expressions of a word that tells who sent a packet, and what it is
 * @builder: changed
 * @word: borrowed
 */
void put_pin_word(struct builder *builder, const struct word *word)
{
	bool inverted = word->pin == PIN_FIELD_NOT_IN || word->pin == PIN_PORT_NOT_IN;
	bool ported = word->pin == PIN_PORT_IN || word->pin == PIN_PORT_NOT_IN;
	const uint8_t type = (uint8_t)word->bits;

	if (word->pin == PIN_PROTOCOL) {
		put_protocol(builder, (uint16_t)word->bits);
	} else if (word->pin == PIN_L4PROTO) {
		put_transport(builder, type);
	} else if (word->pin == PIN_ICMP) {
		put_type(builder, IPPROTO_ICMP, type);
	} else if (word->pin == PIN_ICMP6) {
		put_type(builder, IPPROTO_ICMPV6, type);
	} else if (word->pin == PIN_IGMP) {
		put_type(builder, IPPROTO_IGMP, type);
	} else if (word->pin == PIN_UDP) {
		put_udp_to(builder, (uint16_t)word->bits);
	} else if (word->pin == PIN_FIELD_IS) {
		put_field_is(builder, word->bits);
	} else if (word->pin == PIN_CALLED) {
		put_called(builder, (enum packet_field)word->bits, word->name);
	} else if (word->pin == PIN_UPDATE) {
		put_links_back(builder);
		put_update(builder, word->name, CALLERS_TIMEOUT);
	} else if (word->pin == PIN_LINKS_BACK) {
		put_links_back(builder);
		put_lookup(builder, word->name, 0);
	} else if (word->pin == PIN_ASK || word->pin == PIN_ASKED) {
		put_asked(builder, word);
	} else if (word->pin == PIN_DIRECT || word->pin == PIN_NOT_DIRECT) {
		put_direct(builder, word);
	} else if (word->pin == PIN_CROWD) {
		put_meta(builder, NFT_META_IIFNAME);
		put_update(builder, word->name, DIRECT_TIMEOUT);
	} else if (word->pin == PIN_TCP_NOT_SYN) {
		put_tcp_not_syn(builder);
	} else if (word->pin == PIN_MAC_OTHER) {
		put_mac_other(builder);
	} else if (word->pin == PIN_KNOWN) {
		put_known(builder);
	} else if (word->pin == PIN_PIECE) {
		put_piece(builder);
	} else if (word->pin == PIN_LATER_PIECE || word->pin == PIN_LATER_PIECE6) {
		put_later_piece(builder, word->pin == PIN_LATER_PIECE6);
	} else if (word->pin == PIN_FIELD_GROUP) {
		put_field_group(builder, (enum packet_field)word->bits);
	} else if (word->pin == PIN_FIELD_SOME) {
		put_field_some(builder, (enum packet_field)word->bits);
	} else if (word->pin == PIN_FIELD_LOCAL) {
		put_field_local(builder, (enum packet_field)word->bits);
	} else {
		put_field(builder, (enum packet_field)word->bits, ported);
		put_lookup(builder, word->name, inverted ? NFT_LOOKUP_F_INV : 0);
	}
}
