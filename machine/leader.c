/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "machine/machine.h"

/*
 * Theory of operation
 *
 * The first process of a container is the child of its systemd-nspawn that is PID 1 of a PID namespace
 * of its own. The kernel knows that, so that it is found while machined or D-Bus are down, and from
 * the moment it exists.
 */

#define STATUS_SIZE_MAX   ((size_t)64 * 1024)
#define CHILDREN_SIZE_MAX ((size_t)64 * 1024)

/**
 * proc_read - read a file of a process
 * @pid: the process
 * @name: the file
 * @limit: of its size
 * @ret_text: owned by the caller
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no such process any more, or -errno.
 */
static int proc_read(pid_t pid, const char *name, size_t limit, char **ret_text, struct error *e)
{
	char path[PATH_MAX];
	size_t length;
	int r = path_format(path, sizeof(path), e, "/proc/%d/%s", pid, name);

	if (r >= 0)
		r = file_read(path, limit, ret_text, &length, e);
	if (r == -ENOENT || r == -ESRCH)
		return 0;
	return r < 0 ? r : 1;
}

/**
 * is_first - whether a process is the first of a PID namespace below ours
 * @pid: the process
 * @e: filled on failure
 *
 * Source: proc(5), NSpid: its numbers, ours first, its own last.
 *
 * Returns 1, 0 when it is not or there is none, or -errno.
 */
static int is_first(pid_t pid, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	const char *line;
	char *last, *end;
	int r = proc_read(pid, "status", STATUS_SIZE_MAX, &text, e);

	if (r <= 0)
		return r;
	line = strstr(text, "\nNSpid:");
	if (!line)
		return error_set(e, ERROR_FAILED, ENOTSUP, "/proc/%d/status has no NSpid", pid);
	line += strlen("\nNSpid:");
	end = strchrnul(line, '\n');
	*end = '\0';
	last = strrchr(line, '\t');
	return last && last != line && strcmp(last, "\t1") == 0;
}

/**
 * leader_hold - hold on to a process that is the first of its container
 * @pid: of it
 * @ret_leader: closed by the caller with leader_close()
 * @e: filled on failure
 *
 * Looked at once more when it is held: what was seen before may have been another's number.
 *
 * Returns 1, 0 when it is gone, or -errno.
 */
static int leader_hold(pid_t pid, struct leader *ret_leader, struct error *e)
{
	_cleanup_(leader_close) struct leader leader = { .pid = pid, .pidfd = pidfd_open(pid, 0) };
	int r;

	if (leader.pidfd < 0)
		return errno == ESRCH ? 0
				      : error_errno(e, errno, "cannot hold on to process %d", pid);
	r = is_first(pid, e);
	if (r <= 0)
		return r;
	*ret_leader = leader;
	leader.pidfd = -1;
	return 1;
}

/**
 * leader_find - the first process of a container
 * @main_pid: of its systemd-nspawn; 0: none
 * @ret_leader: closed by the caller with leader_close()
 * @e: filled on failure
 *
 * Source: proc(5), /proc/PID/task/TID/children.
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int leader_find(pid_t main_pid, struct leader *ret_leader, struct error *e)
{
	_cleanup_(freep) char *children = NULL;
	char name[64], *next, *end;
	int r;

	if (main_pid <= 0)
		return 0;
	r = path_format(name, sizeof(name), e, "task/%d/children", main_pid);
	if (r >= 0)
		r = proc_read(main_pid, name, CHILDREN_SIZE_MAX, &children, e);
	if (r <= 0)
		return r;
	for (next = children, r = 0; r == 0; next = end) {
		long pid = strtol(next, &end, 10);

		if (end == next)
			break;
		r = is_first((pid_t)pid, e);
		if (r > 0)
			r = leader_hold((pid_t)pid, ret_leader, e);
	}
	return r;
}

/**
 * leader_close - let go of a process
 * @leader: none afterwards; none is fine
 */
void leader_close(struct leader *leader)
{
	fd_closep(&leader->pidfd);
	leader->pid = 0;
}
