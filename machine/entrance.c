/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/entrance.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tree.h"
#include "machine/login.h"
#include "machine/pty.h"

/*
 * Theory of operation
 *
 * Two processes. The first goes into the namespaces; it stays in our PID namespace, so that nobody
 * inside can see it, let alone trace it. It gives up there all that the container must not get hold
 * of: capabilities, descriptors, the environment. Only then it makes the second, which is in
 * the PID namespace of the container, a child of our parent, and becomes the command.
 */

#define ENDS 2 /* of a pseudo-terminal */

/**
 * report_send - tell how far we are
 * @socket: borrowed
 * @report: borrowed
 * @fds: ENDS descriptors that go with it; NULL: none
 *
 * Nobody may be listening any more: then there is nobody to tell that, either.
 */
static void report_send(int socket, const struct report *report, const int *fds)
{
	struct iovec data = { (void *)(uintptr_t)report, sizeof(*report) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(ENDS * sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fds) {
		control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(ENDS * sizeof(int)),
						   .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.header), fds, ENDS * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	(void)sendmsg(socket, &message, MSG_NOSIGNAL);
}

/**
 * fail - tell that it went wrong, and end
 * @socket: borrowed
 * @step: where
 * @r: -errno
 */
static _Noreturn void fail(int socket, enum entrance_step step, int r)
{
	const struct report report = { .step = step, .number = -r };

	report_send(socket, &report, NULL);
	_exit(EXIT_FAILURE);
}

/**
 * process_renew - be as a process that nobody has changed yet
 *
 * Signals do what they do, and the caller's environment is gone from memory: what is made from us can
 * be looked into by root of the container.
 */
static void process_renew(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (char **pair = environ; pair && *pair; pair++)
		explicit_bzero(*pair, strlen(*pair));
	(void)clearenv();
	(void)umask(022);
}

/**
 * namespaces_join - go where the first process is
 * @entrance: borrowed
 *
 * The kernel joins the user namespace first and looks at what we may by what we may outside. Its root
 * directory need not be that of its mount namespace.
 *
 * Source: setns(2).
 *
 * Returns 0 or -errno.
 */
static int namespaces_join(const struct entrance *entrance)
{
	if (entrance->namespaces && setns(entrance->leader->pidfd, entrance->namespaces) < 0)
		return -errno;
	if (fchdir(entrance->root) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

/**
 * identity_take - become root of the container
 *
 * Returns 0 or -errno.
 */
static int identity_take(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return -errno;
	return 0;
}

/**
 * terminal_take - put a terminal of the container in the place of ours
 * @socket: both its ends are sent there, borrowed
 * @ret_standard: which of the standard descriptors is a terminal; -1: none
 *
 * What is not a terminal stays as it is.
 *
 * Returns 0 or -errno.
 */
static int terminal_take(int socket, int *ret_standard)
{
	const bool is_terminal[] = { isatty(0), isatty(1), isatty(2) };
	_cleanup_(fd_closep) int master = -1;
	_cleanup_(fd_closep) int slave = -1;
	const struct report report = { .step = STEP_TERMINAL };
	int standard = is_terminal[0] ? 0 : is_terminal[1] ? 1 : is_terminal[2] ? 2 : -1;
	int r;

	*ret_standard = standard;
	if (standard < 0)
		return 0;
	r = pty_open(&master, &slave);
	if (r == 0)
		r = pty_imitate(slave, standard,
				standard == 0 ? PTY_TRANSLATES : PTY_LEAVES_IT_TO_US);
	if (r < 0)
		return r;
	for (int i = 0; i < (int)ARRAY_SIZE(is_terminal); i++)
		if (is_terminal[i] && dup2(slave, i) < 0)
			return -errno;
	report_send(socket, &report, (const int[ENDS]){ master, slave });
	return 0;
}

/**
 * command_become - run the command
 * @program: a path, or a name to be looked up
 * @argv: borrowed
 * @login: borrowed
 * @standard: the standard descriptor that is our terminal; -1: none
 *
 * Returns only on failure: -errno.
 */
static int command_become(const char *program, const struct words *argv, const struct login *login,
			  int standard)
{
	if (prctl(PR_SET_PDEATHSIG, SIGHUP) < 0 || setsid() < 0)
		return -errno;
	if (standard >= 0 && pty_control(standard) < 0)
		return -errno;
	if (chdir(login->home) < 0 && chdir("/") < 0)
		return -errno;
	execvpe(program, argv->list, environ);
	return -errno;
}

/**
 * descriptors_close - close all but the standard ones and one more
 * @socket: that one, borrowed; it is another afterwards
 *
 * Returns 0 or -errno.
 */
static int descriptors_close(int *socket)
{
	const int kept = STDERR_FILENO + 1;

	if (*socket != kept && dup3(*socket, kept, O_CLOEXEC) < 0)
		return -errno;
	*socket = kept;
	return close_range(kept + 1, ~0U, 0) < 0 ? -errno : 0;
}

/**
 * command_start - make the process that becomes the command, and end
 * @entrance: borrowed
 * @login: borrowed
 * @standard: the standard descriptor that is our terminal; -1: none
 * @socket: borrowed; closes when the command runs
 */
static _Noreturn void command_start(const struct entrance *entrance, const struct login *login,
				    int standard, int socket)
{
	struct clone_args args = { .flags = CLONE_PARENT };
	_cleanup_(words_deinit) struct words environment = { 0 };
	_cleanup_(words_deinit) struct words argv = { 0 };
	struct report report = { .step = STEP_FORK };
	const char *program = NULL;
	int r = login_words(login, entrance->argv, &program, &argv, NULL);

	if (r == 0)
		r = login_environment(login, entrance->terminal, &environment, NULL);
	if (r == 0)
		r = descriptors_close(&socket);
	if (r < 0)
		fail(socket, STEP_FORK, r);
	environ = environment.list;
	report.pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (report.pid < 0)
		fail(socket, STEP_FORK, -errno);
	if (report.pid == 0)
		fail(socket, STEP_EXEC, command_become(program, &argv, login, standard));
	report_send(socket, &report, NULL);
	_exit(EXIT_SUCCESS);
}

/**
 * entrance_pass - go into a container and run a command there
 * @entrance: borrowed
 * @socket: struct reports go there; taken
 */
void entrance_pass(const struct entrance *entrance, int socket)
{
	_cleanup_(fd_closep) int tree = -1;
	struct login login;
	int standard, r;

	r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
	if (r == 0)
		r = confinement_limit(&entrance->confinement);
	if (r < 0)
		fail(socket, STEP_PREPARE, r);
	process_renew();
	r = membership_join(&entrance->membership);
	if (r < 0)
		fail(socket, STEP_GROUPS, r);
	r = namespaces_join(entrance);
	if (r < 0)
		fail(socket, STEP_NAMESPACES, r);
	r = identity_take();
	if (r == 0)
		r = tree_open("/", &tree, NULL);
	if (r < 0)
		fail(socket, STEP_IDENTITY, r);
	login_read(tree, &login);
	r = terminal_take(socket, &standard);
	if (r < 0)
		fail(socket, STEP_TERMINAL, r);
	r = confinement_apply(&entrance->confinement);
	if (r < 0)
		fail(socket, STEP_CONFINE, r);
	command_start(entrance, &login, standard, socket);
}
