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
FORWARD(const char *, scols_cell_get_data, NULL, (const struct libscols_cell *ce), (ce))
FORWARD(int, scols_cell_set_color, -ENOSYS, (struct libscols_cell * ce, const char *color),
	(ce, color))
FORWARD(int, scols_column_set_flags, -ENOSYS, (struct libscols_column * cl, int flags), (cl, flags))
FORWARD(int, scols_column_set_safechars, -ENOSYS, (struct libscols_column * cl, const char *safe),
	(cl, safe))
FORWARD(int, scols_column_set_wrapfunc, -ENOSYS,
	(struct libscols_column * cl,
	 size_t (*wrap_chunksize)(const struct libscols_column *, const char *, void *),
	 char *(*wrap_nextchunk)(const struct libscols_column *, char *, void *), void *userdata),
	(cl, wrap_chunksize, wrap_nextchunk, userdata))
FORWARD_VOID(scols_free_iter, (struct libscols_iter * itr), (itr))
FORWARD(struct libscols_cell *, scols_line_get_cell, NULL, (struct libscols_line * ln, size_t n),
	(ln, n))
FORWARD(struct libscols_line *, scols_line_get_parent, NULL, (const struct libscols_line *ln), (ln))
FORWARD(int, scols_line_set_data, -ENOSYS, (struct libscols_line * ln, size_t n, const char *data),
	(ln, n, data))
FORWARD(struct libscols_iter *, scols_new_iter, NULL, (int direction), (direction))
FORWARD(struct libscols_table *, scols_new_table, NULL, (void), ())
FORWARD(int, scols_print_table, -ENOSYS, (struct libscols_table * tb), (tb))
FORWARD_VOID(scols_reset_iter, (struct libscols_iter * itr, int direction), (itr, direction))
FORWARD(int, scols_table_enable_colors, -ENOSYS, (struct libscols_table * tb, int enable),
	(tb, enable))
FORWARD(int, scols_table_enable_noheadings, -ENOSYS, (struct libscols_table * tb, int enable),
	(tb, enable))
FORWARD(struct libscols_column *, scols_table_get_column, NULL,
	(struct libscols_table * tb, size_t n), (tb, n))
FORWARD(size_t, scols_table_get_termwidth, 80, (const struct libscols_table *tb), (tb))
FORWARD(struct libscols_column *, scols_table_new_column, NULL,
	(struct libscols_table * tb, const char *name, double whint, int flags),
	(tb, name, whint, flags))
FORWARD(struct libscols_line *, scols_table_new_line, NULL,
	(struct libscols_table * tb, struct libscols_line *parent), (tb, parent))
FORWARD(int, scols_table_next_line, -ENOSYS,
	(struct libscols_table * tb, struct libscols_iter *itr, struct libscols_line **ln),
	(tb, itr, ln))
FORWARD_VOID(scols_unref_table, (struct libscols_table * tb), (tb))
FORWARD(size_t, scols_wrapnl_chunksize, 0,
	(const struct libscols_column *cl, const char *data, void *userdata), (cl, data, userdata))
FORWARD(char *, scols_wrapnl_nextchunk, NULL,
	(const struct libscols_column *cl, char *data, void *userdata), (cl, data, userdata))
