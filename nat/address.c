/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>

#include "nat/nat.h"

/* The address that all leave with, where it is not that of the link; and which ones the host has. */

/**
 * nat_spec_set_address - set the address all of one family leave with
 * @spec: changed
 * @text: the address
 * @family: which it has to be of; AF_UNSPEC: either
 * @e: says what is wrong with it
 *
 * Returns 1, 0 when it is so already, or -EINVAL (ERROR_USAGE), also for a second one.
 */
int nat_spec_set_address(struct nat_spec *spec, const char *text, sa_family_t family,
			 struct error *e)
{
	struct addr address, *slot;
	int r = addr_parse(text, &address, e);

	if (r < 0)
		return r;
	if (family != AF_UNSPEC && address.family != family)
		return error_set(e, ERROR_USAGE, EINVAL, "'%s' is not an address of IPv%d", text,
				 family == AF_INET ? 4 : 6);
	if (!addr_is_host(&address))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "nobody can leave with '%s': no answer would come back", text);
	slot = address.family == AF_INET ? &spec->address4 : &spec->address6;
	if (addr_equal(slot, &address))
		return 0;
	if (addr_is_set(slot))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%s' is a second address of IPv%d: all leave with one", text,
				 address.family == AF_INET ? 4 : 6);
	*slot = address;
	return 1;
}

/**
 * entry_has - whether an address of the host is this one
 * @entry: one of its addresses, borrowed
 * @address: borrowed
 */
static bool entry_has(const struct ifaddrs *entry, const struct addr *address)
{
	const struct sockaddr_in *v4 = (const void *)entry->ifa_addr;
	const struct sockaddr_in6 *v6 = (const void *)entry->ifa_addr;
	struct addr here;

	if (!entry->ifa_addr || entry->ifa_addr->sa_family != address->family)
		return false;
	here = addr_from_bytes(address->family, address->family == AF_INET
							? (const void *)&v4->sin_addr
							: &v6->sin6_addr);
	return addr_equal(&here, address);
}

/**
 * nat_address_is_here - whether the host has an address now
 * @address: borrowed; all of 127.0.0.0/8 are
 *
 * What cannot be found out counts as if it had.
 */
bool nat_address_is_here(const struct addr *address)
{
	struct ifaddrs *entries;
	bool here = false;

	if (addr_is_loopback(address) || getifaddrs(&entries) < 0)
		return true;
	for (const struct ifaddrs *entry = entries; entry && !here; entry = entry->ifa_next)
		here = entry_has(entry, address);
	freeifaddrs(entries);
	return here;
}

/**
 * drift_add_missing - note that the host does not have an address
 * @drift: changed
 * @entries: all addresses of the host, borrowed
 * @address: the one; none is fine
 */
static void drift_add_missing(struct nat_drift *drift, const struct ifaddrs *entries,
			      const struct addr *address)
{
	char text[ADDR_TEXT];

	if (!addr_is_set(address) || drift->count == NAT_DRIFT_MAX)
		return;
	for (; entries; entries = entries->ifa_next)
		if (entry_has(entries, address))
			return;
	(void)snprintf(drift->line[drift->count++], sizeof(drift->line[0]),
		       "%s, which all leave with, is no address of this host: no answer comes back",
		       addr_format(address, text));
}

/**
 * nat_address_compare - find the addresses all should leave with that the host does not have
 * @spec: borrowed
 * @drift: lines are added
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_address_compare(const struct nat_spec *spec, struct nat_drift *drift, struct error *e)
{
	struct ifaddrs *entries;

	if (!addr_is_set(&spec->address4) && !addr_is_set(&spec->address6))
		return 0;
	if (getifaddrs(&entries) < 0)
		return error_errno(e, errno, "cannot list the addresses of the host");
	drift_add_missing(drift, entries, &spec->address4);
	drift_add_missing(drift, entries, &spec->address6);
	freeifaddrs(entries);
	return 0;
}
