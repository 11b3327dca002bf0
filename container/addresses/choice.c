/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The book says which addresses no other container has. What else on the host has them is looked up when
 * the book has been asked (surroundings.c). When one that nobody has chosen is in the way of
 * something, it is passed over, which puts it behind all others, and the next is taken.
 *
 * Whether a machine on the network behind a bridge has an address is asked before any lock is held
 * (probe.c), and what it said counts only when the book knows of nobody: containers answer too.
 */
#include "container/addresses/choice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/addresses/adopt.h"
#include "container/addresses/claims.h"
#include "container/addresses/conflict.h"
#include "container/addresses/surroundings.h"

#define ADDRESSES_TRIED 4096 /* pairs that may be in somebody's way: about a second */

/* The search for addresses that are in nobody's way. */
struct choice {
	struct surroundings around;
	struct definition *definition;
	const struct probed *probed;
	const char *reason; /* why they are taken */
	bool keep;          /* they are to be reserved, not used yet */
	struct ipam_lease request, lease;
	unsigned flags;              /* of ipam_lease() */
	bool reserved;               /* what it gets was kept for it */
	bool automatic4, automatic6; /* a pair of that family is from a pool, and may be another */
};

/**
 * chosen_check - look whether what somebody has chosen is in nobody's way
 * @choice: changed
 * @e: says what is in the way
 *
 * Returns 0 or -errno: -EADDRINUSE.
 */
static int chosen_check(struct choice *choice, struct error *e)
{
	const struct definition *definition = choice->definition;
	const struct veth_pair *const pairs[] = { &definition->v6, &definition->v4 };
	const bool automatic[] = { choice->automatic6, choice->automatic4 };
	const struct probed *probed = choice->probed;
	struct conflict conflict;
	struct prefix pool;

	if (probed->v4)
		return addresses_refuse_probed(definition, &definition->v4.local.addr,
					       &probed->mac_v4, e);
	if (probed->v6)
		return addresses_refuse_probed(definition, &definition->v6.local.addr,
					       &probed->mac_v6, e);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		int r;

		if (automatic[i])
			continue;
		r = pair_meet(&choice->around, definition, pairs[i], false, &conflict, &pool, e);
		if (r < 0)
			return r;
		if (conflict.grade == CONFLICT_REFUSED)
			return addresses_refuse(&conflict, e);
		addresses_note(&conflict, false);
	}
	return 0;
}

/**
 * refuse_pool - say that nothing was found in a pool
 * @conflict: what was in the way last, borrowed
 * @passed: how many pairs were passed over
 * @e: filled
 *
 * Returns -EADDRINUSE.
 */
static int refuse_pool(const struct conflict *conflict, unsigned passed, struct error *e)
{
	char text[PREFIX_TEXT];
	int r = error_set(e, ERROR_CONFLICT, EADDRINUSE,
			  "no address is free: %u were passed over, %s for %s", passed,
			  prefix_format(&conflict->subject, text), conflict->holder);

	return error_remedy(e, r,
			    "choose addresses with --host-address and --local-address, or take "
			    "these with --force");
}

/**
 * pair_take - have a container use a pair that it was leased
 * @choice: borrowed
 * @leased: borrowed; may be none
 * @pair: of its definition, changed; on a bridge it gets the gateway of the pool
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pair_take(const struct choice *choice, const struct ipam_pair *leased,
		     struct veth_pair *pair, struct error *e)
{
	struct ipam_standing standing = { .state = IPAM_OUTSIDE };
	int r = 0;

	*pair = (struct veth_pair){ .host = leased->host, .local = leased->local };
	if (!choice->definition->bridge[0] || !addr_is_set(&leased->local.addr))
		return 0;
	r = ipam_standing(choice->around.ipam, &leased->local.addr, &standing, e);
	pair->host = standing.gateway;
	return r;
}

/**
 * lease_take - have the book give the container what it asks for
 * @choice: its definition gets what it left open
 * @pass: IPAM_PASS_V4 or IPAM_PASS_V6: it gets another pair than the one it has; or 0
 * @e: names what is in the way
 *
 * Returns 1, 0 when it has just that already, or -errno.
 */
static int lease_take(struct choice *choice, unsigned pass, struct error *e)
{
	struct definition *definition = choice->definition;
	struct ipam_lease lease;
	int changed, r;

	if (pass)
		pass |= IPAM_REPLACE;
	changed = r =
		ipam_lease(choice->around.ipam, &choice->request, choice->flags | pass, &lease, e);
	if (r < 0)
		return r;
	choice->lease = lease;
	definition->mac = lease.mac;
	choice->automatic4 = !choice->reserved && choice->flags & IPAM_AUTOMATIC_V4 &&
			     addr_is_set(&lease.v4.local.addr);
	choice->automatic6 = !choice->reserved && choice->flags & IPAM_AUTOMATIC_V6 &&
			     addr_is_set(&lease.v6.local.addr);
	r = choice->flags & IPAM_AUTOMATIC_V4 ? pair_take(choice, &lease.v4, &definition->v4, e)
					      : 0;
	if (r == 0 && choice->flags & IPAM_AUTOMATIC_V6)
		r = pair_take(choice, &lease.v6, &definition->v6, e);
	return r < 0 ? r : changed;
}

/**
 * pool_pair_meet - what is worst in the way of a pair that came out of a pool
 * @choice: changed
 * @pair: borrowed
 * @ret_conflict: filled
 * @ret_pool: the pool, where something has to do with the pair at all
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pool_pair_meet(struct choice *choice, const struct veth_pair *pair,
			  struct conflict *ret_conflict, struct prefix *ret_pool, struct error *e)
{
	int r = pair_meet(&choice->around, choice->definition, pair, true, ret_conflict, ret_pool,
			  e);

	if (r < 0 || ret_conflict->grade == CONFLICT_REFUSED || choice->probed->force)
		return r;
	return probed_meet(choice->around.paths, choice->definition, choice->probed,
			   &pair->local.addr, ret_conflict, e);
}

/**
 * automatic_meet - what is worst in the way of what came out of pools
 * @choice: changed
 * @ret_conflict: filled
 * @ret_pool: the pool of the pair in question
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int automatic_meet(struct choice *choice, struct conflict *ret_conflict,
			  struct prefix *ret_pool, struct error *e)
{
	struct conflict other = { .grade = CONFLICT_NOTHING };
	struct prefix pool = { .length = 0 };
	int r = 0;

	*ret_conflict = other;
	if (choice->automatic4)
		r = pool_pair_meet(choice, &choice->definition->v4, ret_conflict, ret_pool, e);
	if (r == 0 && choice->automatic6)
		r = pool_pair_meet(choice, &choice->definition->v6, &other, &pool, e);
	if (r == 0 && other.grade > ret_conflict->grade) {
		*ret_conflict = other;
		*ret_pool = pool;
	}
	return r;
}

/**
 * automatic_choose - lease addresses of pools until they are in nobody's way
 * @choice: its container has some; changed
 * @e: says what is in the way
 *
 * Returns 0 or -errno.
 */
static int automatic_choose(struct choice *choice, struct error *e)
{
	struct conflict conflict, first;
	char text[PREFIX_TEXT];

	for (unsigned passed = 0;; passed++) {
		struct prefix pool = { .length = 0 };
		int r = automatic_meet(choice, &conflict, &pool, e);

		if (r < 0)
			return r;
		if (conflict.grade != CONFLICT_REFUSED && passed > 0)
			log_notice("%u pairs were passed over, %s for %s", passed,
				   prefix_format(&first.subject, text), first.holder);
		addresses_note(&conflict, true);
		if (conflict.grade != CONFLICT_REFUSED)
			return 0;
		if (passed == 0)
			first = conflict;
		else if (addr_equal(&conflict.subject.addr, &first.subject.addr))
			return refuse_pool(&conflict, passed, e);
		if (passed == ADDRESSES_TRIED || conflict.prefix.length <= pool.length)
			return refuse_pool(&conflict, passed + 1, e);
		r = lease_take(
			choice,
			conflict.subject.addr.family == AF_INET ? IPAM_PASS_V4 : IPAM_PASS_V6, e);
		if (r < 0)
			return r;
	}
}

/**
 * request_make - what the container asks the book for
 * @choice: filled: what its definition leaves open is to be automatic
 *
 * What is reserved with an address of one family needs none of the other.
 */
static void request_make(struct choice *choice)
{
	const struct definition *definition = choice->definition;
	bool open4 = !addr_is_set(&definition->v4.local.addr);
	bool open6 = !addr_is_set(&definition->v6.local.addr);
	bool both = !choice->keep || (open4 && open6);
	struct ipam_lease request = { .mac = definition->mac };

	(void)snprintf(request.reason, sizeof(request.reason), "%s", choice->reason);
	memcpy(request.container, definition->name, sizeof(request.container));
	memcpy(request.bridge, definition->bridge, sizeof(request.bridge));
	request.v4.local = definition->v4.local;
	request.v6.local = definition->v6.local;
	if (!definition->bridge[0]) {
		request.v4.host = definition->v4.host;
		request.v6.host = definition->v6.host;
	}
	choice->flags = choice->keep ? IPAM_RESERVE : IPAM_REPLACE;
	if (open4 && both)
		choice->flags |= IPAM_AUTOMATIC_V4;
	if (open6 && both)
		choice->flags |= IPAM_AUTOMATIC_V6;
	choice->request = request;
}

/**
 * reserved_check - look whether a machine on the bridge has what was reserved for the container
 * @choice: borrowed
 * @e: names the machine
 *
 * Who imports a reservation asks nobody, and a machine may have come since one was made.
 *
 * Returns 0 or -errno: -EADDRINUSE.
 */
static int reserved_check(const struct choice *choice, struct error *e)
{
	const struct definition *definition = choice->definition;
	const struct addr *const addrs[] = { &definition->v4.local.addr,
					     &definition->v6.local.addr };
	const unsigned open[] = { IPAM_AUTOMATIC_V4, IPAM_AUTOMATIC_V6 };
	char text[ADDR_TEXT];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(addrs); i++) {
		struct conflict conflict = { .grade = CONFLICT_NOTHING };

		if (!(choice->flags & open[i]))
			continue;
		r = probed_meet(choice->around.paths, definition, choice->probed, addrs[i],
				&conflict, e);
		if (r < 0 || conflict.grade != CONFLICT_REFUSED)
			continue;
		r = error_set(e, ERROR_CONFLICT, EADDRINUSE,
			      "%s, which is reserved for it, is in use: %s",
			      addr_format(addrs[i], text), conflict.holder);
		r = error_remedy(e, r,
				 "give it up with 'nixctr-net ipam release %s', or take it with "
				 "--force",
				 definition->name);
	}
	return r;
}

/**
 * choice_judge - hold what the book has given against the rest of the host
 * @choice: changed
 * @e: says what is in the way
 *
 * Returns 0 or -errno.
 */
static int choice_judge(struct choice *choice, struct error *e)
{
	int r = chosen_check(choice, e);

	if (r == 0 && choice->reserved && !choice->probed->force)
		r = reserved_check(choice, e);
	return r < 0 ? r : automatic_choose(choice, e);
}

/**
 * choice_begin - have the book give the container what it asks for, for a first look
 * @choice: changed
 * @e: names what is in the way
 *
 * Returns 1, 0 when it has just that already, or -errno.
 */
static int choice_begin(struct choice *choice, struct error *e)
{
	int r = surroundings_read_claims(&choice->around, e);

	request_make(choice);
	return r < 0 ? r : lease_take(choice, 0, e);
}

/**
 * choose - have the book give the container addresses that are in nobody's way
 * @choice: changed
 * @e: names what is in the way
 *
 * What was reserved for its name is taken, and not exchanged for others. Another lease of that name
 * without a definition is what a killed run left: it is met or replaced. To be reserved, what is just
 * so already is not looked at again.
 *
 * Returns 1, 0 when it has just that already, or -errno.
 */
static int choose(struct choice *choice, struct error *e)
{
	struct ipam_lease before;
	int changed, r = 0;

	if (!choice->keep)
		r = ipam_lookup(choice->around.ipam, choice->definition->name, &before, e);
	if (r < 0)
		return r;
	choice->reserved = r > 0 && before.state == IPAM_RESERVED;
	changed = r = choice_begin(choice, e);
	if (r > 0 || (r == 0 && !choice->keep))
		r = choice_judge(choice, e);
	return r < 0 ? r : changed;
}

/**
 * choose_once - the same as one change of the book: who is killed has been given nothing
 * @choice: changed
 * @e: names what is in the way
 *
 * Returns 1, 0 when it has just that already, or -errno with the book as it was.
 */
static int choose_once(struct choice *choice, struct error *e)
{
	struct ipam *ipam = choice->around.ipam;
	int changed = 0, r = ipam_begin(ipam, e);

	if (r == 0)
		r = changed = choose(choice, e);
	if (r >= 0)
		r = ipam_commit(ipam, e);
	if (r < 0)
		ipam_rollback(ipam);
	return r < 0 ? r : changed;
}

/**
 * addresses_lease - have the book give a container its addresses
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @definition: its addresses are set
 * @probed: what was found out before, borrowed
 * @ret_reserved: whether they were reserved for it
 * @e: names what is in the way
 *
 * Returns 0, or -errno with the book as it was.
 */
int addresses_lease(const struct paths *paths, struct ipam *ipam, struct definition *definition,
		    const struct probed *probed, bool *ret_reserved, struct error *e)
{
	struct choice choice = { .around = surroundings_begin(paths, ipam, probed->force),
				 .definition = definition,
				 .probed = probed,
				 .reason = "created" };
	int r = choose_once(&choice, e);

	surroundings_end(&choice.around);
	if (r < 0)
		return error_wrap(e, r, "container '%s'", definition->name);
	*ret_reserved = choice.reserved;
	return 0;
}

/**
 * addresses_keep - have the book reserve addresses for a container that is to come
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @definition: what it will have; its addresses are set
 * @reason: what for, borrowed
 * @probed: what was found out before, borrowed
 * @ret_lease: what is reserved
 * @e: names what is in the way
 *
 * Returns 1, 0 when it is so already, or -errno with the book as it was.
 */
int addresses_keep(const struct paths *paths, struct ipam *ipam, struct definition *definition,
		   const char *reason, const struct probed *probed, struct ipam_lease *ret_lease,
		   struct error *e)
{
	struct choice choice = { .around = surroundings_begin(paths, ipam, probed->force),
				 .definition = definition,
				 .probed = probed,
				 .reason = reason,
				 .keep = true };
	int r = choose_once(&choice, e);

	surroundings_end(&choice.around);
	if (r >= 0)
		*ret_lease = choice.lease;
	return r;
}
