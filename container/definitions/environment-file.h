/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Files of the grammar that systemd.exec(5) gives for EnvironmentFile=: KEY=VALUE lines, quotes,
 * backslashes, continuation lines, comments. What is read can be written again: every line that is
 * not changed, understood or not, keeps its very bytes.
 */

/* One assignment, or the bytes between two of them. */
struct environment_entry {
	char *raw; /* its text with the line end; owned */
	size_t raw_length;
	char *key;   /* owned; NULL for comments, blank lines and what is no assignment */
	char *value; /* owned; NULL like key */
};

struct environment_file {
	struct environment_entry *entries;
	size_t count;
};

int environment_parse(const char *text, size_t length, struct environment_file *ret_file,
		      struct error *e);
void environment_deinit(struct environment_file *file);
const char *environment_get(const struct environment_file *file, const char *key);
int environment_set(struct environment_file *file, const char *key, const char *value,
		    struct error *e);
bool environment_unset(struct environment_file *file, const char *key);
int environment_format(const struct environment_file *file, char **ret_text, size_t *ret_length,
		       struct error *e);
