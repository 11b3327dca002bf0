/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/lookup.h"
#include "ipam/pool.h"
#include "ipam/vacant.h"

/**
 * ipam_state_name - a state as one word
 * @state: the state
 */
const char *ipam_state_name(enum ipam_state state)
{
	static const char *const names[] = {
		[IPAM_FREE] = "free",       [IPAM_RESERVED] = "reserved",
		[IPAM_BOUND] = "bound",     [IPAM_COOLING] = "cooling",
		[IPAM_BLOCKED] = "blocked", [IPAM_OUTSIDE] = "outside",
	};

	return names[state];
}

/**
 * standing_held - whether somebody holds an address
 * @frame: borrowed
 * @addr: borrowed; may be none
 * @standing: filled when somebody does
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
static int standing_held(const struct frame *frame, const struct addr *addr,
			 struct ipam_standing *standing, struct error *e)
{
	struct holding holding;
	int r = addr_is_set(addr) ? holding_of_addr(frame->database, addr, &holding, e) : 0;

	if (r <= 0)
		return r;
	standing->state = holding.lease.state;
	standing->since = holding.lease.since;
	memcpy(standing->container, holding.lease.container, sizeof(standing->container));
	memcpy(standing->reason, holding.lease.reason, sizeof(standing->reason));
	return 1;
}

/**
 * standing_slot - where a slot stands of which the address itself is nobody's
 * @frame: borrowed
 * @pool: borrowed
 * @slot: of it
 * @standing: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int standing_slot(const struct frame *frame, const struct pool *pool, uint32_t slot,
			 struct ipam_standing *standing, struct error *e)
{
	struct ipam_pair pair = pool_pair(pool, slot);
	struct vacancy vacancy;
	int r = standing_held(frame, &pair.host, standing, e);

	if (r == 0)
		r = standing_held(frame, &pair.local.addr, standing, e);
	if (r != 0) {
		standing->state = IPAM_BLOCKED;
		return r < 0 ? r : 0;
	}
	r = vacant_find(frame, pool, slot, &vacancy, e);
	standing->state = IPAM_FREE;
	if (r <= 0)
		return r;
	if (vacancy.remaining)
		standing->state = IPAM_COOLING;
	standing->remaining = vacancy.remaining;
	standing->since = vacancy.since;
	memcpy(standing->container, vacancy.name, sizeof(standing->container));
	memcpy(standing->reason, vacancy.reason, sizeof(standing->reason));
	return 0;
}

/**
 * ipam_standing - where an address stands
 * @ipam: borrowed
 * @addr: set, borrowed
 * @ret_standing: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int ipam_standing(struct ipam *ipam, const struct addr *addr, struct ipam_standing *ret_standing,
		  struct error *e)
{
	struct ipam_standing standing = { .addr = *addr, .state = IPAM_OUTSIDE };
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	struct frame frame = frame_make(ipam);
	struct pool *pool;
	uint32_t slot;
	int r = pools_read(&ipam->database, &pools, e);

	if (r < 0)
		return r;
	pool = pools_find(&pools, addr);
	if (pool) {
		memcpy(standing.pool, pool->usage.pool, sizeof(standing.pool));
		standing.gateway = pool->usage.gateway;
	}
	r = standing_held(&frame, addr, &standing, e);
	if (r == 0 && pool && pool_slot(pool, addr, &slot))
		r = standing_slot(&frame, pool, slot, &standing, e);
	if (r < 0)
		return r;
	*ret_standing = standing;
	return 0;
}
