/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/**
 * marked - the mark of the book
 * @fixture: borrowed
 */
static struct ipam_mark marked(const struct fixture *fixture)
{
	struct ipam_mark mark;

	assert_true(ipam_mark_read(fixture->path, &mark));
	return mark;
}

static void test_mark(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_mark before, after;
	_cleanup_(freep) char *bytes = NULL;
	size_t size;

	before = marked(fixture);
	assert_true(ipam_mark_follows(&before, &before));
	assert_int_equal(fixture_automatic(fixture, "a", NULL), 1);
	after = marked(fixture);
	assert_true(ipam_mark_follows(&after, &before));
	assert_false(ipam_mark_follows(&before, &after));
	/* The same content in another file is another book. */
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(file_read(fixture->path, 1 << 24, &bytes, &size, NULL), 0);
	assert_int_equal(file_replace(fixture->path, bytes, size, 0600, NULL), 0);
	before = marked(fixture);
	assert_false(ipam_mark_follows(&before, &after));
	/* An empty one is none. */
	assert_int_equal(truncate(fixture->path, 0), 0);
	assert_false(ipam_mark_read(fixture->path, &after));
	assert_int_equal(unlink(fixture->path), 0);
	assert_false(ipam_mark_read(fixture->path, &after));
}

static void test_verify(void **state)
{
	static const struct {
		const char *sql, *says;
	} table[] = {
		{ "UPDATE pool SET leased = 7", "counted its leases wrongly" },
		{ "DELETE FROM address WHERE addr = x'0ae90102'", "that is not entered" },
		{ "UPDATE address SET addr = x'01020304' WHERE addr = x'0ae90102'",
		  "that its lease does not have" },
		{ "UPDATE address SET lease = 99 WHERE addr = x'0ae90102'",
		  "that its lease does not have" },
		{ "PRAGMA ignore_check_constraints = ON; UPDATE lease SET state = 'lost'",
		  "CHECK constraint failed" },
		{ "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, "
		  "'mac BLOB UNIQUE', 'mac BLOB') WHERE name = 'lease'",
		  "" },
	};
	struct fixture *fixture = *state;
	_cleanup_(freep) char *bytes = NULL;
	size_t size;

	assert_int_equal(fixture_automatic(fixture, "a", NULL), 1);
	assert_int_equal(ipam_verify(fixture->ipam, &fixture->e), 0);
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(file_read(fixture->path, 1 << 24, &bytes, &size, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(file_replace(fixture->path, bytes, size, 0600, NULL), 0);
		fixture_sql(fixture, table[i].sql);
		fixture->e = ERROR_INIT;
		if (ipam_open(fixture->path, IPAM_READ, &fixture->ipam, &fixture->e) == 0)
			assert_int_equal(ipam_verify(fixture->ipam, &fixture->e), -EUCLEAN);
		ipam_close(fixture->ipam);
		fixture->ipam = NULL;
		assert_error(fixture, ERROR_FAILED, table[i].says, "ipam rebuild");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mark),
		TEST(test_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
