/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* A list of words that grows: an argument vector, or what a line of a file was split into. */
struct words {
	char **list; /* owned, and so are the words; ends with NULL; NULL while there is none */
	size_t count;
};

int words_add(struct words *words, struct error *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int words_append(struct words *words, const struct words *more, struct error *e);
int words_split(struct words *words, const char *text, struct error *e);
/* The opposite of words_split(). The caller frees *ret_text. */
int words_join(const struct words *words, char **ret_text, struct error *e);
void words_deinit(struct words *words);
