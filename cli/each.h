/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cli/each-action.h"
#include "cli/verb.h"

/* The same thing for several containers: one failure does not keep the others from their turn. */

/* Options of verbs that can take every container. */
struct each_options {
	bool all;
};

/* A context of actions on the network of containers. */
struct each_network {
	const struct paths *paths; /* borrowed */
	struct network *network;   /* borrowed */
};

int each_network_begin(void *context, struct error *e);
int each_check(const struct invocation *in, struct error *e);
int each_container(const struct invocation *in, const struct each_action *action, struct error *e);
