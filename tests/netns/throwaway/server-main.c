/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/netns/throwaway/server.h"

/*
 * A server as the one outside, in the namespace that it is started in: server PORT LOG. Prints its PID
 * when it listens.
 */
int main(int argc, char **argv)
{
	unsigned long port = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	struct server server;

	if (port == 0 || port > UINT16_MAX)
		errx(2, "usage: server PORT LOG");
	server = server_open((uint16_t)port, argv[2]);
	if (dprintf(STDOUT_FILENO, "%d\n", getpid()) < 0)
		err(1, "cannot say that it listens");
	server_serve(&server);
}
