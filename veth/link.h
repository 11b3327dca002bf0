/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "veth/batch.h"
#include "veth/veth.h"

/* What the kernel sends, taken apart. */

#define LINK_ALIAS_MAX 256 /* IFALIASZ */

/* The switches of one family on one link. */
struct link_switches {
	bool enabled; /* IPv6 can be off */
	bool forwarding;
	bool forced; /* IPv6: forwarding counts whatever that of all links is, kernel 6.17 */
	bool accept_redirects;
	bool accept_ra;     /* IPv6 */
	bool strict_source; /* IPv4 */
};

/* A link; ifindex 0: there is none. */
struct link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[16];
	char alias[LINK_ALIAS_MAX];
	bool altname; /* has the name that was wanted among its alternative ones */
	bool up, carrier;
	uint32_t mtu;
	uint32_t group;
	struct mac mac;
	int master;        /* ifindex of its bridge, or 0 */
	bool guarded, cut; /* as a port of a bridge, against spanning tree frames, and by that */
	int peer;          /* ifindex of the other end, in the other end's namespace */
	int peer_ns;       /* number of that namespace, -1 when it is this one */
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
	uint64_t rx_dropped, tx_dropped, rx_errors, tx_errors;
	struct link_switches v4, v6;
};

/* What addresses are looked for on a link: these two, or else the first global one. */
struct address_wanted {
	struct addr v4, v6;
};

/* An address with its peer. */
struct address {
	struct prefix local; /* AF_UNSPEC: there is none */
	struct addr peer;
};

struct addresses {
	struct address v4, v6;
};

/* A route; ifindex 0: there is none. */
struct route {
	int ifindex;
	uint32_t metric;
	struct addr gateway;
};

/* The number of a namespace; assigned only when some link leads there. */
struct nsid {
	bool assigned;
	int number;
};

/* For struct answer; link.c says what @wanted and @found are. */
void link_take(const struct nlmsghdr *reply, const void *wanted, void *found);
void addresses_take(const struct nlmsghdr *reply, const void *wanted, void *found);
void route_take(const struct nlmsghdr *reply, const void *wanted, void *found);
void route_take_default(const struct nlmsghdr *reply, const void *wanted, void *found);
void neighbour_take(const struct nlmsghdr *reply, const void *wanted, void *found);
void nsid_take(const struct nlmsghdr *reply, const void *wanted, void *found);
