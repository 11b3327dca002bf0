/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/external.h"
#include "nat/host-address.h"
#include "nat/nat.h"

/* Of each network namespace. */
#define LOOPBACK_IFINDEX 1

/**
 * name_is_containers - whether a link is a container's, by its name
 * @name: borrowed
 */
static bool name_is_containers(const char *name)
{
	return strncmp(name, NAT_PREFIX, strlen(NAT_PREFIX)) == 0;
}

/**
 * address_is_link_local - whether every link has such an address, which nobody calls
 * @address: borrowed
 */
static bool address_is_link_local(const struct addr *address)
{
	return address->family == AF_INET6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

/**
 * link_is_called - whether somebody may call a published port through the link that has an address
 * @entry: the address, borrowed
 * @name: filled with the name of the link
 *
 * Those of containers have a switch of their own, which is veth's. A link that has gone meanwhile is not
 * called.
 */
static bool link_is_called(const struct host_address *entry, char name[IFNAMSIZ])
{
	if (entry->ifindex == LOOPBACK_IFINDEX || name_is_containers(entry->label) ||
	    address_is_link_local(&entry->address))
		return false;
	return if_indextoname(entry->ifindex, name) && !name_is_containers(name);
}

/**
 * callers_add - add a link to those on which published ports are called, once
 * @spec: changed
 * @link: its name, borrowed
 *
 * Returns whether there was room.
 */
static bool callers_add(struct nat_spec *spec, const char *link)
{
	for (size_t i = 0; i < spec->n_callers; i++)
		if (strcmp(spec->callers[i], link) == 0)
			return true;
	if (spec->n_callers == NAT_EXTERNAL_MAX)
		return false;
	memset(spec->callers[spec->n_callers], 0, IFNAMSIZ);
	memcpy(spec->callers[spec->n_callers++], link, strnlen(link, IFNAMSIZ - 1));
	return true;
}

/**
 * nat_spec_find_callers - find out on which links published ports can be called
 * @spec: changed
 * @e: filled on failure
 *
 * All that have an address, but the loopback and those of containers.
 *
 * Returns 0 or -errno.
 */
int nat_spec_find_callers(struct nat_spec *spec, struct error *e)
{
	_cleanup_(host_addresses_deinit) struct host_addresses addresses = { .count = 0 };
	char name[IFNAMSIZ];
	int r = host_addresses_read(&addresses, e);

	if (r < 0)
		return r;
	spec->callers_known = true;
	spec->n_callers = 0;
	for (size_t i = 0; i < addresses.count && r == 0; i++)
		if (link_is_called(&addresses.list[i], name) && link_check(name, NULL) == 0 &&
		    !callers_add(spec, name))
			r = error_set(e, ERROR_FAILED, ENOSPC,
				      "more than %d links have addresses: published ports could "
				      "not be called on all of them",
				      NAT_EXTERNAL_MAX);
	return r;
}
