/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/change.h"
#include "ipam/history.h"
#include "ipam/vacant.h"

/**
 * ipam_lease_many - lease addresses to many containers, all of them or none
 * @ipam: borrowed, open for writing
 * @requests, @count: as for ipam_lease(); borrowed
 * @flags: of enum ipam_lease_flags, for all of them
 * @ret_leases: room for @count: what the containers hold now
 * @e: says for which container it could not be done, and why
 *
 * Returns how many have something else than before, 0 when none has, or -errno as ipam_lease().
 */
int ipam_lease_many(struct ipam *ipam, const struct ipam_lease *requests, size_t count,
		    unsigned flags, struct ipam_lease *ret_leases, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	int changed = 0, r = change_begin(&change, ipam, e);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = change_lease(&change, &requests[i], flags, e);
		if (r < 0)
			return error_wrap(e, r, "container '%s'", requests[i].container);
		changed += r;
		ret_leases[i] = change.holding.lease;
	}
	if (r >= 0 && changed)
		r = change_commit(&change, e);
	return r < 0 ? r : changed;
}

/**
 * ipam_lease - lease addresses to a container
 * @ipam: borrowed, open for writing
 * @request: the container, its MAC if it has one, its explicit pairs; borrowed
 * @flags: of enum ipam_lease_flags
 * @ret_lease: what the container holds now
 * @e: says who is in the way, or what is wrong with the request
 *
 * Returns 1, 0 when it holds just that already, or -errno: see ipam/ipam.h.
 */
int ipam_lease(struct ipam *ipam, const struct ipam_lease *request, unsigned flags,
	       struct ipam_lease *ret_lease, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	int changed = 0, r = change_begin(&change, ipam, e);

	if (r == 0)
		r = changed = change_lease(&change, request, flags, e);
	if (r > 0)
		r = change_commit(&change, e);
	if (r < 0)
		return r;
	*ret_lease = change.holding.lease;
	return changed;
}

/**
 * change_begin_held - start a change of what a container holds
 * @change: zero; ended by the caller, after a failure too
 * @ipam: borrowed until then, open for writing
 * @container: its name, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it holds nothing, or -errno.
 */
static int change_begin_held(struct change *change, struct ipam *ipam, const char *container,
			     struct error *e)
{
	int r = change_begin(change, ipam, e);

	return r < 0 ? r
		     : holding_of_container(change->frame.database, container, &change->holding, e);
}

/**
 * ipam_release - give up all that a container holds
 * @ipam: borrowed, open for writing
 * @container: its name, borrowed
 * @reason: why, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it held nothing, or -errno.
 */
int ipam_release(struct ipam *ipam, const char *container, const char *reason, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	int r = change_begin_held(&change, ipam, container, e);

	if (r <= 0)
		return r;
	r = change_release(&change, reason, e);
	if (r == 0)
		r = change_commit(&change, e);
	return r < 0 ? r : 1;
}

/**
 * ipam_release_many - give up all that many containers hold, of all of them or of none
 * @ipam: borrowed, open for writing
 * @containers, @count: their names, borrowed
 * @reason: why, borrowed
 * @e: filled on failure
 *
 * Returns how many held something, or -errno.
 */
int ipam_release_many(struct ipam *ipam, const char *const *containers, size_t count,
		      const char *reason, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	int released = 0, r = change_begin(&change, ipam, e);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		change.holding = (struct holding){ 0 };
		r = holding_of_container(change.frame.database, containers[i], &change.holding, e);
		if (r <= 0)
			continue;
		r = change_release(&change, reason, e);
		released += r == 0;
	}
	if (r >= 0 && released)
		r = change_commit(&change, e);
	return r < 0 ? r : released;
}

/**
 * change_cool - end the cool-down of a pair
 * @change: begun
 * @pair: borrowed; may be none
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int change_cool(struct change *change, const struct ipam_pair *pair, struct error *e)
{
	struct slots slots = pools_slots(&change->pools, pair);
	int r = 0;

	for (size_t i = 0; r == 0 && i < slots.count; i++)
		r = vacant_cool(&change->frame, slots.at[i].pool, slots.at[i].slot, e);
	return r;
}

/**
 * ipam_undo - give up what a container holds that never came to be
 * @ipam: borrowed, open for writing
 * @container: its name, borrowed
 * @reason: why, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it held nothing, or -errno.
 */
int ipam_undo(struct ipam *ipam, const char *container, const char *reason, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	int r = change_begin_held(&change, ipam, container, e);

	if (r <= 0)
		return r;
	r = change_release(&change, reason, e);
	if (r == 0)
		r = change_cool(&change, &change.holding.lease.v4, e);
	if (r == 0)
		r = change_cool(&change, &change.holding.lease.v6, e);
	if (r == 0)
		r = change_commit(&change, e);
	return r < 0 ? r : 1;
}

/**
 * change_finish - write a lease that holds what it held, and that it was changed
 * @change: of change_begin_held()
 * @act: what was done
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int change_finish(struct change *change, enum ipam_act act, struct error *e)
{
	int r = change_write(change, e);

	if (r == 0)
		r = history_append(&change->frame, act, &change->holding.lease, e);
	if (r == 0)
		r = change_commit(change, e);
	return r < 0 ? r : 1;
}

/**
 * ipam_keep - keep what a container holds for one of its name
 * @ipam: borrowed, open for writing
 * @container: its name, borrowed
 * @reason: why, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it is reserved already or nothing is held, or -errno.
 */
int ipam_keep(struct ipam *ipam, const char *container, const char *reason, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	int r = change_begin_held(&change, ipam, container, e);

	if (r <= 0 || change.holding.lease.state == IPAM_RESERVED)
		return r < 0 ? r : 0;
	change_enters(&change, IPAM_RESERVED, reason);
	return change_finish(&change, IPAM_ACT_RESERVED, e);
}

/**
 * ipam_describe - change the reason of a lease
 * @ipam: borrowed, open for writing
 * @container: its name, borrowed
 * @reason: why it is there, borrowed
 * @e: says that it holds nothing
 *
 * Returns 1, 0 when the reason is that, -ENOENT, or another -errno.
 */
int ipam_describe(struct ipam *ipam, const char *container, const char *reason, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	struct ipam_lease *lease = &change.holding.lease;
	int r = change_begin_held(&change, ipam, container, e);

	if (r < 0)
		return r;
	if (r == 0)
		return error_set(e, ERROR_NO_CONTAINER, ENOENT, "container '%s' holds no address",
				 container);
	if (strncmp(lease->reason, reason, sizeof(lease->reason) - 1) == 0)
		return 0;
	(void)snprintf(lease->reason, sizeof(lease->reason), "%s", reason);
	return change_finish(&change, IPAM_ACT_DESCRIBED, e);
}

/**
 * ipam_cool - end the cool-down of an address and the other one of its pair
 * @ipam: borrowed, open for writing
 * @addr: set, borrowed
 * @reason: why, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it is not cooling, or -errno.
 */
int ipam_cool(struct ipam *ipam, const struct addr *addr, const char *reason, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	struct ipam_lease cooled = { .state = IPAM_FREE };
	struct vacancy vacancy = { 0 };
	struct pool *pool;
	uint32_t slot = 0;
	int r = change_begin(&change, ipam, e);

	if (r < 0)
		return r;
	pool = pools_find(&change.pools, addr);
	if (!pool || !pool_slot(pool, addr, &slot))
		return 0;
	r = vacant_find(&change.frame, pool, slot, &vacancy, e);
	if (r <= 0 || vacancy.remaining == 0)
		return r < 0 ? r : 0;
	*(addr->family == AF_INET ? &cooled.v4 : &cooled.v6) = pool_pair(pool, slot);
	memcpy(cooled.container, vacancy.name, sizeof(cooled.container));
	(void)snprintf(cooled.reason, sizeof(cooled.reason), "%s", reason);
	r = vacant_cool(&change.frame, pool, slot, e);
	if (r == 0)
		r = history_append(&change.frame, IPAM_ACT_COOLED, &cooled, e);
	if (r == 0)
		r = change_commit(&change, e);
	return r < 0 ? r : 1;
}
