/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/definition.h"

#define OLD_SIZE_MAX ((size_t)256 * 1024)

/**
 * claim_pair - what a definition claims of one family
 * @pair: borrowed
 * @bridged: whether it is on a bridge
 *
 * A host end alone is nobody's: NixOS lets several containers have the same.
 */
static struct ipam_pair claim_pair(const struct veth_pair *pair, bool bridged)
{
	struct ipam_pair claim = { .automatic = false };

	if (!addr_is_set(&pair->local.addr))
		return claim;
	claim.local = pair->local;
	if (!bridged)
		claim.host = pair->host;
	return claim;
}

/**
 * definition_lease - what a definition claims in the book
 * @definition: borrowed
 *
 * On a bridge the host's address is a gateway, which belongs to nobody.
 */
struct ipam_lease definition_lease(const struct definition *definition)
{
	struct ipam_lease lease = { .mac = definition->mac, .reason = "defined by others" };

	memcpy(lease.container, definition->name, sizeof(lease.container));
	memcpy(lease.bridge, definition->bridge, sizeof(lease.bridge));
	if (!definition->private_network)
		return lease;
	lease.v4 = claim_pair(&definition->v4, definition->bridge[0]);
	lease.v6 = claim_pair(&definition->v6, definition->bridge[0]);
	return lease;
}

/**
 * definition_is_listed - whether a directory entry is a definition; the filter of scandir()
 * @entry: borrowed
 */
static int definition_is_listed(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	size_t suffix = strlen(DEFINITION_SUFFIX);
	char name[CONTAINER_NAME_MAX] = "";

	if (length <= suffix || length - suffix >= sizeof(name) ||
	    strcmp(entry->d_name + length - suffix, DEFINITION_SUFFIX) != 0)
		return 0;
	memcpy(name, entry->d_name, length - suffix);
	return name_check(name, NULL) == 0;
}

/**
 * name_order - the order of names; the comparison of qsort()
 * @a, @b: the names
 *
 * By bytes, so that it does not change with the locale.
 */
static int name_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/**
 * definition_names - the names of all containers
 * @paths: borrowed
 * @ret_names: sorted; one block, the caller frees it; NULL when there is none
 * @ret_count: how many
 * @e: names the directory
 *
 * Files whose name no container can have are not listed.
 *
 * Returns 0 or -errno.
 */
int definition_names(const struct paths *paths, char (**ret_names)[CONTAINER_NAME_MAX],
		     size_t *ret_count, struct error *e)
{
	struct dirent **entries = NULL;
	int found = scandir(paths->definitions, &entries, definition_is_listed, NULL);
	size_t count = found > 0 ? (size_t)found : 0;
	char(*names)[CONTAINER_NAME_MAX] = NULL;

	if (found < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot read %s", paths->definitions);
	if (count > 0)
		names = calloc(count, sizeof(*names));
	for (size_t i = 0; i < count; i++) {
		if (names)
			memcpy(names[i], entries[i]->d_name,
			       strlen(entries[i]->d_name) - strlen(DEFINITION_SUFFIX));
		free(entries[i]);
	}
	free(entries);
	if (count > 0 && !names)
		return error_errno(e, ENOMEM, "cannot list %zu containers", count);
	if (count > 0)
		qsort(names, count, sizeof(*names), name_order);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

/**
 * is_old_definition - whether a file of the older place is nixos-container's and not podman's
 * @old: with that directory, borrowed
 * @name: of the file without its suffix, borrowed
 *
 * What nixos-container writes says in any case whether the network is private.
 */
static bool is_old_definition(const struct paths *old, const char *name)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;

	return path_format(path, sizeof(path), NULL, "%s/%s" DEFINITION_SUFFIX, old->definitions,
			   name) == 0 &&
	       file_read(path, OLD_SIZE_MAX, &text, &length, NULL) == 0 &&
	       strstr(text, "PRIVATE_NETWORK=");
}

/**
 * paths_elsewhere - the paths of a host whose definitions are in the older place
 * @paths: borrowed
 * @ret_old: the same but for that directory
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int paths_elsewhere(const struct paths *paths, struct paths *ret_old, struct error *e)
{
	*ret_old = *paths;
	return path_format(ret_old->definitions, sizeof(ret_old->definitions), e,
			   "%s" DEFINITIONS_ELSEWHERE, paths->root);
}

/**
 * defined_take - say what a definition claims
 * @definition: borrowed
 * @elsewhere: whether it is in the older place
 */
static struct defined defined_take(const struct definition *definition, bool elsewhere)
{
	return (struct defined){ .claim = definition_lease(definition), .elsewhere = elsewhere };
}

/**
 * defined_find - what the definition of one container says, wherever it is
 * @paths: borrowed
 * @name: of the container, borrowed
 * @ret_defined: filled
 * @e: names the file and what is wrong in it
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int defined_find(const struct paths *paths, const char *name, struct defined *ret_defined,
		 struct error *e)
{
	struct definition definition;
	struct paths old;
	bool elsewhere = false;
	int r = definition_read(paths, name, &definition, e);

	if (r == 0) {
		r = paths_elsewhere(paths, &old, e);
		elsewhere = r == 0 && is_old_definition(&old, name);
		if (elsewhere)
			r = definition_read(&old, name, &definition, e);
	}
	if (r > 0)
		*ret_defined = defined_take(&definition, elsewhere);
	return r;
}

/* What goes through a directory. */
struct walk {
	const struct paths *paths; /* with that directory, borrowed */
	const struct paths
		*newer; /* the one that counts where both have one; NULL: there is none */
	defined_visit visit;
	void *data; /* of @visit */
};

/**
 * walk_is_hidden - whether a file of the older place does not count
 * @walk: borrowed
 * @name: of the file without its suffix, borrowed
 */
static bool walk_is_hidden(const struct walk *walk, const char *name)
{
	char path[PATH_MAX];

	if (!walk->newer)
		return false;
	return !is_old_definition(walk->paths, name) ||
	       (definition_path(walk->newer, name, path, NULL) == 0 && access(path, F_OK) == 0);
}

/**
 * walk_visit - read one definition and say so
 * @walk: borrowed
 * @name: of the file without its suffix, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int walk_visit(const struct walk *walk, const char *name, struct error *e)
{
	struct definition definition;
	struct error unread = ERROR_INIT;
	struct visited visited = { .name = name, .named = name_check(name, NULL) == 0 };

	if (walk_is_hidden(walk, name))
		return 0;
	visited.r = definition_read(walk->paths, name, &definition, &unread);
	if (visited.r == 0)
		return 0;
	visited.defined.unread = visited.r < 0;
	visited.defined.elsewhere = walk->newer;
	if (visited.r > 0) {
		visited.definition = &definition;
		visited.defined = defined_take(&definition, walk->newer);
	} else {
		visited.unread = &unread;
		(void)snprintf(visited.defined.claim.container,
			       sizeof(visited.defined.claim.container), "%s", name);
	}
	return walk->visit(walk->data, &visited, e);
}

/**
 * file_is_definition - whether a directory entry may be a definition; the filter of scandir()
 * @entry: borrowed
 */
static int file_is_definition(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), suffix = strlen(DEFINITION_SUFFIX);

	return entry->d_name[0] != '.' && length > suffix &&
	       strcmp(entry->d_name + length - suffix, DEFINITION_SUFFIX) == 0;
}

/**
 * file_order - the order of files by bytes; the comparison of scandir()
 * @a, @b: borrowed
 */
static int file_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/**
 * walk_go - go through the files of a directory
 * @walk: borrowed
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int walk_go(const struct walk *walk, struct error *e)
{
	struct dirent **entries = NULL;
	int found = scandir(walk->paths->definitions, &entries, file_is_definition, file_order);
	int r = 0;

	if (found < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot read %s", walk->paths->definitions);
	for (int i = 0; i < found; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - strlen(DEFINITION_SUFFIX)] = '\0';
		if (r == 0)
			r = walk_visit(walk, entries[i]->d_name, e);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/**
 * definitions_each - go through all definitions, in both places
 * @paths: borrowed
 * @visit: called for each
 * @data: its first argument
 * @e: names the directory, or filled by @visit
 *
 * Others have files in the older place as well: what is not of a container's network is none.
 *
 * Returns 0 or -errno.
 */
int definitions_each(const struct paths *paths, defined_visit visit, void *data, struct error *e)
{
	struct walk walk = { .paths = paths, .visit = visit, .data = data };
	struct paths old;
	int r = paths_elsewhere(paths, &old, e);

	if (r == 0)
		r = walk_go(&walk, e);
	walk.paths = &old;
	walk.newer = paths;
	return r < 0 ? r : walk_go(&walk, e);
}
