/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/attach/network.h"

/* Who a container on a bridge is, and with whom containers are linked. */

/* Whether a container has anything of this. */
bool pins_wanted(const struct definition *definition);

/* Has in the tables what a definition asks for. Returns 1, 0 when all was so, or -errno. */
int pins_ensure(struct network *network, const struct definition *definition,
		const struct veth_spec *spec, struct error *e);
/* Returns 1, 0 when there was nothing, or -errno. */
int pins_withdraw(struct network *network, const char *name, struct error *e);
