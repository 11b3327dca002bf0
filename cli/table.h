/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "cli/column.h"
#include "cli/session.h"

/* What is printed for people: tables and trees, drawn by libsmartcols. */

int table_print(const struct session *session, const struct listing *listing,
		const struct selection *selection, const void *rows, size_t count, struct error *e);
const char *tone_color(enum tone tone);

struct tree;

int tree_new(const struct session *session, struct tree **ret_tree, struct error *e);
void tree_free(struct tree *tree);
void tree_freep(struct tree **tree);
void tree_add(struct tree *tree, enum tone tone, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void tree_descend(struct tree *tree);
void tree_ascend(struct tree *tree);
void tree_add_row(struct tree *tree, const struct listing *listing, const void *row,
		  const char *value);
void tree_add_drift(struct tree *tree, const char *lines, size_t stride, size_t count);
int tree_print(struct tree *tree, struct error *e);
