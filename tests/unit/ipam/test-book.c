/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/**
 * assert_refused - fail unless opening the book fails, whoever asks
 * @fixture: its error is filled
 * @path: of the book
 * @number: positive errno
 */
static void assert_refused(struct fixture *fixture, const char *path, int number)
{
	struct ipam *ipam = NULL;

	assert_int_equal(ipam_open(path, IPAM_WRITE, &ipam, &fixture->e), -number);
	assert_int_equal(ipam_open(path, IPAM_READ, &ipam, &fixture->e), -number);
	assert_null(ipam);
}

/**
 * assert_mode - fail unless a file has these permissions
 * @path: of the file
 * @mode: permission bits
 */
static void assert_mode(const char *path, mode_t mode)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, mode);
}

/* Nobody else can read what is made, the files beside it included, whatever the umask. */
static void test_modes(void **state)
{
	struct fixture *fixture = *state;
	mode_t old = umask(0);
	char path[PATH_MAX];
	struct ipam *ipam;

	(void)snprintf(path, sizeof(path), "%s/a/b/ipam.db", fixture->directory);
	assert_int_equal(ipam_open(path, IPAM_WRITE, &ipam, &fixture->e), 0);
	umask(old);
	ipam_close(ipam);
	assert_mode(path, 0600);
	(void)snprintf(path, sizeof(path), "%s/a/b/ipam.db-journal", fixture->directory);
	assert_mode(path, 0600);
	(void)snprintf(path, sizeof(path), "%s/a/b/ipam.db.lock", fixture->directory);
	assert_mode(path, 0600);
	(void)snprintf(path, sizeof(path), "%s/a/b", fixture->directory);
	assert_mode(path, 0700);
}

/* Without a file, and with one that a killed process left empty, there is a book with nothing in it. */
static void test_read_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease *leases, lease;
	size_t count;
	int file;

	for (int i = 0; i < 3; i++) {
		(void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s/ipam.db",
			       fixture->directory, i == 0 ? "none" : "state");
		fixture_reopen(fixture, IPAM_READ);
		assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 0);
		assert_int_equal(ipam_list(fixture->ipam, &leases, &count, &fixture->e), 0);
		assert_int_equal(count, 0);
		assert_usage(fixture, 0, 0);
		assert_int_equal(fixture_automatic(fixture, "foo", NULL), -EROFS);
		file = access(fixture->path, F_OK);
		assert_int_equal(file, i == 0 ? -1 : 0);
		if (i == 1)
			assert_int_equal(truncate(fixture->path, 0), 0);
	}
	fixture_reopen(fixture, IPAM_WRITE);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
}

/* A reader changes nothing and takes no lock. */
static void test_read_only_reads(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease lease;
	char lock[PATH_MAX];

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	(void)snprintf(lock, sizeof(lock), "%s.lock", fixture->path);
	assert_int_equal(unlink(lock), 0);
	fixture_reopen(fixture, IPAM_READ);
	assert_int_equal(ipam_release(fixture->ipam, "foo", "", &fixture->e), -EROFS);
	assert_int_equal(ipam_lookup(fixture->ipam, "foo", &lease, &fixture->e), 1);
	assert_int_equal(access(lock, F_OK), -1);
}

/* A reader sees what a writer has done since it was opened. */
static void test_two_sessions(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(ipam_closep) struct ipam *reader = NULL;
	struct ipam_lease lease;

	assert_int_equal(ipam_open(fixture->path, IPAM_READ, &reader, &fixture->e), 0);
	assert_int_equal(ipam_lookup(reader, "foo", &lease, &fixture->e), 0);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(ipam_lookup(reader, "foo", &lease, &fixture->e), 1);
}

static void test_link(void **state)
{
	struct fixture *fixture = *state;
	char link[PATH_MAX];

	(void)snprintf(link, sizeof(link), "%s/state/link.db", fixture->directory);
	assert_int_equal(symlink(fixture->path, link), 0);
	assert_refused(fixture, link, ELOOP);
	assert_error(fixture, ERROR_DENIED, "link.db is a symbolic link", "put the file itself");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/nonexistent", link), 0);
	assert_refused(fixture, link, ELOOP);
}

static void test_not_a_file(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/state", fixture->directory);
	assert_refused(fixture, path, EINVAL);
	assert_error(fixture, ERROR_FAILED, "state is not a file", NULL);
	(void)snprintf(path, sizeof(path), "%s/state/ipam.db/x", fixture->directory);
	assert_refused(fixture, path, ENOTDIR);
}

/* What somebody else could have written is not believed. */
static void test_writable_by_others(void **state)
{
	struct fixture *fixture = *state;
	char directory[PATH_MAX];

	assert_int_equal(chmod(fixture->path, 0620), 0);
	assert_refused(fixture, fixture->path, EPERM);
	assert_error(fixture, ERROR_DENIED, "ipam.db can be changed by other users (mode 0620)",
		     "chmod go-w ");
	assert_int_equal(chmod(fixture->path, 0600), 0);
	(void)snprintf(directory, sizeof(directory), "%s/state", fixture->directory);
	assert_int_equal(chmod(directory, 0702), 0);
	assert_refused(fixture, fixture->path, EPERM);
	assert_error(fixture, ERROR_DENIED, "state can be changed by other users (mode 0702)",
		     NULL);
	assert_int_equal(chmod(directory, 0755), 0);
	fixture_reopen(fixture, IPAM_READ);
}

static void test_owned_by_others(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0) {
		print_message("# only root can give files away\n");
		skip();
	}
	assert_int_equal(chown(fixture->path, 12345, (gid_t)-1), 0);
	assert_refused(fixture, fixture->path, EPERM);
	assert_error(fixture, ERROR_DENIED, "belongs to user 12345, not to us (0)", "chown 0 ");
}

/* A database of another program, and one of a later version of this. */
static void test_other_schema(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_sql_int(fixture, "PRAGMA user_version"), 3);
	fixture_sql(fixture, "PRAGMA user_version = 99");
	assert_refused(fixture, fixture->path, EPROTO);
	assert_error(fixture, ERROR_FAILED, "has version 99, this program knows up to 3",
		     "install a newer nixctr-net");
	fixture_sql(fixture, "PRAGMA application_id = 7");
	assert_refused(fixture, fixture->path, EUCLEAN);
	assert_error(fixture, ERROR_FAILED, "ipam.db is not a nixctr-net address book", "backup");
	fixture_sql(fixture, "PRAGMA application_id = 0; PRAGMA user_version = 0");
	assert_refused(fixture, fixture->path, EUCLEAN);
}

static void test_long_path(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX + 8];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_refused(fixture, path, ENAMETOOLONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_modes),
		TEST(test_read_nothing),
		TEST(test_read_only_reads),
		TEST(test_two_sessions),
		TEST(test_link),
		TEST(test_not_a_file),
		TEST(test_writable_by_others),
		TEST(test_owned_by_others),
		TEST(test_other_schema),
		TEST(test_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
