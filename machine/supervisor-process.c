/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/supervisor-run.h"

/* What a supervisor starts: steps of ours, and the systemd-nspawn that one of them becomes. */

#define REMIND_MS 500  /* between requests to the container to stop */
#define GONE_MS   5000 /* until what was killed is gone */

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
 * supervisor_step - run one of our steps to its end
 * @s: the supervisor, with a deadline
 * @step: borrowed
 * @until: a wish of this strength, or of more, ends the step: whatever hooks do may be killed anywhere
 *
 * Returns 1 when it succeeded, 0 when a wish ended it, or -1 when it failed, and the reason is remembered.
 */
int supervisor_step(struct supervisor *s, const char *step, enum wish until)
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
	while (event != EVENT_ENDED && event != EVENT_TIMEOUT && s->wish < until) {
		event = supervisor_wait(s, &process);
		s->changed |= event == EVENT_CHANGED;
	}
	if (event != EVENT_ENDED) {
		process_kill(&process);
		if (event == EVENT_TIMEOUT)
			step_fails(s, step);
		return event == EVENT_TIMEOUT ? -1 : 0;
	}
	status = process_wait(&process, &e);
	if (status != 0)
		supervisor_exit_fails(s, step, status);
	return status == 0 ? 1 : -1;
}

/**
 * supervisor_spawn_main - start systemd-nspawn by our start step
 * @s: the supervisor
 *
 * Returns 0, or -1 with the reason remembered.
 */
int supervisor_spawn_main(struct supervisor *s)
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
	supervisor_enter(s, MACHINE_STARTING);
	return 0;
}

/**
 * supervisor_kill_main - kill all of the container and wait until it is gone
 * @s: the supervisor; no main process afterwards
 *
 * Also after systemd-nspawn has ended by itself: commands that were run in the container may be left.
 */
void supervisor_kill_main(struct supervisor *s)
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
 * supervisor_stop_main - stop the container, in order where it lets itself be stopped so
 * @s: the supervisor, with a main process
 *
 * When it does not stop in time, it is killed and the reason remembered.
 */
void supervisor_stop_main(struct supervisor *s)
{
	enum event event = EVENT_TIMEOUT;
	int64_t end;

	supervisor_deadline(s, s->settings->stop_timeout, SUPERVISOR_STOP_S);
	end = s->deadline;
	if (s->wish == WISH_STOP)
		(void)pidfd_send_signal(s->main.pidfd, SIGTERM, NULL, 0);
	while (event != EVENT_ENDED && s->wish == WISH_STOP && supervisor_now() < end) {
		s->deadline =
			supervisor_now() + REMIND_MS < end ? supervisor_now() + REMIND_MS : end;
		event = supervisor_wait(s, &s->main);
		if (event == EVENT_TIMEOUT)
			main_remind(s);
	}
	if (event != EVENT_ENDED && s->wish == WISH_STOP)
		supervisor_fails(s, "timeout", "did not stop in time and was killed");
	supervisor_kill_main(s);
}
