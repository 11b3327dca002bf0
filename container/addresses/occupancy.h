/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/addresses/conflict.h"

/* All that is in use on the host, for who holds many addresses against it. */

#define LENGTHS 129 /* of prefixes, from 0 to 128 */

struct sorted_occupancy {
	struct occupancy occupancy;   /* its uses are sorted */
	size_t start[2][LENGTHS + 1]; /* of IPv4 and IPv6: where the uses of a length begin */
};

int occupancy_read(const struct paths *paths, struct sorted_occupancy *sorted, struct error *e);
struct conflict sorted_meet(const struct sorted_occupancy *sorted, const struct wish *wish);
