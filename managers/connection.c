/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "managers/connection.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/**
 * managers_open - connect to the bus on which other programs can be asked
 * @ret_managers: the connection; the caller ends with managers_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int managers_open(struct managers **ret_managers, struct error *e)
{
	_cleanup_(managers_closep) struct managers *managers = calloc(1, sizeof(*managers));
	int r;

	if (!managers)
		return error_errno(e, ENOMEM, "cannot connect to the system bus");
	r = bus_open_system(&managers->bus, e);
	if (r < 0)
		return r;
	*ret_managers = TAKE_PTR(managers);
	return 0;
}

/**
 * managers_close - end the connection
 * @managers: taken; NULL is fine
 */
void managers_close(struct managers *managers)
{
	if (!managers)
		return;
	bus_closep(&managers->bus);
	free(managers);
}

/**
 * managers_closep - end the connection that a variable holds, for _cleanup_()
 * @managers: its address
 */
void managers_closep(struct managers **managers)
{
	managers_close(*managers);
}

/**
 * connection_has - whether a program is on the bus
 * @managers: borrowed
 * @name: its well-known name
 * @e: filled on failure
 *
 * To call a program that is not there may start it, which is not for us to do.
 *
 * Returns 1, 0 or -errno.
 */
int connection_has(struct managers *managers, const char *name, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
	int there = 0;
	int r = sd_bus_call_method(managers->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
				   "org.freedesktop.DBus", "NameHasOwner", &answer, &reply, "s",
				   name);

	if (r >= 0)
		r = sd_bus_message_read(reply, "b", &there);
	if (r < 0)
		return bus_failed(e, r, &answer, "cannot ask who is on the system bus");
	return there;
}
