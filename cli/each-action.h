/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/container.h"

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
	/* Several at a time, each in a process of its own. */
	bool parallel;
	/* "starting": what a terminal is told when it takes long. NULL: nothing. */
	const char *progress;
};
