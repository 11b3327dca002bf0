/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/container.h"

/* Which addresses a container gets: out of the book, and in nobody's way on the host. */

/* Whether others on its bridge have the addresses that it is to have. */
struct probed {
	bool force; /* addresses are taken whoever has them */
	bool v4, v6;
	struct mac mac_v4, mac_v6;
};

int addresses_probe(const struct paths *paths, const struct definition *definition,
		    struct probed *ret_probed, struct error *e);
int addresses_lease(const struct paths *paths, struct ipam *ipam, struct definition *definition,
		    const struct probed *probed, bool *ret_reserved, struct error *e);

/*
 * Looks whether addresses that somebody has chosen for a container are in the way of anything but other
 * containers, of which the book knows. Those of @was it has already. Returns 0 or -EADDRINUSE.
 */
int addresses_judge(const struct paths *paths, const struct definition *definition,
		    const struct definition *was, struct error *e);

struct conflict;

/* Say what is in the way of an address. Return -EADDRINUSE. */
int addresses_refuse(const struct conflict *conflict, struct error *e);
int addresses_refuse_probed(const struct definition *definition, const struct addr *addr,
			    const struct mac *mac, struct error *e);
