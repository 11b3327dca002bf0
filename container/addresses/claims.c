/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/addresses/claims.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/addresses/addresses.h"
#include "container/definitions/definitions.h"

/*
 * Theory of operation
 *
 * A definition is a fact and a lease is what the book made of it. So a definition that is there has its
 * address, also when the book has it for a name that was only reserved, or for a container of which there
 * is nothing left: those give it up, and the history says for whom. What another definition claims, or a
 * cable has, is not taken: then there are two, and somebody has to decide. Until he has, nobody gets the
 * address (claims_holder()), whatever the book says about it.
 */

/**
 * claim_has - whether an address is one of those that are claimed, at either end
 * @claim: borrowed
 * @addr: borrowed, set
 */
static bool claim_has(const struct ipam_lease *claim, const struct addr *addr)
{
	return addr_equal(&claim->v4.local.addr, addr) || addr_equal(&claim->v4.host, addr) ||
	       addr_equal(&claim->v6.local.addr, addr) || addr_equal(&claim->v6.host, addr);
}

/**
 * claim_as_it_was - say how the pairs of a definition were come by
 * @claim: changed
 * @old: what the book had for the container, borrowed; NULL: nothing is known
 *
 * Where it is not known, a pair that a pool would give out just so was given out by it.
 */
void claim_as_it_was(struct ipam_lease *claim, const struct ipam_lease *old)
{
	bool four = old && addr_equal(&old->v4.local.addr, &claim->v4.local.addr);
	bool six = old && addr_equal(&old->v6.local.addr, &claim->v6.local.addr);

	claim->v4.automatic = !four || old->v4.automatic;
	claim->v6.automatic = !six || old->v6.automatic;
}

/**
 * host_end_drop - give up a host end that another container has as well
 * @ipam: the book
 * @lease: whose, borrowed
 * @host: in @lease, changed
 * @e: filled on failure
 *
 * Returns 1, 0 when nobody else has it, or -errno.
 */
static int host_end_drop(struct ipam *ipam, const struct ipam_lease *lease, struct addr *host,
			 struct error *e)
{
	struct ipam_lease holder;
	int r = addr_is_set(host) ? ipam_holder(ipam, host, &holder, e) : 0;

	if (r <= 0 || strcmp(holder.container, lease->container) == 0)
		return r < 0 ? r : 0;
	*host = (struct addr){ 0 };
	return 1;
}

/**
 * host_ends_tell - say which host ends a container does not have to itself
 * @asked: what its definition claims, borrowed
 * @entered: what the book has of that, borrowed
 */
static void host_ends_tell(const struct ipam_lease *asked, const struct ipam_lease *entered)
{
	const struct addr *const ends[][2] = { { &asked->v4.host, &entered->v4.host },
					       { &asked->v6.host, &entered->v6.host } };
	char text[ADDR_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (addr_is_set(ends[i][0]) && !addr_is_set(ends[i][1]))
			log_notice("container '%s' shares the host's end %s with another container",
				   asked->container, addr_format(ends[i][0], text));
}

/**
 * claim_enter - enter in the book what a definition claims
 * @ipam: the book
 * @lease: the claim, with pairs that are automatic as claim_as_it_was() has it; a host end is given up
 *         where another container has the same one, as several may on point-to-point links
 * @elsewhere: its definition is where nothing looks for it: the addresses are reserved
 * @e: names the holder of the container's own address
 *
 * Returns 1, 0 when the book had it so, or -errno. Without an address there is nothing to say.
 */
int claim_enter(struct ipam *ipam, struct ipam_lease *lease, bool elsewhere, struct error *e)
{
	const unsigned flags =
		IPAM_REPLACE | IPAM_OVERRULE | IPAM_AS_IT_WAS | (elsewhere ? IPAM_RESERVE : 0u);
	struct ipam_lease entered, asked = *lease;
	struct error refused = ERROR_INIT;
	int four, six = 0, r = ipam_lease(ipam, lease, flags, &entered, &refused);

	if (r == -EADDRINUSE) {
		four = host_end_drop(ipam, lease, &lease->v4.host, &refused);
		six = four < 0 ? four : host_end_drop(ipam, lease, &lease->v6.host, &refused);
		if (six < 0)
			r = six;
		else if (four || six)
			r = ipam_lease(ipam, lease, flags, &entered, &refused);
	}
	if (r < 0 && e)
		*e = refused;
	if (r > 0)
		host_ends_tell(&asked, lease);
	return r;
}

/**
 * holder_stays - whether whoever holds an address in the book is there
 * @paths: borrowed
 * @holder: its lease, borrowed
 * @addr: borrowed
 *
 * A definition that cannot be read may claim anything.
 */
static bool holder_stays(const struct paths *paths, const struct ipam_lease *holder,
			 const struct addr *addr)
{
	struct defined defined;
	int r = defined_find(paths, holder->container, &defined, NULL);

	if (r < 0 || (r > 0 && claim_has(&defined.claim, addr)))
		return true;
	return holder->state == IPAM_BOUND && container_is_attached(paths, holder->container);
}

/**
 * addr_make_way - have whoever is not there give an address up
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @container: which is defined with it, borrowed
 * @addr: borrowed; may be none
 * @e: filled on failure
 *
 * Returns 1, 0 when it is free or somebody has it, or -errno.
 */
static int addr_make_way(const struct paths *paths, struct ipam *ipam, const char *container,
			 const struct addr *addr, struct error *e)
{
	char reason[IPAM_REASON_MAX], text[ADDR_TEXT];
	struct ipam_lease holder;
	int r = addr_is_set(addr) ? ipam_holder(ipam, addr, &holder, e) : 0;

	if (r <= 0 || strcmp(holder.container, container) == 0 ||
	    holder_stays(paths, &holder, addr))
		return r < 0 ? r : 0;
	(void)snprintf(reason, sizeof(reason), "container '%s' is defined with it", container);
	r = ipam_release(ipam, holder.container, reason, e);
	if (r > 0)
		log_notice("%s is given up for '%s': container '%s' is defined with it",
			   addr_format(addr, text), holder.container, container);
	return r;
}

/**
 * claim_make_way - have those that are not there give up what a definition claims
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @claim: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int claim_make_way(const struct paths *paths, struct ipam *ipam, const struct ipam_lease *claim,
		   struct error *e)
{
	const struct addr *const addrs[] = { &claim->v4.local.addr, &claim->v4.host,
					     &claim->v6.local.addr, &claim->v6.host };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(addrs); i++)
		r = addr_make_way(paths, ipam, claim->container, addrs[i], e);
	return r < 0 ? r : 0;
}

/**
 * claims_add - add what a definition claims; a defined_visit
 * @data: struct claims
 * @visited: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int claims_add(void *data, const struct visited *visited, struct error *e)
{
	struct claims *claims = data;
	struct ipam_lease *list;

	if (visited->unread)
		return 0;
	if (claims->count == claims->room) {
		claims->room = claims->room ? claims->room * 2 : 64;
		list = reallocarray(claims->list, claims->room, sizeof(*list));
		if (!list)
			return error_errno(e, ENOMEM, "cannot list what definitions claim");
		claims->list = list;
	}
	claims->list[claims->count++] = visited->defined.claim;
	return 0;
}

/**
 * claims_read - read what all definitions claim
 * @paths: borrowed
 * @ret_claims: its list is freed by the caller, after a failure too
 * @e: names the directory
 *
 * Those that cannot be read claim nothing that could be said.
 *
 * Returns 0 or -errno.
 */
int claims_read(const struct paths *paths, struct claims *ret_claims, struct error *e)
{
	*ret_claims = (struct claims){ .count = 0 };
	return definitions_each(paths, claims_add, ret_claims, e);
}

/**
 * claims_holder - the other container whose definition claims an address
 * @claims: borrowed
 * @addr: borrowed
 * @container: who wants it, borrowed
 *
 * Returns its name, borrowed, or NULL.
 */
const char *claims_holder(const struct claims *claims, const struct addr *addr,
			  const char *container)
{
	for (size_t i = 0; i < claims->count; i++)
		if (claim_has(&claims->list[i], addr) &&
		    strcmp(claims->list[i].container, container) != 0)
			return claims->list[i].container;
	return NULL;
}
