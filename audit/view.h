/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "audit/audit.h"
#include "ipam/ipam.h"

/*
 * What is compared: three lists, of the book, of the definitions and of the kernel. Reading them and
 * comparing them are apart, so that every case can be made up.
 */

/* Where an address was seen. */
enum sighting_place {
	SIGHTING_LINK,   /* on a link of the host */
	SIGHTING_ROUTE,  /* a route leads it, and it alone, through a link */
	SIGHTING_INSIDE, /* on the eth0 of a container */
};

struct sighting {
	struct addr addr;
	enum sighting_place place;
	char link[IFNAMSIZ];
	char container[CONTAINER_NAME_MAX]; /* whose link or namespace it is, or "" */
};

/* A container of which the kernel has something. */
struct attached {
	char container[CONTAINER_NAME_MAX];
	bool pinned;    /* its namespace */
	bool eth0;      /* is in it */
	struct mac mac; /* of eth0 */
};

/* A link that is called like a cable and has no tag of ours. */
struct untagged {
	char link[IFNAMSIZ];
};

struct view {
	size_t n_leases, n_defined, n_attached, n_sightings, n_untagged, n_pools;
	size_t room_defined, room_attached, room_sightings, room_untagged;
	struct ipam_lease *leases;  /* by container */
	struct defined *defined;    /* of those with a name, by container */
	struct attached *attached;  /* by container */
	struct sighting *sightings; /* by address */
	struct untagged *untagged;
	struct ipam_usage *pools;
	struct audit_troubles troubles;
	bool kernel; /* whether it was looked at: a tree has none */
};

int view_read(const struct paths *paths, struct view *ret_view, struct error *e);
int view_read_kernel(const struct paths *paths, struct view *view, struct error *e);
int view_read_definitions(const struct paths *paths, struct view *view, struct error *e);
void view_sort(struct view *view);
void view_deinit(struct view *view);

int addr_order(const struct addr *a, const struct addr *b);
int container_order(const void *a, const void *b);
const struct ipam_lease *view_lease(const struct view *view, const char *container);
const struct defined *view_defined(const struct view *view, const char *container);
const struct attached *view_attached(const struct view *view, const char *container);

int trouble_add(struct audit_troubles *troubles, const char *container, const char *what,
		struct error *e);

/* Says all in which the three lists do not agree, sorted. Returns 0 or -ENOMEM. */
int view_compare(const struct view *view, struct audit_findings *ret_findings, struct error *e);
