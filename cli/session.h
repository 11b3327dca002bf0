/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "cli/option.h"
#include "container/container.h"

/* What one run of the program was told before it knows what to do: the global options. */
struct session {
	const char *program; /* how it was called; begins every error */
	const char *root;    /* --root, NULL when not given */
	const char *color;   /* --color, NULL when not given */
	bool json, debug, help, version;
	struct paths paths; /* set by session_begin() */
};

extern const struct option_table session_options;

const char *session_program(const char *path);
int session_begin(struct session *session, struct error *e);
void session_log(const struct session *session, enum log_level max);
bool session_colored(const struct session *session, int fd);
