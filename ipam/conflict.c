/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/conflict.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/lookup.h"

/**
 * holder_remedy - say what makes a holder give up what it holds
 * @holder: borrowed
 * @e: gets the remedy
 * @r: -errno, already in @e
 *
 * Returns @r.
 */
static int holder_remedy(const struct ipam_lease *holder, struct error *e, int r)
{
	return error_remedy(e, r, "choose another one, or run 'nixctr-net %s %s'",
			    holder->state == IPAM_BOUND ? "destroy" : "ipam release",
			    holder->container);
}

/**
 * conflict_addr - say who holds an address that is wanted
 * @database: borrowed
 * @addr: borrowed; may be none
 * @container: who wants it, borrowed
 * @e: filled when somebody does
 *
 * Returns -EADDRINUSE, 0 when nobody else does, or another -errno.
 */
static int conflict_addr(struct database *database, const struct addr *addr, const char *container,
			 struct error *e)
{
	struct holding holder;
	char text[ADDR_TEXT];
	int r = addr_is_set(addr) ? holding_of_addr(database, addr, &holder, e) : 0;

	if (r <= 0 || strcmp(holder.lease.container, container) == 0)
		return r < 0 ? r : 0;
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "%s is %s %s", addr_format(addr, text),
		      holder.lease.state == IPAM_BOUND ? "leased to container" : "reserved for",
		      holder.lease.container);
	return holder_remedy(&holder.lease, e, r);
}

/**
 * conflict_lease - say who holds something that is wanted
 * @database: borrowed
 * @lease: what is wanted, which the database has refused; borrowed
 * @e: filled
 *
 * Returns -EADDRINUSE, or another -errno when that cannot be found out.
 */
int conflict_lease(struct database *database, const struct ipam_lease *lease, struct error *e)
{
	const struct addr *const addrs[] = { &lease->v6.host, &lease->v6.local.addr,
					     &lease->v4.host, &lease->v4.local.addr };
	struct holding holder;
	char text[MAC_TEXT];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(addrs); i++)
		r = conflict_addr(database, addrs[i], lease->container, e);
	if (r == 0 && mac_is_set(&lease->mac))
		r = holding_of_mac(database, &lease->mac, &holder, e);
	if (r < 0)
		return r;
	if (r == 0)
		return database_damaged(database, "an address without a holder", e);
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "%s is the MAC address of container %s",
		      mac_format(&lease->mac, text), holder.lease.container);
	return error_remedy(
		e, r, "give container %s another MAC address, or none, or run 'nixctr-net %s %s'",
		lease->container, holder.lease.state == IPAM_BOUND ? "destroy" : "ipam release",
		holder.lease.container);
}

/**
 * lease_text - the most telling thing of what a container holds
 * @lease: borrowed
 * @text: filled
 *
 * Returns the word before it.
 */
static const char *lease_text(const struct ipam_lease *lease, char text[PREFIX_TEXT])
{
	const struct ipam_pair *pair = addr_is_set(&lease->v4.local.addr) ? &lease->v4 : &lease->v6;

	if (addr_is_set(&pair->local.addr)) {
		prefix_format(&pair->local, text);
		return "";
	}
	mac_format(&lease->mac, text);
	return "the MAC ";
}

/**
 * conflict_held - say that a container holds something else than what is wanted
 * @held: what it holds, borrowed
 * @e: filled
 *
 * Returns -EEXIST.
 */
int conflict_held(const struct ipam_lease *held, struct error *e)
{
	char text[PREFIX_TEXT];
	const char *what = lease_text(held, text);
	int r;

	if (held->state == IPAM_RESERVED)
		return conflict_reserved(held, e);
	r = error_set(e, ERROR_CONFLICT, EEXIST, "container %s holds %s%s already", held->container,
		      what, text);
	return error_remedy(e, r, "run 'nixctr-net destroy %s' first", held->container);
}

/**
 * conflict_reserved - say that something else is reserved for a container than what is wanted
 * @held: the reservation, borrowed
 * @e: filled
 *
 * Returns -EEXIST.
 */
int conflict_reserved(const struct ipam_lease *held, struct error *e)
{
	char text[PREFIX_TEXT];
	const char *what = lease_text(held, text);
	int r = error_set(e, ERROR_CONFLICT, EEXIST, "%s%s is reserved for %s%s%s", what, text,
			  held->container, held->bridge[0] ? " on bridge " : "", held->bridge);

	return error_remedy(e, r, "name no address, or run 'nixctr-net ipam release %s' first",
			    held->container);
}
