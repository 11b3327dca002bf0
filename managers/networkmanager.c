/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "managers/connection.h"

#define NM_NAME   "org.freedesktop.NetworkManager"
#define NM_PATH   "/org/freedesktop/NetworkManager"
#define NM_DEVICE "org.freedesktop.NetworkManager.Device"

#define NM_UNMANAGED      10 /* NM_DEVICE_STATE_UNMANAGED */
#define NM_NO_SUCH_DEVICE "org.freedesktop.NetworkManager.UnknownDevice"

/**
 * state_name - a state of a device in the words of nmcli(1)
 * @state: NM_DEVICE_STATE_...
 */
static const char *state_name(uint32_t state)
{
	static const char *const names[] = { "unknown",
					     "unmanaged",
					     "unavailable",
					     "disconnected",
					     "connecting (prepare)",
					     "connecting (configuring)",
					     "connecting (need authentication)",
					     "connecting (getting IP configuration)",
					     "connecting (checking IP connectivity)",
					     "connecting (starting secondary connections)",
					     "connected",
					     "deactivating",
					     "failed" };

	return state / 10 < ARRAY_SIZE(names) ? names[state / 10] : names[0];
}

/**
 * networkmanager_manages - whether NetworkManager manages a link
 * @managers: borrowed
 * @link: its name
 * @ret_claim: filled when it does
 * @e: filled on failure
 *
 * A link that it manages and cannot configure yet is as lost as one that it has configured: after a
 * minute without an answer from a DHCP server it takes the addresses away.
 *
 * Returns 1, 0 when it does not or does not run, or -errno.
 */
int networkmanager_manages(struct managers *managers, const char *link,
			   struct manager_claim *ret_claim, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	uint32_t state = 0;
	int r = connection_has(managers, NM_NAME, e);

	if (r <= 0)
		return r;
	r = sd_bus_call_method(managers->bus, NM_NAME, NM_PATH, NM_NAME, "GetDeviceByIpIface",
			       &answer, &reply, "s", link);
	if (r < 0 && sd_bus_error_has_name(&answer, NM_NO_SUCH_DEVICE))
		return 0;
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = sd_bus_get_property_trivial(managers->bus, NM_NAME, path, NM_DEVICE, "State",
						&answer, 'u', &state);
	if (r < 0)
		return bus_failed(e, r, &answer, "cannot ask NetworkManager about its links");
	if (state <= NM_UNMANAGED)
		return 0;
	*ret_claim = (struct manager_claim){ .file = "" };
	(void)snprintf(ret_claim->state, sizeof(ret_claim->state), "%s", state_name(state));
	return 1;
}
