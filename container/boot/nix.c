/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/nix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"

/* Where Nix is when PATH, as sudo(8) leaves it, does not say so. */
#define NIX_PATHS "/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin"

/**
 * environment_make - what a program of Nix has in its environment beside what we have
 * @ret_environment: KEY=VALUE
 * @e: filled on failure
 *
 * NIXOS_CONFIG would be built in place of the configuration that we name.
 *
 * Returns 0 or -ENOMEM.
 */
static int environment_make(struct words *ret_environment, struct error *e)
{
	const char *path = getenv("PATH");
	int r = words_add(ret_environment, e, "NIXOS_CONFIG=");

	return r < 0 ? r
		     : words_add(ret_environment, e, "PATH=%s:" NIX_PATHS,
				 path && path[0] ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
}

/**
 * nix_view_end - forget a view
 * @view: none afterwards; none is fine
 */
void nix_view_end(struct nix_view *view)
{
	fd_closep(&view->mount);
}

/**
 * view_enter - let this process see a view, for struct process_spec
 * @context: a struct nix_view; NULL: nothing changes
 *
 * In a mount namespace of its own, from which nothing gets back to the host.
 *
 * Returns 0 or -errno.
 */
static int view_enter(const void *context)
{
	const struct nix_view *view = context;
	_cleanup_(fd_closep) int place = -1;

	if (!view)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return -errno;
	place = open(view->place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place < 0 || move_mount(view->mount, "", place, "",
				    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/**
 * nix_await - wait for a program, and hand it the signals that would end us
 * @process: running; none afterwards
 * @signals: a signalfd(2), borrowed
 * @ret_signal: the first such signal, 0: none
 * @e: filled on failure
 *
 * Whoever presses Ctrl-C ends the program, and we live on to undo what was begun.
 *
 * Returns its exit status or -errno.
 */
static int nix_await(struct process *process, int signals, int *ret_signal, struct error *e)
{
	struct pollfd polled[] = { { .fd = process->pidfd, .events = POLLIN },
				   { .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo info;

	*ret_signal = 0;
	while (!(polled[0].revents & POLLIN)) {
		if (poll(polled, ARRAY_SIZE(polled), -1) < 0) {
			if (errno != EINTR)
				break;
			continue;
		}
		if (!(polled[1].revents & POLLIN) ||
		    read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
			continue;
		if (*ret_signal == 0)
			*ret_signal = (int)info.ssi_signo;
		(void)kill(process->pid, (int)info.ssi_signo);
	}
	return process_wait(process, e);
}

/**
 * nix_start - start a program of Nix and wait for its end
 * @argv: borrowed
 * @view: what it sees, borrowed; NULL: what we see
 * @output: where its standard output goes, borrowed
 * @signals: those that would end us; blocked
 * @ret_signal: the first one that came, 0: none
 * @e: names the program
 *
 * Returns its exit status or -errno.
 */
static int nix_start(const struct words *argv, const struct nix_view *view, int output,
		     const sigset_t *signals, int *ret_signal, struct error *e)
{
	_cleanup_(words_deinit) struct words environment = { 0 };
	_cleanup_(fd_closep) int fd = signalfd(-1, signals, SFD_CLOEXEC);
	struct process process = PROCESS_INIT;
	int r;

	if (fd < 0)
		return error_errno(e, errno, "cannot watch for signals");
	r = environment_make(&environment, e);
	if (r < 0)
		return r;
	r = process_spawn(&(struct process_spec){ .argv = argv->list,
						  .environment = environment.list,
						  .input = PROCESS_READS_NOTHING,
						  .output = output,
						  .dies_with_us = true,
						  .prepare = view_enter,
						  .context = view },
			  &process, e);
	if (r == -ENOENT)
		return error_remedy(e, error_classify(e, r, ERROR_FAILED),
				    "install Nix; a container without it is made with "
				    "--root-tree or --no-system");
	return r < 0 ? r : nix_await(&process, fd, ret_signal, e);
}

/**
 * nix_run_into - run a program of Nix to its end, with its answer in a file
 * @argv: its name and arguments, borrowed
 * @view: what it sees in the place of a directory, borrowed; NULL: what we see
 * @output: descriptor for its standard output, borrowed
 * @e: says how it ended; why it did has been said on standard error
 *
 * Returns 0, -EINTR when a signal ended it that was meant for us, or another -errno.
 */
int nix_run_into(const struct words *argv, const struct nix_view *view, int output, struct error *e)
{
	sigset_t signals, before;
	int r, signal = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, &before) < 0)
		return error_errno(e, errno, "cannot block signals");
	r = nix_start(argv, view, output, &signals, &signal, e);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	if (signal)
		return error_set(e, ERROR_FAILED, EINTR, "%s was interrupted", argv->list[0]);
	if (r > 0)
		return error_set(e, ERROR_FAILED, EIO,
				 "%s failed with exit status %d, for the reason it gives above",
				 argv->list[0], r);
	return 0;
}

/**
 * nix_run - run a program of Nix to its end
 * @argv: its name and arguments, borrowed
 * @view: what it sees in the place of a directory, borrowed; NULL: what we see
 * @e: says how it ended; why it did has been said on standard error
 *
 * Our standard output is for our answer; what the program says goes to standard error.
 *
 * Returns 0, -EINTR when a signal ended it that was meant for us, or another -errno.
 */
int nix_run(const struct words *argv, const struct nix_view *view, struct error *e)
{
	return nix_run_into(argv, view, STDERR_FILENO, e);
}
