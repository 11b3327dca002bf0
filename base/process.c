/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"

/**
 * process_exec - become another program
 * @argv: its name, looked up in PATH, and arguments; ends with NULL
 * @e: names the program
 *
 * Returns only on failure: -ENOENT (ERROR_NO_PROGRAM) or another -errno (ERROR_CANNOT_RUN).
 */
int process_exec(char *const argv[], struct error *e)
{
	int r;

	log_debug("exec: %s", argv[0]);
	for (size_t i = 1; argv[i]; i++)
		log_debug("exec: argv[%zu] = %s", i, argv[i]);
	execvp(argv[0], argv);
	r = error_errno(e, errno, "cannot run %s", argv[0]);
	return error_classify(e, r, r == -ENOENT ? ERROR_NO_PROGRAM : ERROR_CANNOT_RUN);
}
