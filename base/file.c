/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/**
 * path_format - build a path
 * @path: where it goes
 * @size: room there
 * @e: names the path when it is too long
 * @format: as for printf()
 *
 * Returns 0, or -ENAMETOOLONG.
 */
int path_format(char *path, size_t size, struct error *e, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, size, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= size)
		return error_set(e, ERROR_USAGE, ENAMETOOLONG, "path '%.60s...' is too long", path);
	return 0;
}

/**
 * file_read_all - read from a descriptor until its end
 * @fd: borrowed
 * @text: the buffer
 * @size: its size
 *
 * Returns the number of bytes, or -errno.
 */
ssize_t file_read_all(int fd, char *text, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, text + length, size - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return (ssize_t)length;
}

/**
 * file_read - read a whole regular file
 * @path: borrowed
 * @limit: the largest size accepted, in bytes
 * @ret_text: the content and a NUL behind it; the caller frees it
 * @ret_length: its length without that NUL; the content may itself hold NULs
 * @e: names the file
 *
 * A FIFO or device never blocks us: it is refused. Files of /proc have no size until they are read.
 *
 * Returns 0, -ENOENT, -EISDIR, -EFBIG, -EINVAL for what is no regular file, or another -errno.
 */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_(freep) char *text = NULL;
	struct stat st;
	size_t size;
	ssize_t n;

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0)
		return error_errno(e, errno, "cannot inspect %s", path);
	if (S_ISDIR(st.st_mode))
		return error_errno(e, EISDIR, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_FAILED, EINVAL, "%s is not a regular file", path);
	if ((size_t)st.st_size > limit)
		return error_set(e, ERROR_FAILED, EFBIG, "%s is larger than %zu bytes", path,
				 limit);
	size = st.st_size ? (size_t)st.st_size : limit + 1;
	text = malloc(size + 1);
	if (!text)
		return error_errno(e, ENOMEM, "cannot read %s", path);
	n = file_read_all(fd, text, size);
	if (n < 0)
		return error_errno(e, (int)-n, "cannot read %s", path);
	if ((size_t)n > limit)
		return error_set(e, ERROR_FAILED, EFBIG, "%s is larger than %zu bytes", path,
				 limit);
	text[n] = '\0';
	*ret_length = (size_t)n;
	*ret_text = TAKE_PTR(text);
	return 0;
}

/**
 * file_write - write a buffer to a new file and force it to the disk
 * @fd: taken: closed in every case
 * @text, @length: borrowed
 *
 * Returns 0 or -errno.
 */
int file_write(int fd, const char *text, size_t length)
{
	int r = 0;

	while (length && r == 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0) {
			r = errno == EINTR ? 0 : -errno;
		} else {
			text += n;
			length -= (size_t)n;
		}
	}
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/**
 * directory_sync - force the entries of the directory a file lies in to the disk
 * @path: the file's path, borrowed
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
int directory_sync(const char *path, struct error *e)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	_cleanup_(fd_closep) int fd = -1;
	int r;

	r = path_format(directory, sizeof(directory), e, "%.*s", slash ? (int)(slash - path) : 1,
			slash ? path : ".");
	if (r < 0)
		return r;
	fd = open(directory[0] ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return error_errno(e, errno, "cannot sync %s", directory);
	return 0;
}

/**
 * file_replace - put a whole file in place, or leave the old one untouched
 * @path: borrowed
 * @text, @length: the new content, borrowed
 * @mode: the permission bits of the file
 * @e: names the file
 *
 * The content is written beside the file under the name ".FILE.new", forced to the disk and renamed;
 * what an earlier, killed run left under that name is dropped. Callers that may write the same
 * file at once hold a lock.
 *
 * Returns 0 or -errno.
 */
int file_replace(const char *path, const char *text, size_t length, mode_t mode, struct error *e)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	char temporary[PATH_MAX];
	int fd, r;

	r = path_format(temporary, sizeof(temporary), e, "%.*s.%s.new", (int)(base - path), path,
			base);
	if (r < 0)
		return r;
	if (unlink(temporary) < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot replace %s", temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return error_errno(e, errno, "cannot write %s", path);
	if (fchmod(fd, mode) < 0) {
		r = -errno;
		close(fd);
	} else {
		r = file_write(fd, text, length);
	}
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return error_errno(e, -r, "cannot write %s", path);
	}
	return directory_sync(path, e);
}

/**
 * file_remove - remove a file for good
 * @path: borrowed
 * @e: names the file
 *
 * Returns 0 when it was not there, 1 when it is gone now, or -errno.
 */
int file_remove(const char *path, struct error *e)
{
	int r;

	if (unlink(path) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_errno(e, errno, "cannot remove %s", path);
	}
	r = directory_sync(path, e);
	return r < 0 ? r : 1;
}

/**
 * directory_make - make a directory and those above it
 * @path: absolute, borrowed
 * @mode: of the last one; those above it get 0755
 * @e: names the directory
 *
 * The one system call of the usual case, where it is there already, comes first. A new one is forced to
 * the disk: what is put into it later would be lost with it.
 *
 * Returns 0 when it was there, 1 when it has been made, or -errno.
 */
int directory_make(const char *path, mode_t mode, struct error *e)
{
	char above[PATH_MAX];
	char *slash;
	int r;

	if (mkdir(path, mode) == 0) {
		r = directory_sync(path, e);
		return r < 0 ? r : 1;
	}
	if (errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return error_errno(e, errno, "cannot make directory %s", path);
	r = path_format(above, sizeof(above), e, "%s", path);
	if (r < 0)
		return r;
	slash = strrchr(above, '/');
	if (!slash || slash == above)
		return error_errno(e, ENOENT, "cannot make directory %s", path);
	*slash = '\0';
	r = directory_make(above, 0755, e);
	if (r < 0)
		return r;
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return error_errno(e, errno, "cannot make directory %s", path);
	r = directory_sync(path, e);
	return r < 0 ? r : 1;
}
