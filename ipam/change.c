/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/conflict.h"
#include "ipam/history.h"
#include "ipam/request.h"
#include "ipam/vacant.h"

/**
 * change_begin - start a change of the book
 * @change: zero; ended by the caller with change_end(), after a failure too
 * @ipam: borrowed until then, open for writing
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int change_begin(struct change *change, struct ipam *ipam, struct error *e)
{
	int r = transaction_begin(&change->transaction, &ipam->database, e);

	change->frame = frame_make(ipam);
	return r < 0 ? r : pools_read(&ipam->database, &change->pools, e);
}

/**
 * change_commit - make a change last
 * @change: begun
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int change_commit(struct change *change, struct error *e)
{
	int r = pools_store(change->frame.database, &change->pools, e);

	return r < 0 ? r : transaction_commit(&change->transaction, e);
}

/**
 * change_end - let go of a change, and undo it if it was not committed
 * @change: zero or begun
 */
void change_end(struct change *change)
{
	transaction_end(&change->transaction);
	pools_deinit(&change->pools);
}

/**
 * change_enters - have the lease enter a state now
 * @change: its lease changes
 * @state: IPAM_RESERVED or IPAM_BOUND
 * @reason: why, borrowed; cut to IPAM_REASON_MAX
 */
void change_enters(struct change *change, enum ipam_state state, const char *reason)
{
	struct ipam_lease *lease = &change->holding.lease;

	lease->state = state;
	lease->since = change->frame.now.wall;
	memcpy(lease->boot, change->frame.now.boot, sizeof(lease->boot));
	(void)snprintf(lease->reason, sizeof(lease->reason), "%s", reason);
}

/**
 * pair_bind - bind the columns of a family
 * @query: changed
 * @pools: borrowed
 * @pair: borrowed until query_end(); may be none
 */
static void pair_bind(struct query *query, const struct pools *pools, const struct ipam_pair *pair)
{
	const struct pool *pool = pair->automatic ? pools_find(pools, &pair->local.addr) : NULL;

	if (pool)
		query_bind_int(query, pool->id);
	else
		query_bind_null(query);
	query_bind_addr(query, &pair->host);
	query_bind_addr(query, &pair->local.addr);
	if (pair_is_set(pair))
		query_bind_int(query, pair->local.length);
	else
		query_bind_null(query);
}

/**
 * change_write - write the row of the container
 * @change: gets the key of a new row
 * @e: says who has one of its addresses or its MAC
 *
 * Whether they are free is left to the database.
 *
 * Returns 0, -EADDRINUSE or another -errno.
 */
int change_write(struct change *change, struct error *e)
{
	static const char insert[] = "INSERT INTO lease (name, state, reason, since, boot, bridge, "
				     "mac, pool4, host4, local4,"
				     " length4, pool6, host6, local6, length6)"
				     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	static const char update[] =
		"UPDATE lease SET name = ?, state = ?, reason = ?, since = ?, boot = ?, bridge = ?,"
		" mac = ?, pool4 = ?, host4 = ?, local4 = ?, length4 = ?, pool6 = ?, host6 = ?,"
		" local6 = ?, length6 = ? WHERE id = ?";
	const struct ipam_lease *lease = &change->holding.lease;
	struct database *database = change->frame.database;
	_cleanup_(query_end) struct query query =
		query_begin(database, change->holding.id ? update : insert);
	int r;

	query_bind_text(&query, lease->container);
	query_bind_text(&query, ipam_state_name(lease->state));
	query_bind_text(&query, lease->reason);
	query_bind_int(&query, lease->since);
	query_bind_boot(&query, lease->boot);
	query_bind_text(&query, lease->bridge);
	if (mac_is_set(&lease->mac))
		query_bind_blob(&query, lease->mac.bytes, sizeof(lease->mac.bytes));
	else
		query_bind_null(&query);
	pair_bind(&query, &change->pools, &lease->v4);
	pair_bind(&query, &change->pools, &lease->v6);
	if (change->holding.id)
		query_bind_int(&query, change->holding.id);
	r = query_run(&query, e);
	if (r == -EEXIST)
		return conflict_lease(database, lease, e);
	if (r == 0 && !change->holding.id)
		change->holding.id = sqlite3_last_insert_rowid(database->sqlite);
	return r;
}

/**
 * change_drop - give up those pairs of a container that are to be others
 * @change: changed; what is dropped is none afterwards
 * @four, @six: whether the pair of that family goes
 * @reason: why, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int change_drop(struct change *change, bool four, bool six, const char *reason,
		       struct error *e)
{
	struct ipam_lease *lease = &change->holding.lease;
	struct ipam_lease dropped = *lease;
	int r;

	if (!four)
		dropped.v4 = (struct ipam_pair){ 0 };
	else
		lease->v4 = (struct ipam_pair){ 0 };
	if (!six)
		dropped.v6 = (struct ipam_pair){ 0 };
	else
		lease->v6 = (struct ipam_pair){ 0 };
	if (!pair_is_set(&dropped.v4) && !pair_is_set(&dropped.v6))
		return 0;
	(void)snprintf(dropped.reason, sizeof(dropped.reason), "%s", reason);
	r = change_write(change, e);
	if (r == 0)
		r = pools_return(&change->frame, &change->pools, &dropped.v4, &dropped, e);
	if (r == 0)
		r = pools_return(&change->frame, &change->pools, &dropped.v6, &dropped, e);
	return r < 0 ? r : history_append(&change->frame, IPAM_ACT_RELEASED, &dropped, e);
}

/**
 * change_release - take out all that a container holds
 * @change: has it
 * @reason: why, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int change_release(struct change *change, const char *reason, struct error *e)
{
	static const char sql[] = "DELETE FROM lease WHERE id = ?";
	_cleanup_(query_end) struct query query = query_begin(change->frame.database, sql);
	struct ipam_lease *lease = &change->holding.lease;
	int r;

	(void)snprintf(lease->reason, sizeof(lease->reason), "%s", reason);
	query_bind_int(&query, change->holding.id);
	r = query_run(&query, e);
	if (r == 0)
		r = pools_return(&change->frame, &change->pools, &lease->v4, lease, e);
	if (r == 0)
		r = pools_return(&change->frame, &change->pools, &lease->v6, lease, e);
	return r < 0 ? r : history_append(&change->frame, IPAM_ACT_RELEASED, lease, e);
}

/**
 * change_take - have the container hold a pair of a family
 * @change: changed
 * @pair: of the container, in @change; what it holds already stays
 * @wanted: what shall be there, NULL: the next of a pool
 * @family: AF_INET or AF_INET6
 * @flags: of ipam_lease()
 * @e: filled on failure
 *
 * Returns 0, -ENOSPC or another -errno.
 */
static int change_take(struct change *change, struct ipam_pair *pair,
		       const struct ipam_pair *wanted, sa_family_t family, unsigned flags,
		       struct error *e)
{
	const struct taking taking = { .family = family, .bridge = change->holding.lease.bridge };
	int r;

	if (pair_is_set(pair))
		return 0;
	if (!wanted) {
		r = pools_take(&change->frame, &change->pools, &taking, pair, e);
		return r < 0 ? r : 0;
	}
	*pair = *wanted;
	pair->automatic = wanted->automatic && flags & IPAM_AS_IT_WAS &&
			  pools_give(&change->pools, wanted, change->holding.lease.bridge);
	return pools_claim(&change->frame, &change->pools, pair, e);
}

/**
 * change_pass - put what a container had behind all others, since it cannot be used now
 * @change: changed; written
 * @passed: what it had and has no more, borrowed
 * @e: filled on failure
 *
 * Until here it was leased, so that it was not taken again.
 *
 * Returns 0 or -errno.
 */
static int change_pass(struct change *change, struct ipam_lease *passed, struct error *e)
{
	const struct ipam_pair *const pairs[] = { &passed->v4, &passed->v6 };
	int r = 0;

	(void)snprintf(passed->reason, sizeof(passed->reason), "in use elsewhere");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(pairs); i++) {
		struct slots slots = pools_slots(&change->pools, pairs[i]);

		r = pools_return(&change->frame, &change->pools, pairs[i], passed, e);
		for (size_t j = 0; r == 0 && j < slots.count; j++)
			r = vacant_thaw(&change->frame, slots.at[j].pool, slots.at[j].slot, e);
	}
	return r < 0 ? r : history_append(&change->frame, IPAM_ACT_RELEASED, passed, e);
}

/**
 * pair_pass - have a container not hold a pair of a pool any more
 * @pair: of the container; none afterwards
 * @passed: gets it
 */
static void pair_pass(struct ipam_pair *pair, struct ipam_pair *passed)
{
	if (pair->automatic) {
		*passed = *pair;
		*pair = (struct ipam_pair){ 0 };
	}
}

/**
 * change_apply - turn what a container holds into what it asks for
 * @change: changed
 * @request: borrowed
 * @flags: of ipam_lease()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int change_apply(struct change *change, const struct ipam_lease *request, unsigned flags,
			struct error *e)
{
	struct ipam_lease *lease = &change->holding.lease;
	struct ipam_lease passed = { .state = IPAM_FREE };
	const struct pools *pools = &change->pools;
	bool automatic4 = flags & IPAM_AUTOMATIC_V4, automatic6 = flags & IPAM_AUTOMATIC_V6;
	int r = 0;

	memcpy(lease->container, request->container, sizeof(lease->container));
	memcpy(passed.container, request->container, sizeof(passed.container));
	memcpy(lease->bridge, request->bridge, sizeof(lease->bridge));
	if (flags & IPAM_PASS_V4)
		pair_pass(&lease->v4, &passed.v4);
	if (flags & IPAM_PASS_V6)
		pair_pass(&lease->v6, &passed.v6);
	if (change->holding.id)
		r = change_drop(change,
				automatic4 ? !pair_serves(pools, &lease->v4, lease->bridge)
					   : !pair_equal(&lease->v4, &request->v4),
				automatic6 ? !pair_serves(pools, &lease->v6, lease->bridge)
					   : !pair_equal(&lease->v6, &request->v6),
				"replaced", e);
	if (r < 0)
		return r;
	if (mac_is_set(&request->mac))
		lease->mac = request->mac;
	change_enters(change, flags & IPAM_RESERVE ? IPAM_RESERVED : IPAM_BOUND, request->reason);
	r = change_take(change, &lease->v6, automatic6 ? NULL : &request->v6, AF_INET6, flags, e);
	if (r == 0)
		r = change_take(change, &lease->v4, automatic4 ? NULL : &request->v4, AF_INET,
				flags, e);
	if (r == 0)
		r = change_write(change, e);
	if (r == 0 && (pair_is_set(&passed.v4) || pair_is_set(&passed.v6)))
		r = change_pass(change, &passed, e);
	return r < 0 ? r
		     : history_append(&change->frame,
				      flags & IPAM_RESERVE ? IPAM_ACT_RESERVED : IPAM_ACT_BOUND,
				      lease, e);
}

/**
 * request_complete - leave to a reservation what a request leaves open
 * @request: changed
 * @flags: of ipam_lease(), changed: what is reserved need not be taken from a pool
 * @held: the reservation, borrowed
 *
 * Returns whether the request agrees with the reservation.
 */
static bool request_complete(struct ipam_lease *request, unsigned *flags,
			     const struct ipam_lease *held)
{
	bool bridge = strcmp(request->bridge, held->bridge) == 0 ||
		      !(pair_is_set(&held->v4) || pair_is_set(&held->v6));

	if (pair_is_set(&held->v4) && (*flags & IPAM_AUTOMATIC_V4 || !pair_is_set(&request->v4))) {
		request->v4 = held->v4;
		*flags &= ~(unsigned)IPAM_AUTOMATIC_V4;
	}
	if (pair_is_set(&held->v6) && (*flags & IPAM_AUTOMATIC_V6 || !pair_is_set(&request->v6))) {
		request->v6 = held->v6;
		*flags &= ~(unsigned)IPAM_AUTOMATIC_V6;
	}
	if (mac_is_set(&held->mac))
		request->mac = held->mac;
	return bridge && (!pair_is_set(&held->v4) || pair_equal(&request->v4, &held->v4)) &&
	       (!pair_is_set(&held->v6) || pair_equal(&request->v6, &held->v6));
}

/**
 * change_lease - have a container hold what it asks for, within a transaction
 * @change: begun; changed
 * @asked: borrowed
 * @flags: of ipam_lease()
 * @e: says who is in the way, or what is wrong with the request
 *
 * Returns 1, 0 when it holds just that already, or -errno: see ipam/ipam.h.
 */
int change_lease(struct change *change, const struct ipam_lease *asked, unsigned flags,
		 struct error *e)
{
	struct ipam_lease request = *asked;
	const struct ipam_lease *held = &change->holding.lease;
	int r = request_check(asked, flags, &change->pools, e);

	change->holding = (struct holding){ 0 };
	if (r == 0)
		r = holding_of_container(change->frame.database, asked->container, &change->holding,
					 e);
	if (r > 0 && held->state == IPAM_RESERVED && !(flags & (IPAM_RESERVE | IPAM_OVERRULE))) {
		if (!request_complete(&request, &flags, held))
			return conflict_reserved(held, e);
	} else if (r > 0) {
		bool same = !(flags & (IPAM_PASS_V4 | IPAM_PASS_V6)) &&
			    request_met(&request, flags, &change->pools, held);

		if (same && (held->state == IPAM_BOUND || flags & IPAM_RESERVE))
			return 0;
		if (!same && !(flags & IPAM_REPLACE))
			return conflict_held(held, e);
	}
	if (r < 0)
		return r;
	r = change_apply(change, &request, flags, e);
	return r < 0 ? r : 1;
}
