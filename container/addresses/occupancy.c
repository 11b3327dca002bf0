/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Both leases and what is in use may be many thousands, so what is in use is sorted by length and network:
 * of each length that there is, an address lies in one network, which is found by bisection.
 */
#include "container/addresses/occupancy.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * use_order - the order of uses; the comparison of qsort() and bsearch()
 * @a, @b: struct veth_use
 */
static int use_order(const void *a, const void *b)
{
	const struct veth_use *left = a, *right = b;

	if (left->prefix.addr.family != right->prefix.addr.family)
		return left->prefix.addr.family < right->prefix.addr.family ? -1 : 1;
	if (left->prefix.length != right->prefix.length)
		return left->prefix.length < right->prefix.length ? -1 : 1;
	return memcmp(left->prefix.addr.bytes, right->prefix.addr.bytes,
		      sizeof(left->prefix.addr.bytes));
}

/**
 * uses_sort - put what is in use in order, and find where each length begins
 * @sorted: changed
 */
static void uses_sort(struct sorted_occupancy *sorted)
{
	struct veth_uses *uses = &sorted->occupancy.uses;
	size_t place = 0;

	if (uses->count)
		qsort(uses->list, uses->count, sizeof(*uses->list), use_order);
	for (size_t family = 0; family < 2; family++)
		for (size_t length = 0; length <= LENGTHS; length++) {
			const struct veth_use until = {
				.prefix = { .addr = { .family = family ? AF_INET6 : AF_INET },
					    .length = (uint8_t)length }
			};

			while (place < uses->count && use_order(&uses->list[place], &until) < 0)
				place++;
			sorted->start[family][length] = place;
		}
}

/**
 * uses_weigh - weigh what is in use of one length
 * @uses: sorted, borrowed
 * @from, @to: those of the length
 * @wish: borrowed
 * @worst: changed
 */
static void uses_weigh(const struct veth_uses *uses, size_t from, size_t to,
		       const struct wish *wish, struct conflict *worst)
{
	struct prefix network = { wish->addr, uses->list[from].prefix.length };
	const struct veth_use wanted = { .prefix = prefix_network(&network) };
	size_t low = from, high = to;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (use_order(&uses->list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < to && use_order(&uses->list[low], &wanted) == 0; low++)
		conflict_weigh_use(worst, &uses->list[low], wish);
}

/**
 * sorted_meet - what is worst in the way of an address
 * @sorted: borrowed
 * @wish: borrowed
 *
 * Returns it, or nothing.
 */
struct conflict sorted_meet(const struct sorted_occupancy *sorted, const struct wish *wish)
{
	const struct occupancy *occupancy = &sorted->occupancy;
	const size_t *start = sorted->start[wish->addr.family == AF_INET6];
	struct conflict worst = conflict_begin(wish);

	for (size_t length = 0; length <= addr_bits(&wish->addr); length++)
		if (start[length] < start[length + 1])
			uses_weigh(&occupancy->uses, start[length], start[length + 1], wish,
				   &worst);
	for (size_t i = 0; i < occupancy->engines.count; i++)
		conflict_weigh_engine(&worst, &occupancy->engines.list[i], wish);
	return worst;
}

/**
 * occupancy_read - read all that is in use on the host
 * @paths: borrowed; of a tree that is not this host's, only what its files say
 * @sorted: filled; the caller ends with occupancy_deinit(), after a failure too
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int occupancy_read(const struct paths *paths, struct sorted_occupancy *sorted, struct error *e)
{
	_cleanup_(veth_closep) struct veth *veth = NULL;
	int r = engines_read(paths->root, &sorted->occupancy.engines, e);

	if (r == 0 && !paths->root[0])
		r = veth_open(&veth, e);
	if (r == 0 && veth)
		r = veth_uses_read(veth, &sorted->occupancy.uses, e);
	uses_sort(sorted);
	return r;
}
