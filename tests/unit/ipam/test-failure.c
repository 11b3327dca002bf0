/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems that refuse, in a mount namespace of this program's own. */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ipam/book.h"

/**
 * mount_setup - a fixture whose directory is a small file system of its own, for cmocka
 * @state: gets the fixture
 */
static int mount_setup(void **state)
{
	struct fixture *fixture;
	char state_directory[PATH_MAX];

	(void)fixture_setup(state);
	fixture = *state;
	(void)snprintf(state_directory, sizeof(state_directory), "%s/state", fixture->directory);
	assert_int_equal(mount("none", state_directory, "tmpfs", 0, "size=512k,mode=0700"), 0);
	fixture_reopen(fixture, IPAM_WRITE);
	return 0;
}

/**
 * mount_teardown - unmount and remove it, for cmocka
 * @state: the fixture
 */
static int mount_teardown(void **state)
{
	struct fixture *fixture = *state;
	char state_directory[PATH_MAX];

	(void)snprintf(state_directory, sizeof(state_directory), "%s/state", fixture->directory);
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(umount2(state_directory, MNT_DETACH), 0);
	return fixture_teardown(state);
}

/**
 * mount_read_only - let the file system refuse to be written
 * @fixture: from mount_setup(); its session is closed, as writers would prevent it
 */
static void mount_read_only(struct fixture *fixture)
{
	char state_directory[PATH_MAX];

	(void)snprintf(state_directory, sizeof(state_directory), "%s/state", fixture->directory);
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(mount("none", state_directory, "", MS_REMOUNT | MS_RDONLY, NULL), 0);
}

/* Readers go on; writers are told, once, what is wrong. */
static void test_read_only(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;
	struct ipam *ipam;

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	mount_read_only(fixture);
	assert_int_equal(ipam_open(fixture->path, IPAM_WRITE, &ipam, &fixture->e), -EROFS);
	assert_error(fixture, ERROR_FAILED, "ipam.db: Read-only file system",
		     "make the file system of");
	fixture_reopen(fixture, IPAM_READ);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 1);
}

static void test_read_only_without_book(void **state)
{
	struct fixture *fixture = *state;
	struct ipam *ipam;

	assert_int_equal(unlink(fixture->path), 0);
	mount_read_only(fixture);
	assert_int_equal(ipam_open(fixture->path, IPAM_WRITE, &ipam, &fixture->e), -EROFS);
	assert_error(fixture, ERROR_FAILED, "cannot make address book", "make the file system of");
	fixture_reopen(fixture, IPAM_READ);
	assert_usage(fixture, 0, 0);
}

/**
 * disk_fill - take what is free on the small file system
 * @path: of the file that takes it
 */
static void disk_fill(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	static const char block[4096];

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
}

/* A full disk is not a full pool; what was done stays, what was not leaves no trace. */
static void test_disk_full(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;
	char filler[PATH_MAX], name[16];
	int r = 1, done = -1;

	(void)snprintf(filler, sizeof(filler), "%s/state/filler", fixture->directory);
	assert_int_equal(fixture_automatic(fixture, "first", NULL), 1);
	disk_fill(filler);
	while (r > 0) {
		(void)snprintf(name, sizeof(name), "c%05d", ++done);
		r = fixture_automatic(fixture, name, NULL);
	}
	assert_int_equal(r, -ENOSPC);
	assert_error(fixture, ERROR_FAILED, "ipam.db: No space left on device",
		     "free space on the file system of");
	assert_int_equal(ipam_lookup(fixture->ipam, name, &lease, &fixture->e), 0);
	assert_usage(fixture, (uint32_t)done + 1, 0);
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(fixture_automatic(fixture, name, NULL), 1);
	assert_usage(fixture, (uint32_t)done + 2, 0);
	assert_sound(fixture);
}

/* The very first transaction, which makes the tables, does not fit. */
static void test_disk_full_at_first(void **state)
{
	struct fixture *fixture = *state;
	char filler[PATH_MAX];
	struct ipam *ipam;

	(void)snprintf(filler, sizeof(filler), "%s/state/filler", fixture->directory);
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(unlink(fixture->path), 0);
	disk_fill(filler);
	assert_int_equal(ipam_open(fixture->path, IPAM_WRITE, &ipam, &fixture->e), -ENOSPC);
	assert_error(fixture, ERROR_FAILED, "No space left on device", "free space");
	fixture_reopen(fixture, IPAM_READ);
	assert_usage(fixture, 0, 0);
	assert_int_equal(unlink(filler), 0);
	fixture_reopen(fixture, IPAM_WRITE);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_sound(fixture);
}

/* A change of several parts whose last one does not fit: nothing of it is there, and nothing is locked. */
static void test_disk_full_in_a_part(void **state)
{
	struct fixture *fixture = *state;
	char filler[PATH_MAX], name[16];
	int r = 1;

	(void)snprintf(filler, sizeof(filler), "%s/state/filler", fixture->directory);
	disk_fill(filler);
	assert_int_equal(ipam_begin(fixture->ipam, &fixture->e), 0);
	for (int i = 0; r > 0 && i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "part-%d", i);
		r = fixture_automatic(fixture, name, NULL);
	}
	if (r >= 0)
		r = ipam_commit(fixture->ipam, &fixture->e);
	assert_int_equal(r, -ENOSPC);
	ipam_rollback(fixture->ipam);
	assert_usage(fixture, 0, 0);
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_sound(fixture);
}

/* Somebody holds the database, who is not to be found: it is this very process. */
static void test_locked(void **state)
{
	struct fixture *fixture = *state;
	sqlite3 *sqlite;

	fixture->ipam->database.patience = 1;
	assert_int_equal(sqlite3_open(fixture->path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), -EBUSY);
	assert_error(fixture, ERROR_BUSY, "ipam.db is locked by another program", "fuser -v ");
	assert_int_equal(sqlite3_exec(sqlite, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
}

/* A program that does not know the lock file holds the database; it is named. */
static void test_locked_by_a_stranger(void **state)
{
	struct fixture *fixture = *state;
	char text[64], remedy[32];
	int go[2], held[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	ipam_close(fixture->ipam); /* no session of sqlite survives a fork */
	fixture->ipam = NULL;
	pid = fork();
	if (pid == 0) {
		sqlite3 *sqlite;

		if (read(go[0], &byte, 1) != 1 ||
		    sqlite3_open(fixture->path, &sqlite) != SQLITE_OK ||
		    sqlite3_exec(sqlite, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK ||
		    write(held[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	fixture_reopen(fixture, IPAM_WRITE);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(read(held[0], &byte, 1), 1);
	fixture->ipam->database.patience = 2;
	(void)snprintf(text, sizeof(text), "process %d (", (int)pid);
	(void)snprintf(remedy, sizeof(remedy), "ps -fp %d", (int)pid);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), -EBUSY);
	assert_error(fixture, ERROR_BUSY, text, remedy);
	assert_error(fixture, ERROR_BUSY, "has held address book ", remedy);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_sound(fixture);
	close(go[0]);
	close(go[1]);
	close(held[0]);
	close(held[1]);
}

/* Anybody but the owner. */
static void test_denied(void **state)
{
	struct fixture *fixture = *state;
	struct ipam *ipam;
	int r;

	assert_int_equal(chmod(fixture->directory, 0755), 0);
	assert_int_equal(seteuid(12345), 0);
	r = ipam_open(fixture->path, IPAM_READ, &ipam, &fixture->e);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EPERM);
	assert_error(fixture, ERROR_DENIED, "state belongs to user 0, not to us (12345)", NULL);
	assert_int_equal(chmod(fixture->directory, 0700), 0);
	assert_int_equal(seteuid(12345), 0);
	r = ipam_open(fixture->path, IPAM_READ, &ipam, &fixture->e);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EACCES);
	assert_error(fixture, ERROR_DENIED, "Permission denied", "run it as root");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, mount_setup, mount_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_only),
		TEST(test_read_only_without_book),
		TEST(test_disk_full),
		TEST(test_disk_full_at_first),
		TEST(test_disk_full_in_a_part),
		TEST(test_locked),
		TEST(test_locked_by_a_stranger),
		TEST(test_denied),
	};

	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", "", MS_PRIVATE | MS_REC, NULL) < 0) {
		printf("1..0 # SKIP cannot mount file systems here: %s\n", strerror(errno));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
