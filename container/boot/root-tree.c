/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/root-tree.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree.h"

/**
 * root_tree_boots - whether a tree has something to boot
 * @tree: its root directory, borrowed
 * @e: filled on failure
 *
 * Source: systemd-nspawn --boot looks for these; machine/first-program.c for the same.
 *
 * Returns 1, 0 or -errno.
 */
int root_tree_boots(int tree, struct error *e)
{
	static const char *const inits[] = { "usr/lib/systemd/systemd", "lib/systemd/systemd",
					     "sbin/init" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(inits); i++) {
		mode_t mode = 0;

		r = tree_find(tree, inits[i], &mode, e);
		if (r > 0)
			r = S_ISREG(mode) && (mode & 0111);
	}
	return r;
}

/**
 * check_init - whether a directory has something to boot
 * @path: of the tree, borrowed
 * @e: filled when it has not
 *
 * Returns 0 or -errno.
 */
static int check_init(const char *path, struct error *e)
{
	_cleanup_(fd_closep) int tree = -1;
	int r = tree_open(path, &tree, e);

	if (r == 0)
		r = root_tree_boots(tree, e);
	if (r < 0)
		return error_classify(e, error_wrap(e, r, "--root-tree"), ERROR_USAGE);
	if (r > 0)
		return 0;
	return error_set(e, ERROR_USAGE, EINVAL,
			 "--root-tree %s has nothing to boot: no sbin/init and no "
			 "usr/lib/systemd/systemd that can be run",
			 path);
}

/**
 * is_below - whether a path is a directory or leads to something in it
 * @path, @directory: both without links, borrowed
 */
static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && (!path[length] || path[length] == '/');
}

/**
 * root_tree_check - whether a tree can be the root directory of a container
 * @paths: borrowed
 * @typed: as typed, borrowed
 * @path: filled: the same without links
 * @e: says what is wrong with it
 *
 * What lies below /var/lib/nixos-containers is removed with the container it is named after.
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
int root_tree_check(const struct paths *paths, const char *typed, char path[PATH_MAX],
		    struct error *e)
{
	if (typed[0] != '/')
		return error_set(e, ERROR_USAGE, EINVAL, "--root-tree '%s' is not absolute", typed);
	if (!realpath(typed, path)) {
		int r = error_errno(e, errno, "--root-tree %s", typed);

		return error_classify(e, r, ERROR_USAGE);
	}
	if (strcmp(path, "/") == 0)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "--root-tree %s is the root directory of the host", typed);
	if (is_below(path, paths->containers))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "--root-tree %s is in %s, where \"destroy\" removes what it finds",
				 typed, paths->containers);
	return check_init(path, e);
}

/**
 * root_tree_is_free - whether no other container has a tree
 * @paths: borrowed
 * @definition: of the container that is to have it, borrowed
 * @e: names the container that has it
 *
 * A tree in another's tree is taken as well: both would write to it. Definitions that cannot be read
 * have no say.
 *
 * Returns 0 or -errno.
 */
int root_tree_is_free(const struct paths *paths, const struct definition *definition,
		      struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	const char *tree = definition->root_tree;
	struct definition other;
	size_t count;
	int r = definition_names(paths, &names, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (strcmp(names[i], definition->name) == 0 ||
		    definition_read(paths, names[i], &other, NULL) <= 0 || !other.root_tree[0])
			continue;
		if (is_below(tree, other.root_tree) || is_below(other.root_tree, tree))
			r = error_set(e, ERROR_CONFLICT, EEXIST,
				      "container '%s' has the tree %s already", names[i],
				      other.root_tree);
	}
	return r < 0 ? error_remedy(e, r, "copy the tree, and give the copy to '%s'",
				    definition->name)
		     : 0;
}
