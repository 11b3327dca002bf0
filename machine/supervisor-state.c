/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "machine/supervisor.h"

/*
 * Theory of operation
 *
 * The lock is one of fcntl(2), for two reasons: the kernel tells who holds it, so that nobody has to
 * believe a number in a file; and what the supervisor starts does not inherit it. Its first byte
 * stands for the life of the supervisor, the second for a start that is under way: whoever wants to
 * know how that ends waits for the second.
 */

#define STATE_SIZE_MAX 4096

static const char *const state_words[] = {
	[MACHINE_DOWN] = "down",         [MACHINE_STARTING] = "starting", [MACHINE_UP] = "up",
	[MACHINE_STOPPING] = "stopping", [MACHINE_FAILED] = "failed",
};

/**
 * supervisor_files_init - where the files of a container are
 * @files: filled
 * @settings: borrowed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * Names of containers do not begin with a dot: a lock is never taken for a state.
 *
 * Returns 0 or -errno.
 */
int supervisor_files_init(struct supervisor_files *files,
			  const struct supervisor_settings *settings, const char *name,
			  struct error *e)
{
	int r = path_format(files->directory, PATH_MAX, e, "%s/machines", settings->runtime);

	if (r == 0)
		r = path_format(files->state, PATH_MAX, e, "%s/machines/%s", settings->runtime,
				name);
	if (r == 0)
		r = path_format(files->lock, PATH_MAX, e, "%s/machines/.%s.lock", settings->runtime,
				name);
	if (r == 0)
		r = path_format(files->log, PATH_MAX, e, "%s/%s.log", settings->log, name);
	return r;
}

/* ------------------------------------------------------------- state */

/**
 * is_key - whether a line begins with a key
 * @line: borrowed
 * @length: up to its equals sign
 * @key: borrowed
 */
static bool is_key(const char *line, size_t length, const char *key)
{
	return strlen(key) == length && strncmp(line, key, length) == 0;
}

/**
 * state_value - what a line of a state file says
 * @line: "KEY=VALUE", borrowed
 * @state: changed; other keys are skipped, for a newer program may have written them
 */
static void state_value(const char *line, struct supervisor_state *state)
{
	const char *value = strchr(line, '=');
	size_t length = value ? (size_t)(value - line) : 0;

	if (!value++)
		return;
	if (is_key(line, length, "state"))
		for (size_t i = 0; i < ARRAY_SIZE(state_words); i++)
			if (strcmp(value, state_words[i]) == 0)
				state->state = (enum machine_state)i;
	if (is_key(line, length, "main"))
		state->main_pid = (pid_t)strtol(value, NULL, 10);
	if (is_key(line, length, "leader"))
		state->leader = (pid_t)strtol(value, NULL, 10);
	if (is_key(line, length, "since"))
		state->since = (time_t)strtoll(value, NULL, 10);
	if (is_key(line, length, "result"))
		(void)snprintf(state->result, sizeof(state->result), "%s", value);
	if (is_key(line, length, "error"))
		(void)snprintf(state->error, sizeof(state->error), "%s", value);
}

/**
 * supervisor_state_read - what was last written of a container
 * @files: borrowed
 * @ret_state: filled
 * @e: filled on failure
 *
 * Returns 1, 0 when nothing is known of it, or -errno.
 */
int supervisor_state_read(const struct supervisor_files *files, struct supervisor_state *ret_state,
			  struct error *e)
{
	struct supervisor_state state = { .state = MACHINE_DOWN };
	_cleanup_(freep) char *text = NULL;
	char *save = NULL;
	size_t length;
	int r = file_read(files->state, STATE_SIZE_MAX, &text, &length, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		state_value(line, &state);
	*ret_state = state;
	return 1;
}

/**
 * supervisor_state_write - let others know
 * @files: borrowed
 * @state: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int supervisor_state_write(const struct supervisor_files *files,
			   const struct supervisor_state *state, struct error *e)
{
	char text[STATE_SIZE_MAX];
	int n = snprintf(text, sizeof(text),
			 "state=%s\nmain=%d\nleader=%d\nsince=%lld\nresult=%s\nerror=%s\n",
			 state_words[state->state], state->main_pid, state->leader,
			 (long long)state->since, state->result, state->error);

	return file_replace(files->state, text, (size_t)n, 0644, e);
}

/* ------------------------------------------------------------- lock */

/**
 * byte_lock - lock or unlock one byte
 * @fd: the lock file, borrowed
 * @byte: which
 * @type: F_WRLCK, F_RDLCK or F_UNLCK
 * @command: F_SETLK or F_SETLKW
 *
 * Returns 0 or -errno.
 */
static int byte_lock(int fd, enum supervisor_lock byte, short type, int command)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1
	};
	int r;

	do
		r = fcntl(fd, command, &lock);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/**
 * lock_take - take both bytes at once
 * @fd: the lock file, borrowed
 *
 * Who waits for a start to end has the second byte for an instant: that does not count.
 *
 * Returns 1, 0 when there is a supervisor, or -errno.
 */
static int lock_take(int fd)
{
	for (;;) {
		struct flock both = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 2 };
		struct flock first = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

		if (fcntl(fd, F_SETLK, &both) == 0)
			return 1;
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (fcntl(fd, F_GETLK, &first) < 0)
			return -errno;
		if (first.l_type != F_UNLCK)
			return 0;
		sched_yield();
	}
}

/**
 * supervisor_lock - become the one who looks after a container
 * @files: borrowed
 * @ret_fd: the lock; the only descriptor of that file in this process, for closing any lets go
 * @e: filled on failure
 *
 * Returns 1, 0 when there is one already, or -errno.
 */
int supervisor_lock(const struct supervisor_files *files, int *ret_fd, struct error *e)
{
	int r = directory_make(files->directory, 0755, e);

	if (r < 0)
		return r;
	for (;;) {
		_cleanup_(fd_closep) int fd =
			open(files->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat held, named;

		if (fd < 0)
			return error_errno(e, errno, "cannot open lock %s", files->lock);
		r = lock_take(fd);
		if (r < 0)
			return error_errno(e, -r, "cannot lock %s", files->lock);
		if (r == 0)
			return 0;
		/* The holder before us may have removed it. */
		if (fstat(fd, &held) == 0 && stat(files->lock, &named) == 0 &&
		    held.st_dev == named.st_dev && held.st_ino == named.st_ino) {
			*ret_fd = TAKE_FD(fd);
			return 1;
		}
	}
}

/**
 * supervisor_lock_starting - a start is under way
 * @fd: from supervisor_lock(), borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int supervisor_lock_starting(int fd, struct error *e)
{
	int r = byte_lock(fd, SUPERVISOR_STARTS, F_WRLCK, F_SETLKW);

	return r < 0 ? error_errno(e, -r, "cannot lock a start") : 0;
}

/**
 * supervisor_unlock_starting - the start has ended, and its state is written
 * @fd: from supervisor_lock(), borrowed
 */
void supervisor_unlock_starting(int fd)
{
	(void)byte_lock(fd, SUPERVISOR_STARTS, F_UNLCK, F_SETLK);
}

/**
 * supervisor_lock_remove - take the lock file away while holding it
 * @files: borrowed
 * @fd: from supervisor_lock(), borrowed: the lock is held until it is closed
 *
 * A failure is ignored: an empty file is left behind.
 */
void supervisor_lock_remove(const struct supervisor_files *files, int fd)
{
	if (fd >= 0)
		unlink(files->lock);
}

/**
 * supervisor_pid - who looks after a container
 * @files: borrowed
 * @e: filled on failure
 *
 * Returns a PID, 0 when nobody does, or -errno.
 */
pid_t supervisor_pid(const struct supervisor_files *files, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(files->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = {
		.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = SUPERVISOR_LIVES, .l_len = 1
	};

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0)
		return error_errno(e, errno, "cannot read lock %s", files->lock);
	if (lock.l_type != F_UNLCK && lock.l_pid <= 0)
		return error_set(e, ERROR_BUSY, EBUSY, "lock %s is held where we cannot see",
				 files->lock);
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

/**
 * supervisor_hold - hold on to the supervisor of a container
 * @files: borrowed
 * @ret_pidfd: the caller closes it
 * @e: filled on failure
 *
 * Asked once more when it is held: the number may have become another's in between.
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int supervisor_hold(const struct supervisor_files *files, int *ret_pidfd, struct error *e)
{
	pid_t pid = supervisor_pid(files, e);
	_cleanup_(fd_closep) int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	pid_t again;

	if (pid <= 0)
		return pid;
	if (pidfd < 0)
		return errno == ESRCH ? 0
				      : error_errno(e, errno, "cannot hold on to process %d", pid);
	again = supervisor_pid(files, e);
	if (again < 0)
		return again;
	if (again != pid)
		return 0;
	*ret_pidfd = TAKE_FD(pidfd);
	return 1;
}

/**
 * supervisor_await_start - wait until a start that is under way has ended, well or not
 * @files: borrowed
 * @e: filled on failure
 *
 * The supervisor has a deadline for each step, and the lock goes with it.
 *
 * Returns 0 or -errno.
 */
int supervisor_await_start(const struct supervisor_files *files, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(files->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_errno(e, errno, "cannot open lock %s", files->lock);
	r = byte_lock(fd, SUPERVISOR_STARTS, F_RDLCK, F_SETLKW);
	return r < 0 ? error_errno(e, -r, "cannot wait for lock %s", files->lock) : 0;
}
