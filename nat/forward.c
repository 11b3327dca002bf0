/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "nat/element.h"
#include "nat/ruleset.h"

/**
 * forwards_parts - which parts of the table forwards need
 * @forwards: borrowed
 *
 * Returns them as bits.
 */
unsigned forwards_parts(const struct nat_forwards *forwards)
{
	unsigned parts = forwards->count ? PART_PORTS : 0;

	for (size_t i = 0; i < forwards->count; i++)
		if (addr_is_set(&forwards->list[i].host) || forwards->list[i].host_link[0])
			parts |= PART_BOUND;
	return parts;
}

/**
 * nat_forward_order - the order of forwards; see nat.h
 * @a, @b: the forwards
 */
int nat_forward_order(const void *a, const void *b)
{
	const struct nat_forward *one = a, *other = b;
	int order = one->protocol - other->protocol;

	if (order == 0)
		order = one->port - other->port;
	if (order == 0)
		order = one->to.family - other->to.family;
	if (order == 0)
		order = one->host.family - other->host.family;
	if (order == 0)
		order = memcmp(one->host.bytes, other->host.bytes, addr_size(&one->host));
	return order == 0 ? strcmp(one->host_link, other->host_link) : order;
}
