/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/addresses/pools.h"
#include "ipam/ipam.h"

/* Pools as they are typed. */

int pool_name_check(const char *name, struct error *e);
int pool_prefix_parse(const char *text, struct prefix *ret_prefix, struct error *e);
int pool_ula_draw(struct prefix *ret_prefix, struct error *e);
int pool_request_parse(const struct pool_request *request, struct ipam_pool *ret_pool,
		       struct error *e);
