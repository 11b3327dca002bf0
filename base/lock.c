/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/*
 * Theory of operation
 *
 * A free lock costs one call. For a busy one we wait in flock(2), which is fair and without delay as
 * long as nothing interrupts it: whoever is interrupted goes to the end of the queue. So meanwhile a
 * thread looks each second, to say once who has the lock, and to interrupt us when one and the same
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
 * line_tells - whether a line of /proc/locks is about a file
 * @line: borrowed
 * @st: the file, borrowed
 *
 * File systems that number their devices for themselves are known by the inode alone, and others
 * have files with that number, too.
 *
 * Returns 2, 1 when only the inode is the same, or 0.
 */
static int line_tells(const char *line, const struct stat *st)
{
	char words[64];
	const char *inode = strrchr(line, ':');

	if (!inode || strtoumax(inode + 1, NULL, 10) != st->st_ino)
		return 0;
	(void)snprintf(words, sizeof(words), " %02x:%02x:%ju ", major(st->st_dev),
		       minor(st->st_dev), (uintmax_t)st->st_ino);
	return strstr(line, words) ? 2 : 1;
}

/**
 * holder_search - find out who has a lock on a file, other than us
 * @st: the file, borrowed
 * @kind: of the lock: ": FLOCK" or ": POSIX", borrowed
 * @ret_holder: who; "another process" when that is not to be found out
 *
 * Source: proc_locks(5). Lines with an arrow are of those who wait.
 */
static void holder_search(const struct stat *st, const char *kind, struct holder *ret_holder)
{
	struct holder holder = { .words = "another process" };
	FILE *locks = fopen("/proc/locks", "re");
	char line[256];
	int best = 0;

	while (locks && fgets(line, sizeof(line), locks)) {
		const char *found = strstr(line, kind);
		char *number = found ? strpbrk(found, "0123456789") : NULL;
		pid_t pid = number ? (pid_t)strtol(number, NULL, 10) : 0;
		int tells = line_tells(line, st);

		if (!number || tells <= best || pid == getpid())
			continue;
		best = tells;
		holder.pid = pid > 0 ? pid : 0;
	}
	if (holder.pid > 0)
		holder_name(&holder);
	if (locks)
		(void)fclose(locks);
	*ret_holder = holder;
}

/**
 * holder_find - find out who has a lock of ours
 * @fd: the file, borrowed
 * @ret_holder: who; "another process" when that is not to be found out
 */
static void holder_find(int fd, struct holder *ret_holder)
{
	struct stat st = { 0 };

	(void)fstat(fd, &st);
	holder_search(&st, ": FLOCK", ret_holder);
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
	sigset_t mask;
};

/**
 * alarm_start - have system calls interrupted by SIGALRM
 * @alarm: what was before; ended with alarm_stop()
 */
static void alarm_start(struct alarm *alarm)
{
	const struct sigaction action = { .sa_handler = wake };
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGALRM);
	sigaction(SIGALRM, &action, &alarm->action);
	pthread_sigmask(SIG_UNBLOCK, &ours, &alarm->mask);
}

/**
 * alarm_stop - let everything be as it was
 * @alarm: from alarm_start()
 */
static void alarm_stop(struct alarm *alarm)
{
	pthread_sigmask(SIG_SETMASK, &alarm->mask, NULL);
	sigaction(SIGALRM, &alarm->action, NULL);
}

/* A wait for a lock. */
struct wait {
	const char *path; /* borrowed */
	int seconds;      /* patience with one holder */
	int fd;           /* the lock's file, borrowed */
	bool told;
	time_t since; /* the holder has it, as far as we know */
	struct holder holder;
	pthread_t waits;    /* in flock(2) */
	int over;           /* readable when the wait is */
	atomic_int verdict; /* 0, or -errno to give up with */
	struct error e;     /* of it */
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
 * @wait: changed; its error names the lock and its holder
 *
 * Returns 0 to go on waiting, or -EBUSY.
 */
static int wait_judge(struct wait *wait)
{
	struct holder holder;
	int r;

	holder_find(wait->fd, &holder);
	if (holder.pid != wait->holder.pid)
		wait->since = seconds_now();
	wait->holder = holder;
	if (!wait->told)
		log_notice("waiting for %s, which %s holds", wait->path, holder.words);
	wait->told = true;
	if (seconds_now() - wait->since < wait->seconds)
		return 0;
	r = error_set(&wait->e, ERROR_BUSY, EBUSY, "%s has held %s for %d seconds", holder.words,
		      wait->path, wait->seconds);
	if (holder.pid == 0)
		return error_remedy(&wait->e, r, "see who has it open: fuser -v %s", wait->path);
	return error_remedy(&wait->e, r, "see what it does, and end it if it hangs: ps -fp %d",
			    (int)holder.pid);
}

/**
 * wait_watch - look each second how a wait goes; the body of a thread
 * @argument: the wait
 *
 * The one who waits may be just about to, so he is interrupted until he has noticed.
 *
 * Returns NULL.
 */
static void *wait_watch(void *argument)
{
	struct wait *wait = argument;
	struct pollfd over = { .fd = wait->over, .events = POLLIN };

	while (poll(&over, 1, wait->verdict ? 10 : 1000) <= 0) {
		if (wait->verdict == 0)
			wait->verdict = wait_judge(wait);
		if (wait->verdict < 0)
			pthread_kill(wait->waits, SIGALRM);
	}
	return NULL;
}

/**
 * watch_start - have a thread look how a wait goes
 * @wait: changed
 * @ret_thread: ended by watch_end()
 * @e: filled on failure
 *
 * All signals are for the one who waits.
 *
 * Returns 0 or -errno.
 */
static int watch_start(struct wait *wait, pthread_t *ret_thread, struct error *e)
{
	sigset_t all, before;
	int number;

	wait->over = eventfd(0, EFD_CLOEXEC);
	if (wait->over < 0)
		return error_errno(e, errno, "cannot wait for lock %s", wait->path);
	wait->waits = pthread_self();
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	number = pthread_create(ret_thread, NULL, wait_watch, wait);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (number == 0)
		return 0;
	fd_closep(&wait->over);
	return error_errno(e, number, "cannot wait for lock %s", wait->path);
}

/**
 * watch_end - end the thread of a wait
 * @wait: of watch_start()
 * @thread: of watch_start()
 */
static void watch_end(struct wait *wait, pthread_t thread)
{
	(void)eventfd_write(wait->over, 1);
	(void)pthread_join(thread, NULL);
	fd_closep(&wait->over);
}

/**
 * lock_wait - wait for a lock that is busy
 * @wait: its path, file and patience are set
 * @operation: of flock(2)
 * @e: names the lock and its holder
 *
 * Returns 0, -EBUSY, or another -errno.
 */
static int lock_wait(struct wait *wait, int operation, struct error *e)
{
	struct alarm alarm;
	pthread_t thread;
	int r, number = 0;

	wait->since = seconds_now();
	holder_find(wait->fd, &wait->holder);
	r = watch_start(wait, &thread, e);
	if (r < 0)
		return r;
	alarm_start(&alarm);
	while (number == 0 && wait->verdict == 0 && flock(wait->fd, operation) < 0)
		number = errno == EINTR ? 0 : errno;
	r = wait->verdict;
	watch_end(wait, thread);
	alarm_stop(&alarm);
	if (number)
		return error_errno(e, number, "cannot lock %s", wait->path);
	if (r < 0 && e)
		*e = wait->e;
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
		if (wait)
			wait->fd = fd;
		if (flock(fd, operation | LOCK_NB) < 0) {
			if (!wait && errno == EWOULDBLOCK)
				return 0;
			r = wait ? lock_wait(wait, operation, e)
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

/**
 * lock_record_holder - say who else has a lock of fcntl(2) on a file
 * @path: of it, borrowed; it is not opened, for closing it again would drop our own locks on it
 * @words: filled as by lock_holder()
 *
 * Returns its process, 0 when that is not to be found out.
 */
pid_t lock_record_holder(const char *path, char words[LOCK_HOLDER_MAX])
{
	struct holder holder;
	struct stat st = { 0 };

	(void)stat(path, &st);
	holder_search(&st, ": POSIX", &holder);
	memcpy(words, holder.words, LOCK_HOLDER_MAX);
	return holder.pid;
}
