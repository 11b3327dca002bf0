/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/**
 * process_exec - become another program
 * @argv: its name, looked up in PATH, and arguments; ends with NULL
 * @e: names the program
 *
 * Returns only on failure: -ENOENT (ERROR_NO_PROGRAM) or another -errno (ERROR_CANNOT_RUN).
 */
int process_exec(char *const argv[], struct error *e)
{
	int r;

	log_debug("exec: %s", argv[0]);
	for (size_t i = 1; argv[i]; i++)
		log_debug("exec: argv[%zu] = %s", i, argv[i]);
	execvp(argv[0], argv);
	r = error_errno(e, errno, "cannot run %s", argv[0]);
	return error_classify(e, r, r == -ENOENT ? ERROR_NO_PROGRAM : ERROR_CANNOT_RUN);
}

/**
 * child_redirect - give the child the standard descriptors it is to have
 * @spec: borrowed
 *
 * Returns 0 or -errno.
 */
static int child_redirect(const struct process_spec *spec)
{
	int null =
		spec->input == PROCESS_READS_NOTHING ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	if (spec->input == PROCESS_READS_NOTHING && (null < 0 || dup2(null, STDIN_FILENO) < 0))
		return -errno;
	if (spec->output > 0 && dup2(spec->output, STDOUT_FILENO) < 0)
		return -errno;
	if (spec->error > 0 && dup2(spec->error, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

/**
 * child_become - the child's way to its program
 * @spec: borrowed
 * @parent: the process to die with
 * @failure: a pipe that closes when the program is there, and else gets an errno
 *
 * Signals are as they were at the start of a program: nothing blocked, SIGPIPE as usual.
 */
static _Noreturn void child_become(const struct process_spec *spec, pid_t parent, int failure)
{
	sigset_t none;
	int r = 0;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (spec->dies_with_us && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		r = -errno;
	if (spec->dies_with_us && getppid() != parent)
		_exit(EXIT_FAILURE);
	if (r == 0)
		r = child_redirect(spec);
	if (r == 0 && spec->prepare)
		r = spec->prepare(spec->context);
	for (char *const *pair = spec->environment; r == 0 && pair && *pair; pair++)
		r = putenv(*pair) == 0 ? 0 : -errno;
	if (r == 0) {
		execvp(spec->argv[0], spec->argv);
		r = -errno;
	}
	if (write(failure, &r, sizeof(r)) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_FAILURE);
}

/**
 * process_spawn - run a program beside ours
 * @spec: borrowed
 * @ret_process: the child; the caller ends with process_wait() or process_kill()
 * @e: names the program
 *
 * Returns 0 when the program is running, -ENOENT (ERROR_NO_PROGRAM) or another -errno.
 */
int process_spawn(const struct process_spec *spec, struct process *ret_process, struct error *e)
{
	_cleanup_(fd_closep) int reader = -1;
	_cleanup_(fd_closep) int writer = -1;
	struct process process = PROCESS_INIT;
	const pid_t parent = getpid();
	int ends[2], failure = 0, r;

	if (!spec->argv[0])
		return error_errno(e, EINVAL, "no program is named that could be run");
	for (size_t i = 0; spec->argv[i]; i++)
		log_debug("spawn: argv[%zu] = %s", i, spec->argv[i]);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(e, errno, "cannot run %s", spec->argv[0]);
	reader = ends[0];
	writer = ends[1];
	process.pid = fork();
	if (process.pid < 0)
		return error_errno(e, errno, "cannot run %s", spec->argv[0]);
	if (process.pid == 0)
		child_become(spec, parent, writer);
	fd_closep(&writer);
	/* Memcheck knows no pidfd_open(): what is only waited for can do without. */
	process.pidfd = pidfd_open(process.pid, 0);
	if ((process.pidfd < 0 && errno != ENOSYS) || read(reader, &failure, sizeof(failure)) < 0)
		failure = -errno;
	if (failure == 0) {
		*ret_process = process;
		return 0;
	}
	process_kill(&process);
	r = error_errno(e, -failure, "cannot run %s", spec->argv[0]);
	return error_classify(e, r, r == -ENOENT ? ERROR_NO_PROGRAM : ERROR_CANNOT_RUN);
}

/**
 * process_wait - wait until a child has ended
 * @process: none afterwards
 * @e: filled on failure
 *
 * Returns its exit status, 128 + N when signal N ended it, or -errno.
 */
int process_wait(struct process *process, struct error *e)
{
	siginfo_t info = { 0 };
	int r;

	do
		r = waitid(P_PID, (id_t)process->pid, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(e, errno, "cannot wait for process %d", process->pid);
	fd_closep(&process->pidfd);
	process->pid = 0;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/**
 * process_kill - end a child that is not wanted any more
 * @process: none afterwards; none is fine
 */
void process_kill(struct process *process)
{
	if (process->pid <= 0)
		return;
	(void)kill(process->pid, SIGKILL);
	(void)process_wait(process, NULL);
	fd_closep(&process->pidfd);
}

/**
 * process_run - run a program and wait for it
 * @spec: borrowed
 * @e: names the program
 *
 * Returns its exit status, 128 + N when signal N ended it, or -errno.
 */
int process_run(const struct process_spec *spec, struct error *e)
{
	struct process process = PROCESS_INIT;
	int r = process_spawn(spec, &process, e);

	return r < 0 ? r : process_wait(&process, e);
}
