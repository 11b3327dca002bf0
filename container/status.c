/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netns.h"
#include "container/definition.h"

/**
 * container_status_name - a status as nixos-container prints it
 * @status: the status
 *
 * Returns a literal.
 */
const char *container_status_name(enum container_status status)
{
	switch (status) {
	case CONTAINER_GONE:
		return "gone";
	case CONTAINER_DOWN:
		return "down";
	case CONTAINER_UP:
		return "up";
	}
	return "unknown";
}

/**
 * container_status - whether a container is there and attached
 * @paths: borrowed
 * @name: checked here, borrowed
 * @ret_status: the answer; it does not depend on what the definition says
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int container_status(const struct paths *paths, const char *name, enum container_status *ret_status,
		     struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	char path[PATH_MAX];
	struct stat st;
	int r;

	r = name_check(name, e);
	if (r == 0)
		r = definition_path(paths, name, path, e);
	if (r < 0)
		return r;
	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			return error_errno(e, errno, "cannot inspect %s", path);
		*ret_status = CONTAINER_GONE;
		return 0;
	}
	r = paths_namespace(paths, name, path, e);
	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r < 0)
		return r;
	*ret_status = r > 0 ? CONTAINER_UP : CONTAINER_DOWN;
	return 0;
}
