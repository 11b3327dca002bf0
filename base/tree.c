/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/file.h"

/*
 * Theory of operation
 *
 * The root directory is opened once. From there the kernel resolves each path as if that directory
 * were "/": absolute links and ".." end there, and the magic links of /proc, which lead anywhere, are
 * refused. What is to be made or replaced is named relative to the descriptor of its directory, and
 * never followed. Whoever swaps files while we look can choose which of his own files he gets.
 *
 * Mounts are followed: those that we see have been made by the administrator of this host, for the
 * container's own mounts are in its own mount namespace.
 */

/* openat2() asks us to try again where something was renamed meanwhile; nobody renames for ever. */
#define RESOLVE_TRIES 1000

/* A killed run's temporary file, or a container that keeps making it. */
#define TEMPORARY_TRIES 16

/**
 * tree_resolve - open what a path leads to inside
 * @tree: the root directory, borrowed
 * @path: borrowed
 * @flags: of openat2(2); O_CLOEXEC is added
 *
 * Returns a descriptor or -errno.
 */
static int tree_resolve(int tree, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	errno = EAGAIN;
	for (unsigned i = 0; i < RESOLVE_TRIES && fd < 0 && errno == EAGAIN; i++)
		fd = syscall(SYS_openat2, tree, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

/**
 * tree_open - open the root directory of a container
 * @path: borrowed; the directories it lies in are trusted
 * @ret_tree: its descriptor, closed by the caller
 * @e: names the directory
 *
 * Returns 0, -ENOENT, -ELOOP for a symbolic link, -ENOTDIR for what else is no directory, or -errno.
 */
int tree_open(const char *path, int *ret_tree, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_errno(e, errno, "cannot open root directory %s", path);
	if (fstat(fd, &st) < 0)
		return error_errno(e, errno, "cannot inspect root directory %s", path);
	if (S_ISLNK(st.st_mode))
		return error_set(e, ERROR_FAILED, ELOOP,
				 "root directory %s is a symbolic link, which is not followed",
				 path);
	if (!S_ISDIR(st.st_mode))
		return error_set(e, ERROR_FAILED, ENOTDIR, "root directory %s is no directory",
				 path);
	*ret_tree = TAKE_FD(fd);
	return 0;
}

/**
 * regular_check - whether a descriptor is that of a regular file of a sane size
 * @fd: borrowed
 * @path: for the message
 * @limit: the largest size accepted, in bytes
 * @ret_size: its size
 * @e: names the file
 *
 * Returns 0, -EISDIR, -EFBIG, -EINVAL or another -errno.
 */
static int regular_check(int fd, const char *path, size_t limit, size_t *ret_size, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(e, errno, "cannot inspect %s", path);
	if (S_ISDIR(st.st_mode))
		return error_errno(e, EISDIR, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_FAILED, EINVAL, "%s is not a regular file", path);
	if ((uintmax_t)st.st_size > limit)
		return error_set(e, ERROR_FAILED, EFBIG, "%s is larger than %zu bytes", path,
				 limit);
	*ret_size = (size_t)st.st_size;
	return 0;
}

/**
 * regular_open - open a regular file for reading
 * @tree: borrowed
 * @path: borrowed
 * @limit: the largest size accepted, in bytes
 * @ret_fd: closed by the caller
 * @ret_size: its size
 * @e: names the file
 *
 * Looked at before it is opened, for to open a device can have effects, and again when it is open, for
 * it may have been swapped meanwhile.
 *
 * Returns 0 or -errno.
 */
static int regular_open(int tree, const char *path, size_t limit, int *ret_fd, size_t *ret_size,
			struct error *e)
{
	_cleanup_(fd_closep) int there = tree_resolve(tree, path, O_PATH);
	_cleanup_(fd_closep) int fd = -1;
	int r;

	if (there < 0)
		return error_errno(e, -there, "cannot open %s", path);
	r = regular_check(there, path, limit, ret_size, e);
	if (r < 0)
		return r;
	fd = tree_resolve(tree, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_errno(e, -fd, "cannot open %s", path);
	r = regular_check(fd, path, limit, ret_size, e);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

/**
 * tree_read - read a whole regular file
 * @tree: borrowed
 * @path: borrowed
 * @limit: the largest size accepted, in bytes
 * @ret_text: the content and a NUL behind it; the caller frees it
 * @ret_length: its length without that NUL; the content may itself hold NULs
 * @e: names the file
 *
 * Returns 0, -ENOENT, -EISDIR, -EFBIG, -EINVAL for what is no regular file, or another -errno.
 */
int tree_read(int tree, const char *path, size_t limit, char **ret_text, size_t *ret_length,
	      struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	ssize_t n;
	int r = regular_open(tree, path, limit, &fd, &size, e);

	if (r < 0)
		return r;
	text = malloc(size + 1);
	if (!text)
		return error_errno(e, ENOMEM, "cannot read %s", path);
	n = file_read_all(fd, text, size);
	if (n < 0)
		return error_errno(e, (int)-n, "cannot read %s", path);
	text[n] = '\0';
	*ret_length = (size_t)n;
	*ret_text = TAKE_PTR(text);
	return 0;
}

/**
 * tree_find - look for a file
 * @tree: borrowed
 * @path: borrowed; links are followed inside
 * @ret_mode: what it is, as stat(2) has it
 * @e: names the file
 *
 * Returns 1, 0 when there is nothing, or -errno.
 */
int tree_find(int tree, const char *path, mode_t *ret_mode, struct error *e)
{
	_cleanup_(fd_closep) int fd = tree_resolve(tree, path, O_PATH);
	struct stat st;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return error_errno(e, -fd, "cannot open %s", path);
	if (fstat(fd, &st) < 0)
		return error_errno(e, errno, "cannot inspect %s", path);
	*ret_mode = st.st_mode;
	return 1;
}

/**
 * descriptor_path - the path by which the kernel knows what a descriptor is of
 * @fd: borrowed
 * @path: filled
 *
 * Returns its length or -errno.
 */
static ssize_t descriptor_path(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t length;
	int r = path_format(link, sizeof(link), NULL, "/proc/self/fd/%d", fd);

	if (r < 0)
		return r;
	length = readlink(link, path, PATH_MAX - 1);
	if (length < 0)
		return -errno;
	path[length] = '\0';
	return length;
}

/**
 * tree_real_path - where a path leads
 * @tree: borrowed
 * @path: borrowed; links are followed inside
 * @ret_path: absolute as seen from inside, without links
 * @e: names the path
 *
 * Returns 1, 0 when there is nothing, or -errno.
 */
int tree_real_path(int tree, const char *path, char ret_path[PATH_MAX], struct error *e)
{
	_cleanup_(fd_closep) int fd = tree_resolve(tree, path, O_PATH);
	char top[PATH_MAX], real[PATH_MAX];
	ssize_t length;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return error_errno(e, -fd, "cannot open %s", path);
	length = descriptor_path(tree, top);
	if (length > 0 && descriptor_path(fd, real) > 0) {
		/* The root of all ends in the slash that its files begin with. */
		length -= top[length - 1] == '/';
		if (strncmp(real, top, (size_t)length) == 0 && real[length] == '/')
			return path_format(ret_path, PATH_MAX, e, "%s", real + length) < 0
				       ? -ENAMETOOLONG
				       : 1;
	}
	return error_set(e, ERROR_FAILED, EXDEV, "cannot find out where %s leads", path);
}

/**
 * tree_directory_open - open a directory for reading
 * @tree: borrowed
 * @path: borrowed; links are followed inside
 * @ret_fd: closed by the caller
 * @e: names the directory
 *
 * Returns 0, -ENOENT, -ENOTDIR or another -errno.
 */
int tree_directory_open(int tree, const char *path, int *ret_fd, struct error *e)
{
	int fd = tree_resolve(tree, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return error_errno(e, -fd, "cannot open directory %s", path);
	*ret_fd = fd;
	return 0;
}

/**
 * is_name - whether a path component is the name of a file
 * @component: borrowed
 */
static bool is_name(const char *component)
{
	return component[0] && strcmp(component, ".") != 0 && strcmp(component, "..") != 0;
}

/**
 * parent_open - open the directory that a file lies in
 * @tree: borrowed
 * @path: of the file, borrowed
 * @ret_fd: the directory, for *at(); closed by the caller
 * @ret_name: of the file in it, borrowed from @path
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int parent_open(int tree, const char *path, int *ret_fd, const char **ret_name,
		       struct error *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char above[PATH_MAX];
	int fd, r;

	if (!is_name(name))
		return error_set(e, ERROR_FAILED, EINVAL, "'%s' names no file", path);
	r = path_format(above, sizeof(above), e, "/%.*s", (int)(name - path), path);
	if (r < 0)
		return r;
	fd = tree_resolve(tree, above, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return error_errno(e, -fd, "cannot open the directory of %s", path);
	*ret_fd = fd;
	*ret_name = name;
	return 0;
}

/**
 * owner_pass_on - let a new file belong to whom its directory belongs
 * @directory: borrowed
 * @fd: the new file, borrowed
 *
 * So that what we make in a container with users of its own is not nobody's there.
 *
 * Returns 0 or -errno.
 */
static int owner_pass_on(int directory, int fd)
{
	struct stat above, st;

	if (fstat(directory, &above) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (above.st_uid == st.st_uid)
		return 0;
	return fchown(fd, above.st_uid, above.st_gid) < 0 ? -errno : 0;
}

/**
 * new_file - make a regular file that was not there
 * @directory: borrowed
 * @name: in it
 * @mode: its permissions, whatever the umask is
 *
 * Returns its descriptor, for writing, -EEXIST when something is there, or another -errno with
 * nothing left behind.
 */
static int new_file(int directory, const char *name, mode_t mode)
{
	_cleanup_(fd_closep) int fd =
		openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = owner_pass_on(directory, fd);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0)
		return TAKE_FD(fd);
	(void)unlinkat(directory, name, 0);
	return r;
}

/**
 * new_temporary - make a regular file in the place of one that a killed run left
 * @directory, @name, @mode: as for new_file()
 *
 * Returns as new_file().
 */
static int new_temporary(int directory, const char *name, mode_t mode)
{
	int fd = -EEXIST;

	for (unsigned i = 0; i < TEMPORARY_TRIES && fd == -EEXIST; i++) {
		if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
			return -errno;
		fd = new_file(directory, name, mode);
	}
	return fd;
}

/**
 * tree_replace - put a whole file in place, or leave what is there untouched
 * @tree: borrowed
 * @path: borrowed
 * @text, @length: the new content, borrowed
 * @mode: its permissions
 * @e: names the file
 *
 * As file_replace(), but for the directory entry, which is not forced to the disk: what is written
 * below a container's root is written again at its next start.
 *
 * Returns 0, -ENOENT when there is no directory for it, -EISDIR when it is a directory, or another
 * -errno.
 */
int tree_replace(int tree, const char *path, const char *text, size_t length, mode_t mode,
		 struct error *e)
{
	_cleanup_(fd_closep) int directory = -1;
	char temporary[NAME_MAX + 8];
	const char *name;
	int fd, r;

	r = parent_open(tree, path, &directory, &name, e);
	if (r == 0)
		r = path_format(temporary, sizeof(temporary), e, ".%s.new", name);
	if (r < 0)
		return r;
	fd = new_temporary(directory, temporary, mode);
	if (fd < 0)
		return error_errno(e, -fd, "cannot write %s", path);
	r = file_write(fd, text, length);
	if (r == 0 && renameat(directory, temporary, directory, name) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlinkat(directory, temporary, 0);
	return error_errno(e, -r, "cannot write %s", path);
}

/**
 * tree_touch - make an empty regular file where nothing is
 * @tree: borrowed
 * @path: borrowed
 * @mode: its permissions
 * @e: names the file
 *
 * Returns 1, 0 when something was there, be it a link that leads nowhere, or -errno.
 */
int tree_touch(int tree, const char *path, mode_t mode, struct error *e)
{
	_cleanup_(fd_closep) int directory = -1;
	_cleanup_(fd_closep) int fd = -1;
	const char *name;
	int r = parent_open(tree, path, &directory, &name, e);

	if (r < 0)
		return r;
	fd = new_file(directory, name, mode);
	if (fd == -EEXIST)
		return 0;
	return fd < 0 ? error_errno(e, -fd, "cannot make %s", path) : 1;
}

/**
 * new_directory - make a directory
 * @tree: borrowed
 * @path: borrowed; the directory it lies in is there
 * @mode: its permissions, whatever the umask is
 * @e: names the directory
 *
 * Returns 1, 0 when something was there, or -errno.
 */
static int new_directory(int tree, const char *path, mode_t mode, struct error *e)
{
	_cleanup_(fd_closep) int above = -1;
	_cleanup_(fd_closep) int fd = -1;
	const char *name;
	int r = parent_open(tree, path, &above, &name, e);

	if (r < 0)
		return r;
	if (mkdirat(above, name, 0700) < 0)
		return errno == EEXIST ? 0
				       : error_errno(e, errno, "cannot make directory %s", path);
	fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(e, errno, "cannot open directory %s", path);
	r = owner_pass_on(above, fd);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	return r < 0 ? error_errno(e, -r, "cannot make directory %s", path) : 1;
}

/**
 * directory_ensure - make a directory if it is not there
 * @tree, @path, @mode: as for new_directory()
 * @which: whether one that is there gets @mode
 * @e: names the directory
 *
 * Returns 1 when something was done, 0 or -errno.
 */
static int directory_ensure(int tree, const char *path, mode_t mode, enum tree_mode which,
			    struct error *e)
{
	int made = new_directory(tree, path, mode, e);
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;

	if (made != 0)
		return made;
	fd = tree_resolve(tree, path,
			  which == TREE_MODE_OF_NEW ? O_PATH | O_DIRECTORY
						    : O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return error_errno(e, -fd, "cannot make directory %s", path);
	if (which == TREE_MODE_OF_NEW)
		return 0;
	if (fstat(fd, &st) < 0)
		return error_errno(e, errno, "cannot inspect directory %s", path);
	if ((st.st_mode & 07777) == mode)
		return 0;
	if (fchmod(fd, mode) < 0)
		return error_errno(e, errno, "cannot change the mode of directory %s", path);
	return 1;
}

/**
 * tree_directory - make a directory and those above it
 * @tree: borrowed
 * @path: borrowed
 * @mode: of the last one; those above it get 0755
 * @which: whether a last one that is there gets @mode
 * @e: names the directory
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
int tree_directory(int tree, const char *path, mode_t mode, enum tree_mode which, struct error *e)
{
	char part[PATH_MAX];
	size_t length;
	int done = 0, r;

	r = path_format(part, sizeof(part), e, "%s", path);
	if (r < 0)
		return r;
	length = strlen(part);
	if (length == 0)
		return error_set(e, ERROR_FAILED, EINVAL, "'' names no directory");
	while (length > 1 && part[length - 1] == '/')
		part[--length] = '\0';
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		if (slash[-1] == '/')
			continue;
		*slash = '\0';
		r = directory_ensure(tree, part, 0755, TREE_MODE_OF_NEW, e);
		*slash = '/';
		if (r < 0)
			return r;
		done |= r;
	}
	r = directory_ensure(tree, part, mode, which, e);
	return r < 0 ? r : done | r;
}
