/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cli/verb.h"

/* The same thing for several containers: one failure does not keep the others from their turn. */

/* Options of verbs that can take every container. */
struct each_options {
	bool all;
};

/* What is done for each. */
struct each_action {
	/* Returns 1 when something was done, 0 when all was so, or -errno. */
	int (*act)(void *context, const char *name, struct error *e);
	void *context;
	/*
	 * Called in each process but this one when several share the work, so that it gets a
	 * session of its own: below 0 it takes no part. NULL: the work is not shared.
	 */
	int (*begin)(void *context, struct error *e);
	/* Does it for many at once, whose names are in their order, each once. Returns 0 or -errno. */
	int (*together)(void *context, const char *const *names, size_t count,
			struct network_result *results, struct error *e);
	/* "started": several at a time, and how far it is on a terminal. NULL: one after the other. */
	const char *progress;
};

/* A context of actions on the network of containers. */
struct each_network {
	const struct paths *paths; /* borrowed */
	struct network *network;   /* borrowed */
};

int each_network_begin(void *context, struct error *e);
int each_check(const struct invocation *in, struct error *e);
int each_container(const struct invocation *in, const struct each_action *action, struct error *e);
