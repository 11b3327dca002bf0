/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/life/remnants.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree-remove.h"
#include "container/life/life.h"

/**
 * remnants_remove - remove the directories of a container
 * @paths: borrowed
 * @name: a checked name, claimed; nothing of it runs
 * @extent: whether its root directory goes as well
 * @e: names what could not be removed
 *
 * What is mounted in them is unmounted and stays as it is. A tree that is used in place is none of
 * them.
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
int remnants_remove(const struct paths *paths, const char *name, enum remnants_extent extent,
		    struct error *e)
{
	const char *const directories[] = {
		paths->profiles,
		paths->gcroots,
		extent == REMNANTS_ALL ? paths->containers : NULL,
	};
	char path[PATH_MAX];
	int removed, unlocked;

	removed = container_forget(paths, name, e);
	if (removed < 0)
		return removed;
	for (size_t i = 0; i < ARRAY_SIZE(directories) && directories[i]; i++) {
		int r = path_format(path, sizeof(path), e, "%s/%s", directories[i], name);

		if (r == 0)
			r = tree_remove(path, e);
		if (r < 0)
			return r;
		removed |= r > 0;
	}
	unlocked = remnants_unroot(paths, name, e);
	if (unlocked < 0)
		return unlocked;
	removed |= unlocked > 0;
	unlocked = remnants_unlock(paths, name, e);
	return unlocked < 0 ? unlocked : removed || unlocked;
}
