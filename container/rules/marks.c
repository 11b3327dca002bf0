/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/**
 * mark_path - where a mark is
 * @paths: borrowed
 * @mark: below /run/nixctr-net
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int mark_path(const struct paths *paths, const char *mark, char path[PATH_MAX],
		     struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/%s", paths->runtime, mark);
}

/**
 * mark_set - make a mark
 * @paths: borrowed
 * @mark: below /run/nixctr-net
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int mark_set(const struct paths *paths, const char *mark, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[PATH_MAX];
	int r = mark_path(paths, mark, path, e);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? error_errno(e, errno, "cannot make %s", path) : 0;
}

/**
 * mark_remove - take a mark away
 * @paths: borrowed
 * @mark: below /run/nixctr-net
 * @e: names the file
 *
 * Returns 1, 0 when there was none, or -errno.
 */
int mark_remove(const struct paths *paths, const char *mark, struct error *e)
{
	char path[PATH_MAX];
	int r = mark_path(paths, mark, path, e);

	return r < 0 ? r : file_remove(path, e);
}

/**
 * mark_is_set - whether there is a mark
 * @paths: borrowed
 * @mark: below /run/nixctr-net
 */
bool mark_is_set(const struct paths *paths, const char *mark)
{
	char path[PATH_MAX];

	return mark_path(paths, mark, path, NULL) == 0 && access(path, F_OK) == 0;
}
