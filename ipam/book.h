/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/database.h"
#include "ipam/ipam.h"

struct ipam {
	struct database database;
};
