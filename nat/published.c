/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading back all that is published. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "nat/element.h"
#include "nat/read.h"

/* The forwards that a listing brings, as they come; then what they have let pass. */
struct listing {
	const char *map; /* or set */
	int (*take)(void *data, const struct element *element, struct error *e);
	struct nat_forwards forwards;
	size_t room;
};

/**
 * listing_add - put a forward behind the others
 * @data: the listing
 * @element: of a map, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int listing_add(void *data, const struct element *element, struct error *e)
{
	struct listing *listing = data;
	struct nat_forwards *forwards = &listing->forwards;
	struct nat_forward forward;

	if (!element_forward(element, &forward))
		return 0;
	if (forwards->count == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 16;
		void *grown = reallocarray(forwards->list, room, sizeof(*forwards->list));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot list published ports");
		forwards->list = grown;
		listing->room = room;
	}
	forwards->list[forwards->count++] = forward;
	return 0;
}

/**
 * forwards_from - the first forward with a protocol and a port
 * @forwards: in their order, borrowed
 * @like: has both, borrowed
 *
 * Returns its index, or that behind the last one.
 */
static size_t forwards_from(const struct nat_forwards *forwards, const struct nat_forward *like)
{
	size_t first = 0, end = forwards->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		const struct nat_forward *one = &forwards->list[middle];

		if (one->protocol < like->protocol ||
		    (one->protocol == like->protocol && one->port < like->port))
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/**
 * traffic_add - add what was counted to the forwards that have let it pass
 * @data: the listing, whose forwards are in their order by now
 * @element: of a set that counts, borrowed
 * @e: not used
 *
 * Which of those that are bound differently, and lead to one container by ports of one number, cannot
 * be told any more: all of them have it.
 *
 * Returns 0.
 */
static int traffic_add(void *data, const struct element *element, struct error *e)
{
	struct nat_forwards *forwards = &((struct listing *)data)->forwards;
	struct nat_forward key;

	(void)e;
	if (!element_traffic(element, &key))
		return 0;
	for (size_t i = forwards_from(forwards, &key); i < forwards->count; i++) {
		struct nat_forward *one = &forwards->list[i];

		if (one->protocol != key.protocol || one->port != key.port)
			break;
		if (addr_equal(&one->to, &key.to))
			one->traffic = element->counter;
	}
	return 0;
}

/**
 * take_listed - take the elements in an answer; for struct nft_taker
 * @data: the listing
 * @index: not used
 * @answer: borrowed; NULL: there is no such map
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int take_listed(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct listing *listing = data;

	(void)index;
	return elements_take(answer, listing->map, listing->take, listing, e);
}

/**
 * listing_read - read one map
 * @nat: the session
 * @listing: changed; which map is in it
 * @e: filled on failure
 *
 * Returns 0, -ERESTART when it was changed meanwhile, or another -errno.
 */
static int listing_read(struct nat *nat, struct listing *listing, struct error *e)
{
	const struct nft_taker taker = { take_listed, listing };
	struct nft_request request;
	struct nlmsghdr *message;

	nft_request_init(&request);
	message = nft_request_add(&request, NFT_LIST, NFT_ELEMENT, listing->map);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, listing->map);
	return nft_query(nat, &request, &taker, e);
}

/**
 * listing_read_all - read maps or sets one after the other
 * @nat: the session
 * @listing: changed; has what takes their elements
 * @names, @count: of the maps, borrowed
 * @e: filled on failure
 *
 * Returns 0, -ERESTART when one was changed meanwhile, or another -errno.
 */
static int listing_read_all(struct nat *nat, struct listing *listing, const char *const *names,
			    size_t count, struct error *e)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		listing->map = names[i];
		r = listing_read(nat, listing, e);
	}
	return r;
}

/**
 * nat_forwards_read - read all forwards back, and what they have let pass
 * @nat: the session
 * @ret_forwards: in their order; the caller frees the list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_forwards_read(struct nat *nat, struct nat_forwards *ret_forwards, struct error *e)
{
	static const char *const traffic_sets[] = { SET_TRAFFIC, SET_TRAFFIC6 };
	struct listing listing = { .room = 0 };
	int r = -ERESTART;

	for (unsigned tries = 0; r == -ERESTART && tries <= SNAPSHOT_TRIES; tries++) {
		listing.forwards.count = 0;
		listing.take = listing_add;
		r = listing_read_all(nat, &listing, target_maps, TARGET_MAPS, e);
		if (r == 0 && listing.forwards.count)
			qsort(listing.forwards.list, listing.forwards.count,
			      sizeof(struct nat_forward), nat_forward_order);
		listing.take = traffic_add;
		if (r == 0 && listing.forwards.count)
			r = listing_read_all(nat, &listing, traffic_sets, ARRAY_SIZE(traffic_sets),
					     e);
	}
	if (r < 0) {
		free(listing.forwards.list);
		return r;
	}
	*ret_forwards = listing.forwards;
	return 0;
}
