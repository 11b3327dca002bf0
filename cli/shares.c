/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/shares.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/*
 * Theory of operation
 *
 * What takes less than a millisecond for one container is shared by a few processes, one for each
 * processor; a process for every container, as in parallel.c, would cost more than the work. Each
 * takes the next container that nobody has taken, until there is none, and leaves what came of it
 * in memory that all of them see.
 */

#define SHARES_MAX  4  /* the kernel lets one at a time change links: more of them only wait */
#define COUNT_WORTH 16 /* below, one process is as fast */

/* What came of one container. */
struct result {
	bool done;
	int r;
	struct error e;
};

/* What all processes see. */
struct board {
	atomic_size_t next; /* the first container that nobody has taken */
	struct result results[];
};

/* The work, as each process has it. */
struct work {
	const struct each_action *action;
	const char *const *names; /* borrowed */
	size_t count;
	struct board *board;
};

/**
 * shares_wanted - by how many processes it is best done
 * @action: what is done, borrowed
 * @count: for how many containers
 *
 * Returns at least 1.
 */
size_t shares_wanted(const struct each_action *action, size_t count)
{
	cpu_set_t cpus;
	size_t n;

	if (!action->begin || count < COUNT_WORTH || sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 1;
	n = (size_t)CPU_COUNT(&cpus);
	return n < SHARES_MAX ? n : SHARES_MAX;
}

/**
 * work_do - do what nobody else has taken
 * @work: borrowed
 * @progress: told how far all of us are; NULL: nobody is told
 */
static void work_do(const struct work *work, struct progress *progress)
{
	size_t i;

	while ((i = atomic_fetch_add(&work->board->next, 1)) < work->count) {
		struct result *result = &work->board->results[i];

		if (progress)
			progress_at(progress, i, i);
		result->e = ERROR_INIT;
		result->r = work->action->act(work->action->context, work->names[i], &result->e);
		result->done = true;
	}
}

/**
 * helper_start - let one more process take part
 * @work: borrowed
 *
 * It dies with us, so that Ctrl-C is the end of all. One that cannot begin leaves the work to others.
 *
 * Returns its PID, or -1 when there is none.
 */
static pid_t helper_start(const struct work *work)
{
	pid_t parent = getpid();
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && work->action->begin(work->action->context, NULL) >= 0)
		work_do(work, NULL);
	_exit(0);
}

/**
 * work_report - tell what came of all containers, in their order
 * @work: borrowed
 * @outcome: each is added
 */
static void work_report(const struct work *work, struct outcome *outcome)
{
	for (size_t i = 0; i < work->count; i++) {
		struct result *result = &work->board->results[i];

		if (!result->done)
			result->r = error_set(&result->e, ERROR_FAILED, ECHILD,
					      "container '%s': the process that was at it has died",
					      work->names[i]);
		outcome_add(outcome, work->names[i], result->r, &result->e);
	}
}

/**
 * shares_run - do something for many containers, by several processes
 * @action: what is done, which has a begin()
 * @names, @count: for which, borrowed
 * @shares: how many processes, we among them
 * @outcome: all are added at the end
 * @progress: told how far it is
 * @e: filled when it cannot begin
 *
 * Returns 0 or -errno.
 */
int shares_run(const struct each_action *action, const char *const *names, size_t count,
	       size_t shares, struct outcome *outcome, struct progress *progress, struct error *e)
{
	size_t size = sizeof(struct board) + count * sizeof(struct result);
	struct work work = { .action = action, .names = names, .count = count };
	pid_t helpers[SHARES_MAX];

	work.board = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (work.board == MAP_FAILED)
		return error_errno(e, errno, "cannot list what is done for the containers");
	for (size_t i = 0; i + 1 < shares; i++)
		helpers[i] = helper_start(&work);
	work_do(&work, progress);
	for (size_t i = 0; i + 1 < shares; i++)
		while (helpers[i] > 0 && waitpid(helpers[i], NULL, 0) < 0 && errno == EINTR)
			;
	work_report(&work, outcome);
	munmap(work.board, size);
	return 0;
}
