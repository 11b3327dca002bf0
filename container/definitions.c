/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/definition.h"

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
