/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * The first process of a container of the tests. What it does is told by /mode:
 *
 *	ready     reports that it is ready and runs until it is told to stop
 *	never     runs, and never reports
 *	stubborn  is ready, and does not listen
 *	reboot    is ready; reboots the container once when it gets SIGUSR1, and each time in mode "reboots"
 *	fails     ends with status 7 before it is ready
 *	ends      ends with status 0 before it is ready
 *
 * It lives without a library but libc, in a tree that has nothing else.
 */

static volatile sig_atomic_t told_to_stop, told_to_fail, told_to_reboot;

/* Remembers a signal. */
static void remember(int number)
{
	if (number == SIGUSR1)
		told_to_reboot = 1;
	else if (number == SIGUSR2)
		told_to_fail = 1;
	else
		told_to_stop = 1;
}

/* Has a signal remembered. */
static void listen_to(int number)
{
	const struct sigaction action = { .sa_handler = remember };

	sigaction(number, &action, NULL);
}

/* Says READY=1 to whoever started the container; sd_notify(3). */
static void say_ready(void)
{
	static const char text[] = "READY=1\nSTATUS=at work";
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0 || !path || strlen(path) >= sizeof(name.sun_path))
		exit(3);
	memcpy(name.sun_path, path, strlen(path));
	if (sendto(fd, text, sizeof(text) - 1, 0, (const struct sockaddr *)&name, sizeof(name)) < 0)
		exit(4);
	close(fd);
}

/* Tells what network there is at its first instruction, and calls the server outside. */
static void look_at_network(void)
{
	struct sockaddr_in outside = { .sin_family = AF_INET, .sin_port = htons(7777) };
	struct ifaddrs *all = NULL;
	char answer[INET6_ADDRSTRLEN];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "198.51.100.2", &outside.sin_addr);
	if (getifaddrs(&all) < 0)
		exit(6);
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		const struct sockaddr_in *address = (const void *)one->ifa_addr;
		char text[INET_ADDRSTRLEN];

		if (address && address->sin_family == AF_INET &&
		    inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text)))
			printf("init sees %s %s\n", one->ifa_name, text);
	}
	freeifaddrs(all);
	/* The server logs a caller before it answers: whoever has the answer is in its log. */
	if (connect(fd, (const struct sockaddr *)&outside, sizeof(outside)) == 0 &&
	    read(fd, answer, sizeof(answer)) > 0)
		printf("init has called outside\n");
	close(fd);
}

/* Reads the mode. */
static void read_mode(char *mode, size_t size)
{
	int fd = open("/mode", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, mode, size - 1);

	if (n < 0)
		exit(5);
	mode[n] = '\0';
	mode[strcspn(mode, "\n")] = '\0';
	close(fd);
}

int main(void)
{
	char mode[32];

	read_mode(mode, sizeof(mode));
	printf("init runs in mode %s\n", mode);
	look_at_network();
	fflush(stdout);
	if (strcmp(mode, "fails") == 0)
		return 7;
	if (strcmp(mode, "ends") == 0)
		return 0;
	if (strcmp(mode, "stubborn") != 0)
		listen_to(SIGRTMIN + 3);
	listen_to(SIGUSR1);
	listen_to(SIGUSR2);
	if (strcmp(mode, "never") != 0)
		say_ready();
	while (!told_to_stop && !told_to_fail && !told_to_reboot && strcmp(mode, "reboots") != 0)
		pause();
	if (told_to_reboot || strcmp(mode, "reboots") == 0)
		reboot(RB_AUTOBOOT);
	return told_to_fail ? 9 : 0;
}
