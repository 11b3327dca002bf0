/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/systemd.h"

/**
 * unit_init - the unit of a container, and the path of its object
 * @unit: filled; unit_deinit() releases it
 * @container: a checked name, borrowed while the unit is
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int unit_init(struct unit *unit, const char *container, struct error *e)
{
	int r = unit_name(container, unit->name, e);

	if (r < 0)
		return r;
	unit->container = container;
	r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit->name, &unit->path);
	return r < 0 ? error_errno(e, -r, "%s", unit->name) : 0;
}

/**
 * unit_deinit - release what unit_init() took
 * @unit: UNIT_INIT or filled
 */
void unit_deinit(struct unit *unit)
{
	free(unit->path);
	unit->path = NULL;
}

/**
 * unit_get_text - a property that is a word
 * @systemd: borrowed
 * @unit: borrowed
 * @interface, @property: which
 * @text, @size: where it goes
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int unit_get_text(struct systemd *systemd, const struct unit *unit, const char *interface,
		  const char *property, char *text, size_t size, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(freep) char *value = NULL;
	int r = sd_bus_get_property_string(systemd->bus, SYSTEMD_NAME, unit->path, interface,
					   property, &answer, &value);

	if (r < 0)
		return bus_failed(e, r, &answer, unit->name);
	(void)snprintf(text, size, "%s", value);
	return 0;
}

/**
 * unit_get_number - a property of the service that is a number
 * @systemd: borrowed
 * @unit: borrowed
 * @property: which
 * @type: its D-Bus type
 * @ret_number: of the C type that belongs to @type
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int unit_get_number(struct systemd *systemd, const struct unit *unit, const char *property,
		    char type, void *ret_number, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	int r = sd_bus_get_property_trivial(systemd->bus, SYSTEMD_NAME, unit->path, SYSTEMD_SERVICE,
					    property, &answer, type, ret_number);

	return r < 0 ? bus_failed(e, r, &answer, unit->name) : 0;
}

/**
 * unit_read - the state of a unit
 * @systemd: borrowed
 * @unit: borrowed
 * @ret_state: the answer
 * @sub: its SubState
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int unit_read(struct systemd *systemd, const struct unit *unit, enum machine_state *ret_state,
	      char sub[32], struct error *e)
{
	char active[32];
	int r = unit_get_text(systemd, unit, SYSTEMD_UNIT, "ActiveState", active, sizeof(active),
			      e);

	if (r == 0)
		r = unit_get_text(systemd, unit, SYSTEMD_UNIT, "SubState", sub, 32, e);
	if (r < 0)
		return r;
	*ret_state = unit_state(active, sub);
	return 0;
}

/**
 * unit_call - a call about a unit that is answered at once
 * @systemd: borrowed
 * @unit: borrowed
 * @method: of systemd's manager
 * @e: filled on failure
 *
 * Returns 1, 0 when systemd does not know the unit, or -errno.
 */
int unit_call(struct systemd *systemd, const struct unit *unit, const char *method, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	int r;

	log_debug("systemd: %s %s", method, unit->name);
	if (strcmp(method, "KillUnit") == 0)
		r = sd_bus_call_method(systemd->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
				       method, &answer, NULL, "ssi", unit->name, "all", SIGKILL);
	else
		r = sd_bus_call_method(systemd->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
				       method, &answer, NULL, "s", unit->name);
	if (sd_bus_error_has_name(&answer, SYSTEMD_NAME ".NoSuchUnit"))
		return 0;
	return r < 0 ? bus_failed(e, r, &answer, unit->name) : 1;
}
