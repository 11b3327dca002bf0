/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "machine/supervisor-run.h"

/*
 * Files of the host that the container has a copy of. Most are replaced and not written to, and some
 * are not there yet, so that it is their directories that are watched.
 */

/**
 * file_watch - watch the directory of a file
 * @fd: of inotify(7), borrowed
 * @file: absolute, borrowed
 * @e: names the file
 *
 * A directory that is not there is passed over: what would write the file is not installed.
 *
 * Returns 0 or -errno.
 */
static int file_watch(int fd, const char *file, struct error *e)
{
	const uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR;
	char directory[PATH_MAX];
	int r = path_format(directory, sizeof(directory), e, "%s", file);

	if (r < 0)
		return r;
	*strrchr(directory, '/') = '\0';
	if (inotify_add_watch(fd, directory, events) < 0 && errno != ENOENT && errno != ENOTDIR)
		return error_errno(e, errno, "cannot watch %s", directory);
	return 0;
}

/**
 * supervisor_watch - begin to watch what the settings name
 * @settings: borrowed
 * @ret_fd: becomes readable when something there changes; the caller closes it
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int supervisor_watch(const struct supervisor_settings *settings, int *ret_fd, struct error *e)
{
	_cleanup_(fd_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int r = 0;

	if (fd < 0)
		return error_errno(e, errno, "cannot watch files");
	for (const char *const *file = settings->watched; r == 0 && file && *file; file++)
		r = file_watch(fd, *file, e);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

/**
 * is_watched - whether a file of a watched directory is one that matters
 * @settings: borrowed
 * @name: without its directory, borrowed
 */
static bool is_watched(const struct supervisor_settings *settings, const char *name)
{
	for (const char *const *file = settings->watched; file && *file; file++)
		if (strcmp(strrchr(*file, '/') + 1, name) == 0)
			return true;
	return false;
}

/**
 * supervisor_changed - see what has changed
 * @s: the supervisor; what was to be read has been read
 *
 * Returns whether it matters.
 */
bool supervisor_changed(struct supervisor *s)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool changed = false;
	ssize_t length;

	while ((length = read(s->watch, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const void *)(buffer + at);

			changed |= event->len > 0 && is_watched(s->settings, event->name);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return changed;
}
