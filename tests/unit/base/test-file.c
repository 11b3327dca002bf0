/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static char directory[] = "/tmp/test-file-XXXXXX";

static int directory_setup(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int directory_teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void what_is_written_is_read(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct error e = ERROR_INIT;
	struct stat st;
	size_t length;

	(void)state;
	assert_int_equal(file_replace("a", "one", 3, 0644, &e), 0);
	assert_int_equal(file_replace("a", "two\0x", 5, 0600, &e), 0);
	assert_int_equal(file_read("a", 100, &text, &length, &e), 0);
	assert_int_equal(length, 5);
	assert_memory_equal(text, "two\0x", 6);
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(".a.new", F_OK), -1);
	assert_int_equal(file_remove("a", &e), 1);
	assert_int_equal(file_remove("a", &e), 0);
}

static void what_a_killed_run_left_is_dropped(void **state)
{
	struct error e = ERROR_INIT;
	struct stat st;

	(void)state;
	/* A link left there must not lead the new content elsewhere. */
	assert_int_equal(symlink("elsewhere", ".a.new"), 0);
	assert_int_equal(file_replace("a", "x", 1, 0644, &e), 0);
	assert_int_equal(lstat("elsewhere", &st), -1);
	assert_int_equal(lstat("a", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(file_remove("a", &e), 1);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct error e = ERROR_INIT;
	size_t length;

	(void)state;
	assert_int_equal(mkdir("d", 0755), 0);
	assert_true(file_replace("d", "x", 1, 0644, &e) < 0);
	assert_non_null(strstr(e.text, "cannot write d"));
	assert_int_equal(access(".d.new", F_OK), -1);
	assert_int_equal(file_read("d", 100, &text, &length, &e), -EISDIR);
	assert_int_equal(rmdir("d"), 0);
}

static void only_regular_files_of_a_sane_size_are_read(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct error e = ERROR_INIT;
	size_t length;

	(void)state;
	assert_int_equal(mkfifo("f", 0600), 0);
	assert_int_equal(file_read("f", 100, &text, &length, &e), -EINVAL);
	assert_int_equal(unlink("f"), 0);
	assert_int_equal(file_replace("b", "0123456789", 10, 0644, &e), 0);
	assert_int_equal(file_read("b", 9, &text, &length, &e), -EFBIG);
	assert_non_null(strstr(e.text, "b is larger than 9 bytes"));
	assert_int_equal(file_read("c", 9, &text, &length, &e), -ENOENT);
	assert_null(text);
	assert_int_equal(file_remove("b", &e), 1);
}

static void files_without_a_size_are_read(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct error e = ERROR_INIT;
	size_t length;

	(void)state;
	assert_int_equal(file_read("/proc/self/status", 65536, &text, &length, &e), 0);
	assert_non_null(strstr(text, "\nPid:"));
	assert_int_equal(strlen(text), length);
	freep(&text);
	text = NULL;
	assert_int_equal(file_read("/proc/self/status", 99, &text, &length, &e), -EFBIG);
	assert_non_null(strstr(e.text, "/proc/self/status is larger than 99 bytes"));
	assert_int_equal(file_replace("empty", "", 0, 0644, &e), 0);
	assert_int_equal(file_read("empty", 0, &text, &length, &e), 0);
	assert_int_equal(length, 0);
	assert_int_equal(file_remove("empty", &e), 1);
}

static void directories_are_made_with_those_above(void **state)
{
	char path[200];
	struct stat st;

	(void)state;
	assert_int_equal(path_format(path, sizeof(path), NULL, "%s/x/y/z", directory), 0);
	assert_int_equal(directory_make(path, 0700, NULL), 1);
	assert_int_equal(directory_make(path, 0700, NULL), 0);
	assert_int_equal(stat("x/y/z", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat("x/y", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(rmdir("x/y/z") | rmdir("x/y") | rmdir("x"), 0);
}

static void long_paths_are_an_error(void **state)
{
	struct error e = ERROR_INIT;
	char path[8];

	(void)state;
	assert_int_equal(path_format(path, sizeof(path), &e, "%s", "1234567"), 0);
	assert_int_equal(path_format(path, sizeof(path), &e, "%s", "12345678"), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_a_killed_run_left_is_dropped),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(only_regular_files_of_a_sane_size_are_read),
		cmocka_unit_test(files_without_a_size_are_read),
		cmocka_unit_test(directories_are_made_with_those_above),
		cmocka_unit_test(long_paths_are_an_error),
	};

	return cmocka_run_group_tests_name("file", tests, directory_setup, directory_teardown);
}
