/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/table.h"
#include "cli/text.h"

#define BRANCH_WIDTH 2  /* of the lines before the name of a branch */
#define VALUE_WIDTH  10 /* the least room that is worth a column of its own */

enum { TREE_NAME, TREE_VALUE };

/* One thing and what belongs to it: the first line is the root, the others are branches. */
struct tree {
	struct libscols_table *table;
	struct libscols_line *parent; /* what is added belongs to it; NULL: nothing was added yet */
	struct libscols_line *last;
	int failed; /* the first failure, negative errno; nothing is added after it */
};

/**
 * iter_freep - cleanup attribute of scols_free_iter()
 * @iter: address of the iterator
 */
static void iter_freep(struct libscols_iter **iter)
{
	scols_free_iter(*iter);
}

/**
 * tree_new - begin a tree
 * @session: says whether colours are wanted, borrowed
 * @ret_tree: the caller ends with tree_free()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int tree_new(const struct session *session, struct tree **ret_tree, struct error *e)
{
	_cleanup_(tree_freep) struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return error_errno(e, ENOMEM, "cannot draw the tree");
	text_locale(); /* how wide characters are, and whether there are lines to draw with */
	tree->table = scols_new_table();
	if (!tree->table)
		return error_errno(e, errno, "cannot draw the tree");
	if (!scols_table_new_column(tree->table, "name", 0, SCOLS_FL_TREE) ||
	    !scols_table_new_column(tree->table, "value", 0, 0))
		return error_errno(e, ENOMEM, "cannot draw the tree");
	scols_table_enable_noheadings(tree->table, 1);
	scols_table_enable_colors(tree->table, session_colored(session, STDOUT_FILENO));
	*ret_tree = TAKE_PTR(tree);
	return 0;
}

/**
 * tree_free - end with a tree
 * @tree: may be NULL or half built
 */
void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	if (tree->table)
		scols_unref_table(tree->table);
	free(tree);
}

/**
 * tree_freep - cleanup attribute of tree_free()
 * @tree: address of the tree
 */
void tree_freep(struct tree **tree)
{
	tree_free(*tree);
}

/**
 * tree_add - add the root or, after that, a branch
 * @tree: changed; a failure is kept for tree_print()
 * @tone: how the line is meant
 * @name: borrowed
 * @format: the value beside the name
 */
void tree_add(struct tree *tree, enum tone tone, const char *name, const char *format, ...)
{
	struct libscols_line *line;
	char value[COLUMN_CELL];
	va_list args;

	if (tree->failed)
		return;
	va_start(args, format);
	(void)vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	line = scols_table_new_line(tree->table, tree->parent);
	tree->last = line;
	if (!tree->parent)
		tree->parent = line;
	if (!line || scols_line_set_data(line, TREE_NAME, name) != 0 ||
	    scols_line_set_data(line, TREE_VALUE, value) != 0)
		tree->failed = -ENOMEM;
	else if (tone_color(tone))
		tree->failed = scols_cell_set_color(scols_line_get_cell(line, TREE_VALUE),
						    tone_color(tone));
}

/**
 * tree_descend - let what is added now belong to the branch that was added last
 * @tree: changed
 */
void tree_descend(struct tree *tree)
{
	if (!tree->failed)
		tree->parent = tree->last;
}

/**
 * tree_ascend - the opposite of tree_descend()
 * @tree: changed
 */
void tree_ascend(struct tree *tree)
{
	if (!tree->failed)
		tree->parent = scols_line_get_parent(tree->parent);
}

/**
 * tree_add_row - add a row of a listing: its first column is the root, the others are branches
 * @tree: changed; empty
 * @listing: whose row it is, borrowed
 * @row: borrowed
 * @value: what stands beside the root
 *
 * Columns without a value are left away.
 */
void tree_add_row(struct tree *tree, const struct listing *listing, const void *row,
		  const char *value)
{
	char name[32], cell[COLUMN_CELL];

	tree_add(tree, TONE_PLAIN, column_text(&listing->columns[0], row, cell), "%s", value);
	for (size_t i = 1; i < listing->n_columns; i++) {
		column_key(&listing->columns[i], name);
		for (char *c = name; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		if (column_text(&listing->columns[i], row, cell)[0])
			tree_add(tree, column_tone(&listing->columns[i], row), name, "%s", cell);
	}
}

/**
 * tree_add_drift - add the differences from what should be, or that there is none
 * @tree: changed
 * @lines: the first of them, borrowed
 * @stride: bytes from one to the next
 * @count: how many
 */
void tree_add_drift(struct tree *tree, const char *lines, size_t stride, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tree_add(tree, TONE_BAD, "drift", "%s", lines + i * stride);
	if (count == 0)
		tree_add(tree, TONE_PLAIN, "drift", "none");
}

/* Text that is broken into lines. */
struct wrapped {
	char text[2 * COLUMN_CELL];
	size_t length;
	size_t column; /* characters on the last line */
};

/**
 * wrapped_add - add one character
 * @wrapped: changed; what does not fit is left away
 * @c, @length: its bytes, borrowed
 * @width: of a line; a word that is longer is broken
 */
static void wrapped_add(struct wrapped *wrapped, const char *c, size_t length, size_t width)
{
	if (wrapped->length + length + 2 > sizeof(wrapped->text))
		return;
	if (wrapped->column == width || *c == '\n') {
		wrapped->text[wrapped->length++] = '\n';
		wrapped->column = 0;
	}
	if (*c != '\n') {
		memcpy(wrapped->text + wrapped->length, c, length);
		wrapped->length += length;
		wrapped->column++;
	}
	wrapped->text[wrapped->length] = '\0';
}

/**
 * text_wrap - break a text into lines, at blanks where that is possible
 * @text: changed: taken apart into words
 * @width: of a line
 * @wrapped: empty; filled
 */
static void text_wrap(char *text, size_t width, struct wrapped *wrapped)
{
	for (char *word = strsep(&text, " \n"); word; word = strsep(&text, " \n")) {
		bool fits = wrapped->column + 1 + text_width(word) <= width;

		if (wrapped->length)
			wrapped_add(wrapped, fits ? " " : "\n", 1, width);
		while (*word) {
			int length = mblen(word, MB_CUR_MAX);

			length = length < 1 ? 1 : length;
			wrapped_add(wrapped, word, (size_t)length, width);
			word += length;
		}
	}
}

/**
 * names_width - the width of the names, with the lines that are drawn before them
 * @tree: borrowed
 * @iter: borrowed, at the start
 */
static size_t names_width(const struct tree *tree, struct libscols_iter *iter)
{
	size_t width = 0;
	struct libscols_line *line;

	while (scols_table_next_line(tree->table, iter, &line) == 0) {
		const char *name = scols_cell_get_data(scols_line_get_cell(line, TREE_NAME));
		size_t one = text_width(name);

		for (struct libscols_line *above = scols_line_get_parent(line); above;
		     above = scols_line_get_parent(above))
			one += BRANCH_WIDTH;
		width = one > width ? one : width;
	}
	return width;
}

/**
 * tree_wrap - break values where the terminal ends: libsmartcols would do so within a word
 * @tree: changed
 *
 * Returns 0 or -errno.
 */
static int tree_wrap(struct tree *tree)
{
	_cleanup_(iter_freep) struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_column *column = scols_table_get_column(tree->table, TREE_VALUE);
	size_t width = scols_table_get_termwidth(tree->table);
	struct libscols_line *line;
	size_t names;
	int r = iter ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	names = names_width(tree, iter);
	if (width < names + VALUE_WIDTH)
		return 0;
	r = scols_column_set_flags(column, SCOLS_FL_WRAP);
	if (r == 0)
		r = scols_column_set_safechars(column, "\n");
	if (r == 0)
		r = scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
					      scols_wrapnl_nextchunk, NULL);
	scols_reset_iter(iter, SCOLS_ITER_FORWARD);
	while (r == 0 && scols_table_next_line(tree->table, iter, &line) == 0) {
		struct wrapped wrapped = { .text = "" };
		char value[COLUMN_CELL];

		(void)snprintf(value, sizeof(value), "%s",
			       scols_cell_get_data(scols_line_get_cell(line, TREE_VALUE)));
		text_wrap(value, width - names - 1, &wrapped);
		r = scols_line_set_data(line, TREE_VALUE, wrapped.text);
	}
	return r;
}

/**
 * tree_print - draw a tree
 * @tree: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int tree_print(struct tree *tree, struct error *e)
{
	int r = tree->failed;

	if (r == 0 && isatty(STDOUT_FILENO))
		r = tree_wrap(tree);
	if (r == 0)
		r = scols_print_table(tree->table);
	return r < 0 ? error_errno(e, -r, "cannot draw the tree") : 0;
}
