/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sets and maps of the table hold: links, networks and addresses. */
#include "nat/read.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/contents.h"
#include "nat/element.h"
#include "nat/interval.h"
#include "nat/match.h"
#include "nat/nft.h"

/* Where it is, and in which part of the table. */
struct place {
	const char *set;
	enum part part;
	size_t key_size; /* of a set of intervals; 0: a map of addresses */
	bool (*take)(struct nat_state *state, const struct interval *interval);
};

/* A listing of one of them. */
struct listing {
	const struct place *place;
	struct snapshot *snapshot;
	struct interval_ends ends;
	size_t n_turning;
};

/**
 * take_link - take an external link; for struct place
 * @state: changed
 * @interval: borrowed
 *
 * Returns whether it is one.
 */
static bool take_link(struct nat_state *state, const struct interval *interval)
{
	bool ours = state->n_external < NAT_EXTERNAL_MAX &&
		    interval_link(interval, state->external[state->n_external]);

	state->n_external += ours;
	return ours;
}

/**
 * take_network - take an internal network; for struct place
 * @state: changed
 * @interval: borrowed
 *
 * Returns whether it is one.
 */
static bool take_network(struct nat_state *state, const struct interval *interval)
{
	bool ours = state->n_internal < NAT_INTERNAL_MAX &&
		    interval_prefix(interval, &state->internal[state->n_internal]);

	state->n_internal += ours;
	return ours;
}

/**
 * take_opened - take a link that forwards only because of us; for struct place
 * @state: changed
 * @interval: borrowed
 *
 * Returns whether it is one.
 */
static bool take_opened(struct nat_state *state, const struct interval *interval)
{
	struct nat_opened *opened = &state->opened;
	bool ours =
		opened->n_v4 < NAT_OPENED_MAX && interval_link(interval, opened->v4[opened->n_v4]);

	opened->n_v4 += ours;
	return ours;
}

/**
 * take_opened6 - the same for IPv6
 * @state, @interval: as for take_opened()
 *
 * Returns whether it is one.
 */
static bool take_opened6(struct nat_state *state, const struct interval *interval)
{
	struct nat_opened *opened = &state->opened;
	bool ours =
		opened->n_v6 < NAT_OPENED_MAX && interval_link(interval, opened->v6[opened->n_v6]);

	opened->n_v6 += ours;
	return ours;
}

static const struct place places[] = {
	{ SET_EXTERNAL, PART_TABLE, IFNAMSIZ, take_link },
	{ SET_INTERNAL, PART_INTERNAL, 4, take_network },
	{ SET_INTERNAL6, PART_INTERNAL, 16, take_network },
	{ MAP_SOURCE, PART_ADDRESS, 0, NULL },
	{ MAP_SOURCE6, PART_ADDRESS, 0, NULL },
	{ SET_OPENED, PART_OPENED, IFNAMSIZ, take_opened },
	{ SET_OPENED6, PART_OPENED, IFNAMSIZ, take_opened6 },
	{ SET_TURNING, PART_OPENED, 0, NULL }, /* behind those that it follows from */
};

/**
 * take_address - take the address that all leave with
 * @listing: its state is changed
 * @attribute: an element, borrowed
 */
static void take_address(struct listing *listing, const struct nlattr *attribute)
{
	struct nat_state *state = &listing->snapshot->state;
	bool v4 = strcmp(listing->place->set, MAP_SOURCE) == 0;
	struct addr *address = v4 ? &state->address4 : &state->address6;
	uint8_t family = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	struct element element;

	if (!element_take(attribute, listing->place->set, &element) || element.key_size != 1 ||
	    element.key[0] != family || element.data_size != (v4 ? 4 : 16))
		listing->ends.odd = true;
	else
		*address = addr_from_bytes(v4 ? AF_INET : AF_INET6, element.data);
}

/**
 * take_turning - take a pair of links that may lead from one to the other
 * @listing: changed
 * @attribute: an element, borrowed
 */
static void take_turning(struct listing *listing, const struct nlattr *attribute)
{
	const struct nat_opened *opened = &listing->snapshot->state.opened;
	struct element element;

	if (!element_take(attribute, listing->place->set, &element) ||
	    element.key_size != (size_t)2 * IFNAMSIZ || element.key[IFNAMSIZ - 1] ||
	    memcmp(element.key, element.key + IFNAMSIZ, IFNAMSIZ) != 0 ||
	    !opened_have(opened, AF_UNSPEC, (const char *)element.key))
		listing->ends.odd = true;
	listing->n_turning++;
}

/**
 * turning_wanted - how many links may lead to themselves
 * @opened: those of each family, borrowed
 */
static size_t turning_wanted(const struct nat_opened *opened)
{
	size_t count = opened->n_v4;

	for (size_t i = 0; i < opened->n_v6; i++)
		count += !opened_have(opened, AF_INET, opened->v6[i]);
	return count;
}

/**
 * take_listed - take elements of a listing; for struct nft_taker
 * @data: the listing
 * @index: not used
 * @answer: borrowed; NULL: there is no such set, which is known by now
 * @e: not used
 *
 * Returns 0.
 */
static int take_listed(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	const struct nlattr *list = answer ? message_elements(answer) : NULL;
	struct listing *listing = data;
	const struct nlattr *element;
	const char *end;

	(void)index;
	(void)e;
	if (!list)
		return 0;
	end = (const char *)list + mnl_attr_get_len(list);
	for (element = mnl_attr_get_payload(list);
	     mnl_attr_ok(element, (int)(end - (const char *)element));
	     element = mnl_attr_next(element))
		if (listing->place->take)
			interval_ends_take(&listing->ends, element);
		else if (listing->place->part == PART_OPENED)
			take_turning(listing, element);
		else
			take_address(listing, element);
	return 0;
}

/**
 * listing_finish - draw the conclusions that take a whole listing
 * @listing: its snapshot is changed
 */
static void listing_finish(struct listing *listing)
{
	struct interval intervals[INTERVALS_MAX];
	bool ours = interval_ends_join(&listing->ends, intervals);

	for (size_t i = 0; ours && i < listing->ends.n_begins; i++)
		ours = listing->place->take(&listing->snapshot->state, &intervals[i]);
	if (listing->place->part == PART_OPENED && !listing->place->take &&
	    listing->n_turning < turning_wanted(&listing->snapshot->state.opened))
		snapshot_differs(listing->snapshot, "set %s lacks an element", listing->place->set);
	if (!ours)
		snapshot_differs(listing->snapshot, "set %s has an element that is not ours",
				 listing->place->set);
}

/**
 * snapshot_read_contents - read what the table holds
 * @nat: the session
 * @snapshot: says which parts are there; its state is filled
 * @e: filled on failure
 *
 * The kernel makes one listing at a time.
 *
 * Returns 0, -ERESTART when the ruleset was changed meanwhile, which takes all in nevertheless, or another
 * -errno.
 */
int snapshot_read_contents(struct nat *nat, struct snapshot *snapshot, struct error *e)
{
	bool torn = false;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++) {
		struct listing listing = { .place = &places[i], .snapshot = snapshot };
		const struct nft_taker taker = { take_listed, &listing };
		struct nft_request request;
		struct nlmsghdr *message;

		if (!(places[i].part & snapshot->parts))
			continue;
		listing.ends.size = places[i].key_size;
		nft_request_init(&request);
		message = nft_request_add(&request, NFT_LIST, NFT_ELEMENT, places[i].set);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, places[i].set);
		r = nft_query(nat, &request, &taker, e);
		if (r == -ERESTART) {
			torn = true;
			r = 0;
		}
		if (r == 0)
			listing_finish(&listing);
	}
	return r == 0 && torn ? -ERESTART : r;
}
