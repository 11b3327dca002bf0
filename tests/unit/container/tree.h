/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "container/container.h"

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

/* A tree of its own for each test, with every file of the suite below it. */
struct tree {
	char root[64];
	struct paths paths;
};

/* Removes one entry; the callback of nftw(). */
static int tree_remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* Makes an empty tree; a setup of cmocka. */
static inline int tree_setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -1;
	memcpy(tree->root, "/tmp/test-container-XXXXXX", sizeof("/tmp/test-container-XXXXXX"));
	*state = tree;
	return mkdtemp(tree->root) ? paths_init(&tree->paths, tree->root, NULL) : -1;
}

/* Removes it again; a teardown of cmocka. */
static inline int tree_teardown(void **state)
{
	struct tree *tree = *state;
	int r = nftw(tree->root, tree_remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	free(tree);
	return r;
}

/* Writes a file below a directory of the tree, which is made. */
static inline void tree_write(const char *directory, const char *name, const char *text,
			      size_t length)
{
	char path[512];

	assert_true(directory_make(directory, 0755, NULL) >= 0);
	assert_int_equal(path_format(path, sizeof(path), NULL, "%s/%s", directory, name), 0);
	assert_int_equal(file_replace(path, text, length, 0644, NULL), 0);
}
