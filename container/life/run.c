/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "machine/machine.h"

#include "base/cleanup.h"
#include "container/definitions/definitions.h"
#include "container/life/life.h"
#include "container/settings/settings.h"

/**
 * not_running - say that a container is not running, or not there
 * @paths: borrowed
 * @name: a checked name
 * @e: filled
 *
 * Returns -ENOENT (ERROR_NO_CONTAINER), -ESRCH, or another -errno.
 */
static int not_running(const struct paths *paths, const char *name, struct error *e)
{
	struct definition definition;
	int r = definition_read(paths, name, &definition, e);

	if (r < 0)
		return r;
	if (r == 0)
		return name_unknown(paths, name, e);
	r = error_set(e, ERROR_FAILED, ESRCH, "container '%s' is not running", name);
	return error_remedy(e, r, "nixctr-net start %s", name);
}

/**
 * container_run - run a command in a container that runs
 * @paths: borrowed
 * @name: checked here, borrowed
 * @argv: ends with NULL; NULL: a login shell of its root
 * @e: filled on failure
 *
 * Returns the exit status (128 + N for signal N), or -errno.
 */
int container_run(const struct paths *paths, const char *name, char *const argv[], struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;
	struct machine_status status;
	int r = name_check(name, e);

	if (r == 0)
		r = lifecycle_open(paths, &lifecycle, e);
	if (r == 0)
		r = manager_status(lifecycle_manager(lifecycle), name, &status, e);
	if (r == 0)
		r = leader_find(status.main_pid, &leader, e);
	if (r < 0)
		return r;
	return r == 0 ? not_running(paths, name, e) : leader_run(&leader, name, argv, e);
}
