/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"

/*
 * Theory of operation
 *
 * The kernel tells the filters of a process to whoever traces it, while it is stopped. A process that
 * is frozen, or waits for a disk, does not stop. So it is a child of ours that traces, and sends the
 * filters through a pipe: when it takes too long it is killed, and with its tracer gone the process
 * goes on as if nobody had asked.
 *
 * Source: ptrace(2), PTRACE_SEIZE and PTRACE_SECCOMP_GET_FILTER.
 */

#define READ_MS 1000 /* for all filters */

/**
 * filter_send - send one filter of a process that is stopped
 * @pid: the process
 * @index: of the filter, 0 is the oldest
 * @pipe: where its instructions go, borrowed; their number goes before
 *
 * Returns 1, 0 when there is none of that number, or -errno.
 */
static int filter_send(pid_t pid, size_t index, int pipe)
{
	static struct sock_filter code[BPF_MAXINSNS];
	long length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)index, NULL);
	uint16_t number = (uint16_t)length;
	size_t size = (size_t)number * sizeof(*code);

	if (length < 0)
		return errno == ENOENT ? 0 : -errno;
	if (length > BPF_MAXINSNS)
		return -E2BIG;
	if (ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)index, code) != length)
		return -EIO;
	if (write(pipe, &number, sizeof(number)) != (ssize_t)sizeof(number) ||
	    write(pipe, code, size) != (ssize_t)size)
		return -EPIPE;
	return 1;
}

/**
 * filters_send - stop a process, and send its filters
 * @pid: the process
 * @pipe: where they go, borrowed
 *
 * Ends: with 0, or a positive errno. The kernel lets the process go on then.
 */
static _Noreturn void filters_send(pid_t pid, int pipe)
{
	int status, r = 0;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		_exit(errno);
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			_exit(errno);
	if (!WIFSTOPPED(status))
		_exit(ESRCH);
	for (size_t i = 0; i <= FILTERS_MAX; i++) {
		r = i < FILTERS_MAX ? filter_send(pid, i, pipe) : -E2BIG;
		if (r <= 0)
			break;
	}
	_exit(-r);
}

/**
 * pipe_read - read so much from a pipe, but not for ever
 * @pipe: borrowed
 * @data, @size: where it goes
 * @deadline: on the monotonic clock, in ms
 *
 * Returns 1, 0 when the pipe is at its end, or -errno.
 */
static int pipe_read(int pipe, void *data, size_t size, int64_t deadline)
{
	for (size_t done = 0; done < size;) {
		struct pollfd polled = { .fd = pipe, .events = POLLIN };
		struct timespec now;
		int64_t left;
		ssize_t n;

		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		left = deadline - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
		if (left <= 0 || (poll(&polled, 1, (int)left) < 0 && errno != EINTR))
			return -ETIMEDOUT;
		if (!polled.revents)
			continue;
		n = read(pipe, (char *)data + done, size - done);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		done += (size_t)n;
	}
	return 1;
}

/**
 * filters_receive - take what filters_send() sends
 * @pipe: borrowed
 * @filters: added to
 *
 * Returns 0 at the end, or -errno.
 */
static int filters_receive(int pipe, struct filters *filters)
{
	struct timespec now;
	int64_t deadline;
	uint16_t length;
	int r;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	deadline = now.tv_sec * 1000 + now.tv_nsec / 1000000 + READ_MS;
	while ((r = pipe_read(pipe, &length, sizeof(length), deadline)) > 0) {
		struct sock_fprog *filter = &filters->list[filters->count];

		if (filters->count == FILTERS_MAX)
			return -E2BIG;
		filter->filter = calloc(length, sizeof(*filter->filter));
		if (!filter->filter)
			return -ENOMEM;
		filter->len = length;
		filters->count++;
		r = pipe_read(pipe, filter->filter, length * sizeof(*filter->filter), deadline);
		if (r <= 0)
			return r < 0 ? r : -EPIPE;
	}
	return r;
}

/**
 * filters_read - the filters of a process
 * @pid: the process
 * @ret_filters: the caller ends with filters_deinit()
 *
 * Returns 0 or -errno.
 */
int filters_read(pid_t pid, struct filters *ret_filters)
{
	_cleanup_(filters_deinit) struct filters filters = { .count = 0 };
	struct process tracer = PROCESS_INIT;
	_cleanup_(fd_closep) int reader = -1;
	int ends[2], status, r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	tracer.pid = fork();
	if (tracer.pid == 0)
		filters_send(pid, ends[1]);
	close(ends[1]);
	if (tracer.pid < 0)
		return -EAGAIN;
	r = filters_receive(reader, &filters);
	if (r < 0) {
		process_kill(&tracer);
		return r;
	}
	status = process_wait(&tracer, NULL);
	if (status != 0)
		return status < 0 || status > 127 ? -EIO : -status;
	*ret_filters = filters;
	filters.count = 0;
	return 0;
}

/**
 * filters_deinit - free filters
 * @filters: empty afterwards
 */
void filters_deinit(struct filters *filters)
{
	for (size_t i = 0; i < filters->count; i++)
		free(filters->list[i].filter);
	filters->count = 0;
}

/**
 * filters_install - let filters judge the system calls of the calling process
 * @filters: borrowed
 *
 * Source: seccomp(2); takes CAP_SYS_ADMIN, or to have no_new_privs.
 *
 * Returns 0 or -errno.
 */
int filters_install(const struct filters *filters)
{
	for (size_t i = 0; i < filters->count; i++)
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filters->list[i], 0, 0) < 0)
			return -errno;
	return 0;
}
