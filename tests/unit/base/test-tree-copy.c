/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree-copy.h"
#include "base/tree-remove.h"
#include "base/tree.h"

/*
 * Each test has a fresh directory: "root" is the tree of the container, with "from" in it, "to" is the
 * empty place for the copy, and "host" is what nobody may get at. The working directory is there.
 */

#define LIMIT ((size_t)64)

static char directory[64];
static int tree = -1, to = -1;

/* Writes a file with what it has to say. */
static void write_file(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), 0);
}

static int copy_setup(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/test-tree-copy-XXXXXX");
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("root", 0755) < 0 ||
	    mkdir("root/from", 0755) < 0 || mkdir("root/other", 0755) < 0 || mkdir("to", 0755) < 0)
		return -1;
	write_file("host", "of the host");
	to = open("to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return to < 0 ? -1 : tree_open("root", &tree, NULL);
}

static int copy_teardown(void **state)
{
	(void)state;
	fd_closep(&tree);
	fd_closep(&to);
	return tree_remove(directory, NULL) > 0 ? 0 : -1;
}

/* Insists that a file of the copy says this; NULL: that it is not there. */
static void insist(const char *path, const char *expected)
{
	_cleanup_(freep) char *text = NULL;
	size_t length;
	struct stat st;

	if (!expected) {
		assert_int_equal(lstat(path, &st), -1);
		return;
	}
	assert_int_equal(file_read(path, LIMIT, &text, &length, NULL), 0);
	assert_string_equal(text, expected);
}

static void test_files_and_directories(void **state)
{
	struct stat st;

	(void)state;
	write_file("root/from/plain", "one");
	assert_int_equal(mkdir("root/from/below", 0700), 0);
	write_file("root/from/below/deeper", "two");
	write_file("root/from/program", "#!");
	assert_int_equal(chmod("root/from/program", 0700), 0);
	assert_int_equal(tree_copy(tree, "from", to, LIMIT, NULL), 0);
	insist("to/plain", "one");
	insist("to/below/deeper", "two");
	assert_int_equal(stat("to/program", &st), 0);
	assert_int_equal(st.st_mode & 07111, 0111);
	assert_int_equal(stat("to/plain", &st), 0);
	assert_int_equal(st.st_mode & 07111, 0);
}

static void test_links(void **state)
{
	struct stat st;

	(void)state;
	write_file("root/other/file", "other");
	write_file("root/from/file", "from");
	assert_int_equal(symlink("file", "root/from/down"), 0);
	assert_int_equal(symlink("/other/file", "root/from/absolute"), 0);
	assert_int_equal(symlink("../other/file", "root/from/up"), 0);
	assert_int_equal(symlink("../other", "root/from/directory"), 0);
	assert_int_equal(symlink("../from", "root/from/itself"), 0);
	assert_int_equal(symlink("../../host", "root/from/out"), 0);
	assert_int_equal(symlink("x/../../../host", "root/from/hidden"), 0);
	assert_int_equal(symlink("/proc/self/root/etc/passwd", "root/from/magic"), 0);
	assert_int_equal(symlink("/from/circle", "root/from/circle"), 0);
	assert_int_equal(tree_copy(tree, "from", to, LIMIT, NULL), 0);
	assert_int_equal(lstat("to/down", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	insist("to/down", "from");
	insist("to/absolute", "other");
	insist("to/up", "other");
	insist("to/directory/file", "other");
	insist("to/itself/file", NULL);
	insist("to/out", NULL);
	insist("to/hidden", NULL);
	insist("to/magic", NULL);
	insist("to/circle", NULL);
}

static void test_no_files(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("root/from/fifo", 0644), 0);
	assert_int_equal(tree_copy(tree, "from", to, LIMIT, NULL), 0);
	insist("to/fifo", NULL);
	assert_int_equal(tree_copy(tree, "none", to, LIMIT, NULL), -ENOENT);
	write_file("root/plain", "");
	assert_int_equal(tree_copy(tree, "plain", to, LIMIT, NULL), -ENOTDIR);
}

static void test_too_large(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	write_file("root/from/large", "");
	assert_int_equal(truncate("root/from/large", (off_t)LIMIT + 1), 0);
	assert_int_equal(tree_copy(tree, "from", to, LIMIT, &e), -EFBIG);
	assert_non_null(strstr(e.text, "from/large"));
}

static void test_too_deep(void **state)
{
	struct error e = ERROR_INIT;
	int fd = open("root/from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (int i = 0; i < 70; i++) {
		_cleanup_(fd_closep) int above = fd;

		assert_int_equal(mkdirat(above, "d", 0755), 0);
		fd = openat(above, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	fd_closep(&fd);
	assert_int_equal(tree_copy(tree, "from", to, LIMIT, &e), -ELOOP);
	assert_non_null(strstr(e.text, "nested too deeply"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files_and_directories, copy_setup,
						copy_teardown),
		cmocka_unit_test_setup_teardown(test_links, copy_setup, copy_teardown),
		cmocka_unit_test_setup_teardown(test_no_files, copy_setup, copy_teardown),
		cmocka_unit_test_setup_teardown(test_too_large, copy_setup, copy_teardown),
		cmocka_unit_test_setup_teardown(test_too_deep, copy_setup, copy_teardown),
	};

	return cmocka_run_group_tests_name("tree-copy", tests, NULL, NULL);
}
