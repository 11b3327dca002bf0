/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsmartcols is loaded when the first table or tree is drawn; see base/late.h. Where it cannot be
 * loaded there is no table to begin with.
 */
#include <errno.h>
#include <libsmartcols.h>

#include "base/late.h"

#define LATE_FIND function_find

/**
 * function_find - a function of the library, which is loaded if it has not been
 * @name: borrowed
 *
 * Returns its address, or 0 when there is no such library or function in it.
 */
static uintptr_t function_find(const char *name)
{
	static void *library;

	return late_find(&library, "libsmartcols.so.1", "nothing can be drawn", name);
}

/* clang-format takes parameters for products here. */
FORWARD(int, scols_cell_set_color, -ENOSYS, (struct libscols_cell * ce, const char *color),
	(ce, color))
FORWARD(struct libscols_cell *, scols_line_get_cell, NULL, (struct libscols_line * ln, size_t n),
	(ln, n))
FORWARD(int, scols_line_set_data, -ENOSYS, (struct libscols_line * ln, size_t n, const char *data),
	(ln, n, data))
FORWARD(struct libscols_table *, scols_new_table, NULL, (void), ())
FORWARD(int, scols_print_table, -ENOSYS, (struct libscols_table * tb), (tb))
FORWARD(int, scols_table_enable_colors, -ENOSYS, (struct libscols_table * tb, int enable),
	(tb, enable))
FORWARD(int, scols_table_enable_noheadings, -ENOSYS, (struct libscols_table * tb, int enable),
	(tb, enable))
FORWARD(struct libscols_column *, scols_table_new_column, NULL,
	(struct libscols_table * tb, const char *name, double whint, int flags),
	(tb, name, whint, flags))
FORWARD(struct libscols_line *, scols_table_new_line, NULL,
	(struct libscols_table * tb, struct libscols_line *parent), (tb, parent))
FORWARD_VOID(scols_unref_table, (struct libscols_table * tb), (tb))
