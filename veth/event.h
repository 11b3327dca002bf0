/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/netlink.h>

#include "veth/known-link.h"

/*
 * Takes in one message of the kernel about a link, an address, a route or a switch: what it comes to is
 * added to @changes. Returns 0 or -ENOMEM.
 */
int event_take(struct known_links *links, const struct nlmsghdr *event,
	       struct veth_changes *changes);
