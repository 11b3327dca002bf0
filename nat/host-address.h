/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"

/* An address of the host. */
struct host_address {
	struct addr address;
	unsigned ifindex;
	char label
		[IFNAMSIZ]; /* of an IPv4 address: the name of its link, unless somebody has set another */
};

/* All of them. */
struct host_addresses {
	struct host_address *list; /* owned */
	size_t count;
};

int host_addresses_read(struct host_addresses *ret_addresses, struct error *e);
void host_addresses_deinit(struct host_addresses *addresses);
