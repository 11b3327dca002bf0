/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "machine/machine.h"

/*
 * Runs a command in the container of a systemd-nspawn: enter PID [COMMAND...]; without COMMAND a login
 * shell. Exits as leader_run() tells, or with the class of its error.
 */
int main(int argc, char **argv)
{
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;
	struct error e = ERROR_INIT;
	int r = argc > 1 ? leader_find((pid_t)strtol(argv[1], NULL, 10), &leader, &e) : -1;

	if (r == 0) {
		(void)fprintf(stderr, "no container\n");
		return EXIT_FAILURE;
	}
	if (r > 0)
		r = leader_run(&leader, "test", argc > 2 ? argv + 2 : NULL, &e);
	if (r >= 0)
		return r;
	(void)fprintf(stderr, "%s\n", e.text);
	return (int)e.class;
}
