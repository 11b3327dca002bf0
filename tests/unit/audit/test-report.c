/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/cleanup.h"
#include "base/file.h"

#define HEAD "\"version\": 1, \"machine\": \"\", \"boot\": \"\""

/**
 * report_read - read a report
 * @text: what stands in its file
 * @audit: filled; ended by the caller
 * @e: filled on failure
 *
 * Returns as audit_read().
 */
static int report_read(const char *text, struct audit *audit, struct error *e)
{
	char path[] = "/tmp/audit-report-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
	*e = ERROR_INIT;
	r = audit_read(path, audit, e);
	assert_int_equal(unlink(path), 0);
	return r;
}

static void test_what_is_written_is_read(void **state)
{
	struct audit_finding list[] = {
		{ .which = AUDIT_LEASE_OF_NOBODY, .container = "a", .what = "said \"so\"" },
		{ .which = AUDIT_CABLES_SHARE,
		  .container = "b",
		  .other = "c",
		  .link = "eth0",
		  .what = "too" },
	};
	struct audit written = { .machine = "0123", .boot = "4567", .time = 1, .grace = 2 }, read;
	_cleanup_(freep) char *text = NULL;
	struct error e;

	(void)state;
	assert_int_equal(addr_parse("fd00::2", &list[1].addr, NULL), 0);
	written.findings = (struct audit_findings){ .count = 2, .list = list };
	assert_int_equal(audit_format(&written, &text, NULL), 0);
	assert_int_equal(report_read(text, &read, &e), 0);
	assert_string_equal(read.machine, "0123");
	assert_string_equal(read.boot, "4567");
	assert_int_equal(read.findings.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct audit_finding *finding = &read.findings.list[i];

		assert_int_equal(finding->which, list[i].which);
		assert_string_equal(finding->container, list[i].container);
		assert_string_equal(finding->other, list[i].other);
		assert_string_equal(finding->link, list[i].link);
		assert_string_equal(finding->what, list[i].what);
		assert_true(addr_equal(&finding->addr, &list[i].addr));
	}
	audit_deinit(&read);
}

static void test_what_is_no_report(void **state)
{
	static const struct {
		const char *text, *says;
	} table[] = {
		{ "", "expected near end of file" },
		{ "{", "expected" },
		{ "[]", "no version" },
		{ "{}", "no version" },
		{ "{\"version\": \"1\"}", "no version" },
		{ "{\"version\": 2}", "version 2, this program knows version 1" },
		{ "{\"version\": 1}", "of which host" },
		{ "{\"version\": 1, \"version\": 1}", "duplicate" },
		{ "{\"version\": 1, \"machine\": 7, \"boot\": \"\"}", "of which host" },
		{ "{" HEAD "}", "no findings" },
		{ "{" HEAD ", \"findings\": {}}", "no findings" },
		{ "{" HEAD ", \"findings\": [7]}", "no object" },
		{ "{" HEAD ", \"findings\": [{}]}", "no known case" },
		{ "{" HEAD ", \"findings\": [{\"case\": \"x\"}]}", "no known case" },
		{ "{" HEAD ", \"findings\": [{\"case\": \"lease-of-nobody\"}]}",
		  "does not say of which container" },
		{ "{" HEAD ", \"findings\": [{\"case\": \"lease-of-nobody\", "
		  "\"container\": \"../x\"}]}",
		  "a name that none can have" },
		{ "{" HEAD ", \"findings\": [{\"case\": \"lease-of-nobody\", "
		  "\"container\": \"a\", \"address\": \"300.1.1.1\"}]}",
		  "an address of a finding is none" },
		{ "{" HEAD ", \"findings\": [{\"case\": \"lease-of-nobody\", "
		  "\"container\": \"a\"}]}",
		  "does not say what it is" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct audit audit;
		struct error e;

		assert_int_equal(report_read(table[i].text, &audit, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		if (!strstr(e.text, table[i].says))
			fail_msg("%s: %s", table[i].text, e.text);
		assert_non_null(strstr(e.remedy, "check"));
		audit_deinit(&audit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_what_is_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
