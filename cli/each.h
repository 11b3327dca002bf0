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
	/* "started": several at a time, and how far it is on a terminal. NULL: one after the other. */
	const char *progress;
};

int each_check(const struct invocation *in, struct error *e);
int each_container(const struct invocation *in, const struct each_action *action, struct error *e);
