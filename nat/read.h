/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "nat/nat.h"
#include "nat/ruleset.h"

#define SNAPSHOT_OBJECTS RULESET_OBJECTS /* no table of ours has more */

/* A table at one moment, between two commits of anybody, or as near to one as its reader needs. */
struct snapshot {
	const struct ruleset *ruleset; /* what it should be */
	bool present;
	bool foreign; /* somebody else has made it, for himself */
	struct nat_state state;
	uint32_t owner;      /* netlink port of the process that owns the table, 0: none */
	uint32_t generation; /* of the ruleset it was taken from; 0: from several */
	unsigned parts;      /* which of the table are there, as bits */
	size_t use;          /* how many objects are in it */
	bool objects[SNAPSHOT_OBJECTS]; /* which of ours are there */
	size_t rules[SNAPSHOT_OBJECTS]; /* how many each chain has */
};

/* How often to begin again when others keep changing the ruleset under our hands. */
#define SNAPSHOT_TRIES 100
#define WATCHED_TRIES  3 /* by a session that is told of all changes */

/* Notes that the table is not what it should be; only the first difference is kept. */
__attribute__((format(printf, 2, 3))) void snapshot_differs(struct snapshot *snapshot,
							    const char *format, ...);

int take_generation(void *data, size_t index, const struct nlmsghdr *answer, struct error *e);
unsigned snapshot_tries(const struct nat *nat);
/* Fills in what sets and maps hold, of the parts that are there. Returns 0, -ERESTART, or -errno. */
int snapshot_read_contents(struct nat *nat, struct snapshot *snapshot, struct error *e);
int snapshot_read(struct nat *nat, const struct ruleset *ruleset, struct snapshot *ret_snapshot,
		  struct error *e);
