/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree-remove.h"

/*
 * Each test has a fresh directory, in which "root" is the tree and "host" must survive. As root, all
 * of it is in a mount namespace of its own.
 */

#define DEPTH 10000

static char directory[64];
static bool privileged;

/* Writes a file with a word in it. */
static void write_file(const char *path)
{
	assert_int_equal(file_replace(path, "data", 4, 0644, NULL), 0);
}

static int tree_setup(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/test-tree-remove-XXXXXX");
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("root", 0755) < 0 ||
	    mkdir("host", 0755) < 0)
		return -1;
	write_file("host/canary");
	return 0;
}

/* Whatever a test did, the host is as it was. */
static int tree_teardown(void **state)
{
	(void)state;
	assert_int_equal(access("host/canary", F_OK), 0);
	assert_int_equal(unlink("host/canary"), 0);
	assert_int_equal(rmdir("host"), 0);
	assert_int_equal(access("root", F_OK), -1);
	return chdir("/") < 0 ? -1 : rmdir(directory);
}

/* Skips a test that needs root. */
static void privileged_only(void)
{
	if (privileged)
		return;
	assert_int_equal(rmdir("root"), 0);
	print_message("# SKIP mounts and attributes need root\n");
	skip();
}

static void what_is_not_there_has_been_removed(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(tree_remove("root", &e), 1);
	assert_int_equal(tree_remove("root", &e), 0);
	write_file("root");
	assert_int_equal(tree_remove("root", &e), 1);
}

static void links_are_removed_and_not_followed(void **state)
{
	(void)state;
	assert_int_equal(symlink("../host", "root/link"), 0);
	assert_int_equal(symlink("nowhere", "root/dangling"), 0);
	assert_int_equal(mkfifo("root/fifo", 0600), 0);
	assert_int_equal(tree_remove("root", NULL), 1);
	assert_int_equal(symlink("host", "root"), 0);
	assert_int_equal(tree_remove("root", NULL), 1);
}

static void a_wide_tree_is_removed(void **state)
{
	char path[64];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(path, sizeof(path), "root/d%d", i);
		assert_int_equal(mkdir(path, 0755), 0);
		(void)snprintf(path, sizeof(path), "root/d%d/f", i);
		write_file(path);
		(void)snprintf(path, sizeof(path), "root/f%d", i);
		write_file(path);
	}
	assert_int_equal(tree_remove("root", NULL), 1);
}

/* Makes a tree far deeper than any path is long. */
static void deep_tree_make(void)
{
	_cleanup_(fd_closep) int fd = open("root", O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < DEPTH; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "directory", 0755), 0);
		next = openat(fd, "directory", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
}

static void a_deep_tree_is_removed_with_few_descriptors(void **state)
{
	struct rlimit all, few;

	(void)state;
	deep_tree_make();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(tree_remove("root", NULL), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
}

static void a_killed_removal_is_taken_up(void **state)
{
	pid_t pid;

	(void)state;
	deep_tree_make();
	write_file("root/first");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(tree_remove("root", NULL) == 1 ? 0 : 1);
	while (access("root/first", F_OK) == 0 && kill(pid, 0) == 0)
		(void)sched_yield();
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(tree_remove("root", NULL), 1);
}

static void mounts_are_unmounted_and_their_data_stay(void **state)
{
	_cleanup_(fd_closep) int fd = -1;
	struct error e = ERROR_INIT;

	(void)state;
	privileged_only();
	assert_int_equal(mkdir("root/a b", 0755), 0);
	assert_int_equal(mkdir("root/a b/c\\d", 0755), 0);
	assert_int_equal(mkdir("root/tmp", 0755), 0);
	assert_int_equal(mount("host", "root/a b/c\\d", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount("host", "root/a b/c\\d", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount("tmpfs", "root/tmp", "tmpfs", 0, NULL), 0);
	assert_int_equal(mkdir("root/tmp/host", 0755), 0);
	assert_int_equal(mount("host", "root/tmp/host", NULL, MS_BIND, NULL), 0);
	write_file("root/file");
	assert_int_equal(mount("host/canary", "root/file", NULL, MS_BIND, NULL), 0);
	/* Somebody is using it. */
	fd = open("root/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(tree_remove("root", &e), 1);
}

/* As "mount --rbind" on a host of systemd, where all mounts are shared. */
static void what_is_mounted_on_the_host_as_well_stays_there(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	privileged_only();
	assert_int_equal(mkdir("root/data", 0755), 0);
	assert_int_equal(mount("host", "host", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, "host", NULL, MS_SHARED, NULL), 0);
	assert_int_equal(mkdir("host/disk", 0755), 0);
	assert_int_equal(mount("tmpfs", "host/disk", "tmpfs", 0, NULL), 0);
	write_file("host/disk/file");
	assert_int_equal(mount("host", "root/data", NULL, MS_BIND | MS_REC, NULL), 0);
	assert_int_equal(access("root/data/disk/file", F_OK), 0);
	assert_int_equal(tree_remove("root", &e), 1);
	assert_int_equal(access("host/disk/file", F_OK), 0);
	assert_int_equal(umount("host/disk"), 0);
	assert_int_equal(rmdir("host/disk"), 0);
	assert_int_equal(umount("host"), 0);
}

static void a_root_that_is_a_mount_is_unmounted(void **state)
{
	(void)state;
	privileged_only();
	assert_int_equal(mount("host", "root", NULL, MS_BIND, NULL), 0);
	assert_int_equal(tree_remove("root", NULL), 1);
}

/* What cannot be unmounted is named, and nothing in it is touched. */
static void what_cannot_be_unmounted_stays(void **state)
{
	struct error e = ERROR_INIT;
	int status;
	pid_t pid;

	(void)state;
	privileged_only();
	assert_int_equal(mkdir("root/locked", 0755), 0);
	assert_int_equal(mount("host", "root/locked", NULL, MS_BIND, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Mounts that come from a more privileged namespace are locked. */
		bool good = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
			    tree_remove("root", &e) < 0 && strstr(e.text, "cannot unmount") &&
			    strstr(e.text, "root/locked");
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access("host/canary", F_OK), 0);
	assert_int_equal(tree_remove("root", NULL), 1);
}

/* Sets an attribute. Returns whether the file system has it. */
static bool attribute_set(const char *path, int attribute)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int flags = 0;

	assert_true(fd >= 0);
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return false;
	flags |= attribute;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

static void attributes_do_not_hold(void **state)
{
	bool set;

	(void)state;
	privileged_only();
	assert_int_equal(mkdir("root/var", 0755), 0);
	assert_int_equal(mkdir("root/var/empty", 0555), 0);
	write_file("root/var/log");
	write_file("root/var/file");
	set = attribute_set("root/var/empty", FS_IMMUTABLE_FL) &&
	      attribute_set("root/var/log", FS_APPEND_FL) &&
	      attribute_set("root/var/file", FS_IMMUTABLE_FL) &&
	      attribute_set("root/var", FS_IMMUTABLE_FL);
	if (set) {
		assert_int_equal(rmdir("root/var/empty"), -1);
		assert_int_equal(unlink("root/var/log"), -1);
	}
	assert_int_equal(tree_remove("root", NULL), 1);
	if (!set) {
		print_message("# SKIP this file system has no such attributes\n");
		skip();
	}
}

static void what_cannot_be_removed_is_named(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	privileged_only();
	assert_int_equal(mkdir("root/a", 0755), 0);
	assert_int_equal(mkdir("root/a/b", 0755), 0);
	write_file("root/a/b/swap");
	/* Nothing but a file in use as this cannot be removed by root. */
	assert_int_equal(mount("root", "root", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, "root", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(tree_remove("root/a/b", &e), -EROFS);
	assert_non_null(strstr(e.text, "root/a/b/swap"));
	assert_int_equal(tree_remove("root", &e), 1);
}

#define in_a_tree(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_tree(what_is_not_there_has_been_removed),
		in_a_tree(links_are_removed_and_not_followed),
		in_a_tree(a_wide_tree_is_removed),
		in_a_tree(a_deep_tree_is_removed_with_few_descriptors),
		in_a_tree(a_killed_removal_is_taken_up),
		in_a_tree(mounts_are_unmounted_and_their_data_stay),
		in_a_tree(what_is_mounted_on_the_host_as_well_stays_there),
		in_a_tree(a_root_that_is_a_mount_is_unmounted),
		in_a_tree(what_cannot_be_unmounted_stays),
		in_a_tree(attributes_do_not_hold),
		in_a_tree(what_cannot_be_removed_is_named),
	};

	(void)umask(022);
	privileged = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
		     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		     mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") == 0;
	return cmocka_run_group_tests_name("tree-remove", tests, NULL, NULL);
}
