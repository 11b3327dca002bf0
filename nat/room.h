/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nat/element.h"

/*
 * How many elements the maps of published ports have room for. The kernel makes such a map at its full
 * size at once, where one without a bound grows while it is filled, which takes most of the time that
 * thousands of ports take. What no longer fits is refused with ENFILE, and the table made anew.
 */
struct rooms {
	uint32_t of_target[TARGET_MAPS]; /* 0: without a bound */
};

struct rooms rooms_of_forwards(const struct nat_forwards *forwards);
void rooms_put(const struct rooms *rooms, const char *map, struct nlmsghdr *message);
