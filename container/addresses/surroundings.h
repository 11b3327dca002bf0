/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/addresses/claims.h"
#include "container/addresses/conflict.h"

/* What is around addresses that are to be given to a container. Ended with surroundings_end(). */
struct surroundings {
	const struct paths *paths;
	struct ipam *ipam;
	bool force;        /* nothing counts */
	struct veth *veth; /* opened with the first question; owned */
	struct engine_networks engines;
	bool looked;          /* at the engines */
	struct claims claims; /* of definitions, where the book may not have all of them; owned */
};

struct surroundings surroundings_begin(const struct paths *paths, struct ipam *ipam, bool force);
int surroundings_read_claims(struct surroundings *around, struct error *e);
void surroundings_end(struct surroundings *around);
int pair_meet(struct surroundings *around, const struct definition *definition,
	      const struct veth_pair *pair, bool automatic, struct conflict *ret_conflict,
	      struct prefix *ret_pool, struct error *e);
void addresses_note(const struct conflict *conflict, bool automatic);
