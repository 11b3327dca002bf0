/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/*
 * The address book: who has which address. A sqlite file of which this library is the only reader
 * and writer; the database itself forbids that an address is leased twice.
 *
 * Automatic pairs come out of the pool "default", 10.233.0.0/16, in the order of doc/design.md: the
 * next that was never used, and when all have been, the one that has been free the longest. Finding
 * it costs the same however full the pool is.
 *
 * Every call that changes something is one transaction, on the disk when the call returns.
 */

struct ipam;

#define IPAM_NAME_MAX 64 /* a container's or pool's name with its NUL */

/* The addresses of one family that a container holds. */
struct ipam_pair {
	struct addr host; /* the host's end; none on a bridge, where a gateway belongs to nobody */
	struct prefix local; /* the container's end; family AF_UNSPEC: no pair of this family */
	bool automatic;      /* taken from a pool, not given by somebody */
};

/* What one container holds. */
struct ipam_lease {
	char container[IPAM_NAME_MAX];
	struct mac mac; /* of the container's eth0, its stored identity; may be none */
	struct ipam_pair v4;
	struct ipam_pair v6;
	int64_t since; /* seconds since the epoch */
};

enum ipam_lease_flags {
	IPAM_AUTOMATIC_V4 =
		1 << 0,        /* take the next pair of the pool; v4 of the request is ignored */
	IPAM_REPLACE = 1 << 1, /* a different lease of the same container is given up for it */
};

/* One pool and how full it is; capacity, leased and free count pairs. */
struct ipam_usage {
	char pool[IPAM_NAME_MAX];
	struct prefix prefix;
	uint32_t capacity;
	uint32_t leased;  /* automatic pairs */
	uint32_t blocked; /* pairs that touch an address somebody was given explicitly */
	uint32_t free;
};

enum ipam_access {
	IPAM_READ,  /* never makes or changes the file; a missing file is an empty book */
	IPAM_WRITE, /* makes the file (0600) and its directory (0700) if need be */
};

/* Opens the book at @path. The caller ends with ipam_close(), which accepts NULL. */
int ipam_open(const char *path, enum ipam_access access, struct ipam **ret_ipam, struct error *e);
void ipam_close(struct ipam *ipam);
void ipam_closep(struct ipam **ipam);

/*
 * Leases addresses to a container: the explicit pairs of @request, or with IPAM_AUTOMATIC_V4 the
 * next pair of the pool. Returns 1, or 0 when the container holds just that already (an automatic
 * request is met by any automatic pair), *ret_lease being the lease either way. Fails with
 * -EADDRINUSE (ERROR_CONFLICT, names the holder of the address), -EEXIST (ERROR_CONFLICT, the
 * container holds something else and IPAM_REPLACE is not given), -ENOSPC (ERROR_EXHAUSTED),
 * -EINVAL (ERROR_USAGE: an address nobody can have, the network or broadcast address of a pool,
 * both ends the same).
 */
int ipam_lease(struct ipam *ipam, const struct ipam_lease *request, unsigned flags,
	       struct ipam_lease *ret_lease, struct error *e);

/*
 * The same for many containers in one transaction: all of them or none, for what a transaction costs
 * besides is most of what a lease costs. Outputs of a failed call are not to be used. Returns how
 * many hold something else than before.
 */
int ipam_lease_many(struct ipam *ipam, const struct ipam_lease *requests, size_t count,
		    unsigned flags, struct ipam_lease *ret_leases, struct error *e);

/* Gives up all that a container holds. Returns 1, or 0 when it held nothing. */
int ipam_release(struct ipam *ipam, const char *container, struct error *e);

/* What a container holds. Returns 1, or 0 when it holds nothing. */
int ipam_lookup(struct ipam *ipam, const char *container, struct ipam_lease *ret_lease,
		struct error *e);

/* Who holds an address, at either end. Returns 1, or 0 when nobody does. */
int ipam_holder(struct ipam *ipam, const struct addr *addr, struct ipam_lease *ret_lease,
		struct error *e);

/* All leases by container name. Returns 0; the caller frees *ret_leases, NULL when there is none. */
int ipam_list(struct ipam *ipam, struct ipam_lease **ret_leases, size_t *ret_count,
	      struct error *e);

/* All pools. Returns 0; the caller frees *ret_usage. */
int ipam_usage(struct ipam *ipam, struct ipam_usage **ret_usage, size_t *ret_count,
	       struct error *e);
