/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

/**
 * history_words - the history in short: "act name local4 local6 (reason)" for each event
 * @fixture: borrowed
 * @period: borrowed
 * @text: filled
 */
static const char *history_words(struct fixture *fixture, const struct ipam_period *period,
				 char text[2048])
{
	_cleanup_(freep) struct ipam_event *events = NULL;
	char four[ADDR_TEXT], six[ADDR_TEXT];
	int64_t number = 0;
	size_t count, used = 0;

	assert_int_equal(ipam_history(fixture->ipam, period, &events, &count, &fixture->e), 0);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		assert_true(events[i].number > number);
		number = events[i].number;
		assert_in_range(events[i].time, time(NULL) - 60, time(NULL));
		used += (size_t)snprintf(text + used, 2048 - used, "%s %s %s %s (%s)\n",
					 ipam_act_name(events[i].act), events[i].container,
					 addr_format(&events[i].local4, four),
					 addr_format(&events[i].local6, six), events[i].reason);
	}
	return text;
}

/* A life: each step is told once, with its reason and who did it. */
static void test_steps(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", "fd00::1", "fd00::2"), lease;
	struct ipam_event *events;
	const struct ipam_period all = { 0 };
	size_t count;
	char text[2048];

	(void)snprintf(request.reason, sizeof(request.reason), "for the web");
	for (int i = 0; i < 2; i++)
		assert_int_equal(ipam_lease(fixture->ipam, &request,
					    IPAM_AUTOMATIC_V4 | IPAM_RESERVE, &lease, &fixture->e),
				 1 - i);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), -EEXIST);
	assert_int_equal(ipam_describe(fixture->ipam, "foo", "hers", &fixture->e), 1);
	assert_int_equal(ipam_describe(fixture->ipam, "foo", "hers", &fixture->e), 0);
	assert_int_equal(ipam_keep(fixture->ipam, "foo", "back soon", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "foo", "gone", &fixture->e), 1);
	assert_int_equal(ipam_release(fixture->ipam, "foo", "gone", &fixture->e), 0);
	assert_string_equal(history_words(fixture, &all, text),
			    "reserved foo 10.233.1.2 fd00::2 (for the web)\n"
			    "bound foo 10.233.1.2 fd00::2 ()\n"
			    "described foo 10.233.1.2 fd00::2 (hers)\n"
			    "reserved foo 10.233.1.2 fd00::2 (back soon)\n"
			    "released foo 10.233.1.2 fd00::2 (gone)\n");
	assert_int_equal(ipam_history(fixture->ipam, &all, &events, &count, &fixture->e), 0);
	assert_int_equal(events[4].actor.uid, 1000);
	assert_string_equal(events[4].actor.command, "test");
	assert_string_equal(events[4].actor.unit, "u");
	assert_memory_equal(events[4].boot, lease.boot, sizeof(lease.boot));
	free(events);
}

/* What fails is not told of, and what is replaced is told as given up. */
static void test_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_lease request = request_make("foo", "192.0.2.1", "192.0.2.2"), lease;
	const struct ipam_period all = { 0 };
	char text[2048];

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(fixture_explicit(fixture, "bar", "10.233.1.1", "192.0.2.2"), -EADDRINUSE);
	assert_int_equal(ipam_lease(fixture->ipam, &request, IPAM_REPLACE, &lease, &fixture->e), 1);
	assert_string_equal(history_words(fixture, &all, text),
			    "bound foo 10.233.1.2 none ()\n"
			    "released foo 10.233.1.2 none (replaced)\n"
			    "bound foo 192.0.2.2 none ()\n");
}

/* By container, by address at either end, and by time. */
static void test_period(void **state)
{
	struct fixture *fixture = *state;
	struct ipam_period period = { .container = "bar" };
	char text[2048];

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), 1);
	assert_int_equal(fixture_explicit(fixture, "six", "fd00::1", "fd00::2"), 1);
	assert_string_equal(history_words(fixture, &period, text),
			    "bound bar 10.233.2.2 none ()\n");
	period = (struct ipam_period){ .container = "baz" };
	assert_string_equal(history_words(fixture, &period, text), "");
	period = (struct ipam_period){ 0 };
	assert_int_equal(addr_parse("10.233.1.1", &period.addr, NULL), 0);
	assert_string_equal(history_words(fixture, &period, text),
			    "bound foo 10.233.1.2 none ()\n");
	assert_int_equal(addr_parse("fd00::2", &period.addr, NULL), 0);
	assert_string_equal(history_words(fixture, &period, text), "bound six none fd00::2 ()\n");
	fixture_sql(fixture, "UPDATE history SET time = 5 WHERE name <> 'bar'");
	period = (struct ipam_period){ .since = 6 };
	assert_string_equal(history_words(fixture, &period, text),
			    "bound bar 10.233.2.2 none ()\n");
}

/* Never more rows than there may be, and not many fewer; the newest stay. */
static void test_rows(void **state)
{
	static const int limits[] = { 1, 2, 20, 100, 3 };
	struct fixture *fixture = *state;
	int64_t rows;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		fixture_terms(fixture, 0, (uint32_t)limits[i]);
		for (int j = 0; j < 150; j++) {
			assert_int_equal(j % 2 ? ipam_release(fixture->ipam, "foo", "", &fixture->e)
					       : fixture_automatic(fixture, "foo", NULL),
					 1);
			rows = fixture_sql_int(fixture, "SELECT count(*) FROM history");
			assert_in_range(rows, limits[i] < j + 1 ? limits[i] - limits[i] / 16 : 1,
					j > 16 || i == 0 ? limits[i] : 1000);
		}
		rows = fixture_sql_int(fixture, "SELECT count(*) FROM history");
		assert_in_range(rows, limits[i] - limits[i] / 16, limits[i]);
		assert_int_equal(fixture_sql_int(fixture, "SELECT max(id) - min(id) FROM history"),
				 rows - 1);
	}
	fixture_terms(fixture, 0, 0);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	assert_int_equal(fixture_sql_int(fixture, "SELECT count(*) FROM history"), rows);
}

/* What is older than the days set goes, a bounded part of it with each change. */
static void test_days(void **state)
{
	const struct ipam_terms terms = { .history_rows = 4000, .history_days = 30 };
	struct fixture *fixture = *state;
	char name[16];

	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	fixture_sql(fixture,
		    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)"
		    " INSERT INTO history (time, act, name, pool, uid, command, unit, reason)"
		    " SELECT unixepoch() - 86400 * 30 - i, 'bound', 'old', '', 0, '', '', ''"
		    " FROM n");
	ipam_set_terms(fixture->ipam, &terms);
	for (int i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(fixture_automatic(fixture, name, NULL), 1);
	}
	assert_in_range(fixture_sql_int(fixture, "SELECT count(*) FROM history WHERE name = 'old'"),
			900, 1000);
	for (int i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(fixture_automatic(fixture, name, NULL), 1);
	}
	assert_int_equal(
		fixture_sql_int(fixture, "SELECT count(*) FROM history WHERE name = 'old'"), 0);
	assert_int_equal(fixture_sql_int(fixture, "SELECT count(*) FROM history"), 128);
}

/* The clock is set back: what comes later stays later, and nothing is thrown away for its age. */
static void test_clock_set_back(void **state)
{
	const struct ipam_terms terms = { .history_rows = 4000, .history_days = 30 };
	struct fixture *fixture = *state;
	const struct ipam_period all = { 0 };
	struct ipam_event *events;
	size_t count;

	ipam_set_terms(fixture->ipam, &terms);
	assert_int_equal(fixture_automatic(fixture, "foo", NULL), 1);
	fixture_sql(fixture, "UPDATE history SET time = time + 86400 * 365");
	assert_int_equal(ipam_release(fixture->ipam, "foo", "", &fixture->e), 1);
	assert_int_equal(fixture_automatic(fixture, "bar", NULL), 1);
	assert_int_equal(ipam_history(fixture->ipam, &all, &events, &count, &fixture->e), 0);
	assert_int_equal(count, 3);
	assert_true(events[0].time > events[1].time);
	assert_int_equal(events[0].act, IPAM_ACT_BOUND);
	assert_int_equal(events[1].act, IPAM_ACT_RELEASED);
	assert_string_equal(events[2].container, "bar");
	free(events);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps), TEST(test_replaced), TEST(test_period),
		TEST(test_rows),  TEST(test_days),     TEST(test_clock_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
