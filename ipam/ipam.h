/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/*
 * The address book: who has which address, who had it, and since when. A sqlite file of which this
 * library is the only reader and writer; the database itself forbids that an address is leased twice.
 *
 *	free --> reserved --> bound --> cooling --> free
 *
 * An address is reserved for a name nobody has created yet, bound while the container is there, and
 * cooling for a while after it was given up, in which it is not given out by itself. Every step is a
 * row of the history, written in the same transaction.
 *
 * Automatic pairs come out of pools, the first of which is "default", 10.233.0.0/16, in the order of
 * doc/design.md: the next that was never used, and when all have been, the one that has been free
 * the longest. Finding it costs the same however full the pool is.
 *
 * Every call that changes something is one transaction, on the disk when the call returns, unless the
 * caller makes one of several with ipam_begin().
 */

struct ipam;

#define IPAM_NAME_MAX    64  /* a container's or pool's name with its NUL */
#define IPAM_REASON_MAX  128 /* why, with its NUL; longer ones are cut */
#define IPAM_COMMAND_MAX 128 /* the same of a command */
#define IPAM_UNIT_MAX    64  /* the same of a unit */
#define IPAM_BOOT_SIZE   16  /* bytes of a boot id; all zero: not known */

enum ipam_access {
	IPAM_READ,  /* never makes or changes the file; a missing file is an empty book */
	IPAM_WRITE, /* makes the file (0600) and its directory (0700) if need be */
	IPAM_TRY,   /* a copy that may be changed and is lost: to see what would come of it */
};

/* ------------------------------------------------------------- sessions */

/* Who changes the book, for the history. */
struct ipam_actor {
	uint32_t uid;
	char command[IPAM_COMMAND_MAX];
	char unit[IPAM_UNIT_MAX]; /* of systemd, or "" */
};

/* What the host's settings say, and who asks. */
struct ipam_terms {
	uint32_t cooldown;     /* seconds until an address is given out by itself again */
	uint32_t history_rows; /* kept at most; 0: there is no history */
	uint32_t history_days; /* how old they get; 0: any age */
	struct ipam_actor actor;
};

#define IPAM_TERMS_DEFAULT \
	((struct ipam_terms){ .cooldown = 60, .history_rows = 100000, .history_days = 0 })

/* Opens the book at @path. The caller ends with ipam_close(), which accepts NULL. */
int ipam_open(const char *path, enum ipam_access access, struct ipam **ret_ipam, struct error *e);
void ipam_close(struct ipam *ipam);
void ipam_closep(struct ipam **ipam);

/* Until it is called the defaults hold, and the history names nobody. */
void ipam_set_terms(struct ipam *ipam, const struct ipam_terms *terms);

/*
 * Makes one change of all calls until ipam_commit(): nobody else sees a part of it, and whoever is
 * killed has done nothing. ipam_rollback() undoes them, and does nothing where none was begun. A call
 * that fails has changed nothing itself; the others before it stand.
 */
int ipam_begin(struct ipam *ipam, struct error *e);
int ipam_commit(struct ipam *ipam, struct error *e);
void ipam_rollback(struct ipam *ipam);

/* ------------------------------------------------------------- the file */

/* By what a book is known again. */
struct ipam_mark {
	uint64_t device, inode;
	int64_t born; /* when the file was made, where the file system tells */
	uint32_t born_ns;
	uint32_t changes; /* how many there were */
};

/* Returns whether there is a book; one without tables is none. */
bool ipam_mark_read(const char *path, struct ipam_mark *ret_mark);
/* Whether a book is the one that was marked before, maybe with further changes. */
bool ipam_mark_follows(const struct ipam_mark *now, const struct ipam_mark *before);

/* ------------------------------------------------------------- leases */

/* Where an address is on its way; a lease is reserved or bound. */
enum ipam_state {
	IPAM_FREE,     /* nobody has it */
	IPAM_RESERVED, /* kept for a name */
	IPAM_BOUND,    /* a container's */
	IPAM_COOLING,  /* given up a short while ago */
	IPAM_BLOCKED,  /* free, but the other end of its pair is somebody's */
	IPAM_OUTSIDE,  /* nobody has it, and no pool gives it out */
};

const char *ipam_state_name(enum ipam_state state);

/* The addresses of one family that a container holds. */
struct ipam_pair {
	struct addr host; /* the host's end; none on a bridge, where a gateway belongs to nobody */
	struct prefix local; /* the container's end; family AF_UNSPEC: no pair of this family */
	bool automatic;      /* taken from a pool, not given by somebody */
};

/* What one container holds, or is to hold when it is created. */
struct ipam_lease {
	char container[IPAM_NAME_MAX]; /* whose it is */
	enum ipam_state state;         /* IPAM_RESERVED or IPAM_BOUND; requests: see the flags */
	char bridge[IFNAMSIZ];         /* of which it is a port; "": a cable of its own */
	struct mac mac; /* of the container's eth0, its stored identity; may be none */
	struct ipam_pair v4;
	struct ipam_pair v6;
	char reason[IPAM_REASON_MAX]; /* why it is in this state */
	int64_t since;                /* when it came to it, seconds since the epoch */
	uint8_t boot[IPAM_BOOT_SIZE]; /* in which boot of the host that was */
};

enum ipam_lease_flags {
	IPAM_AUTOMATIC_V4 = 1 << 0, /* take the next pair of a pool; v4 of the request is ignored */
	IPAM_REPLACE = 1 << 1,      /* a different lease of the same container is given up for it */
	/* The same for IPv6, when there is a pool of that family; without one it gets none. */
	IPAM_AUTOMATIC_V6 = 1 << 2,
	IPAM_RESERVE = 1 << 3,  /* keep it for a container that is created later */
	IPAM_OVERRULE = 1 << 4, /* with IPAM_REPLACE: give up what was reserved for it as well */
	/* Pairs of the request that say so are automatic again, if a pool gives them out. */
	IPAM_AS_IT_WAS = 1 << 5,
	/*
	 * With IPAM_REPLACE and the flag for an automatic pair: it cannot use the one that it holds, and
	 * gets the next. That one comes after all others, and has not to cool down.
	 */
	IPAM_PASS_V4 = 1 << 6,
	IPAM_PASS_V6 = 1 << 7,
};

/*
 * Leases addresses to a container: the explicit pairs of @request, or with IPAM_AUTOMATIC_V4 the
 * next pair of a pool. Returns 1, or 0 when the container holds just that already (an automatic
 * request is met by any automatic pair), *ret_lease being the lease either way.
 *
 * What was reserved for the container is taken where the request leaves it open: for an automatic
 * pair, a family or a MAC it does not name. Something else than what was reserved is refused without
 * IPAM_OVERRULE.
 *
 * Fails with -EADDRINUSE (ERROR_CONFLICT, names the holder of the address), -EEXIST (ERROR_CONFLICT,
 * the container holds something else and may not give it up), -ENOSPC (ERROR_EXHAUSTED), -EINVAL
 * (ERROR_USAGE: an address nobody can have, the network or broadcast address of a pool, both ends the
 * same). An address that is cooling may be asked for: the cool-down is for those nobody chose.
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

/* What came of a lease of another book. */
struct ipam_imported {
	bool changed;            /* the book did not have it so */
	struct ipam_lease lease; /* as the book has it now */
};

/*
 * Takes over leases of another book in one transaction, all of them or none: they are reserved with their
 * addresses and MAC for the containers to come, and automatic where a pool here gives them out. What a
 * container holds in just that way is left as it is.
 *
 * @position: which lease it is at; after a failure the one that is refused, as by ipam_lease()
 *
 * Returns how many the book did not have.
 */
int ipam_import(struct ipam *ipam, const struct ipam_lease *leases, size_t count,
		struct ipam_imported *ret_imported, size_t *position, struct error *e);

/* Gives up all that a container holds, reserved or bound. Returns 1, or 0 when it held nothing. */
int ipam_release(struct ipam *ipam, const char *container, const char *reason, struct error *e);

/* The same for many in one transaction: all of them or none. Returns how many held something. */
int ipam_release_many(struct ipam *ipam, const char *const *containers, size_t count,
		      const char *reason, struct error *e);

/* The same for a container that never came to be: nobody used its addresses, so none cools down. */
int ipam_undo(struct ipam *ipam, const char *container, const char *reason, struct error *e);

/* Keeps what a container holds for one of its name. Returns 1, 0 when it is so or holds nothing. */
int ipam_keep(struct ipam *ipam, const char *container, const char *reason, struct error *e);

/* Changes the reason of a lease. Returns 1, 0 when it is that, -ENOENT when there is no lease. */
int ipam_describe(struct ipam *ipam, const char *container, const char *reason, struct error *e);

/* Ends the cool-down of an address and its pair. Returns 1, or 0 when it is not cooling. */
int ipam_cool(struct ipam *ipam, const struct addr *addr, const char *reason, struct error *e);

/* ------------------------------------------------------------- questions */

/* What a container holds. Returns 1, or 0 when it holds nothing. */
int ipam_lookup(struct ipam *ipam, const char *container, struct ipam_lease *ret_lease,
		struct error *e);

/* Who holds an address, at either end. Returns 1, or 0 when nobody does. */
int ipam_holder(struct ipam *ipam, const struct addr *addr, struct ipam_lease *ret_lease,
		struct error *e);

/* All leases by container name. Returns 0; the caller frees *ret_leases, NULL when there is none. */
int ipam_list(struct ipam *ipam, struct ipam_lease **ret_leases, size_t *ret_count,
	      struct error *e);

/* Says that a name holds nothing, and which one was perhaps meant. Returns -ENOENT (ERROR_NO_CONTAINER). */
int ipam_nobody(struct ipam *ipam, const char *name, struct error *e);

/* One address, whoever has it. */
struct ipam_standing {
	struct addr addr;
	enum ipam_state state;
	char pool[IPAM_NAME_MAX]; /* that gives it out, or "" */
	struct addr gateway;      /* of that pool, or none */
	char container
		[IPAM_NAME_MAX]; /* who holds it, or held it last; blocked: it or its other end */
	char reason[IPAM_REASON_MAX]; /* why it is in this state */
	int64_t since;                /* or 0 where that is not known */
	uint32_t remaining;           /* cooling: seconds until it is free */
};

/* Where an address stands. Returns 0. */
int ipam_standing(struct ipam *ipam, const struct addr *addr, struct ipam_standing *ret_standing,
		  struct error *e);

enum ipam_kind {
	IPAM_PAIRS,  /* pairs of addresses, for cables of their own */
	IPAM_SUBNET, /* single addresses of a network, for the ports of a bridge */
};

const char *ipam_kind_name(enum ipam_kind kind);

#define IPAM_RANGES_MAX 16

/* Addresses in a row, both of them included. */
struct ipam_range {
	struct addr first, last;
};

/* A pool that is to be. */
struct ipam_pool {
	char name[IPAM_NAME_MAX];
	enum ipam_kind kind;
	struct prefix prefix;
	char bridge[IFNAMSIZ]; /* a subnet: whose ports get its addresses */
	struct addr gateway;   /* the same: their default route, given to nobody; may be none */
	size_t n_ranges;       /* what is given out, in that order; 0: all of it */
	size_t n_excluded;     /* what of it is not */
	struct ipam_range ranges[IPAM_RANGES_MAX];
	struct ipam_range excluded[IPAM_RANGES_MAX];
};

/*
 * Changes of the pools. None of them touches a lease: what a pool has given out stays whose it is.
 *
 * Adding fails with -EINVAL (ERROR_USAGE: a network nobody can use, or too small a one, a gateway or a
 * range that is not in it, ranges that overlap), -EEXIST (ERROR_CONFLICT: there is another one of that
 * name, or its network overlaps), -EADDRINUSE (ERROR_CONFLICT: somebody holds the gateway). Resizing
 * with the same, and -EBUSY (ERROR_CONFLICT: a lease of the pool would lie outside). Removing with
 * -EBUSY (ERROR_CONFLICT) while there are leases of it. All but the first with -ENOENT
 * (ERROR_NO_CONTAINER) when there is no such pool. Return 1, 0 when it is so already, or -errno.
 */
int ipam_pool_add(struct ipam *ipam, const struct ipam_pool *spec, struct error *e);
int ipam_pool_resize(struct ipam *ipam, const char *name, const struct prefix *prefix,
		     struct error *e);
/* Has it give nothing out any more, or go on with it. */
int ipam_pool_drain(struct ipam *ipam, const char *name, struct error *e);
int ipam_pool_fill(struct ipam *ipam, const char *name, struct error *e);
int ipam_pool_remove(struct ipam *ipam, const char *name, struct error *e);

/* Has the pools of @from in @to, which has no leases. Returns how many there are, or -errno. */
int ipam_pools_copy(struct ipam *from, struct ipam *to, struct error *e);

/* One pool and how full it is; the counts are of what it gives out. */
struct ipam_usage {
	char pool[IPAM_NAME_MAX];
	enum ipam_kind kind;
	struct prefix prefix;
	char bridge[IFNAMSIZ]; /* a subnet: whose ports get its addresses */
	struct addr gateway;   /* the same: which belongs to nobody; may be none */
	bool draining;         /* nothing is given out any more */
	uint32_t capacity;
	uint32_t leased;   /* automatically, those reserved among them */
	uint32_t reserved; /* of those */
	uint32_t blocked;  /* with an address somebody was given explicitly */
	uint32_t cooling;  /* given up a short while ago */
	uint32_t free;     /* what can be given out now, unless it is draining */
};

/* All pools. Returns 0; the caller frees *ret_usage. */
int ipam_usage(struct ipam *ipam, struct ipam_usage **ret_usage, size_t *ret_count,
	       struct error *e);

/* Looks at the whole file. Returns 0, or -EUCLEAN when it cannot be trusted. */
int ipam_verify(struct ipam *ipam, struct error *e);

#define IPAM_NEXT_MAX 16

/* All there is to know about one pool. */
struct ipam_pool_view {
	struct ipam_usage usage;
	bool classic; /* its first range is in the order of nixos-container */
	size_t n_ranges;
	struct ipam_range ranges[IPAM_RANGES_MAX];
	size_t n_next; /* what it gives out next, as far as it fits; none when it is draining */
	struct ipam_pair next[IPAM_NEXT_MAX];
};

/* Looks at one pool. Returns 0, -ENOENT, or -EUCLEAN also for a lease of it that lies outside. */
int ipam_pool_show(struct ipam *ipam, const char *name, struct ipam_pool_view *ret_view,
		   struct error *e);

/* ------------------------------------------------------------- history */

/* What happened to a lease or a pool. */
enum ipam_act {
	IPAM_ACT_RESERVED,
	IPAM_ACT_BOUND,
	IPAM_ACT_RELEASED,
	IPAM_ACT_DESCRIBED,
	IPAM_ACT_COOLED, /* its cool-down was ended */
	IPAM_ACT_ADDED,  /* this and all below: a pool was */
	IPAM_ACT_RESIZED,
	IPAM_ACT_DRAINED,
	IPAM_ACT_FILLED, /* gives addresses out again */
	IPAM_ACT_REMOVED,
};

const char *ipam_act_name(enum ipam_act act);

struct ipam_event {
	int64_t number; /* ascending */
	int64_t time;   /* seconds since the epoch, by the clock of then */
	uint8_t boot[IPAM_BOOT_SIZE];
	enum ipam_act act;
	char container[IPAM_NAME_MAX];            /* or "": it is about a pool */
	char pool[IPAM_NAME_MAX];                 /* or "" */
	struct addr host4, local4, host6, local6; /* what it was about */
	struct ipam_actor actor;
	char reason[IPAM_REASON_MAX];
};

/* Which part of the history; all zero is all of it. */
struct ipam_period {
	const char *container; /* or pool; NULL: any */
	struct addr addr;      /* at either end; none: any */
	int64_t since;         /* seconds since the epoch */
};

/* Oldest first. Returns 0; the caller frees *ret_events, NULL when there is none. */
int ipam_history(struct ipam *ipam, const struct ipam_period *period,
		 struct ipam_event **ret_events, size_t *ret_count, struct error *e);

/* ------------------------------------------------------------- backups */

/*
 * Writes a copy of the whole book to the file @path, as it is at one moment, while others use the book
 * and change it. A damaged book is refused. The file is on the disk when this returns; until then the
 * one that was there is untouched. Callers that may write the same file at once hold a lock.
 */
int ipam_backup(struct ipam *ipam, const char *path, struct error *e);

/*
 * Reads a copy into memory. Returns 0, or -errno naming what is wrong with the file: it is checked as a
 * whole, and brought to the version of this program. The caller ends with ipam_close().
 */
int ipam_open_backup(const char *path, struct ipam **ret_ipam, struct error *e);

/*
 * Takes over into @to, a copy of the book @from, what has come since: the history, pools, and what is cooling
 * and nobody's in the copy. Pools that have no place there are left out. Leases stay as they are, and the
 * history says which are given up or come back by that. Returns 0 or -errno; @to is worth nothing then.
 */
int ipam_carry(struct ipam *from, struct ipam *to, struct error *e);

/* What could be had of a book that may be damaged. */
struct ipam_salvaged {
	size_t events;     /* rows of the history */
	bool history_lost; /* there may be more, which cannot be read */
	bool cooling_lost; /* the same of what is cooling */
};

/*
 * Takes over history and cool-downs of @from, which may be damaged anywhere, into @to, a new book that has its
 * pools. Returns 0, also when nothing can be read, or -errno of @to.
 */
int ipam_salvage(struct ipam *from, struct ipam *to, struct ipam_salvaged *ret_salvaged,
		 struct error *e);

/*
 * Puts what @with has in the place of the book at @path, in one step. What was there, damaged or not, is
 * kept beside it under the name @ret_aside, "" when there was nothing. Sessions of others go on with the
 * new one when they change it next. Returns 0 or -errno.
 */
int ipam_replace(const char *path, struct ipam *with, char ret_aside[PATH_MAX], struct error *e);
