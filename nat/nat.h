/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The table "inet nixctr-net": constant chains and rules, and one set of external links. Without
 * external links a container reaches the host and nothing else; with them, connections from
 * containers leave through those links, masqueraded, and only replies come back. Nothing in it grows
 * with the number of containers.
 *
 * struct nat_spec says what it should be; it is ensured, read back, compared and removed.
 */

struct nat;

#define NAT_TABLE        "nixctr-net"
#define NAT_PREFIX       "ve-"
#define NAT_EXTERNAL_MAX 32

/* What the table should be. */
struct nat_spec {
	size_t n_external; /* 0: NAT is not enabled, containers are isolated */
	char external[NAT_EXTERNAL_MAX][IFNAMSIZ];
	bool ipv6; /* a container has IPv6: before 6.17 the kernel forwards that for all links or none */
};

struct nat_counter {
	uint64_t packets;
	uint64_t bytes;
};

/* What the kernel has. */
struct nat_state {
	bool intact;          /* chains and rules are just what they should be */
	char difference[128]; /* the first that was found, in words, when it is not intact */
	size_t n_external;
	char external[NAT_EXTERNAL_MAX][IFNAMSIZ];
	struct nat_counter masqueraded; /* connections: first packets only */
	struct nat_counter outgoing;    /* forwarded from containers to external links */
	struct nat_counter incoming;    /* replies forwarded to containers */
	struct nat_counter dropped;     /* everything else from or to a container */
};

#define NAT_DRIFT_MAX 40

/* How the table differs from what it should be, in words. */
struct nat_drift {
	size_t count;
	char line[NAT_DRIFT_MAX][160];
};

/* Opens a session in the namespace of the calling thread, the host's. nat_close() accepts NULL. */
int nat_open(struct nat **ret_nat, struct error *e);
void nat_close(struct nat *nat);
void nat_closep(struct nat **nat);

/*
 * Adds an external link to @spec, once. "ve-..." is refused: it would be inside and outside at the
 * same time. Returns 1, 0 when it is there already, -EINVAL (ERROR_USAGE) or -ENOSPC.
 */
int nat_spec_add(struct nat_spec *spec, const char *link, struct error *e);

/*
 * Makes the table what @spec says, in one atomic batch. An intact table is left alone, a changed set
 * of external links costs its elements, anything else is made anew. Returns 1 when something was
 * done, 0 when all was right.
 */
int nat_ensure(struct nat *nat, const struct nat_spec *spec, struct error *e);

/* Reads the table back. Returns 1, or 0 when there is none. */
int nat_read(struct nat *nat, struct nat_state *ret_state, struct error *e);

/* Compares what is with what should be; @state NULL: there is no table. Returns the differences. */
size_t nat_compare(const struct nat_spec *spec, const struct nat_state *state,
		   struct nat_drift *ret_drift);

/* Removes the table. Returns 1, or 0 when it was gone. */
int nat_remove(struct nat *nat, struct error *e);

/*
 * Lets the kernel forward packets that arrive on the external links of @spec, per link where it can,
 * and writes what was there before into the file @record, once. Returns 1, or 0 when all was so.
 */
int nat_forwarding_ensure(const struct nat_spec *spec, const char *record, struct error *e);

/* Adds to @drift how the switches differ from what @spec needs. Returns 0. */
int nat_forwarding_compare(const struct nat_spec *spec, const char *record, struct nat_drift *drift,
			   struct error *e);

/* Puts every switch recorded in @record back and removes the file. Returns 1, 0 without a record. */
int nat_forwarding_restore(const char *record, struct error *e);
