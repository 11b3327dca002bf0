/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "veth/veth.h"

/* Addresses as they are typed. Returns 0 or -EINVAL (ERROR_USAGE). */

int pair_parse(const char *host, const char *local, sa_family_t family, bool bridged,
	       struct veth_pair *ret_pair, struct error *e);
