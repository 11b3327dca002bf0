/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "nat/host-address.h"
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
 * addresses_have - whether an address is among those of the host
 * @addresses: these, borrowed
 * @address: borrowed
 */
static bool addresses_have(const struct host_addresses *addresses, const struct addr *address)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (addr_equal(&addresses->list[i].address, address))
			return true;
	return false;
}

/**
 * nat_address_is_here - whether the host has an address now
 * @address: borrowed; all of 127.0.0.0/8 are
 *
 * What cannot be found out counts as if it had.
 */
bool nat_address_is_here(const struct addr *address)
{
	_cleanup_(host_addresses_deinit) struct host_addresses addresses = { .count = 0 };

	return addr_is_loopback(address) || host_addresses_read(&addresses, NULL) < 0 ||
	       addresses_have(&addresses, address);
}

/**
 * drift_add_missing - note that the host does not have an address
 * @drift: changed
 * @addresses: all of the host, borrowed
 * @address: the one; none is fine
 */
static void drift_add_missing(struct nat_drift *drift, const struct host_addresses *addresses,
			      const struct addr *address)
{
	char text[ADDR_TEXT];

	if (!addr_is_set(address) || drift->count == NAT_DRIFT_MAX ||
	    addresses_have(addresses, address))
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
	_cleanup_(host_addresses_deinit) struct host_addresses addresses = { .count = 0 };
	int r;

	if (!addr_is_set(&spec->address4) && !addr_is_set(&spec->address6))
		return 0;
	r = host_addresses_read(&addresses, e);
	if (r < 0)
		return r;
	drift_add_missing(drift, &addresses, &spec->address4);
	drift_add_missing(drift, &addresses, &spec->address6);
	return 0;
}
