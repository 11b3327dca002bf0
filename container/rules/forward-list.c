/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/forward-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/**
 * is_for - whether a word about ports asks for some in a family
 * @port: the word, borrowed
 * @pair: the addresses of the container in that family, borrowed
 */
static bool is_for(const struct port *port, const struct veth_pair *pair)
{
	return addr_is_set(&pair->local.addr) &&
	       (!addr_is_set(&port->address) || port->address.family == pair->local.addr.family);
}

/**
 * describe_ports - what a word about ports asks for in one family
 * @definition: borrowed
 * @spec: its cable, borrowed
 * @port: the word, borrowed
 * @pair: its addresses of that family
 * @forwards: added to; there is room
 */
static void describe_ports(const struct definition *definition, const struct veth_spec *spec,
			   const struct port *port, const struct veth_pair *pair,
			   struct nat_forwards *forwards)
{
	struct nat_forward forward = {
		.protocol = port->protocol,
		.host = port->address,
		.to = pair->local.addr,
	};

	if (!is_for(port, pair))
		return;
	memcpy(forward.host_link, port->link, IFNAMSIZ);
	memcpy(forward.link, spec->bridge[0] ? spec->bridge : spec->link, IFNAMSIZ);
	memcpy(forward.container, definition->name, sizeof(forward.container));
	for (uint16_t i = 0; i < port->length; i++) {
		forward.port = (uint16_t)(port->host + i);
		forward.to_port = (uint16_t)(port->inside + i);
		forwards->list[forwards->count++] = forward;
	}
}

/**
 * forwards_describe - what a definition asks for
 * @definition: borrowed
 * @spec: its cable, borrowed
 * @ret_forwards: sorted; the caller frees the list
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int forwards_describe(const struct definition *definition, const struct veth_spec *spec,
		      struct nat_forwards *ret_forwards, struct error *e)
{
	const struct ports *ports = &definition->ports;
	struct nat_forwards forwards = { .count = 0 };
	size_t total = 0;

	for (size_t i = 0; i < ports->count; i++)
		total += (size_t)2 * ports->list[i].length; /* both families */
	forwards.list = calloc(total + 1, sizeof(*forwards.list));
	if (!forwards.list)
		return error_errno(e, ENOMEM, "cannot publish ports");
	for (size_t i = 0; i < ports->count; i++) {
		describe_ports(definition, spec, &ports->list[i], &spec->v4, &forwards);
		describe_ports(definition, spec, &ports->list[i], &spec->v6, &forwards);
	}
	if (ports->count && !forwards.count)
		log_warning("container '%s' has no address: its ports are not published",
			    definition->name);
	forwards_sort(&forwards);
	*ret_forwards = forwards;
	return 0;
}

/**
 * forwards_sort - put forwards into their order
 * @forwards: changed
 */
void forwards_sort(struct nat_forwards *forwards)
{
	if (forwards->count)
		qsort(forwards->list, forwards->count, sizeof(*forwards->list), nat_forward_order);
}

/**
 * forwards_find - the forward that is called as another one is
 * @forwards: sorted, borrowed
 * @like: borrowed
 *
 * Returns it, borrowed, or NULL.
 */
const struct nat_forward *forwards_find(const struct nat_forwards *forwards,
					const struct nat_forward *like)
{
	return forwards->count ? bsearch(like, forwards->list, forwards->count,
					 sizeof(*forwards->list), nat_forward_order)
			       : NULL;
}

/**
 * forward_same - whether two forwards that are called alike are the same
 * @a, @b: borrowed
 */
static bool forward_same(const struct nat_forward *a, const struct nat_forward *b)
{
	return a->to_port == b->to_port && addr_equal(&a->to, &b->to) &&
	       strcmp(a->link, b->link) == 0;
}

/**
 * forwards_without - leave out those that are among others too
 * @forwards: borrowed
 * @others: sorted, borrowed
 * @ret_forwards: the rest, in a block that the caller frees
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int forwards_without(const struct nat_forwards *forwards, const struct nat_forwards *others,
		     struct nat_forwards *ret_forwards, struct error *e)
{
	struct nat_forwards rest = { .list = calloc(forwards->count + 1, sizeof(*rest.list)) };

	if (!rest.list)
		return error_errno(e, ENOMEM, "cannot compare published ports");
	for (size_t i = 0; i < forwards->count; i++) {
		const struct nat_forward *other = forwards_find(others, &forwards->list[i]);

		if (!other || !forward_same(&forwards->list[i], other))
			rest.list[rest.count++] = forwards->list[i];
	}
	*ret_forwards = rest;
	return 0;
}
