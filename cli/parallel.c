/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/parallel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Several containers at once, but not all: booting costs processor time, and a container that gets
 * too little of it is not ready in time.
 *
 * Each is done by a child of its own, which sends what came of it through a pipe. So it is the same
 * code as for one container, whoever runs it, and nobody waits for anybody else.
 */

#define PER_CPU     2
#define WORKERS_MAX 64

/* What a worker sends. A pipe takes it whole. */
struct report {
	int r;
	struct error e;
};

_Static_assert(sizeof(struct report) <= PIPE_BUF, "a report is written at once");

/* A child at work. */
struct worker {
	pid_t pid;
	size_t at; /* which of the names */
};

/* All of them; the pipes are beside the workers, for poll(). */
struct crew {
	const struct each_action *action;
	const char *const *names; /* borrowed */
	struct outcome *outcome;
	struct progress *progress; /* borrowed */
	struct worker workers[WORKERS_MAX];
	struct pollfd pipes[WORKERS_MAX]; /* owned */
	size_t count, limit;
	size_t done;
};

/**
 * crew_limit - how many containers are done at a time
 */
static size_t crew_limit(void)
{
	cpu_set_t cpus;
	size_t limit = 1;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		limit = (size_t)CPU_COUNT(&cpus);
	return limit * PER_CPU < WORKERS_MAX ? limit * PER_CPU : WORKERS_MAX;
}

/**
 * worker_work - what a child does
 * @action: what is done
 * @name: for which container
 * @pipe: where the report goes
 *
 * Does not return. It dies with its parent, so that Ctrl-C is the end of all; what systemd has begun
 * it goes on with.
 */
static _Noreturn void worker_work(const struct each_action *action, const char *name, int pipe)
{
	struct report report = { .e = ERROR_INIT };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	report.r = action->act(action->context, name, &report.e);
	_exit(write(pipe, &report, sizeof(report)) == (ssize_t)sizeof(report) ? 0 : 1);
}

/**
 * crew_add - begin with one more container
 * @crew: has room
 * @at: which of the names
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int crew_add(struct crew *crew, size_t at, struct error *e)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(e, errno, "cannot make a pipe");
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0) {
		int number = errno;

		close(ends[0]);
		close(ends[1]);
		return error_errno(e, number, "cannot start a process");
	}
	if (pid == 0)
		worker_work(crew->action, crew->names[at], ends[1]);
	close(ends[1]);
	crew->workers[crew->count] = (struct worker){ .pid = pid, .at = at };
	crew->pipes[crew->count++] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	return 0;
}

/**
 * crew_collect - take the report of a worker that has one, and let it go
 * @crew: changed
 * @index: which
 */
static void crew_collect(struct crew *crew, size_t index)
{
	struct worker worker = crew->workers[index];
	int fd = crew->pipes[index].fd;
	struct report report;

	if (read(fd, &report, sizeof(report)) != (ssize_t)sizeof(report)) {
		report = (struct report){ .e = ERROR_INIT };
		report.r = error_set(&report.e, ERROR_FAILED, ECHILD,
				     "container '%s': the process that was at it has died",
				     crew->names[worker.at]);
	}
	close(fd);
	while (waitpid(worker.pid, NULL, 0) < 0 && errno == EINTR)
		;
	crew->count--;
	crew->workers[index] = crew->workers[crew->count];
	crew->pipes[index] = crew->pipes[crew->count];
	outcome_add(crew->outcome, crew->names[worker.at], report.r, &report.e);
	crew->done++;
	progress_at(crew->progress, crew->count ? crew->workers[0].at : worker.at, crew->done);
}

/**
 * crew_wait - wait until at least one worker has ended
 * @crew: has some
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int crew_wait(struct crew *crew, struct error *e)
{
	int r;

	do
		r = poll(crew->pipes, crew->count, -1);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(e, errno, "cannot wait for what was begun");
	for (size_t i = crew->count; i > 0; i--)
		if (crew->pipes[i - 1].revents)
			crew_collect(crew, i - 1);
	return 0;
}

/**
 * parallel_run - do something for several containers, some at a time
 * @action: what is done, in a process of its own for each
 * @names, @count: for which, borrowed
 * @outcome: each is added when it is done
 * @progress: told how far it is
 * @e: filled when it cannot go on; what was begun is waited for
 *
 * Returns 0 or -errno.
 */
int parallel_run(const struct each_action *action, const char *const *names, size_t count,
		 struct outcome *outcome, struct progress *progress, struct error *e)
{
	struct crew crew = {
		.action = action, .names = names, .outcome = outcome, .progress = progress
	};
	size_t next = 0;
	int r = 0;

	crew.limit = crew_limit();
	while (next < count && r == 0) {
		if (crew.count == crew.limit)
			r = crew_wait(&crew, e);
		else
			r = crew_add(&crew, next++, e);
	}
	while (crew.count > 0 && crew_wait(&crew, r == 0 ? e : NULL) == 0)
		;
	return r;
}
