/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/tree.h"
#include "container/boot/hosts.h"
#include "container/boot/root.h"
#include "container/boot/store-hosts.h"

/*
 * What follows when containers are linked with others, or not any more. The hook of units does it too, so
 * nothing here knows who runs containers.
 */

/**
 * hosts_refresh - bring the names into a container that may be running
 * @paths: borrowed
 * @name: a checked name, borrowed
 *
 * One that was never started gets them when it is.
 */
void hosts_refresh(const struct paths *paths, const char *name)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };
	_cleanup_(fd_closep) int tree = -1;
	char path[PATH_MAX];
	struct error e;
	int r = launch_read(paths, name, &launch, &e);

	if (r == 0)
		return;
	if (r > 0)
		r = root_path(paths, name, &launch, path, &e);
	if (r == 0)
		r = tree_open(path, &tree, &e);
	if (r >= 0)
		r = hosts_give(paths, &launch.definition, tree, &e);
	if (r >= 0 || r == -ENOENT)
		r = store_hosts_refresh(paths, &launch.definition, &e);
	if (r < 0 && r != -ENOENT)
		log_warning("container '%s' does not learn the names of others: %s", name, e.text);
}

/**
 * hosts_know - whether a container that may be running knows one of some others
 * @paths: borrowed
 * @name: a checked name, borrowed
 * @others: their names, borrowed
 *
 * One whose root directory cannot be read knows nobody.
 */
bool hosts_know(const struct paths *paths, const char *name, const struct words *others)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };
	_cleanup_(fd_closep) int tree = -1;
	char path[PATH_MAX];

	if (launch_read(paths, name, &launch, NULL) <= 0)
		return false;
	return (root_path(paths, name, &launch, path, NULL) == 0 &&
		tree_open(path, &tree, NULL) == 0 && hosts_tell_of(tree, others)) ||
	       store_hosts_tell_of(paths, name, others);
}
