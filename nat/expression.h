/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */

#include "base/error.h"

/*
 * Rules as words. Each word is what nft(8) writes for it, and becomes one to four expressions of
 * nf_tables.
 */

enum word_kind {
	WORD_END,
	WORD_IIFNAME,        /* iifname "PREFIX*" */
	WORD_OIFNAME,        /* oifname "PREFIX*" */
	WORD_IIFNAME_IN,     /* iifname @SET */
	WORD_OIFNAME_IN,     /* oifname @SET */
	WORD_IIFNAME_OF,     /* meta nfproto BITS iifname @SET */
	WORD_CT_STATE,       /* ct state BITS */
	WORD_LINK_LOCAL,     /* ip6 saddr fe80::/64 */
	WORD_SOURCE_MISSING, /* fib saddr . iif oif missing */
	WORD_COUNTER,        /* counter name NAME */
	WORD_LINKS_IN,       /* iifname . oifname @SET */
	WORD_OIF_LOOPBACK,   /* oifname "lo" */
	WORD_IIF_REAL,       /* iifname != "lo" */
	WORD_OIF_REAL,       /* oifname != "lo" */
	WORD_TO_HOST,        /* fib daddr type local */
	WORD_CT_FORWARDED,   /* ct status dnat */
	WORD_CT_DIRECTION,   /* ct direction BITS */
	WORD_SADDR_LOOPBACK, /* ip saddr 127.0.0.0/8; BITS are the family, in all that follow */
	WORD_DADDR_LOOPBACK, /* ip daddr 127.0.0.0/8 */
	WORD_CT_LOOPBACK,    /* ct original ip saddr 127.0.0.0/8 */
	WORD_SADDR_MAP,   /* ip saddr set meta l4proto . th dport map @MAP: the address in front */
	WORD_DADDR_REPLY, /* ip daddr set ct reply ip daddr */
	WORD_DADDR_ORIGINAL, /* ip daddr set ct original ip saddr */
	WORD_TRAFFIC,        /* update @SET { where it leads, and the port that was called } */
	WORD_DNAT,           /* dnat ip to meta l4proto . th dport map @MAP */
	WORD_SADDR_IN,       /* ip saddr @SET */
	WORD_DADDR_IN,       /* ip daddr @SET */
	WORD_SYN,            /* tcp flags syn */
	WORD_CLAMP,          /* tcp option maxseg size set rt mtu */
	WORD_SNAT,           /* snat ip to meta nfproto map @MAP */
	WORD_MASQUERADE,     /* masquerade */
	WORD_GOTO,           /* goto CHAIN */
	WORD_JUMP,           /* jump CHAIN */
	WORD_VERDICT,        /* accept, drop */
	WORD_PIN,            /* one of enum pin_word */
};

/* What is looked at in packets of containers that are on a bridge. */
enum packet_field {
	FIELD_ETHER_SADDR,
	FIELD_ARP_SADDR_ETHER,
	FIELD_ARP_SADDR,
	FIELD_ARP_DADDR,
	FIELD_IP_SADDR,
	FIELD_IP_DADDR,
	FIELD_IP_PIECE, /* where in the whole a piece belongs, in its lower bits */
	FIELD_IP6_SADDR,
	FIELD_IP6_DADDR,
	FIELD_IP6_LENGTH,
	FIELD_UPPER,     /* the first four bytes above IP: two ports, or a type and more */
	FIELD_ND_TARGET, /* of neighbour solicitations and advertisements */
	FIELD_ND_OPTION, /* type and length of the first option of these */
	FIELD_ND_ETHER,  /* the address in it */
	FIELD_RS_OPTION, /* the same of router solicitations */
	FIELD_RS_ETHER,
};

/* Words that tell who sent a packet, and what it is; pin-words.c. */
enum pin_word {
	PIN_PROTOCOL,     /* meta protocol BITS */
	PIN_L4PROTO,      /* meta l4proto BITS */
	PIN_ICMP,         /* icmp type BITS */
	PIN_ICMP6,        /* icmpv6 type BITS */
	PIN_IGMP,         /* igmp type BITS */
	PIN_UDP,          /* udp dport BITS */
	PIN_FIELD_IS,     /* FIELD VALUE; in BITS: FIELD_IS() */
	PIN_FIELD_IN,     /* FIELD @SET; BITS are the enum packet_field, in all that follow */
	PIN_FIELD_NOT_IN, /* FIELD != @SET */
	PIN_FIELD_LOCAL,  /* FIELD fe80::/10 */
	PIN_FIELD_GROUP,  /* FIELD ff00::/8 */
	PIN_FIELD_SOME,   /* FIELD != 0 */
	PIN_KNOWN,        /* meta l4proto != 255: headers lead to a protocol above IP */
	PIN_PIECE,        /* exthdr frag exists */
	PIN_LATER_PIECE,  /* ip frag-off & 0x1fff != 0 */
	PIN_LATER_PIECE6, /* frag frag-off != 0 */
	PIN_PORT_IN,      /* iifname . FIELD @SET */
	PIN_PORT_NOT_IN,  /* iifname . FIELD != @SET */
	PIN_CALLED,       /* FIELD . meta l4proto . th dport @SET; sport for a source address */
	PIN_UPDATE,       /* update @SET { oifname . iifname } */
	PIN_LINKS_BACK,   /* oifname . iifname @SET */
	PIN_ASK,          /* update @SET { DADDR . FIELD }; FIELD is the source */
	PIN_ASKED,        /* FIELD . DADDR @SET */
	PIN_DIRECT,       /* update @SET { iifname . FIELD . meta l4proto . th dport . th sport } */
	PIN_NOT_DIRECT,   /* iifname . FIELD . meta l4proto . th dport . th sport != @SET */
	PIN_CROWD,        /* update @SET { iifname } */
	PIN_TCP_NOT_SYN,  /* tcp flags & (syn | ack) != syn */
	PIN_MAC_OTHER,    /* that of base/link-group.h */
};

#define FIELD_IS_BITS(field_, value_) ((unsigned)(field_) | (unsigned)(value_) << 8)

struct word {
	enum word_kind kind;
	enum pin_word pin; /* of WORD_PIN */
	const char *name;  /* of a prefix, set, map, counter or chain */
	unsigned bits;     /* of a connection's states; its direction; a family; the verdict */
};

/* Beside the family of WORD_DNAT and WORD_SADDR_MAP: what keys have before protocol and port. */
#define KEY_LINK    0x100U /* iifname . */
#define KEY_ADDRESS 0x200U /* ip daddr . */

#define WORDS_MAX 6

/* What of the table is there only when somebody needs it. Bits, for any of them may be there. */
enum part {
	PART_TABLE = 1 << 0,    /* always */
	PART_PORTS = 1 << 1,    /* since a port was published */
	PART_INTERNAL = 1 << 2, /* since other networks get out as well */
	PART_ADDRESS = 1 << 3,  /* since all leave with an address of their own */
	PART_BOUND = 1 << 4,    /* since a port is called by one address or through one link */
	PART_PEERS = 1 << 5,    /* since two containers were linked */
	PART_OPEN = 1 << 6,     /* while containers are not isolated */
	PART_BRIDGED = 1 << 7,  /* since there is a container on a bridge */
	PART_OPENED = 1 << 8,   /* since links forward only because of us */
	PART_MACS = 1 << 9,     /* where the kernel can hash */
};

/* One rule. */
struct rule {
	enum part part; /* one of them */
	const char *chain;
	const char *comment;
	struct word words[WORDS_MAX];
};

#define RULE_PAYLOAD_MAX 2048 /* bytes of a whole rule of ours, several times over */

int rule_put(struct nlmsghdr *message, const struct rule *rule, struct error *e);
int rule_put_read(struct nlmsghdr *message, const struct rule *rule, struct error *e);
void rule_put_normal(struct nlmsghdr *message, struct nftnl_rule *rule);

/* The form in which nft(8) keeps a comment: an attribute of one byte type and one byte length. */
#define COMMENT_MAX 128

size_t comment_format(uint8_t bytes[COMMENT_MAX], uint8_t type, const char *text);
