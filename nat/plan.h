/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nat/nat.h"
#include "nat/record.h"

/* Which switches of the kernel let forward what containers need; see nat/forwarding.c. */

int plan_make(const struct nat_spec *spec, struct switches *record, struct switches *plan,
	      struct error *e);
