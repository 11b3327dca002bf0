/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All leases are held against all that is in use (occupancy.c). Containers' own cables are among it, and
 * fall out when they meet their own lease.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/addresses/adopt.h"
#include "container/addresses/occupancy.h"

/* The comparison of all leases with all that is in use. */
struct review {
	const struct paths *paths;
	struct ipam *ipam;
	struct sorted_occupancy sorted; /* owned */
	struct ipam_usage *pools;       /* owned */
	size_t n_pools;
	struct conflicts *conflicts;
};

/**
 * conflict_add - add to what is to be said
 * @review: changed
 * @conflict: borrowed; nothing is not added
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int conflict_add(struct review *review, const struct conflict *conflict, struct error *e)
{
	struct conflicts *conflicts = review->conflicts;

	if (conflict->grade == CONFLICT_NOTHING)
		return 0;
	if (conflicts->count == conflicts->room) {
		size_t room = conflicts->room ? conflicts->room * 2 : 16;
		struct conflict *list = reallocarray(conflicts->list, room, sizeof(*list));

		if (!list)
			return error_errno(e, ENOMEM, "cannot list conflicts");
		conflicts->list = list;
		conflicts->room = room;
	}
	conflicts->list[conflicts->count++] = *conflict;
	return 0;
}

/**
 * address_review - hold one address of a lease against what is in use
 * @review: changed
 * @wish: borrowed; without a bridge
 * @bridged: whether the container may be on one
 * @e: filled on failure
 *
 * Which bridge that is stands in its definition, which is looked at only when something was found.
 *
 * Returns 0 or -errno.
 */
static int address_review(struct review *review, const struct wish *wish, bool bridged,
			  struct error *e)
{
	struct conflict worst = sorted_meet(&review->sorted, wish);
	struct definition definition;
	struct wish informed = *wish;

	if (worst.grade != CONFLICT_NOTHING && bridged &&
	    definition_read(review->paths, wish->container, &definition, NULL) > 0) {
		informed.bridge = definition.bridge;
		worst = sorted_meet(&review->sorted, &informed);
	}
	return conflict_add(review, &worst, e);
}

/**
 * pair_review - hold the addresses of one family of a lease against what is in use
 * @review: changed
 * @lease: borrowed
 * @pair: its, borrowed; may be none
 * @e: filled on failure
 *
 * Several containers may have the same host end.
 *
 * Returns 0 or -errno.
 */
static int pair_review(struct review *review, const struct ipam_lease *lease,
		       const struct ipam_pair *pair, struct error *e)
{
	bool bridged = !addr_is_set(&pair->host);
	struct wish wish = wish_of_pair(lease, pair, review->pools, review->n_pools);
	int r;

	if (!addr_is_set(&pair->local.addr))
		return 0;
	r = address_review(review, &wish, bridged, e);
	if (r < 0 || bridged)
		return r;
	wish.addr = pair->host;
	wish.booked = true;
	return address_review(review, &wish, false, e);
}

/**
 * use_is_cable - whether something in use is a container's cable, or one that is being destroyed
 * @use: borrowed
 */
static bool use_is_cable(const struct veth_use *use)
{
	return use->container[0] || strncmp(use->link, NAT_PREFIX, strlen(NAT_PREFIX)) == 0 ||
	       strncmp(use->link, NAT_PREFIX_BRIDGED, strlen(NAT_PREFIX_BRIDGED)) == 0;
}

/**
 * pool_wish - the wish that a network is in the way of when it is in that of a pool
 * @pool: borrowed
 * @network: borrowed
 *
 * For an address that both have, if any: a network within the pool is as specific, one around it is not.
 */
static struct wish pool_wish(const struct ipam_usage *pool, const struct prefix *network)
{
	bool within = prefix_contains(&pool->prefix, &network->addr) &&
		      network->length >= pool->prefix.length;

	return (struct wish){ .container = "",
			      .bridge = "",
			      .addr = within ? network->addr : pool->prefix.addr,
			      .scope = pool->prefix.length,
			      .automatic = true };
}

/**
 * pool_add - add what a pool meets with
 * @review: changed
 * @pool: borrowed
 * @conflict: weighed; changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pool_add(struct review *review, const struct ipam_usage *pool, struct conflict *conflict,
		    struct error *e)
{
	conflict->subject = pool->prefix;
	memcpy(conflict->pool, pool->pool, sizeof(conflict->pool));
	return conflict_add(review, conflict, e);
}

/**
 * pool_review - hold a pool against what is in use
 * @review: changed
 * @pool: borrowed
 * @e: filled on failure
 *
 * What its own bridge has is what the pool is for.
 *
 * Returns 0 or -errno.
 */
static int pool_review(struct review *review, const struct ipam_usage *pool, struct error *e)
{
	const struct occupancy *occupancy = &review->sorted.occupancy;
	int r = 0;

	for (size_t i = 0; r == 0 && i < occupancy->uses.count; i++) {
		const struct veth_use *use = &occupancy->uses.list[i];
		struct wish wish = pool_wish(pool, &use->prefix);
		struct conflict conflict = conflict_begin(&wish);

		if (use->prefix.addr.family != pool->prefix.addr.family || use_is_cable(use) ||
		    (pool->bridge[0] && strcmp(use->link, pool->bridge) == 0))
			continue;
		conflict_weigh_use(&conflict, use, &wish);
		r = pool_add(review, pool, &conflict, e);
	}
	for (size_t i = 0; r == 0 && i < occupancy->engines.count; i++) {
		const struct engine_network *network = &occupancy->engines.list[i];
		struct wish wish = pool_wish(pool, &network->prefix);
		struct conflict conflict = conflict_begin(&wish);

		conflict_weigh_engine(&conflict, network, &wish);
		r = pool_add(review, pool, &conflict, e);
	}
	return r;
}

/**
 * definition_review - hold the addresses of a definition against the book
 * @review: changed
 * @name: of the container
 * @e: filled on failure
 *
 * Those that the book knows are looked at as leases; one that it has for somebody else, or cannot have,
 * is in the way of that.
 *
 * Returns 0 or -errno.
 */
static int definition_review(struct review *review, const char *name, struct error *e)
{
	struct definition definition;
	struct conflict conflict = { .grade = CONFLICT_REFUSED };
	const struct veth_pair *const pairs[] = { &definition.v4, &definition.v6 };
	int r = 0;

	if (definition_read(review->paths, name, &definition, NULL) <= 0)
		return 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(pairs); i++) {
		const struct addr *addr = &pairs[i]->local.addr;
		struct ipam_lease lease;

		if (!definition.private_network || !addr_is_set(addr))
			continue;
		r = ipam_holder(review->ipam, addr, &lease, e);
		if (r <= 0 || strcmp(lease.container, name) == 0)
			continue;
		conflict.subject = conflict.prefix = (struct prefix){ *addr, addr_bits(addr) };
		memcpy(conflict.container, lease.container, sizeof(conflict.container));
		(void)snprintf(conflict.holder, sizeof(conflict.holder),
			       "the definition of container '%s', %s/%s.conf", name,
			       review->paths->definitions, name);
		r = conflict_add(review, &conflict, e);
	}
	return r < 0 ? r : 0;
}

/**
 * definitions_review - hold what others have written against the book
 * @review: changed
 * @e: filled on failure
 *
 * Nothing when nobody has touched the definitions since all of them were in it.
 *
 * Returns 0 or -errno.
 */
static int definitions_review(struct review *review, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count = 0;
	int r = 0;

	if (!adopt_is_current(review->paths))
		r = definition_names(review->paths, &names, &count, e);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = definition_review(review, names[i], e);
	return r;
}

/**
 * book_review - hold all that the book has against what is in use
 * @review: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int book_review(struct review *review, struct error *e)
{
	_cleanup_(freep) struct ipam_lease *leases = NULL;
	size_t n_leases = 0;
	int r = ipam_usage(review->ipam, &review->pools, &review->n_pools, e);

	if (r == 0)
		r = ipam_list(review->ipam, &leases, &n_leases, e);
	for (size_t i = 0; r == 0 && i < review->n_pools; i++)
		r = pool_review(review, &review->pools[i], e);
	for (size_t i = 0; r == 0 && i < n_leases; i++) {
		r = pair_review(review, &leases[i], &leases[i].v4, e);
		if (r == 0)
			r = pair_review(review, &leases[i], &leases[i].v6, e);
	}
	return r == 0 ? definitions_review(review, e) : r;
}

/**
 * conflicts_read - compare all leases and pools with what is in use on the host
 * @paths: borrowed
 * @ret_conflicts: the caller frees its list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int conflicts_read(const struct paths *paths, struct conflicts *ret_conflicts, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct conflicts conflicts = { .count = 0 };
	struct review review = { .paths = paths, .conflicts = &conflicts };
	int r = book_open(paths, IPAM_READ, &ipam, e);

	review.ipam = ipam;
	if (r >= 0)
		r = occupancy_read(paths, &review.sorted, e);
	if (r >= 0)
		r = book_review(&review, e);
	conflicts.engines = review.sorted.occupancy.engines;
	occupancy_deinit(&review.sorted.occupancy);
	free(review.pools);
	conflicts.engines.list = NULL;
	conflicts.engines.count = conflicts.engines.room = 0;
	if (r < 0) {
		free(conflicts.list);
		return r;
	}
	*ret_conflicts = conflicts;
	return 0;
}

/**
 * pool_conflicts - compare a pool that is to be with what is in use on the host
 * @paths: borrowed
 * @pool: its name, network and bridge are set, borrowed
 * @ret_conflicts: the caller frees its list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_conflicts(const struct paths *paths, const struct ipam_usage *pool,
		   struct conflicts *ret_conflicts, struct error *e)
{
	struct conflicts conflicts = { .count = 0 };
	struct review review = { .paths = paths, .conflicts = &conflicts };
	int r = occupancy_read(paths, &review.sorted, e);

	if (r == 0)
		r = pool_review(&review, pool, e);
	conflicts.engines = review.sorted.occupancy.engines;
	occupancy_deinit(&review.sorted.occupancy);
	conflicts.engines.list = NULL;
	conflicts.engines.count = conflicts.engines.room = 0;
	if (r < 0) {
		free(conflicts.list);
		return r;
	}
	*ret_conflicts = conflicts;
	return 0;
}
