/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* One mount of our mount namespace, as /proc/self/mountinfo has it. Borrowed from the text. */
struct mount {
	const char *root;    /* which part of its file system is mounted */
	const char *point;   /* where */
	const char *type;    /* of the file system */
	const char *options; /* of the file system, comma-separated */
};

/* @ret_text: all mounts, for mounts_next(); the caller frees it. Returns 0 or -errno. */
int mounts_read(char **ret_text, struct error *e);

/* @cursor: in the text, which is changed; at the next mount afterwards. Returns whether there is one. */
bool mounts_next(char **cursor, struct mount *ret_mount);
