/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/database.h"
#include "ipam/ipam.h"

/* Words for who is in the way of a lease. */

int conflict_lease(struct database *database, const struct ipam_lease *lease, struct error *e);
int conflict_held(const struct ipam_lease *held, struct error *e);
int conflict_reserved(const struct ipam_lease *held, struct error *e);
