/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * kill-at N COMMAND [ARGUMENT...]: runs a command and kills it with SIGKILL instead of letting it
 * make its N-th effective system call (0: never).
 *
 * Theory of operation: whatever a process changes outside itself, it changes by a system call. Between
 * two of them it may be killed at any instruction, the world looks the same. Calls that change
 * nothing outside the process can be left out for the same reason. So killing it before each of
 * those that remain, in turn, is killing it at every moment there is.
 *
 * What counts is decided by a list of calls known to change nothing; one that is missing there costs
 * time, one too many would hide a moment. Children and threads of the command are not followed.
 *
 * Exits with 99 when it has killed; with the command's own status when that came to its end
 * first, after printing how many effective calls it made as the last line on standard error; with 125
 * when it failed itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum {
	EXIT_KILLED = 99,
	EXIT_OWN = 125,
	EXIT_NOT_RUN = 127,
};

/* Calls that change nothing but the process itself, by their numbers. */
static const uint64_t harmless[] = {
	SYS_read,
	SYS_pread64,
	SYS_readv,
	SYS_lseek,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_statfs,
	SYS_fstatfs,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_readlinkat,
	SYS_getdents64,
	SYS_close,
	SYS_dup,
	SYS_dup3,
	SYS_fcntl,
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_prlimit64,
	SYS_getpid,
	SYS_gettid,
	SYS_getppid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getcwd,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_gettimeofday,
	SYS_futex,
	SYS_rseq,
	SYS_set_robust_list,
	SYS_set_tid_address,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_sigaltstack,
	SYS_socket,
	SYS_getsockname,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_ppoll,
	SYS_exit_group,
	SYS_capget,
	SYS_prctl,
	SYS_sched_getaffinity,
	SYS_umask,
#ifdef SYS_open /* architectures that have the older forms as well */
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_poll,
	SYS_arch_prctl,
	SYS_dup2,
	SYS_time,
#endif
};

/**
 * call_is_effective - whether a system call may change something outside the process
 * @call: what ptrace says about it on entry
 */
static bool call_is_effective(const struct ptrace_syscall_info *call)
{
	uint64_t number = call->entry.nr;

	if (number == SYS_openat)
		return call->entry.args[2] & (O_CREAT | O_TRUNC);
#ifdef SYS_open
	if (number == SYS_open)
		return call->entry.args[1] & (O_CREAT | O_TRUNC);
#endif
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (number == harmless[i])
			return false;
	return true;
}

/**
 * fail - say which step failed and end
 * @step: what was tried
 */
static _Noreturn void fail(const char *step)
{
	fprintf(stderr, "kill-at: cannot %s: %s\n", step, strerror(errno));
	exit(EXIT_OWN);
}

/**
 * start - start the command under our eyes
 * @argv: the command, ends with NULL
 *
 * LeakSanitizer cannot work in a process that is traced.
 *
 * Returns its PID. It is stopped behind its execve(); when there is no such command it is gone already.
 */
static pid_t start(char *argv[])
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			fail("be traced");
		if (setenv("ASAN_OPTIONS", "detect_leaks=0", 1) < 0)
			fail("set the environment");
		execvp(argv[0], argv);
		fprintf(stderr, "kill-at: cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(EXIT_NOT_RUN);
	}
	return pid;
}

/**
 * next_stop - let the command run to its next stop
 * @pid: the command, stopped
 * @signal: what to hand it on the way, 0 for nothing
 *
 * Returns its wait status.
 */
static int next_stop(pid_t pid, int signal)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal) < 0)
		fail("resume the command");
	if (waitpid(pid, &status, 0) < 0)
		fail("wait for the command");
	return status;
}

/**
 * is_given_back - whether a call has done nothing yet and is made again by itself
 * @result: what it returned
 *
 * As writing to a switch of /proc/sys/net is while somebody else changes links: how often, is luck. The
 * kernel's include/linux/errno.h has the numbers, which only a tracer sees.
 */
static bool is_given_back(int64_t result)
{
	enum { RESTARTSYS = 512, RESTARTNOINTR, RESTARTNOHAND, RESTART_RESTARTBLOCK = 516 };

	return result == -RESTARTSYS || result == -RESTARTNOINTR || result == -RESTARTNOHAND ||
	       result == -RESTART_RESTARTBLOCK;
}

/**
 * at_effective_call - whether the command has stopped at the entry of a call that counts
 * @pid: the command
 * @status: its wait status
 * @given_back: whether the call before this one is made again, which does not count; kept up to date
 */
static bool at_effective_call(pid_t pid, int status, bool *given_back)
{
	struct ptrace_syscall_info call;
	bool again = *given_back;

	if (WSTOPSIG(status) != (SIGTRAP | 0x80))
		return false;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(call), &call) < 0)
		fail("look at a system call");
	*given_back = call.op == PTRACE_SYSCALL_INFO_EXIT && is_given_back(call.exit.rval);
	return call.op == PTRACE_SYSCALL_INFO_ENTRY && !again && call_is_effective(&call);
}

/**
 * watch - count the command's effective calls, and kill it instead of one of them
 * @pid: the command
 * @victim: number of that call, 0 for none
 *
 * Returns our exit status.
 */
static int watch(pid_t pid, unsigned long victim)
{
	unsigned long count = 0;
	bool given_back = false;
	int status, signal = 0;

	if (waitpid(pid, &status, 0) < 0)
		fail("wait for the command");
	if (WIFSTOPPED(status) &&
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) < 0)
		fail("set up tracing");
	while (WIFSTOPPED(status)) {
		status = next_stop(pid, signal);
		signal = 0;
		if (!WIFSTOPPED(status))
			break;
		if (at_effective_call(pid, status, &given_back) && ++count == victim) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return EXIT_KILLED;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			signal = WSTOPSIG(status);
	}
	fprintf(stderr, "%lu\n", count);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/**
 * main - see the head of this file
 * @argc, @argv: kill-at N COMMAND [ARGUMENT...]
 */
int main(int argc, char *argv[])
{
	char *end = NULL;
	unsigned long victim = argc > 1 ? strtoul(argv[1], &end, 10) : 0;

	if (argc < 3 || end == argv[1] || *end) {
		fprintf(stderr, "usage: kill-at N COMMAND [ARGUMENT...]\n");
		return EXIT_OWN;
	}
	return watch(start(argv + 2), victim);
}
