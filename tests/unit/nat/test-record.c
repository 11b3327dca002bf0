/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "nat/record.h"

static char directory[] = "/tmp/test-record-XXXXXX";
static char path[64];

/** directory_begin - a directory of our own */
static int directory_begin(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/forwarding", directory);
	return 0;
}

/** directory_end - and nothing left of it, not even a temporary file */
static int directory_end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

/** what_is_written_is_read - every field, and the file is removed with the last entry */
static void what_is_written_is_read(void **state)
{
	struct kernel_switch list[] = { { "ipv4", "eth0.100", "forwarding", 1, 0, true, 4294967 },
					{ "ipv6", "all", "forwarding", 1, -1, false, 0 } };
	const struct switches written = { .list = list, .count = ARRAY_SIZE(list) };
	_cleanup_(switches_deinit) struct switches record = SWITCHES_INIT;
	struct switches none = SWITCHES_INIT;

	(void)state;
	assert_int_equal(record_read(path, &record, NULL), 0);
	assert_int_equal(record.count, 0);
	assert_int_equal(record_write(path, &written, NULL), 0);
	assert_int_equal(record_read(path, &record, NULL), 1);
	assert_int_equal(record.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct kernel_switch *found = switches_find(&record, &written.list[i]);

		assert_ptr_equal(found, &record.list[i]);
		assert_int_equal(found->wanted, written.list[i].wanted);
		assert_int_equal(found->before, written.list[i].before);
		assert_int_equal(found->ports, written.list[i].ports);
		assert_int_equal(found->ifindex, written.list[i].ifindex);
	}
	switches_drop(&record, 0);
	assert_null(switches_find(&record, &written.list[0]));
	assert_ptr_equal(switches_find(&record, &written.list[1]), &record.list[0]);
	assert_int_equal(record_write(path, &none, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(record_write(path, &none, NULL), 0);
}

/** damage_is_named - with the file and the line, and no path leads out of /proc/sys/net */
static void damage_is_named(void **state)
{
	static const char *const lines[] = {
		"ipv4 eth0 forwarding 0",
		"ipv4 eth0 forwarding 0 1 2",
		"ipx eth0 forwarding 0 1",
		"ipv4 ../../x forwarding 0 1",
		"ipv4 .. forwarding 0 1",
		"ipv4 eth0 ../../x 0 1",
		"ipv4 eth0 forwarding zero 1",
		"ipv4 eth0123456789abcdef forwarding 0 1",
		"ipv4 eth0 forwarding 0 1 ifindex",
		"ipv4 eth0 forwarding 0 1 ifindex 0",
		"ipv4 eth0 forwarding 0 1 ifindex -1",
		"ipv4 eth0 forwarding 0 1 ifindex eth0",
		"ipv4 eth0 forwarding 0 1 port",
		"ipv4 eth0 forwarding 0 1 ",
		"ipv4  eth0 forwarding 0 1",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct error e = ERROR_INIT;
		_cleanup_(switches_deinit) struct switches record = SWITCHES_INIT;
		char text[160];
		int length =
			snprintf(text, sizeof(text), "ipv4 eth1 forwarding 0 1\n%s\n", lines[i]);

		assert_int_equal(file_replace(path, text, (size_t)length, 0644, &e), 0);
		assert_int_equal(record_read(path, &record, &e), -EINVAL);
		assert_non_null(strstr(e.text, path));
		assert_non_null(strstr(e.text, "line 2"));
		assert_non_null(strstr(e.remedy, path));
	}
}

/** a_missing_line_end_is_fine - somebody may have edited it */
static void a_missing_line_end_is_fine(void **state)
{
	static const char text[] = "ipv4 eth1 forwarding 0 1";
	_cleanup_(switches_deinit) struct switches record = SWITCHES_INIT;

	(void)state;
	assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), 0);
	assert_int_equal(record_read(path, &record, NULL), 1);
	assert_int_equal(record.count, 1);
}

/** what_older_versions_wrote_is_read - without the number of the link */
static void what_older_versions_wrote_is_read(void **state)
{
	static const char text[] =
		"ipv4 eth1 forwarding 0 1 ports\nipv6 eth1 force_forwarding 0 1\n";
	_cleanup_(switches_deinit) struct switches record = SWITCHES_INIT;

	(void)state;
	assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), 0);
	assert_int_equal(record_read(path, &record, NULL), 1);
	assert_int_equal(record.count, 2);
	assert_true(record.list[0].ports);
	assert_false(record.list[1].ports);
	assert_int_equal(record.list[0].ifindex, 0);
	assert_false(record_follow(&record));
	assert_int_equal(record.count, 2);
}

/** there_is_an_end - of what a record takes; what does not fit changes nothing */
static void there_is_an_end(void **state)
{
	_cleanup_(switches_deinit) struct switches record = SWITCHES_INIT;
	_cleanup_(switches_deinit) struct switches again = SWITCHES_INIT;
	struct kernel_switch entry = { "ipv4", "", "forwarding", 1, 0, false, 0 };
	int r = 0;

	(void)state;
	for (int i = 0; r == 0; i++) {
		snprintf(entry.link, sizeof(entry.link), "eth%d", i);
		r = switches_add(&record, &entry, NULL);
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(record.count, 2 * SWITCHES_MAX);
	assert_int_equal(record_write(path, &record, NULL), 0);
	assert_int_equal(record_read(path, &again, NULL), 1);
	assert_int_equal(again.count, record.count);
	assert_string_equal(again.list[again.count - 1].link, record.list[again.count - 1].link);
}

/** main - run the tests of record.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(a_missing_line_end_is_fine),
		cmocka_unit_test(what_older_versions_wrote_is_read),
		cmocka_unit_test(there_is_an_end),
	};

	return cmocka_run_group_tests_name("record", tests, directory_begin, directory_end);
}
