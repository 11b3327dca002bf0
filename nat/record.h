/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "nat/nat.h"

/* One switch of the kernel and what we want it to be: net.FAMILY.conf.LINK.KEY. */
struct kernel_switch {
	char family[8];
	char link[IFNAMSIZ];
	char key[24];
	int wanted;
	int before;       /* what it was before us; only in a record */
	bool ports;       /* published ports need it */
	unsigned ifindex; /* of the link; only in a record, 0: not known */
};

#define SWITCHES_PER_LINK 3
#define SWITCHES_MAX      (4 * NAT_EXTERNAL_MAX * SWITCHES_PER_LINK + 1)

/*
 * Switches. As a record, on disk one line for each, "ipv4 eth0 forwarding 0 1 ifindex 3", which says
 * that it was 0 before we made it 1; "ports" behind that says that published ports need it.
 */
struct switches {
	struct kernel_switch *list; /* owned */
	size_t count, room;
};

#define SWITCHES_INIT ((struct switches){ .list = NULL })

void switches_deinit(struct switches *switches);

struct kernel_switch *switches_find(struct switches *switches, const struct kernel_switch *which);
int switches_add(struct switches *switches, const struct kernel_switch *added, struct error *e);
void switches_drop(struct switches *switches, size_t index);

int record_read(const char *path, struct switches *record, struct error *e);

/*
 * Has a record follow its links, which may have been renamed, or have gone with all their switches.
 * Returns whether it is another one now.
 */
bool record_follow(struct switches *record);
int record_write(const char *path, const struct switches *record, struct error *e);
