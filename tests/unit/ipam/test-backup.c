/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define LEASES 300

/**
 * backup_path - where the tests keep their backup
 * @fixture: borrowed
 * @path: filled
 */
static const char *backup_path(const struct fixture *fixture, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/state/kept", fixture->directory);
	return path;
}

/**
 * backup_make - make that backup of the fixture's book
 * @fixture: with a session
 * @path: filled with where it is
 */
static void backup_make(struct fixture *fixture, char path[PATH_MAX])
{
	backup_path(fixture, path);
	if (ipam_backup(fixture->ipam, path, &fixture->e) < 0)
		fail_msg("%s", fixture->e.text);
}

/**
 * backup_open - ipam_open_backup(), closed at once
 * @fixture: its error is filled on failure
 * @path: borrowed
 */
static int backup_open(struct fixture *fixture, const char *path)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;

	return ipam_open_backup(path, &ipam, &fixture->e);
}

/**
 * restore - put a backup in the place of the book
 * @fixture: its error is filled on failure
 * @path: of the backup, borrowed
 * @aside: filled
 */
static int restore(struct fixture *fixture, const char *path, char aside[PATH_MAX])
{
	_cleanup_(ipam_closep) struct ipam *backup = NULL;
	int r = ipam_open_backup(path, &backup, &fixture->e);

	return r < 0 ? r : ipam_replace(fixture->path, backup, aside, &fixture->e);
}

/**
 * holds - whether a container holds something
 * @ipam: borrowed
 * @container: its name, borrowed
 */
static bool holds(struct ipam *ipam, const char *container)
{
	struct ipam_lease lease;
	int r = ipam_lookup(ipam, container, &lease, NULL);

	assert_true(r >= 0);
	return r > 0;
}

/* There and back: the book is as it was, sessions of others go over to it, and the old one is kept. */
static void test_restore(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(ipam_closep) struct ipam *other = NULL, *kept = NULL;
	char path[PATH_MAX], aside[PATH_MAX];
	struct ipam_lease request = request_make("late", NULL, NULL), lease;
	struct stat st;

	assert_int_equal(fixture_automatic(fixture, "early", NULL), 1);
	backup_make(fixture, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fixture_automatic(fixture, "lost", NULL), 1);
	assert_int_equal(ipam_open(fixture->path, IPAM_WRITE, &other, &fixture->e), 0);
	assert_true(holds(other, "lost"));
	assert_int_equal(restore(fixture, path, aside), 0);
	assert_int_equal(ipam_lease(other, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e), 1);
	assert_pair(&lease.v4, "10.233.2.1", "10.233.2.2");
	assert_true(holds(other, "early") && !holds(other, "lost"));
	fixture_reopen(fixture, IPAM_WRITE);
	assert_true(holds(fixture->ipam, "late") && holds(fixture->ipam, "early"));
	assert_sound(fixture);
	assert_int_equal(ipam_open(aside, IPAM_READ, &kept, &fixture->e), 0);
	assert_true(holds(kept, "lost") && !holds(kept, "late"));
}

/* What cannot be opened any more is replaced all the same, and its journal is no danger to the new one. */
static void test_restore_damaged(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX], aside[PATH_MAX], journal[PATH_MAX];

	assert_int_equal(fixture_automatic(fixture, "early", NULL), 1);
	backup_make(fixture, path);
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(truncate(fixture->path, 1000), 0);
	assert_int_equal(restore(fixture, path, aside), 0);
	fixture_reopen(fixture, IPAM_WRITE);
	assert_true(holds(fixture->ipam, "early"));
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;

	/* The book was deleted, and what a killed writer left beside it was not. */
	(void)snprintf(journal, sizeof(journal), "%s-journal", fixture->path);
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(file_replace(journal, "rubbish", 7, 0600, NULL), 0);
	assert_int_equal(restore(fixture, path, aside), 0);
	assert_string_equal(aside, "");
	assert_int_equal(access(journal, F_OK), -1);
	fixture_reopen(fixture, IPAM_WRITE);
	assert_true(holds(fixture->ipam, "early"));
	assert_sound(fixture);
}

/* A damaged book is not written over a good backup. */
static void test_damage_stays_out(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX];

	assert_int_equal(fixture_automatic(fixture, "early", NULL), 1);
	backup_make(fixture, path);
	fixture_sql(fixture, "PRAGMA foreign_keys = OFF; UPDATE lease SET pool4 = 99");
	assert_int_equal(ipam_backup(fixture->ipam, path, &fixture->e), -EUCLEAN);
	assert_error(fixture, ERROR_FAILED, "leads nowhere", "ipam restore");
	assert_int_equal(backup_open(fixture, path), 0);
}

/* What is no backup is refused by name: not there, empty, rubbish, cut off, of others, of the future. */
static void test_no_backup(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX];
	struct stat st;

	assert_int_equal(backup_open(fixture, backup_path(fixture, path)), -ENOENT);
	assert_error(fixture, ERROR_FAILED, path, NULL);
	assert_int_equal(file_replace(path, "", 0, 0600, NULL), 0);
	assert_int_equal(backup_open(fixture, path), -EUCLEAN);
	assert_error(fixture, ERROR_FAILED, path, "name another file");
	assert_int_equal(file_replace(path, "no database at all\n", 19, 0600, NULL), 0);
	assert_int_equal(backup_open(fixture, path), -EUCLEAN);
	assert_error(fixture, ERROR_FAILED, path, "name another file");
	for (int i = 0; i < LEASES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(fixture_automatic(fixture, name, NULL), 1);
	}
	backup_make(fixture, path);
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = st.st_size - 4096; size > 0; size -= 4096) {
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(backup_open(fixture, path), -EUCLEAN);
		assert_error(fixture, ERROR_FAILED, path, "name another file");
	}
	fixture_sql(fixture, "PRAGMA user_version = 99");
	assert_int_equal(backup_open(fixture, fixture->path), -EPROTO);
	assert_error(fixture, ERROR_FAILED, "version 99", "newer");
	fixture_sql(fixture, "PRAGMA application_id = 7");
	assert_int_equal(backup_open(fixture, fixture->path), -EUCLEAN);
}

/**
 * writer_run - lease one address after the other, until somebody says that it is enough
 * @fixture: whose book
 * @stop: readable when it is enough
 */
static void writer_run(const struct fixture *fixture, int stop)
{
	struct ipam *ipam = NULL;
	int r = ipam_open(fixture->path, IPAM_WRITE, &ipam, NULL);
	struct ipam_lease lease;
	char byte;

	for (int i = 0; r >= 0 && read(stop, &byte, 1) < 0 && errno == EAGAIN; i++) {
		struct ipam_lease request = { 0 };

		(void)snprintf(request.container, sizeof(request.container), "w%d", i);
		r = ipam_lease(ipam, &request, IPAM_AUTOMATIC_V4, &lease, NULL);
	}
	ipam_close(ipam);
	_exit(r < 0);
}

/* While somebody writes without a pause, each backup is whole and none is older than the one before. */
static void test_while_others_write(void **state)
{
	struct fixture *fixture = *state;
	size_t before = 0, count;
	char path[PATH_MAX];
	int stop[2], status;
	pid_t pid;

	assert_int_equal(pipe2(stop, O_NONBLOCK | O_CLOEXEC), 0);
	ipam_close(TAKE_PTR(fixture->ipam)); /* no session of sqlite goes on in a child */
	pid = fork();
	if (pid == 0)
		writer_run(fixture, stop[0]);
	fixture_reopen(fixture, IPAM_WRITE);
	while (before < LEASES) {
		_cleanup_(ipam_closep) struct ipam *backup = NULL;
		_cleanup_(freep) struct ipam_lease *leases = NULL;

		backup_make(fixture, path);
		if (ipam_open_backup(path, &backup, &fixture->e) < 0)
			fail_msg("%s", fixture->e.text);
		assert_int_equal(ipam_list(backup, &leases, &count, &fixture->e), 0);
		assert_true(count >= before);
		before = count;
	}
	assert_int_equal(write(stop[1], "", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(close(stop[0]) + close(stop[1]), 0);
	assert_sound(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_restore, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_restore_damaged, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_damage_stays_out, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_no_backup, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_while_others_write, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
