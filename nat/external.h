/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stddef.h>

#include "base/error.h"
#include "nat/nat.h"

/* Names of links, each padded with zeros, as the kernel compares them. */
struct links {
	size_t count;
	char names[NAT_EXTERNAL_MAX][IFNAMSIZ];
};

struct links links_of(const char (*names)[IFNAMSIZ], size_t count);
struct links links_missing(const struct links *links, const struct links *others);
int link_check(const char *link, struct error *e);
