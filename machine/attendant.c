/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/attendant.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "machine/control-group.h"
#include "machine/machine.h"

/*
 * Theory of operation
 *
 * systemd-nspawn makes a user namespace for the container, and joins a prepared network namespace from
 * inside of it, for which it has no right there. So it makes the network namespace itself, and what
 * is to be in it must be made when it is there, but before the container's init runs.
 *
 * The step that is to become systemd-nspawn first forks an attendant. The first program of the container
 * opens a FIFO, which the attendant notices: from then on the first process has all its namespaces
 * and waits. The attendant does its work and says how it went.
 */

#define LOOK_AGAIN_MS 5
#define PATIENCE_MS   (15 * 60 * 1000) /* files of a large tree may have to change their owners */

/**
 * reader_await - wait until the first program of the container has opened the FIFO
 * @fifo: borrowed
 * @main: of what becomes systemd-nspawn, borrowed
 * @ret_fd: the FIFO, for writing
 * @e: filled on failure
 *
 * Returns 1, 0 when systemd-nspawn has ended before, or -errno.
 */
static int reader_await(const char *fifo, int main, int *ret_fd, struct error *e)
{
	struct pollfd end = { .fd = main, .events = POLLIN };

	for (int waited = 0; waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
		int fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

		if (fd >= 0) {
			*ret_fd = fd;
			return 1;
		}
		if (errno != ENXIO)
			return error_errno(e, errno, "cannot open %s", fifo);
		if (poll(&end, 1, LOOK_AGAIN_MS) > 0)
			return 0;
	}
	return error_set(e, ERROR_FAILED, ETIMEDOUT, "its first program has not been started");
}

/**
 * attend - the attendant itself
 * @fifo: borrowed
 * @main_pid: of what becomes systemd-nspawn
 * @work: what to do, and with what
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int attend(const char *fifo, pid_t main_pid, const struct attendant_work *work,
		  struct error *e)
{
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;
	_cleanup_(fd_closep) int main = pidfd_open(main_pid, 0);
	_cleanup_(fd_closep) int fd = -1;
	char answer = ATTENDANT_DONE;
	int r = main < 0 ? 0 : reader_await(fifo, main, &fd, e);

	if (r <= 0)
		return r;
	r = leader_find(main_pid, &leader, e);
	if (r == 0)
		r = error_set(e, ERROR_FAILED, ESRCH, "its first process is gone");
	if (r > 0)
		r = work->run(&leader, work->data, e);
	if (r < 0)
		answer = '-';
	if (write(fd, &answer, 1) < 0 && r >= 0)
		r = error_errno(e, errno, "cannot tell its first program");
	return r;
}

/**
 * attendant_run - become the attendant
 * @fifo: removed at the end
 * @main_pid: of what becomes systemd-nspawn
 * @work: borrowed
 *
 * In a control group of its own: systemd-nspawn has the one that we are in for itself.
 */
static _Noreturn void attendant_run(const char *fifo, pid_t main_pid,
				    const struct attendant_work *work)
{
	struct error e = ERROR_INIT;
	int r;

	group_step_aside("attendant");
	if (fork() != 0)
		_exit(EXIT_SUCCESS);
	(void)signal(SIGPIPE, SIG_IGN);
	r = attend(fifo, main_pid, work, &e);
	if (r < 0)
		log_error("%s: %s", work->name, e.text);
	(void)unlink(fifo);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/**
 * attendant_start - have something done when the first program of a container waits
 * @fifo: made here, borrowed; its directory is there
 * @work: borrowed
 * @e: names the FIFO
 *
 * Called by the process that is about to become systemd-nspawn.
 *
 * Returns 0 or -errno.
 */
int attendant_start(const char *fifo, const struct attendant_work *work, struct error *e)
{
	const pid_t main_pid = getpid();
	pid_t child;

	if (unlink(fifo) < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot replace %s", fifo);
	if (mkfifo(fifo, 0444) < 0 || chmod(fifo, 0444) < 0)
		return error_errno(e, errno, "cannot make %s", fifo);
	child = fork();
	if (child < 0)
		return error_errno(e, errno, "cannot have container '%s' attended", work->name);
	if (child == 0)
		attendant_run(fifo, main_pid, work);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/**
 * attendant_program - where nixctr-net-init is on this host
 * @path: filled
 * @e: says that it is not there
 *
 * Beside our own program before it is installed, and where it is installed otherwise.
 *
 * Returns 0 or -errno.
 */
int attendant_program(char path[PATH_MAX], struct error *e)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		int r;

		*slash = '\0';
		r = path_format(path, PATH_MAX, e, "%s/nixctr-net-init", self);
		if (r < 0 || access(path, X_OK) == 0)
			return r;
	}
	if (access(NIXCTR_NET_LIBEXEC "/nixctr-net-init", X_OK) < 0)
		return error_errno(e, errno, "cannot run " NIXCTR_NET_LIBEXEC "/nixctr-net-init");
	return path_format(path, PATH_MAX, e, NIXCTR_NET_LIBEXEC "/nixctr-net-init");
}
