/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Which element of a map stands for which container is in its comment, so that the kernel itself
 * knows who has a port. Elements are asked for one by one, never the whole map: what it costs to
 * publish a port does not depend on how many there are.
 *
 * Looking and changing are one step: the batch is good only for the generation of the ruleset that was
 * looked at (nft.c).
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/conntrack.h"
#include "nat/element.h"
#include "nat/match.h"
#include "nat/read.h"

/* Forwards asked for at once: each answer takes room in the socket's buffer until it is read. */
#define LOOK_CHUNK 16

/* What is known of a forward. */
struct look {
	const struct nat_forward *forward;
	struct element wanted[FORWARD_ELEMENTS], present[FORWARD_ELEMENTS];
	bool wants[FORWARD_ELEMENTS], has[FORWARD_ELEMENTS];
};

/* Forwards that are looked at. */
struct looks {
	struct look *list;
	size_t count;
	size_t begin;        /* of those asked for in one query */
	uint32_t generation; /* of the ruleset */
};

/**
 * looks_free - free what was looked at, for _cleanup_()
 * @looks: changed
 */
static void looks_free(struct looks *looks)
{
	free(looks->list);
}

/**
 * take_look - take an answer to the question for an element
 * @data: the looks
 * @index: which part of the question it answers
 * @answer: borrowed; NULL: there is no such element
 * @e: filled on failure
 *
 * Returns 0 or -EPROTO.
 */
static int take_look(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct looks *looks = data;
	size_t position = 0;
	struct look *look = &looks->list[looks->begin];
	unsigned kind = 0;

	if (index == 0 && looks->begin == 0)
		return take_generation(&looks->generation, 0, answer, e);
	if (looks->begin == 0)
		position = 1;
	for (;; kind++) {
		if (kind == FORWARD_ELEMENTS) {
			look++;
			kind = 0;
		}
		if (look->wants[kind] && position++ == index)
			break;
	}
	if (answer)
		look->has[kind] = element_take(mnl_attr_get_payload(message_elements(answer)),
					       look->wanted[kind].set, &look->present[kind]);
	return 0;
}

/**
 * looks_ask - ask for the elements of some forwards
 * @nat: the session
 * @looks: the next ones are filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int looks_ask(struct nat *nat, struct looks *looks, struct error *e)
{
	const struct nft_taker taker = { take_look, looks };
	_cleanup_(nft_request_deinit) struct nft_request request;

	nft_request_init(&request);
	if (looks->begin == 0)
		nft_request_add(&request, NFT_READ, NFT_GENERATION, "");
	for (size_t i = looks->begin; i < looks->count && i < looks->begin + LOOK_CHUNK; i++) {
		struct look *look = &looks->list[i];

		for (enum forward_element kind = ELEMENT_TARGET; kind < FORWARD_ELEMENTS; kind++) {
			look->wants[kind] = element_make(look->forward, kind, &look->wanted[kind]);
			if (look->wants[kind])
				batch_add_element(&request, NFT_READ, &look->wanted[kind]);
		}
	}
	return nft_query(nat, &request, &taker, e);
}

/**
 * looks_make - look at the elements of forwards
 * @nat: the session
 * @forwards: which, at least one; borrowed as long as the looks
 * @ret_looks: the caller ends with looks_free()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int looks_make(struct nat *nat, const struct nat_forwards *forwards, struct looks *ret_looks,
		      struct error *e)
{
	_cleanup_(looks_free) struct looks looks = { .count = forwards->count };
	int r = 0;

	looks.list = calloc(forwards->count, sizeof(*looks.list));
	if (!looks.list)
		return error_errno(e, ENOMEM, "cannot look at %zu published ports",
				   forwards->count);
	for (size_t i = 0; i < looks.count; i++)
		looks.list[i].forward = &forwards->list[i];
	for (; r == 0 && looks.begin < looks.count; looks.begin += LOOK_CHUNK)
		r = looks_ask(nat, &looks, e);
	if (r < 0)
		return r;
	*ret_looks = looks;
	looks.list = NULL;
	return 0;
}

/**
 * look_refuse - refuse a port that another container has
 * @look: borrowed
 * @e: names the port and its holder
 *
 * Returns 0 or -EADDRINUSE (ERROR_CONFLICT).
 */
static int look_refuse(const struct look *look, struct error *e)
{
	const char *holder = look->present[ELEMENT_TARGET].container;
	int r;

	if (!look->has[ELEMENT_TARGET] || strcmp(holder, look->forward->container) == 0)
		return 0;
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "%s port %u of the host belongs to %s%s%s",
		      look->forward->protocol == IPPROTO_UDP ? "udp" : "tcp", look->forward->port,
		      holder[0] ? "container '" : "somebody else", holder, holder[0] ? "'" : "");
	return error_remedy(e, r, "publish another port, or detach its holder%s%s",
			    holder[0] ? ": nixctr-net net down " : "", holder);
}

/**
 * batch_add_look - add to a batch what it takes to have a forward
 * @batch: changed
 * @look: borrowed
 *
 * Returns how many changes that are.
 */
static size_t batch_add_look(struct nft_request *batch, const struct look *look)
{
	size_t changes = 0;

	for (enum forward_element kind = ELEMENT_TARGET; kind < FORWARD_ELEMENTS; kind++) {
		bool same = look->has[kind] &&
			    (kind == ELEMENT_HAIRPIN ||
			     element_same(&look->wanted[kind], &look->present[kind]));

		if (!look->wants[kind] || same)
			continue;
		if (look->has[kind])
			batch_add_element(batch, NFT_DELETE, &look->present[kind]);
		batch_add_element(batch, NFT_ADD, &look->wanted[kind]);
		changes++;
	}
	return changes;
}

/**
 * add_once - have forwards, if nobody changes the ruleset meanwhile
 * @nat: the session
 * @forwards: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when all are there, -ERESTART, or another -errno.
 */
static int add_once(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	_cleanup_(looks_free) struct looks looks = { 0 };
	size_t changes = 0;
	int r;

	nft_batch_init(&batch, 0);
	r = looks_make(nat, forwards, &looks, e);
	if (r < 0)
		return r;
	nft_batch_init(&batch, looks.generation);
	for (size_t i = 0; i < looks.count && r == 0; i++) {
		r = look_refuse(&looks.list[i], e);
		if (r == 0)
			changes += batch_add_look(&batch, &looks.list[i]);
	}
	if (r == 0 && changes)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : changes > 0;
}

/**
 * nat_forwards_check - whether ports are free, or these containers' already
 * @nat: the session
 * @forwards: borrowed
 * @e: names the port and its holder
 *
 * Returns 0, -EADDRINUSE (ERROR_CONFLICT), or another -errno.
 */
int nat_forwards_check(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	_cleanup_(looks_free) struct looks looks = { 0 };
	int r = forwards->count ? looks_make(nat, forwards, &looks, e) : 0;

	for (size_t i = 0; i < looks.count && r == 0; i++)
		r = look_refuse(&looks.list[i], e);
	return r;
}

/**
 * nat_forwards_add - have forwards in the table
 * @nat: the session
 * @forwards: borrowed
 * @e: names the port and its holder
 *
 * Returns 1, 0 when all were there, -EADDRINUSE (ERROR_CONFLICT), -EAGAIN (ERROR_BUSY), or another
 * -errno.
 */
int nat_forwards_add(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	for (unsigned tries = 0; forwards->count && tries < SNAPSHOT_TRIES; tries++) {
		int r = add_once(nat, forwards, e);

		if (r != -ERESTART)
			return r;
	}
	return forwards->count ? error_set(e, ERROR_BUSY, EAGAIN,
					   "cannot publish ports: the ruleset is changed faster "
					   "than that")
			       : 0;
}

/**
 * batch_remove_look - add to a batch what it takes to be without a forward
 * @batch: changed
 * @look: borrowed
 * @turns: whether the container's link still has its element in "hairpin"; changed
 *
 * What belongs to another container stays. A bridge is common to several, and so is its element; it
 * goes with the table, and without forwards it means nothing.
 *
 * Returns how many changes that are.
 */
static size_t batch_remove_look(struct nft_request *batch, const struct look *look, bool *turns)
{
	size_t changes = 0;

	if (!look->has[ELEMENT_TARGET] ||
	    !element_same(&look->wanted[ELEMENT_TARGET], &look->present[ELEMENT_TARGET]))
		return 0;
	for (enum forward_element kind = ELEMENT_TARGET; kind < FORWARD_ELEMENTS; kind++) {
		if (!look->has[kind])
			continue;
		if (kind == ELEMENT_HAIRPIN) {
			if (!*turns ||
			    strncmp(look->forward->link, NAT_PREFIX, strlen(NAT_PREFIX)) != 0)
				continue;
			*turns = false;
		}
		batch_add_element(batch, NFT_DELETE, &look->present[kind]);
		changes++;
	}
	return changes;
}

/**
 * remove_once - be without forwards, if nobody changes the ruleset meanwhile
 * @nat: the session
 * @forwards: all of one container; borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when none was there, -ERESTART, or another -errno.
 */
static int remove_once(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	_cleanup_(looks_free) struct looks looks = { 0 };
	bool turns = true;
	size_t changes = 0;
	int r;

	nft_batch_init(&batch, 0);
	r = looks_make(nat, forwards, &looks, e);
	if (r < 0)
		return r;
	nft_batch_init(&batch, looks.generation);
	for (size_t i = 0; i < looks.count; i++)
		changes += batch_remove_look(&batch, &looks.list[i], &turns);
	if (changes)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : changes > 0;
}

/**
 * nat_forwards_remove - take forwards away, and the connections through them
 * @nat: the session
 * @forwards: all of one container; borrowed
 * @e: filled on failure
 *
 * Connections are ended also when the forwards are gone: a killed run may not have come to that.
 *
 * Returns 1, 0 when none was there, -EAGAIN (ERROR_BUSY), or another -errno.
 */
int nat_forwards_remove(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	int r = forwards->count ? -ERESTART : 0, ended;

	for (unsigned tries = 0; r == -ERESTART && tries < SNAPSHOT_TRIES; tries++)
		r = remove_once(nat, forwards, e);
	if (r == -ERESTART)
		return error_set(e, ERROR_BUSY, EAGAIN,
				 "cannot withdraw ports: the ruleset is changed faster than that");
	if (r < 0 || !forwards->count)
		return r;
	ended = conntrack_end(nat, forwards, e);
	return ended < 0 ? ended : r;
}

/* The forwards that a listing brings, as they come. */
struct listing {
	const char *map;
	struct nat_forwards forwards;
	size_t room;
};

/**
 * listing_add - put a forward behind the others
 * @listing: changed
 * @forward: copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int listing_add(struct listing *listing, const struct nat_forward *forward, struct error *e)
{
	struct nat_forwards *forwards = &listing->forwards;

	if (forwards->count == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 16;
		void *grown = reallocarray(forwards->list, room, sizeof(*forwards->list));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot list published ports");
		forwards->list = grown;
		listing->room = room;
	}
	forwards->list[forwards->count++] = *forward;
	return 0;
}

/**
 * take_listed - take the elements in an answer
 * @data: the listing
 * @index: not used
 * @answer: borrowed; NULL: there is no such map
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int take_listed(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	const struct nlattr *list = answer ? message_elements(answer) : NULL;
	struct listing *listing = data;
	const struct nlattr *entry;
	struct nat_forward forward;
	struct element element;
	const char *end;
	int r = 0;

	(void)index;
	if (!list)
		return 0;
	end = (const char *)list + mnl_attr_get_len(list);
	for (entry = mnl_attr_get_payload(list);
	     r == 0 && mnl_attr_ok(entry, (int)(end - (const char *)entry));
	     entry = mnl_attr_next(entry))
		if (element_take(entry, listing->map, &element) &&
		    element_forward(&element, &forward))
			r = listing_add(listing, &forward, e);
	return r;
}

/**
 * forward_order - the order of forwards; the comparison of qsort()
 * @a, @b: the forwards
 */
static int forward_order(const void *a, const void *b)
{
	const struct nat_forward *one = a, *other = b;

	if (one->protocol != other->protocol)
		return one->protocol < other->protocol ? -1 : 1;
	if (one->port != other->port)
		return one->port < other->port ? -1 : 1;
	return one->to.family < other->to.family ? -1 : one->to.family > other->to.family;
}

/**
 * nat_forwards_read - read all forwards back
 * @nat: the session
 * @ret_forwards: sorted; the caller frees the list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_forwards_read(struct nat *nat, struct nat_forwards *ret_forwards, struct error *e)
{
	static const char *const maps[] = { MAP_FORWARDS, MAP_FORWARDS6 };
	struct listing listing = { .room = 0 };
	const struct nft_taker taker = { take_listed, &listing };
	unsigned tries = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(maps) && r == 0; i++) {
		struct nft_request request;
		struct nlmsghdr *message;

		listing.map = maps[i];
		nft_request_init(&request);
		message = nft_request_add(&request, NFT_LIST, NFT_ELEMENT, maps[i]);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, maps[i]);
		r = nft_query(nat, &request, &taker, e);
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
		      forward_order);
	*ret_forwards = listing.forwards;
	return 0;
}
