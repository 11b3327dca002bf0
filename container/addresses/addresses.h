/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"
#include "container/addresses/pools.h"
#include "container/addresses/session.h"
#include "container/definitions/definitions.h"
#include "ipam/ipam.h"
#include "managers/managers.h"

/* Which addresses containers have, and who else has them. */

/*
 * Opens the address book by the settings of the host, in the name of whoever runs this. The caller
 * ends with ipam_close().
 */
int book_open(const struct paths *paths, enum ipam_access access, struct ipam **ret_ipam,
	      struct error *e);

/* What is to be reserved, addresses as they were typed, NULL where not given. */
struct reserve_request {
	const char *name;
	const char *host_address, *local_address;
	const char *host_address6, *local_address6;
	const char *bridge;
	const char *reason;
	bool force; /* whatever else on the host has them */
};

/*
 * Reserves addresses for a container that is created later, which are in nobody's way on the host. Returns 1,
 * 0 when it is so, or -errno: -EADDRINUSE.
 */
int addresses_reserve(const struct paths *paths, const struct reserve_request *request,
		      struct ipam_lease *ret_lease, struct error *e);

/*
 * Gives up what is reserved for @what, a name or an address, or held by a container that is gone, or
 * ends the cool-down of an address. Returns 1, 0 when it is free, or -errno.
 */
int addresses_release(const struct paths *paths, const char *what, const char *reason,
		      struct error *e);

/* Notes down what a lease is for. Returns 1, 0 when it says so, or -errno. */
int addresses_describe(const struct paths *paths, const char *what, const char *reason,
		       struct error *e);

/* Whether addresses that somebody has chosen may be in use on the host by others than containers. */
enum address_care { ADDRESSES_JUDGED, ADDRESSES_FORCED };

/* ------------------------------------------------------------- what definitions claim in the book */

/*
 * Says how the pairs of a claim were come by, from what the book had for the container; NULL: nothing.
 */
void claim_as_it_was(struct ipam_lease *claim, const struct ipam_lease *old);

/*
 * Has the book say what a definition does, by its claim. A host end that another container has as
 * well is given up in @lease, and the log says so. @elsewhere: its definition is in the older place, so
 * that it is reserved. Returns 1, 0 when the book had it so, or -errno naming the holder.
 */
int claim_enter(struct ipam *ipam, struct ipam_lease *lease, bool elsewhere, struct error *e);

/* ------------------------------------------------------------- addresses in use elsewhere */

enum conflict_grade {
	CONFLICT_NOTHING,
	CONFLICT_NOTE,    /* something wider has it too, and what is more specific goes first */
	CONFLICT_REFUSED, /* the same, or something within */
};

#define CONFLICT_HOLDER 384

/* Something on the host that an address, or a pool, meets with. */
struct conflict {
	enum conflict_grade grade;
	char container[CONTAINER_NAME_MAX]; /* which holds the address, or "" */
	char pool[IPAM_NAME_MAX];           /* or which pool it is, or "" */
	struct prefix subject;              /* the address, or the pool's network */
	struct prefix prefix;               /* what it meets with */
	char holder[CONFLICT_HOLDER];       /* "route 10.233.0.0/16 through wg0" */
};

/* Some of them, and what could not be read. */
struct conflicts {
	size_t count, room;
	struct conflict *list;          /* the caller frees it */
	struct engine_networks engines; /* its list is empty; the files that were not understood */
};

const char *conflict_grade_name(enum conflict_grade grade);
/* Compares all leases and pools with all addresses, routes and engines of the host. 0 or -errno. */
int conflicts_read(const struct paths *paths, struct conflicts *ret_conflicts, struct error *e);
