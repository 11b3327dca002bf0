/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine/attendant.h"

/*
 * nixctr-net-init: the first program of a container whose network cannot be prepared. It waits until
 * the network has been made around it, and becomes the container's own init. Linked with nothing but
 * a static libc, so that it runs in any tree.
 */

#define DEADLINE_S 60

/**
 * out_of_time - end a wait that takes too long
 * @number: SIGALRM
 */
static void out_of_time(int number)
{
	static const char text[] = "nixctr-net-init: the network was not made in time\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

/**
 * network_await - wait until the network has been made
 *
 * The start of the container ends with us, by our own deadline at the latest.
 *
 * Returns whether it has.
 */
static int network_await(void)
{
	const struct sigaction action = { .sa_handler = out_of_time };
	char answer = '\0';
	int fd;

	(void)sigaction(SIGALRM, &action, NULL);
	(void)alarm(DEADLINE_S);
	fd = open(ATTENDANT_INSIDE, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &answer, 1) < 0)
		fprintf(stderr, "nixctr-net-init: cannot wait for the network: %s\n",
			strerror(errno));
	(void)alarm(0);
	(void)signal(SIGALRM, SIG_DFL);
	if (fd >= 0)
		close(fd);
	if (answer != ATTENDANT_DONE)
		fprintf(stderr, "nixctr-net-init: there is no network\n");
	return answer == ATTENDANT_DONE;
}

/**
 * main - nixctr-net-init [INIT [ARGUMENT...]]
 *
 * Without INIT it becomes what systemd-nspawn --boot would. Returns only on failure.
 */
int main(int argc, char **argv)
{
	static const char *const usual[] = { "/usr/lib/systemd/systemd", "/lib/systemd/systemd",
					     "/sbin/init", NULL };

	if (!network_await())
		return 1;
	if (argc > 1)
		execv(argv[1], argv + 1);
	for (const char *const *init = usual; argc < 2 && *init; init++) {
		static char name[64];

		(void)snprintf(name, sizeof(name), "%s", *init);
		argv[0] = name;
		execv(*init, argv);
	}
	fprintf(stderr, "nixctr-net-init: cannot run %s: %s\n", argc > 1 ? argv[1] : "an init",
		strerror(errno));
	return 127;
}
