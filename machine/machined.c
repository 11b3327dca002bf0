/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
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
	r = bus_failed(e, r, answer, "systemd-machined gives no login prompt");
	return error_remedy(e, r, "nixctr-net root-login %s", name);
}

/**
 * machined_login - a login prompt of a container on our terminal, until it ends
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * machined decides who may do this (polkit's org.freedesktop.machine1.login), and may ask for it.
 *
 * Returns the exit status or -errno.
 */
int machined_login(const char *name, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
	_cleanup_(bus_closep) sd_bus *bus = NULL;
	_cleanup_(fd_closep) int terminal = -1;
	int fd, r = bus_open_system(&bus, e);

	if (r < 0)
		return r;
	r = sd_bus_message_new_method_call(bus, &call, MACHINED_NAME, MACHINED_PATH,
					   MACHINED_MANAGER, "OpenMachineLogin");
	if (r >= 0)
		r = sd_bus_message_set_allow_interactive_authorization(call, 1);
	if (r >= 0)
		r = sd_bus_message_append(call, "s", name);
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
	return terminal_forward(&(struct terminal_spec){ .master = terminal,
							 .input = STDIN_FILENO,
							 .output = STDOUT_FILENO,
							 .end = TERMINAL_UNTIL_ESCAPE },
				e);
}
