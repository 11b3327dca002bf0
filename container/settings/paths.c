/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/settings/settings.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netns.h"

/**
 * paths_init - where everything is, below a root directory
 * @paths: filled
 * @root: an absolute directory, borrowed; NULL, "" and "/" mean the machine itself
 * @e: filled on failure
 *
 * Returns 0, or -EINVAL (ERROR_USAGE) when @root is relative or too long.
 */
int paths_init(struct paths *paths, const char *root, struct error *e)
{
	const struct {
		char *path;
		size_t size;
		const char *below;
	} table[] = {
		{ paths->definitions, sizeof(paths->definitions), "/etc/nixos-containers" },
		{ paths->settings, sizeof(paths->settings), "/etc/nixctr-net" },
		{ paths->state, sizeof(paths->state), "/var/lib/nixctr-net" },
		{ paths->book, sizeof(paths->book), "/var/lib/nixctr-net/ipam.db" },
		{ paths->containers, sizeof(paths->containers), "/var/lib/nixos-containers" },
		{ paths->runtime, sizeof(paths->runtime), "/run/nixctr-net" },
		{ paths->networks, sizeof(paths->networks), "/run/nixctr-net/networks" },
		{ paths->namespaces, sizeof(paths->namespaces), "/run/netns" },
		{ paths->locks, sizeof(paths->locks), "/run/lock" },
		{ paths->claims, sizeof(paths->claims), "/run/nixctr-net/claims" },
		{ paths->machines, sizeof(paths->machines), "/run/nixos-containers" },
		{ paths->profiles, sizeof(paths->profiles), "/nix/var/nix/profiles/per-container" },
		{ paths->gcroots, sizeof(paths->gcroots), "/nix/var/nix/gcroots/per-container" },
		{ paths->machine_id, sizeof(paths->machine_id), "/etc/machine-id" },
		{ paths->logs, sizeof(paths->logs), "/var/log/nixctr-net" },
	};
	size_t length = root ? strlen(root) : 0;

	if (length && root[0] != '/')
		return error_set(e, ERROR_USAGE, EINVAL, "root directory '%s' is not absolute",
				 root);
	while (length && root[length - 1] == '/')
		length--;
	if (length >= sizeof(paths->root))
		return error_set(e, ERROR_USAGE, EINVAL, "root directory '%.40s...' is too long",
				 root);
	memset(paths, 0, sizeof(*paths));
	if (length)
		memcpy(paths->root, root, length);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int r = path_format(table[i].path, table[i].size, e, "%s%s", paths->root,
				    table[i].below);

		if (r < 0)
			return r;
	}
	return 0;
}

/**
 * paths_namespace - where the namespace of a container is pinned
 * @paths: borrowed
 * @name: a checked name, borrowed; it is never shortened
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int paths_namespace(const struct paths *paths, const char *name, char path[PATH_MAX],
		    struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/" NAT_PREFIX "%s", paths->namespaces, name);
}

/**
 * container_is_attached - whether the namespace of a container is pinned
 * @paths: borrowed
 * @name: a checked name
 *
 * Errors count as "attached": whoever asks would otherwise take something away.
 */
bool container_is_attached(const struct paths *paths, const char *name)
{
	_cleanup_(fd_closep) int ns = -1;
	char path[PATH_MAX];

	return paths_namespace(paths, name, path, NULL) < 0 || netns_open(path, &ns, NULL) != 0;
}
