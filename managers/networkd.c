/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "managers/connection.h"

#define NETWORKD_NAME    "org.freedesktop.network1"
#define NETWORKD_PATH    "/org/freedesktop/network1"
#define NETWORKD_MANAGER "org.freedesktop.network1.Manager"
#define NETWORKD_LINK    "org.freedesktop.network1.Link"
#define NETWORKD_LINKS   "/run/systemd/netif/links"

/**
 * file_find - by which file networkd has configured a link
 * @index: of the link
 * @claim: its file is filled when it is known
 *
 * networkd writes down what it knows of each link. Evidence only: it is left out when it cannot be read.
 */
static void file_find(unsigned index, struct manager_claim *claim)
{
	static const char key[] = "NETWORK_FILE=";
	_cleanup_(freep) char *text = NULL;
	const char *line;
	char path[64];
	size_t length;

	(void)snprintf(path, sizeof(path), NETWORKD_LINKS "/%u", index);
	if (file_read(path, (size_t)64 * 1024, &text, &length, NULL) < 0)
		return;
	line = strstr(text, key);
	if (!line || (line != text && line[-1] != '\n'))
		return;
	line += strlen(key);
	(void)snprintf(claim->file, sizeof(claim->file), "%.*s", (int)strcspn(line, "\n"), line);
}

/**
 * networkd_manages - whether systemd-networkd manages a link
 * @managers: borrowed
 * @link: its name
 * @ret_claim: filled when it does
 * @e: filled on failure
 *
 * Returns 1, 0 when it does not, or does not know it, or does not run, or -errno.
 */
int networkd_manages(struct managers *managers, const char *link, struct manager_claim *ret_claim,
		     struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(freep) char *state = NULL;
	unsigned index = if_nametoindex(link);
	const char *path;
	int r = index ? connection_has(managers, NETWORKD_NAME, e) : 0;

	if (r <= 0)
		return r;
	r = sd_bus_call_method(managers->bus, NETWORKD_NAME, NETWORKD_PATH, NETWORKD_MANAGER,
			       "GetLinkByName", &answer, &reply, "s", link);
	if (r < 0 && sd_bus_error_has_name(&answer, "org.freedesktop.network1.NoSuchLink"))
		return 0;
	if (r >= 0)
		r = sd_bus_message_read(reply, "io", NULL, &path);
	if (r >= 0)
		r = sd_bus_get_property_string(managers->bus, NETWORKD_NAME, path, NETWORKD_LINK,
					       "AdministrativeState", &answer, &state);
	if (r < 0)
		return bus_failed(e, r, &answer, "cannot ask systemd-networkd about its links");
	if (strcmp(state, "unmanaged") == 0 || strcmp(state, "initialized") == 0 ||
	    strcmp(state, "pending") == 0)
		return 0;
	*ret_claim = (struct manager_claim){ .file = "" };
	(void)snprintf(ret_claim->state, sizeof(ret_claim->state), "%s", state);
	file_find(index, ret_claim);
	return 1;
}
