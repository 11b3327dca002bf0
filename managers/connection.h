/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/bus.h"
#include "managers/managers.h"

struct managers {
	sd_bus *bus; /* owned */
};

int connection_has(struct managers *managers, const char *name, struct error *e);
