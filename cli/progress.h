/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli/session.h"

/*
 * What takes longer than a second says so on the last line of a terminal, by a child that does nothing
 * else: whoever is at work need not think of it.
 */

/* What the child is told. */
struct progress_board {
	atomic_size_t at, done;
	atomic_bool shown;
};

struct progress {
	struct progress_board *board; /* NULL: nothing is shown */
	pid_t child;
};

void progress_begin(struct progress *progress, const struct session *session, const char *doing,
		    const char *const *names, size_t count);
void progress_at(struct progress *progress, size_t at, size_t done);
void progress_end(struct progress *progress);
