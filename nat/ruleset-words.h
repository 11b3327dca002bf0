/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/icmp6.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */
#include <stddef.h>

#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nat/ruleset.h"

/* The words that tables are written in. */

/* What nft(8) has no header for (datatype.h): the kernel only keeps them for it. */
#define NFT_TYPE_NFPROTO 2
#define NFT_TYPE_IPADDR  7
#define NFT_TYPE_IP6ADDR 8
#define NFT_TYPE_ETHER   9
#define NFT_TYPE_PROTO   12
#define NFT_TYPE_SERVICE 13
#define NFT_TYPE_IFNAME  41
#define NFT_TYPE_BITS    6
#define NFT_NO_ORDER     0 /* several values, each with its own */
#define NFT_HOST_ENDIAN  1
#define NFT_BIG_ENDIAN   2

#define NFT_PAIR(a_, b_) ((a_) << NFT_TYPE_BITS | (b_))

/* The comment is what a table of ours is known by, so it is the same in all versions. */
#define TABLE(comment_)                                                                         \
	{                                                                                       \
		.part = PART_TABLE, .kind = NFT_TABLE, .name = NAT_TABLE, .comment = (comment_) \
	}
#define SET(part_, name_, type_, comment_)                                                \
	{                                                                                 \
		.part = (part_), .kind = NFT_SET, .name = (name_), .comment = (comment_), \
		.set = (type_)                                                            \
	}
#define CHAIN(part_, name_, comment_)                                                      \
	{                                                                                  \
		.part = (part_), .kind = NFT_CHAIN, .name = (name_), .comment = (comment_) \
	}
#define COUNTER(part_, name_, comment_)                                                      \
	{                                                                                    \
		.part = (part_), .kind = NFT_COUNTER, .name = #name_, .comment = (comment_), \
		.counter = offsetof(struct nat_state, name_)                                 \
	}
#define HOOKED(part_, name_, type_, hook_, priority_, comment_)                             \
	{                                                                                   \
		.part = (part_), .kind = NFT_CHAIN, .name = (name_), .comment = (comment_), \
		.type = (type_), .hook = (hook_), .priority = (priority_)                   \
	}

/* Types of ICMP that only one side of a network sends. */
#define ICMP_ROUTERADVERT    9   /* RFC 1256 */
#define MLD2_LISTENER_REPORT 143 /* RFC 3810 */

/* Where DHCP and DHCPv6 clients listen, and only there. They do not look at who answers by which port. */
#define DHCP_CLIENT  68
#define DHCP6_CLIENT 546

/* clang-format off */
#define COUNT(name_)        { .kind = WORD_COUNTER, .name = (name_) }
#define GOTO(chain_)        { .kind = WORD_GOTO, .name = (chain_), .bits = (unsigned)NFT_GOTO }
#define JUMP(chain_)        { .kind = WORD_JUMP, .name = (chain_), .bits = (unsigned)NFT_JUMP }
#define ICMP(type_)         { .kind = WORD_PIN, .pin = PIN_ICMP, .bits = (type_) }
#define ICMP6(type_)        { .kind = WORD_PIN, .pin = PIN_ICMP6, .bits = (type_) }
#define UDP_TO(port_)       { .kind = WORD_PIN, .pin = PIN_UDP, .bits = (port_) }
#define PIECE               { .kind = WORD_PIN, .pin = PIN_PIECE }
#define ACCEPT              { .kind = WORD_VERDICT, .bits = NF_ACCEPT }
#define DROP                { .kind = WORD_VERDICT, .bits = NF_DROP }
#define RETURN              { .kind = WORD_VERDICT, .bits = (unsigned)NFT_RETURN }
/* iifname . FIELD @SET */
#define OWN(field_, set_)   { .kind = WORD_PIN, .pin = PIN_PORT_IN, .name = (set_), .bits = (field_) }
/* clang-format on */
