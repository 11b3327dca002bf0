/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "container/definitions/definition.h"
#include "container/life/life.h"
#include "machine/machine.h"

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
 * container_status - whether a container is there and up
 * @paths: borrowed
 * @name: checked here, borrowed
 * @ret_status: the answer; it does not depend on what the definition says
 * @ret_machine: what its manager says, unless it is gone; NULL: of no interest
 * @e: filled on failure
 *
 * One that is starting or stopping is down, as with nixos-container.
 *
 * Returns 0 or -errno.
 */
int container_status(const struct paths *paths, const char *name, enum container_status *ret_status,
		     struct machine_status *ret_machine, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	struct machine_status machine;
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
	r = lifecycle_open(paths, &lifecycle, e);
	if (r == 0)
		r = manager_status(lifecycle_manager(lifecycle), name, &machine, e);
	if (r < 0)
		return r;
	*ret_status = machine.state == MACHINE_UP ? CONTAINER_UP : CONTAINER_DOWN;
	if (ret_machine)
		*ret_machine = machine;
	return 0;
}
