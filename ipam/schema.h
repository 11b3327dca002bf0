/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "ipam/database.h"

int schema_current(void);
int schema_version(struct database *database, struct error *e);
int schema_upgrade(struct database *database, struct error *e);
