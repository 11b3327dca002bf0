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

#include "cli/fail.h"

/**
 * captured - what fail_log() writes
 * @session: how
 * @e: the error
 * @text: the result
 */
static void captured(const struct session *session, const struct error *e, char text[2000])
{
	int saved = dup(STDERR_FILENO);
	int pipes[2];
	ssize_t n;

	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	fail_log(session, e);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	n = read(pipes[0], text, 1999);
	text[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	close(pipes[1]);
	close(saved);
}

/**
 * lines_appear_where_there_is_something - and only there
 * @state: not used
 */
static void lines_appear_where_there_is_something(void **state)
{
	const struct session session = { .program = "nixctr-net" };
	struct error e = ERROR_INIT;
	char text[2000];

	(void)state;
	(void)error_set(&e, ERROR_CONFLICT, 17, "link ve-foo is there already");
	captured(&session, &e, text);
	assert_string_equal(text, "nixctr-net: link ve-foo is there already\n");
	(void)snprintf(e.kernel, sizeof(e.kernel), "Invalid address");
	(void)snprintf(e.attribute, sizeof(e.attribute), "IFLA_ADDRESS");
	(void)error_remedy(&e, -17, "ip link delete ve-foo");
	captured(&session, &e, text);
	assert_string_equal(text, "nixctr-net: link ve-foo is there already\n"
				  "  kernel: Invalid address (IFLA_ADDRESS)\n"
				  "  try: ip link delete ve-foo\n");
	e.kernel[0] = '\0';
	captured(&session, &e, text);
	assert_non_null(strstr(text, "\n  kernel: IFLA_ADDRESS\n"));
}

/**
 * a_name_cannot_fake_a_line - nor a colour
 * @state: not used
 */
static void a_name_cannot_fake_a_line(void **state)
{
	const struct session session = { .program = "nixctr-net" };
	struct error e = ERROR_INIT;
	char text[2000];

	(void)state;
	(void)error_set(&e, ERROR_USAGE, 22, "name '%s' is bad", "a\n  try: rm\033[1m");
	captured(&session, &e, text);
	assert_string_equal(text, "nixctr-net: name 'a\\n  try: rm\\x1b[1m' is bad\n");
}

/**
 * colours_and_origin_are_on_request - --color=always and --debug
 * @state: not used
 */
static void colours_and_origin_are_on_request(void **state)
{
	struct session session = { .program = "x", .color = "always", .debug = true };
	struct error e = ERROR_INIT;
	char text[2000];

	(void)state;
	(void)error_set_at(&e, "../../base/addr.c", 42, ERROR_FAILED, 5, "broken");
	captured(&session, &e, text);
	assert_string_equal(text, "\033[1;31mx:\033[0m broken\n  origin: base/addr.c:42\n");
	session = (struct session){ .program = "x", .color = "never" };
	captured(&session, &e, text);
	assert_string_equal(text, "x: broken\n");
}

/**
 * main - run the tests of cli/fail.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_appear_where_there_is_something),
		cmocka_unit_test(a_name_cannot_fake_a_line),
		cmocka_unit_test(colours_and_origin_are_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
