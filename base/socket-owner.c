/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/socket-owner.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/**
 * directory_closep - close a directory, for _cleanup_()
 * @directory: its address
 */
static void directory_closep(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/**
 * process_has - whether a process has a socket open
 * @pid: of the process, as text, borrowed
 * @socket: "socket:[INODE]", borrowed
 */
static bool process_has(const char *pid, const char *socket)
{
	_cleanup_(directory_closep) DIR *directory = NULL;
	char path[PATH_MAX], target[64];
	struct dirent *entry;

	if (path_format(path, sizeof(path), NULL, "/proc/%s/fd", pid) < 0)
		return false;
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		ssize_t length =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		if (strcmp(target, socket) == 0)
			return true;
	}
	return false;
}

/**
 * process_name_read - what the kernel calls a process
 * @pid: of the process, as text, borrowed
 * @name: filled; "?" when it has just ended
 */
static void process_name_read(const char *pid, char name[PROCESS_NAME_MAX])
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;

	(void)snprintf(name, PROCESS_NAME_MAX, "?");
	if (path_format(path, sizeof(path), NULL, "/proc/%s/comm", pid) == 0 &&
	    file_read(path, (size_t)2 * PROCESS_NAME_MAX, &text, &length, NULL) == 0)
		(void)snprintf(name, PROCESS_NAME_MAX, "%.*s", (int)strcspn(text, "\n"), text);
}

/**
 * socket_owner - find out who has a socket open
 * @inode: of the socket
 * @ret_pid: the first process that has it
 * @ret_name: what the kernel calls that
 *
 * Source: proc(5), /proc/PID/fd.
 *
 * Returns 1, or 0 when that cannot be found.
 */
int socket_owner(uint32_t inode, pid_t *ret_pid, char ret_name[PROCESS_NAME_MAX])
{
	_cleanup_(directory_closep) DIR *processes = opendir("/proc");
	struct dirent *entry;
	char socket[32];

	(void)snprintf(socket, sizeof(socket), "socket:[%u]", inode);
	while (processes && (entry = readdir(processes))) {
		if (entry->d_name[strspn(entry->d_name, "0123456789")] ||
		    !process_has(entry->d_name, socket))
			continue;
		*ret_pid = (pid_t)strtol(entry->d_name, NULL, 10);
		process_name_read(entry->d_name, ret_name);
		return 1;
	}
	return 0;
}
