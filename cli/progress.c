/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME_SHOWN 24 /* of a name, so that the line fits */

/**
 * line_show - say how far it is
 * @board: borrowed
 * @doing, @names, @count: see progress_begin()
 * @seconds: how long it has taken
 *
 * The cursor stays at the start of the line: what others write there, such as Nix, is written over it.
 */
static void line_show(struct progress_board *board, const char *doing, const char *const *names,
		      size_t count, unsigned seconds)
{
	char text[128];
	size_t length = 0;

	if (count > 1)
		length = (size_t)snprintf(text, sizeof(text), ", %zu of %zu done",
					  atomic_load(&board->done), count);
	(void)snprintf(text + length, sizeof(text) - length, ", %u s", seconds);
	(void)fprintf(stderr, "\r\033[K%s%s%.*s%s\r", doing, count ? " " : "", NAME_SHOWN,
		      count ? names[atomic_load(&board->at)] : "", text);
	(void)fflush(stderr);
	atomic_store(&board->shown, true);
}

/**
 * child_work - say every second how far it is
 * @board: borrowed
 * @parent: who is at work
 * @doing, @names, @count: see progress_begin()
 *
 * Does not return; it dies with its parent.
 */
static _Noreturn void child_work(struct progress_board *board, pid_t parent, const char *doing,
				 const char *const *names, size_t count)
{
	const struct timespec second = { .tv_sec = 1 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned seconds = 1; getppid() == parent; seconds++) {
		(void)nanosleep(&second, NULL);
		line_show(board, doing, names, count, seconds);
	}
	_exit(0);
}

/**
 * progress_begin - begin with something that may take a while
 * @progress: filled; end it with progress_end()
 * @session: with --json nothing is shown, borrowed
 * @doing: what is done, "starting"; NULL: nothing is shown
 * @names, @count: for which containers, borrowed
 *
 * A lock that is held is held by the child as well, which ends when we do. Nothing is shown where standard
 * error is no terminal, nor when there is no memory or process for it.
 */
void progress_begin(struct progress *progress, const struct session *session, const char *doing,
		    const char *const *names, size_t count)
{
	struct progress_board *board;
	pid_t parent = getpid();

	*progress = (struct progress){ .board = NULL };
	if (!doing || session->json || !isatty(STDERR_FILENO))
		return;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (board == MAP_FAILED)
		return;
	(void)fflush(NULL);
	progress->child = fork();
	if (progress->child == 0)
		child_work(board, parent, doing, names, count);
	if (progress->child < 0) {
		munmap(board, sizeof(*board));
		return;
	}
	progress->board = board;
	log_over(true);
}

/**
 * progress_at - note how far it is
 * @progress: changed
 * @at: which of the containers is worked at
 * @done: how many are done
 */
void progress_at(struct progress *progress, size_t at, size_t done)
{
	if (!progress->board)
		return;
	atomic_store(&progress->board->at, at);
	atomic_store(&progress->board->done, done);
}

/**
 * progress_end - what took a while is done
 * @progress: ended; may have ended already
 */
void progress_end(struct progress *progress)
{
	if (!progress->board)
		return;
	(void)kill(progress->child, SIGKILL);
	while (waitpid(progress->child, NULL, 0) < 0 && errno == EINTR)
		;
	if (atomic_load(&progress->board->shown))
		(void)fprintf(stderr, "\r\033[K");
	munmap(progress->board, sizeof(*progress->board));
	progress->board = NULL;
	log_over(false);
}
