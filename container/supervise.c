/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "container/resolver.h"
#include "machine/machine.h"

/* The supervisor of a container, told what it has to know of us. */

/**
 * program_path - where our own program is
 * @ret_path: the same for the whole life of the process
 * @e: filled on failure
 *
 * A program that was replaced since we began is at the same place: the steps are its affair.
 * Source: proc(5), /proc/PID/exe.
 *
 * Returns 0 or -errno.
 */
static int program_path(const char **ret_path, struct error *e)
{
	static const char deleted[] = " (deleted)";
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *end;

	if (n < 0)
		return error_errno(e, errno, "cannot find out where this program is");
	path[n] = '\0';
	end = path + n - (sizeof(deleted) - 1);
	if (end > path && strcmp(end, deleted) == 0)
		*end = '\0';
	*ret_path = path;
	return 0;
}

/**
 * settings_fill - what a supervisor has to know
 * @paths: borrowed as long as the settings are used
 * @ret_settings: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int settings_fill(const struct paths *paths, struct supervisor_settings *ret_settings,
			 struct error *e)
{
	struct supervisor_settings settings = {
		.root = paths->root[0] ? paths->root : NULL,
		.runtime = paths->runtime,
		.log = paths->logs,
		.watched = resolver_sources,
	};
	int r = program_path(&settings.program, e);

	if (r == 0)
		*ret_settings = settings;
	return r;
}

/**
 * container_supervise - look after a container from its start until it has stopped
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * What the program becomes for itself where systemd is not PID 1.
 *
 * Returns 0 or -errno.
 */
int container_supervise(const struct paths *paths, const char *name, struct error *e)
{
	struct supervisor_settings settings;
	int r = name_check(name, e);

	if (r == 0)
		r = settings_fill(paths, &settings, e);
	return r < 0 ? r : supervisor_run(&settings, name, e);
}
