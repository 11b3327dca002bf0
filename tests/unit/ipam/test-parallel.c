/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PROCESSES 8
#define LEASES    200 /* of each process */
#define KILLS     50

/**
 * process_start - fork a process that starts when all are there
 * @body: what it does; its result is the exit status
 * @fixture: passed on, without a session
 * @number: passed on
 * @gate: a pipe; the process waits for its end of file
 * @out: descriptor passed on
 *
 * Returns its pid.
 */
static pid_t process_start(int (*body)(struct fixture *fixture, int number, int out),
			   struct fixture *fixture, int number, const int gate[2], int out)
{
	pid_t pid = fork();
	char byte;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	close(gate[1]);
	if (read(gate[0], &byte, 1) != 0)
		_exit(9);
	_exit(body(fixture, number, out));
}

/**
 * process_fail - say in a child process what went wrong
 * @fixture: with the error
 */
static int process_fail(const struct fixture *fixture)
{
	fprintf(stderr, "# %s\n", fixture->e.text);
	return 1;
}

/* Opens, and perhaps makes, the book; then leases. */
static int body_lease(struct fixture *fixture, int number, int out)
{
	char name[32];

	(void)out;
	if (ipam_open(fixture->path, IPAM_WRITE, &fixture->ipam, &fixture->e) < 0)
		return process_fail(fixture);
	for (int i = 0; i < LEASES; i++) {
		(void)snprintf(name, sizeof(name), "p%d-%d", number, i);
		if (fixture_automatic(fixture, name, NULL) != 1)
			return process_fail(fixture);
	}
	ipam_close(fixture->ipam);
	return 0;
}

/* Eight processes make the book at the same moment and take pairs from it: each pair once, none left. */
static void test_processes(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) struct ipam_lease *leases = NULL;
	bool seen[PROCESSES * LEASES] = { false };
	int gate[2], status;
	pid_t pids[PROCESSES];
	size_t count;

	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = process_start(body_lease, fixture, i, gate, -1);
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	fixture_reopen(fixture, IPAM_READ);
	assert_int_equal(ipam_list(fixture->ipam, &leases, &count, &fixture->e), 0);
	assert_int_equal(count, PROCESSES * LEASES);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *b = leases[i].v4.local.addr.bytes;
		int slot = (b[3] - 1) / 2 * 254 + b[2] - 1;

		assert_in_range(slot, 0, PROCESSES * LEASES - 1);
		assert_false(seen[slot]);
		seen[slot] = true;
	}
	assert_sound(fixture);
}

/* Leases c0, c1, ...; gives up every third again; reports each finished step with one byte. */
static int body_report(struct fixture *fixture, int number, int out)
{
	char name[32];

	if (ipam_open(fixture->path, IPAM_WRITE, &fixture->ipam, &fixture->e) < 0)
		return process_fail(fixture);
	for (int i = 0;; i++) {
		(void)snprintf(name, sizeof(name), "k%d-%d", number, i / 2);
		if (i % 2 == 0 && fixture_automatic(fixture, name, NULL) != 1)
			return process_fail(fixture);
		if (i % 2 && i / 2 % 3 == 0 &&
		    ipam_release(fixture->ipam, name, "", &fixture->e) != 1)
			return process_fail(fixture);
		if (write(out, "", 1) != 1)
			return 2;
	}
}

/**
 * kill_after - kill a process some steps and a moment later
 * @pid: the process
 * @in: where it reports its steps
 * @steps: how many to wait for
 * @moment: nanoseconds to let pass then
 *
 * Returns how many steps it had finished when it died.
 */
static int kill_after(pid_t pid, int in, int steps, long moment)
{
	struct timespec start, now;
	int done = 0, status;
	char byte;

	while (done < steps && read(in, &byte, 1) == 1)
		done++;
	assert_int_equal(done, steps);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < moment);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(in, &byte, 1) == 1)
		done++;
	return done;
}

/**
 * steps_check - compare the book with the steps a killed process has reported
 * @fixture: with a session
 * @number: of the process
 * @done: how many it had reported; the one after may have been finished or not
 */
static void steps_check(struct fixture *fixture, int number, int done)
{
	struct ipam_lease lease;
	char name[32];

	for (int i = 0; i <= done / 2; i++) {
		int leased = i * 2 < done, released = i % 3 == 0 && i * 2 + 1 < done;
		int r;

		(void)snprintf(name, sizeof(name), "k%d-%d", number, i);
		r = ipam_lookup(fixture->ipam, name, &lease, &fixture->e);
		if (i == done / 2)
			assert_in_range(r, 0, 1);
		else
			assert_int_equal(r, leased && !released);
	}
	(void)snprintf(name, sizeof(name), "k%d-%d", number, done / 2 + 1);
	assert_int_equal(ipam_lookup(fixture->ipam, name, &lease, &fixture->e), 0);
}

/* Killed at any moment: what was reported is there, nothing is torn, and the next reader sees it. */
static void test_killed(void **state)
{
	struct fixture *fixture = *state;
	int gate[2], report[2], done;
	pid_t pid;

	for (int i = 0; i < KILLS; i++) {
		ipam_close(fixture->ipam);
		fixture->ipam = NULL;
		assert_int_equal(pipe(gate), 0);
		assert_int_equal(pipe(report), 0);
		pid = process_start(body_report, fixture, i, gate, report[1]);
		close(gate[0]);
		close(gate[1]);
		close(report[1]);
		done = kill_after(pid, report[0], 1 + (int)(random() % 8), random() % 600000);
		close(report[0]);
		fixture_reopen(fixture, i % 2 ? IPAM_READ : IPAM_WRITE);
		steps_check(fixture, i, done);
		assert_sound(fixture);
	}
}

/* Dies in a transaction of which sqlite, short of cache, has written a part into the file already. */
static int body_hot(struct fixture *fixture, int number, int out)
{
	sqlite3 *sqlite;

	(void)number;
	(void)out;
	if (sqlite3_open(fixture->path, &sqlite) != SQLITE_OK ||
	    sqlite3_exec(
		    sqlite,
		    "PRAGMA journal_mode = PERSIST; PRAGMA cache_size = 1; BEGIN IMMEDIATE;"
		    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999)"
		    " INSERT INTO lease (name, state, reason, since)"
		    " SELECT 'x' || i, 'bound', '', 0 FROM n;"
		    "UPDATE pool SET leased = 777",
		    NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	return raise(SIGKILL);
}

/* The first to come after it, a reader even, rolls back. */
static void test_reader_rolls_back(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease *leases;
	int gate[2], status;
	size_t count;
	pid_t pid;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(pipe(gate), 0);
	pid = process_start(body_hot, fixture, 0, gate, -1);
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	fixture_reopen(fixture, IPAM_READ);
	assert_int_equal(ipam_list(fixture->ipam, &leases, &count, &fixture->e), 0);
	assert_int_equal(count, 1);
	free(leases);
	assert_usage(fixture, 1, 0);
	assert_sound(fixture);
}

/* Holds the database until a writer of ours stands in line, and 100 ms more unless that one gives up. */
static int body_hold(struct fixture *fixture, int number, int out)
{
	char lock[PATH_MAX];
	struct pollfd done = { .fd = number, .events = POLLIN };
	sqlite3 *sqlite;
	int fd;

	(void)snprintf(lock, sizeof(lock), "%s.lock", fixture->path);
	fd = open(lock, O_RDWR | O_CLOEXEC);
	if (fd < 0 || sqlite3_open(fixture->path, &sqlite) != SQLITE_OK ||
	    sqlite3_exec(sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
	    write(out, "", 1) != 1)
		return 1;
	while (flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)flock(fd, LOCK_UN);
	(void)poll(&done, 1, 100);
	return sqlite3_exec(sqlite, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK ||
	       sqlite3_close(sqlite) != SQLITE_OK;
}

/* A writer waits for a program that does not know the lock file, instead of failing half-way. */
static void test_waits_for_strangers(void **state)
{
	struct fixture *fixture = *state;
	int gate[2], report[2], done[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	ipam_close(fixture->ipam); /* no session of sqlite survives a fork */
	fixture->ipam = NULL;
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(report), 0);
	assert_int_equal(pipe2(done, O_CLOEXEC), 0);
	pid = process_start(body_hold, fixture, done[0], gate, report[1]);
	fixture_reopen(fixture, IPAM_WRITE);
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(read(report[0], &byte, 1), 1);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), 1);
	assert_int_equal(write(done[1], "", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(report[0]);
	close(report[1]);
	close(done[0]);
	close(done[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_processes),
		TEST(test_killed),
		TEST(test_reader_rolls_back),
		TEST(test_waits_for_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
