/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/clock.h"
#include "ipam/database.h"
#include "ipam/ipam.h"

struct ipam {
	struct database database;
	struct ipam_terms terms;
	uint8_t boot[IPAM_BOOT_SIZE]; /* of the host, now */
	struct transaction held;      /* between ipam_begin() and its end */
};

/* The times and the terms of one question or change. */
struct frame {
	struct database *database;      /* borrowed */
	const struct ipam_terms *terms; /* borrowed */
	struct moment now;
};

struct frame frame_make(struct ipam *ipam);
