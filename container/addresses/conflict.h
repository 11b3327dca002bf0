/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/addresses/addresses.h"
#include "container/settings/settings.h"

/* How addresses are held against what is in use on the host. */

/* What is in use. */
struct occupancy {
	struct veth_uses uses;
	struct engine_networks engines;
};

/* What is to be had, and what is not in its way. */
struct wish {
	const char *container; /* whose it is: its own cable is not in the way */
	const char *bridge;    /* and neither is a route through the bridge it is on; or "" */
	struct addr addr;
	uint8_t scope;  /* what is this long, or longer, is in the way */
	bool automatic; /* nobody has chosen it */
	bool booked;    /* who else of the containers has it is known: their cables do not count */
};

void occupancy_deinit(struct occupancy *occupancy);
/* Warns of the files of engines that nothing could be learned from. */
void engines_tell(const struct engine_networks *engines);
struct wish wish_of_pair(const struct ipam_lease *lease, const struct ipam_pair *pair,
			 const struct ipam_usage *pools, size_t n_pools);
struct conflict conflict_begin(const struct wish *wish);
void conflict_weigh_use(struct conflict *worst, const struct veth_use *use,
			const struct wish *wish);
void conflict_weigh_engine(struct conflict *worst, const struct engine_network *network,
			   const struct wish *wish);
struct conflict occupancy_meet(const struct occupancy *occupancy, const struct wish *wish);
int pool_conflicts(const struct paths *paths, const struct ipam_usage *pool,
		   struct conflicts *ret_conflicts, struct error *e);
