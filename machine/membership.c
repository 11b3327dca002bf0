/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/membership.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mounts.h"

/*
 * Theory of operation
 *
 * Whoever stops a container ends all that is in its control groups, and charges it with what they use.
 * A process that enters must be among them, or the stop waits for it.
 *
 * In hierarchies of version 1 it joins the first process of the container. In that of version 2, only
 * groups without children can have processes: there it gets a group of its own beside init.scope,
 * where systemd keeps its own first process. That is named so that it can be mistaken for no unit.
 */

#define CGROUP_SIZE_MAX ((size_t)64 * 1024)
#define INIT_SCOPE      "/init.scope"

/* One line of /proc/PID/cgroup. Borrowed from the text. */
struct line {
	char *controllers; /* comma-separated; "" for version 2 */
	char *path;
};

/**
 * line_next - the next hierarchy
 * @cursor: in the text, which is changed; moved on
 * @ret_line: borrowed from it
 *
 * Source: cgroups(7), /proc/PID/cgroup: ID:CONTROLLERS:PATH.
 *
 * Returns whether there is one.
 */
static bool line_next(char **cursor, struct line *ret_line)
{
	char *text;

	while ((text = strsep(cursor, "\n"))) {
		(void)strsep(&text, ":");
		ret_line->controllers = strsep(&text, ":");
		ret_line->path = text;
		if (ret_line->path)
			return true;
	}
	return false;
}

/**
 * options_have - whether one of comma-separated options is this
 * @options: borrowed
 * @option, @length: borrowed
 */
static bool options_have(const char *options, const char *option, size_t length)
{
	for (;;) {
		size_t n = strcspn(options, ",");

		if (n == length && strncmp(options, option, n) == 0)
			return true;
		if (!options[n])
			return false;
		options += n + 1;
	}
}

/**
 * is_hierarchy - whether a mount is that of a hierarchy
 * @mount: borrowed
 * @controllers: of the hierarchy, borrowed
 */
static bool is_hierarchy(const struct mount *mount, const char *controllers)
{
	if (!controllers[0])
		return strcmp(mount->type, "cgroup2") == 0;
	return strcmp(mount->type, "cgroup") == 0 &&
	       options_have(mount->options, controllers, strcspn(controllers, ","));
}

/**
 * group_find - the directory of a group
 * @line: of the process, borrowed
 * @group: PATH_MAX bytes, filled
 * @e: filled on failure
 *
 * Returns 1, 0 when the hierarchy is mounted nowhere or the group is not in what is mounted, -errno.
 */
static int group_find(const struct line *line, char *group, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	struct mount mount;
	char *cursor;
	int r = mounts_read(&text, e);

	if (r < 0)
		return r;
	cursor = text;
	while (mounts_next(&cursor, &mount)) {
		size_t length = strcmp(mount.root, "/") == 0 ? 0 : strlen(mount.root);

		if (!is_hierarchy(&mount, line->controllers) ||
		    strncmp(line->path, mount.root, length) != 0 ||
		    strncmp(line->path, "/..", strlen("/..")) == 0)
			continue;
		r = path_format(group, PATH_MAX, e, "%s%s", mount.point, line->path + length);
		return r < 0 ? r : 1;
	}
	return 0;
}

/**
 * leaf_own - let a new group belong to whom the group above it belongs
 * @leaf: borrowed
 * @above: borrowed
 *
 * So that a container with users of its own can do with it what it can with the others.
 *
 * Returns 0 or -errno.
 */
static int leaf_own(const char *leaf, const struct stat *above)
{
	static const char *const files[] = { ".", "cgroup.procs", "cgroup.threads",
					     "cgroup.subtree_control" };
	_cleanup_(fd_closep) int fd = open(leaf, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (fchownat(fd, files[i], above->st_uid, above->st_gid, 0) < 0)
			return -errno;
	return 0;
}

/**
 * leaf_make - make a group of its own below the payload of a container
 * @membership: its leaf is filled
 * @group: of the first process, borrowed; changed
 * @e: names the group
 *
 * Returns 0 or -errno.
 */
static int leaf_make(struct membership *membership, char *group, struct error *e)
{
	size_t length = strlen(group), scope = strlen(INIT_SCOPE);
	char leaf[PATH_MAX];
	struct stat above;
	int r;

	if (length > scope && strcmp(group + length - scope, INIT_SCOPE) == 0)
		group[length - scope] = '\0';
	r = path_format(leaf, sizeof(leaf), e, "%s/nixctr-net-run-%d", group, getpid());
	if (r < 0)
		return r;
	if (stat(group, &above) < 0 || (mkdir(leaf, 0755) < 0 && errno != EEXIST))
		return error_errno(e, errno, "cannot make control group %s", leaf);
	memcpy(membership->leaf, leaf, sizeof(leaf));
	r = leaf_own(leaf, &above);
	if (r < 0)
		return error_errno(e, -r, "cannot hand over control group %s", leaf);
	return path_format(membership->groups[membership->count++], PATH_MAX, e, "%s", leaf);
}

/**
 * group_add - one more group to be in
 * @membership: changed
 * @line: of the first process, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int group_add(struct membership *membership, const struct line *line, struct error *e)
{
	char group[PATH_MAX];
	int r;

	if (membership->count == MEMBERSHIP_MAX)
		return error_set(e, ERROR_FAILED, E2BIG, "more than %d control group hierarchies",
				 MEMBERSHIP_MAX);
	r = group_find(line, group, e);
	if (r <= 0)
		return r;
	if (!line->controllers[0])
		return leaf_make(membership, group, e);
	return path_format(membership->groups[membership->count++], PATH_MAX, e, "%s", group);
}

/**
 * membership_prepare - find out which groups to be in
 * @leader: of the container
 * @membership: filled, also on failure, for membership_release()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int membership_prepare(const struct leader *leader, struct membership *membership, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	struct line line;
	char path[64], *cursor;
	size_t length;
	int r;

	membership->count = 0;
	membership->leaf[0] = '\0';
	r = path_format(path, sizeof(path), e, "/proc/%d/cgroup", leader->pid);
	if (r == 0)
		r = file_read(path, CGROUP_SIZE_MAX, &text, &length, e);
	cursor = text;
	while (r == 0 && line_next(&cursor, &line))
		r = group_add(membership, &line, e);
	return r;
}

/**
 * membership_join - become a member
 * @membership: borrowed
 *
 * By path and from outside: inside, these are other paths.
 *
 * Returns 0 or -errno.
 */
int membership_join(const struct membership *membership)
{
	for (size_t i = 0; i < membership->count; i++) {
		_cleanup_(fd_closep) int group =
			open(membership->groups[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		_cleanup_(fd_closep) int fd = -1;

		if (group < 0)
			return -errno;
		fd = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) < 0)
			return -errno;
	}
	return 0;
}

/**
 * membership_release - remove the group that was made
 * @membership: borrowed
 *
 * It stays while somebody is in it: a daemon that the command has left behind.
 */
void membership_release(const struct membership *membership)
{
	if (membership->leaf[0])
		(void)rmdir(membership->leaf);
}
