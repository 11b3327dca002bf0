/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/text.h"

#define CUT_WIDTH 12 /* what is left of a text, at least */

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
 * tone_color - the colour of a tone
 * @tone: how something is meant
 *
 * Returns its name, or NULL.
 */
const char *tone_color(enum tone tone)
{
	static const char *const colors[] = {
		[TONE_GOOD] = "green", [TONE_WARN] = "yellow", [TONE_BAD] = "red"
	};

	return colors[tone];
}

/**
 * column_width - the room a column needs
 * @column: borrowed
 * @rows, @count, @size: an array of rows of that size, borrowed
 *
 * Of one that may be cut, what has to be left of it: half an address would be taken for another one.
 */
static size_t column_width(const struct column *column, const void *rows, size_t count, size_t size)
{
	size_t width = text_width(column->name);
	char cell[COLUMN_CELL];

	for (size_t i = 0; i < count; i++) {
		size_t one = text_width(column_text(column, (const char *)rows + i * size, cell));

		width = one > width ? one : width;
	}
	return column->kind == COLUMN_PROSE && width > CUT_WIDTH ? CUT_WIDTH : width;
}

/**
 * table_fit - leave away what a terminal has no room for: the last columns that need not be kept
 * @width: of the terminal
 * @listing: whose rows they are, borrowed
 * @selection: changed
 * @rows, @count: an array of rows, borrowed
 *
 * Returns whether the others have room.
 */
static bool table_fit(size_t width, const struct listing *listing, struct selection *selection,
		      const void *rows, size_t count)
{
	size_t widths[COLUMNS_MAX], needed = 0;

	for (size_t i = 0; i < selection->count; i++) {
		widths[i] = 1 + column_width(selection->columns[i], rows, count, listing->row_size);
		needed += widths[i];
	}
	for (size_t i = selection->count; i-- > 0 && needed > width + 1;) {
		if (selection->columns[i]->rank == COLUMN_KEPT)
			continue;
		needed -= widths[i];
		for (size_t j = i + 1; j < selection->count; j++)
			selection->columns[j - 1] = selection->columns[j];
		selection->count--;
	}
	return needed <= width + 1;
}

/**
 * table_columns - give a table its headings
 * @table: changed
 * @selection: the columns, borrowed
 * @cut: names are cut as well
 *
 * What somebody chose is not cut.
 *
 * Returns 0 or -ENOMEM.
 */
static int table_columns(struct libscols_table *table, const struct selection *selection, bool cut)
{
	for (size_t i = 0; i < selection->count; i++) {
		const struct column *column = selection->columns[i];
		int flags = column_is_number(column) ? SCOLS_FL_RIGHT : 0;

		if (!selection->chosen &&
		    (column->kind == COLUMN_PROSE || (cut && column->kind == COLUMN_TEXT)))
			flags |= SCOLS_FL_TRUNC;
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

	for (size_t i = 0; r == 0 && i < selection->count; i++) {
		const char *color = tone_color(column_tone(selection->columns[i], row));

		r = scols_line_set_data(line, i, column_text(selection->columns[i], row, cell));
		if (r == 0 && color)
			r = scols_cell_set_color(scols_line_get_cell(line, i), color);
	}
	return r;
}

/**
 * table_print - print rows as a table with headings; nothing when there are no rows
 * @session: says whether colours are wanted, borrowed
 * @listing: gives the size of a row
 * @selection: the columns
 * @rows, @count: an array of rows, borrowed
 * @e: filled on failure
 *
 * It fits the terminal, unless columns were chosen that do not. libsmartcols escapes what is not
 * printable, and cuts nothing that goes into a pipe.
 *
 * Returns 0 or -errno.
 */
int table_print(const struct session *session, const struct listing *listing,
		const struct selection *selection, const void *rows, size_t count, struct error *e)
{
	_cleanup_(table_unrefp) struct libscols_table *table = NULL;
	struct selection shown = *selection;
	bool fits = true;
	int r;

	text_locale(); /* how wide characters are */
	table = scols_new_table();
	if (!table)
		return error_errno(e, errno, "cannot draw the table");
	if (!shown.chosen && isatty(STDOUT_FILENO))
		fits = table_fit(scols_table_get_termwidth(table), listing, &shown, rows, count);
	scols_table_enable_colors(table, session_colored(session, STDOUT_FILENO));
	r = table_columns(table, &shown, !fits);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = table_row(table, &shown, (const char *)rows + i * listing->row_size);
	if (r == 0)
		r = scols_print_table(table);
	return r < 0 ? error_errno(e, -r, "cannot draw the table") : 0;
}
