/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nat/nat.h"
#include "nat/nft.h"

/* What sets and maps of the table hold that a spec says: links, networks and addresses. */

/* The part of a spec or of a state that is about it, borrowed. */
struct contents {
	const char (*external)[IFNAMSIZ];
	const struct prefix *internal;
	const struct addr *address4, *address6;
	const struct nat_opened *opened;
	size_t n_external, n_internal;
};

struct contents contents_of_spec(const struct nat_spec *spec);
struct contents contents_of_state(const struct nat_state *state);

/* Whether the one, in its order, is among those of the other. */
bool contents_have_link(const struct contents *contents, const char *link);
bool contents_have_network(const struct contents *contents, const struct prefix *network);

bool opened_have(const struct nat_opened *opened, sa_family_t family, const char *link);

/* Adds to a batch what makes the one into the other. Returns how many changes that are. */
size_t contents_change(struct nft_request *batch, const struct contents *is,
		       const struct contents *wanted);
