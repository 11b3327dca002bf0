/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/supervisor-run.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

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
 * SIGTERM asks for an orderly stop, SIGUSR1 for one at once; both end it. When it is killed, its guard
 * ends the container (supervisor-guard.c); what is left by then is cleaned by whoever notices.
 */

#define RESTART_MS 100   /* before a failed container is started again (RestartSec=) */
#define LIMIT_MS   10000 /* in which it is started only so often (StartLimitIntervalSec=) */

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
		supervisor_exit_fails(s, "systemd-nspawn", status);
	return OUTCOME_FAILED;
}

/**
 * main_ready - the container has told that it is ready
 * @s: the supervisor, with a main process
 *
 * As a unit does, it counts as up when post-start has ended. That one failing is no reason to stop
 * what is running.
 */
static void main_ready(struct supervisor *s)
{
	if (s->state.state != MACHINE_STARTING)
		return;
	supervisor_deadline(s, s->settings->start_timeout, SUPERVISOR_START_S);
	(void)supervisor_step(s, "post-start", WISH_STOP);
	s->state.result[0] = s->state.error[0] = '\0';
	s->deadline = INT64_MAX;
	s->was_up = true;
	supervisor_enter(s, MACHINE_UP);
	supervisor_unlock_starting(s->lock);
	log_notice("%s: is up", s->name);
}

/**
 * main_changed - something of the host that the container has a copy of has changed
 * @s: the supervisor, of a container that is up
 *
 * That it cannot be told is no failure of the container.
 */
static void main_changed(struct supervisor *s)
{
	s->changed = false;
	supervisor_deadline(s, 0, SUPERVISOR_START_S);
	(void)supervisor_step(s, "resolver", WISH_STOP);
	s->state.result[0] = s->state.error[0] = '\0';
	s->deadline = INT64_MAX;
}

/**
 * main_watch - from the start of systemd-nspawn to its end
 * @s: the supervisor, with a main process
 *
 * A change that comes while the container starts may be too late for its copy: it is told once it is up.
 */
static enum outcome main_watch(struct supervisor *s)
{
	supervisor_deadline(s, s->settings->start_timeout, SUPERVISOR_START_S);
	while (s->wish == WISH_RUN) {
		if (s->changed && s->state.state == MACHINE_UP) {
			main_changed(s);
			continue; /* a wish may have ended that */
		}
		switch (supervisor_wait(s, &s->main)) {
		case EVENT_READY:
			main_ready(s);
			break;
		case EVENT_ENDED:
			return main_ended(s);
		case EVENT_CHANGED:
			s->changed = true;
			break;
		case EVENT_WISH:
			break;
		case EVENT_TIMEOUT:
			if (s->state.state != MACHINE_STARTING)
				break;
			supervisor_fails(s, "timeout", "was not ready in time");
			return OUTCOME_FAILED;
		}
	}
	supervisor_enter(s, MACHINE_STOPPING);
	supervisor_stop_main(s);
	return OUTCOME_DONE;
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
	s->changed = false;
	supervisor_deadline(s, s->settings->start_timeout, SUPERVISOR_START_S);
	r = supervisor_step(s, "pre-start", WISH_STOP);
	if (r > 0)
		r = supervisor_spawn_main(s) < 0 ? -1 : 1;
	if (r > 0)
		outcome = main_watch(s);
	else if (r < 0)
		outcome = OUTCOME_FAILED;
	supervisor_kill_main(s);
	if (outcome == OUTCOME_DONE)
		supervisor_enter(s, MACHINE_STOPPING);
	else
		start_begin(s);
	supervisor_deadline(s, s->settings->stop_timeout, SUPERVISOR_STOP_S);
	if (supervisor_step(s, "post-stop", WISH_NEVER) < 0)
		log_error("%s: what it has left is cleaned by its next start", s->name);
	return outcome;
}

/**
 * may_start - whether the container was not started too often lately
 * @s: the supervisor; the reason is remembered when it was
 */
static bool may_start(struct supervisor *s)
{
	int64_t now = supervisor_now();
	int64_t *oldest = &s->starts[s->start_count % SUPERVISOR_BURST];

	if (s->start_count >= SUPERVISOR_BURST && now - *oldest < LIMIT_MS) {
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

	s->deadline = supervisor_now() + RESTART_MS;
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

/**
 * supervisor_deinit - release what a supervisor holds
 * @s: the supervisor, also when half prepared
 */
static void supervisor_deinit(struct supervisor *s)
{
	process_kill(&s->main);
	fd_closep(&s->signals);
	fd_closep(&s->notify);
	fd_closep(&s->watch);
	fd_closep(&s->lock);
	supervisor_dismiss_guard(s);
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
		r = supervisor_watch(s->settings, &s->watch, e);
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
		.watch = -1,
		.guard = -1,
		.main = PROCESS_INIT,
	};
	enum outcome outcome;
	int r = supervisor_prepare(&s, e);

	if (r >= 0)
		r = supervisor_guard(&s, e);
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
		return error_set(e, ERROR_FAILED, EIO, "container '%s': %s", name, s.state.error);
	return 0;
}
