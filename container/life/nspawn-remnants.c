/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/life/remnants.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree-remove.h"
#include "container/boot/store-hosts.h"
#include "container/definitions/definitions.h"
#include "container/life/journal-link.h"
#include "container/life/life.h"

/*
 * Theory of operation
 *
 * systemd-nspawn locks the directory that it boots with a file beside it, and copies it where what is
 * written is to be forgotten; both it removes itself, unless it is killed:
 *
 *	.#NAME.lck                                the lock of NAME
 *	.#machine.NAME0123456789abcdef            a copy of NAME
 *	.#.#machine.NAME0123456789abcdef.lck      the lock of the copy
 *
 * The number has always 16 digits, so that no copy of "foo" is taken for one of "foo-bar".
 *
 * Source: systemd, image_path_lock() and tempfn_random().
 */

#define HIDDEN        ".#"
#define LOCK_END      ".lck"
#define COPY_BEGIN    HIDDEN "machine."
#define NUMBER_DIGITS 16

/**
 * lock_remove - remove the lock that systemd-nspawn has on a directory
 * @path: of the directory, absolute; it may be gone; borrowed
 * @e: names the lock
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int lock_remove(const char *path, struct error *e)
{
	const char *name = strrchr(path, '/') + 1;
	char lock[PATH_MAX];
	int r = path_format(lock, sizeof(lock), e, "%.*s" HIDDEN "%s" LOCK_END, (int)(name - path),
			    path, name);

	return r < 0 ? r : file_remove(lock, e);
}

/**
 * is_copy - whether an entry of a directory is a copy of another
 * @entry: its name, borrowed
 * @name: of the other, borrowed
 */
static bool is_copy(const char *entry, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(entry, COPY_BEGIN, strlen(COPY_BEGIN)) != 0)
		return false;
	entry += strlen(COPY_BEGIN);
	return strncmp(entry, name, length) == 0 && strlen(entry + length) == NUMBER_DIGITS &&
	       strspn(entry + length, "0123456789abcdef") == NUMBER_DIGITS;
}

/**
 * copies_remove - remove the copies of a directory, and their locks
 * @original: its path, absolute, borrowed; nothing runs in the copies
 * @e: names what could not be removed
 *
 * Returns 0 or -errno.
 */
static int copies_remove(const char *original, struct error *e)
{
	const char *name = strrchr(original, '/') + 1;
	char above[PATH_MAX], path[PATH_MAX];
	struct dirent *entry;
	DIR *directory;
	int r = path_format(above, sizeof(above), e, "%.*s", (int)(name - original), original);

	if (r < 0)
		return r;
	directory = opendir(above);
	if (!directory)
		return errno == ENOENT ? 0 : error_errno(e, errno, "cannot read %s", above);
	while (r >= 0 && (entry = readdir(directory))) {
		if (!is_copy(entry->d_name, name))
			continue;
		r = path_format(path, sizeof(path), e, "%s%s", above, entry->d_name);
		if (r == 0)
			r = tree_remove(path, e);
		if (r >= 0)
			r = lock_remove(path, e);
	}
	closedir(directory);
	return r < 0 ? r : 0;
}

/**
 * tree_find_used - the tree that the definition of a container names
 * @paths: borrowed
 * @name: a checked name
 * @definition: room to read it
 *
 * Returns its path, borrowed from @definition, or NULL when it has none or that cannot be told.
 */
static const char *tree_find_used(const struct paths *paths, const char *name,
				  struct definition *definition)
{
	if (definition_read(paths, name, definition, NULL) <= 0 || definition->root_tree[0] != '/')
		return NULL;
	return definition->root_tree;
}

/**
 * container_forget - remove what was there for a container only while it ran
 * @paths: borrowed
 * @name: checked here, borrowed; nothing of it runs
 * @e: names what could not be removed
 *
 * The names it knew, and what it wrote if it is ephemeral. Each of these that was started has a
 * directory in /run/nixos-containers, if only to say that there is something to look for. It goes last, so that a killed run is finished by the next one.
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
int container_forget(const struct paths *paths, const char *name, struct error *e)
{
	struct definition definition;
	char path[PATH_MAX];
	const char *tree;
	int names = 0, r = name_check(name, e);

	if (r == 0)
		r = names = store_hosts_drop(paths, name, e);
	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/%s", paths->machines, name);
	if (r < 0)
		return r;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return names;
	tree = tree_find_used(paths, name, &definition);
	r = copies_remove(path, e);
	if (r == 0 && tree)
		r = copies_remove(tree, e);
	if (r == 0)
		r = lock_remove(path, e);
	if (r >= 0)
		r = tree_remove(path, e);
	return r < 0 ? error_wrap(e, r, "what container '%s' was to forget", name) : r;
}

/**
 * traces_remove - remove what systemd-nspawn leaves of a directory outside it
 * @paths: borrowed
 * @path: of the directory, absolute; it may be gone; borrowed
 * @e: names what could not be removed
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
static int traces_remove(const struct paths *paths, const char *path, struct error *e)
{
	int unlocked = lock_remove(path, e);
	int unlinked = unlocked < 0 ? unlocked : journal_link_remove(paths, path, e);

	return unlinked < 0 ? unlinked : unlocked || unlinked;
}

/**
 * remnants_unlock - remove locks on the directories of a container, and links to its journal
 * @paths: borrowed
 * @name: a checked name; nothing of it runs
 * @e: names what could not be removed
 *
 * Returns 1, 0 when there were none, or -errno.
 */
int remnants_unlock(const struct paths *paths, const char *name, struct error *e)
{
	struct definition definition;
	const char *tree = tree_find_used(paths, name, &definition);
	char path[PATH_MAX];
	int own, used = 0;

	own = path_format(path, sizeof(path), e, "%s/%s", paths->containers, name);
	if (own == 0)
		own = traces_remove(paths, path, e);
	if (own >= 0 && tree)
		used = traces_remove(paths, tree, e);
	return own < 0 ? own : used < 0 ? used : own || used;
}
