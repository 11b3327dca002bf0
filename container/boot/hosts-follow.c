/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/log.h"
#include "container/boot/boot.h"
#include "container/boot/hosts.h"
#include "container/boot/store-hosts.h"
#include "container/boot/supervise.h"

/* What follows when a container that runs gets another system. */

/**
 * place_mount - have a running container see its hosts file in the place of its system's
 * @paths: borrowed
 * @name: a checked name, borrowed
 * @hosts: of store_hosts_give(), borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it does or does not run any more, or -errno.
 */
static int place_mount(const struct paths *paths, const char *name, const struct store_hosts *hosts,
		       struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;
	struct machine_status status;
	int r = lifecycle_open(paths, &lifecycle, e);

	if (r == 0)
		r = manager_status(lifecycle_manager(lifecycle), name, &status, e);
	if (r == 0)
		r = leader_find(status.main_pid, &leader, e);
	return r <= 0 ? r : leader_mount(&leader, hosts->copy, hosts->inside, e);
}

/**
 * hosts_follow - have a running container know others by the hosts file of its new system
 * @paths: borrowed
 * @definition: borrowed
 * @toplevel: the system, a path on the host
 *
 * What cannot be done is logged.
 */
void hosts_follow(const struct paths *paths, const struct definition *definition,
		  const char *toplevel)
{
	struct store_hosts hosts;
	struct error e;
	int r = store_hosts_give(paths, definition, toplevel, &hosts, &e);

	if (r > 0)
		r = place_mount(paths, definition->name, &hosts, &e);
	if (r < 0)
		log_warning("container '%s' does not learn the names of others: %s",
			    definition->name, e.text);
}
