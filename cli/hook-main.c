/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "cli/fail.h"
#include "cli/hook.h"

/*
 * The hooks of container units as a program of their own. It does what "nixctr-net hook" does, and
 * starts faster for being linked with nothing else: every boot of every container waits for it.
 */

static const struct option_spec specs[] = {
	{ "root", 0, OPTION_TEXT, offsetof(struct session, root), "DIR",
	  "work on files below DIR" },
	{ "debug", 0, OPTION_FLAG, offsetof(struct session, debug), NULL, "show every request" },
	{ "version", 0, OPTION_FLAG, offsetof(struct session, version), NULL, "show the version" },
};

static const struct option_table options = OPTION_TABLE(specs, struct session);

/**
 * run - read the command line and do the step
 * @session: its program name is set
 * @argc, @argv: as main() got them
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int run(struct session *session, int argc, char **argv, struct error *e)
{
	const struct option_target target = { &options, session };
	enum hook_step step;
	int index;
	int r = options_parse(argc, argv, &target, 1, OPTIONS_ANYWHERE, &index, e);

	if (r == 0 && session->version) {
		printf("%s %s\n", session->program, NIXCTR_NET_VERSION);
		return 0;
	}
	if (r == 0 && (argc - index != 2 || !hook_step_find(argv[index], &step)))
		r = error_set(e, ERROR_USAGE, EINVAL,
			      "usage: %s [--root DIR] [--debug] pre-start|post-stop NAME",
			      session->program);
	if (r == 0)
		r = session_begin(session, e);
	return r < 0 ? r : hook_run(session, step, argv[index + 1], e);
}

/**
 * main - nixctr-net-hook
 *
 * Returns 0, or the class of the error (base/error.h).
 */
int main(int argc, char **argv)
{
	struct session session = { .program = session_program(argv[0]) };
	struct error e = ERROR_INIT;

	if (run(&session, argc, argv, &e) >= 0)
		return 0;
	fail_log(&session, &e);
	return (int)e.class;
}
