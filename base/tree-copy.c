/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tree-copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree.h"

/*
 * Theory of operation
 *
 * Each file is named by its whole path and resolved by base/tree.h anew, so that whoever swaps files
 * while they are copied can choose which of his own files is. A link is copied as a link only where
 * no link in the copy can lead out of it. All others are followed here, and a directory that lies
 * in itself by one of them is entered once.
 */

#define DEPTH_MAX 64

/* A directory that is being copied. */
struct level {
	const struct level *above; /* NULL: none */
	const char *path;          /* in the tree, borrowed */
	int from, to;              /* borrowed */
	unsigned depth;
	struct stat st;
};

/* What stays the same for all files. */
struct copy {
	int tree;     /* borrowed */
	size_t limit; /* of a file, in bytes */
};

static int copy_directory(const struct copy *copy, const char *path, int to,
			  const struct level *above, struct error *e);

/**
 * link_stays - whether a link in the copy leads to something in the copy
 * @target: borrowed
 *
 * It does when nothing in it leads up: all links on its way are such as well.
 */
static bool link_stays(const char *target)
{
	if (target[0] == '/' || target[0] == '\0')
		return false;
	while (target[0]) {
		size_t length = strcspn(target, "/");

		if (length == 2 && strncmp(target, "..", 2) == 0)
			return false;
		target += length;
		target += strspn(target, "/");
	}
	return true;
}

/**
 * copy_link - copy a link that can stay one
 * @level: the directory
 * @name: in it
 * @e: names the link
 *
 * Returns 1, 0 when it has to be followed or is none, or -errno.
 */
static int copy_link(const struct level *level, const char *name, struct error *e)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(level->from, name, target, sizeof(target) - 1);

	if (length < 0)
		return 0;
	target[length] = '\0';
	if (!link_stays(target))
		return 0;
	if (symlinkat(target, level->to, name) < 0)
		return error_errno(e, errno, "cannot copy %s/%s", level->path, name);
	return 1;
}

/**
 * copy_file - copy a regular file
 * @copy: borrowed
 * @path: of the file in the tree
 * @level: the directory it goes to
 * @name: in that
 * @executable: whether it can be run
 * @e: names the file
 *
 * Returns 0, also when it has gone meanwhile, or -errno.
 */
static int copy_file(const struct copy *copy, const char *path, const struct level *level,
		     const char *name, bool executable, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t length;
	int fd, r = tree_read(copy->tree, path, copy->limit, &text, &length, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	fd = openat(level->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    executable ? 0755 : 0644);
	if (fd < 0)
		return error_errno(e, errno, "cannot copy %s", path);
	r = file_write(fd, text, length);
	return r < 0 ? error_errno(e, -r, "cannot copy %s", path) : 0;
}

/**
 * copy_below - copy a directory in a directory
 * @copy: borrowed
 * @path: of the directory in the tree
 * @level: the one it goes to
 * @name: in that
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int copy_below(const struct copy *copy, const char *path, const struct level *level,
		      const char *name, struct error *e)
{
	_cleanup_(fd_closep) int to = -1;

	if (mkdirat(level->to, name, 0755) < 0)
		return error_errno(e, errno, "cannot copy %s", path);
	to = openat(level->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return error_errno(e, errno, "cannot copy %s", path);
	return copy_directory(copy, path, to, level, e);
}

/**
 * copy_entry - copy one thing in a directory
 * @copy: borrowed
 * @level: the directory
 * @name: in it
 * @e: names it
 *
 * Returns 0, also when there is nothing that can be copied, or -errno.
 */
static int copy_entry(const struct copy *copy, const struct level *level, const char *name,
		      struct error *e)
{
	char path[PATH_MAX];
	mode_t mode;
	int r = path_format(path, sizeof(path), e, "%s/%s", level->path, name);

	if (r == 0)
		r = copy_link(level, name, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = tree_find(copy->tree, path, &mode, e);
	if (r == 0 || r == -ELOOP)
		return 0;
	if (r > 0 && S_ISREG(mode))
		return copy_file(copy, path, level, name, mode & 0111, e);
	if (r > 0 && S_ISDIR(mode))
		return copy_below(copy, path, level, name, e);
	return r < 0 ? r : 0;
}

/**
 * level_repeats - whether a directory lies in itself
 * @level: borrowed
 */
static bool level_repeats(const struct level *level)
{
	for (const struct level *one = level->above; one; one = one->above)
		if (one->st.st_dev == level->st.st_dev && one->st.st_ino == level->st.st_ino)
			return true;
	return false;
}

/**
 * copy_entries - copy all that is in a directory
 * @copy: borrowed
 * @level: the directory
 * @directory: the same, for readdir(3)
 * @e: names what could not be copied
 *
 * Returns 0 or -errno.
 */
static int copy_entries(const struct copy *copy, const struct level *level, DIR *directory,
			struct error *e)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (errno = 0, entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = copy_entry(copy, level, entry->d_name, e);
	if (r == 0 && errno != 0)
		return error_errno(e, errno, "cannot read directory %s", level->path);
	return r;
}

/**
 * copy_directory - copy all that is below a directory
 * @copy: borrowed
 * @path: of the directory in the tree
 * @to: where it goes, borrowed
 * @above: the directory it is in; NULL: it is the first
 * @e: names what could not be copied
 *
 * Returns 0 or -errno.
 */
static int copy_directory(const struct copy *copy, const char *path, int to,
			  const struct level *above, struct error *e)
{
	struct level level = { .above = above, .path = path, .to = to };
	DIR *directory;
	int r = tree_directory_open(copy->tree, path, &level.from, e);

	if (r == -ENOENT && above)
		return 0;
	if (r < 0)
		return r;
	level.depth = above ? above->depth + 1 : 0;
	directory = fdopendir(level.from);
	if (!directory || fstat(level.from, &level.st) < 0)
		r = error_errno(e, errno, "cannot read directory %s", path);
	else if (level.depth > DEPTH_MAX)
		r = error_set(e, ERROR_FAILED, ELOOP, "directories are nested too deeply in %.200s",
			      path);
	else if (!level_repeats(&level))
		r = copy_entries(copy, &level, directory, e);
	if (directory)
		closedir(directory);
	else
		fd_closep(&level.from);
	return r;
}

/**
 * tree_copy - copy what is below a directory of a container
 * @tree: its root directory, borrowed
 * @path: of the directory
 * @to: an empty directory of ours, borrowed
 * @limit: the largest file accepted, in bytes
 * @e: names what could not be copied
 *
 * Returns 0, -ENOENT when there is no such directory, -EFBIG for a file that is too large, -ENOSPC
 * when there is no room for all, or another -errno.
 */
int tree_copy(int tree, const char *path, int to, size_t limit, struct error *e)
{
	const struct copy copy = { .tree = tree, .limit = limit };

	return copy_directory(&copy, path, to, NULL, e);
}
