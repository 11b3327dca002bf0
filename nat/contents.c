/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/contents.h"

#include <linux/netfilter.h>
#include <string.h>

#include "nat/element.h"
#include "nat/interval.h"
#include "nat/ruleset.h"

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
		.opened = &spec->opened,
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
		.opened = &state->opened,
	};
}

/**
 * links_have - whether a link is among some, by just this name
 * @links, @count: the others, borrowed
 * @link: the name
 */
static bool links_have(const char (*links)[IFNAMSIZ], size_t count, const char *link)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(links[i], link, IFNAMSIZ) == 0)
			return true;
	return false;
}

/**
 * contents_have_link - whether a link is among the external ones, by just this name
 * @contents: borrowed
 * @link: the name
 */
bool contents_have_link(const struct contents *contents, const char *link)
{
	return links_have(contents->external, contents->n_external, link);
}

/**
 * opened_have - whether a link forwards only because of us, in a family or in any
 * @opened: borrowed
 * @family: AF_INET, AF_INET6 or AF_UNSPEC
 * @link: the name
 */
bool opened_have(const struct nat_opened *opened, sa_family_t family, const char *link)
{
	return (family != AF_INET6 && links_have(opened->v4, opened->n_v4, link)) ||
	       (family != AF_INET && links_have(opened->v6, opened->n_v6, link));
}

/**
 * turning_element - the element that says that a link may lead to itself
 * @link: its name
 */
static struct element turning_element(const char *link)
{
	struct element element = { .set = SET_TURNING, .key_size = (size_t)2 * IFNAMSIZ };
	size_t length = strnlen(link, IFNAMSIZ - 1);

	memcpy(element.key, link, length);
	memcpy(element.key + IFNAMSIZ, link, length);
	return element;
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
 * batch_add_opened - the same for links of one family that forward only because of us
 * @batch, @action: as for batch_add_links()
 * @family: AF_INET or AF_INET6
 * @these: the one's, borrowed
 * @others: the other's, borrowed
 *
 * What may turn round on a link does not depend on the family, so the first of both brings it.
 *
 * Returns how many changes that are.
 */
static size_t batch_add_opened(struct nft_request *batch, enum nft_action action,
			       sa_family_t family, const struct nat_opened *these,
			       const struct nat_opened *others)
{
	bool v4 = family == AF_INET;
	size_t changes = 0;

	for (size_t i = 0; i < (v4 ? these->n_v4 : these->n_v6); i++) {
		const char *link = v4 ? these->v4[i] : these->v6[i];
		struct interval interval = interval_of_link(link);
		struct element turning = turning_element(link);

		if (opened_have(others, family, link))
			continue;
		batch_add_interval(batch, action, v4 ? SET_OPENED : SET_OPENED6, &interval);
		if (!opened_have(others, AF_UNSPEC, link) &&
		    (v4 || !opened_have(these, AF_INET, link)))
			batch_add_element(batch, action, &turning);
		changes++;
	}
	return changes;
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
	       batch_add_address(batch, action, these->address6, others->address6) +
	       batch_add_opened(batch, action, AF_INET, these->opened, others->opened) +
	       batch_add_opened(batch, action, AF_INET6, these->opened, others->opened);
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
