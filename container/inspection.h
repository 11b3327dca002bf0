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

/*
 * What a definition claims in the book. On a bridge the host's address is a gateway, which belongs to
 * nobody. Without an address inside there is nothing to claim.
 */
struct ipam_lease definition_lease(const struct definition *definition);

/*
 * Have the book say what a definition does, by its claim. Host ends that another container has as
 * well are given up in @lease. Returns 1, 0 when it says so, or -errno naming the holder.
 */
int claim_enter(struct ipam *ipam, struct ipam_lease *lease, struct error *e);
