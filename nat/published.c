/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading back all that is published. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "nat/element.h"
#include "nat/read.h"

/* The forwards that a listing brings, as they come. */
struct listing {
	const char *map;
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
	return elements_take(answer, listing->map, listing_add, listing, e);
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
 * nat_forwards_read - read all forwards back
 * @nat: the session
 * @ret_forwards: in their order; the caller frees the list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_forwards_read(struct nat *nat, struct nat_forwards *ret_forwards, struct error *e)
{
	struct listing listing = { .room = 0 };
	unsigned tries = 0;
	int r = 0;

	for (size_t i = 0; i < TARGET_MAPS && r == 0; i++) {
		listing.map = target_maps[i];
		r = listing_read(nat, &listing, e);
		if (r == -ERESTART && tries++ < SNAPSHOT_TRIES) {
			listing.forwards.count = 0;
			i = SIZE_MAX; /* from the first map on */
			r = 0;
		}
	}
	if (r < 0) {
		free(listing.forwards.list);
		return r;
	}
	if (listing.forwards.count)
		qsort(listing.forwards.list, listing.forwards.count, sizeof(struct nat_forward),
		      nat_forward_order);
	*ret_forwards = listing.forwards;
	return 0;
}
