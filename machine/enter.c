/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "machine/entrance.h"
#include "machine/terminal.h"

#define ENDS         2    /* of a pseudo-terminal */
#define UNDER_WAY_MS 5000 /* that a command may need to begin once somebody wants it to end */

/* What has become of a command. */
struct visit {
	struct process helper; /* the one that goes in */
	struct process inside; /* the command */
	int socket;            /* of reports; owned */
	int master, slave;     /* of its terminal; owned */
	struct report failure; /* where number is set */
	bool committed;        /* the command is about to run */
	int signals;           /* signalfd of what would end us; owned */
	sigset_t mask;         /* of signals, as it was */
};

/**
 * visit_deinit - end what is not wanted any more
 * @visit: not to be used any more
 */
static void visit_deinit(struct visit *visit)
{
	process_kill(&visit->helper);
	process_kill(&visit->inside);
	fd_closep(&visit->socket);
	fd_closep(&visit->master);
	fd_closep(&visit->slave);
	if (visit->signals >= 0)
		(void)sigprocmask(SIG_SETMASK, &visit->mask, NULL);
	fd_closep(&visit->signals);
}

/**
 * namespaces_find - the namespaces of a process that are not ours
 * @pid: the process
 * @ret_flags: CLONE_NEW*
 * @e: filled on failure
 *
 * To join the user namespace that one is in already is refused by the kernel.
 *
 * Returns 0 or -errno.
 */
static int namespaces_find(pid_t pid, int *ret_flags, struct error *e)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {
		{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },        { "uts", CLONE_NEWUTS },
		{ "ipc", CLONE_NEWIPC },   { "pid", CLONE_NEWPID },       { "net", CLONE_NEWNET },
		{ "time", CLONE_NEWTIME }, { "cgroup", CLONE_NEWCGROUP },
	};
	char ours[64], theirs[64];
	struct stat a, b;

	*ret_flags = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		(void)snprintf(ours, sizeof(ours), "/proc/self/ns/%s", kinds[i].name);
		(void)snprintf(theirs, sizeof(theirs), "/proc/%d/ns/%s", pid, kinds[i].name);
		if (stat(ours, &a) < 0 && errno == ENOENT)
			continue; /* a kernel without this kind */
		if (stat(ours, &a) < 0 || stat(theirs, &b) < 0)
			return error_errno(e, errno, "cannot inspect namespace %s", theirs);
		if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
			*ret_flags |= kinds[i].flag;
	}
	return 0;
}

/**
 * entrance_prepare - find out how to get in
 * @leader: borrowed while the entrance is used
 * @argv: the same
 * @entrance: filled, also on failure, for entrance_deinit()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int entrance_prepare(const struct leader *leader, char *const argv[],
			    struct entrance *entrance, struct error *e)
{
	const char *terminal = getenv("TERM");
	char path[64];
	int r, alive;

	*entrance = (struct entrance){ .leader = leader, .argv = argv, .root = -1 };
	if (terminal && strlen(terminal) < sizeof(entrance->terminal))
		memcpy(entrance->terminal, terminal, strlen(terminal) + 1);
	r = namespaces_find(leader->pid, &entrance->namespaces, e);
	if (r == 0)
		r = path_format(path, sizeof(path), e, "/proc/%d/root", leader->pid);
	if (r == 0)
		entrance->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && entrance->root < 0)
		r = error_errno(e, errno, "cannot open %s", path);
	if (r == 0)
		r = confinement_read(leader, &entrance->confinement, e);
	if (r == 0)
		r = membership_prepare(leader, &entrance->membership, e);
	/* When it has stopped, that is why all the rest failed. */
	alive = leader_check(leader, e);
	return alive < 0 ? alive : r;
}

/**
 * entrance_deinit - give up what was prepared
 * @entrance: not to be used any more
 */
static void entrance_deinit(struct entrance *entrance)
{
	fd_closep(&entrance->root);
	confinement_deinit(&entrance->confinement);
	membership_release(&entrance->membership);
}

/**
 * terminal_received - take the ends of a terminal that came with a report
 * @message: borrowed
 * @visit: changed
 */
static void terminal_received(struct msghdr *message, struct visit *visit)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fds[ENDS];

	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(fds)))
		return;
	memcpy(fds, CMSG_DATA(header), sizeof(fds));
	fd_closep(&visit->master);
	fd_closep(&visit->slave);
	visit->master = fds[0];
	visit->slave = fds[1];
}

/**
 * inside_hold - hold on to the process inside
 * @visit: changed
 * @pid: of it
 *
 * Only a child of ours is believed: what is inside could have sent the number.
 */
static void inside_hold(struct visit *visit, pid_t pid)
{
	siginfo_t info;

	if (visit->inside.pid || pid <= 0 || pid == visit->helper.pid ||
	    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return;
	visit->inside = (struct process){ .pid = pid, .pidfd = pidfd_open(pid, 0) };
}

/**
 * report_receive - take one report
 * @visit: changed
 *
 * Returns 1, 0 when there will be none any more, or -errno.
 */
static int report_receive(struct visit *visit)
{
	struct report report;
	struct iovec data = { &report, sizeof(report) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(ENDS * sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(visit->socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != sizeof(report))
		return 0;
	if (report.number)
		visit->failure = report;
	else if (report.step == STEP_TERMINAL)
		terminal_received(&message, visit);
	else if (report.step == STEP_CONFINE)
		visit->committed = true;
	else if (report.step == STEP_FORK)
		inside_hold(visit, report.pid);
	return 1;
}

/**
 * visit_fail - say what went wrong on the way
 * @failure: borrowed; it may come from inside
 * @name: of the container, for the message
 * @e: filled
 *
 * Returns -errno.
 */
static int visit_fail(const struct report *failure, const char *name, struct error *e)
{
	static const char *const words[STEPS] = {
		[STEP_PREPARE] = "cannot prepare to enter container '%s'",
		[STEP_GROUPS] = "cannot join the control groups of container '%s'",
		[STEP_NAMESPACES] = "cannot enter the namespaces of container '%s'",
		[STEP_IDENTITY] = "cannot become root of container '%s'",
		[STEP_TERMINAL] = "cannot make a terminal in container '%s'",
		[STEP_CONFINE] = "cannot give up what container '%s' may not do",
		[STEP_FORK] = "cannot start a process in container '%s'",
		[STEP_EXEC] = "cannot run the command in container '%s'",
	};
	const int number = failure->number > 0 && failure->number < 4096 ? failure->number : EPROTO;
	const size_t step = (size_t)failure->step < STEPS ? (size_t)failure->step : STEP_EXEC;
	int r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	r = error_errno(e, number, words[step], name);
#pragma GCC diagnostic pop
	if (step != STEP_EXEC)
		return r;
	return error_classify(e, r, r == -ENOENT ? ERROR_NO_PROGRAM : ERROR_CANNOT_RUN);
}

/**
 * signals_block - let signals wait until somebody is there to pass them on to
 * @visit: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int signals_block(struct visit *visit, struct error *e)
{
	sigset_t caught, ending;

	terminal_signals(&caught);
	ending = caught;
	sigdelset(&ending, SIGWINCH);
	sigdelset(&ending, SIGTSTP);
	sigdelset(&ending, SIGCONT);
	visit->signals = signalfd(-1, &ending, SFD_CLOEXEC);
	if (visit->signals < 0 || sigprocmask(SIG_BLOCK, &caught, &visit->mask) < 0)
		return error_errno(e, errno, "cannot catch signals");
	return 0;
}

/**
 * report_await - wait for a report, or for a signal while there is no command yet
 * @visit: borrowed
 *
 * What was told before the signal came is heard first. A command that is about to run gets the signal
 * when it does, if that is soon: the container can keep it from running for ever. The signal is left
 * where it is: it is delivered when signals are not blocked any more.
 *
 * Returns 0, -EINTR for a signal, or another -errno.
 */
static int report_await(const struct visit *visit)
{
	struct pollfd fds[] = {
		{ .fd = visit->socket, .events = POLLIN },
		{ .fd = visit->signals, .events = POLLIN },
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return -errno;
	if (!fds[0].revents && visit->committed)
		(void)poll(fds, 1, UNDER_WAY_MS);
	return fds[0].revents ? 0 : -EINTR;
}

/**
 * visit_begin - send somebody in
 * @entrance: borrowed
 * @visit: filled, also on failure, for visit_deinit()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int visit_begin(const struct entrance *entrance, struct visit *visit, struct error *e)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(e, errno, "cannot make a socket");
	visit->socket = ends[0];
	visit->helper.pid = fork();
	if (visit->helper.pid == 0)
		entrance_pass(entrance, ends[1]);
	fd_closep(&ends[1]);
	if (visit->helper.pid < 0) {
		visit->helper.pid = 0;
		return error_errno(e, errno, "cannot start a process");
	}
	return 0;
}

/**
 * visit_arrive - wait until the command runs
 * @visit: begun
 * @name: of the container, for the message
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int visit_arrive(struct visit *visit, const char *name, struct error *e)
{
	int r;

	do {
		r = report_await(visit);
		if (r == 0)
			r = report_receive(visit);
	} while (r > 0);
	if (r < 0)
		return error_errno(e, -r, "cannot enter container '%s'", name);
	(void)process_wait(&visit->helper, NULL);
	if (visit->failure.number)
		return visit_fail(&visit->failure, name, e);
	if (!visit->inside.pid)
		return error_set(e, ERROR_FAILED, ESRCH,
				 "container '%s' has stopped while it was being entered", name);
	if (visit->inside.pidfd < 0)
		return error_set(e, ERROR_FAILED, ESRCH, "cannot hold on to process %d",
				 visit->inside.pid);
	return 0;
}

/**
 * visit_attend - forward between our terminal and the command until it has ended
 * @visit: arrived
 * @e: filled on failure
 *
 * Returns the exit status of the command, or -errno.
 */
static int visit_attend(struct visit *visit, struct error *e)
{
	struct terminal_spec spec = { .master = visit->master,
				      .input = -1,
				      .output = -1,
				      .process = &visit->inside,
				      .end = TERMINAL_UNTIL_HANGUP };
	int r;

	if (visit->master >= 0) {
		spec.input = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
		spec.output = isatty(STDOUT_FILENO)   ? STDOUT_FILENO
			      : isatty(STDERR_FILENO) ? STDERR_FILENO
						      : STDIN_FILENO;
	}
	r = terminal_forward(&spec, e);
	return r < 0 ? r : process_wait(&visit->inside, e);
}

/**
 * standard_check - whether the three standard descriptors are there
 * @leader: borrowed; what it holds must not be taken for one of them
 * @e: filled on failure
 *
 * Returns 0 or -EBADF.
 */
static int standard_check(const struct leader *leader, struct error *e)
{
	bool open = leader->pidfd > STDERR_FILENO;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		open = open && fcntl(fd, F_GETFD) >= 0;
	return open ? 0 : error_errno(e, EBADF, "a standard descriptor is closed");
}

/**
 * leader_run - run a command in a container
 * @leader: its first process, borrowed
 * @name: of the container, for messages
 * @argv: ends with NULL; NULL: a login shell
 * @e: filled on failure
 *
 * While our terminal is forwarded, our slave end keeps theirs from being hung up: who closes it and
 * opens it again still has it.
 *
 * Returns the exit status (128 + N for signal N), or -errno with class ERROR_CANNOT_RUN,
 * ERROR_NO_PROGRAM or ERROR_FAILED.
 */
int leader_run(const struct leader *leader, const char *name, char *const argv[], struct error *e)
{
	/* Let go of last: its control group must be empty. */
	_cleanup_(entrance_deinit) struct entrance entrance = { .root = -1 };
	_cleanup_(visit_deinit) struct visit visit = { .helper = PROCESS_INIT,
						       .inside = PROCESS_INIT,
						       .socket = -1,
						       .master = -1,
						       .slave = -1,
						       .signals = -1 };
	int r = standard_check(leader, e);

	if (r < 0)
		return r;
	r = entrance_prepare(leader, argv, &entrance, e);
	if (r < 0)
		r = error_wrap(e, r, "cannot enter container '%s'", name);
	if (r == 0)
		r = signals_block(&visit, e);
	if (r == 0)
		r = visit_begin(&entrance, &visit, e);
	if (r == 0)
		r = visit_arrive(&visit, name, e);
	if (r == 0)
		r = visit_attend(&visit, e);
	return r == -EPERM || r == -EACCES ? error_remedy(e, r, "run it as root") : r;
}
