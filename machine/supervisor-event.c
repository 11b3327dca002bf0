/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/supervisor-run.h"

/* What a supervisor waits for, and what it remembers of it. */

#define FOR_LONG_MS INT64_C(3600000) /* without a deadline; then it waits again */

/**
 * supervisor_now - milliseconds of a clock that only goes forward
 */
int64_t supervisor_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/**
 * supervisor_enter - enter a state and let others know
 * @s: the supervisor
 * @state: the new state
 *
 * Nobody can be told of a failure but the log: the container comes first.
 */
void supervisor_enter(struct supervisor *s, enum machine_state state)
{
	struct error e = ERROR_INIT;

	s->state.state = state;
	s->state.since = time(NULL);
	if (supervisor_state_write(&s->files, &s->state, &e) < 0)
		log_error("%s: %s", s->name, e.text);
}

/**
 * supervisor_fails - remember why
 * @s: the supervisor
 * @result: as systemd.exec(5) has it for $SERVICE_RESULT
 * @why: one line, borrowed
 *
 * Of several failures of one run the first is the reason of the others.
 */
void supervisor_fails(struct supervisor *s, const char *result, const char *why)
{
	log_error("%s: %s (%s)", s->name, why, result);
	if (s->state.result[0])
		return;
	(void)snprintf(s->state.result, sizeof(s->state.result), "%s", result);
	(void)snprintf(s->state.error, sizeof(s->state.error), "%s", why);
	for (char *c = s->state.error; *c; c++)
		if (*c == '\n')
			*c = ' ';
}

/**
 * supervisor_exit_fails - remember how a process has failed
 * @s: the supervisor
 * @what: its name, borrowed
 * @status: from process_wait(), not 0
 */
void supervisor_exit_fails(struct supervisor *s, const char *what, int status)
{
	char why[128];

	if (status > 128)
		(void)snprintf(why, sizeof(why), "%s was killed by signal %d", what, status - 128);
	else
		(void)snprintf(why, sizeof(why), "%s exited with status %d", what, status);
	supervisor_fails(s, status > 128 ? "signal" : "exit-code", why);
}

/* ------------------------------------------------------------- waiting */

/**
 * wishes_read - see what others want of us
 * @s: the supervisor; a wish to kill is stronger than one to stop
 *
 * Returns whether there is a new one.
 */
static bool wishes_read(struct supervisor *s)
{
	const enum wish before = s->wish;
	struct signalfd_siginfo signal;

	while (read(s->signals, &signal, sizeof(signal)) == sizeof(signal)) {
		const enum wish next = signal.ssi_signo == SIGUSR1 ? WISH_KILL : WISH_STOP;

		if (next > s->wish)
			s->wish = next;
	}
	return s->wish != before;
}

/**
 * notices_read - see what systemd-nspawn has to tell
 * @s: the supervisor
 *
 * Returns whether the container is ready.
 */
static bool notices_read(struct supervisor *s)
{
	struct notice notice = { .ready = false };
	struct error e = ERROR_INIT;

	if (notify_read(s->notify, s->main.pid, &notice, &e) < 0)
		log_warning("%s: %s", s->name, e.text);
	if (notice.leader > 0)
		s->state.leader = notice.leader;
	if (notice.extend_usec) {
		int64_t extended = supervisor_now() + (int64_t)(notice.extend_usec / 1000);

		if (extended > s->deadline)
			s->deadline = extended;
	}
	return notice.ready;
}

/**
 * supervisor_wait - wait until something happens
 * @s: the supervisor, with a deadline (INT64_MAX: none)
 * @process: whose end is waited for
 */
enum event supervisor_wait(struct supervisor *s, const struct process *process)
{
	struct pollfd fds[] = {
		{ .fd = process->pidfd, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->notify, .events = POLLIN },
		{ .fd = s->watch, .events = POLLIN },
	};

	for (;;) {
		int64_t left =
			s->deadline == INT64_MAX ? FOR_LONG_MS : s->deadline - supervisor_now();
		int n = poll(fds, ARRAY_SIZE(fds),
			     left > FOR_LONG_MS ? (int)FOR_LONG_MS
			     : left > 0         ? (int)left
						: 0);

		if (n > 0 && (fds[1].revents & POLLIN) && wishes_read(s))
			return EVENT_WISH;
		if (n > 0 && (fds[2].revents & POLLIN) && notices_read(s))
			return EVENT_READY;
		if (n > 0 && (fds[0].revents & POLLIN))
			return EVENT_ENDED;
		if (n > 0 && (fds[3].revents & POLLIN) && supervisor_changed(s))
			return EVENT_CHANGED;
		if (n == 0 && s->deadline <= supervisor_now())
			return EVENT_TIMEOUT;
	}
}

/**
 * supervisor_deadline - let what follows take only so long
 * @s: the supervisor
 * @seconds: 0: the other one
 * @otherwise: seconds
 */
void supervisor_deadline(struct supervisor *s, unsigned seconds, unsigned otherwise)
{
	s->deadline = supervisor_now() + 1000 * (int64_t)(seconds ? seconds : otherwise);
}
