/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "veth/link.h"
#include "veth/veth.h"

/* What a watch knows of the links there are. */

/* A link as it was last told of. */
struct known_link {
	int ifindex;
	char name[IFNAMSIZ];
	char container[VETH_NAME_MAX]; /* whose host end it is, or "" */
	bool up;
	uint32_t mtu, group;
	int master;
	struct mac mac;
};

struct known_links {
	size_t count, room;
	struct known_link *list; /* owned; by their ifindex */
};

struct known_link *links_find(const struct known_links *links, int ifindex);
int links_add(struct known_links *links, const struct known_link *link);
void links_drop(struct known_links *links, struct known_link *link);
struct known_link link_know(const struct link *link);
