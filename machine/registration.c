/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "machine/machine.h"

#define REGISTRATION_USEC (10 * (uint64_t)1000 * 1000)

/**
 * machine_can_register - whether machined can be told of a machine
 *
 * systemd-nspawn fails when it cannot tell it. A container without that is better than none, so it
 * is asked before; the bus starts it if it has to.
 */
bool machine_can_register(void)
{
	sd_bus *bus = NULL;
	sd_bus_message *call = NULL;
	int r;

	if (sd_booted() <= 0)
		return false;
	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.machine1",
						   "/org/freedesktop/machine1",
						   "org.freedesktop.DBus.Peer", "Ping");
	if (r >= 0)
		r = sd_bus_call(bus, call, REGISTRATION_USEC, NULL, NULL);
	if (r < 0)
		log_warning("machined cannot be reached, so that machinectl(1) will not show the "
			    "container");
	sd_bus_message_unref(call);
	sd_bus_flush_close_unref(bus);
	return r >= 0;
}
