/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "container/declared/change.h"
#include "container/life/remnants.h"

/*
 * Theory of operation
 *
 * What the options of a declared container mention of Nix's store has a root of garbage collection as
 * long as the container is defined. That is a link beside the directory that the container sees as
 * its own, so that nobody inside can take it away; no container has a name that begins with a dot.
 *
 * While it is being changed there are two: what it had, and what it is to have. A run that is killed,
 * or a change that fails, leaves both.
 */

/* What comes behind the name. */
#define ROOT_NOW  ""
#define ROOT_NEXT "+"

/**
 * root_path - where a root is
 * @paths: borrowed
 * @name: of the container
 * @which: ROOT_NOW or ROOT_NEXT
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -ENAMETOOLONG.
 */
static int root_path(const struct paths *paths, const char *name, const char *which,
		     char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/.%s%s", paths->gcroots, name, which);
}

/**
 * root_drop - remove a root
 * @paths, @name, @which: as for root_path()
 * @e: names the link
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int root_drop(const struct paths *paths, const char *name, const char *which,
		     struct error *e)
{
	char path[PATH_MAX];
	int r = root_path(paths, name, which, path, e);

	if (r < 0)
		return r;
	if (unlink(path) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR
		       ? 0
		       : error_errno(e, errno, "cannot remove %s", path);
}

/**
 * declared_keep - keep what a container is going to need from being collected
 * @paths: borrowed
 * @declared: borrowed
 * @link: of declared_build_mentioned(), borrowed
 * @e: names the link
 *
 * Returns 1, 0 when it needs nothing, or -errno.
 */
int declared_keep(const struct paths *paths, const struct declared *declared, const char *link,
		  struct error *e)
{
	char target[PATH_MAX], path[PATH_MAX];
	ssize_t length;
	int r;

	if (!declared->stored)
		return 0;
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return error_errno(e, errno, "cannot read what was built, %s", link);
	target[length] = '\0';
	r = directory_make(paths->gcroots, 0700, e);
	if (r >= 0)
		r = root_drop(paths, declared->name, ROOT_NEXT, e);
	if (r >= 0)
		r = root_path(paths, declared->name, ROOT_NEXT, path, e);
	if (r < 0)
		return r;
	return symlink(target, path) < 0 ? error_errno(e, errno, "cannot make %s", path) : 1;
}

/**
 * declared_kept - let go of what a container needed before it was changed
 * @paths: borrowed
 * @declared: borrowed; it is as declared
 * @e: names the link
 *
 * Returns 0 or -errno.
 */
int declared_kept(const struct paths *paths, const struct declared *declared, struct error *e)
{
	char next[PATH_MAX], now[PATH_MAX];
	int r;

	if (!declared->stored)
		return remnants_unroot(paths, declared->name, e);
	r = root_path(paths, declared->name, ROOT_NEXT, next, e);
	if (r == 0)
		r = root_path(paths, declared->name, ROOT_NOW, now, e);
	if (r == 0 && rename(next, now) < 0)
		r = error_errno(e, errno, "cannot make %s", now);
	return r;
}

/**
 * remnants_unroot - let go of all that the options of a container have mentioned
 * @paths: borrowed
 * @name: a checked name
 * @e: names the link
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
int remnants_unroot(const struct paths *paths, const char *name, struct error *e)
{
	int next = root_drop(paths, name, ROOT_NEXT, e);
	int now = next < 0 ? next : root_drop(paths, name, ROOT_NOW, e);

	return now < 0 ? now : next || now;
}
