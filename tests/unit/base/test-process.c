/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/words.h"

/* Runs a shell command. Returns what process_run() does. */
static int run(const char *command, const struct process_spec *like)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	struct process_spec spec = like ? *like : (struct process_spec){ 0 };

	assert_int_equal(words_split(&words, "/bin/sh -c", NULL), 0);
	assert_int_equal(words_add(&words, NULL, "%s", command), 0);
	spec.argv = words.list;
	return process_run(&spec, NULL);
}

static void test_status(void **state)
{
	(void)state;
	assert_int_equal(run("exit 0", NULL), 0);
	assert_int_equal(run("exit 3", NULL), 3);
	assert_int_equal(run("exit 255", NULL), 255);
	assert_int_equal(run("kill -TERM $$", NULL), 128 + SIGTERM);
	assert_int_equal(run("kill -KILL $$", NULL), 128 + SIGKILL);
}

static void test_program_that_is_not_there(void **state)
{
	static char program[] = "/nonexistent/program", directory[] = "/";
	char *argv[] = { program, NULL };
	struct process_spec spec = { .argv = argv };
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(process_run(&spec, &e), -ENOENT);
	assert_int_equal(e.class, ERROR_NO_PROGRAM);
	assert_non_null(strstr(e.text, "/nonexistent/program"));
	argv[0] = NULL;
	assert_int_equal(process_run(&spec, &e), -EINVAL);
	argv[0] = directory;
	assert_int_equal(process_run(&spec, &e), -EACCES);
	assert_int_equal(e.class, ERROR_CANNOT_RUN);
}

static void test_descriptors_and_environment(void **state)
{
	static char flavour[] = "FLAVOUR=salty";
	char *environment[] = { flavour, NULL };
	struct process_spec spec = { .environment = environment, .input = PROCESS_READS_NOTHING };
	_cleanup_(fd_closep) int reader = -1;
	_cleanup_(fd_closep) int writer = -1;
	char text[64] = "";
	int ends[2];

	(void)state;
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	reader = ends[0];
	writer = ends[1];
	spec.output = spec.error = writer;
	assert_int_equal(run("cat; echo $FLAVOUR; echo beef >&2", &spec), 0);
	assert_return_code(read(reader, text, sizeof(text) - 1), errno);
	assert_string_equal(text, "salty\nbeef\n");
	assert_null(getenv("FLAVOUR"));
}

static void test_pidfd_tells_the_end(void **state)
{
	static char cat[] = "cat";
	char *argv[] = { cat, NULL };
	struct process_spec spec = { .argv = argv, .input = PROCESS_READS_NOTHING };
	struct process process = PROCESS_INIT;
	struct pollfd poller = { .events = POLLIN };

	(void)state;
	assert_int_equal(process_spawn(&spec, &process, NULL), 0);
	poller.fd = process.pidfd;
	assert_int_equal(poll(&poller, 1, 10000), 1);
	assert_int_equal(process_wait(&process, NULL), 0);
	assert_int_equal(process.pidfd, -1);
	process_kill(&process);
}

static void test_kill(void **state)
{
	static char sleeper[] = "sleep", seconds[] = "1000";
	char *argv[] = { sleeper, seconds, NULL };
	struct process_spec spec = { .argv = argv };
	struct process process = PROCESS_INIT;
	pid_t pid;

	(void)state;
	assert_int_equal(process_spawn(&spec, &process, NULL), 0);
	pid = process.pid;
	assert_return_code(kill(pid, 0), errno);
	process_kill(&process);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_program_that_is_not_there),
		cmocka_unit_test(test_descriptors_and_environment),
		cmocka_unit_test(test_pidfd_tells_the_end),
		cmocka_unit_test(test_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
