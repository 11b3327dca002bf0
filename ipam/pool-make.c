/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/pool-make.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/ranges.h"

/* Networks whose addresses no machine has for its own (RFC 6890, RFC 4291). */
static const struct special {
	const char *prefix, *what;
} specials[] = {
	{ "0.0.0.0/8", "which nobody can have" },
	{ "127.0.0.0/8", "the loopback" },
	{ "169.254.0.0/16", "link-local addresses" },
	{ "224.0.0.0/4", "multicast groups" },
	{ "240.0.0.0/4", "which nobody can have" },
	{ "::/127", "the loopback and the unspecified address" },
	{ "::ffff:0.0.0.0/96", "IPv4 addresses" },
	{ "fe80::/10", "link-local addresses" },
	{ "ff00::/8", "multicast groups" },
};

/**
 * network_check - refuse a network that no pool can have
 * @network: borrowed, set
 * @e: says what is wrong with it
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int network_check(const struct prefix *network, struct error *e)
{
	const struct prefix right = prefix_network(network);
	char text[PREFIX_TEXT], other[PREFIX_TEXT];
	int r;

	prefix_format(network, text);
	if (!prefix_is_network(network)) {
		r = error_set(e, ERROR_USAGE, EINVAL, "%s is an address in a network", text);
		return error_remedy(e, r, "give the network, %s", prefix_format(&right, other));
	}
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		struct prefix special;

		r = prefix_parse(specials[i].prefix, &special, e);
		if (r < 0)
			return r;
		if (!prefix_overlaps(&special, network))
			continue;
		r = error_set(e, ERROR_USAGE, EINVAL,
			      "%s cannot be a pool: it overlaps with %s, %s", text,
			      specials[i].prefix, specials[i].what);
		return error_remedy(e, r,
				    "choose a private network, such as 10.234.0.0/16, or 'ula' for "
				    "one of IPv6");
	}
	return 0;
}

/**
 * pool_measure - count what a pool has, which must be something
 * @pool: its kind, network and ranges are set; its capacity is written
 * @e: says that the network is too small, or what is given out of it
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int pool_measure(struct pool *pool, struct error *e)
{
	const struct range usable = network_usable(&pool->usage.prefix);
	const char *what = pool->usage.kind == IPAM_PAIRS ? "pair of addresses" : "address";
	char text[PREFIX_TEXT];
	int r;

	pool->usage.capacity = pool_capacity(pool);
	if (pool->usage.capacity)
		return 0;
	prefix_format(&pool->usage.prefix, text);
	if (usable.last > usable.first) {
		r = error_set(e, ERROR_USAGE, EINVAL, "the ranges leave not one %s of %s", what,
			      text);
		return error_remedy(e, r, "give wider ranges, or exclude less");
	}
	r = error_set(e, ERROR_USAGE, EINVAL, "%s is too small: there is not one %s to give out",
		      text, what);
	return error_remedy(e, r, "give a network with a shorter prefix");
}

/**
 * rooms_refuse - say that the ranges are too many
 * @pool: borrowed
 * @e: filled
 *
 * Returns -EINVAL with class ERROR_USAGE.
 */
int rooms_refuse(const struct pool *pool, struct error *e)
{
	int r = error_set(e, ERROR_USAGE, EINVAL, "pool %s would have more than %d ranges",
			  pool->usage.pool, IPAM_RANGES_MAX);

	return error_remedy(e, r, "exclude fewer and wider ranges, or add another pool");
}

/**
 * gateway_check - refuse a gateway that is none
 * @spec: with a network that is one, borrowed
 * @e: says what is wrong with it
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int gateway_check(const struct ipam_pool *spec, struct error *e)
{
	const struct addr *gateway = &spec->gateway;
	const struct range usable = network_usable(&spec->prefix);
	const struct addr last = prefix_last(&spec->prefix);
	char text[ADDR_TEXT], network[PREFIX_TEXT];

	if (!addr_is_set(gateway))
		return 0;
	addr_format(gateway, text);
	prefix_format(&spec->prefix, network);
	if (!prefix_contains(&spec->prefix, gateway))
		return error_set(e, ERROR_USAGE, EINVAL, "gateway %s does not lie in %s", text,
				 network);
	if (usable.first == 0 || (!addr_equal(gateway, &spec->prefix.addr) &&
				  (gateway->family != AF_INET || !addr_equal(gateway, &last))))
		return 0;
	return error_set(e, ERROR_USAGE, EINVAL, "gateway %s is the %s address of %s", text,
			 addr_equal(gateway, &last) ? "broadcast" : "network", network);
}

/**
 * kind_check - refuse what does not go together
 * @spec: borrowed
 * @e: says what
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int kind_check(const struct ipam_pool *spec, struct error *e)
{
	const char *why = NULL;

	if (!spec->name[0] || !memchr(spec->name, '\0', sizeof(spec->name)))
		return error_set(e, ERROR_USAGE, EINVAL, "a pool needs a name");
	if (spec->kind == IPAM_SUBNET && !spec->bridge[0])
		why = "is for the ports of a bridge, and needs its name";
	else if (spec->kind == IPAM_PAIRS && spec->bridge[0])
		why = "of pairs is for cables, and takes no bridge";
	else if (spec->kind == IPAM_PAIRS && addr_is_set(&spec->gateway))
		why = "of pairs takes no gateway: that is the host's end of each";
	return why ? error_set(e, ERROR_USAGE, EINVAL, "a pool %s%s",
			       spec->kind == IPAM_SUBNET ? "of a subnet " : "", why)
		   : 0;
}

/**
 * range_text - a range as it is written
 * @range: borrowed
 * @text: filled
 */
static const char *range_text(const struct ipam_range *range, char text[2 * ADDR_TEXT + 1])
{
	char first[ADDR_TEXT], last[ADDR_TEXT];

	(void)snprintf(text, 2 * ADDR_TEXT + 1, "%s-%s", addr_format(&range->first, first),
		       addr_format(&range->last, last));
	return text;
}

/**
 * range_place - find where in a network a range lies
 * @network: borrowed
 * @range: borrowed
 * @ret_range: its place
 * @e: says what is wrong with it
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int range_place(const struct prefix *network, const struct ipam_range *range,
		       struct range *ret_range, struct error *e)
{
	struct range place = { .first = 0 };
	char text[2 * ADDR_TEXT + 1], other[PREFIX_TEXT];

	range_text(range, text);
	if (!prefix_contains(network, &range->first) || !prefix_contains(network, &range->last))
		return error_set(e, ERROR_USAGE, EINVAL, "range %s does not lie in %s", text,
				 prefix_format(network, other));
	if (memcmp(range->first.bytes, range->last.bytes, sizeof(range->first.bytes)) > 0)
		return error_set(e, ERROR_USAGE, EINVAL, "range %s ends before it begins", text);
	if (!addr_offset(network, &range->first, &place.first) ||
	    !addr_offset(network, &range->last, &place.last))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "range %s goes beyond the first 2^32 addresses of %s", text,
				 prefix_format(network, other));
	*ret_range = place;
	return 0;
}

/**
 * ranges_place - give a pool the ranges somebody wants
 * @spec: borrowed
 * @pool: gets them
 * @e: says what is wrong
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int ranges_place(const struct ipam_pool *spec, struct pool *pool, struct error *e)
{
	const struct range usable = network_usable(&spec->prefix);
	struct range places[IPAM_RANGES_MAX];
	char text[2 * ADDR_TEXT + 1], other[2 * ADDR_TEXT + 1];

	if (spec->n_ranges == 0)
		(void)ranges_add(pool, usable.first, usable.last);
	for (size_t i = 0; i < spec->n_ranges; i++) {
		int r = range_place(&spec->prefix, &spec->ranges[i], &places[i], e);

		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (places[i].first <= places[j].last && places[j].first <= places[i].last)
				return error_set(e, ERROR_USAGE, EINVAL, "ranges %s and %s overlap",
						 range_text(&spec->ranges[j], text),
						 range_text(&spec->ranges[i], other));
		if (places[i].first < usable.first)
			places[i].first = usable.first;
		if (places[i].last > usable.last)
			places[i].last = usable.last;
		(void)ranges_add(pool, places[i].first, places[i].last);
	}
	return 0;
}

/**
 * holes_cut - have a pool not give out what somebody excludes, nor its gateway
 * @spec: borrowed
 * @pool: its ranges are changed
 * @e: says what is wrong
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
static int holes_cut(const struct ipam_pool *spec, struct pool *pool, struct error *e)
{
	struct range hole;
	uint32_t gateway;

	for (size_t i = 0; i < spec->n_excluded; i++) {
		int r = range_place(&spec->prefix, &spec->excluded[i], &hole, e);

		if (r < 0)
			return r;
		if (!ranges_cut(pool, hole.first, hole.last))
			return rooms_refuse(pool, e);
	}
	if (addr_offset(&spec->prefix, &spec->gateway, &gateway) &&
	    !ranges_cut(pool, gateway, gateway))
		return rooms_refuse(pool, e);
	return 0;
}

/**
 * is_classic - whether a pool is the one that nixos-container has
 * @spec: borrowed
 */
static bool is_classic(const struct ipam_pool *spec)
{
	struct prefix classic;

	return spec->kind == IPAM_PAIRS && spec->n_ranges == 0 && spec->n_excluded == 0 &&
	       spec->prefix.length == 16 && prefix_parse("10.233.0.0/16", &classic, NULL) == 0 &&
	       addr_equal(&spec->prefix.addr, &classic.addr);
}

/**
 * pool_make - make a pool of what is wanted
 * @spec: borrowed
 * @ret_pool: not in the book yet
 * @e: says what is wrong
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int pool_make(const struct ipam_pool *spec, struct pool *ret_pool, struct error *e)
{
	struct pool pool = { .usage = { .kind = spec->kind, .prefix = spec->prefix } };
	int r = kind_check(spec, e);

	if (r == 0)
		r = network_check(&spec->prefix, e);
	if (r == 0)
		r = gateway_check(spec, e);
	if (r < 0)
		return r;
	memcpy(pool.usage.pool, spec->name, sizeof(pool.usage.pool));
	memcpy(pool.usage.bridge, spec->bridge, sizeof(pool.usage.bridge));
	pool.usage.gateway = spec->gateway;
	if (is_classic(spec))
		ranges_classic(&pool);
	else
		r = ranges_place(spec, &pool, e);
	if (r == 0)
		r = holes_cut(spec, &pool, e);
	if (r == 0)
		r = pool_measure(&pool, e);
	if (r == 0)
		*ret_pool = pool;
	return r;
}

/**
 * pool_overlaps - refuse a network that other pools have a part of
 * @pools: borrowed
 * @name: of the pool that is to have it, borrowed
 * @network: borrowed
 * @e: names the other pool
 *
 * Returns 0, or -EEXIST with class ERROR_CONFLICT.
 */
int pool_overlaps(const struct pools *pools, const char *name, const struct prefix *network,
		  struct error *e)
{
	char text[PREFIX_TEXT], other[PREFIX_TEXT];
	int r;

	for (size_t i = 0; i < pools->count; i++) {
		const struct ipam_usage *usage = &pools->list[i].usage;

		if (strcmp(usage->pool, name) == 0 || !prefix_overlaps(&usage->prefix, network))
			continue;
		r = error_set(e, ERROR_CONFLICT, EEXIST, "%s overlaps with pool %s, %s",
			      prefix_format(network, text), usage->pool,
			      prefix_format(&usage->prefix, other));
		return error_remedy(e, r, "choose another network");
	}
	return 0;
}
