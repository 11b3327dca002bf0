/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table for containers that are ports of a bridge, as it should be; "nft list table bridge
 * nixctr-net" shows the same. It is made with the first of them.
 *
 * On a bridge no route says whose an address is, so each container has elements: its MAC, the IPv4 and
 * IPv6 addresses it was leased and the link-local one that follows from the MAC (RFC 4291, appendix A),
 * each together with the port it may come from. A packet has to be all of that, and what it says about
 * addresses inside, in ARP and neighbour discovery, too. What is in no element is dropped, so that a
 * container has no network rather than a free hand when its elements are missing.
 *
 * In a family in which it was leased nothing, a container gets its addresses from the network it is
 * plugged into, by DHCP or router advertisements. There it may have any that no other container was
 * leased, and no link-local one but its own.
 *
 * Neighbour discovery is let through in the forms in which it has one meaning: with no option at all,
 * or with one, which is the container's MAC, or a nonce (RFC 7527). Behind extension headers, with
 * several options, or longer, there is nothing an honest host has to say.
 *
 * A bridge does not put the pieces of a packet together. So of an IPv6 packet in pieces the first has to
 * show what it is (RFC 7112), which is then looked at as if it were whole, neighbour discovery comes in
 * one piece (RFC 6980), and so does whatever stays on the link. In IPv4 no piece is shorter than two
 * ports. Of the pieces behind the first nothing but the sender is looked at: nothing above IP is in them.
 * Kernels (up to 6.18 at least) read it all the same when it is no more than four bytes: of IPv4 the
 * middle of a datagram, of IPv6 the beginning of the packet, and either may look like anything.
 *
 * Who asks which groups are heard has the bridge itself believe him: from then on it leads what is said
 * to groups, as neighbour discovery is, to those alone that have answered, which his neighbours never do,
 * for they do not hear him, and to him. So none of what only routers of groups say is let through. An IPv4
 * piece of it behind the first would be read by bridges as if it were whole.
 *
 * Two containers do not see each other's packets unless they are linked. What a container has the host
 * route to a neighbour comes in through the bridge itself ("input") and is no way round that.
 *
 * A published port is for neighbours too. They call it at an address of the host, which sends them on,
 * and where br_netfilter is at work it does so within the bridge: the call arrives here as one to the
 * neighbour itself, and the answer comes back the same way. So what leads to a published port passes,
 * and for some time whoever was called may answer from there, and do nothing else. What the host has
 * not sent there is known by its receiver as it leaves the caller's port, before br_netfilter: whoever
 * calls the neighbour itself is remembered ("direct4"), with the port that he calls from, and that call is
 * not let through. His next one, by way of the host, is another. One container can fill that set, and
 * linked ones that call each other are not to be harmed by it: while it is full, who calls a neighbour
 * himself is remembered as one of whom that is not known ("crowded"), and calls no published port.
 * Where the call leads to another bridge its receiver and that of the answer are the containers
 * themselves when the host gets them from br_netfilter, so that pair is remembered ("asked4"); without it
 * they are the host, both times. Who was leased nothing can have as many addresses as it likes, and needs
 * none remembered, for to an address that nobody was leased all may answer.
 */
#include <net/if.h> /* before those of the kernel, which make way for them */
#include <netinet/in.h>

#include <linux/if_ether.h>
#include <linux/igmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>

#include "base/cleanup.h"
#include "nat/ruleset-words.h"

#define NFT_PADDED(size_) (((size_) + 3U) & ~3U) /* each value of several */

static const struct set_type ports_type = { .key = NFT_TYPE_IFNAME,
					    .key_size = IFNAMSIZ,
					    .order = NFT_HOST_ENDIAN };
static const struct set_type pairs_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IFNAME),
					    .key_size = 2 * IFNAMSIZ };
static const struct set_type macs_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_ETHER),
					   .key_size = IFNAMSIZ + NFT_PADDED(ETH_ALEN) };
static const struct set_type sources_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IPADDR),
					      .key_size = IFNAMSIZ + 4 };
static const struct set_type sources6_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IP6ADDR),
					       .key_size = IFNAMSIZ + 16 };
static const struct set_type leased_type = { .key = NFT_TYPE_IPADDR,
					     .key_size = 4,
					     .order = NFT_BIG_ENDIAN };
static const struct set_type leased6_type = { .key = NFT_TYPE_IP6ADDR,
					      .key_size = 16,
					      .order = NFT_BIG_ENDIAN };

#define CALLED_TYPE(address_, size_)                                                     \
	{                                                                                \
		.key = NFT_PAIR(NFT_PAIR((address_), NFT_TYPE_PROTO), NFT_TYPE_SERVICE), \
		.key_size = (size_) + 8                                                  \
	}

static const struct set_type called_type = CALLED_TYPE(NFT_TYPE_IPADDR, 4);
static const struct set_type called6_type = CALLED_TYPE(NFT_TYPE_IP6ADDR, 16);
#define DIRECT_TYPE(address_, size_)                                                            \
	{                                                                                       \
		.key = NFT_PAIR(                                                                \
			NFT_PAIR(NFT_PAIR(NFT_PAIR(NFT_TYPE_IFNAME, address_), NFT_TYPE_PROTO), \
				 NFT_TYPE_SERVICE),                                             \
			NFT_TYPE_SERVICE),                                                      \
		.key_size = IFNAMSIZ + (size_) + 12, .timeout = DIRECT_TIMEOUT,                 \
		.flags = NFT_SET_EVAL | NFT_SET_TIMEOUT                                         \
	}

static const struct set_type direct_type = DIRECT_TYPE(NFT_TYPE_IPADDR, 4);
static const struct set_type direct6_type = DIRECT_TYPE(NFT_TYPE_IP6ADDR, 16);
static const struct set_type callers_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IFNAME),
					      .key_size = 2 * IFNAMSIZ,
					      .timeout = CALLERS_TIMEOUT,
					      .flags = NFT_SET_EVAL | NFT_SET_TIMEOUT };

static const struct set_type crowded_type = { .key = NFT_TYPE_IFNAME,
					      .key_size = IFNAMSIZ,
					      .order = NFT_HOST_ENDIAN,
					      .timeout = DIRECT_TIMEOUT,
					      .flags = NFT_SET_EVAL | NFT_SET_TIMEOUT };

#define ASKED_TYPE(address_, size_)                                                 \
	{                                                                           \
		.key = NFT_PAIR((address_), (address_)), .key_size = 2 * (size_),   \
		.timeout = CALLERS_TIMEOUT, .flags = NFT_SET_EVAL | NFT_SET_TIMEOUT \
	}

static const struct set_type asked_type = ASKED_TYPE(NFT_TYPE_IPADDR, 4);
static const struct set_type asked6_type = ASKED_TYPE(NFT_TYPE_IP6ADDR, 16);

/* clang-format off */
static const struct object objects[] = {
	TABLE("containers on bridges; see nixctr-net(8)"),

	COUNTER(PART_TABLE, dropped, "packets between containers, and what is no IP"),
	COUNTER(PART_TABLE, spoofed, "packets under a MAC or an address of somebody else"),
	COUNTER(PART_TABLE, rogue, "what only routers and DHCP servers may say, by a container"),
	COUNTER(PART_TABLE, linked, "packets between linked containers"),
	COUNTER(PART_OPEN, between, "packets between containers, which are not isolated"),

	SET(PART_TABLE, SET_MACS, &macs_type, "whose port, whose MAC"),
	SET(PART_TABLE, SET_SOURCES, &sources_type, "what it was leased"),
	SET(PART_TABLE, SET_SOURCES6, &sources6_type, "the same for IPv6, and what follows from its MAC"),
	SET(PART_TABLE, SET_LEASED, &leased_type, "what any was leased"),
	SET(PART_TABLE, SET_LEASED6, &leased6_type, "the same for IPv6"),
	SET(PART_TABLE, SET_FREE, &ports_type, "who was leased nothing and asks the network"),
	SET(PART_TABLE, SET_FREE6, &ports_type, "the same for IPv6"),
	SET(PART_TABLE, SET_TRUSTED, &ports_type, "whose definition says that it is not pinned"),
	SET(PART_TABLE, SET_LINKED, &pairs_type, "ports of containers that may talk"),

	COUNTER(PART_PORTS, published, "packets to ports that neighbours publish, and back"),
	SET(PART_PORTS, SET_CALLED, &called_type, "where published ports lead"),
	SET(PART_PORTS, SET_CALLED6, &called6_type, "the same for IPv6"),
	SET(PART_PORTS, SET_CALLERS, &callers_type, "who may answer whom"),
	SET(PART_PORTS, SET_ASKED, &asked_type, "who was called from another bridge, by whom"),
	SET(PART_PORTS, SET_ASKED6, &asked6_type, "the same for IPv6"),
	SET(PART_PORTS, SET_DIRECT, &direct_type, "who calls there without the host"),
	SET(PART_PORTS, SET_DIRECT6, &direct6_type, "the same for IPv6"),
	SET(PART_PORTS, SET_CROWDED, &crowded_type, "who does while that is full"),
	CHAIN(PART_PORTS, "direct", "who calls a neighbour itself is remembered"),
	CHAIN(PART_PORTS, "found", "who call and answer may find each other"),
	CHAIN(PART_PORTS, "answer", "of what it publishes, and nothing else"),

	CHAIN(PART_TABLE, "nd-option", "one MAC, its own"),
	CHAIN(PART_TABLE, "nd-target", "it answers for itself"),
	CHAIN(PART_TABLE, "nd-router", "it asks for routers, and says who it is"),
	CHAIN(PART_TABLE, "ipv6-right", "its address; what it says in neighbour discovery"),
	CHAIN(PART_TABLE, "ipv6-other", "not leased; may be none yet, or of the network"),
	CHAIN(PART_TABLE, "ipv6-source", "whose is the address"),
	CHAIN(PART_TABLE, "ipv6-piece", "what it is must stand in the first"),
	CHAIN(PART_TABLE, "ipv6-known", "what only routers say"),
	CHAIN(PART_TABLE, "ipv6", "what is it"),
	CHAIN(PART_TABLE, "ipv4-source", "whose is the address"),
	CHAIN(PART_TABLE, "ipv4", "what only routers say"),
	CHAIN(PART_TABLE, "sender", "who says to have an address, and to whom it belongs"),
	CHAIN(PART_TABLE, "pin", "a container is who it is, and no router"),
	CHAIN(PART_TABLE, "to-host", "no neighbour is reached through the host"),
	CHAIN(PART_TABLE, "to-neighbour", "containers do not reach each other"),
	HOOKED(PART_TABLE, "prerouting", "filter", NF_BR_PRE_ROUTING, NF_BR_PRI_NAT_DST_BRIDGED,
	       "containers do not lie about who they are"),
	HOOKED(PART_TABLE, "input", "filter", NF_BR_LOCAL_IN, NF_BR_PRI_FILTER_BRIDGED,
	       "what is for the host, or to be routed"),
	HOOKED(PART_TABLE, "forward", "filter", NF_BR_FORWARD, NF_BR_PRI_FILTER_BRIDGED,
	       "from port to port"),
};

#define IGMP(type_)           { .kind = WORD_PIN, .pin = PIN_IGMP, .bits = (type_) }
#define FROM_PORT             { .kind = WORD_IIFNAME, .name = "vb-" }
#define TO_PORT               { .kind = WORD_OIFNAME, .name = "vb-" }
#define LINKED                { .kind = WORD_LINKS_IN, .name = SET_LINKED }
#define IS_FREE(set_)         { .kind = WORD_IIFNAME_IN, .name = (set_) }
#define TRUSTED               { .kind = WORD_IIFNAME_IN, .name = SET_TRUSTED }
#define PROTOCOL(which_)      { .kind = WORD_PIN, .pin = PIN_PROTOCOL, .bits = (which_) }
#define TRANSPORT(which_)     { .kind = WORD_PIN, .pin = PIN_L4PROTO, .bits = (which_) }
#define NOT_OWN(field_, set_) { .kind = WORD_PIN, .pin = PIN_PORT_NOT_IN, .name = (set_), .bits = (field_) }
#define IN(field_, set_)      { .kind = WORD_PIN, .pin = PIN_FIELD_IN, .name = (set_), .bits = (field_) }
#define NOT_IN(field_, set_)  { .kind = WORD_PIN, .pin = PIN_FIELD_NOT_IN, .name = (set_), .bits = (field_) }
#define IS(field_, value_)    { .kind = WORD_PIN, .pin = PIN_FIELD_IS, .bits = FIELD_IS_BITS(field_, value_) }
#define CALLED(field_, set_)  { .kind = WORD_PIN, .pin = PIN_CALLED, .name = (set_), .bits = (field_) }
#define REMEMBER              { .kind = WORD_PIN, .pin = PIN_UPDATE, .name = SET_CALLERS }
#define CALLER                { .kind = WORD_LINKS_IN, .name = SET_CALLERS }
#define CALLER_BACK           { .kind = WORD_PIN, .pin = PIN_LINKS_BACK, .name = SET_CALLERS }
#define ASK(field_, set_)     { .kind = WORD_PIN, .pin = PIN_ASK, .name = (set_), .bits = (field_) }
#define ASKED(field_, set_)   { .kind = WORD_PIN, .pin = PIN_ASKED, .name = (set_), .bits = (field_) }
#define DIRECT(field_, set_)  { .kind = WORD_PIN, .pin = PIN_DIRECT, .name = (set_), .bits = (field_) }
#define NOT_DIRECT(field_, set_) { .kind = WORD_PIN, .pin = PIN_NOT_DIRECT, .name = (set_), .bits = (field_) }
#define CROWD                 { .kind = WORD_PIN, .pin = PIN_CROWD, .name = SET_CROWDED }
#define CROWDED               { .kind = WORD_IIFNAME_IN, .name = SET_CROWDED }
#define TCP_NOT_SYN           { .kind = WORD_PIN, .pin = PIN_TCP_NOT_SYN }
#define LATER_PIECE           { .kind = WORD_PIN, .pin = PIN_LATER_PIECE }
#define LATER_PIECE6          { .kind = WORD_PIN, .pin = PIN_LATER_PIECE6 }
#define KNOWN                 { .kind = WORD_PIN, .pin = PIN_KNOWN }
#define IS_SOME(field_)       { .kind = WORD_PIN, .pin = PIN_FIELD_SOME, .bits = (field_) }
#define IS_GROUP(field_)      { .kind = WORD_PIN, .pin = PIN_FIELD_GROUP, .bits = (field_) }
#define IS_LOCAL(field_)      { .kind = WORD_PIN, .pin = PIN_FIELD_LOCAL, .bits = (field_) }

#define ND_LENGTH   24     /* of a solicitation or advertisement of a neighbour without options */
#define RS_LENGTH   8      /* of a solicitation of routers */
#define ONE_OPTION  8      /* more with one */
#define FROM_ETHER  0x0101 /* ND_OPT_SOURCE_LINKADDR, of eight bytes */
#define TO_ETHER    0x0201 /* ND_OPT_TARGET_LINKADDR */
#define NONCE       0x0e01 /* RFC 3971, 5.3.2 */

/* Advertisements of routers of groups, RFC 4286, 3. */
#define ROUTER_OF_GROUPS  0x30
#define ROUTER_OF_GROUPS6 151

static const struct rule rules[] = {
	{ PART_TABLE, "nd-option", "no option",
	  { IS(FIELD_IP6_LENGTH, ND_LENGTH), ACCEPT } },
	{ PART_TABLE, "nd-option", "whose MAC the sender has",
	  { IS(FIELD_IP6_LENGTH, ND_LENGTH + ONE_OPTION), IS(FIELD_ND_OPTION, FROM_ETHER),
	    OWN(FIELD_ND_ETHER, SET_MACS), ACCEPT } },
	{ PART_TABLE, "nd-option", "whose MAC the target has",
	  { IS(FIELD_IP6_LENGTH, ND_LENGTH + ONE_OPTION), IS(FIELD_ND_OPTION, TO_ETHER),
	    OWN(FIELD_ND_ETHER, SET_MACS), ACCEPT } },
	{ PART_TABLE, "nd-option", "no MAC at all",
	  { IS(FIELD_IP6_LENGTH, ND_LENGTH + ONE_OPTION), IS(FIELD_ND_OPTION, NONCE), ACCEPT } },
	{ PART_TABLE, "nd-option", "all else",
	  { COUNT("spoofed"), DROP } },

	{ PART_TABLE, "nd-target", "its own",
	  { OWN(FIELD_ND_TARGET, SET_SOURCES6), GOTO("nd-option") } },
	{ PART_TABLE, "nd-target", "this follows from the MAC",
	  { IS_LOCAL(FIELD_ND_TARGET), COUNT("spoofed"), DROP } },
	{ PART_TABLE, "nd-target", "nobody's",
	  { IS_FREE(SET_FREE6), NOT_IN(FIELD_ND_TARGET, SET_LEASED6), GOTO("nd-option") } },
	{ PART_TABLE, "nd-target", "somebody else's",
	  { COUNT("spoofed"), DROP } },

	{ PART_TABLE, "nd-router", "no option",
	  { IS(FIELD_IP6_LENGTH, RS_LENGTH), ACCEPT } },
	{ PART_TABLE, "nd-router", "whose MAC the sender has",
	  { IS(FIELD_IP6_LENGTH, RS_LENGTH + ONE_OPTION), IS(FIELD_RS_OPTION, FROM_ETHER),
	    OWN(FIELD_RS_ETHER, SET_MACS), ACCEPT } },
	{ PART_TABLE, "nd-router", "all else",
	  { COUNT("spoofed"), DROP } },

	{ PART_TABLE, "ipv6-right", "who has this address",
	  { ICMP6(ND_NEIGHBOR_SOLICIT), GOTO("nd-option") } },
	{ PART_TABLE, "ipv6-right", "I have this address",
	  { ICMP6(ND_NEIGHBOR_ADVERT), GOTO("nd-target") } },
	{ PART_TABLE, "ipv6-right", "who is a router",
	  { ICMP6(ND_ROUTER_SOLICIT), GOTO("nd-router") } },
	{ PART_TABLE, "ipv6-right", "all else",
	  { ACCEPT } },

	{ PART_TABLE, "ipv6-other", "may I have this address",
	  { IS(FIELD_IP6_SADDR, 0), ICMP6(ND_NEIGHBOR_SOLICIT), GOTO("nd-target") } },
	{ PART_TABLE, "ipv6-other", "which groups it hears",
	  { IS(FIELD_IP6_SADDR, 0), ICMP6(MLD2_LISTENER_REPORT), ACCEPT } },
	{ PART_TABLE, "ipv6-other", "this follows from the MAC",
	  { IS_LOCAL(FIELD_IP6_SADDR), COUNT("spoofed"), DROP } },
	{ PART_TABLE, "ipv6-other", "nobody's",
	  { IS_FREE(SET_FREE6), NOT_IN(FIELD_IP6_SADDR, SET_LEASED6), GOTO("ipv6-right") } },
	{ PART_TABLE, "ipv6-other", "somebody else's",
	  { COUNT("spoofed"), DROP } },

	{ PART_TABLE, "ipv6-source", "its own",
	  { OWN(FIELD_IP6_SADDR, SET_SOURCES6), GOTO("ipv6-right") } },
	{ PART_TABLE, "ipv6-source", "all else",
	  { GOTO("ipv6-other") } },

	{ PART_TABLE, "ipv6-piece", "nothing on the link is that long",
	  { IS_LOCAL(FIELD_IP6_SADDR), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-piece", "nor said to all",
	  { IS_GROUP(FIELD_IP6_DADDR), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-piece", "nothing without the first",
	  { LATER_PIECE6, GOTO("ipv6-source") } },
	{ PART_TABLE, "ipv6-piece", "RFC 6980",
	  { ICMP6(ND_NEIGHBOR_SOLICIT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-piece", "the same",
	  { ICMP6(ND_NEIGHBOR_ADVERT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-piece", "the same, of routers",
	  { ICMP6(ND_ROUTER_SOLICIT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-piece", "RFC 7112",
	  { IS_SOME(FIELD_UPPER), GOTO("ipv6-known") } },
	{ PART_TABLE, "ipv6-piece", "the first, and what it is comes later",
	  { COUNT("rogue"), DROP } },

	{ PART_TABLE, "ipv6-known", "another way is the router's to choose",
	  { ICMP6(ND_REDIRECT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-known", "RFC 4861",
	  { ICMP6(ND_ROUTER_ADVERT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-known", "who hears which groups",
	  { ICMP6(MLD_LISTENER_QUERY), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-known", "RFC 4286",
	  { ICMP6(ROUTER_OF_GROUPS6), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-known", "DHCPv6 server",
	  { UDP_TO(DHCP6_CLIENT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv6-known", "all else",
	  { GOTO("ipv6-source") } },

	{ PART_TABLE, "ipv6", "a piece of a packet",
	  { KNOWN, PIECE, GOTO("ipv6-piece") } },
	{ PART_TABLE, "ipv6", "its headers lead somewhere",
	  { KNOWN, GOTO("ipv6-known") } },
	{ PART_TABLE, "ipv6", "nobody can say what it is",
	  { COUNT("rogue"), DROP } },

	{ PART_TABLE, "ipv4-source", "its own",
	  { OWN(FIELD_IP_SADDR, SET_SOURCES), ACCEPT } },
	{ PART_TABLE, "ipv4-source", "nobody's",
	  { IS_FREE(SET_FREE), NOT_IN(FIELD_IP_SADDR, SET_LEASED), ACCEPT } },
	{ PART_TABLE, "ipv4-source", "somebody else's",
	  { COUNT("spoofed"), DROP } },

	{ PART_TABLE, "ipv4", "whole or in pieces",
	  { TRANSPORT(IPPROTO_PIM), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv4", "nothing on the link is that long",
	  { LATER_PIECE, TRANSPORT(IPPROTO_IGMP), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv4", "nothing without the first",
	  { LATER_PIECE, GOTO("ipv4-source") } },
	{ PART_TABLE, "ipv4", "another way is the router's to choose",
	  { ICMP(ICMP_REDIRECT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv4", "RFC 1256",
	  { ICMP(ICMP_ROUTERADVERT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv4", "who hears which groups",
	  { IGMP(IGMP_HOST_MEMBERSHIP_QUERY), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv4", "RFC 4286",
	  { IGMP(ROUTER_OF_GROUPS), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv4", "DHCP server",
	  { UDP_TO(DHCP_CLIENT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "ipv4", "all else",
	  { GOTO("ipv4-source") } },

	{ PART_TABLE, "sender", "the MAC of somebody else",
	  { NOT_OWN(FIELD_ARP_SADDR_ETHER, SET_MACS), COUNT("spoofed"), DROP } },
	{ PART_TABLE, "sender", "its own",
	  { OWN(FIELD_ARP_SADDR, SET_SOURCES), ACCEPT } },
	{ PART_TABLE, "sender", "may I have my address",
	  { IS(FIELD_ARP_SADDR, 0), OWN(FIELD_ARP_DADDR, SET_SOURCES), ACCEPT } },
	{ PART_TABLE, "sender", "may I have somebody else's",
	  { IS(FIELD_ARP_SADDR, 0), IN(FIELD_ARP_DADDR, SET_LEASED), COUNT("spoofed"), DROP } },
	{ PART_TABLE, "sender", "nobody's",
	  { IS_FREE(SET_FREE), NOT_IN(FIELD_ARP_SADDR, SET_LEASED), ACCEPT } },
	{ PART_TABLE, "sender", "somebody else's",
	  { COUNT("spoofed"), DROP } },

	{ PART_TABLE, "pin", "not pinned",
	  { TRUSTED, ACCEPT } },
	{ PART_TABLE, "pin", "the MAC of somebody else",
	  { NOT_OWN(FIELD_ETHER_SADDR, SET_MACS), COUNT("spoofed"), DROP } },
	{ PART_TABLE, "pin", "IPv4",
	  { PROTOCOL(ETH_P_IP), GOTO("ipv4") } },
	{ PART_TABLE, "pin", "IPv6",
	  { PROTOCOL(ETH_P_IPV6), GOTO("ipv6") } },
	{ PART_TABLE, "pin", "ARP",
	  { PROTOCOL(ETH_P_ARP), GOTO("sender") } },
	{ PART_TABLE, "pin", "nothing that can be looked into",
	  { COUNT("dropped"), DROP } },

	{ PART_OPEN, "to-host", "isolation is off",
	  { PROTOCOL(ETH_P_IP), ACCEPT } },
	{ PART_OPEN, "to-host", "the same for IPv6",
	  { PROTOCOL(ETH_P_IPV6), ACCEPT } },
	{ PART_PORTS, "to-host", "nobody knows by which way he calls",
	  { CROWDED, CALLED(FIELD_IP_DADDR, SET_CALLED), COUNT("dropped"), DROP } },
	{ PART_PORTS, "to-host", "the same for IPv6",
	  { CROWDED, CALLED(FIELD_IP6_DADDR, SET_CALLED6), COUNT("dropped"), DROP } },
	{ PART_PORTS, "to-host", "what is published on another bridge, for one whom every answer reaches",
	  { CALLED(FIELD_IP_DADDR, SET_CALLED), NOT_DIRECT(FIELD_IP_DADDR, SET_DIRECT),
	    NOT_IN(FIELD_IP_SADDR, SET_LEASED), ACCEPT } },
	{ PART_PORTS, "to-host", "the same for IPv6",
	  { CALLED(FIELD_IP6_DADDR, SET_CALLED6), NOT_DIRECT(FIELD_IP6_DADDR, SET_DIRECT6),
	    NOT_IN(FIELD_IP6_SADDR, SET_LEASED6), ACCEPT } },
	{ PART_PORTS, "to-host", "the same for others, who have to be remembered",
	  { CALLED(FIELD_IP_DADDR, SET_CALLED), NOT_DIRECT(FIELD_IP_DADDR, SET_DIRECT),
	    ASK(FIELD_IP_SADDR, SET_ASKED), ACCEPT } },
	{ PART_PORTS, "to-host", "the same for IPv6",
	  { CALLED(FIELD_IP6_DADDR, SET_CALLED6), NOT_DIRECT(FIELD_IP6_DADDR, SET_DIRECT6),
	    ASK(FIELD_IP6_SADDR, SET_ASKED6), ACCEPT } },
	{ PART_PORTS, "to-host", "it was called from another bridge",
	  { ASKED(FIELD_IP_SADDR, SET_ASKED), GOTO("answer") } },
	{ PART_PORTS, "to-host", "the same for IPv6",
	  { ASKED(FIELD_IP6_SADDR, SET_ASKED6), GOTO("answer") } },
	{ PART_TABLE, "to-host", "the bridge leads there",
	  { IN(FIELD_IP_DADDR, SET_LEASED), COUNT("dropped"), DROP } },
	{ PART_TABLE, "to-host", "the same for IPv6",
	  { IN(FIELD_IP6_DADDR, SET_LEASED6), COUNT("dropped"), DROP } },
	{ PART_TABLE, "to-host", "IPv4",
	  { PROTOCOL(ETH_P_IP), ACCEPT } },
	{ PART_TABLE, "to-host", "IPv6",
	  { PROTOCOL(ETH_P_IPV6), ACCEPT } },
	{ PART_TABLE, "to-host", "ARP",
	  { PROTOCOL(ETH_P_ARP), ACCEPT } },
	{ PART_TABLE, "to-host", "for the bridge itself, which passes no prerouting",
	  { COUNT("dropped"), DROP } },

	{ PART_TABLE, "to-neighbour", "linked",
	  { LINKED, COUNT("linked"), ACCEPT } },
	{ PART_OPEN, "to-neighbour", "isolation is off",
	  { COUNT("between"), ACCEPT } },
	{ PART_PORTS, "to-neighbour", "nobody knows by which way he calls",
	  { CROWDED, CALLED(FIELD_IP_DADDR, SET_CALLED), COUNT("dropped"), DROP } },
	{ PART_PORTS, "to-neighbour", "the same for IPv6",
	  { CROWDED, CALLED(FIELD_IP6_DADDR, SET_CALLED6), COUNT("dropped"), DROP } },
	{ PART_PORTS, "to-neighbour", "published",
	  { CALLED(FIELD_IP_DADDR, SET_CALLED), NOT_DIRECT(FIELD_IP_DADDR, SET_DIRECT), REMEMBER,
	    COUNT("published"), ACCEPT } },
	{ PART_PORTS, "to-neighbour", "the same for IPv6",
	  { CALLED(FIELD_IP6_DADDR, SET_CALLED6), NOT_DIRECT(FIELD_IP6_DADDR, SET_DIRECT6), REMEMBER,
	    COUNT("published"), ACCEPT } },
	{ PART_PORTS, "to-neighbour", "it was called",
	  { CALLER, GOTO("answer") } },
	{ PART_PORTS, "to-neighbour", "it has called",
	  { CALLER_BACK, GOTO("found") } },
	{ PART_TABLE, "to-neighbour", "all else",
	  { COUNT("dropped"), DROP } },

	{ PART_PORTS, "found", "where is it",
	  { PROTOCOL(ETH_P_ARP), ACCEPT } },
	{ PART_PORTS, "found", "the same for IPv6",
	  { ICMP6(ND_NEIGHBOR_SOLICIT), ACCEPT } },
	{ PART_PORTS, "found", "here I am",
	  { ICMP6(ND_NEIGHBOR_ADVERT), ACCEPT } },
	{ PART_PORTS, "found", "all else",
	  { COUNT("dropped"), DROP } },

	{ PART_PORTS, "answer", "no connection of its own",
	  { TCP_NOT_SYN, CALLED(FIELD_IP_SADDR, SET_CALLED), COUNT("published"), ACCEPT } },
	{ PART_PORTS, "answer", "the same for IPv6",
	  { TCP_NOT_SYN, CALLED(FIELD_IP6_SADDR, SET_CALLED6), COUNT("published"), ACCEPT } },
	{ PART_PORTS, "answer", "datagrams",
	  { TRANSPORT(IPPROTO_UDP), CALLED(FIELD_IP_SADDR, SET_CALLED), COUNT("published"), ACCEPT } },
	{ PART_PORTS, "answer", "the same for IPv6",
	  { TRANSPORT(IPPROTO_UDP), CALLED(FIELD_IP6_SADDR, SET_CALLED6), COUNT("published"), ACCEPT } },
	{ PART_PORTS, "answer", "all else",
	  { GOTO("found") } },

	{ PART_PORTS, "direct", "the host has not sent it there, for it does so later",
	  { PROTOCOL(ETH_P_IP), DIRECT(FIELD_IP_DADDR, SET_DIRECT), RETURN } },
	{ PART_PORTS, "direct", "the same for IPv6",
	  { PROTOCOL(ETH_P_IPV6), DIRECT(FIELD_IP6_DADDR, SET_DIRECT6), RETURN } },
	{ PART_PORTS, "direct", "too many do",
	  { CROWD, RETURN } },
	{ PART_PORTS, "direct", "nor is there room for that",
	  { COUNT("dropped"), DROP } },

	{ PART_PORTS, "prerouting", "to where a published port leads",
	  { FROM_PORT, CALLED(FIELD_IP_DADDR, SET_CALLED), JUMP("direct") } },
	{ PART_PORTS, "prerouting", "the same for IPv6",
	  { FROM_PORT, CALLED(FIELD_IP6_DADDR, SET_CALLED6), JUMP("direct") } },
	{ PART_TABLE, "prerouting", "before connection tracking, and whatever accepts them later",
	  { FROM_PORT, GOTO("pin") } },
	{ PART_TABLE, "input", "sent by a container",
	  { FROM_PORT, GOTO("to-host") } },
	{ PART_TABLE, "forward", "sent by one to another",
	  { FROM_PORT, TO_PORT, GOTO("to-neighbour") } },
};
/* clang-format on */

const struct ruleset bridge_ruleset = {
	.family = NFPROTO_BRIDGE,
	.label = "bridge " NAT_TABLE,
	.parts = PART_TABLE | PART_PORTS | PART_OPEN,
	.objects = objects,
	.n_objects = ARRAY_SIZE(objects),
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
};
