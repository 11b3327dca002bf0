/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/words.h"
#include "container/boot/hosts.h"
#include "container/boot/launch.h"
#include "container/boot/root.h"
#include "container/life/life.h"

/**
 * switch_find - the program that switches a container to its system, as seen from inside
 * @paths: borrowed
 * @name: a checked name
 * @launch: filled; ended by the caller
 * @root: filled
 * @path: filled
 * @e: says that there is none
 *
 * Returns 0 or -errno.
 */
static int switch_find(const struct paths *paths, const char *name, struct launch *launch,
		       struct root *root, char path[PATH_MAX], struct error *e)
{
	char *slash;
	int r = launch_read(paths, name, launch, e);

	if (r == 0)
		return name_unknown(paths, name, e);
	if (r > 0)
		r = root_find(paths, name, launch, root, e);
	if (r < 0)
		return r;
	if (!root->init[0])
		return error_set(
			e, ERROR_FAILED, ENOTSUP,
			"container '%s' boots a tree of its own, and no system to switch to", name);
	slash = strrchr(root->init, '/');
	return path_format(path, PATH_MAX, e, "%.*s/bin/switch-to-configuration",
			   (int)(slash - root->init), root->init);
}

/**
 * container_switch - switch a running container to the system that it would boot now
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * Source: "test" is what nixpkgs calls a switch that leaves the boot loader alone.
 *
 * Returns 0 or -errno.
 */
int container_switch(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	_cleanup_(launch_deinit) struct launch launch = { 0 };
	struct root root;
	char path[PATH_MAX];
	int r = name_check(name, e);

	if (r == 0)
		r = switch_find(paths, name, &launch, &root, path, e);
	if (r == 0)
		r = words_add(&argv, e, "%s", path);
	if (r == 0)
		r = words_add(&argv, e, "test");
	if (r == 0)
		r = container_run(paths, name, argv.list, e);
	if (r >= 0)
		hosts_follow(paths, &launch.definition, root.toplevel);
	if (r > 0)
		r = error_set(e, ERROR_FAILED, EIO, "%s ended with exit status %d", path, r);
	return r < 0 ? error_wrap(e, r, "cannot switch container '%s' to its system", name) : 0;
}
