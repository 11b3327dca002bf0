/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/mounts.h"

static void lines_are_taken_apart(void **state)
{
	char text[] = "24 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard\n"
		      "rubbish\n"
		      "25 24 0:5 /a\\040b /mnt/c\\134d\\011e rw - cgroup cgroup rw,cpu,cpuacct\n"
		      "26 24 0:5 / /\\40 rw - tmpfs \n";
	struct mount mount;
	char *cursor = text;

	(void)state;
	assert_true(mounts_next(&cursor, &mount));
	assert_string_equal(mount.root, "/");
	assert_string_equal(mount.point, "/");
	assert_string_equal(mount.type, "ext4");
	assert_string_equal(mount.options, "rw,discard");
	assert_true(mounts_next(&cursor, &mount));
	assert_string_equal(mount.root, "/a b");
	assert_string_equal(mount.point, "/mnt/c\\d\te");
	assert_string_equal(mount.type, "cgroup");
	assert_string_equal(mount.options, "rw,cpu,cpuacct");
	assert_true(mounts_next(&cursor, &mount));
	assert_string_equal(mount.point, "/\\40");
	assert_string_equal(mount.options, "");
	assert_false(mounts_next(&cursor, &mount));
	assert_false(mounts_next(&cursor, &mount));
}

static void the_table_of_this_process_is_read(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct mount mount;
	char *cursor;
	int found = 0;

	(void)state;
	assert_int_equal(mounts_read(&text, NULL), 0);
	cursor = text;
	while (mounts_next(&cursor, &mount))
		found += strcmp(mount.point, "/proc") == 0 && strcmp(mount.type, "proc") == 0;
	assert_true(found > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_apart),
		cmocka_unit_test(the_table_of_this_process_is_read),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
