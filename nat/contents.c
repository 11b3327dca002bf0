/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/contents.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/element.h"
#include "nat/interval.h"
#include "nat/match.h"

/**
 * contents_of_spec - what a table should hold
 * @spec: borrowed as long as the result
 */
struct contents contents_of_spec(const struct nat_spec *spec)
{
	return (struct contents){
		.external = spec->external,
		.n_external = spec->n_external,
		.internal = spec->internal,
		.n_internal = spec->n_internal,
		.address4 = &spec->address4,
		.address6 = &spec->address6,
	};
}

/**
 * contents_of_state - what a table holds
 * @state: borrowed as long as the result
 */
struct contents contents_of_state(const struct nat_state *state)
{
	return (struct contents){
		.external = state->external,
		.n_external = state->n_external,
		.internal = state->internal,
		.n_internal = state->n_internal,
		.address4 = &state->address4,
		.address6 = &state->address6,
	};
}

/**
 * contents_have_link - whether a link is among the external ones, by just this name
 * @contents: borrowed
 * @link: the name
 */
bool contents_have_link(const struct contents *contents, const char *link)
{
	for (size_t i = 0; i < contents->n_external; i++)
		if (strncmp(contents->external[i], link, IFNAMSIZ) == 0)
			return true;
	return false;
}

/**
 * contents_have_network - whether a network is among the internal ones, as just this one
 * @contents: borrowed
 * @network: borrowed
 */
bool contents_have_network(const struct contents *contents, const struct prefix *network)
{
	for (size_t i = 0; i < contents->n_internal; i++)
		if (contents->internal[i].length == network->length &&
		    addr_equal(&contents->internal[i].addr, &network->addr))
			return true;
	return false;
}

/**
 * contents_within - whether all of the one is in the other
 * @these: the one, borrowed
 * @others: the other, borrowed
 */
static bool contents_within(const struct contents *these, const struct contents *others)
{
	for (size_t i = 0; i < these->n_external; i++)
		if (!contents_have_link(others, these->external[i]))
			return false;
	for (size_t i = 0; i < these->n_internal; i++)
		if (!contents_have_network(others, &these->internal[i]))
			return false;
	return addr_equal(these->address4, others->address4) &&
	       addr_equal(these->address6, others->address6);
}

/**
 * nat_spec_same - whether two specs say the same of links, networks and addresses
 * @a, @b: borrowed
 */
bool nat_spec_same(const struct nat_spec *a, const struct nat_spec *b)
{
	struct contents one = contents_of_spec(a), other = contents_of_spec(b);

	return contents_within(&one, &other) && contents_within(&other, &one);
}

/**
 * address_element - the element of the address that all leave with
 * @address: set, borrowed
 */
static struct element address_element(const struct addr *address)
{
	bool v4 = address->family == AF_INET;
	struct element element = {
		.set = v4 ? MAP_SOURCE : MAP_SOURCE6,
		.key = { v4 ? NFPROTO_IPV4 : NFPROTO_IPV6 },
		.key_size = 1,
		.data_size = addr_size(address),
	};

	memcpy(element.data, address->bytes, element.data_size);
	return element;
}

/**
 * batch_add_links - add to a batch the external links that the one has and the other has not
 * @batch: changed
 * @action: NFT_ADD or NFT_DELETE
 * @these: the one, borrowed
 * @others: the other, borrowed
 *
 * Returns how many changes that are.
 */
static size_t batch_add_links(struct nft_request *batch, enum nft_action action,
			      const struct contents *these, const struct contents *others)
{
	size_t changes = 0;

	for (size_t i = 0; i < these->n_external; i++) {
		struct interval interval = interval_of_link(these->external[i]);

		if (contents_have_link(others, these->external[i]))
			continue;
		batch_add_interval(batch, action, SET_EXTERNAL, &interval);
		changes++;
	}
	return changes;
}

/**
 * batch_add_networks - the same for internal networks
 * @batch, @action, @these, @others: as for batch_add_links()
 *
 * Returns how many changes that are.
 */
static size_t batch_add_networks(struct nft_request *batch, enum nft_action action,
				 const struct contents *these, const struct contents *others)
{
	size_t changes = 0;

	for (size_t i = 0; i < these->n_internal; i++) {
		struct interval interval = interval_of_prefix(&these->internal[i]);
		bool v4 = these->internal[i].addr.family == AF_INET;

		if (contents_have_network(others, &these->internal[i]))
			continue;
		batch_add_interval(batch, action, v4 ? SET_INTERNAL : SET_INTERNAL6, &interval);
		changes++;
	}
	return changes;
}

/**
 * batch_add_address - the same for the address of one family
 * @batch, @action: as for batch_add_links()
 * @this: the one's, borrowed; may be none
 * @other: the other's, borrowed
 *
 * Returns how many changes that are.
 */
static size_t batch_add_address(struct nft_request *batch, enum nft_action action,
				const struct addr *this, const struct addr *other)
{
	struct element element;

	if (!addr_is_set(this) || addr_equal(this, other))
		return 0;
	element = address_element(this);
	batch_add_element(batch, action, &element);
	return 1;
}

/**
 * batch_add_missing - the same for all of them
 * @batch, @action, @these, @others: as for batch_add_links()
 *
 * Returns how many changes that are.
 */
static size_t batch_add_missing(struct nft_request *batch, enum nft_action action,
				const struct contents *these, const struct contents *others)
{
	return batch_add_links(batch, action, these, others) +
	       batch_add_networks(batch, action, these, others) +
	       batch_add_address(batch, action, these->address4, others->address4) +
	       batch_add_address(batch, action, these->address6, others->address6);
}

/**
 * contents_change - add to a batch what makes what a table holds what it should hold
 * @batch: changed
 * @is: what it holds, borrowed
 * @wanted: what it should, borrowed
 *
 * Returns how many changes that are.
 */
size_t contents_change(struct nft_request *batch, const struct contents *is,
		       const struct contents *wanted)
{
	size_t changes = batch_add_missing(batch, NFT_DELETE, is, wanted);

	return changes + batch_add_missing(batch, NFT_ADD, wanted, is);
}

/* ------------------------------------------------------------- reading */

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

static const struct place places[] = {
	{ SET_EXTERNAL, PART_TABLE, IFNAMSIZ, take_link },
	{ SET_INTERNAL, PART_INTERNAL, 4, take_network },
	{ SET_INTERNAL6, PART_INTERNAL, 16, take_network },
	{ MAP_SOURCE, PART_ADDRESS, 0, NULL },
	{ MAP_SOURCE6, PART_ADDRESS, 0, NULL },
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
	if (!ours)
		snapshot_differs(listing->snapshot, "set %s has an element that is not ours",
				 listing->place->set);
}

/**
 * contents_read - read what the table holds
 * @nat: the session
 * @snapshot: says which parts are there; its state is filled
 * @e: filled on failure
 *
 * The kernel makes one listing at a time.
 *
 * Returns 0, -ERESTART when the ruleset was changed meanwhile, which takes all in nevertheless, or another
 * -errno.
 */
int contents_read(struct nat *nat, struct snapshot *snapshot, struct error *e)
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
