/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/configuration-view.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree-copy.h"
#include "base/tree.h"
#include "container/boot/configuration.h"

/*
 * Theory of operation
 *
 * Nix reads files by their paths, on the host, and follows links itself. In the root directory of a
 * container that runs, somebody hostile may put a link in the place of anything between two looks of
 * ours. So Nix does not see that directory: in a mount namespace of its own there is a file system in
 * memory in its place, with a copy of etc/nixos. Paths in a configuration, and those that Nix names in
 * its errors, are what they would be without; and nothing is left when we are killed.
 */

#define DIRECTORY "etc/nixos"

/* A configuration is some text, and what its services read at most. */
#define VIEW_SIZE_MAX ((size_t)128 * 1024 * 1024)
#define VIEW_SIZE     "128m"
#define VIEW_FILES    "16384"

/**
 * memory_make - make a file system in memory that is nowhere mounted
 *
 * Source: fsopen(2) of man-pages-dev; what is not moved to a place goes with the descriptor.
 *
 * Returns its root directory or -errno.
 */
static int memory_make(void)
{
	_cleanup_(fd_closep) int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_STRING, "size", VIEW_SIZE, 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_STRING, "nr_inodes", VIEW_FILES, 0) < 0 ||
	    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(context, FSMOUNT_CLOEXEC,
		     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * directory_give - make the place for the copy
 * @mount: the file system
 * @ret_fd: etc/nixos in it; the caller closes it
 *
 * Returns 0 or -errno.
 */
static int directory_give(int mount, int *ret_fd)
{
	int fd;

	if (mkdirat(mount, "etc", 0755) < 0 || mkdirat(mount, DIRECTORY, 0755) < 0)
		return -errno;
	fd = openat(mount, DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/**
 * copy_fill - copy what a container has
 * @root: its root directory, a path, borrowed
 * @to: etc/nixos of the copy, borrowed
 * @e: says what cannot be copied
 *
 * Returns 0 or -errno.
 */
static int copy_fill(const char *root, int to, struct error *e)
{
	_cleanup_(fd_closep) int tree = -1;
	int r = tree_open(root, &tree, e);

	if (r == 0)
		r = tree_copy(tree, DIRECTORY, to, VIEW_SIZE_MAX, e);
	if (r == -ENOSPC)
		r = error_set(e, ERROR_FAILED, EFBIG,
			      "there are more than " VIEW_SIZE " or " VIEW_FILES
			      " files in %s/" DIRECTORY,
			      root);
	return r;
}

/**
 * configuration_view - let Nix see a configuration, and nothing else of a container
 * @paths: borrowed
 * @name: a checked name; its etc/nixos has been opened
 * @text: what configuration.nix is to say, borrowed; NULL: what it says
 * @ret_view: ended by the caller
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int configuration_view(const struct paths *paths, const char *name, const char *text,
		       struct nix_view *ret_view, struct error *e)
{
	_cleanup_(nix_view_end) struct nix_view view = { .mount = -1 };
	_cleanup_(fd_closep) int directory = -1;
	int r = path_format(view.place, sizeof(view.place), e, "%s/%s", paths->containers, name);

	if (r < 0)
		return r;
	view.mount = memory_make();
	r = view.mount < 0 ? view.mount : directory_give(view.mount, &directory);
	if (r < 0)
		return error_errno(e, -r, "cannot make a file system for a copy of %s/" DIRECTORY,
				   view.place);
	r = copy_fill(view.place, directory, e);
	if (r == 0)
		r = text ? configuration_write(directory, CONFIGURATION_NAME, text, e)
			 : configuration_check(directory, name, e);
	if (r < 0)
		return r;
	*ret_view = view;
	view.mount = -1;
	return 0;
}
