/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>

#include "base/cleanup.h"
#include "base/tree.h"
#include "container/boot/boot.h"
#include "container/boot/resolver.h"
#include "container/boot/root.h"

/* What follows a change of the resolvers of the host. */

/**
 * container_refresh_resolver - bring the resolvers of the host into one container
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was so, is not our affair or was never started, or -errno.
 */
int container_refresh_resolver(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };
	_cleanup_(fd_closep) int tree = -1;
	char path[PATH_MAX];
	int r = launch_read(paths, name, &launch, e);

	if (r <= 0 || launch.resolver == RESOLVER_ITS_OWN)
		return r < 0 ? r : 0;
	r = root_path(paths, name, &launch, path, e);
	if (r == 0)
		r = tree_open(path, &tree, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return resolver_give(paths, launch.resolver, tree, e);
}

/**
 * container_refresh_resolvers - bring the resolvers of the host into all containers
 * @paths: borrowed
 * @ret_count: how many files have changed
 * @e: says why the last one that failed did
 *
 * One that fails does not keep the others from getting them.
 *
 * Returns 0 or -errno.
 */
int container_refresh_resolvers(const struct paths *paths, size_t *ret_count, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count, changed = 0;
	int failed = 0, r;

	r = definition_names(paths, &names, &count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		r = container_refresh_resolver(paths, names[i], e);
		if (r < 0)
			failed = error_wrap(e, r, "resolvers of container '%s'", names[i]);
		changed += r > 0;
	}
	*ret_count = changed;
	return failed;
}
