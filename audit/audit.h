/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "container/container.h"

/*
 * Whether address book, definitions and kernel say the same, and what is to be done where they do not.
 *
 *	check    view of all three -> findings -> a report
 *	repair   report -> the same view again -> what is still so is mended
 *	rebuild  definitions and kernel -> a new book in the place of one that is lost
 */

#define AUDIT_VERSION 1 /* of the report */
#define AUDIT_SAYS    200
#define AUDIT_WHAT    512

/* How a finding is graded. */
enum audit_grade {
	AUDIT_LEAKED,    /* a lease of nobody */
	AUDIT_MISSING,   /* an address without a lease */
	AUDIT_DOUBLED,   /* two have one address */
	AUDIT_FOREIGN,   /* something that is no container of ours */
	AUDIT_DIFFERING, /* two say different things about one container */
	AUDIT_NOTE,      /* nothing is wrong */
};

#define AUDIT_GRADES 6

/* What is found; each has its grade and its cure. */
enum audit_case {
	AUDIT_LEASE_OF_NOBODY,       /* no definition, nothing attached */
	AUDIT_LEASE_OF_ATTACHED,     /* no definition, but it is attached */
	AUDIT_DEFINITION_UNLEASED,   /* its addresses are not in the book */
	AUDIT_ADDRESS_UNLEASED,      /* a container has an address that is nobody's */
	AUDIT_DEFINITIONS_SHARE,     /* one address in two definitions */
	AUDIT_DEFINITIONS_SHARE_MAC, /* one MAC in two definitions */
	AUDIT_CABLES_SHARE,          /* a container has the address of another one */
	AUDIT_HOST_HAS_ADDRESS,      /* a link of the host has the address of a container */
	AUDIT_HOST_HAS_ROUTE,        /* a route of the host leads it elsewhere */
	AUDIT_HOST_HAS_NETWORK, /* something else has a network that a container's address is in */
	AUDIT_HOST_HAS_ALL_OF_POOL, /* the same of a pool */
	AUDIT_HOST_HAS_POOL,        /* the host, or an engine, has addresses of a pool */
	AUDIT_LINK_OF_OTHERS,       /* a link that is called like one of ours */
	AUDIT_NAMESPACE_OF_NOBODY,  /* a namespace that is called like one of ours */
	AUDIT_DEFINITION_DIFFERS,   /* from the book */
	AUDIT_KERNEL_DIFFERS,       /* from the definition */
	AUDIT_HOST_HAS_WIDER,       /* something wider than an address or a pool: in nobody's way */
};

#define AUDIT_CASES 17

struct audit_finding {
	enum audit_case which;
	char container[CONTAINER_NAME_MAX]; /* whom it is about, or "" */
	char other[CONTAINER_NAME_MAX];     /* who has the same, or "" */
	struct addr addr;                   /* which it is about, or none */
	char link[IFNAMSIZ];                /* in the kernel, or "" */
	char book[AUDIT_SAYS];              /* what each of them says, or "" */
	char definition[AUDIT_SAYS];
	char kernel[AUDIT_SAYS];
	char what[AUDIT_WHAT]; /* all of it in one line */
};

struct audit_findings {
	size_t count, room;
	struct audit_finding *list; /* owned */
};

/* Something that could not be read. */
struct audit_trouble {
	char container[CONTAINER_NAME_MAX]; /* or "" */
	char what[AUDIT_WHAT];
};

struct audit_troubles {
	size_t count, room;
	struct audit_trouble *list; /* owned */
};

/* A check, as it stands in a report. */
struct audit {
	char machine[33]; /* machine-id(5), or "" */
	char boot[37];    /* of the host, as the kernel writes it, or "" */
	int64_t time;     /* seconds since the epoch */
	uint32_t grace;   /* seconds between the two looks that confirm a leak */
	size_t leases, definitions, attached; /* how many were looked at */
	struct audit_findings findings;       /* sorted */
	struct audit_troubles troubles;
};

const char *audit_grade_name(enum audit_grade grade);
enum audit_grade audit_grade(enum audit_case which);
const char *audit_case_name(enum audit_case which);
/* Whether somebody has to do something about it; if not, it is only told. */
bool audit_counts(enum audit_case which);
bool audit_is_mendable(enum audit_case which);
void audit_remedy(const struct audit_finding *finding, char *text, size_t size);

/*
 * Compares all. A leak is one when it is there at a second look, @grace seconds later and while nobody
 * else adds or removes containers. Returns 0 or -errno; the caller ends with audit_deinit() either way.
 */
int audit_check(const struct paths *paths, uint32_t grace, struct audit *ret_audit,
		struct error *e);
void audit_deinit(struct audit *audit);

/* The report as JSON; the caller frees it. */
int audit_format(const struct audit *audit, char **ret_text, struct error *e);

/*
 * Reads a report. Returns 0, -EINVAL (ERROR_USAGE) for what is none or is of an unknown version, or
 * -errno.
 */
int audit_read(const char *path, struct audit *ret_audit, struct error *e);

/* Refuses a report of another host, or of another boot of this one. Returns 0 or -ESTALE. */
int audit_is_here(const struct paths *paths, const struct audit *audit, struct error *e);

/* ------------------------------------------------------------- mending */

enum audit_result {
	AUDIT_MENDED,
	AUDIT_GONE,       /* it is no longer so */
	AUDIT_LEFT,       /* it cannot be decided here */
	AUDIT_REFUSED,    /* mending failed */
	AUDIT_WOULD_MEND, /* it would be mended, were it not for AUDIT_DRY */
};

struct audit_outcome {
	enum audit_result result;
	char what[AUDIT_WHAT]; /* what was done, or why not */
};

const char *audit_result_name(enum audit_result result);

enum audit_repair_flags {
	AUDIT_DRY = 1 << 0, /* only say what would be done */
};

/*
 * Mends what a report names and is still so. @outcomes: one for each finding. Returns 0 or -errno when
 * nothing could be looked at.
 */
int audit_repair(const struct paths *paths, const struct audit *report, unsigned flags,
		 struct audit_outcome *outcomes, struct error *e);

/* ------------------------------------------------------------- a book that is lost */

/* A claim that could not be entered, or a lease that is not in the new book any more. */
struct audit_refusal {
	char container[CONTAINER_NAME_MAX];
	char what[AUDIT_WHAT];
};

struct audit_rebuilt {
	size_t leases;    /* that are in the new book */
	size_t reserved;  /* of those: taken over from the old one */
	size_t pools;     /* taken over as well; 0: there is the one that every new book has */
	bool pools_lost;  /* they cannot be read, and this and below: neither can */
	bool leases_lost; /* what was reserved, and what was held by whoever is gone */
	struct ipam_salvaged salvaged;
	char kept[PATH_MAX]; /* where the old one is, or "" */
	size_t n_refused;
	struct audit_refusal *refused; /* owned */
	size_t n_dropped;
	struct audit_refusal *dropped; /* owned; held by who is neither defined nor attached */
};

void audit_rebuilt_deinit(struct audit_rebuilt *rebuilt);

enum audit_rebuild_flags {
	AUDIT_FORCE = 1 << 0, /* also in the place of a book that is fine */
};

/*
 * Makes a new book from definitions and kernel and puts it in the place of one that is damaged or
 * missing. Returns 1, -EEXIST (ERROR_CONFLICT) when that is fine, or another -errno; the old book is
 * untouched then.
 */
int audit_rebuild(const struct paths *paths, unsigned flags, struct audit_rebuilt *ret_rebuilt,
		  struct error *e);
