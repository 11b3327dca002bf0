/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <stddef.h>

#include "nat/expression.h"
#include "nat/nat.h"
#include "nat/nft.h"

/* The description of the table; inet-ruleset.c is where to read it. */

#define SET_EXTERNAL  "external"
#define SET_INTERNAL  "internal4"
#define SET_INTERNAL6 "internal6"
#define SET_OPENED    "opened4"
#define SET_OPENED6   "opened6"
#define SET_TURNING   "turning"
#define MAP_SOURCE    "address4"
#define MAP_SOURCE6   "address6"
#define SET_HAIRPIN   "hairpin"
#define MAP_FORWARDS  "forwards4"
#define MAP_FORWARDS6 "forwards6"
#define SET_TRAFFIC   "traffic4"
#define SET_TRAFFIC6  "traffic6"
#define SET_LINKED    "linked"
#define SET_LEASED    "leased4"
#define SET_LEASED6   "leased6"
#define SET_HOMES     "homes4"
#define SET_HOMES6    "homes6"
#define SET_ROUTED    "routed4"
#define SET_ROUTED6   "routed6"

/* Of the table for bridges; bridge-ruleset.c is where to read it. It has the three above as well. */
#define SET_MACS     "macs"
#define SET_SOURCES  "sources4"
#define SET_SOURCES6 "sources6"
#define SET_FREE     "free4"
#define SET_FREE6    "free6"
#define SET_TRUSTED  "trusted"
#define SET_CALLED   "called4"
#define SET_CALLED6  "called6"
#define SET_CALLERS  "callers"
#define SET_ASKED    "asked4"
#define SET_ASKED6   "asked6"
#define SET_DIRECT   "direct4"
#define SET_DIRECT6  "direct6"
#define SET_CROWDED  "crowded"

#define CALLERS_TIMEOUT 180 /* seconds after the last packet of a caller */
#define DIRECT_TIMEOUT  90  /* more than the kernel keeps pieces of a packet for */

/* Of ports that are called by one address, through one link, or both. */
#define MAP_ADDRESS  "by-address4"
#define MAP_ADDRESS6 "by-address6"
#define MAP_LINK     "by-link4"
#define MAP_LINK6    "by-link6"
#define MAP_BOTH     "by-both4"
#define MAP_BOTH6    "by-both6"
#define SET_BINDINGS "bindings"

/* What a set has elements of, in the numbers of nft(8); a map has data as well. */
struct set_type {
	uint32_t key, key_size;   /* bytes */
	uint32_t data, data_size; /* bytes; 0: it is no map */
	uint32_t order;   /* of the bytes of what nft(8) shows: keys of a set, data of a map */
	uint32_t flags;   /* NFT_SET_... */
	bool counts;      /* what each element has met */
	uint32_t timeout; /* seconds until what a rule has put in is forgotten; 0: it is not */
};

/* The table itself, or something with a name in it. */
struct object {
	enum part part; /* one of them */
	enum nft_kind kind;
	const char *name;
	const char *comment;
	size_t counter;   /* NFT_COUNTER: where in struct nat_state its values are */
	const char *type; /* NFT_CHAIN: of a chain that is hooked in, else NULL */
	unsigned hook;
	int priority;
	const struct set_type *set; /* NFT_SET */
};

#define RULESET_OBJECTS 58
#define RULESET_RULES   101

/* A table. */
struct ruleset {
	uint8_t family;
	const char *label; /* how nft(8) calls it: "inet nixctr-net" */
	unsigned parts;    /* which it can have, as bits */
	const struct object
		*objects; /* in the order in which they are made; the first is the table */
	size_t n_objects;
	const struct rule *rules;
	size_t n_rules;
};

extern const struct object ruleset_objects[RULESET_OBJECTS];
extern const struct rule ruleset_rules[RULESET_RULES];
extern const struct ruleset inet_ruleset, bridge_ruleset;

void object_put_name(struct nlmsghdr *message, const struct object *object);
void object_put(struct nlmsghdr *message, const struct object *object, size_t number,
		uint32_t flags, const struct nat_state *state);
