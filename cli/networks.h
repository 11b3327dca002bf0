/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/verb.h"

/*
 * Called for each container: @state is what was read of it; NULL: it could not be. Returns 0 or -errno,
 * which ends it.
 */
typedef int (*network_seen)(void *data, const char *name, const struct network_state *state,
			    struct error *e);

int networks_read(const struct invocation *in, struct network *network, network_seen seen,
		  void *data, struct error *e);
