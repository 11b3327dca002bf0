/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "machine/systemd.h"
#include "machine/terminal.h"

#define MACHINED_NAME    "org.freedesktop.machine1"
#define MACHINED_PATH    "/org/freedesktop/machine1"
#define MACHINED_MANAGER "org.freedesktop.machine1.Manager"

/**
 * login_failed - say why there is no login prompt
 * @r: negative, of the call
 * @answer: borrowed
 * @name: of the container
 * @e: filled
 *
 * Returns @r.
 */
static int login_failed(int r, const sd_bus_error *answer, const char *name, struct error *e)
{
	if (sd_bus_error_has_name(answer, MACHINED_NAME ".NoSuchMachine")) {
		r = error_set(e, ERROR_FAILED, ESRCH, "it is not running");
		return error_remedy(e, r, "nixctr-net start %s", name);
	}
	r = bus_refused(e, r, answer, "systemd-machined gives no login prompt");
	if (r == -EACCES)
		return error_remedy(e, r, "log in to this host first, or run it as root");
	if (geteuid() != 0)
		return error_remedy(e, r, "run it as root");
	return error_remedy(e, r, "nixctr-net root-login %s", name);
}

/**
 * machined_leader - the first process of a container, as machined knows it
 * @bus: borrowed
 * @machine: its name there, borrowed
 *
 * Returns a pidfd, or -errno: -ESRCH when it is gone.
 */
static int machined_leader(sd_bus *bus, const char *machine)
{
	_cleanup_(freep) char *path = NULL;
	uint32_t leader = 0;
	int fd, r = sd_bus_path_encode(MACHINED_PATH "/machine", machine, &path);

	if (r >= 0)
		r = sd_bus_get_property_trivial(bus, MACHINED_NAME, path, MACHINED_NAME ".Machine",
						"Leader", NULL, 'u', &leader);
	if (r < 0 || leader == 0)
		return r < 0 ? r : -ESRCH;
	fd = pidfd_open((pid_t)leader, 0);
	return fd < 0 ? -errno : fd;
}

/**
 * machined_login - a login prompt of a container on our terminal, until it ends
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * machined decides who may do this (polkit's org.freedesktop.machine1.login), and may ask for it. The
 * prompt comes again whenever somebody has logged out, until the container is gone.
 *
 * Returns the exit status or -errno.
 */
int machined_login(const char *name, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
	_cleanup_(bus_closep) sd_bus *bus = NULL;
	_cleanup_(fd_closep) int terminal = -1;
	_cleanup_(fd_closep) int leader = -1;
	char machine[MACHINE_NAME_MAX], host[MACHINE_NAME_MAX];
	int fd, r = bus_open_system(&bus, e);

	if (r < 0)
		return r;
	(void)machine_name(name, machine, host);
	r = sd_bus_message_new_method_call(bus, &call, MACHINED_NAME, MACHINED_PATH,
					   MACHINED_MANAGER, "OpenMachineLogin");
	if (r >= 0)
		r = sd_bus_message_set_allow_interactive_authorization(call, 1);
	if (r >= 0)
		r = sd_bus_message_append(call, "s", machine);
	if (r >= 0)
		r = sd_bus_call(bus, call, UINT64_MAX, &answer, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "hs", &fd, NULL);
	if (r < 0)
		return login_failed(r, &answer, name, e);
	/* The descriptor in the message goes with it. */
	terminal = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (terminal < 0)
		return error_errno(e, errno, "cannot keep the terminal of '%s'", name);
	leader = machined_leader(bus, machine);
	if (leader < 0)
		return login_failed(leader, NULL, name, e);
	return terminal_forward(&(struct terminal_spec){ .master = terminal,
							 .input = STDIN_FILENO,
							 .output = STDOUT_FILENO,
							 .giver = leader,
							 .end = TERMINAL_UNTIL_ESCAPE },
				e);
}
