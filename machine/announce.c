/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/machine.h"

/**
 * machine_announce - tell the manager that has started us how we are
 * @state: assignments, one a line, borrowed
 *
 * One datagram, without libsystemd. Source: sd_notify(3), "Notes". Where there is no manager that
 * wants to know, nothing is sent; one that does not listen is no failure of ours.
 */
void machine_announce(const char *state)
{
	_cleanup_(fd_closep) int fd = -1;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(name.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(name.sun_path, path, length);
	if (path[0] == '@')
		name.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const void *)&name,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		log_debug("cannot tell %s: errno %d", path, errno);
}

/**
 * machine_watchdog - how often the manager wants to hear from us
 *
 * Source: sd_watchdog_enabled(3).
 *
 * Returns microseconds after which it takes us for dead, 0: it does not.
 */
uint64_t machine_watchdog(void)
{
	const char *interval = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!interval || (pid && strtoimax(pid, NULL, 10) != getpid()))
		return 0;
	return strtoumax(interval, NULL, 10);
}
