/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "ipam/ipam.h"
#include "ipam/pool.h"

int request_check(const struct ipam_lease *request, unsigned flags, const struct pools *pools,
		  struct error *e);
bool request_met(const struct ipam_lease *request, unsigned flags, const struct pools *pools,
		 const struct ipam_lease *held);
bool pair_equal(const struct ipam_pair *a, const struct ipam_pair *b);
bool pair_serves(const struct pools *pools, const struct ipam_pair *pair, const char *bridge);
bool pools_give(const struct pools *pools, const struct ipam_pair *pair, const char *bridge);
bool pair_is_set(const struct ipam_pair *pair);
