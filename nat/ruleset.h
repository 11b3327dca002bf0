/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <stddef.h>

#include "nat/expression.h"
#include "nat/external.h"
#include "nat/nat.h"
#include "nat/nft.h"

/* The description of the table; ruleset.c is where to read it. */

#define SET_EXTERNAL "external"

/* The table itself, or something with a name in it. */
struct object {
	enum nft_kind kind;
	const char *name;
	const char *comment;
	size_t counter;   /* NFT_COUNTER: where in struct nat_state its values are */
	const char *type; /* NFT_CHAIN: of a chain that is hooked in, else NULL */
	unsigned hook;
	int priority;
};

#define RULESET_OBJECTS 11
#define RULESET_RULES   9

/* In the order in which they are made. The first is the table. */
extern const struct object ruleset_objects[RULESET_OBJECTS];
extern const struct rule ruleset_rules[RULESET_RULES];

void object_put_name(struct nlmsghdr *message, const struct object *object);
void object_put(struct nlmsghdr *message, const struct object *object,
		const struct nat_state *state);
void elements_put(struct nlmsghdr *message, const struct links *links);
