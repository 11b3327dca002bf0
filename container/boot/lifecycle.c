/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/boot/boot.h"
#include "container/boot/supervise.h"
#include "container/definitions/definitions.h"

/* An open manager and what it borrows. */
struct lifecycle {
	char root[256], runtime[320], logs[320];
	struct manager *manager; /* owned */
};

/**
 * lifecycle_open - find out who runs the containers of a root directory
 * @paths: borrowed for the call
 * @ret_lifecycle: owned by the caller
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int lifecycle_open(const struct paths *paths, struct lifecycle **ret_lifecycle, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = calloc(1, sizeof(*lifecycle));
	struct supervisor_settings settings;
	int r;

	if (!lifecycle) {
		(void)error_errno(e, ENOMEM, "cannot find out who runs containers");
		return -ENOMEM;
	}
	memcpy(lifecycle->root, paths->root, sizeof(lifecycle->root));
	memcpy(lifecycle->runtime, paths->runtime, sizeof(lifecycle->runtime));
	memcpy(lifecycle->logs, paths->logs, sizeof(lifecycle->logs));
	r = supervise_settings(paths, &settings, e);
	if (r < 0)
		return r;
	settings.root = lifecycle->root[0] ? lifecycle->root : NULL;
	settings.runtime = lifecycle->runtime;
	settings.log = lifecycle->logs;
	r = manager_open(&settings, &lifecycle->manager, e);
	if (r < 0)
		return r;
	*ret_lifecycle = TAKE_PTR(lifecycle);
	return 0;
}

/**
 * lifecycle_close - the end of lifecycle_open(); containers run on
 * @lifecycle: taken; NULL is fine
 */
void lifecycle_close(struct lifecycle *lifecycle)
{
	if (!lifecycle)
		return;
	manager_close(lifecycle->manager);
	free(lifecycle);
}

/**
 * lifecycle_closep - lifecycle_close() at the end of a scope
 * @lifecycle: what it points to may be NULL
 */
void lifecycle_closep(struct lifecycle **lifecycle)
{
	lifecycle_close(*lifecycle);
	*lifecycle = NULL;
}

/**
 * lifecycle_manager - who runs the containers
 * @lifecycle: borrowed
 *
 * Returns the manager, which lives as long as @lifecycle.
 */
struct manager *lifecycle_manager(struct lifecycle *lifecycle)
{
	return lifecycle->manager;
}

/**
 * require_definition - insist that a container is defined
 * @paths: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 0, -ENOENT (ERROR_NO_CONTAINER), or -errno.
 */
static int require_definition(const struct paths *paths, const char *name, struct error *e)
{
	struct definition definition;
	int r = definition_read(paths, name, &definition, e);

	if (r == 0)
		return name_unknown(paths, name, e);
	return r < 0 ? r : 0;
}

/**
 * require_complete - insist that a container is defined, and completely made
 * @paths: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 0, -ENOENT (ERROR_NO_CONTAINER), -EBUSY or another -errno.
 */
static int require_complete(const struct paths *paths, const char *name, struct error *e)
{
	struct definition definition;
	int r = definition_read(paths, name, &definition, e);

	if (r == 0)
		return name_unknown(paths, name, e);
	return r < 0 ? r : definition_check_complete(&definition, e);
}

/**
 * require_container - insist that a container is defined or still runs
 * @paths: borrowed
 * @manager: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * One that was taken out of the host's configuration, or whose definition cannot be read any more,
 * can be stopped all the same.
 *
 * Returns 0, -ENOENT (ERROR_NO_CONTAINER), or -errno.
 */
static int require_container(const struct paths *paths, struct manager *manager, const char *name,
			     struct error *e)
{
	struct machine_status status;
	int r = manager_status(manager, name, &status, e);

	if (r < 0 || status.state != MACHINE_DOWN)
		return r;
	return require_definition(paths, name, e);
}

/**
 * container_start - start a container and wait until it is ready
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: says why it did not start, with the last lines of its log
 *
 * Returns 1, 0 when it was running, or -errno.
 */
int container_start(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	int r = name_check(name, e);

	if (r == 0)
		r = require_complete(paths, name, e);
	if (r < 0)
		return r;
	r = lifecycle_open(paths, &lifecycle, e);
	if (r == 0)
		r = manager_start(lifecycle->manager, name, e);
	return r < 0 ? error_wrap(e, r, "cannot start container '%s'", name) : r;
}

/**
 * end_by - have the manager end a container in one of its ways
 * @paths: borrowed
 * @name: checked here, borrowed
 * @end: the way
 * @what: what it does, as an error says it
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
static int end_by(const struct paths *paths, const char *name,
		  int (*end)(struct manager *manager, const char *name, struct error *e),
		  const char *what, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	int r = name_check(name, e);

	if (r < 0)
		return r;
	r = lifecycle_open(paths, &lifecycle, e);
	if (r == 0)
		r = require_container(paths, lifecycle->manager, name, e);
	if (r < 0)
		return r;
	r = end(lifecycle->manager, name, e);
	return r < 0 ? error_wrap(e, r, "cannot %s container '%s'", what, name) : r;
}

/**
 * container_stop - shut a container down and wait until it has stopped
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
int container_stop(const struct paths *paths, const char *name, struct error *e)
{
	return end_by(paths, name, manager_stop, "stop", e);
}

/**
 * container_restart - stop a container, if it runs, and start it
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * What cannot be started again is not stopped: a definition that is wrong is found first.
 *
 * Returns 1 or -errno.
 */
int container_restart(const struct paths *paths, const char *name, struct error *e)
{
	int r = name_check(name, e);

	if (r == 0)
		r = require_complete(paths, name, e);
	if (r == 0)
		r = container_stop(paths, name, e);
	return r < 0 ? r : container_start(paths, name, e);
}

/**
 * container_terminate - kill all of a container and wait until nothing of it is left
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
int container_terminate(const struct paths *paths, const char *name, struct error *e)
{
	return end_by(paths, name, manager_terminate, "terminate", e);
}

/**
 * container_reload - run the reload step of a container that runs
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
int container_reload(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	int r = name_check(name, e);

	if (r == 0)
		r = require_definition(paths, name, e);
	if (r < 0)
		return r;
	r = lifecycle_open(paths, &lifecycle, e);
	if (r == 0)
		r = manager_reload(lifecycle->manager, name, e);
	return r < 0 ? error_wrap(e, r, "cannot reload container '%s'", name) : r;
}

/**
 * container_refresh - have whoever runs containers know which ones there are now
 * @paths: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int container_refresh(const struct paths *paths, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	int r = lifecycle_open(paths, &lifecycle, e);

	return r < 0 ? r : manager_refresh(lifecycle->manager, e);
}

/**
 * container_login - a login prompt of a container on our terminal, until it ends
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int container_login(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	int r = name_check(name, e);

	if (r == 0)
		r = require_definition(paths, name, e);
	if (r < 0)
		return r;
	r = lifecycle_open(paths, &lifecycle, e);
	if (r == 0)
		r = manager_login(lifecycle->manager, name, e);
	return r < 0 ? error_wrap(e, r, "cannot log in to container '%s'", name) : r;
}
