/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"
#include "ipam/ipam.h"

/* What definitions claim in the book, as who fills it sees them; all under definitions_lock(). */

/* Of all definitions. */
struct claims {
	struct ipam_lease *list; /* owned */
	size_t count, room;
};

int claim_make_way(const struct paths *paths, struct ipam *ipam, const struct ipam_lease *claim,
		   struct error *e);
int claims_read(const struct paths *paths, struct claims *ret_claims, struct error *e);
const char *claims_holder(const struct claims *claims, const struct addr *addr,
			  const char *container);
