/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/command.h"

/* One command line, and what became of it. */
struct run {
	char line[256];
	char *argv[32];
	int argc;
	struct session session;
	struct error e;
};

/**
 * run_line - do what a command line says
 * @run: filled
 * @line: words with one blank between them, the first being the program
 *
 * Returns what command_run() returned.
 */
static int run_line(struct run *run, const char *line)
{
	char *rest = run->line;

	memset(run, 0, sizeof(*run));
	(void)snprintf(run->line, sizeof(run->line), "%s", line);
	for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
		run->argv[run->argc++] = word;
	run->session.program = session_program(run->argv[0]);
	return command_run(&run->session, run->argc, run->argv, &run->e);
}

/**
 * expect_help - check that a line is refused with where it is told what there is
 * @line: behind the program's name
 * @text: the message
 * @remedy: the command that tells
 */
static void expect_help(const char *line, const char *text, const char *remedy)
{
	char whole[256];
	struct run run;

	(void)snprintf(whole, sizeof(whole), "nixctr-net %s", line);
	assert_int_equal(run_line(&run, whole), -EINVAL);
	assert_string_equal(run.e.text, text);
	assert_string_equal(run.e.remedy, remedy);
}

/**
 * expect_mistake - check that a line is refused before anything is done
 * @line: behind the program's name
 * @text: the message
 */
static void expect_mistake(const char *line, const char *text)
{
	char whole[256];
	struct run run;

	(void)snprintf(whole, sizeof(whole), "nixctr-net%s%s", line[0] ? " " : "", line);
	assert_int_equal(run_line(&run, whole), -EINVAL);
	assert_int_equal(run.e.class, ERROR_USAGE);
	assert_string_equal(run.e.text, text);
}

/**
 * unknown_commands_are_named - with the one that was perhaps meant
 * @state: not used
 */
static void unknown_commands_are_named(void **state)
{
	(void)state;
	expect_mistake("lst", "there is no command 'lst'; did you mean 'list'?");
	expect_mistake("nte show", "there is no command 'nte'; did you mean 'net'?");
	expect_mistake("net shwo", "there is no command 'net shwo'; did you mean 'net show'?");
	expect_mistake("exec foo", "there is no command 'exec'; did you mean 'net exec'?");
	expect_mistake("remove foo", "there is no command 'remove'; did you mean 'destroy'?");
	expect_mistake("ps", "there is no command 'ps'; did you mean 'list'?");
	expect_mistake("rm foo", "there is no command 'rm'; did you mean 'destroy'?");
	expect_mistake("shell foo", "there is no command 'shell'; did you mean 'root-login'?");
	expect_mistake("net list", "there is no command 'net list'; did you mean 'net show'?");
	expect_mistake("nat forward rm", "there is no command 'nat forward rm'; did you mean "
					 "'nat forward remove'?");
	expect_mistake("nat ls", "there is no command 'nat ls'; did you mean 'nat show'?");
	expect_help("frobnicate", "there is no command 'frobnicate'", "nixctr-net --help");
	expect_help("net create", "there is no command 'net create'", "nixctr-net net --help");
	expect_help("net", "'net' needs a verb", "nixctr-net net --help");
	expect_help("nat forward", "'nat forward' needs a verb", "nixctr-net nat forward --help");
	expect_mistake("", "no command given");
	expect_mistake("help lst", "there is no command 'lst'; did you mean 'list'?");
	expect_mistake("help net shwo", "there is no command 'net shwo'; did you mean 'net show'?");
	expect_help("help nat frobnicate", "there is no command 'nat frobnicate'",
		    "nixctr-net nat --help");
}

/**
 * arguments_are_counted - too few, too many, none at all
 * @state: not used
 */
static void arguments_are_counted(void **state)
{
	(void)state;
	expect_mistake("create", "'create' needs NAME");
	expect_mistake("create a b", "'create' takes only NAME; 'b' is one too many");
	expect_mistake("nat disable eth0", "'nat disable' takes no argument 'eth0'");
	expect_mistake("net up", "'net up' needs either NAME or --all");
	expect_mistake("net down --all foo", "'net down' needs either NAME or --all");
	expect_mistake("net exec foo", "'net exec' needs NAME COMMAND...");
	expect_mistake("net exec foo --", "'net exec' needs NAME COMMAND...");
	expect_mistake("help net up foo", "'help' takes only one command; 'foo' is one too many");
	expect_mistake("nat enable", "'nat enable' needs --external LINK or --external auto");
}

/**
 * globals_stand_anywhere - before the noun, between, behind, and behind a mistake
 * @state: not used
 */
static void globals_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"x --json net shwo", "x net --json shwo",    "x net shwo --json",
		"x lst foo --json",  "x --nope --json list", "x list --nope --json",
		"x create --json",
	};
	struct run run;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(run_line(&run, lines[i]), -EINVAL);
		assert_true(run.session.json);
	}
}

/**
 * wrapped_commands_keep_their_options - what stands behind the name is not ours
 * @state: not used
 */
static void wrapped_commands_keep_their_options(void **state)
{
	struct run run;

	(void)state;
	assert_int_equal(run_line(&run, "x net exec --color mauve foo ls --json --nope"), -EINVAL);
	assert_non_null(strstr(run.e.text, "mauve"));
	assert_false(run.session.json);
}

/**
 * globals_are_checked - before a verb runs
 * @state: not used
 */
static void globals_are_checked(void **state)
{
	(void)state;
	expect_mistake("list --color=mauve", "--color takes auto, always or never, not 'mauve'");
	expect_mistake("list --root relative", "root directory 'relative' is not absolute");
}

/**
 * program_is_named_as_called - so that a link speaks for itself
 * @state: not used
 */
static void program_is_named_as_called(void **state)
{
	(void)state;
	assert_string_equal(session_program("/usr/bin/nixos-container"), "nixos-container");
	assert_string_equal(session_program("nixctr-net"), "nixctr-net");
	assert_string_equal(session_program(""), "nixctr-net");
	assert_string_equal(session_program(NULL), "nixctr-net");
}

/**
 * main - run the tests of cli/command.c and cli/session.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_commands_are_named),
		cmocka_unit_test(arguments_are_counted),
		cmocka_unit_test(globals_stand_anywhere),
		cmocka_unit_test(wrapped_commands_keep_their_options),
		cmocka_unit_test(globals_are_checked),
		cmocka_unit_test(program_is_named_as_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
