/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "machine/supervisor.h"

#define LOG_SIZE_MAX ((off_t)1024 * 1024) /* at a start; then it becomes NAME.log.1 */
#define QUOTE_MAX    2048                 /* bytes of it that an error may have */

/**
 * log_check - refuse what is no log
 * @fd: borrowed
 * @path: borrowed
 * @ret_size: in bytes
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int log_check(int fd, const char *path, off_t *ret_size, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(e, errno, "cannot inspect %s", path);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return error_set(e, ERROR_CONFLICT, EINVAL, "%s is not a log of ours", path);
	*ret_size = st.st_size;
	return 0;
}

/**
 * log_append - open a log for appending
 * @path: borrowed
 * @ret_fd: the caller closes it
 * @ret_size: in bytes
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int log_append(const char *path, int *ret_fd, off_t *ret_size, struct error *e)
{
	_cleanup_(fd_closep) int fd =
		open(path,
		     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		     0640);
	int r;

	if (fd < 0)
		return error_errno(e, errno, "cannot open log %s", path);
	r = log_check(fd, path, ret_size, e);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

/**
 * supervisor_log_open - open the log of a container
 * @files: borrowed
 * @settings: borrowed
 * @ret_fd: for appending; the caller closes it
 * @ret_end: where new lines will begin
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int supervisor_log_open(const struct supervisor_files *files,
			const struct supervisor_settings *settings, int *ret_fd, off_t *ret_end,
			struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	char aside[PATH_MAX];
	off_t size = 0;
	int r = directory_make(settings->log, 0750, e);

	if (r >= 0)
		r = path_format(aside, sizeof(aside), e, "%s.1", files->log);
	if (r >= 0)
		r = log_append(files->log, &fd, &size, e);
	if (r >= 0 && size > LOG_SIZE_MAX) {
		fd_closep(&fd);
		if (rename(files->log, aside) < 0)
			return error_errno(e, errno, "cannot put log %s aside", files->log);
		r = log_append(files->log, &fd, &size, e);
	}
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	*ret_end = size;
	return 0;
}

/**
 * supervisor_log_quote - add the last lines of a log to an error
 * @files: borrowed
 * @from: what lies before it is of another time
 * @r: the negative return value being handed on
 * @e: set; changed
 *
 * A log that cannot be read is no reason to hide the failure that it is about.
 *
 * Returns @r.
 */
int supervisor_log_quote(const struct supervisor_files *files, off_t from, int r, struct error *e)
{
	_cleanup_(fd_closep) int fd =
		open(files->log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char text[QUOTE_MAX + 1], *save = NULL;
	off_t size = 0;
	ssize_t n;

	if (fd < 0 || log_check(fd, files->log, &size, NULL) < 0)
		return r;
	if (size - from > QUOTE_MAX)
		from = size - QUOTE_MAX;
	n = pread(fd, text, QUOTE_MAX, from);
	if (n <= 0)
		return r;
	text[n] = '\0';
	for (char *line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save))
		error_detail(e, r, "%s", line);
	return r;
}
