/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "audit/view.h"

/* Who claims an address: all claims of one list, by address. */

struct claimed {
	struct addr addr;
	const char *container; /* borrowed */
	bool host;             /* it is the host's end, which several may have */
};

struct index {
	size_t count, room;
	struct claimed *list; /* owned, by address */
};

int index_make(const struct view *view, struct index *ret_book, struct index *ret_definitions,
	       struct error *e);
void index_deinit(struct index *index);
const struct claimed *index_find(const struct index *index, const struct addr *addr);
const struct claimed *index_other(const struct index *index, const struct addr *addr,
				  const char *container);
