/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/supervisor-run.h"

/*
 * systemd-nspawn dies with its supervisor, but the container does not die with systemd-nspawn. So a
 * second process waits for the end of the supervisor, and when that was not in order cleans up at
 * once: a container that nobody looks after is not left to whoever comes next. Should it have been
 * killed as well, it is.
 */

/**
 * guard_run - wait for the end of the supervisor
 * @s: the supervisor, as it was when we were made
 * @reader: closes with the supervisor; a byte before says that all is in order
 */
static _Noreturn void guard_run(const struct supervisor *s, int reader)
{
	struct error e = ERROR_INIT;
	sigset_t ignored;
	char byte;
	ssize_t n;

	(void)prctl(PR_SET_NAME, "guard");
	sigfillset(&ignored);
	(void)sigprocmask(SIG_SETMASK, &ignored, NULL);
	if (dup2(reader, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	do
		n = read(STDIN_FILENO, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		_exit(EXIT_SUCCESS);
	log_warning("%s: its supervisor was killed", s->name);
	if (supervisor_clean_stale(s->settings, s->name, REMEMBER_FAILURE, &e) < 0)
		log_error("%s: %s", s->name, e.text);
	_exit(EXIT_SUCCESS);
}

/**
 * supervisor_guard - have somebody clean up in case we are killed
 * @s: the supervisor; changed
 * @e: filled on failure
 *
 * Made before we join a control group, for that is killed as a whole.
 *
 * Returns 0 or -errno.
 */
int supervisor_guard(struct supervisor *s, struct error *e)
{
	_cleanup_(fd_closep) int reader = -1;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(e, errno, "cannot have container '%s' guarded", s->name);
	reader = ends[0];
	s->guard = ends[1];
	child = fork();
	if (child < 0)
		return error_errno(e, errno, "cannot have container '%s' guarded", s->name);
	if (child == 0)
		guard_run(s, reader);
	return 0;
}

/**
 * supervisor_dismiss_guard - all has ended in order
 * @s: the supervisor
 */
void supervisor_dismiss_guard(struct supervisor *s)
{
	if (s->guard >= 0 && write(s->guard, "", 1) < 0)
		log_debug("%s: has lost its guard", s->name);
	fd_closep(&s->guard);
}
