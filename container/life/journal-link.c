/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/life/journal-link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

/* Source: setup_journal() of nspawn.c in systemd: the link is named after the machine-id. */
#define JOURNALS "/var/log/journal"

/**
 * leads_below - whether a link leads into a directory
 * @directory: that the link is in, borrowed
 * @name: of the link
 * @below: the absolute path of the other, borrowed
 *
 * What is no link leads nowhere.
 */
static bool leads_below(int directory, const char *name, const char *below)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);
	size_t prefix = strlen(below);

	if (length < 0)
		return false;
	target[length] = '\0';
	return strncmp(target, below, prefix) == 0 &&
	       strncmp(target + prefix, JOURNALS "/", strlen(JOURNALS "/")) == 0;
}

/**
 * links_remove - remove the links of a directory that lead into another
 * @directory: read from its beginning, borrowed
 * @below: the absolute path of the other, borrowed
 * @e: names the link
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int links_remove(DIR *directory, const char *below, struct error *e)
{
	const struct dirent *entry;
	int removed = 0;

	while ((entry = readdir(directory))) {
		if (!leads_below(dirfd(directory), entry->d_name, below))
			continue;
		if (unlinkat(dirfd(directory), entry->d_name, 0) < 0 && errno != ENOENT)
			return error_errno(e, errno, "cannot remove link " JOURNALS "/%s",
					   entry->d_name);
		removed = 1;
	}
	return removed;
}

/**
 * root_resolve - the path that systemd-nspawn has given a link for a root directory
 * @root: absolute, borrowed; may be gone, what it is in is there
 * @path: filled: the same without links
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int root_resolve(const char *root, char path[PATH_MAX], struct error *e)
{
	const char *name = strrchr(root, '/');
	_cleanup_(freep) char *real = NULL;
	int r = path_format(path, PATH_MAX, e, "%.*s/", (int)(name - root), root);

	if (r < 0)
		return r;
	real = realpath(path, NULL);
	if (!real)
		return path_format(path, PATH_MAX, e, "%s", root);
	return path_format(path, PATH_MAX, e, "%s%s", strcmp(real, "/") == 0 ? "" : real, name);
}

/**
 * journal_link_remove - remove the link to the journal of a container
 * @paths: borrowed
 * @root: its root directory, absolute, borrowed; may be gone
 * @e: names the link
 *
 * Returns 1, 0 when there was none, or -errno.
 */
int journal_link_remove(const struct paths *paths, const char *root, struct error *e)
{
	char path[PATH_MAX], below[PATH_MAX];
	DIR *directory;
	int r = path_format(path, sizeof(path), e, "%s" JOURNALS, paths->root);

	if (r == 0)
		r = root_resolve(root, below, e);
	if (r < 0)
		return r;
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? 0 : error_errno(e, errno, "cannot read %s", path);
	r = links_remove(directory, below, e);
	closedir(directory);
	return r;
}
