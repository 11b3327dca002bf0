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
#include "nat/conflict.h"
#include "nat/conntrack.h"
#include "nat/element.h"
#include "nat/match.h"
#include "nat/read.h"

/* Forwards asked for at once: each answer takes room in the socket's buffer until it is read. */
#define LOOK_CHUNK 16

/* What is known of a forward. */
struct look {
	const struct nat_forward *forward;
	struct element present[FORWARD_ELEMENTS];
	bool wants[FORWARD_ELEMENTS], has[FORWARD_ELEMENTS];
};

/* Forwards that are looked at. */
struct nat_looks {
	const struct nat_forwards *forwards;
	struct look *list;
	size_t begin;        /* of those asked for in one query */
	uint32_t generation; /* of the ruleset */
};

/**
 * nat_looks_freep - free what was looked at, for _cleanup_()
 * @looks: its address
 */
void nat_looks_freep(struct nat_looks **looks)
{
	if (*looks)
		free((*looks)->list);
	free(*looks);
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
	struct nat_looks *looks = data;
	size_t position = 0;
	struct look *look = &looks->list[looks->begin];
	struct element wanted;
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
	if (answer && element_make(look->forward, kind, &wanted))
		look->has[kind] = element_take(mnl_attr_get_payload(message_elements(answer)),
					       wanted.set, &look->present[kind]);
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
static int looks_ask(struct nat *nat, struct nat_looks *looks, struct error *e)
{
	const struct nft_taker taker = { take_look, looks };
	_cleanup_(nft_request_deinit) struct nft_request request;
	size_t count = looks->forwards->count;
	struct element wanted;

	nft_request_init(&request);
	if (looks->begin == 0)
		nft_request_add(&request, NFT_READ, NFT_GENERATION, "");
	for (size_t i = looks->begin; i < count && i < looks->begin + LOOK_CHUNK; i++) {
		struct look *look = &looks->list[i];

		for (enum forward_element kind = ELEMENT_TARGET; kind < FORWARD_ELEMENTS; kind++) {
			look->wants[kind] = element_make(look->forward, kind, &wanted) &&
					    !element_repeats(looks->forwards, i, kind);
			if (look->wants[kind])
				batch_add_element(&request, NFT_READ, &wanted);
		}
	}
	return nft_query(nat, &request, &taker, e);
}

/**
 * looks_make - look at the elements of forwards
 * @nat: the session
 * @forwards: which, at least one; borrowed as long as the looks
 * @ret_looks: the caller ends with nat_looks_freep()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int looks_make(struct nat *nat, const struct nat_forwards *forwards,
		      struct nat_looks **ret_looks, struct error *e)
{
	_cleanup_(nat_looks_freep) struct nat_looks *looks = calloc(1, sizeof(*looks));
	int r = 0;

	if (looks)
		looks->list = calloc(forwards->count, sizeof(*looks->list));
	if (!looks || !looks->list)
		return error_errno(e, ENOMEM, "cannot look at %zu published ports",
				   forwards->count);
	looks->forwards = forwards;
	for (size_t i = 0; i < forwards->count; i++)
		looks->list[i].forward = &forwards->list[i];
	for (; r == 0 && looks->begin < forwards->count; looks->begin += LOOK_CHUNK)
		r = looks_ask(nat, looks, e);
	if (r == 0)
		*ret_looks = TAKE_PTR(looks);
	return r;
}

/**
 * looks_refuse - refuse ports that another container has
 * @looks: borrowed
 * @e: names the port and its holder
 *
 * Returns 0 or -EADDRINUSE (ERROR_CONFLICT).
 */
static int looks_refuse(const struct nat_looks *looks, struct error *e)
{
	for (size_t i = 0; i < looks->forwards->count; i++) {
		const struct look *look = &looks->list[i];
		const char *holder = look->present[ELEMENT_TARGET].container;

		if (look->has[ELEMENT_TARGET] && strcmp(holder, look->forward->container) != 0)
			return conflict_refuse(look->forward, holder, e);
	}
	return 0;
}

/**
 * look_is_right - whether an element of a forward is as it should be
 * @look: borrowed
 * @kind: of the element
 * @wanted: how it should be, borrowed
 *
 * One that several containers have in common is right when it is there.
 */
static bool look_is_right(const struct look *look, enum forward_element kind,
			  const struct element *wanted)
{
	return look->has[kind] && (kind == ELEMENT_HAIRPIN || kind == ELEMENT_BINDING ||
				   element_same(wanted, &look->present[kind]));
}

/**
 * batch_add_looks - add to a batch what it takes to have forwards
 * @batch: changed
 * @looks: borrowed
 *
 * Returns how many changes that are.
 */
static size_t batch_add_looks(struct nft_request *batch, const struct nat_looks *looks)
{
	size_t count = looks->forwards->count, changes = 0;
	struct element wanted;

	for (unsigned pass = 0; pass < 2 * ELEMENT_TRAFFIC; pass++) {
		enum forward_element kind = pass % ELEMENT_TRAFFIC;
		bool add = pass >= ELEMENT_TRAFFIC; /* behind all that make room */

		for (size_t i = 0; i < count; i++) {
			const struct look *look = &looks->list[i];

			if (!look->wants[kind] || !element_make(look->forward, kind, &wanted) ||
			    look_is_right(look, kind, &wanted))
				continue;
			if (add)
				batch_add_element(batch, NFT_ADD, &wanted);
			else if (look->has[kind])
				batch_add_element(batch, NFT_DELETE, &look->present[kind]);
			changes += add;
		}
	}
	return changes;
}

/**
 * add_looked - have forwards, if nobody has changed the ruleset since they were looked at
 * @nat: the session
 * @looks: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when all are there, -ERESTART, or another -errno.
 */
static int add_looked(struct nat *nat, const struct nat_looks *looks, struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	size_t changes;
	int r = 0;

	nft_batch_init(&batch, looks->generation);
	changes = batch_add_looks(&batch, looks);
	if (changes)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : changes > 0;
}

/**
 * nat_forwards_check - whether ports are free, or these containers' already
 * @nat: the session
 * @forwards: borrowed; as long as what is returned, too
 * @ret_looks: what was found, for nat_forwards_add(); NULL: nothing is to be had. The caller ends with
 *             nat_looks_freep()
 * @e: names the port and its holder
 *
 * Returns 0, -EADDRINUSE (ERROR_CONFLICT), or another -errno.
 */
int nat_forwards_check(struct nat *nat, const struct nat_forwards *forwards,
		       struct nat_looks **ret_looks, struct error *e)
{
	_cleanup_(nat_looks_freep) struct nat_looks *looks = NULL;
	int r = forwards->count ? looks_make(nat, forwards, &looks, e) : 0;

	if (r == 0 && looks)
		r = looks_refuse(looks, e);
	if (r == 0 && looks)
		r = conflicts_check(nat, forwards, e);
	if (r == 0)
		*ret_looks = TAKE_PTR(looks);
	return r;
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
	_cleanup_(nat_looks_freep) struct nat_looks *looks = NULL;
	int r = nat_forwards_check(nat, forwards, &looks, e);

	return r < 0 || !looks ? r : add_looked(nat, looks, e);
}

/**
 * nat_forwards_add - have forwards in the table
 * @nat: the session
 * @forwards: borrowed
 * @looks: what nat_forwards_check() has found of them, borrowed; it is of use as long as nobody has
 *         changed the ruleset. NULL: they have not been looked at
 * @e: names the port and its holder
 *
 * Returns 1, 0 when all were there, -EADDRINUSE (ERROR_CONFLICT), -EAGAIN (ERROR_BUSY), or another
 * -errno.
 */
int nat_forwards_add(struct nat *nat, const struct nat_forwards *forwards,
		     const struct nat_looks *looks, struct error *e)
{
	int r = forwards->count ? -ERESTART : 0;

	if (looks)
		r = add_looked(nat, looks, e);
	for (unsigned tries = 0; r == -ERESTART && tries < SNAPSHOT_TRIES; tries++)
		r = add_once(nat, forwards, e);
	if (r == -ERESTART)
		return error_set(e, ERROR_BUSY, EAGAIN,
				 "cannot publish ports: the ruleset is changed faster than that");
	return r;
}

/**
 * look_goes - whether an element of a forward goes with it
 * @look: borrowed
 * @kind: of the element
 * @removal: whether the container has other forwards
 *
 * What belongs to another container stays. A bridge is common to several, and so is its element in
 * "hairpin"; like what tells of bindings it goes with the table, and without forwards it means nothing.
 */
static bool look_goes(const struct look *look, enum forward_element kind, enum nat_removal removal)
{
	const struct nat_forward *forward = look->forward;
	struct element target;

	if (!look->has[kind] || kind == ELEMENT_BINDING)
		return false;
	if (kind == ELEMENT_HAIRPIN)
		return removal == NAT_REMOVE_ALL &&
		       strcmp(look->present[kind].container, forward->container) == 0 &&
		       strncmp(forward->link, NAT_PREFIX, strlen(NAT_PREFIX)) == 0;
	return look->has[ELEMENT_TARGET] && element_make(forward, ELEMENT_TARGET, &target) &&
	       element_same(&target, &look->present[ELEMENT_TARGET]);
}

/**
 * batch_remove_looks - add to a batch what it takes to be without forwards
 * @batch: changed
 * @looks: borrowed
 * @removal: whether the container has others
 *
 * Returns how many changes that are.
 */
static size_t batch_remove_looks(struct nft_request *batch, const struct nat_looks *looks,
				 enum nat_removal removal)
{
	size_t changes = 0;

	for (enum forward_element kind = ELEMENT_TARGET; kind < FORWARD_ELEMENTS; kind++) {
		const struct look *look = looks->list;

		for (size_t i = 0; look && i < looks->forwards->count; i++, look++) {
			if (!look_goes(look, kind, removal))
				continue;
			batch_add_element(batch, NFT_DELETE, &look->present[kind]);
			changes++;
		}
	}
	return changes;
}

/**
 * remove_once - be without forwards, if nobody changes the ruleset meanwhile
 * @nat: the session
 * @forwards: borrowed
 * @removal: whether their containers have others
 * @e: filled on failure
 *
 * Returns 1, 0 when none was there, -ERESTART, or another -errno.
 */
static int remove_once(struct nat *nat, const struct nat_forwards *forwards,
		       enum nat_removal removal, struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	_cleanup_(nat_looks_freep) struct nat_looks *looks = NULL;
	size_t changes;
	int r;

	nft_batch_init(&batch, 0);
	r = looks_make(nat, forwards, &looks, e);
	if (r < 0 || !looks)
		return r;
	nft_batch_init(&batch, looks->generation);
	changes = batch_remove_looks(&batch, looks, removal);
	if (changes)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : changes > 0;
}

/**
 * nat_forwards_remove - take forwards away, and the connections through them
 * @nat: the session
 * @forwards: borrowed
 * @removal: whether their containers have others
 * @e: filled on failure
 *
 * Connections are ended also when the forwards are gone: a killed run may not have come to that.
 *
 * Returns 1, 0 when none was there, -EAGAIN (ERROR_BUSY), or another -errno.
 */
int nat_forwards_remove(struct nat *nat, const struct nat_forwards *forwards,
			enum nat_removal removal, struct error *e)
{
	int r = forwards->count ? -ERESTART : 0, ended;

	for (unsigned tries = 0; r == -ERESTART && tries < SNAPSHOT_TRIES; tries++)
		r = remove_once(nat, forwards, removal, e);
	if (r == -ERESTART)
		return error_set(e, ERROR_BUSY, EAGAIN,
				 "cannot withdraw ports: the ruleset is changed faster than that");
	if (r < 0 || !forwards->count)
		return r;
	ended = conntrack_end(nat, forwards, e);
	return ended < 0 ? ended : r;
}
