/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bus.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "machine/unit.h"

/*
 * machined keeps a machine as long as its unit is not inactive, and a unit that systemd starts again
 * never is. So after a kill -9 of systemd-nspawn the next one is told that the machine already
 * exists, until systemd gives up. Whoever starts a container has it forgotten first.
 */

#define MACHINES     "/run/systemd/machines"
#define ANSWER_USEC  (3 * 1000000ULL)
#define RECORD_BYTES 65536

/**
 * record_value - the value of a line of machined's record
 * @record: lines KEY=VALUE, borrowed
 * @key: with the equals sign
 * @value, @size: the result, "" without such a line
 */
static void record_value(const char *record, const char *key, char *value, size_t size)
{
	const char *line = record;

	value[0] = '\0';
	while (line) {
		if (strncmp(line, key, strlen(key)) == 0) {
			line += strlen(key);
			(void)snprintf(value, size, "%.*s", (int)strcspn(line, "\n"), line);
			return;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

/**
 * record_is_stale - whether a machine's record is about one that is gone
 * @record: borrowed
 * @name: of the container
 *
 * One that our own unit had is: the unit is only now being started. Somebody else's is when its
 * leader is.
 */
static bool record_is_stale(const char *record, const char *name)
{
	char ours[UNIT_NAME_MAX], unit[256], leader[32];
	char *end;
	long pid;

	record_value(record, "SCOPE=", unit, sizeof(unit));
	if (unit_name(name, ours, NULL) == 0 && strcmp(unit, ours) == 0)
		return true;
	record_value(record, "LEADER=", leader, sizeof(leader));
	pid = strtol(leader, &end, 10);
	return *end == '\0' && pid > 1 && pid <= INT_MAX && kill((pid_t)pid, 0) < 0 &&
	       errno == ESRCH;
}

/**
 * machine_unregister - tell machined that a machine is gone
 * @machine: its name, borrowed
 * @e: filled on failure
 *
 * Not "terminate": that would stop the unit, which is being started.
 *
 * Returns 1 or -errno.
 */
static int machine_unregister(const char *machine, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(bus_closep) sd_bus *bus = NULL;
	int r = bus_open_system(&bus, e);

	if (r == 0)
		r = sd_bus_set_method_call_timeout(bus, ANSWER_USEC);
	if (r < 0)
		return r;
	r = sd_bus_call_method(bus, "org.freedesktop.machine1", "/org/freedesktop/machine1",
			       "org.freedesktop.machine1.Manager", "UnregisterMachine", &answer,
			       NULL, "s", machine);
	return r < 0 ? bus_failed(e, r, &answer, "systemd-machined") : 1;
}

/**
 * machine_forget - have machined forget a machine whose systemd-nspawn is gone
 * @name: of the container, a checked one, borrowed
 * @e: filled on failure
 *
 * Called when the unit of the container is about to start. Without machined there is nothing to
 * forget, and nobody who would object.
 *
 * Returns 1, 0 when there was nothing to forget, or -errno.
 */
int machine_forget(const char *name, struct error *e)
{
	_cleanup_(freep) char *record = NULL;
	char path[PATH_MAX], machine[MACHINE_NAME_MAX], host[MACHINE_NAME_MAX];
	struct error unknown = ERROR_INIT;
	size_t length;
	int r;

	(void)machine_name(name, machine, host);
	r = path_format(path, sizeof(path), e, MACHINES "/%s", machine);
	if (r < 0)
		return r;
	r = file_read(path, RECORD_BYTES, &record, &length, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!record_is_stale(record, name))
		return 0;
	r = machine_unregister(machine, &unknown);
	if (r < 0)
		log_warning("%s: machined may keep a machine that is gone: %s", name, unknown.text);
	return r > 0;
}
