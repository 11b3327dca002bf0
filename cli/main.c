/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/fail.h"
#include "cli/json.h"

/**
 * answer_end - make sure that what was printed has arrived
 * @r: what the command returned; an earlier failure is more telling
 * @e: filled on failure
 *
 * Returns @r or -errno.
 */
static int answer_end(int r, struct error *e)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && r >= 0)
		return error_errno(e, errno ? errno : EIO, "cannot write the answer");
	return r;
}

/**
 * main - nixctr-net: words in, words out
 *
 * Returns 0, a command's own status, or the class of its error (base/error.h).
 */
int main(int argc, char **argv)
{
	struct session session = { .program = session_program(argv[0]) };
	struct error e = ERROR_INIT;
	int r = answer_end(command_run(&session, argc, argv, &e), &e);

	if (r >= 0)
		return r;
	if (session.json)
		json_fail(&session, &e);
	else
		fail_log(&session, &e);
	return (int)e.class;
}
