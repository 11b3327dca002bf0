/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tree-remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/attribute.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mounts.h"
#include "base/words.h"

/*
 * Theory of operation
 *
 * One descriptor goes down the tree and up again, so that a tree of any depth can be removed; where it
 * has come from is written down, and looked at again on the way up. At each directory, files are
 * removed and the names of directories are kept, so that none is read twice.
 *
 * A directory is entered only when it lies on the same mount as the root. A subvolume of btrfs does:
 * it has another device number, and is removed like a directory when it is empty.
 */

/* Somebody who keeps making files in a directory that is being removed is not waited for for ever. */
#define LOOKS_MAX 16

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* What tells a directory from all others. */
struct identity {
	uint64_t mount;
	uint64_t inode;
	uint32_t device_major, device_minor;
};

/* A directory on the way down. */
struct level {
	struct identity identity;
	struct words directories; /* in it, still to be removed; the last one comes next */
	unsigned looks;           /* how often the last one was found not empty */
};

/* The way down. */
struct walk {
	const char *path; /* of the root, borrowed */
	int fd;           /* of the directory where we are; owned */
	struct level *levels;
	size_t depth, room;
};

/**
 * walk_deinit - end a walk
 * @walk: anywhere
 */
static void walk_deinit(struct walk *walk)
{
	for (size_t i = 0; i < walk->depth; i++)
		words_deinit(&walk->levels[i].directories);
	freep(&walk->levels);
	fd_closep(&walk->fd);
}

/**
 * walk_fail - say that something in the current directory could not be removed
 * @walk: borrowed
 * @name: in it; NULL: the directory itself
 * @number: positive errno
 * @e: names the whole path
 *
 * Returns -@number.
 */
static int walk_fail(const struct walk *walk, const char *name, int number, struct error *e)
{
	char path[PATH_MAX];
	int r = path_format(path, sizeof(path), NULL, "%s", walk->path);

	for (size_t i = 0; r == 0 && i + 1 < walk->depth; i++) {
		const struct words *names = &walk->levels[i].directories;
		size_t length = strlen(path);

		r = path_format(path + length, sizeof(path) - length, NULL, "/%s",
				names->list[names->count - 1]);
	}
	return error_errno(e, number, "cannot remove %s%s%s%s", path, r < 0 ? "/..." : "",
			   name ? "/" : "", name ? name : "");
}

/**
 * identity_read - what tells a directory from all others
 * @fd: of it, borrowed
 * @ret_identity: filled
 *
 * Returns 0 or -errno.
 */
static int identity_read(int fd, struct identity *ret_identity)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	*ret_identity =
		(struct identity){ st.stx_mnt_id, st.stx_ino, st.stx_dev_major, st.stx_dev_minor };
	return 0;
}

/**
 * identity_equal - whether two are the same directory
 * @a, @b: borrowed
 */
static bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->mount == b->mount && a->inode == b->inode && a->device_major == b->device_major &&
	       a->device_minor == b->device_minor;
}

/**
 * name_drop - forget the last of the names
 * @names: changed; not empty
 */
static void name_drop(struct words *names)
{
	freep(&names->list[--names->count]);
	names->list[names->count] = NULL;
}

/**
 * entry_remove - remove a file or an empty directory
 * @fd: of the directory it lies in, borrowed
 * @name: in it
 * @flags: of unlinkat(2)
 *
 * Where that is forbidden, the attributes that forbid it are taken away, and it is tried once more.
 *
 * Returns 0, also when it is gone already, or -errno.
 */
static int entry_remove(int fd, const char *name, int flags)
{
	if (unlinkat(fd, name, flags) == 0 || errno == ENOENT)
		return 0;
	if (errno != EPERM && errno != EACCES)
		return -errno;
	attribute_clear(fd, ".");
	attribute_clear(fd, name);
	return unlinkat(fd, name, flags) == 0 || errno == ENOENT ? 0 : -errno;
}

/**
 * entry_is_directory - whether a directory entry is a directory
 * @fd: of the directory it lies in, borrowed
 * @entry: borrowed
 */
static bool entry_is_directory(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/**
 * level_scan - remove the files of the current directory and keep the names of directories
 * @walk: its deepest level is filled
 * @e: names what could not be removed
 *
 * Returns 0 or -errno.
 */
static int level_scan(struct walk *walk, struct error *e)
{
	struct words *directories = &walk->levels[walk->depth - 1].directories;
	int fd = openat(walk->fd, ".", DIRECTORY_FLAGS);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!stream) {
		r = walk_fail(walk, NULL, errno, e);
		fd_closep(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(stream))) {
		const char *name = entry->d_name;
		int failure;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (entry_is_directory(walk->fd, entry)) {
			r = words_add(directories, e, "%s", name);
			continue;
		}
		failure = entry_remove(walk->fd, name, 0);
		if (failure < 0)
			r = walk_fail(walk, name, -failure, e);
	}
	if (r == 0 && errno != 0)
		r = walk_fail(walk, NULL, errno, e);
	closedir(stream);
	return r;
}

/**
 * walk_enter - go down into a directory, and remove its files
 * @walk: changed
 * @fd: of the directory; taken
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int walk_enter(struct walk *walk, int fd, struct error *e)
{
	struct level level = { .looks = 0 };
	int r;

	fd_closep(&walk->fd);
	walk->fd = fd;
	if (walk->depth == walk->room) {
		size_t room = walk->room ? 2 * walk->room : 64;
		struct level *levels = reallocarray(walk->levels, room, sizeof(*levels));

		if (!levels)
			return walk_fail(walk, NULL, ENOMEM, e);
		walk->levels = levels;
		walk->room = room;
	}
	r = identity_read(fd, &level.identity);
	if (r == 0 && walk->depth && level.identity.mount != walk->levels[0].identity.mount)
		r = -EBUSY;
	walk->levels[walk->depth++] = level;
	if (r < 0) {
		r = walk_fail(walk, NULL, -r, e);
		return r == -EBUSY ? error_remedy(e, r, "unmount what is mounted there") : r;
	}
	return level_scan(walk, e);
}

/**
 * walk_descend - go down into the next directory
 * @walk: changed
 * @name: of it
 * @e: names the directory
 *
 * Returns 0, also when it is gone already, or -errno.
 */
static int walk_descend(struct walk *walk, const char *name, struct error *e)
{
	int fd = openat(walk->fd, name, DIRECTORY_FLAGS);

	if (fd >= 0)
		return walk_enter(walk, fd, e);
	if (errno == ENOENT) {
		name_drop(&walk->levels[walk->depth - 1].directories);
		return 0;
	}
	return walk_fail(walk, name, errno, e);
}

/**
 * walk_ascend - go up and remove the directory we come from
 * @walk: changed; not at its root
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int walk_ascend(struct walk *walk, struct error *e)
{
	struct level *above = &walk->levels[walk->depth - 2];
	struct words *names = &above->directories;
	struct identity identity = { 0 };
	int fd = openat(walk->fd, "..", DIRECTORY_FLAGS);
	int r = fd < 0 ? -errno : identity_read(fd, &identity);

	if (r == 0 && !identity_equal(&identity, &above->identity))
		r = -ESTALE;
	if (r < 0) {
		fd_closep(&fd);
		return walk_fail(walk, NULL, -r, e);
	}
	fd_closep(&walk->fd);
	walk->fd = fd;
	words_deinit(&walk->levels[--walk->depth].directories);
	r = entry_remove(fd, names->list[names->count - 1], AT_REMOVEDIR);
	if (r == -ENOTEMPTY && ++above->looks < LOOKS_MAX)
		return 0;
	if (r < 0)
		return walk_fail(walk, names->list[names->count - 1], -r, e);
	name_drop(names);
	above->looks = 0;
	return 0;
}

/**
 * contents_remove - remove all that is in a directory
 * @path: for messages
 * @fd: of the directory, taken
 * @e: names what could not be removed
 *
 * Returns 0 or -errno.
 */
static int contents_remove(const char *path, int fd, struct error *e)
{
	_cleanup_(walk_deinit) struct walk walk = { .path = path, .fd = -1 };
	int r = walk_enter(&walk, fd, e);

	while (r == 0) {
		const struct words *names = &walk.levels[walk.depth - 1].directories;

		if (names->count)
			r = walk_descend(&walk, names->list[names->count - 1], e);
		else if (walk.depth > 1)
			r = walk_ascend(&walk, e);
		else
			break;
	}
	return r;
}

/**
 * is_below - whether something is mounted at or below a directory
 * @point: where it is mounted, borrowed
 * @directory: borrowed
 */
static bool is_below(const char *point, const char *directory)
{
	const size_t length = strlen(directory);

	return strncmp(point, directory, length) == 0 && (!point[length] || point[length] == '/');
}

/**
 * mount_find - the deepest mount at or below a directory
 * @path: of the directory, without links; borrowed
 * @point: PATH_MAX bytes; filled with where it is mounted
 * @ret_count: how many there are
 * @e: filled on failure
 *
 * Of several mounts at one place the last one is on top.
 *
 * Returns 0 or -errno.
 */
static int mount_find(const char *path, char *point, size_t *ret_count, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t deepest = 0, count = 0;
	struct mount mount;
	char *cursor;
	int r = mounts_read(&text, e);

	if (r < 0)
		return r;
	cursor = text;
	while (r == 0 && mounts_next(&cursor, &mount)) {
		if (!is_below(mount.point, path))
			continue;
		count++;
		if (strlen(mount.point) < deepest)
			continue;
		deepest = strlen(mount.point);
		r = path_format(point, PATH_MAX, e, "%s", mount.point);
	}
	*ret_count = count;
	return r;
}

/**
 * mount_open - hold on to what is mounted somewhere
 * @point: where, borrowed
 * @path: filled with a path by which mount(2) and umount(2) find it
 * @size: of @path
 *
 * A link in the way, which has come there since the table of mounts was read, is not followed.
 *
 * Returns a descriptor or -errno.
 */
static int mount_open(const char *point, char *path, size_t size)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	_cleanup_(fd_closep) int fd = (int)syscall(SYS_openat2, AT_FDCWD, point, &how, sizeof(how));
	int r;

	if (fd < 0)
		return -errno;
	r = path_format(path, size, NULL, "/proc/self/fd/%d", fd);
	return r < 0 ? r : TAKE_FD(fd);
}

/**
 * mount_detach - unmount one mount
 * @point: where it is, borrowed
 *
 * Returns 0 or -errno.
 */
static int mount_detach(const char *point)
{
	char path[64];
	_cleanup_(fd_closep) int fd = mount_open(point, path, sizeof(path));

	if (fd < 0)
		return fd;
	return umount2(path, MNT_DETACH) < 0 ? -errno : 0;
}

/**
 * mounts_part - let nothing that is unmounted here be unmounted elsewhere too
 * @directory: absolute and without links; borrowed
 * @e: names the mount that cannot be changed
 *
 * Where a directory of the host has been mounted with all that is mounted below it, both places are
 * peers: to unmount what is below at one of them unmounts it at the other. A slave tells nobody.
 *
 * Source: mount_namespaces(7), propagation types.
 *
 * Returns 0 or -errno.
 */
static int mounts_part(const char *directory, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	struct mount mount_point;
	char *cursor, path[64];
	int r = mounts_read(&text, e);

	if (r < 0)
		return r;
	cursor = text;
	while (mounts_next(&cursor, &mount_point)) {
		_cleanup_(fd_closep) int fd = -1;

		if (!is_below(mount_point.point, directory))
			continue;
		fd = mount_open(mount_point.point, path, sizeof(path));
		/* Out of reach below another one: that one tells nobody, either. */
		if (fd == -ENOENT || fd == -ENOTDIR)
			continue;
		if (fd < 0)
			return error_errno(e, -fd, "cannot unmount %s", mount_point.point);
		if (mount(NULL, path, NULL, MS_SLAVE | MS_REC, NULL) < 0)
			return error_errno(e, errno, "cannot unmount %s", mount_point.point);
	}
	return 0;
}

/**
 * mounts_remove - unmount whatever is mounted at or below a directory
 * @path: of the directory, absolute and without links; borrowed
 * @e: names the mount that cannot be unmounted
 *
 * Returns 0 or -errno.
 */
static int mounts_remove(const char *path, struct error *e)
{
	char point[PATH_MAX];
	size_t before = SIZE_MAX, count = 0;

	for (;;) {
		int r = mount_find(path, point, &count, e);

		if (r < 0 || count == 0)
			return r;
		r = mounts_part(path, e);
		if (r < 0)
			return r;
		if (count >= before)
			return error_errno(e, EBUSY, "cannot unmount %s", point);
		r = mount_detach(point);
		if (r < 0)
			return error_errno(e, -r, "cannot unmount %s", point);
		before = count;
	}
}

/**
 * path_resolve - the path of a directory without links
 * @path: borrowed; its last component is no link
 * @resolved: PATH_MAX bytes, filled
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int path_resolve(const char *path, char *resolved, struct error *e)
{
	_cleanup_(freep) char *real = realpath(path, NULL);

	if (!real)
		return error_errno(e, errno, "cannot inspect %s", path);
	return path_format(resolved, PATH_MAX, e, "%s", real);
}

/**
 * directory_remove - remove a directory with all that is below it
 * @path: borrowed; no link
 * @e: names what could not be removed
 *
 * Returns 1, 0 when it was not there, or -errno.
 */
static int directory_remove(const char *path, struct error *e)
{
	char resolved[PATH_MAX];
	int fd, r;

	r = path_resolve(path, resolved, e);
	if (r == 0 && strcmp(resolved, "/") == 0)
		r = error_set(e, ERROR_FAILED, EINVAL, "the root directory is not removed");
	if (r == 0)
		r = mounts_remove(resolved, e);
	if (r < 0)
		return r;
	fd = open(path, DIRECTORY_FLAGS);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(e, errno, "cannot remove %s", path);
	r = contents_remove(path, fd, e);
	if (r == 0)
		r = entry_remove(AT_FDCWD, path, AT_REMOVEDIR);
	else
		return r;
	return r < 0 ? error_errno(e, -r, "cannot remove %s", path) : 1;
}

/**
 * tree_remove - remove a directory with all that is below it
 * @path: borrowed; the directories it lies in are trusted
 * @e: names what could not be removed
 *
 * Returns 1, 0 when it was not there, or -errno.
 */
int tree_remove(const char *path, struct error *e)
{
	struct stat st;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(e, errno, "cannot inspect %s", path);
	if (S_ISDIR(st.st_mode))
		return directory_remove(path, e);
	r = entry_remove(AT_FDCWD, path, 0);
	return r < 0 ? error_errno(e, -r, "cannot remove %s", path) : 1;
}
