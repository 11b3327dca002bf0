/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The part of container/container.h for who compares the address book with the rest of the host. */

/* Keeps everybody else from adding or removing containers, until the descriptor is closed. */
int definitions_lock(const struct paths *paths, int *ret_fd, struct error *e);

/* The same, but that who only looks needs no lock where nothing can be written: *ret_fd is -1 then. */
int definitions_lock_for(const struct paths *paths, enum ipam_access access, int *ret_fd,
			 struct error *e);

/* machine-id(5). Returns 1, 0 when there is none, or -errno. */
int machine_id_read(const struct paths *paths, uint8_t ret_id[16], struct error *e);

/* What a definition says of addresses. */
struct defined {
	struct ipam_lease claim; /* its container; what it claims in the book */
	bool unread;             /* it is there and cannot be understood: nothing is known of it */
	bool elsewhere;          /* it is in the directory of older versions of NixOS */
};

/* One definition that is gone through. */
struct visited {
	const char *name; /* of its file, without the suffix */
	bool named;       /* a container can have that name */
	struct defined defined;
	const struct definition *definition; /* NULL: it cannot be read */
	const struct error *unread;          /* why */
	int r;                               /* the same as -errno, or 1 */
};

/* Returns 0, or -errno to end it. */
typedef int (*defined_visit)(void *data, const struct visited *visited, struct error *e);

/*
 * Goes through all definitions, in both places where they may be, by name, those of the older place last
 * (DEFINITIONS_ELSEWHERE). Of a container that has one in both the newer one counts. Returns 0 or -errno.
 */
int definitions_each(const struct paths *paths, defined_visit visit, void *data, struct error *e);

/* What the definition of one container says, wherever it is. Returns 1, 0 without one, or -errno. */
int defined_find(const struct paths *paths, const char *name, struct defined *ret_defined,
		 struct error *e);

/* Where nixos-container has its definitions on hosts that were installed before NixOS 22.05. */
#define DEFINITIONS_ELSEWHERE "/etc/containers"

/*
 * What a definition claims in the book. On a bridge the host's address is a gateway, which belongs to
 * nobody. Without an address inside there is nothing to claim.
 */
struct ipam_lease definition_lease(const struct definition *definition);

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
