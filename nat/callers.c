/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/external.h"
#include "nat/nat.h"

/**
 * link_is_called - whether somebody may call a published port through a link
 * @entry: one of its addresses, borrowed
 *
 * Those of containers have a switch of their own, which is veth's.
 */
static bool link_is_called(const struct ifaddrs *entry)
{
	const struct sockaddr *address = entry->ifa_addr;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (!address || entry->ifa_flags & IFF_LOOPBACK)
		return false;
	if (strncmp(entry->ifa_name, NAT_PREFIX, strlen(NAT_PREFIX)) == 0)
		return false;
	return address->sa_family == AF_INET ||
	       (address->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr));
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
 * All that have an address, but the loopback and those of containers. Alias names with a colon, which
 * some programs give to addresses, are no links.
 *
 * Returns 0 or -errno.
 */
int nat_spec_find_callers(struct nat_spec *spec, struct error *e)
{
	struct ifaddrs *addresses;
	int r = 0;

	if (getifaddrs(&addresses) < 0)
		return error_errno(e, errno, "cannot list the addresses of the host");
	spec->callers_known = true;
	spec->n_callers = 0;
	for (const struct ifaddrs *entry = addresses; entry && r == 0; entry = entry->ifa_next)
		if (link_is_called(entry) && link_check(entry->ifa_name, NULL) == 0 &&
		    !callers_add(spec, entry->ifa_name))
			r = error_set(e, ERROR_FAILED, ENOSPC,
				      "more than %d links have addresses: published ports could "
				      "not be called on all of them",
				      NAT_EXTERNAL_MAX);
	freeifaddrs(addresses);
	return r;
}
