/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table, as it should be. Everything else in this folder makes, reads or compares what is
 * written here; "nft list table inet nixctr-net" shows the same.
 */
#include "nat/ruleset.h"

#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include "nat/ruleset-words.h"

#define INTERVAL_SET(key_, size_, order_)                                                        \
	{                                                                                        \
		.key = (key_), .key_size = (size_), .order = (order_), .flags = NFT_SET_INTERVAL \
	}
#define FAMILY_MAP(data_, size_)                                                               \
	{                                                                                      \
		.key = NFT_TYPE_NFPROTO, .key_size = 1, .data = (data_), .data_size = (size_), \
		.order = NFT_BIG_ENDIAN                                                        \
	}

static const struct set_type links_type = INTERVAL_SET(NFT_TYPE_IFNAME, IFNAMSIZ, NFT_HOST_ENDIAN);
static const struct set_type internal_type = INTERVAL_SET(NFT_TYPE_IPADDR, 4, NFT_BIG_ENDIAN);
static const struct set_type internal6_type = INTERVAL_SET(NFT_TYPE_IP6ADDR, 16, NFT_BIG_ENDIAN);
static const struct set_type source_type = FAMILY_MAP(NFT_TYPE_IPADDR, 4);
static const struct set_type source6_type = FAMILY_MAP(NFT_TYPE_IP6ADDR, 16);

/* Each value of several is padded to four bytes. */
static const struct set_type link_pairs_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IFNAME),
						 .key_size = 2 * IFNAMSIZ };

/* What containers on bridges were leased, as in the table for these. */
static const struct set_type leased_type = { .key = NFT_TYPE_IPADDR,
					     .key_size = 4,
					     .order = NFT_BIG_ENDIAN };
static const struct set_type leased6_type = { .key = NFT_TYPE_IP6ADDR,
					      .key_size = 16,
					      .order = NFT_BIG_ENDIAN };
static const struct set_type homes_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IPADDR),
					    .key_size = IFNAMSIZ + 4 };
static const struct set_type homes6_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IP6ADDR),
					     .key_size = IFNAMSIZ + 16 };

#define PORT_MAP(data_, size_, order_)                                                             \
	{                                                                                          \
		.key = NFT_PAIR(NFT_TYPE_PROTO, NFT_TYPE_SERVICE), .key_size = 8, .data = (data_), \
		.data_size = (size_), .order = (order_)                                            \
	}

static const struct set_type forwards_type =
	PORT_MAP(NFT_PAIR(NFT_TYPE_IPADDR, NFT_TYPE_SERVICE), 8, NFT_NO_ORDER);
static const struct set_type forwards6_type =
	PORT_MAP(NFT_PAIR(NFT_TYPE_IP6ADDR, NFT_TYPE_SERVICE), 20, NFT_NO_ORDER);

/* Maps of bound ports: what stands before protocol and port in a key, and what an element has. */
#define BOUND_MAP(before_, before_size_, data_, size_, order_)                          \
	{                                                                               \
		.key = NFT_PAIR(NFT_PAIR((before_), NFT_TYPE_PROTO), NFT_TYPE_SERVICE), \
		.key_size = (before_size_) + 8, .data = (data_), .data_size = (size_),  \
		.order = (order_)                                                       \
	}
#define BOUND_FORWARDS(before_, size_) \
	BOUND_MAP(before_, size_, NFT_PAIR(NFT_TYPE_IPADDR, NFT_TYPE_SERVICE), 8, NFT_NO_ORDER)
#define BOUND_FORWARDS6(before_, size_) \
	BOUND_MAP(before_, size_, NFT_PAIR(NFT_TYPE_IP6ADDR, NFT_TYPE_SERVICE), 20, NFT_NO_ORDER)

static const struct set_type address_type = BOUND_FORWARDS(NFT_TYPE_IPADDR, 4);
static const struct set_type address6_type = BOUND_FORWARDS6(NFT_TYPE_IP6ADDR, 16);
static const struct set_type link_type = BOUND_FORWARDS(NFT_TYPE_IFNAME, IFNAMSIZ);
static const struct set_type link6_type = BOUND_FORWARDS6(NFT_TYPE_IFNAME, IFNAMSIZ);
static const struct set_type both_type =
	BOUND_FORWARDS(NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IPADDR), IFNAMSIZ + 4);
static const struct set_type both6_type =
	BOUND_FORWARDS6(NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IP6ADDR), IFNAMSIZ + 16);
/* What the kernel puts in by itself; as much as fits. */
#define TRAFFIC_SET(address_, size_)                                                     \
	{                                                                                \
		.key = NFT_PAIR(NFT_PAIR((address_), NFT_TYPE_PROTO), NFT_TYPE_SERVICE), \
		.key_size = (size_) + 8, .flags = NFT_SET_EVAL, .counts = true           \
	}

static const struct set_type traffic_type = TRAFFIC_SET(NFT_TYPE_IPADDR, 4);
static const struct set_type traffic6_type = TRAFFIC_SET(NFT_TYPE_IP6ADDR, 16);
static const struct set_type bindings_type = { .key = NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IP6ADDR),
					       .key_size = IFNAMSIZ + 16 };

/* clang-format off */
const struct object ruleset_objects[RULESET_OBJECTS] = {
	TABLE("networks of NixOS-style containers; see nixctr-net(8)"),

	COUNTER(PART_TABLE, masqueraded, "connections that left with an address of the host"),
	COUNTER(PART_TABLE, outgoing, "packets of containers to the outside"),
	COUNTER(PART_TABLE, incoming, "packets from the outside that belong to them"),
	COUNTER(PART_TABLE, dropped, "everything else from or to a container"),
	COUNTER(PART_TABLE, spoofed, "packets of containers under a MAC or an address of somebody else"),
	COUNTER(PART_TABLE, rogue, "what only routers and DHCP servers may say, by a container"),

	SET(PART_TABLE, SET_EXTERNAL, &links_type, "links to the outside"),
	SET(PART_INTERNAL, SET_INTERNAL, &internal_type, "networks that reach it as containers do"),
	SET(PART_INTERNAL, SET_INTERNAL6, &internal6_type, "the same for IPv6"),
	SET(PART_ADDRESS, MAP_SOURCE, &source_type, "the address that all leave with"),
	SET(PART_ADDRESS, MAP_SOURCE6, &source6_type, "the same for IPv6"),

	CHAIN(PART_TABLE, "from-container", "containers reach the outside, not each other"),
	CHAIN(PART_TABLE, "to-container", "the outside may answer, not ask"),
	CHAIN(PART_INTERNAL, "from-internal", "other networks reach the outside as containers do"),
	CHAIN(PART_INTERNAL, "to-internal", "which may answer, not ask"),
	HOOKED(PART_TABLE, "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER,
	       "what passes through the host"),
	HOOKED(PART_TABLE, "postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC,
	       "containers share the addresses of the host"),
	CHAIN(PART_TABLE, "leave", "with which address they leave"),
	CHAIN(PART_TABLE, "link-local", "only for finding each other"),
	CHAIN(PART_MACS, "mac", "a container sends under its own"),
	CHAIN(PART_TABLE, "pin", "a container is who it is, and no router"),
	HOOKED(PART_TABLE, "source", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW,
	       "containers do not lie about their address"),

	SET(PART_OPENED, SET_OPENED, &links_type, "links that forward only because of us"),
	SET(PART_OPENED, SET_OPENED6, &links_type, "the same for IPv6"),
	SET(PART_OPENED, SET_TURNING, &link_pairs_type, "where bridges of them lead to themselves"),
	CHAIN(PART_OPENED, "strangers", "the host is no router for others"),

	COUNTER(PART_PEERS, linked, "packets between linked containers"),
	SET(PART_PEERS, SET_LINKED, &link_pairs_type, "links of containers that may talk"),
	COUNTER(PART_OPEN, between, "packets between containers, which are not isolated"),

	SET(PART_BRIDGED, SET_LEASED, &leased_type, "what containers on bridges were leased"),
	SET(PART_BRIDGED, SET_LEASED6, &leased6_type, "the same for IPv6"),
	SET(PART_BRIDGED, SET_HOMES, &homes_type, "through which bridge they are reached"),
	SET(PART_BRIDGED, SET_HOMES6, &homes6_type, "the same for IPv6"),
	SET(PART_BRIDGED, SET_ROUTED, &leased_type, "who is reached from everywhere"),
	SET(PART_BRIDGED, SET_ROUTED6, &leased6_type, "the same for IPv6"),
	CHAIN(PART_BRIDGED, "to-bridged", "containers do not reach each other"),
	CHAIN(PART_BRIDGED, "to-home", "what comes through another link than their bridge"),

	COUNTER(PART_PORTS, published, "packets to published ports, and back"),
	SET(PART_PORTS, MAP_FORWARDS, &forwards_type, "published ports and whose they are"),
	SET(PART_PORTS, MAP_FORWARDS6, &forwards6_type, "the same for IPv6"),
	SET(PART_PORTS, SET_HAIRPIN, &link_pairs_type, "where a call turns round on its own link"),
	SET(PART_PORTS, SET_TRAFFIC, &traffic_type, "what passed by each, by where it leads"),
	SET(PART_PORTS, SET_TRAFFIC6, &traffic6_type, "the same for IPv6"),
	CHAIN(PART_PORTS, "published", "they are called, and answer"),
	CHAIN(PART_PORTS, "publish", "ports of the host that are containers'"),
	HOOKED(PART_PORTS, "prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST,
	       "called from outside, or by a container"),
	HOOKED(PART_PORTS, "output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST,
	       "called by the host itself"),
	HOOKED(PART_PORTS, "loopback-out", "filter", NF_INET_LOCAL_OUT, NF_IP_PRI_MANGLE,
	       "no route leads away from 127.0.0.1"),
	HOOKED(PART_PORTS, "loopback-back", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST + 1,
	       "no route leads to 127.0.0.1 from outside"),
	HOOKED(PART_PORTS, "loopback-in", "filter", NF_INET_LOCAL_IN, NF_IP_PRI_NAT_SRC + 1,
	       "who called from 127.0.0.1 is answered there"),

	SET(PART_BOUND, MAP_ADDRESS, &address_type, "published by one address of the host"),
	SET(PART_BOUND, MAP_ADDRESS6, &address6_type, "the same for IPv6"),
	SET(PART_BOUND, MAP_LINK, &link_type, "published through one link"),
	SET(PART_BOUND, MAP_LINK6, &link6_type, "the same for IPv6"),
	SET(PART_BOUND, MAP_BOTH, &both_type, "published by one address through one link"),
	SET(PART_BOUND, MAP_BOTH6, &both6_type, "the same for IPv6"),
	SET(PART_BOUND, SET_BINDINGS, &bindings_type, "the links and addresses of these maps"),
};

#define FROM_CONTAINER      { .kind = WORD_IIFNAME, .name = NAT_PREFIX }
#define TO_CONTAINER        { .kind = WORD_OIFNAME, .name = NAT_PREFIX }
#define FROM_OUTSIDE        { .kind = WORD_IIFNAME_IN, .name = SET_EXTERNAL }
#define TO_OUTSIDE          { .kind = WORD_OIFNAME_IN, .name = SET_EXTERNAL }
#define FROM_OPENED(v_, set_) { .kind = WORD_IIFNAME_OF, .bits = (v_), .name = (set_) }
#define LINK_LOCAL          { .kind = WORD_LINK_LOCAL }
#define MAC_OTHER           { .kind = WORD_PIN, .pin = PIN_MAC_OTHER }
#define SOURCE_MISSING      { .kind = WORD_SOURCE_MISSING }
#define FROM_INTERNAL(v_, set_) { .kind = WORD_SADDR_IN, .bits = (v_), .name = (set_) }
#define TO_INTERNAL(v_, set_)   { .kind = WORD_DADDR_IN, .bits = (v_), .name = (set_) }
#define FROM_LEASED(v_, set_)   FROM_INTERNAL(v_, set_)
#define TO_LEASED(v_, set_)     { .kind = WORD_DADDR_IN, .bits = (v_), .name = (set_) }
#define TO_ROUTED(v_, set_)     TO_LEASED(v_, set_)
#define FIRST               { .kind = WORD_SYN }
#define FIT                 { .kind = WORD_CLAMP }
#define LEAVE_WITH(v_, map_) { .kind = WORD_SNAT, .bits = (v_), .name = (map_) }
#define MASQUERADE          { .kind = WORD_MASQUERADE }
#define STATE(bits_)        { .kind = WORD_CT_STATE, .bits = (bits_) }
#define LINKED              { .kind = WORD_LINKS_IN, .name = SET_LINKED }
#define TURNING             { .kind = WORD_LINKS_IN, .name = SET_TURNING }
#define SAME_LINK           { .kind = WORD_LINKS_IN, .name = SET_HAIRPIN }
#define OUT_OF_LOOPBACK     { .kind = WORD_OIF_LOOPBACK }
#define IN_NOT_LOOPBACK     { .kind = WORD_IIF_REAL }
#define OUT_NOT_LOOPBACK    { .kind = WORD_OIF_REAL }
#define TO_HOST             { .kind = WORD_TO_HOST }
#define FORWARDED           { .kind = WORD_CT_FORWARDED }
#define COUNT_PORT(v_, set_) { .kind = WORD_TRAFFIC, .bits = (v_), .name = (set_) }
#define CALLING             { .kind = WORD_CT_DIRECTION, .bits = IP_CT_DIR_ORIGINAL }
#define ANSWERING           { .kind = WORD_CT_DIRECTION, .bits = IP_CT_DIR_REPLY }
#define FROM_LOOPBACK(v_)   { .kind = WORD_SADDR_LOOPBACK, .bits = (v_) }
#define TO_LOOPBACK(v_)     { .kind = WORD_DADDR_LOOPBACK, .bits = (v_) }
#define BEGAN_LOOPBACK(v_)  { .kind = WORD_CT_LOOPBACK, .bits = (v_) }
#define SENDER_OF(v_, map_) { .kind = WORD_SADDR_MAP, .bits = (v_), .name = (map_) }
#define RECEIVER_LEFT(v_)   { .kind = WORD_DADDR_REPLY, .bits = (v_) }
#define RECEIVER_BEGAN(v_)  { .kind = WORD_DADDR_ORIGINAL, .bits = (v_) }
#define PUBLISH(v_, map_)   { .kind = WORD_DNAT, .bits = (v_), .name = (map_) }
#define PUBLISH_ADDRESS(v_, map_) PUBLISH((v_) | KEY_ADDRESS, map_)
#define PUBLISH_LINK(v_, map_) PUBLISH((v_) | KEY_LINK, map_)
#define PUBLISH_BOTH(v_, map_) PUBLISH((v_) | KEY_LINK | KEY_ADDRESS, map_)
#define V4                  NFPROTO_IPV4
#define V6                  NFPROTO_IPV6
#define ANSWER              (NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))
#define KNOWN               (ANSWER | NF_CT_STATE_BIT(IP_CT_NEW))

/*
 * What connection tracking does not know is not masqueraded either: it would leave with the
 * container's own address, so "from-container" lets known packets out and not simply everything.
 *
 * Links that forward only because we had them do so, are not to make a router of the host: from those
 * "strangers" lets pass what was sent elsewhere by a rule, a published port's, and its answers; what is of
 * containers and internal networks has been judged before. Frames that pass within a bridge come by where
 * br_netfilter is at work, from the bridge to itself, whoever their receiver is. A link that forwarded
 * before is none of our business.
 *
 * A container on a bridge is reached by its own address through that bridge only ("to-home"), so that a
 * host that routes, for whomever, opens none of its ports. Behind its bridge it is a host among hosts.
 * To be reached from everywhere does not open it to other containers: for one that it has called the
 * table for bridges has a gap, as wide as that can see.
 *
 * "pin" asks for the way back to a packet's sender. A container's addresses are routed to its own
 * link, so that the route is the lease and one rule pins all containers, for rp_filter=1 on the link
 * yields to a 2 in conf/all. The unspecified address of an IPv6 host that has none yet passes the
 * fib expression by itself. Link-local ones, which it uses to find its neighbour, are all routed to
 * the link or, where the host's end has no such address, none is: they may be anybody's, and so say
 * nothing but that ("link-local").
 *
 * "mac" takes no element per container either: the host's end of a cable is in a group that was chosen to hash
 * to zero together with the MAC of the other end (base/link-group.h). A link that is in none has not been
 * given one yet, or is of a container that is not pinned.
 *
 * A published port is an element of a map, whoever calls it, and however many there are: outsiders and
 * containers come through "prerouting", the host itself through "output". The kernel refuses packets to
 * 127.0.0.1 from other links only after "prerouting" could have sent them elsewhere; of ::1 it does so
 * before. What is bound to an address or a link is in maps of its own, whose keys have that as well: no
 * packet is in two of them, since nobody gets a port that overlaps with another's. The host's own calls
 * come through no link.
 *
 * On 127.0.0.1 that is not enough. Without route_localnet, which would open the host's loopback to its neighbours, the kernel
 * finds no way for a packet from 127.0.0.1 to a container (__mkroute_output()), and takes none to
 * 127.0.0.1 from a container (ip_route_input_slow()). So such a call never has a loopback address while
 * the kernel looks for its way: "loopback-out" gives it another sender before the look-up, which
 * "postrouting" then makes the real one in connection tracking; of the answer, "loopback-back" undoes
 * for the look-up what connection tracking has put back, and "loopback-in" does it for good behind
 * it. Any sender does that is none of the loopback's, and the one that costs no element of its own is
 * where the port leads to: the map has it. Each of the three touches packets of such connections only.
 * Their first word is not what tells these apart: it spares all others the rest. For a packet from ::1
 * kernels up to 6.18 at least do find a way; it goes as if they did not, since it is not to leave its
 * host (RFC 4291, 2.5.3).
 */
const struct rule ruleset_rules[RULESET_RULES] = {
	{ PART_TABLE, "from-container", "no segment larger than the way allows",
	  { FIRST, FIT } },
	{ PART_PORTS, "from-container", "published by another container",
	  { TO_CONTAINER, FORWARDED, GOTO("published") } },
	{ PART_PORTS, "from-container", "answers of what it publishes",
	  { FORWARDED, STATE(ANSWER), GOTO("published") } },
	{ PART_PEERS, "from-container", "linked",
	  { TO_CONTAINER, LINKED, COUNT("linked"), ACCEPT } },
	{ PART_OPEN, "from-container", "isolation is off",
	  { TO_CONTAINER, COUNT("between"), ACCEPT } },
	{ PART_OPEN, "from-container", "the same, where a bridge leads outside",
	  { TO_OUTSIDE, STATE(KNOWN), COUNT("outgoing"), ACCEPT } },
	{ PART_BRIDGED, "from-container", "to a container on a bridge",
	  { TO_LEASED(V4, SET_LEASED), GOTO("to-bridged") } },
	{ PART_BRIDGED, "from-container", "the same for IPv6",
	  { TO_LEASED(V6, SET_LEASED6), GOTO("to-bridged") } },
	{ PART_TABLE, "from-container", "known, else it would not be masqueraded",
	  { TO_OUTSIDE, STATE(KNOWN), COUNT("outgoing"), ACCEPT } },
	{ PART_TABLE, "from-container", "all else",
	  { COUNT("dropped"), DROP } },

	{ PART_BRIDGED, "to-bridged", "what it publishes",
	  { FORWARDED, ACCEPT } },
	{ PART_BRIDGED, "to-bridged", "all else, also where the bridge leads outside",
	  { COUNT("dropped"), DROP } },

	{ PART_BRIDGED, "to-home", "a host there, which br_netfilter shows",
	  { OWN(FIELD_IP_DADDR, SET_HOMES), RETURN } },
	{ PART_BRIDGED, "to-home", "the same for IPv6",
	  { OWN(FIELD_IP6_DADDR, SET_HOMES6), RETURN } },
	{ PART_BRIDGED, "to-home", "answers",
	  { STATE(ANSWER), RETURN } },
	{ PART_BRIDGED, "to-home", "what it publishes",
	  { FORWARDED, RETURN } },
	{ PART_OPEN, "to-home", "by a container, and isolation is off",
	  { OWN(FIELD_IP_SADDR, SET_HOMES), COUNT("between"), RETURN } },
	{ PART_OPEN, "to-home", "the same for IPv6",
	  { OWN(FIELD_IP6_SADDR, SET_HOMES6), COUNT("between"), RETURN } },
	{ PART_BRIDGED, "to-home", "by a container, which answers and no more",
	  { FROM_LEASED(V4, SET_LEASED), COUNT("dropped"), DROP } },
	{ PART_BRIDGED, "to-home", "the same for IPv6",
	  { FROM_LEASED(V6, SET_LEASED6), COUNT("dropped"), DROP } },
	{ PART_BRIDGED, "to-home", "its definition has it reached so",
	  { TO_ROUTED(V4, SET_ROUTED), RETURN } },
	{ PART_BRIDGED, "to-home", "the same for IPv6",
	  { TO_ROUTED(V6, SET_ROUTED6), RETURN } },
	{ PART_BRIDGED, "to-home", "all else",
	  { COUNT("dropped"), DROP } },

	{ PART_TABLE, "to-container", "no segment larger than the way allows",
	  { FIRST, FIT } },
	{ PART_PORTS, "to-container", "what it publishes",
	  { FORWARDED, GOTO("published") } },
	{ PART_TABLE, "to-container", "answers",
	  { FROM_OUTSIDE, STATE(ANSWER), COUNT("incoming"), ACCEPT } },
	{ PART_TABLE, "to-container", "all else",
	  { COUNT("dropped"), DROP } },

	{ PART_PORTS, "published", "by port, IPv4",
	  { COUNT_PORT(V4, SET_TRAFFIC) } },
	{ PART_PORTS, "published", "by port, IPv6",
	  { COUNT_PORT(V6, SET_TRAFFIC6) } },
	{ PART_PORTS, "published", "and all together",
	  { COUNT("published"), ACCEPT } },

	{ PART_TABLE, "forward", "sent by a container",
	  { FROM_CONTAINER, GOTO("from-container") } },
	{ PART_TABLE, "forward", "sent to a container",
	  { TO_CONTAINER, GOTO("to-container") } },
	{ PART_BRIDGED, "forward", "sent to a container on a bridge",
	  { TO_LEASED(V4, SET_LEASED), JUMP("to-home") } },
	{ PART_BRIDGED, "forward", "the same for IPv6",
	  { TO_LEASED(V6, SET_LEASED6), JUMP("to-home") } },
	{ PART_INTERNAL, "forward", "sent by an internal network",
	  { FROM_INTERNAL(V4, SET_INTERNAL), JUMP("from-internal") } },
	{ PART_INTERNAL, "forward", "the same for IPv6",
	  { FROM_INTERNAL(V6, SET_INTERNAL6), JUMP("from-internal") } },
	{ PART_INTERNAL, "forward", "sent to an internal network",
	  { TO_INTERNAL(V4, SET_INTERNAL), JUMP("to-internal") } },
	{ PART_INTERNAL, "forward", "the same for IPv6",
	  { TO_INTERNAL(V6, SET_INTERNAL6), JUMP("to-internal") } },
	{ PART_OPENED, "forward", "from links that would not forward without us",
	  { FROM_OPENED(V4, SET_OPENED), GOTO("strangers") } },
	{ PART_OPENED, "forward", "the same for IPv6",
	  { FROM_OPENED(V6, SET_OPENED6), GOTO("strangers") } },

	{ PART_OPENED, "strangers", "what is published, and its answers",
	  { FORWARDED, ACCEPT } },
	{ PART_OPENED, "strangers", "within a bridge, seen by br_netfilter",
	  { TURNING, ACCEPT } },
	{ PART_OPENED, "strangers", "all else",
	  { COUNT("dropped"), DROP } },

	{ PART_INTERNAL, "from-internal", "no segment larger than the way allows",
	  { TO_OUTSIDE, FIRST, FIT } },
	{ PART_INTERNAL, "from-internal", "known, else it would not be masqueraded",
	  { TO_OUTSIDE, STATE(KNOWN), COUNT("outgoing"), ACCEPT } },
	{ PART_INTERNAL, "from-internal", "all else",
	  { TO_OUTSIDE, COUNT("dropped"), DROP } },

	{ PART_INTERNAL, "to-internal", "no segment larger than the way allows",
	  { FROM_OUTSIDE, FIRST, FIT } },
	{ PART_INTERNAL, "to-internal", "answers",
	  { FROM_OUTSIDE, STATE(ANSWER), COUNT("incoming"), ACCEPT } },
	{ PART_INTERNAL, "to-internal", "what somebody forwards there",
	  { FROM_OUTSIDE, FORWARDED, ACCEPT } },
	{ PART_INTERNAL, "to-internal", "all else",
	  { FROM_OUTSIDE, COUNT("dropped"), DROP } },

	{ PART_TABLE, "postrouting", "of a container, IPv4 and IPv6",
	  { FROM_CONTAINER, TO_OUTSIDE, COUNT("masqueraded"), GOTO("leave") } },
	{ PART_INTERNAL, "postrouting", "of an internal network",
	  { FROM_INTERNAL(V4, SET_INTERNAL), TO_OUTSIDE, COUNT("masqueraded"), GOTO("leave") } },
	{ PART_INTERNAL, "postrouting", "the same for IPv6",
	  { FROM_INTERNAL(V6, SET_INTERNAL6), TO_OUTSIDE, COUNT("masqueraded"), GOTO("leave") } },

	{ PART_ADDRESS, "leave", "the one that is set for the family",
	  { LEAVE_WITH(V4, MAP_SOURCE) } },
	{ PART_ADDRESS, "leave", "the same for IPv6",
	  { LEAVE_WITH(V6, MAP_SOURCE6) } },
	{ PART_TABLE, "leave", "that of the link",
	  { MASQUERADE } },

	{ PART_PORTS, "postrouting", "back to where it came from: the answer must come through the host",
	  { FORWARDED, SAME_LINK, MASQUERADE } },
	{ PART_BRIDGED, "postrouting", "from one bridge to another one, where it must come through as well",
	  { IN_NOT_LOOPBACK, FORWARDED, FROM_LEASED(V4, SET_LEASED), TO_LEASED(V4, SET_LEASED),
	    MASQUERADE } },
	{ PART_BRIDGED, "postrouting", "the same for IPv6",
	  { IN_NOT_LOOPBACK, FORWARDED, FROM_LEASED(V6, SET_LEASED6), TO_LEASED(V6, SET_LEASED6),
	    MASQUERADE } },
	{ PART_PORTS, "postrouting", "127.0.0.1 is somebody else elsewhere",
	  { OUT_NOT_LOOPBACK, FORWARDED, BEGAN_LOOPBACK(V4), MASQUERADE } },
	{ PART_PORTS, "postrouting", "and so is ::1",
	  { OUT_NOT_LOOPBACK, FORWARDED, BEGAN_LOOPBACK(V6), MASQUERADE } },

	{ PART_TABLE, "source", "before connection tracking, and whatever accepts them later",
	  { FROM_CONTAINER, GOTO("pin") } },
	{ PART_INTERNAL, "source", "nobody outside has an internal address",
	  { FROM_OUTSIDE, FROM_INTERNAL(V4, SET_INTERNAL), SOURCE_MISSING, COUNT("dropped"), DROP } },
	{ PART_INTERNAL, "source", "the same for IPv6",
	  { FROM_OUTSIDE, FROM_INTERNAL(V6, SET_INTERNAL6), SOURCE_MISSING, COUNT("dropped"), DROP } },

	{ PART_MACS, "pin", "under which MAC it was sent",
	  { JUMP("mac") } },
	{ PART_TABLE, "pin", "another way is the host's to choose",
	  { ICMP(ICMP_REDIRECT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "pin", "RFC 1256",
	  { ICMP(ICMP_ROUTERADVERT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "pin", "the same for IPv6",
	  { ICMP6(ND_REDIRECT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "pin", "RFC 4861",
	  { ICMP6(ND_ROUTER_ADVERT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "pin", "DHCP server",
	  { UDP_TO(DHCP_CLIENT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "pin", "DHCPv6 server",
	  { UDP_TO(DHCP6_CLIENT), COUNT("rogue"), DROP } },
	{ PART_TABLE, "pin", "a piece that connection tracking could not put together",
	  { PIECE, COUNT("rogue"), DROP } },
	{ PART_TABLE, "pin", "never leaves the link",
	  { LINK_LOCAL, GOTO("link-local") } },
	{ PART_TABLE, "pin", "the way back is another one",
	  { SOURCE_MISSING, COUNT("spoofed"), DROP } },

	{ PART_MACS, "mac", "another one than goes with the group of the link",
	  { MAC_OTHER, COUNT("spoofed"), DROP } },

	{ PART_TABLE, "link-local", "who has this address",
	  { ICMP6(ND_NEIGHBOR_SOLICIT), ACCEPT } },
	{ PART_TABLE, "link-local", "I have this address",
	  { ICMP6(ND_NEIGHBOR_ADVERT), ACCEPT } },
	{ PART_TABLE, "link-local", "who is a router",
	  { ICMP6(ND_ROUTER_SOLICIT), ACCEPT } },
	{ PART_TABLE, "link-local", "which groups it hears",
	  { ICMP6(MLD2_LISTENER_REPORT), ACCEPT } },
	{ PART_TABLE, "link-local", "the same, as it was said before",
	  { ICMP6(MLD_LISTENER_REPORT), ACCEPT } },
	{ PART_TABLE, "link-local", "and no longer",
	  { ICMP6(MLD_LISTENER_REDUCTION), ACCEPT } },
	{ PART_TABLE, "link-local", "whose address it is no route tells",
	  { COUNT("dropped"), DROP } },

	{ PART_PORTS, "publish", "IPv4",
	  { PUBLISH(V4, MAP_FORWARDS) } },
	{ PART_PORTS, "publish", "IPv6",
	  { PUBLISH(V6, MAP_FORWARDS6) } },
	{ PART_BOUND, "publish", "by one address, IPv4",
	  { PUBLISH_ADDRESS(V4, MAP_ADDRESS) } },
	{ PART_BOUND, "publish", "by one address, IPv6",
	  { PUBLISH_ADDRESS(V6, MAP_ADDRESS6) } },
	{ PART_BOUND, "publish", "through one link, IPv4",
	  { PUBLISH_LINK(V4, MAP_LINK) } },
	{ PART_BOUND, "publish", "through one link, IPv6",
	  { PUBLISH_LINK(V6, MAP_LINK6) } },
	{ PART_BOUND, "publish", "by one address through one link, IPv4",
	  { PUBLISH_BOTH(V4, MAP_BOTH) } },
	{ PART_BOUND, "publish", "by one address through one link, IPv6",
	  { PUBLISH_BOTH(V6, MAP_BOTH6) } },
	{ PART_PORTS, "prerouting", "nobody else calls 127.0.0.1",
	  { IN_NOT_LOOPBACK, TO_LOOPBACK(V4), ACCEPT } },
	{ PART_PORTS, "prerouting", "nothing that only passes through",
	  { TO_HOST, GOTO("publish") } },
	{ PART_PORTS, "output", "nothing for others",
	  { TO_HOST, GOTO("publish") } },

	{ PART_PORTS, "loopback-out", "IPv4",
	  { OUT_OF_LOOPBACK, CALLING, FROM_LOOPBACK(V4), SENDER_OF(V4, MAP_FORWARDS) } },
	{ PART_PORTS, "loopback-out", "IPv6",
	  { OUT_OF_LOOPBACK, CALLING, FROM_LOOPBACK(V6), SENDER_OF(V6, MAP_FORWARDS6) } },
	{ PART_BOUND, "loopback-out", "by one address, IPv4",
	  { OUT_OF_LOOPBACK, CALLING, FROM_LOOPBACK(V4),
	    SENDER_OF(V4 | KEY_ADDRESS, MAP_ADDRESS) } },
	{ PART_BOUND, "loopback-out", "by one address, IPv6",
	  { OUT_OF_LOOPBACK, CALLING, FROM_LOOPBACK(V6),
	    SENDER_OF(V6 | KEY_ADDRESS, MAP_ADDRESS6) } },
	{ PART_PORTS, "loopback-back", "IPv4",
	  { IN_NOT_LOOPBACK, FORWARDED, ANSWERING, TO_LOOPBACK(V4), RECEIVER_LEFT(V4) } },
	{ PART_PORTS, "loopback-back", "IPv6",
	  { IN_NOT_LOOPBACK, FORWARDED, ANSWERING, TO_LOOPBACK(V6), RECEIVER_LEFT(V6) } },
	{ PART_PORTS, "loopback-in", "IPv4",
	  { IN_NOT_LOOPBACK, FORWARDED, ANSWERING, BEGAN_LOOPBACK(V4), RECEIVER_BEGAN(V4) } },
	{ PART_PORTS, "loopback-in", "IPv6",
	  { IN_NOT_LOOPBACK, FORWARDED, ANSWERING, BEGAN_LOOPBACK(V6), RECEIVER_BEGAN(V6) } },
};
/* clang-format on */

const struct ruleset inet_ruleset = {
	.family = NFPROTO_INET,
	.label = "inet " NAT_TABLE,
	.parts = PART_TABLE | PART_PORTS | PART_INTERNAL | PART_ADDRESS | PART_BOUND | PART_PEERS |
		 PART_OPEN | PART_BRIDGED | PART_OPENED | PART_MACS,
	.objects = ruleset_objects,
	.n_objects = RULESET_OBJECTS,
	.rules = ruleset_rules,
	.n_rules = RULESET_RULES,
};
