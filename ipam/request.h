/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "ipam/ipam.h"
#include "ipam/pool.h"

int request_check(const struct ipam_lease *request, unsigned flags, const struct pool *pool,
		  struct error *e);
bool request_met(const struct ipam_lease *request, unsigned flags, const struct ipam_lease *held);
bool pair_equal(const struct ipam_pair *a, const struct ipam_pair *b);
