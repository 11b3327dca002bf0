/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lock.h"

static char directory[] = "/tmp/test-lock-XXXXXX";
static char lock_path[64];

static int directory_setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	return path_format(lock_path, sizeof(lock_path), NULL, "%s/lock", directory);
}

static int directory_teardown(void **state)
{
	(void)state;
	unlink(lock_path);
	return rmdir(directory);
}

/* Adds 1 to the number in a file @times times, each time under the lock. */
static void count_up(const char *path, int times, int remove)
{
	for (int i = 0; i < times; i++) {
		_cleanup_(fd_closep) int lock = -1;
		_cleanup_(freep) char *text = NULL;
		char next[16];
		size_t length;
		int value = 0;

		if (lock_acquire(lock_path, LOCK_EXCLUSIVE, &lock, NULL) < 0)
			_exit(1);
		if (file_read(path, 16, &text, &length, NULL) == 0)
			value = (int)strtol(text, NULL, 10);
		length = (size_t)snprintf(next, sizeof(next), "%d", value + 1);
		if (file_replace(path, next, length, 0600, NULL) < 0)
			_exit(1);
		if (remove)
			lock_remove(lock_path, lock);
	}
	_exit(0);
}

/* Lets processes count up together: nothing is lost when only one is at it at a time. */
static void contend(int remove)
{
	enum { PROCESSES = 8, TIMES = 50 };
	_cleanup_(freep) char *text = NULL;
	char path[64];
	size_t length;

	assert_int_equal(path_format(path, sizeof(path), NULL, "%s/count", directory), 0);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			count_up(path, TIMES, remove);
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(file_read(path, 16, &text, &length, NULL), 0);
	assert_int_equal(strtol(text, NULL, 10), PROCESSES * TIMES);
	assert_int_equal(unlink(path), 0);
}

static void one_at_a_time(void **state)
{
	(void)state;
	contend(0);
}

static void one_at_a_time_even_when_the_file_is_removed(void **state)
{
	(void)state;
	contend(1);
	assert_int_equal(access(lock_path, F_OK), -1);
}

/* Whether a second descriptor could have the lock now. */
static bool would_get(int operation)
{
	_cleanup_(fd_closep) int fd = open(lock_path, O_RDWR | O_CLOEXEC);

	return flock(fd, operation | LOCK_NB) == 0;
}

static void a_shared_lock_keeps_only_exclusive_ones_away(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(lock_acquire(lock_path, LOCK_SHARED, &fd, NULL), 0);
	assert_true(would_get(LOCK_SH));
	assert_false(would_get(LOCK_EX));
	close(fd);
	assert_true(would_get(LOCK_EX));
	assert_int_equal(lock_acquire(lock_path, LOCK_EXCLUSIVE, &fd, NULL), 0);
	assert_false(would_get(LOCK_SH));
	close(fd);
}

static void a_lock_is_tried_without_waiting(void **state)
{
	int first = -1, second = -1;

	(void)state;
	assert_int_equal(lock_try(lock_path, LOCK_EXCLUSIVE, &first, NULL), 1);
	assert_int_equal(lock_try(lock_path, LOCK_EXCLUSIVE, &second, NULL), 0);
	assert_int_equal(second, -1);
	close(first);
	assert_int_equal(lock_try(lock_path, LOCK_EXCLUSIVE, &second, NULL), 1);
	close(second);
}

static void a_lock_that_cannot_be_made_is_named(void **state)
{
	struct error e = ERROR_INIT;
	int fd = -7;

	(void)state;
	assert_int_equal(lock_acquire("/nonexistent/lock", LOCK_EXCLUSIVE, &fd, &e), -ENOENT);
	assert_int_equal(fd, -7);
	assert_string_equal(e.text,
			    "cannot open lock /nonexistent/lock: No such file or directory");
}

/* Whoever keeps a lock is named, and waiting for it comes to an end. */
static void who_keeps_it_is_named(void **state)
{
	_cleanup_(fd_closep) int held = -1;
	struct error e = ERROR_INIT;
	char text[128], remedy[64];
	int fd = -7, ready[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (lock_acquire(lock_path, LOCK_EXCLUSIVE, &held, NULL) < 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(lock_acquire_within(lock_path, LOCK_SHARED, 1, &fd, &e), -EBUSY);
	(void)snprintf(text, sizeof(text), "process %d (test-base-lock) has held %s for 1 seconds",
		       (int)pid, lock_path);
	(void)snprintf(remedy, sizeof(remedy), "ps -fp %d", (int)pid);
	assert_string_equal(e.text, text);
	assert_int_equal(e.class, ERROR_BUSY);
	assert_non_null(strstr(e.remedy, remedy));
	assert_int_equal(fd, -7);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lock_acquire_within(lock_path, LOCK_SHARED, 1, &fd, &e), 0);
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

/* Whether a process waits for a lock (proc_locks(5)). */
static bool waits(pid_t pid)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256], words[32];
	bool found = false;

	assert_non_null(locks);
	(void)snprintf(words, sizeof(words), " %d ", (int)pid);
	while (fgets(line, sizeof(line), locks))
		found |= strstr(line, "->") && strstr(line, words);
	(void)fclose(locks);
	return found;
}

/* Starts a process that waits for the lock we hold, and says so at @out when it has had it. */
static void waiter_start(int held, int out, char mark)
{
	int fd = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(close(held) < 0 || lock_acquire(lock_path, LOCK_EXCLUSIVE, &fd, NULL) < 0 ||
		      write(out, &mark, 1) != 1);
	assert_true(pid > 0);
	while (!waits(pid))
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
}

/* Who has waited for a second, and looks who has the lock, does not lose his place by that. */
static void who_comes_first_gets_it_first(void **state)
{
	_cleanup_(fd_closep) int held = -1;
	char order[3] = "";
	int out[2];

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(lock_acquire(lock_path, LOCK_EXCLUSIVE, &held, NULL), 0);
	waiter_start(held, out[1], 'a');
	(void)poll(NULL, 0, 500);
	waiter_start(held, out[1], 'b');
	(void)poll(NULL, 0, 750);
	fd_closep(&held);
	assert_int_equal(waitpid(-1, NULL, 0) > 0 && waitpid(-1, NULL, 0) > 0, 1);
	assert_int_equal(read(out[0], order, 2), 2);
	assert_string_equal(order, "ab");
	close(out[0]);
	close(out[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(one_at_a_time_even_when_the_file_is_removed),
		cmocka_unit_test(a_shared_lock_keeps_only_exclusive_ones_away),
		cmocka_unit_test(a_lock_is_tried_without_waiting),
		cmocka_unit_test(a_lock_that_cannot_be_made_is_named),
		cmocka_unit_test(who_keeps_it_is_named),
		cmocka_unit_test(who_comes_first_gets_it_first),
	};

	return cmocka_run_group_tests_name("lock", tests, directory_setup, directory_teardown);
}
