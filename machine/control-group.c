/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/control-group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/*
 * Theory of operation
 *
 * There may be one hierarchy (pure version 2), a dozen (version 1), both (hybrid), or none that we may
 * write to. All are treated alike: whatever can be made is made, the rest is left out. Groups are at
 * the top of what is mounted, not below the group of the caller: a container outlives the session
 * of who has started it.
 */

#define TOP           "nixctr-net"
#define DEPTH_MAX     64   /* of groups inside a container */
#define PATIENCE_MS   5000 /* until killed processes are gone */
#define LOOK_AGAIN_MS 5

/* What is done with every group of a tree. */
typedef int (*group_visit)(const char *path);

/**
 * nap - let others run for a moment
 */
static void nap(void)
{
	const struct timespec moment = { .tv_nsec = LOOK_AGAIN_MS * 1000L * 1000L };

	(void)nanosleep(&moment, NULL);
}

/**
 * group_write - write one word to a file of a group
 * @path: the group, borrowed
 * @file: borrowed
 * @word: borrowed
 *
 * Returns 0 or -errno.
 */
static int group_write(const char *path, const char *file, const char *word)
{
	_cleanup_(fd_closep) int fd = -1;
	char whole[PATH_MAX];
	int r = path_format(whole, sizeof(whole), NULL, "%s/%s", path, file);

	if (r < 0)
		return r;
	fd = open(whole, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, word, strlen(word)) < 0)
		return -errno;
	return 0;
}

/**
 * options_have - whether the controllers of a line are those of a hierarchy
 * @options: comma-separated, borrowed; may end in a line end
 * @controllers: borrowed
 */
static bool options_have(const char *options, const char *controllers)
{
	size_t length = strlen(controllers);
	const char *at = options;

	while (length && (at = strstr(at, controllers))) {
		if (at > options && at[-1] == ',' && strchr(",\n", at[length]))
			return true;
		at++;
	}
	return false;
}

/**
 * home_find - the group we are in, in one hierarchy
 * @root: of the file system that is mounted there (mountinfo(5), field 4)
 * @options: of that file system: the controllers of version 1, comma-separated
 * @unified: "cgroup2"
 * @home: filled; "" when it is out of sight
 * @size: of @home
 *
 * Source: cgroups(7), /proc/PID/cgroup: ID:CONTROLLERS:PATH.
 */
static void home_find(const char *root, const char *options, bool unified, char *home, size_t size)
{
	_cleanup_(file_closep) FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 256];

	home[0] = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		controllers++;
		if (unified ? controllers[0] != '\0' : !options_have(options, controllers))
			continue;
		/* "/..": we are outside of what this control group namespace shows. */
		if (strncmp(path, root, length) == 0 && strncmp(path, "/..", 3) != 0)
			(void)path_format(home, size, NULL, "%s", path + length);
		return;
	}
}

/**
 * hierarchy_parse - one line of mountinfo
 * @line: changed
 * @ret_hierarchy: filled where it is a hierarchy
 *
 * Source: proc(5): ID PARENT DEVICE ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE SUPER-OPTIONS
 *
 * Returns whether it is one.
 */
static bool hierarchy_parse(char *line, struct hierarchy *ret_hierarchy)
{
	char *type = strstr(line, " - cgroup");
	char *word[5], *save = NULL, *options;

	if (!type)
		return false;
	*type = '\0';
	type += strlen(" - ");
	options = strrchr(type, ' ');
	for (size_t i = 0; i < ARRAY_SIZE(word); i++) {
		word[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
		if (!word[i])
			return false;
	}
	if (!options || strchr(word[4], '\\') ||
	    path_format(ret_hierarchy->path, sizeof(ret_hierarchy->path), NULL, "%s", word[4]) < 0)
		return false;
	home_find(word[3], options, strncmp(type, "cgroup2 ", 8) == 0, ret_hierarchy->home,
		  sizeof(ret_hierarchy->home));
	return true;
}

/**
 * hierarchies_read - the hierarchies that are mounted here
 * @ret_hierarchies: filled; there may be none
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int hierarchies_read(struct hierarchies *ret_hierarchies, struct error *e)
{
	_cleanup_(file_closep) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;

	if (!file)
		return error_errno(e, errno, "cannot read /proc/self/mountinfo");
	ret_hierarchies->count = 0;
	while (ret_hierarchies->count < HIERARCHY_MAX && getline(&line, &size, file) >= 0) {
		struct hierarchy *next = &ret_hierarchies->list[ret_hierarchies->count];
		size_t i = 0;

		if (!hierarchy_parse(line, next))
			continue;
		/* Of several that are mounted upon each other the last one is seen. */
		while (strcmp(ret_hierarchies->list[i].path, next->path) != 0)
			i++;
		if (i == ret_hierarchies->count)
			ret_hierarchies->count++;
		else
			ret_hierarchies->list[i] = *next;
	}
	return 0;
}

/**
 * group_path - where a group is in one hierarchy
 * @hierarchy: borrowed
 * @group: borrowed
 * @path: filled
 *
 * Returns 0 or -errno.
 */
static int group_path(const struct hierarchy *hierarchy, const char *group, char path[PATH_MAX])
{
	return path_format(path, PATH_MAX, NULL, "%s/" TOP "/%s", hierarchy->path, group);
}

/**
 * cpuset_inherit - let a new group use what the one above it may use
 * @path: the new group, borrowed; in any hierarchy
 *
 * In version 1 a group without processors takes no process.
 */
static void cpuset_inherit(const char *path)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(freep) char *text = NULL;
		_cleanup_(fd_closep) int fd = -1;
		char above[PATH_MAX], own[PATH_MAX], value[256];
		ssize_t n;

		if (path_format(above, sizeof(above), NULL, "%s/../%s", path, files[i]) < 0 ||
		    path_format(own, sizeof(own), NULL, "%s/cgroup.clone_children", path) < 0 ||
		    access(own, F_OK) < 0)
			return;
		fd = open(above, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);
		if (n <= 0)
			return;
		value[n] = '\0';
		(void)group_write(path, files[i], value);
	}
}

/**
 * group_make_at - make a group and those above it, in one hierarchy
 * @hierarchy: borrowed
 * @group: borrowed
 *
 * Returns 0 or -errno.
 */
static int group_make_at(const struct hierarchy *hierarchy, const char *group)
{
	char path[PATH_MAX];
	int r = group_path(hierarchy, group, path);
	char *slash = r < 0 ? NULL : path + strlen(hierarchy->path);

	while (slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) == 0)
			cpuset_inherit(path);
		else if (errno != EEXIST)
			return -errno;
		if (slash)
			*slash = '/';
	}
	return r;
}

/**
 * group_make - make a group in all hierarchies
 * @hierarchies: borrowed
 * @group: borrowed
 *
 * The directory that all containers share goes with the last of them: whoever loses it on the way
 * tries again.
 */
void group_make(const struct hierarchies *hierarchies, const char *group)
{
	for (size_t i = 0; i < hierarchies->count; i++) {
		int r = -ENOENT;

		for (int tries = 0; r == -ENOENT && tries < 10; tries++)
			r = group_make_at(&hierarchies->list[i], group);
		if (r < 0)
			log_debug("no control group %s/" TOP "/%s: errno %d",
				  hierarchies->list[i].path, group, -r);
	}
}

/**
 * group_join - move ourselves into a group, in all hierarchies that have it
 * @hierarchies: borrowed
 * @group: borrowed
 */
void group_join(const struct hierarchies *hierarchies, const char *group)
{
	for (size_t i = 0; i < hierarchies->count; i++) {
		char path[PATH_MAX];
		int r = group_path(&hierarchies->list[i], group, path);

		if (r == 0)
			r = group_write(path, "cgroup.procs", "0");
		if (r < 0)
			log_debug("cannot join control group %s: errno %d", path, -r);
	}
}

/**
 * group_leave - move ourselves to where we were, or to the top where that is gone
 * @hierarchies: borrowed
 */
void group_leave(const struct hierarchies *hierarchies)
{
	for (size_t i = 0; i < hierarchies->count; i++) {
		const struct hierarchy *hierarchy = &hierarchies->list[i];
		char path[PATH_MAX];

		if (path_format(path, sizeof(path), NULL, "%s%s", hierarchy->path,
				hierarchy->home) < 0 ||
		    group_write(path, "cgroup.procs", "0") < 0)
			(void)group_write(hierarchy->path, "cgroup.procs", "0");
	}
}

/**
 * group_walk - visit a group and all below it, the lowest first
 * @path: borrowed
 * @depth: how much deeper to go
 * @visit: called with each
 *
 * Returns the sum of what @visit returned; a group that is not there has none.
 */
static int group_walk(const char *path, int depth, group_visit visit)
{
	DIR *directory = depth > 0 ? opendir(path) : NULL;
	const struct dirent *entry;
	int sum = 0;

	if (!directory)
		return 0;
	while ((entry = readdir(directory))) {
		char below[PATH_MAX];

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    path_format(below, sizeof(below), NULL, "%s/%s", path, entry->d_name) == 0)
			sum += group_walk(below, depth - 1, visit);
	}
	closedir(directory);
	return sum + visit(path);
}

/**
 * processes_kill - kill what is in one group
 * @path: borrowed
 *
 * Returns 1 when there was somebody else than ourselves, or 0.
 */
static int processes_kill(const char *path)
{
	_cleanup_(file_closep) FILE *file = NULL;
	char name[PATH_MAX], line[32];
	int found = 0;

	if (path_format(name, sizeof(name), NULL, "%s/cgroup.procs", path) < 0)
		return 0;
	file = fopen(name, "re");
	while (file && fgets(line, sizeof(line), file)) {
		long pid = strtol(line, NULL, 10);

		/* 0: a process of another PID namespace, which is not ours to kill */
		if (pid <= 1 || pid == getpid())
			continue;
		found = 1;
		(void)kill((pid_t)pid, SIGKILL);
	}
	return found;
}

/**
 * group_kill - kill all in a group and below it
 * @hierarchies: borrowed
 * @group: borrowed
 * @e: names the group
 *
 * The kernel does it at once where it can (cgroup.kill). Where it cannot we go over the processes until
 * none is left; none can run away for ever, for they die with the first process of the container.
 *
 * Returns 0 or -errno.
 */
int group_kill(const struct hierarchies *hierarchies, const char *group, struct error *e)
{
	int left = 1;

	for (int waited = 0; left > 0 && waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
		left = 0;
		for (size_t i = 0; i < hierarchies->count; i++) {
			char path[PATH_MAX];

			if (group_path(&hierarchies->list[i], group, path) < 0)
				continue;
			(void)group_write(path, "cgroup.kill", "1");
			left += group_walk(path, DEPTH_MAX, processes_kill);
		}
		if (left > 0)
			nap();
	}
	if (left > 0)
		return error_set(e, ERROR_BUSY, EBUSY,
				 "killed processes of control group " TOP "/%s do not go away",
				 group);
	return 0;
}

/**
 * directory_remove - remove one group
 * @path: borrowed
 *
 * Returns 1 when a process that is just ending is in its way, or 0.
 */
static int directory_remove(const char *path)
{
	return rmdir(path) < 0 && errno == EBUSY;
}

/**
 * group_remove - remove a group and all below it, and the shared one with the last of them
 * @hierarchies: borrowed
 * @group: borrowed
 *
 * What cannot be removed is an empty directory, which the next start uses again.
 */
void group_remove(const struct hierarchies *hierarchies, const char *group)
{
	for (size_t i = 0; i < hierarchies->count; i++) {
		char path[PATH_MAX];
		int busy = group_path(&hierarchies->list[i], group, path) == 0;

		for (int waited = 0; busy > 0 && waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
			busy = group_walk(path, DEPTH_MAX, directory_remove);
			if (busy > 0)
				nap();
		}
		if (path_format(path, sizeof(path), NULL, "%s/" TOP, hierarchies->list[i].path) ==
		    0)
			(void)rmdir(path);
	}
}

/**
 * group_step_aside - move ourselves into a group below the one that we are in
 * @group: its name, borrowed
 *
 * Not below nixctr-net/: what we are part of is ended and removed as a whole, by whoever made it.
 */
void group_step_aside(const char *group)
{
	struct hierarchies hierarchies;

	if (hierarchies_read(&hierarchies, NULL) < 0)
		return;
	for (size_t i = 0; i < hierarchies.count; i++) {
		const struct hierarchy *hierarchy = &hierarchies.list[i];
		char path[PATH_MAX];

		/* The top belongs to all. */
		if (!hierarchy->home[1] || path_format(path, sizeof(path), NULL, "%s%s/%s",
						       hierarchy->path, hierarchy->home, group) < 0)
			continue;
		if (mkdir(path, 0755) == 0)
			cpuset_inherit(path);
		(void)group_write(path, "cgroup.procs", "0");
	}
}
