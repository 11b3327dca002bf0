/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "machine/control-group.h"
#include "machine/notify.h"

/*
 * Theory of operation
 *
 * A service manager for one container, which does what systemd does for container@NAME.service:
 *
 *	pre-start, start (which becomes systemd-nspawn), post-stop
 *
 * and the same once more when the container reboots (exit status 133) or fails after it had been up,
 * but not more often than systemd would. A start that fails at once is not tried again: whoever asked
 * for it is told instead.
 *
 * SIGTERM asks for an orderly stop, SIGUSR1 for one at once; both end it. All that it starts dies with
 * it, so that a supervisor that was killed leaves no container that nobody looks after; the rest is
 * cleaned by whoever notices (supervisor_clean()).
 */

#define STOP_TIMEOUT_S  90   /* as TimeoutStopSec= of units */
#define START_TIMEOUT_S 60   /* where the settings say nothing */
#define REMIND_MS       500  /* between requests to the container to stop */
#define RESTART_MS      100  /* before a failed container is started again (RestartSec=) */
#define GONE_MS         5000 /* until what was killed is gone */
#define BURST           5    /* starts within ... (StartLimitBurst=) */
#define BURST_S         10   /* ... (StartLimitIntervalSec=) */

/* What somebody wants of us. */
enum wish {
	WISH_RUN,
	WISH_STOP,
	WISH_KILL,
	WISH_NEVER, /* stronger than any */
};

/* What we were waiting for. */
enum event {
	EVENT_ENDED = 1, /* the process */
	EVENT_READY,
	EVENT_WISH, /* there is a new one */
	EVENT_TIMEOUT,
};

struct supervisor {
	const struct supervisor_settings *settings; /* borrowed */
	const char *name;                           /* borrowed */
	struct supervisor_files files;
	struct hierarchies hierarchies;
	char own[MACHINE_NAME_MAX + 16];   /* group of ourselves and of the steps */
	char group[MACHINE_NAME_MAX + 16]; /* group of systemd-nspawn and below */
	int lock, signals, notify;         /* owned */
	char address[sizeof("NOTIFY_SOCKET=") + NOTIFY_ADDRESS_MAX];
	struct process main; /* systemd-nspawn */
	bool was_up;         /* ever */
	enum wish wish;
	int64_t deadline; /* of what is under way, milliseconds; systemd-nspawn may move it */
	int64_t starts[BURST];
	size_t start_count;
	struct supervisor_state state;
};

/* How one run of the container has ended. */
enum outcome {
	OUTCOME_DONE,   /* it has stopped, or was asked to */
	OUTCOME_REBOOT, /* it wants to be started again */
	OUTCOME_FAILED,
};

/**
 * now_ms - milliseconds of a clock that only goes forward
 */
static int64_t now_ms(void)
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
static void supervisor_enter(struct supervisor *s, enum machine_state state)
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
static void supervisor_fails(struct supervisor *s, const char *result, const char *why)
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
 * exit_fails - remember how a process has failed
 * @s: the supervisor
 * @what: its name, borrowed
 * @status: from process_wait(), not 0
 */
static void exit_fails(struct supervisor *s, const char *what, int status)
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
		int64_t extended = now_ms() + (int64_t)(notice.extend_usec / 1000);

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
static enum event supervisor_wait(struct supervisor *s, const struct process *process)
{
	struct pollfd fds[] = {
		{ .fd = process->pidfd, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->notify, .events = POLLIN },
	};

	for (;;) {
		int64_t left = s->deadline == INT64_MAX ? 3600 * 1000 : s->deadline - now_ms();
		int n = poll(fds, ARRAY_SIZE(fds), left > 0 ? (int)left : 0);

		if (n > 0 && (fds[1].revents & POLLIN) && wishes_read(s))
			return EVENT_WISH;
		if (n > 0 && (fds[2].revents & POLLIN) && notices_read(s))
			return EVENT_READY;
		if (n > 0 && (fds[0].revents & POLLIN))
			return EVENT_ENDED;
		if (n == 0 && s->deadline <= now_ms())
			return EVENT_TIMEOUT;
	}
}

/**
 * deadline_in - let what follows take only so long
 * @s: the supervisor
 * @seconds: 0: the other one
 * @otherwise: seconds
 */
static void deadline_in(struct supervisor *s, unsigned seconds, unsigned otherwise)
{
	s->deadline = now_ms() + 1000 * (int64_t)(seconds ? seconds : otherwise);
}

/* ------------------------------------------------------------- steps */

/**
 * step_fails - remember that a step took too long
 * @s: the supervisor
 * @step: borrowed
 */
static void step_fails(struct supervisor *s, const char *step)
{
	char why[64];

	(void)snprintf(why, sizeof(why), "%s did not end in time", step);
	supervisor_fails(s, "timeout", why);
}

/**
 * step_run - run one of our steps to its end
 * @s: the supervisor, with a deadline
 * @step: borrowed
 * @until: a wish of this strength, or of more, ends the step: whatever hooks do may be killed anywhere
 *
 * Returns 1 when it succeeded, 0 when a wish ended it, or -1 when it failed, and the reason is remembered.
 */
static int step_run(struct supervisor *s, const char *step, enum wish until)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	struct process process = PROCESS_INIT;
	struct error e = ERROR_INIT;
	enum event event = EVENT_READY;
	int status = supervisor_words(s->settings, step, s->name, &argv, &e);

	if (status == 0) {
		const struct process_spec spec = { .argv = argv.list,
						   .input = PROCESS_READS_NOTHING,
						   .dies_with_us = true };

		status = process_spawn(&spec, &process, &e);
	}
	if (status < 0) {
		supervisor_fails(s, "resources", e.text);
		return -1;
	}
	while (event != EVENT_ENDED && event != EVENT_TIMEOUT && s->wish < until)
		event = supervisor_wait(s, &process);
	if (event != EVENT_ENDED) {
		process_kill(&process);
		if (event == EVENT_TIMEOUT)
			step_fails(s, step);
		return event == EVENT_TIMEOUT ? -1 : 0;
	}
	status = process_wait(&process, &e);
	if (status != 0)
		exit_fails(s, step, status);
	return status == 0 ? 1 : -1;
}

/**
 * main_spawn - start systemd-nspawn by our start step
 * @s: the supervisor
 *
 * Returns 0, or -1 with the reason remembered.
 */
static int main_spawn(struct supervisor *s)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	char *environment[] = { s->address, NULL };
	struct error e = ERROR_INIT;
	int r = supervisor_words(s->settings, "start", s->name, &argv, &e);

	if (r == 0) {
		const struct process_spec spec = {
			.argv = argv.list,
			.environment = environment,
			.input = PROCESS_READS_NOTHING,
			.dies_with_us = true,
		};

		/* A child is born into our group: so it is in its own from its first instruction. */
		group_join(&s->hierarchies, s->group);
		r = process_spawn(&spec, &s->main, &e);
		group_join(&s->hierarchies, s->own);
	}
	if (r < 0) {
		supervisor_fails(s, "resources", e.text);
		return -1;
	}
	s->state.main_pid = s->main.pid;
	return 0;
}

/**
 * main_kill - kill all of the container and wait until it is gone
 * @s: the supervisor; no main process afterwards
 *
 * Also after systemd-nspawn has ended by itself: commands that were run in the container may be left.
 */
static void main_kill(struct supervisor *s)
{
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;
	struct error e = ERROR_INIT;

	if (s->main.pid > 0 && leader_find(s->main.pid, &leader, NULL) > 0)
		(void)pidfd_send_signal(leader.pidfd, SIGKILL, NULL, 0);
	process_kill(&s->main);
	s->state.main_pid = s->state.leader = 0;
	if (leader.pidfd >= 0) {
		struct pollfd gone = { .fd = leader.pidfd, .events = POLLIN };

		(void)poll(&gone, 1, GONE_MS);
	}
	if (group_kill(&s->hierarchies, s->group, &e) < 0)
		log_error("%s: %s", s->name, e.text);
}

/**
 * main_remind - ask the container itself to stop
 * @s: the supervisor, with a main process
 *
 * systemd-nspawn does so once, when it gets SIGTERM; in mid-boot the first process may not listen yet.
 * Asking again does no harm. Source: systemd(1), SIGRTMIN+3.
 */
static void main_remind(const struct supervisor *s)
{
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;

	if (leader_find(s->main.pid, &leader, NULL) > 0)
		(void)pidfd_send_signal(leader.pidfd, SIGRTMIN + 3, NULL, 0);
}

/**
 * main_stop - stop the container, in order where it lets itself be stopped so
 * @s: the supervisor, with a main process
 *
 * When it does not stop in time, it is killed and the reason remembered.
 */
static void main_stop(struct supervisor *s)
{
	enum event event = EVENT_TIMEOUT;
	int64_t end;

	deadline_in(s, s->settings->stop_timeout, STOP_TIMEOUT_S);
	end = s->deadline;
	if (s->wish == WISH_STOP)
		(void)pidfd_send_signal(s->main.pidfd, SIGTERM, NULL, 0);
	while (event != EVENT_ENDED && s->wish == WISH_STOP && now_ms() < end) {
		s->deadline = now_ms() + REMIND_MS < end ? now_ms() + REMIND_MS : end;
		event = supervisor_wait(s, &s->main);
		if (event == EVENT_TIMEOUT)
			main_remind(s);
	}
	if (event != EVENT_ENDED && s->wish == WISH_STOP)
		supervisor_fails(s, "timeout", "did not stop in time and was killed");
	main_kill(s);
}

/* ------------------------------------------------------------- one run */

/**
 * main_ended - what the end of systemd-nspawn means
 * @s: the supervisor; its main process has ended
 */
static enum outcome main_ended(struct supervisor *s)
{
	int status = process_wait(&s->main, NULL);

	if (s->wish != WISH_RUN)
		return OUTCOME_DONE;
	if (status == 0 && s->state.state == MACHINE_UP)
		return OUTCOME_DONE;
	if (status == MACHINE_EXIT_REBOOT) {
		log_notice("%s: reboots", s->name);
		return OUTCOME_REBOOT;
	}
	if (status == 0)
		supervisor_fails(s, "protocol", "ended before it was ready");
	else
		exit_fails(s, "systemd-nspawn", status);
	return OUTCOME_FAILED;
}

/**
 * main_watch - from the start of systemd-nspawn to its end
 * @s: the supervisor, with a main process; none afterwards
 */
static enum outcome main_watch(struct supervisor *s)
{
	deadline_in(s, s->settings->start_timeout, START_TIMEOUT_S);
	for (;;) {
		switch (supervisor_wait(s, &s->main)) {
		case EVENT_READY:
			if (s->state.state != MACHINE_STARTING)
				break;
			s->deadline = INT64_MAX;
			s->was_up = true;
			supervisor_enter(s, MACHINE_UP);
			supervisor_unlock_starting(s->lock);
			log_notice("%s: is up", s->name);
			break;
		case EVENT_ENDED:
			return main_ended(s);
		case EVENT_WISH:
			supervisor_enter(s, MACHINE_STOPPING);
			main_stop(s);
			return OUTCOME_DONE;
		case EVENT_TIMEOUT:
			if (s->state.state != MACHINE_STARTING)
				break;
			supervisor_fails(s, "timeout", "was not ready in time");
			return OUTCOME_FAILED;
		}
	}
}

/**
 * start_begin - tell others that the container is starting, before it can be seen to be down
 * @s: the supervisor
 */
static void start_begin(struct supervisor *s)
{
	struct error e = ERROR_INIT;

	if (supervisor_lock_starting(s->lock, &e) < 0)
		log_warning("%s: %s", s->name, e.text);
	if (s->state.state != MACHINE_STARTING)
		supervisor_enter(s, MACHINE_STARTING);
}

/**
 * run_once - the container's life from pre-start to post-stop
 * @s: the supervisor
 */
static enum outcome run_once(struct supervisor *s)
{
	enum outcome outcome = OUTCOME_DONE;
	int r;

	s->state.result[0] = s->state.error[0] = '\0';
	deadline_in(s, s->settings->start_timeout, START_TIMEOUT_S);
	r = step_run(s, "pre-start", WISH_STOP);
	if (r > 0)
		r = main_spawn(s) < 0 ? -1 : 1;
	if (r > 0)
		outcome = main_watch(s);
	else if (r < 0)
		outcome = OUTCOME_FAILED;
	main_kill(s);
	if (outcome == OUTCOME_DONE)
		supervisor_enter(s, MACHINE_STOPPING);
	else
		start_begin(s);
	deadline_in(s, s->settings->stop_timeout, STOP_TIMEOUT_S);
	if (step_run(s, "post-stop", WISH_NEVER) < 0)
		log_error("%s: what it has left is cleaned by its next start", s->name);
	return outcome;
}

/**
 * may_start - whether the container was not started too often lately
 * @s: the supervisor; the reason is remembered when it was
 */
static bool may_start(struct supervisor *s)
{
	int64_t now = now_ms();
	int64_t *oldest = &s->starts[s->start_count % BURST];

	if (s->start_count >= BURST && now - *oldest < BURST_S * 1000) {
		supervisor_fails(s, "start-limit-hit", "was started too often in a short time");
		return false;
	}
	*oldest = now;
	s->start_count++;
	return true;
}

/**
 * pause_before_restart - do not start a failed container again at once
 * @s: the supervisor
 */
static void pause_before_restart(struct supervisor *s)
{
	const struct process nobody = PROCESS_INIT;

	s->deadline = now_ms() + RESTART_MS;
	while (s->wish == WISH_RUN && supervisor_wait(s, &nobody) != EVENT_TIMEOUT)
		;
}

/**
 * supervisor_loop - run the container until it is to be down
 * @s: the supervisor
 *
 * Returns how the last run has ended.
 */
static enum outcome supervisor_loop(struct supervisor *s)
{
	while (may_start(s)) {
		enum outcome outcome = run_once(s);

		if (s->wish != WISH_RUN || outcome == OUTCOME_DONE)
			return OUTCOME_DONE;
		if (outcome == OUTCOME_FAILED && !s->was_up)
			return outcome;
		if (outcome == OUTCOME_FAILED)
			pause_before_restart(s);
	}
	return OUTCOME_FAILED;
}

/* ------------------------------------------------------------- beginning and end */

/**
 * supervisor_deinit - release what a supervisor holds
 * @s: the supervisor, also when half prepared
 */
static void supervisor_deinit(struct supervisor *s)
{
	process_kill(&s->main);
	fd_closep(&s->signals);
	fd_closep(&s->notify);
	fd_closep(&s->lock);
}

/**
 * signals_open - take signals as wishes
 * @ret_fd: the caller closes it
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int signals_open(int *ret_fd, struct error *e)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return error_errno(e, errno, "cannot block signals");
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_errno(e, errno, "cannot take signals");
	*ret_fd = fd;
	return 0;
}

/**
 * supervisor_prepare - get all that is needed before the container is touched
 * @s: the supervisor; deinitialised by the caller also after a failure
 * @e: filled on failure
 *
 * Returns 0 or -errno; -EBUSY (ERROR_BUSY) when the container has a supervisor.
 */
static int supervisor_prepare(struct supervisor *s, struct error *e)
{
	char address[NOTIFY_ADDRESS_MAX];
	int r = supervisor_files_init(&s->files, s->settings, s->name, e);

	if (r == 0)
		r = path_format(s->own, sizeof(s->own), e, "%s/supervisor", s->name);
	if (r == 0)
		r = path_format(s->group, sizeof(s->group), e, "%s/machine", s->name);
	if (r == 0)
		r = signals_open(&s->signals, e);
	if (r == 0)
		r = supervisor_lock(&s->files, &s->lock, e);
	if (r == 0)
		return error_set(e, ERROR_BUSY, EBUSY, "container '%s' has a supervisor already",
				 s->name);
	if (r > 0)
		r = supervisor_clean(s->settings, s->name, e);
	if (r >= 0)
		r = notify_open(&s->notify, address, e);
	if (r == 0)
		r = path_format(s->address, sizeof(s->address), e, "NOTIFY_SOCKET=%s", address);
	if (r == 0)
		r = hierarchies_read(&s->hierarchies, e);
	return r;
}

/**
 * supervisor_finish - leave nothing but, after a failure, the reason
 * @s: the supervisor
 * @outcome: of the last run
 *
 * The state is written while the start is still locked: who waits for it reads how it went.
 */
static void supervisor_finish(struct supervisor *s, enum outcome outcome)
{
	group_leave(&s->hierarchies);
	group_remove(&s->hierarchies, s->name);
	if (outcome == OUTCOME_FAILED)
		supervisor_enter(s, MACHINE_FAILED);
	else
		(void)file_remove(s->files.state, NULL);
	log_notice("%s: is down", s->name);
	supervisor_lock_remove(&s->files, s->lock);
}

/**
 * supervisor_run - look after a container from its start until it has stopped
 * @settings: borrowed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * Standard output is closed, in favour of the log, once the container is locked and its state written:
 * whoever has started us need not wait longer for that.
 *
 * Returns 0 when the container has stopped, or -errno.
 */
int supervisor_run(const struct supervisor_settings *settings, const char *name, struct error *e)
{
	_cleanup_(supervisor_deinit) struct supervisor s = {
		.settings = settings,
		.name = name,
		.lock = -1,
		.signals = -1,
		.notify = -1,
		.main = PROCESS_INIT,
	};
	enum outcome outcome;
	int r = supervisor_prepare(&s, e);

	if (r < 0)
		return r;
	group_make(&s.hierarchies, s.own);
	group_make(&s.hierarchies, s.group);
	group_join(&s.hierarchies, s.own);
	supervisor_enter(&s, MACHINE_STARTING);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return error_errno(e, errno, "cannot redirect standard output");
	outcome = supervisor_loop(&s);
	supervisor_finish(&s, outcome);
	if (outcome == OUTCOME_FAILED)
		return error_set(e, ERROR_FAILED, EIO, "container '%s' %s", name, s.state.error);
	return 0;
}
