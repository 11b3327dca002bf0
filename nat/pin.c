/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Each pin is four to seven elements of the table for bridges and two or three for each lease of the
 * other, each peer two of the table that its links are in. As with published ports the comment of an
 * element says whose it is, elements are asked for one by one, and looking and changing are one step.
 * What another container has in the same place stays: two that ask for one another have the same
 * elements, which go with whoever made them.
 */
#include "nat/pin.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/element.h"
#include "nat/match.h"
#include "nat/read.h"

#define PIN_ELEMENTS  (3 + 2 * 5) /* of the link, and of each family; see members_add_pin() */
#define PEER_ELEMENTS 2
#define LOOK_CHUNK    32 /* elements asked for at once: each answer waits in the socket's buffer */

/* An element of a container, and what is known of it. */
struct member {
	uint8_t family; /* of the table */
	struct element wanted, present;
	bool has;
};

/* Some of them. */
struct members {
	struct member *list;
	size_t count;
	size_t begin;        /* of those asked for in one query */
	uint32_t generation; /* of the ruleset */
};

/**
 * members_free - free them, for _cleanup_()
 * @members: changed
 */
static void members_free(struct members *members)
{
	free(members->list);
}

/**
 * member_add - put one more element behind the others
 * @members: changed; there is room
 * @family: of the table
 * @set: where it is
 * @link: the first part of its key, or NULL
 * @value, @size: the second part, or NULL
 * @container: whose it is
 */
static void member_add(struct members *members, uint8_t family, const char *set, const char *link,
		       const void *value, size_t size, const char *container)
{
	struct element *element = &members->list[members->count].wanted;

	members->list[members->count++].family = family;
	element->set = set;
	if (link) {
		memcpy(element->key, link, strnlen(link, IFNAMSIZ - 1));
		element->key_size = IFNAMSIZ;
	}
	if (value)
		memcpy(element->key + element->key_size, value, size);
	element->key_size += (size + 3) & ~(size_t)3; /* each part is padded to four bytes */
	memcpy(element->container, container, strnlen(container, sizeof(element->container) - 1));
}

/**
 * members_add_pin - the elements of a pin
 * @members: changed; there is room
 * @pin: borrowed
 */
static void members_add_pin(struct members *members, const struct nat_pin *pin)
{
	const struct {
		const struct addr *address;
		const char *sources, *leased, *free, *homes, *routed;
	} families[] = { { &pin->v4, SET_SOURCES, SET_LEASED, SET_FREE, SET_HOMES, SET_ROUTED },
			 { &pin->v6, SET_SOURCES6, SET_LEASED6, SET_FREE6, SET_HOMES6,
			   SET_ROUTED6 } };
	const char *bridge = pin->bridge[0] ? pin->bridge : NULL;
	static const uint8_t tables[] = { NFPROTO_BRIDGE, NFPROTO_INET };
	const struct addr local = mac_link_local(&pin->mac);

	if (pin->trusted)
		member_add(members, NFPROTO_BRIDGE, SET_TRUSTED, pin->link, NULL, 0,
			   pin->container);
	member_add(members, NFPROTO_BRIDGE, SET_MACS, pin->link, pin->mac.bytes,
		   sizeof(pin->mac.bytes), pin->container);
	member_add(members, NFPROTO_BRIDGE, SET_SOURCES6, pin->link, local.bytes,
		   sizeof(local.bytes), pin->container);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct addr *address = families[i].address;

		if (!addr_is_set(address)) {
			member_add(members, NFPROTO_BRIDGE, families[i].free, pin->link, NULL, 0,
				   pin->container);
			continue;
		}
		member_add(members, NFPROTO_BRIDGE, families[i].sources, pin->link, address->bytes,
			   addr_size(address), pin->container);
		for (size_t table = 0; table < ARRAY_SIZE(tables); table++)
			member_add(members, tables[table], families[i].leased, NULL, address->bytes,
				   addr_size(address), pin->container);
		if (bridge)
			member_add(members, NFPROTO_INET, families[i].homes, bridge, address->bytes,
				   addr_size(address), pin->container);
		if (pin->routed || !bridge)
			member_add(members, NFPROTO_INET, families[i].routed, NULL, address->bytes,
				   addr_size(address), pin->container);
	}
}

/**
 * members_add_peer - the elements of a peer, one for each direction
 * @members: changed; there is room
 * @peer: borrowed
 */
static void members_add_peer(struct members *members, const struct nat_peer *peer)
{
	uint8_t family = peer->bridged ? NFPROTO_BRIDGE : NFPROTO_INET;

	for (size_t i = 0; i < PEER_ELEMENTS; i++) {
		char other[IFNAMSIZ] = "";

		memcpy(other, peer->links[!i], strnlen(peer->links[!i], IFNAMSIZ - 1));
		member_add(members, family, SET_LINKED, peer->links[i], other, sizeof(other),
			   peer->container);
	}
}

/**
 * members_add_call - the element of a published port
 * @members: changed; there is room
 * @call: borrowed
 */
static void members_add_call(struct members *members, const struct nat_call *call)
{
	bool v4 = call->to.family == AF_INET;
	size_t size = addr_size(&call->to);
	uint8_t key[24] = { 0 };

	memcpy(key, call->to.bytes, size);
	key[size] = call->protocol;
	key[size + 4] = (uint8_t)(call->port >> 8);
	key[size + 5] = (uint8_t)call->port;
	member_add(members, NFPROTO_BRIDGE, v4 ? SET_CALLED : SET_CALLED6, NULL, key, size + 8,
		   call->container);
}

/**
 * members_make - the elements of some pins and peers
 * @pins: borrowed
 * @ret_members: the caller ends with members_free()
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int members_make(const struct nat_pins *pins, struct members *ret_members, struct error *e)
{
	size_t room = PIN_ELEMENTS * pins->n_pins + PEER_ELEMENTS * pins->n_peers + pins->n_calls;
	struct members members = { .list = calloc(room + 1, sizeof(*members.list)) };

	if (!members.list)
		return error_errno(e, ENOMEM, "cannot describe %zu elements", room);
	for (size_t i = 0; i < pins->n_pins; i++)
		members_add_pin(&members, &pins->pins[i]);
	for (size_t i = 0; i < pins->n_peers; i++)
		members_add_peer(&members, &pins->peers[i]);
	for (size_t i = 0; i < pins->n_calls; i++)
		members_add_call(&members, &pins->calls[i]);
	*ret_members = members;
	return 0;
}

/**
 * pins_have_peers - whether any containers that some table is about are linked
 * @pins: borrowed
 * @family: of the table
 */
bool pins_have_peers(const struct nat_pins *pins, uint8_t family)
{
	for (size_t i = 0; i < pins->n_peers; i++)
		if (pins->peers[i].bridged == (family == NFPROTO_BRIDGE))
			return true;
	return false;
}

/**
 * batch_add_pins - add pins and peers to the batch that makes a table
 * @batch: changed; those of its family are meant
 * @pins: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int batch_add_pins(struct nft_request *batch, const struct nat_pins *pins, struct error *e)
{
	_cleanup_(members_free) struct members members = { 0 };
	int r = members_make(pins, &members, e);

	for (size_t i = 0; i < members.count && r == 0; i++)
		if (members.list[i].family == batch->family)
			batch_add_element(batch, NFT_ADD, &members.list[i].wanted);
	return r;
}

/**
 * take_member - take an answer to the question for an element; for struct nft_taker
 * @data: the members
 * @index: which part of the question it answers
 * @answer: borrowed; NULL: there is no such element
 * @e: filled on failure
 *
 * Returns 0 or -EPROTO.
 */
static int take_member(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct members *members = data;
	struct member *member;

	if (index == 0 && members->begin == 0)
		return take_generation(&members->generation, 0, answer, e);
	member = &members->list[members->begin + index - (members->begin == 0)];
	if (answer)
		member->has = element_take(mnl_attr_get_payload(message_elements(answer)),
					   member->wanted.set, &member->present);
	return 0;
}

/**
 * members_look - look which elements are there
 * @nat: the session
 * @members: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int members_look(struct nat *nat, struct members *members, struct error *e)
{
	const struct nft_taker taker = { take_member, members };
	int r = 0;

	for (; members->begin < members->count && r == 0; members->begin += LOOK_CHUNK) {
		_cleanup_(nft_request_deinit) struct nft_request request;

		nft_request_init(&request);
		if (members->begin == 0)
			nft_request_add(&request, NFT_READ, NFT_GENERATION, "");
		for (size_t i = members->begin;
		     i < members->count && i < members->begin + LOOK_CHUNK; i++) {
			request.family = members->list[i].family;
			batch_add_element(&request, NFT_READ, &members->list[i].wanted);
		}
		r = nft_query(nat, &request, &taker, e);
	}
	return r;
}

/**
 * change_once - have elements, or be without them, if nobody changes the ruleset meanwhile
 * @nat: the session
 * @pins: borrowed
 * @action: NFT_ADD or NFT_DELETE
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, -ERESTART, or another -errno.
 */
static int change_once(struct nat *nat, const struct nat_pins *pins, enum nft_action action,
		       struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	_cleanup_(members_free) struct members members = { 0 };
	size_t changes = 0;
	int r;

	nft_batch_init(&batch, 0);
	r = members_make(pins, &members, e);
	if (r == 0)
		r = members_look(nat, &members, e);
	if (r < 0)
		return r;
	nft_batch_init(&batch, members.generation);
	for (size_t i = 0; i < members.count; i++) {
		const struct member *member = &members.list[i];
		bool own = strcmp(member->present.container, member->wanted.container) == 0;

		if (action == NFT_ADD ? member->has : !member->has || !own)
			continue;
		batch.family = member->family;
		batch_add_element(&batch, action, &member->wanted);
		changes++;
	}
	if (changes)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : changes > 0;
}

/**
 * change - have elements, or be without them
 * @nat: the session
 * @pins: borrowed
 * @action: NFT_ADD or NFT_DELETE
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, -EAGAIN (ERROR_BUSY), or another -errno.
 */
static int change(struct nat *nat, const struct nat_pins *pins, enum nft_action action,
		  struct error *e)
{
	if (!pins->n_pins && !pins->n_peers && !pins->n_calls)
		return 0;
	for (unsigned tries = 0; tries < SNAPSHOT_TRIES; tries++) {
		int r = change_once(nat, pins, action, e);

		if (r != -ERESTART)
			return r;
	}
	return error_set(e, ERROR_BUSY, EAGAIN,
			 "cannot pin addresses: the ruleset is changed faster than that");
}

/**
 * nat_pins_add - have pins and peers in the tables
 * @nat: the session
 * @pins: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when all were there, -EAGAIN (ERROR_BUSY), or another -errno.
 */
int nat_pins_add(struct nat *nat, const struct nat_pins *pins, struct error *e)
{
	return change(nat, pins, NFT_ADD, e);
}

/**
 * nat_pins_remove - be without pins and peers
 * @nat: the session
 * @pins: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when none was there, -EAGAIN (ERROR_BUSY), or another -errno.
 */
int nat_pins_remove(struct nat *nat, const struct nat_pins *pins, struct error *e)
{
	return change(nat, pins, NFT_DELETE, e);
}

/**
 * nat_pins_compare - look which pins and peers are missing
 * @nat: the session
 * @pins: borrowed
 * @drift: lines are added, one for each set of a container
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_pins_compare(struct nat *nat, const struct nat_pins *pins, struct nat_drift *drift,
		     struct error *e)
{
	_cleanup_(members_free) struct members members = { 0 };
	int r = members_make(pins, &members, e);

	if (r == 0 && members.count)
		r = members_look(nat, &members, e);
	for (size_t i = 0; i < members.count && r == 0; i++) {
		const struct member *member = &members.list[i];

		if (!member->has && drift->count < NAT_DRIFT_MAX)
			(void)snprintf(drift->line[drift->count++], sizeof(drift->line[0]),
				       "container '%s' lacks its element in set %s of table %s",
				       member->wanted.container, member->wanted.set,
				       member->family == NFPROTO_BRIDGE ? bridge_ruleset.label
									: inet_ruleset.label);
	}
	return r;
}

/**
 * nat_pins_free - free what describes pins and peers
 * @pins: changed
 */
void nat_pins_free(struct nat_pins *pins)
{
	free(pins->pins);
	free(pins->peers);
	free(pins->calls);
	*pins = (struct nat_pins){ .n_pins = 0 };
}
