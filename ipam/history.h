/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/book.h"

int history_append(const struct frame *frame, enum ipam_act act, const struct ipam_lease *lease,
		   struct error *e);
int history_append_pool(const struct frame *frame, enum ipam_act act, const char *pool,
			const char *what, struct error *e);
