/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/ranges.h"

#include <stdio.h>
#include <string.h>

/*
 * Theory of operation
 *
 * Which addresses of its network a pool gives out, and in which order, is a list of ranges. When a
 * network grows, what is new comes behind what is there, so that slots keep their numbers; when it
 * shrinks, ranges are cut and those behind move up. Pairs stay those they were: a range that is cut
 * goes on with the next of them.
 *
 * A network has 2^32 addresses for us: those of IPv6 behind them are not given out.
 */

#define CLASSIC_FIRST 256u /* 10.233.1.0 to 10.233.254.255 */
#define CLASSIC_LAST  65279u

/**
 * offset_parse - read a number of a range
 * @cursor: moved behind it and the character that has to follow
 * @stops: one of these, or the end where "," is among them
 * @ret_stop: which one it is
 * @ret_offset: the number
 *
 * Returns 0, or -1 when it is not written like that.
 */
static int offset_parse(const char **cursor, const char *stops, char *ret_stop,
			uint32_t *ret_offset)
{
	const char *text = *cursor;
	uint64_t offset = 0;

	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9' && offset <= UINT32_MAX; text++)
		offset = offset * 10 + (uint64_t)(*text - '0');
	if (offset > UINT32_MAX)
		return -1;
	if (*text ? !strchr(stops, *text) : stops[0] != ',')
		return -1;
	*cursor = text + (*text != '\0');
	*ret_stop = *text;
	*ret_offset = (uint32_t)offset;
	return 0;
}

/**
 * range_meets - whether a range has an address in common with those of a pool
 * @pool: borrowed
 * @range: borrowed
 */
static bool range_meets(const struct pool *pool, const struct range *range)
{
	for (size_t i = 0; i < pool->n_ranges; i++)
		if (range->first <= pool->ranges[i].last && pool->ranges[i].first <= range->last)
			return true;
	return false;
}

/**
 * range_is_sane - whether a range can be one of a pool
 * @pool: borrowed
 * @range: borrowed
 */
static bool range_is_sane(const struct pool *pool, const struct range *range)
{
	if (range->last < range->first || range_meets(pool, range))
		return false;
	return !range->striped || (pool->usage.kind == IPAM_PAIRS && range->first % 256 == 0 &&
				   range->last % 256 == 255 && range->last <= INT32_MAX);
}

/**
 * ranges_parse - read ranges as they stand in the book: "1-254,300-400"; striped ones have "~"
 * @text: borrowed; "" is the order of nixos-container in the pool that every book begins with
 * @pool: its kind is set; its ranges are written
 *
 * Returns 0, or -1 when they are not written like that.
 */
int ranges_parse(const char *text, struct pool *pool)
{
	pool->n_ranges = 0;
	if (!text[0])
		pool->ranges[pool->n_ranges++] =
			(struct range){ CLASSIC_FIRST, CLASSIC_LAST, true };
	while (*text) {
		struct range range;
		char between, behind;

		if (pool->n_ranges == IPAM_RANGES_MAX ||
		    offset_parse(&text, "-~", &between, &range.first) < 0 ||
		    offset_parse(&text, ",", &behind, &range.last) < 0)
			return -1;
		range.striped = between == '~';
		if (!range_is_sane(pool, &range))
			return -1;
		pool->ranges[pool->n_ranges++] = range;
	}
	return 0;
}

/**
 * ranges_format - ranges as they stand in the book
 * @pool: borrowed
 * @text: filled
 */
void ranges_format(const struct pool *pool, char text[POOL_RANGES_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < pool->n_ranges; i++)
		used += (size_t)snprintf(text + used, POOL_RANGES_TEXT - used, "%s%u%c%u",
					 i ? "," : "", pool->ranges[i].first,
					 pool->ranges[i].striped ? '~' : '-', pool->ranges[i].last);
}

/**
 * ranges_classic - have a pool give out what nixos-container would, in its order
 * @pool: of pairs, its network 10.233.0.0/16; its ranges are written
 */
void ranges_classic(struct pool *pool)
{
	(void)ranges_parse("", pool);
}

/**
 * network_usable - the addresses of a network that one machine can have
 * @prefix: of 2 addresses or more, borrowed
 *
 * All but the network's own and, of IPv4, the broadcast address. Networks of two addresses have
 * neither (RFC 3021, RFC 6164).
 */
struct range network_usable(const struct prefix *prefix)
{
	unsigned bits = (unsigned)addr_bits(&prefix->addr) - prefix->length;
	uint32_t last = bits >= 32 ? UINT32_MAX : (uint32_t)((UINT64_C(1) << bits) - 1);

	if (bits <= 1)
		return (struct range){ .first = 0, .last = last };
	return (struct range){ .first = 1,
			       .last = prefix->addr.family == AF_INET ? last - 1 : last };
}

/**
 * ranges_add - let a pool give out more addresses, behind those it has
 * @pool: its ranges are changed
 * @first, @last: none when they are in the wrong order, or too few for a slot
 *
 * They become a part of the last range where they go on behind it.
 *
 * Returns whether there was room.
 */
bool ranges_add(struct pool *pool, int64_t first, int64_t last)
{
	struct range range = { .first = (uint32_t)first, .last = (uint32_t)last };
	struct range *end = pool->n_ranges ? &pool->ranges[pool->n_ranges - 1] : NULL;

	if (last < first || range_slots(pool, &range) == 0)
		return true;
	if (end && !end->striped && (int64_t)end->last + 1 == first &&
	    (first - end->first) % pool_step(pool) == 0) {
		end->last = range.last;
		return true;
	}
	if (pool->n_ranges == IPAM_RANGES_MAX)
		return false;
	pool->ranges[pool->n_ranges++] = range;
	return true;
}

/**
 * range_rest - where a range goes on at or behind an address
 * @pool: it belongs to, borrowed
 * @range: borrowed, not striped
 * @from: the address
 *
 * Returns the first one of the next slot.
 */
static int64_t range_rest(const struct pool *pool, const struct range *range, int64_t from)
{
	int64_t step = pool_step(pool);

	if (from <= range->first)
		return range->first;
	return range->first + (from - range->first + step - 1) / step * step;
}

/**
 * ranges_keep - have a pool give out those addresses of a range that lie between two others
 * @pool: its ranges are changed
 * @range: of another pool of its kind, borrowed, not striped
 * @from, @to: the others
 * @back: how many addresses the network begins further on than that pool's
 *
 * Returns whether there was room.
 */
static bool ranges_keep(struct pool *pool, const struct range *range, int64_t from, int64_t to,
			int64_t back)
{
	return ranges_add(pool, range_rest(pool, range, from) - back,
			  (to < range->last ? to : range->last) - back);
}

/**
 * ranges_replace - give a pool the ranges of another
 * @pool: changed
 * @other: borrowed
 */
static void ranges_replace(struct pool *pool, const struct pool *other)
{
	memcpy(pool->ranges, other->ranges, sizeof(pool->ranges));
	pool->n_ranges = other->n_ranges;
}

/**
 * ranges_cut - have a pool not give some addresses out
 * @pool: its ranges are changed; none is striped
 * @first, @last: the addresses
 *
 * Returns whether there was room for what is left.
 */
bool ranges_cut(struct pool *pool, uint32_t first, uint32_t last)
{
	struct pool left = { .usage = pool->usage };
	bool fits = true;

	for (size_t i = 0; fits && i < pool->n_ranges; i++) {
		const struct range *range = &pool->ranges[i];

		if (last < range->first || first > range->last)
			fits = ranges_add(&left, range->first, range->last);
		else
			fits = ranges_add(&left, range->first, (int64_t)first - 1) &&
			       ranges_keep(&left, range, (int64_t)last + 1, range->last, 0);
	}
	ranges_replace(pool, &left);
	return fits;
}

/**
 * ranges_lift - have the ranges of a pool where they are in a wider network
 * @pool: its network and its ranges are changed
 * @network: that has its own in it, borrowed
 * @ahead: how far in it that begins
 *
 * Returns whether there was room.
 */
static bool ranges_lift(struct pool *pool, const struct prefix *network, uint32_t ahead)
{
	struct range has = network_usable(network);
	struct pool lifted = { .usage = pool->usage };
	bool fits = true;

	for (size_t i = 0; fits && i < pool->n_ranges; i++) {
		struct range range = pool->ranges[i];

		if (range.first > UINT32_MAX - ahead)
			continue;
		if (range.last > UINT32_MAX - ahead)
			range.last = UINT32_MAX - ahead;
		range.first += ahead;
		range.last += ahead;
		if (range.striped)
			lifted.ranges[lifted.n_ranges++] = range;
		else
			fits = ranges_keep(&lifted, &range, has.first, has.last, 0);
	}
	pool->usage.prefix = *network;
	ranges_replace(pool, &lifted);
	return fits;
}

/**
 * ranges_grow - have a pool give out what a wider network has besides
 * @pool: its network and its ranges are changed
 * @network: that has its own in it, borrowed
 *
 * Stripes have what is nobody's at the edges of the network, too.
 *
 * Returns whether there was room.
 */
static bool ranges_grow(struct pool *pool, const struct prefix *network)
{
	struct range had = network_usable(&pool->usage.prefix), has = network_usable(network);
	int64_t below, above;
	uint32_t ahead;

	if (!addr_offset(network, &pool->usage.prefix.addr, &ahead)) {
		pool->usage.prefix = *network;
		pool->n_ranges = 0;
		return ranges_add(pool, has.first, has.last);
	}
	below = (int64_t)ahead + had.first - 1;
	above = (int64_t)ahead + had.last + 1;
	if (!ranges_lift(pool, network, ahead))
		return false;
	for (size_t i = 0; i < pool->n_ranges; i++) {
		if (!pool->ranges[i].striped)
			continue;
		if (pool->ranges[i].first <= below)
			below = (int64_t)pool->ranges[i].first - 1;
		if (pool->ranges[i].last >= above)
			above = (int64_t)pool->ranges[i].last + 1;
	}
	return ranges_add(pool, above, has.last) && ranges_add(pool, has.first, below);
}

/**
 * stripes_shrink - keep of a striped range what lies in a narrower network
 * @pool: its ranges are changed, its network is that
 * @range: borrowed, striped
 * @back: how far in the wider network it begins
 *
 * Of a part of one network of 256 the pairs follow each other.
 *
 * Returns whether there was room.
 */
static bool stripes_shrink(struct pool *pool, const struct range *range, uint32_t back)
{
	struct range whole = network_usable(&pool->usage.prefix), kept = *range;
	uint32_t end;

	if (pool->usage.prefix.length > 24) {
		const struct range stripe = { back / 256 * 256 + 1, back / 256 * 256 + 254, false };

		return back < range->first || back > range->last ||
		       ranges_keep(pool, &stripe, (int64_t)back + whole.first,
				   (int64_t)back + whole.last, back);
	}
	end = back + whole.last + 1;
	kept.first = kept.first > back ? kept.first : back;
	kept.last = kept.last < end ? kept.last : end;
	if (kept.last < kept.first)
		return true;
	kept.first -= back;
	kept.last -= back;
	pool->ranges[pool->n_ranges++] = kept;
	return true;
}

/**
 * ranges_shrink - have a pool give out only what lies in a narrower network
 * @pool: its network and its ranges are changed
 * @network: that lies in its own, borrowed
 *
 * Returns whether there was room.
 */
static bool ranges_shrink(struct pool *pool, const struct prefix *network)
{
	struct range has = network_usable(network);
	struct pool left = { .usage = pool->usage };
	uint32_t back = 0;
	bool fits = true, near = addr_offset(&pool->usage.prefix, &network->addr, &back);

	left.usage.prefix = *network;
	for (size_t i = 0; fits && near && i < pool->n_ranges; i++) {
		const struct range *range = &pool->ranges[i];

		fits = range->striped ? stripes_shrink(&left, range, back)
				      : ranges_keep(&left, range, (int64_t)back + has.first,
						    (int64_t)back + has.last, back);
	}
	pool->usage.prefix = *network;
	ranges_replace(pool, &left);
	return fits;
}

/**
 * ranges_move - have a pool give out the addresses of another network
 * @pool: its network and its ranges are changed
 * @network: which lies in its own, or the other way round; borrowed
 *
 * Where both have an address it is given out or not as before; what the network has besides is given
 * out too.
 *
 * Returns whether there was room for the ranges.
 */
bool ranges_move(struct pool *pool, const struct prefix *network)
{
	return network->length < pool->usage.prefix.length ? ranges_grow(pool, network)
							   : ranges_shrink(pool, network);
}
