/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * To ask on a bridge who has an address takes a tenth of a second, so it is done before any lock is held. Of
 * an address that a pool will give that is a guess: what comes next is looked up, and asked for until
 * nobody answers. When somebody else is given that one meanwhile, the next is asked for under the lock.
 */
#include "container/addresses/choice.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/addresses/conflict.h"

#define PROBED_FAMILY (PROBED_MAX / 2) /* addresses of one family that are asked for at most */

/**
 * probe - ask on a bridge who has an address
 * @definition: borrowed
 * @probed: what is said is noted there, as long as there is room
 * @addr: borrowed
 * @e: names the bridge
 *
 * Returns 1 when somebody has it, 0, or -errno.
 */
static int probe(const struct definition *definition, struct probed *probed,
		 const struct addr *addr, struct error *e)
{
	struct mac mac = { 0 };
	int r = veth_probe(definition->bridge, addr, &mac, e);

	if (r < 0 || probed->count == PROBED_MAX)
		return r;
	probed->list[probed->count].addr = *addr;
	probed->list[probed->count].taken = r > 0;
	probed->list[probed->count++].mac = mac;
	return r;
}

/**
 * pool_probe - ask who has what a pool gives out next, until nobody does
 * @ipam: the book
 * @pool: borrowed
 * @definition: borrowed
 * @probed: changed
 * @e: filled on failure
 *
 * Returns 1 when one is nobody's, 0 when there was none, or -errno.
 */
static int pool_probe(struct ipam *ipam, const struct ipam_usage *pool,
		      const struct definition *definition, struct probed *probed, struct error *e)
{
	struct ipam_pool_view view;
	int r = ipam_pool_show(ipam, pool->pool, &view, e);

	for (size_t i = 0; r == 0 && i < view.n_next && i < PROBED_FAMILY; i++) {
		r = probe(definition, probed, &view.next[i].local.addr, e);
		if (r <= 0)
			return r < 0 ? r : 1;
		r = 0;
	}
	return r;
}

/**
 * family_probe - do so for the pools of a family that are for a bridge
 * @ipam: the book
 * @definition: borrowed
 * @family: of the addresses that it leaves open
 * @probed: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int family_probe(struct ipam *ipam, const struct definition *definition, sa_family_t family,
			struct probed *probed, struct error *e)
{
	_cleanup_(freep) struct ipam_usage *pools = NULL;
	size_t count = 0;
	int r = ipam_usage(ipam, &pools, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (pools[i].prefix.addr.family == family && !pools[i].draining &&
		    strcmp(pools[i].bridge, definition->bridge) == 0)
			r = pool_probe(ipam, &pools[i], definition, probed, e);
	return r < 0 ? r : 0;
}

/**
 * open_probe - ask who has what a container gets of a family that it leaves open
 * @ipam: the book
 * @definition: borrowed
 * @held: what the book has for its name, borrowed; none: a pool gives it
 * @family: of the addresses
 * @probed: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int open_probe(struct ipam *ipam, const struct definition *definition,
		      const struct addr *held, sa_family_t family, struct probed *probed,
		      struct error *e)
{
	int r = addr_is_set(held) ? probe(definition, probed, held, e)
				  : family_probe(ipam, definition, family, probed, e);

	return r < 0 ? r : 0;
}

/**
 * pools_probe - ask who has the addresses that the book will give a container
 * @paths: borrowed
 * @definition: of a container on a bridge, borrowed
 * @probed: changed
 * @e: filled on failure
 *
 * What is reserved for it is asked for as well: whoever reserved it may not have asked.
 *
 * Returns 0 or -errno.
 */
static int pools_probe(const struct paths *paths, const struct definition *definition,
		       struct probed *probed, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	bool open4 = !addr_is_set(&definition->v4.local.addr);
	bool open6 = !addr_is_set(&definition->v6.local.addr);
	struct ipam_lease lease = { .state = IPAM_FREE };
	int r = open4 || open6 ? book_open(paths, IPAM_READ, &ipam, e) : 0;

	if (r < 0 || !ipam)
		return r;
	r = ipam_lookup(ipam, definition->name, &lease, e);
	if (r >= 0 && open4)
		r = open_probe(ipam, definition, &lease.v4.local.addr, AF_INET, probed, e);
	if (r >= 0 && open6)
		r = open_probe(ipam, definition, &lease.v6.local.addr, AF_INET6, probed, e);
	return r < 0 ? r : 0;
}

/**
 * addresses_probe - ask on the bridge who has the addresses that a container is to have
 * @paths: borrowed
 * @definition: borrowed
 * @ret_probed: filled
 * @e: names the bridge
 *
 * Nobody is asked for a tree that is not this host's.
 *
 * Returns 0 or -errno.
 */
int addresses_probe(const struct paths *paths, const struct definition *definition,
		    struct probed *ret_probed, struct error *e)
{
	const struct addr *v4 = &definition->v4.local.addr, *v6 = &definition->v6.local.addr;
	struct probed probed = { .v4 = false };
	int r = 0;

	if (definition->bridge[0] && !paths->root[0] && addr_is_set(v4))
		r = veth_probe(definition->bridge, v4, &probed.mac_v4, e);
	probed.v4 = r > 0;
	if (r >= 0 && definition->bridge[0] && !paths->root[0] && addr_is_set(v6)) {
		r = veth_probe(definition->bridge, v6, &probed.mac_v6, e);
		probed.v6 = r > 0;
	}
	if (r >= 0 && definition->bridge[0] && !paths->root[0])
		r = pools_probe(paths, definition, &probed, e);
	if (r < 0)
		return r;
	*ret_probed = probed;
	return 0;
}

/**
 * probed_meet - whether a machine on the bridge is in the way of an address that came out of a pool
 * @paths: borrowed
 * @definition: borrowed
 * @probed: what was found out before, borrowed
 * @addr: borrowed
 * @conflict: filled when one is
 * @e: names the bridge
 *
 * Returns 0 or -errno.
 */
int probed_meet(const struct paths *paths, const struct definition *definition,
		const struct probed *probed, const struct addr *addr, struct conflict *conflict,
		struct error *e)
{
	struct probed now = { .count = 0 };
	char mac[MAC_TEXT];
	size_t i = 0;
	int r;

	if (!definition->bridge[0] || paths->root[0] || !addr_is_set(addr))
		return 0;
	while (i < probed->count && !addr_equal(&probed->list[i].addr, addr))
		i++;
	if (i == probed->count) {
		r = probe(definition, &now, addr, e);
		if (r < 0)
			return r;
		probed = &now;
		i = 0;
	}
	if (!probed->list[i].taken)
		return 0;
	conflict->grade = CONFLICT_REFUSED;
	conflict->subject = conflict->prefix = (struct prefix){ *addr, addr_bits(addr) };
	(void)snprintf(conflict->holder, sizeof(conflict->holder),
		       "the machine with the MAC address %s on bridge %s",
		       mac_format(&probed->list[i].mac, mac), definition->bridge);
	return 0;
}
