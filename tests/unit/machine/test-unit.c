/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "machine/unit.h"

static void a_unit_is_named_after_its_container(void **state)
{
	char unit[UNIT_NAME_MAX], name[UNIT_NAME_MAX];

	(void)state;
	assert_int_equal(unit_name("a_b-c.d", unit, NULL), 0);
	assert_string_equal(unit, "container@a_b-c.d.service");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(unit_name(name, unit, NULL), -ENAMETOOLONG);
}

static void states_of_systemd_are_states_of_the_container(void **state)
{
	static const struct {
		const char *active, *sub;
		enum machine_state state;
	} cases[] = {
		{ "active", "running", MACHINE_UP },
		{ "reloading", "reload", MACHINE_UP },
		{ "inactive", "dead", MACHINE_DOWN },
		{ "failed", "failed", MACHINE_FAILED },
		{ "activating", "start-pre", MACHINE_STARTING },
		{ "activating", "start", MACHINE_STARTING },
		{ "activating", "auto-restart", MACHINE_STARTING },
		{ "activating", "auto-restart-queued", MACHINE_STARTING },
		{ "deactivating", "stop-sigterm", MACHINE_STOPPING },
		{ "maintenance", "?", MACHINE_DOWN },
		{ "", "", MACHINE_DOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(unit_state(cases[i].active, cases[i].sub), cases[i].state);
}

static void what_cleans_up_is_not_the_container(void **state)
{
	(void)state;
	assert_true(unit_is_cleaning_up("stop-post"));
	assert_true(unit_is_cleaning_up("final-sigterm"));
	assert_false(unit_is_cleaning_up("stop-sigterm"));
	assert_false(unit_is_cleaning_up("running"));
}

/* What is said about an end. */
static const char *phrase(const char *result, int code, int status)
{
	struct unit_end end = { .code = code, .status = status, .timeout = 60 * 1000000ULL };
	static char buffer[192];

	memcpy(end.result, result, strlen(result) + 1);
	return unit_end_phrase(&end, buffer, sizeof(buffer));
}

static void an_end_is_told_in_words(void **state)
{
	(void)state;
	assert_string_equal(phrase("exit-code", CLD_EXITED, 3),
			    "systemd-nspawn ended with exit status 3 (exit-code)");
	assert_string_equal(phrase("signal", CLD_KILLED, SIGKILL),
			    "systemd-nspawn was killed by SIGKILL (signal)");
	assert_string_equal(phrase("timeout", CLD_KILLED, SIGKILL),
			    "it was not ready within 60 s (timeout)");
	assert_string_equal(phrase("exit-code", 0, 0), "a step before it failed (exit-code)");
	assert_string_equal(phrase("", CLD_KILLED, 4711),
			    "systemd-nspawn was killed by SIG? (no result)");
}

static void only_jobs_that_did_nothing_have_a_phrase(void **state)
{
	(void)state;
	assert_non_null(unit_job_phrase("canceled"));
	assert_non_null(unit_job_phrase("dependency"));
	assert_null(unit_job_phrase("failed"));
	assert_null(unit_job_phrase("done"));
}

/* A line without what was meant for a console. */
static const char *plain(const char *line)
{
	static char buffer[128];

	memcpy(buffer, line, strlen(line) + 1);
	return unit_line_plain(buffer);
}

static void lines_lose_their_colours(void **state)
{
	(void)state;
	assert_string_equal(plain("[\033[0;32m  OK  \033[0m] Started.\r"), "[  OK  ] Started.");
	assert_string_equal(plain("first\nsecond"), "first");
	assert_string_equal(plain("cut off \033["), "cut off ");
	assert_string_equal(plain("cut off \033"), "cut off ");
	assert_string_equal(plain("a\033cb"), "ab");
	assert_string_equal(plain(""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_is_named_after_its_container),
		cmocka_unit_test(states_of_systemd_are_states_of_the_container),
		cmocka_unit_test(what_cleans_up_is_not_the_container),
		cmocka_unit_test(an_end_is_told_in_words),
		cmocka_unit_test(only_jobs_that_did_nothing_have_a_phrase),
		cmocka_unit_test(lines_lose_their_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
