/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/pool.h"

/* What pools there can be. */

int network_check(const struct prefix *network, struct error *e);
int pool_make(const struct ipam_pool *spec, struct pool *ret_pool, struct error *e);
int pool_measure(struct pool *pool, struct error *e);
int rooms_refuse(const struct pool *pool, struct error *e);
int pool_overlaps(const struct pools *pools, const char *name, const struct prefix *network,
		  struct error *e);
