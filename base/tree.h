/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Files below a directory that belongs to somebody hostile: the root of a container. Paths are those
 * the container has: "/etc/passwd" and "etc/passwd" are the same, and a link or ".." never leads out.
 */

/* @ret_tree: closed by the caller. A root directory that is a symbolic link is refused. */
int tree_open(const char *path, int *ret_tree, struct error *e);

/* Regular files only. Arguments and returns are those of file_read(). */
int tree_read(int tree, const char *path, size_t limit, char **ret_text, size_t *ret_length,
	      struct error *e);

/* What is there, links followed inside. Returns 1, 0 when nothing is, or -errno. */
int tree_find(int tree, const char *path, mode_t *ret_mode, struct error *e);

/* Where a path leads inside, without links: "/nix/store". Returns 1, 0 when nothing is there, -errno. */
int tree_real_path(int tree, const char *path, char ret_path[PATH_MAX], struct error *e);

/* A directory, links followed inside; for reading, closed by the caller. */
int tree_directory_open(int tree, const char *path, int *ret_fd, struct error *e);

/*
 * The directory a path lies in is followed to where its links lead inside, the last component is not:
 * what is there under that name is replaced, be it a link.
 */
int tree_replace(int tree, const char *path, const char *text, size_t length, mode_t mode,
		 struct error *e);

/* An empty regular file, if nothing is there, not even a link. Returns 1, 0 when something was. */
int tree_touch(int tree, const char *path, mode_t mode, struct error *e);

enum tree_mode {
	TREE_MODE_OF_NEW, /* what is there keeps its permissions */
	TREE_MODE_OF_ANY, /* what is there gets them too */
};

/* A directory and those above it, which get 0755. Returns 1 when something was done, 0, -errno. */
int tree_directory(int tree, const char *path, mode_t mode, enum tree_mode which, struct error *e);
