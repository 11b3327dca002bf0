/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "machine/control-group.h"
#include "machine/manager.h"
#include "machine/supervisor.h"

/*
 * The manager where systemd is not PID 1: how the rest of the program asks for a container to be
 * started, stopped and looked at. Nothing is believed of a state whose supervisor is gone.
 */

#define STOP_TIMEOUT_S 90   /* where the settings say nothing */
#define MARGIN_S       120  /* for post-stop, and until all is gone */
#define TRIES          10   /* to find somebody at work or to be the one */
#define VANISH_MS      5000 /* until what dies with a killed supervisor is gone */
#define LOOK_AGAIN_MS  5

struct supervisor_manager {
	struct manager manager;
	struct supervisor_settings settings;
};

/**
 * settings_of - the settings of a manager
 * @manager: opened by supervisor_open()
 */
static const struct supervisor_settings *settings_of(const struct manager *manager)
{
	return &((const struct supervisor_manager *)manager)->settings;
}

/* ------------------------------------------------------------- start */

/**
 * child_become - the way of a grandchild to our program
 * @argv: borrowed
 * @log, @report: its standard error and output
 *
 * In a session of its own, far from the terminal and the directory of who has called us.
 */
static _Noreturn void child_become(char *const argv[], int log, int report)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	(void)setsid();
	if (fork() != 0)
		_exit(EXIT_SUCCESS);
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)umask(0022);
	if (chdir("/") < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(report, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("JOURNAL_STREAM");
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "cannot run %s: errno %d\n", argv[0], errno);
	_exit(EXIT_FAILURE);
}

/**
 * supervisor_spawn - start a supervisor, and wait until it is at work or will not be
 * @settings: borrowed
 * @name: borrowed
 * @log: for its standard error, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int supervisor_spawn(const struct supervisor_settings *settings, const char *name, int log,
			    struct error *e)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	_cleanup_(fd_closep) int reader = -1;
	_cleanup_(fd_closep) int writer = -1;
	int ends[2], r = supervisor_words(settings, "supervise", name, &argv, e);
	pid_t child;
	ssize_t n;
	char byte;

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(e, errno, "cannot start a supervisor");
	reader = ends[0];
	writer = ends[1];
	child = fork();
	if (child < 0)
		return error_errno(e, errno, "cannot start a supervisor");
	if (child == 0)
		child_become(argv.list, log, writer);
	fd_closep(&writer);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	do
		n = read(reader, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	return 0;
}

/**
 * start_judge - tell how a start that we waited for has ended
 * @files: borrowed
 * @begun: when we began; what was written before is of another start
 * @from: where its lines begin in the log
 * @e: filled unless the container is up
 *
 * Returns 1 when it is up, or -errno.
 */
static int start_judge(const struct supervisor_files *files, time_t begun, off_t from,
		       struct error *e)
{
	struct supervisor_state state;
	int r = supervisor_state_read(files, &state, e);

	if (r < 0)
		return r;
	if (r > 0 && state.state == MACHINE_UP)
		return 1;
	if (r > 0 && state.state == MACHINE_FAILED && state.since >= begun)
		r = error_set(e, ERROR_FAILED, EIO, "%s (result '%s')", state.error, state.result);
	else
		r = error_set(e, ERROR_FAILED, ECANCELED, "it was stopped while it started");
	return supervisor_log_quote(files, from, r, e);
}

/**
 * end_await - wait until a supervisor has ended
 * @pidfd: of it, borrowed
 * @seconds: the longest
 *
 * Returns 1, 0 when it has not.
 */
static int end_await(int pidfd, unsigned seconds)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&end, 1, (int)seconds * 1000);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

/**
 * start_join - see how a container is doing that has a supervisor, once its start has ended
 * @settings: borrowed
 * @name: borrowed
 * @files: borrowed
 * @pidfd: of the supervisor, borrowed
 * @e: filled on failure
 *
 * Returns 1 when it is up, 0 when it went down and may be started, or -errno.
 */
static int start_join(const struct supervisor_settings *settings, const char *name,
		      const struct supervisor_files *files, int pidfd, struct error *e)
{
	struct supervisor_state state = { .state = MACHINE_DOWN };
	const time_t begun = time(NULL);
	bool joined;
	int r = supervisor_state_read(files, &state, e);

	joined = state.state == MACHINE_STARTING;
	if (r >= 0)
		r = supervisor_await_start(files, e);
	if (r == 0)
		r = supervisor_state_read(files, &state, e);
	if (r <= 0)
		return r;
	if (state.state == MACHINE_UP || (joined && state.state == MACHINE_FAILED))
		return start_judge(files, begun, 0, e);
	if (!end_await(pidfd, settings->stop_timeout + MARGIN_S))
		return error_set(e, ERROR_BUSY, EBUSY, "container '%s' does not stop", name);
	return 0;
}

/**
 * start_try - start a container, or wait for a start that is under way
 * @settings: borrowed
 * @name: borrowed
 * @files: borrowed
 * @e: has the reason and the last lines of the log
 *
 * Returns 1, 0 when it was up or somebody else has started it, -EAGAIN when what a killed supervisor had
 * left was in the way and is gone now, or another -errno.
 */
static int start_try(const struct supervisor_settings *settings, const char *name,
		     const struct supervisor_files *files, struct error *e)
{
	_cleanup_(fd_closep) int pidfd = -1;
	_cleanup_(fd_closep) int log = -1;
	struct supervisor_state state = { .state = MACHINE_DOWN };
	const time_t begun = time(NULL);
	off_t from = 0;
	int r = supervisor_hold(files, &pidfd, e);

	if (r > 0) {
		r = start_join(settings, name, files, pidfd, e);
		return r < 0 ? r : r > 0 ? 0 : -EAGAIN;
	}
	if (r == 0)
		r = supervisor_log_open(files, settings, &log, &from, e);
	if (r == 0)
		r = supervisor_spawn(settings, name, log, e);
	if (r == 0)
		r = supervisor_await_start(files, e);
	if (r == 0)
		r = supervisor_state_read(files, &state, e);
	if (r < 0)
		return r;
	if (state.state == MACHINE_FAILED && strcmp(state.result, SUPERVISOR_LOST) == 0)
		return -EAGAIN;
	return start_judge(files, begun, from, e);
}

/**
 * supervisor_start - start a container, or wait for a start that is under way
 * @manager: the manager
 * @name: borrowed
 * @e: has the reason and the last lines of the log
 *
 * Returns 1, 0 when it was up or somebody else has started it, or -errno.
 */
static int supervisor_start(struct manager *manager, const char *name, struct error *e)
{
	const struct supervisor_settings *settings = settings_of(manager);
	struct supervisor_files files;
	int r = supervisor_files_init(&files, settings, name, e);

	if (r < 0)
		return r;
	for (int tries = 0; tries < TRIES; tries++) {
		r = start_try(settings, name, &files, e);
		if (r != -EAGAIN)
			return r;
	}
	return error_set(e, ERROR_BUSY, EBUSY, "it does not stay started");
}

/* ------------------------------------------------------------- stop */

/**
 * supervisor_end - have a supervisor end, and with it the container
 * @manager: the manager
 * @name: borrowed
 * @signal: SIGTERM: in order; SIGUSR1: at once
 * @seconds: the longest it may take; then it is killed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was down, or -errno.
 */
static int supervisor_end(struct manager *manager, const char *name, int signal, unsigned seconds,
			  struct error *e)
{
	const struct supervisor_settings *settings = settings_of(manager);
	_cleanup_(fd_closep) int pidfd = -1;
	struct supervisor_files files;
	int held = supervisor_files_init(&files, settings, name, e), cleaned;

	if (held == 0)
		held = supervisor_hold(&files, &pidfd, e);
	if (held < 0)
		return held;
	if (held > 0 && pidfd_send_signal(pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
		return error_errno(e, errno, "cannot stop container '%s'", name);
	if (held > 0 && !end_await(pidfd, seconds)) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		(void)end_await(pidfd, MARGIN_S);
	}
	cleaned = supervisor_clean_stale(settings, name, FORGET_FAILURE, e);
	return cleaned < 0 ? cleaned : held || cleaned;
}

/**
 * supervisor_stop - stop a container in order, also in mid-boot
 * @manager: the manager
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was down, or -errno.
 */
static int supervisor_stop(struct manager *manager, const char *name, struct error *e)
{
	unsigned timeout = settings_of(manager)->stop_timeout;

	return supervisor_end(manager, name, SIGTERM,
			      (timeout ? timeout : STOP_TIMEOUT_S) + MARGIN_S, e);
}

/**
 * supervisor_terminate - kill a container
 * @manager: the manager
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was down, or -errno.
 */
static int supervisor_terminate(struct manager *manager, const char *name, struct error *e)
{
	return supervisor_end(manager, name, SIGUSR1, MARGIN_S, e);
}

/* ------------------------------------------------------------- the rest */

/**
 * state_tell - a state as others want to know it
 * @state: borrowed
 * @ret_status: filled
 */
static void state_tell(const struct supervisor_state *state, struct machine_status *ret_status)
{
	*ret_status = (struct machine_status){ .state = state->state, .main_pid = state->main_pid };
	(void)snprintf(ret_status->result, sizeof(ret_status->result), "%s", state->result);
}

/**
 * supervisor_status - what a container is doing
 * @manager: the manager
 * @name: borrowed
 * @ret_status: filled
 * @e: filled on failure
 *
 * What a killed supervisor has left is cleaned here, by those who may. Others, who may not see the
 * lock, are told what was last written.
 *
 * Returns 0 or -errno.
 */
static int supervisor_status(struct manager *manager, const char *name,
			     struct machine_status *ret_status, struct error *e)
{
	struct supervisor_state state = { .state = MACHINE_DOWN };
	struct supervisor_files files;
	pid_t pid;
	int r = supervisor_files_init(&files, settings_of(manager), name, e);

	if (r == 0)
		r = supervisor_state_read(&files, &state, e);
	if (r < 0)
		return r;
	pid = r > 0 && state.state != MACHINE_FAILED ? supervisor_pid(&files, e) : 1;
	if (pid == 0) {
		r = supervisor_clean_stale(settings_of(manager), name, REMEMBER_FAILURE, e);
		if (r >= 0) {
			state = (struct supervisor_state){ .state = MACHINE_DOWN };
			r = supervisor_state_read(&files, &state, e);
		}
	}
	if (pid < 0 && pid != -EACCES)
		return pid;
	if (r < 0)
		return r;
	state_tell(&state, ret_status);
	return 0;
}

/**
 * supervisor_reload - run the reload step of a container
 * @manager: the manager
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int supervisor_reload(struct manager *manager, const char *name, struct error *e)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	struct process_spec spec = { .input = PROCESS_READS_NOTHING };
	struct machine_status status;
	int r = supervisor_status(manager, name, &status, e);

	if (r == 0 && status.state != MACHINE_UP) {
		r = error_set(e, ERROR_FAILED, ESRCH, "container '%s' is not up", name);
		return error_remedy(e, r, "nixctr-net start %s", name);
	}
	if (r == 0)
		r = supervisor_words(settings_of(manager), "reload", name, &argv, e);
	if (r < 0)
		return r;
	spec.argv = argv.list;
	r = process_run(&spec, e);
	if (r > 0)
		return error_set(e, ERROR_FAILED, EIO,
				 "container '%s' was not reloaded: exit status %d", name, r);
	return r < 0 ? r : 1;
}

/**
 * supervisor_close - end the use of a manager
 * @manager: freed
 */
static void supervisor_close(struct manager *manager)
{
	free(manager);
}

static const struct manager_ops supervisor_ops = {
	.kind = MANAGER_SUPERVISOR,
	.close = supervisor_close,
	.start = supervisor_start,
	.stop = supervisor_stop,
	.terminate = supervisor_terminate,
	.reload = supervisor_reload,
	.status = supervisor_status,
};

/**
 * supervisor_open - be the manager of this host
 * @settings: what they point to is borrowed until the manager is closed
 * @ret_manager: the caller ends with manager_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int supervisor_open(const struct supervisor_settings *settings, struct manager **ret_manager,
		    struct error *e)
{
	struct supervisor_manager *manager = calloc(1, sizeof(*manager));

	if (!manager)
		return error_errno(e, ENOMEM, "cannot begin");
	manager->manager.ops = &supervisor_ops;
	manager->settings = *settings;
	*ret_manager = &manager->manager;
	return 0;
}
