/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/*
 * Theory of operation
 *
 * A free lock costs one call. For a busy one we wait in flock(2), which is fair and without delay, and
 * let a timer interrupt it each second: to say once who has it, and to give up when one and the same
 * process has had it for LOCK_SECONDS. As long as it goes from hand to hand everybody gets a turn.
 */

#define LOCK_SECONDS 60

/* Who has a lock. */
struct holder {
	pid_t pid; /* 0: not known, or not of our PID namespace */
	char words[LOCK_HOLDER_MAX];
};

/**
 * holder_name - put into words who a process is
 * @holder: its pid is known; changed
 */
static void holder_name(struct holder *holder)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[32], name[32];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)holder->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, name, sizeof(name));
	if (n > 0 && name[n - 1] == '\n')
		n--;
	(void)snprintf(holder->words, sizeof(holder->words), "process %d%s%.*s%s", (int)holder->pid,
		       n > 0 ? " (" : "", n > 0 ? (int)n : 0, name, n > 0 ? ")" : "");
}

/**
 * holder_find - find out who has a lock
 * @fd: the file, borrowed
 * @ret_holder: who; "another process" when that is not to be found out
 *
 * Source: proc_locks(5). Lines with an arrow are of those who wait. File systems that number their
 * devices for themselves are known by the inode alone.
 */
static void holder_find(int fd, struct holder *ret_holder)
{
	struct holder holder = { .words = "another process" };
	FILE *locks = fopen("/proc/locks", "re");
	char line[256];
	struct stat st;

	while (locks && fstat(fd, &st) == 0 && fgets(line, sizeof(line), locks)) {
		const char *inode = strrchr(line, ':');
		const char *flock = strstr(line, ": FLOCK");
		const char *kind = flock ? flock : strstr(line, ": POSIX");
		char *number = kind ? strpbrk(kind, "0123456789") : NULL;

		if (!number || !inode || strtoumax(inode + 1, NULL, 10) != st.st_ino)
			continue;
		holder.pid = (pid_t)strtol(number, NULL, 10);
		if (holder.pid > 0)
			holder_name(&holder);
		else
			holder.pid = 0;
		break;
	}
	if (locks)
		(void)fclose(locks);
	*ret_holder = holder;
}

/**
 * wake - do nothing but interrupt a system call; the handler of SIGALRM
 * @number: not used
 */
static void wake(int number)
{
	(void)number;
}

/* What is put back after a wait. */
struct alarm {
	struct sigaction action;
	struct itimerval timer;
	sigset_t mask;
};

/**
 * alarm_start - have system calls interrupted each second
 * @alarm: what was before; ended with alarm_stop()
 */
static void alarm_start(struct alarm *alarm)
{
	const struct itimerval second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	const struct sigaction action = { .sa_handler = wake };
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGALRM);
	sigaction(SIGALRM, &action, &alarm->action);
	sigprocmask(SIG_UNBLOCK, &ours, &alarm->mask);
	setitimer(ITIMER_REAL, &second, &alarm->timer);
}

/**
 * alarm_stop - let everything be as it was
 * @alarm: from alarm_start()
 */
static void alarm_stop(struct alarm *alarm)
{
	int number = errno;

	setitimer(ITIMER_REAL, &alarm->timer, NULL);
	sigprocmask(SIG_SETMASK, &alarm->mask, NULL);
	sigaction(SIGALRM, &alarm->action, NULL);
	errno = number;
}

/* A wait for a lock. */
struct wait {
	const char *path; /* borrowed */
	int seconds;      /* patience with one holder */
	bool told;
	time_t since; /* the holder has it, as far as we know */
	struct holder holder;
};

/**
 * seconds_now - a clock that only goes forward
 */
static time_t seconds_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/**
 * wait_judge - say what is waited for, or that it has been long enough
 * @wait: changed
 * @fd: the lock's file, borrowed
 * @e: names the lock and its holder
 *
 * Returns 0 to go on waiting, or -EBUSY.
 */
static int wait_judge(struct wait *wait, int fd, struct error *e)
{
	struct holder holder;
	int r;

	holder_find(fd, &holder);
	if (holder.pid != wait->holder.pid)
		wait->since = seconds_now();
	wait->holder = holder;
	if (!wait->told)
		log_notice("waiting for %s, which %s holds", wait->path, holder.words);
	wait->told = true;
	if (seconds_now() - wait->since < wait->seconds)
		return 0;
	r = error_set(e, ERROR_BUSY, EBUSY, "%s has held %s for %d seconds", holder.words,
		      wait->path, wait->seconds);
	if (holder.pid == 0)
		return error_remedy(e, r, "see who has it open: fuser -v %s", wait->path);
	return error_remedy(e, r, "see what it does, and end it if it hangs: ps -fp %d",
			    (int)holder.pid);
}

/**
 * lock_wait - wait for a lock that is busy
 * @wait: its path and patience are set
 * @fd: the lock's file, borrowed
 * @operation: of flock(2)
 * @e: names the lock and its holder
 *
 * Returns 0, -EBUSY, or another -errno.
 */
static int lock_wait(struct wait *wait, int fd, int operation, struct error *e)
{
	struct alarm alarm;
	int r = 0;

	wait->since = seconds_now();
	holder_find(fd, &wait->holder);
	alarm_start(&alarm);
	while (r == 0 && flock(fd, operation) < 0)
		r = errno == EINTR ? wait_judge(wait, fd, e)
				   : error_errno(e, errno, "cannot lock %s", wait->path);
	alarm_stop(&alarm);
	return r;
}

/**
 * lock_is_current - whether a locked descriptor is still the file of that name
 * @path: borrowed
 * @fd: borrowed
 *
 * The holder before us may have removed the file while we waited for it.
 */
static bool lock_is_current(const char *path, int fd)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

/**
 * lock_take - take the lock of a name
 * @path: borrowed; the file is made if it is missing, its directory must be there
 * @operation: of flock(2), without LOCK_NB
 * @wait: how to wait for it; NULL: not at all
 * @ret_fd: the lock; close it to let go
 * @e: names the lock, and who holds it
 *
 * Returns 1, 0 when others hold it and it is not waited for, -EBUSY, or another -errno.
 */
static int lock_take(const char *path, int operation, struct wait *wait, int *ret_fd,
		     struct error *e)
{
	for (;;) {
		_cleanup_(fd_closep) int fd =
			open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		int r = 0;

		if (fd < 0)
			return error_errno(e, errno, "cannot open lock %s", path);
		if (flock(fd, operation | LOCK_NB) < 0) {
			if (!wait && errno == EWOULDBLOCK)
				return 0;
			r = wait ? lock_wait(wait, fd, operation, e)
				 : error_errno(e, errno, "cannot lock %s", path);
		}
		if (r < 0)
			return r;
		if (lock_is_current(path, fd)) {
			*ret_fd = TAKE_FD(fd);
			return 1;
		}
	}
}

/**
 * lock_acquire_within - wait for the lock of that name and take it, unless somebody keeps it
 * @path: borrowed; the file is made if it is missing, its directory must be there
 * @mode: whether others may hold it as well
 * @seconds: how long one process may hold it, at least 1
 * @ret_fd: the lock; close it to let go
 * @e: names the lock, and who holds it
 *
 * After a second the log tells what is waited for.
 *
 * Returns 0, -EBUSY (ERROR_BUSY), or another -errno.
 */
int lock_acquire_within(const char *path, enum lock_mode mode, int seconds, int *ret_fd,
			struct error *e)
{
	struct wait wait = { .path = path, .seconds = seconds };
	int r = lock_take(path, mode == LOCK_SHARED ? LOCK_SH : LOCK_EX, &wait, ret_fd, e);

	return r < 0 ? r : 0;
}

/**
 * lock_acquire - lock_acquire_within() for as long as anybody may need
 * @path, @mode, @ret_fd, @e: as there
 *
 * Returns as lock_acquire_within().
 */
int lock_acquire(const char *path, enum lock_mode mode, int *ret_fd, struct error *e)
{
	return lock_acquire_within(path, mode, LOCK_SECONDS, ret_fd, e);
}

/**
 * lock_try - take the lock of that name, unless somebody has it
 * @path: borrowed; the file is made if it is missing, its directory must be there
 * @mode: whether others may hold it as well
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 1, 0 when somebody else holds it, or -errno.
 */
int lock_try(const char *path, enum lock_mode mode, int *ret_fd, struct error *e)
{
	return lock_take(path, mode == LOCK_SHARED ? LOCK_SH : LOCK_EX, NULL, ret_fd, e);
}

/**
 * lock_remove - take the lock file away while holding it
 * @path: borrowed
 * @fd: from lock_acquire(), borrowed: the lock is held until it is closed
 *
 * Whoever waits for the old file notices and takes the lock on a new one. A failure is ignored: an
 * empty file is left behind, which locks as well as a new one.
 */
void lock_remove(const char *path, int fd)
{
	if (fd >= 0)
		unlink(path);
}

/**
 * lock_holder - say who holds a lock
 * @path: of its file, borrowed
 * @words: filled: "process 42 (name)", or "another process" when that is not to be found out
 */
void lock_holder(const char *path, char words[LOCK_HOLDER_MAX])
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct holder holder;

	holder_find(fd, &holder);
	memcpy(words, holder.words, LOCK_HOLDER_MAX);
}
