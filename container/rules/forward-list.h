/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"

/* Lists of forwards, one for each port and family, in the order of nat_forward_order(). */

/* What a definition asks for, in a block that the caller frees. Returns 0 or -errno. */
int forwards_describe(const struct definition *definition, const struct veth_spec *spec,
		      struct nat_forwards *ret_forwards, struct error *e);

void forwards_sort(struct nat_forwards *forwards);
/* Those that are not among others too, in a block that the caller frees. Returns 0 or -ENOMEM. */
int forwards_without(const struct nat_forwards *forwards, const struct nat_forwards *others,
		     struct nat_forwards *ret_forwards, struct error *e);
/* The one that is called as another one is, borrowed, or NULL. */
const struct nat_forward *forwards_find(const struct nat_forwards *forwards,
					const struct nat_forward *like);
