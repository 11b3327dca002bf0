/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/request.h"

#include <errno.h>
#include <string.h>

/**
 * pair_equal - whether two pairs are the same addresses, however they were come by
 * @a, @b: borrowed
 */
bool pair_equal(const struct ipam_pair *a, const struct ipam_pair *b)
{
	return addr_equal(&a->host, &b->host) && addr_equal(&a->local.addr, &b->local.addr) &&
	       (!addr_is_set(&a->local.addr) || a->local.length == b->local.length);
}

/**
 * pair_is_set - whether there are addresses at all
 * @pair: borrowed
 */
bool pair_is_set(const struct ipam_pair *pair)
{
	return addr_is_set(&pair->local.addr);
}

/**
 * pair_serves - whether a pair is one that would be taken for somebody
 * @pools: borrowed
 * @pair: borrowed; may be none
 * @bridge: of which he is a port, or "", borrowed
 */
bool pair_serves(const struct pools *pools, const struct ipam_pair *pair, const char *bridge)
{
	const struct pool *pool = pair->automatic ? pools_find(pools, &pair->local.addr) : NULL;

	return pool && strcmp(pool->usage.bridge, bridge) == 0;
}

/**
 * pools_give - whether a pair is one that a pool gives out
 * @pools: borrowed
 * @pair: borrowed; may be none
 * @bridge: for whose ports, "": for a cable of its own; borrowed
 */
bool pools_give(const struct pools *pools, const struct ipam_pair *pair, const char *bridge)
{
	const struct pool *pool = pools_find(pools, &pair->local.addr);
	struct ipam_pair given;
	uint32_t slot;

	if (!pool || strcmp(pool->usage.bridge, bridge) != 0 ||
	    !pool_slot(pool, &pair->local.addr, &slot))
		return false;
	given = pool_pair(pool, slot);
	return pair_equal(&given, pair);
}

/**
 * family_met - whether what a container holds of one family is what is asked for
 * @request: borrowed
 * @flags: of ipam_lease()
 * @pools: borrowed
 * @family: AF_INET or AF_INET6
 * @held: borrowed
 */
static bool family_met(const struct ipam_lease *request, unsigned flags, const struct pools *pools,
		       sa_family_t family, const struct ipam_lease *held)
{
	bool first = family == AF_INET;
	const struct taking taking = { .family = family, .bridge = request->bridge };
	const struct ipam_pair *pair = first ? &held->v4 : &held->v6;

	if (!(flags & (first ? IPAM_AUTOMATIC_V4 : IPAM_AUTOMATIC_V6)))
		return pair_equal(first ? &request->v4 : &request->v6, pair);
	return pair_is_set(pair) ? pair_serves(pools, pair, request->bridge)
				 : !pools_are_for(pools, &taking);
}

/**
 * request_met - whether what a container holds is what is asked for
 * @request: borrowed; without a MAC any will do
 * @flags: of ipam_lease()
 * @pools: borrowed
 * @held: borrowed
 */
bool request_met(const struct ipam_lease *request, unsigned flags, const struct pools *pools,
		 const struct ipam_lease *held)
{
	if (mac_is_set(&request->mac) && !mac_equal(&request->mac, &held->mac))
		return false;
	if (flags & IPAM_REPLACE && strcmp(request->bridge, held->bridge) != 0)
		return false;
	return family_met(request, flags, pools, AF_INET, held) &&
	       family_met(request, flags, pools, AF_INET6, held);
}

/**
 * addr_check - refuse an address nobody can have
 * @addr: borrowed, set
 * @family: it must be of
 * @pools: whose edges are nobody's, borrowed
 * @e: says what is wrong with it
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int addr_check(const struct addr *addr, sa_family_t family, const struct pools *pools,
		      struct error *e)
{
	char text[ADDR_TEXT];

	addr_format(addr, text);
	if (addr->family != family)
		return error_set(e, ERROR_USAGE, EINVAL, "%s is not an %s address", text,
				 family == AF_INET ? "IPv4" : "IPv6");
	if (!addr_is_host(addr))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "%s cannot be the address of a container or its host", text);
	return pools_edge(pools, addr, e);
}

/**
 * subnet_check - refuse an address that stands for its whole subnet
 * @local: address and length, borrowed
 * @e: names both
 *
 * The first address is the network's, or the anycast address of IPv6 routers (RFC 4291, 2.6.1); the
 * last one of an IPv4 subnet is its broadcast address. Subnets of two have neither (RFC 3021,
 * RFC 6164).
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int subnet_check(const struct prefix *local, struct error *e)
{
	uint8_t bits = addr_bits(&local->addr);
	char text[PREFIX_TEXT];
	struct addr next = addr_add(&local->addr, 1);

	prefix_format(local, text);
	if (local->length > bits)
		return error_set(e, ERROR_USAGE, EINVAL, "%s has a prefix longer than %u bits",
				 text, bits);
	if (local->length + 1 >= bits)
		return 0;
	if (prefix_is_network(local))
		return error_set(e, ERROR_USAGE, EINVAL, "%s is the network address of its subnet",
				 text);
	if (bits == 32 && !prefix_contains(local, &next))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "%s is the broadcast address of its subnet", text);
	return 0;
}

/**
 * pair_check - refuse a pair that cannot work
 * @pair: borrowed; may be none
 * @family: it must be of
 * @pools: whose edges are nobody's, borrowed
 * @e: says what is wrong with it
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int pair_check(const struct ipam_pair *pair, sa_family_t family, const struct pools *pools,
		      struct error *e)
{
	const struct addr *local = &pair->local.addr;
	char text[ADDR_TEXT];
	int r;

	if (!addr_is_set(local) && !addr_is_set(&pair->host))
		return 0;
	if (!addr_is_set(local))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "host address %s has no local address at the other end",
				 addr_format(&pair->host, text));
	r = addr_check(local, family, pools, e);
	if (r == 0)
		r = subnet_check(&pair->local, e);
	if (r < 0 || !addr_is_set(&pair->host))
		return r;
	r = addr_check(&pair->host, family, pools, e);
	if (r == 0 && addr_equal(&pair->host, local))
		return error_set(e, ERROR_USAGE, EINVAL, "%s cannot be at both ends",
				 addr_format(local, text));
	return r;
}

/**
 * request_check - refuse a request nobody can meet
 * @request: borrowed
 * @flags: of ipam_lease()
 * @pools: all pools, borrowed
 * @e: says what is wrong with it
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int request_check(const struct ipam_lease *request, unsigned flags, const struct pools *pools,
		  struct error *e)
{
	bool given;
	int r = 0;

	if (!request->container[0] || !memchr(request->container, '\0', sizeof(request->container)))
		return error_set(e, ERROR_USAGE, EINVAL, "a lease needs the name of a container");
	if (!(flags & IPAM_AUTOMATIC_V4))
		r = pair_check(&request->v4, AF_INET, pools, e);
	if (r == 0 && !(flags & IPAM_AUTOMATIC_V6))
		r = pair_check(&request->v6, AF_INET6, pools, e);
	if (r < 0)
		return error_remedy(e, r, "choose another address");
	given = (flags & (IPAM_AUTOMATIC_V4 | IPAM_AUTOMATIC_V6)) || pair_is_set(&request->v4) ||
		pair_is_set(&request->v6) || mac_is_set(&request->mac);
	if (!given)
		return error_set(e, ERROR_USAGE, EINVAL, "no address is asked for container %s",
				 request->container);
	return 0;
}
