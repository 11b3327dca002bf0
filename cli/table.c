/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <errno.h>
#include <libsmartcols.h>

#include "base/cleanup.h"
#include "cli/text.h"

/**
 * table_unrefp - cleanup attribute of scols_unref_table()
 * @table: address of the table
 */
static void table_unrefp(struct libscols_table **table)
{
	if (*table)
		scols_unref_table(*table);
}

/**
 * table_columns - give a table its headings
 * @table: changed
 * @selection: the columns, borrowed
 *
 * Returns 0 or -ENOMEM.
 */
static int table_columns(struct libscols_table *table, const struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++) {
		const struct column *column = selection->columns[i];
		int flags = column_is_number(column) ? SCOLS_FL_RIGHT : 0;

		if (!scols_table_new_column(table, column->name, 0, flags))
			return -ENOMEM;
	}
	return 0;
}

/**
 * table_row - add one line to a table
 * @table: changed
 * @selection: the columns, borrowed
 * @row: borrowed
 *
 * Returns 0 or -errno.
 */
static int table_row(struct libscols_table *table, const struct selection *selection,
		     const void *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char cell[COLUMN_CELL];
	int r = line ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < selection->count; i++)
		r = scols_line_set_data(line, i, column_text(selection->columns[i], row, cell));
	return r;
}

/**
 * table_print - print rows as a table with headings; nothing when there are no rows
 * @listing: gives the size of a row
 * @selection: the columns
 * @rows, @count: an array of rows, borrowed
 * @e: filled on failure
 *
 * libsmartcols escapes what is not printable, and cuts nothing that goes into a pipe.
 *
 * Returns 0 or -errno.
 */
int table_print(const struct listing *listing, const struct selection *selection, const void *rows,
		size_t count, struct error *e)
{
	_cleanup_(table_unrefp) struct libscols_table *table = scols_new_table();
	int r = table ? table_columns(table, selection) : -errno;

	text_locale(); /* how wide characters are */
	for (size_t i = 0; r == 0 && i < count; i++)
		r = table_row(table, selection, (const char *)rows + i * listing->row_size);
	if (r == 0)
		r = scols_print_table(table);
	return r < 0 ? error_errno(e, -r, "cannot draw the table") : 0;
}
