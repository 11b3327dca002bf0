/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* What one call writes to standard error. */
static void captured(enum log_style style, enum log_level max, char text[200])
{
	int saved = dup(STDERR_FILENO);
	int pipes[2];
	ssize_t n;

	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	log_init(style, max);
	log_info("%s: attached", "foo");
	log_debug("%s", "detail");
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	n = read(pipes[0], text, 199);
	text[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	close(pipes[1]);
	close(saved);
}

static void the_journal_gets_priorities(void **state)
{
	char text[200];

	(void)state;
	captured(LOG_STYLE_JOURNAL, LOG_LEVEL_DEBUG, text);
	assert_string_equal(text, "<6>foo: attached\n<7>detail\n");
}

static void a_terminal_gets_plain_lines(void **state)
{
	char text[200];

	(void)state;
	captured(LOG_STYLE_TERMINAL, LOG_LEVEL_INFO, text);
	assert_string_equal(text, "foo: attached\n");
}

static void less_urgent_lines_are_not_shown(void **state)
{
	char text[200];

	(void)state;
	captured(LOG_STYLE_TERMINAL, LOG_LEVEL_WARNING, text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_journal_gets_priorities),
		cmocka_unit_test(a_terminal_gets_plain_lines),
		cmocka_unit_test(less_urgent_lines_are_not_shown),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
