/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/attach/network.h"

/* Published ports of attached containers. */

/* Returns 1, 0 when all was so, or -errno; -EADDRINUSE (ERROR_CONFLICT) names the holder of a port. */
int forwards_ensure(struct network *network, const struct definition *definition,
		    const struct veth_spec *spec, struct error *e);
/* Returns 1, 0 when nothing was published, or -errno. */
int forwards_withdraw(struct network *network, const char *name, struct error *e);
