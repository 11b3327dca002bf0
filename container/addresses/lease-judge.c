/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases of another host, before they are entered here. They may be many thousands, so the host is read once.
 * Which containers have what is left to the book, and machines on bridges, which would take a tenth of a
 * second each, are asked when a container is created that takes what is reserved.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "container/addresses/choice.h"
#include "container/addresses/occupancy.h"
#include "container/addresses/session.h"
#include "container/addresses/surroundings.h"

/* What many leases are held against. */
struct judgement {
	struct ipam *ipam;
	struct sorted_occupancy sorted; /* owned */
	struct ipam_usage *pools;       /* owned */
	size_t n_pools;
	size_t noted; /* addresses that lie within something wider; the first of them is told */
};

/**
 * addr_judge - hold one address of a lease against what else has it
 * @judgement: changed
 * @wish: borrowed
 * @e: says what is in the way
 *
 * Returns 0 or -EADDRINUSE.
 */
static int addr_judge(struct judgement *judgement, const struct wish *wish, struct error *e)
{
	struct conflict conflict = sorted_meet(&judgement->sorted, wish);

	if (conflict.grade == CONFLICT_REFUSED)
		return addresses_refuse(&conflict, e);
	if (conflict.grade == CONFLICT_NOTE && judgement->noted++ == 0)
		addresses_note(&conflict, false);
	return 0;
}

/**
 * pair_judge - hold the addresses of one family of a lease against what else has them
 * @judgement: changed
 * @lease: borrowed
 * @pair: its, borrowed; may be none
 * @held: what its container has of that family, borrowed; may be none
 * @e: says what is in the way
 *
 * Returns 0 or -EADDRINUSE.
 */
static int pair_judge(struct judgement *judgement, const struct ipam_lease *lease,
		      const struct ipam_pair *pair, const struct ipam_pair *held, struct error *e)
{
	struct wish wish = wish_of_pair(lease, pair, judgement->pools, judgement->n_pools);
	int r;

	if (!addr_is_set(&pair->local.addr) || (addr_equal(&pair->local.addr, &held->local.addr) &&
						addr_equal(&pair->host, &held->host)))
		return 0;
	wish.booked = true;
	r = addr_judge(judgement, &wish, e);
	if (r < 0 || !addr_is_set(&pair->host))
		return r;
	wish.addr = pair->host;
	return addr_judge(judgement, &wish, e);
}

/**
 * lease_judge - hold a lease against what else has its addresses
 * @judgement: changed
 * @lease: borrowed
 * @e: says what is in the way
 *
 * Returns 0 or -errno: -EADDRINUSE.
 */
static int lease_judge(struct judgement *judgement, const struct ipam_lease *lease, struct error *e)
{
	struct ipam_lease held = { .state = IPAM_FREE };
	int r = ipam_lookup(judgement->ipam, lease->container, &held, e);

	if (r >= 0)
		r = pair_judge(judgement, lease, &lease->v4, &held.v4, e);
	if (r >= 0)
		r = pair_judge(judgement, lease, &lease->v6, &held.v6, e);
	return r < 0 ? r : 0;
}

/**
 * leases_judge - hold leases that are to be entered against what else the host has
 * @paths: borrowed
 * @ipam: the book, borrowed
 * @leases, @count: borrowed
 * @position: kept at the lease that it is at; @count: at none
 * @e: says what is in the way of that lease
 *
 * Returns 0 or -errno: -EADDRINUSE.
 */
int leases_judge(const struct paths *paths, struct ipam *ipam, const struct ipam_lease *leases,
		 size_t count, size_t *position, struct error *e)
{
	struct judgement judgement = { .ipam = ipam };
	int r = occupancy_read(paths, &judgement.sorted, e);

	*position = count;
	if (r == 0)
		r = ipam_usage(ipam, &judgement.pools, &judgement.n_pools, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		*position = i;
		r = lease_judge(&judgement, &leases[i], e);
	}
	if (r == 0 && judgement.noted > 1)
		log_notice("%zu more addresses lie within networks of the host",
			   judgement.noted - 1);
	engines_tell(&judgement.sorted.occupancy.engines);
	occupancy_deinit(&judgement.sorted.occupancy);
	freep(&judgement.pools);
	return r;
}
