/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/addresses/addresses.h"
#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/* Which addresses a container gets: out of the book, and in nobody's way on the host. */

#define PROBED_MAX 16

/* Whether others on its bridge have the addresses that it is to have. */
struct probed {
	bool force; /* addresses are taken whoever has them */
	bool v4, v6;
	struct mac mac_v4, mac_v6;
	size_t count; /* of those that a pool will give out next */
	struct {
		struct addr addr;
		bool taken;
		struct mac mac; /* of the machine that has it */
	} list[PROBED_MAX];
};

int addresses_probe(const struct paths *paths, const struct definition *definition,
		    struct probed *ret_probed, struct error *e);
int probed_meet(const struct paths *paths, const struct definition *definition,
		const struct probed *probed, const struct addr *addr, struct conflict *conflict,
		struct error *e);
int addresses_lease(const struct paths *paths, struct ipam *ipam, struct definition *definition,
		    const struct probed *probed, bool *ret_reserved, struct error *e);
int addresses_keep(const struct paths *paths, struct ipam *ipam, struct definition *definition,
		   const char *reason, const struct probed *probed, struct ipam_lease *ret_lease,
		   struct error *e);

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
