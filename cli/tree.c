/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/table.h"
#include "cli/text.h"

enum { TREE_NAME, TREE_VALUE };

/* One thing and what belongs to it: the first line is the root, the others are its branches. */
struct tree {
	struct libscols_table *table;
	struct libscols_line *root;
	int failed; /* the first failure, negative errno; nothing is added after it */
};

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
	    !scols_table_new_column(tree->table, "value", 0, SCOLS_FL_WRAP))
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
	static const char *const colors[] = { [TONE_GOOD] = "green", [TONE_BAD] = "red" };
	struct libscols_line *line;
	char value[COLUMN_CELL];
	va_list args;

	if (tree->failed)
		return;
	va_start(args, format);
	(void)vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	line = scols_table_new_line(tree->table, tree->root);
	if (!tree->root)
		tree->root = line;
	if (!line || scols_line_set_data(line, TREE_NAME, name) != 0 ||
	    scols_line_set_data(line, TREE_VALUE, value) != 0)
		tree->failed = -ENOMEM;
	else if (colors[tone])
		tree->failed =
			scols_cell_set_color(scols_line_get_cell(line, TREE_VALUE), colors[tone]);
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
			tree_add(tree, TONE_PLAIN, name, "%s", cell);
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

/**
 * tree_print - draw a tree
 * @tree: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int tree_print(struct tree *tree, struct error *e)
{
	int r = tree->failed ? tree->failed : scols_print_table(tree->table);

	return r < 0 ? error_errno(e, -r, "cannot draw the tree") : 0;
}
