/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "ipam/database.h"
#include "ipam/ipam.h"

/* What a container holds, with the key of its row. */
struct holding {
	int64_t id;
	struct ipam_lease lease;
};

int holding_of_container(struct database *database, const char *container,
			 struct holding *ret_holding, struct error *e);
int holding_of_addr(struct database *database, const struct addr *addr, struct holding *ret_holding,
		    struct error *e);
int holding_of_mac(struct database *database, const struct mac *mac, struct holding *ret_holding,
		   struct error *e);
