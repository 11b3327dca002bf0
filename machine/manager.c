/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/manager.h"

#include <errno.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"

/**
 * manager_open - find out who runs containers here
 * @settings: for the supervisor; borrowed while the manager is open
 * @ret_manager: owned by the caller
 * @e: filled on failure
 *
 * systemd runs the containers of the machine itself; those below another root directory, and all
 * where systemd is not PID 1, are run by a supervisor of ours.
 *
 * Returns 0 or -errno.
 */
int manager_open(const struct supervisor_settings *settings, struct manager **ret_manager,
		 struct error *e)
{
	bool elsewhere = settings->root && settings->root[0];

	if (!elsewhere && sd_booted() > 0)
		return systemd_open(ret_manager, e);
	return supervisor_open(settings, ret_manager, e);
}

/**
 * manager_close - let go of the manager; containers run on
 * @manager: taken; NULL is fine
 */
void manager_close(struct manager *manager)
{
	if (manager)
		manager->ops->close(manager);
}

/**
 * manager_closep - manager_close() at the end of a scope
 * @manager: what it points to may be NULL
 */
void manager_closep(struct manager **manager)
{
	manager_close(*manager);
	*manager = NULL;
}

/**
 * manager_kind - who runs containers here
 * @manager: borrowed
 */
enum manager_kind manager_kind(const struct manager *manager)
{
	return manager->ops->kind;
}

/**
 * manager_start - start a container and wait until it is ready
 * @manager: borrowed
 * @name: a checked name, borrowed
 * @e: says why it did not start, with the last lines of its log
 *
 * Returns 1, 0 when it was running, or -errno.
 */
int manager_start(struct manager *manager, const char *name, struct error *e)
{
	return manager->ops->start(manager, name, e);
}

/**
 * manager_stop - ask a container to shut down and wait until it has
 * @manager: borrowed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
int manager_stop(struct manager *manager, const char *name, struct error *e)
{
	return manager->ops->stop(manager, name, e);
}

/**
 * manager_terminate - kill all of a container at once and wait until nothing of it is left
 * @manager: borrowed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
int manager_terminate(struct manager *manager, const char *name, struct error *e)
{
	return manager->ops->terminate(manager, name, e);
}

/**
 * manager_reload - run the reload step of a running container
 * @manager: borrowed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
int manager_reload(struct manager *manager, const char *name, struct error *e)
{
	return manager->ops->reload(manager, name, e);
}

/**
 * manager_status - what a container is doing
 * @manager: borrowed
 * @name: a checked name, borrowed
 * @ret_status: the answer; MACHINE_DOWN for a container that nobody knows
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int manager_status(struct manager *manager, const char *name, struct machine_status *ret_status,
		   struct error *e)
{
	return manager->ops->status(manager, name, ret_status, e);
}

/**
 * manager_refresh - have what generators make of the definitions read again
 * @manager: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when this manager has no use for it, or -errno.
 */
int manager_refresh(struct manager *manager, struct error *e)
{
	return manager->ops->refresh ? manager->ops->refresh(manager, e) : 0;
}

/**
 * manager_login - a login prompt of the container on our terminal, until it ends
 * @manager: borrowed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int manager_login(struct manager *manager, const char *name, struct error *e)
{
	int r;

	if (manager->ops->login)
		return manager->ops->login(manager, name, e);
	r = error_set(e, ERROR_FAILED, EOPNOTSUPP,
		      "a login prompt comes from systemd-machined, which does not run here");
	return error_remedy(e, r, "nixctr-net root-login %s", name);
}
