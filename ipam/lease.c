/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "ipam/book.h"
#include "ipam/lookup.h"
#include "ipam/pool.h"
#include "ipam/request.h"

/* A change of the book on its way, in one transaction. */
struct change {
	struct database *database;
	struct pool pool;
	struct holding holding; /* of the container, as it will be; id 0: it has no row yet */
};

/**
 * family_number - how the book writes a family
 * @family: AF_INET or AF_INET6
 */
static int family_number(sa_family_t family)
{
	return family == AF_INET ? 4 : 6;
}

/**
 * conflict_addr - say who holds an address that is wanted
 * @database: borrowed
 * @addr: borrowed
 * @e: filled
 *
 * Returns -EADDRINUSE, or another -errno when that cannot be found out.
 */
static int conflict_addr(struct database *database, const struct addr *addr, struct error *e)
{
	struct holding holder;
	char text[ADDR_TEXT];
	int r = holding_of_addr(database, addr, &holder, e);

	if (r < 0)
		return r;
	if (r == 0)
		return database_damaged(database, "an address without a holder", e);
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "%s is leased to container %s",
		      addr_format(addr, text), holder.lease.container);
	return error_remedy(e, r, "choose another address, or run 'nixctr-net destroy %s'",
			    holder.lease.container);
}

/**
 * conflict_mac - say who has a MAC address that is wanted
 * @database: borrowed
 * @mac: borrowed
 * @e: filled
 *
 * Returns -EADDRINUSE, or another -errno when that cannot be found out.
 */
static int conflict_mac(struct database *database, const struct mac *mac, struct error *e)
{
	struct holding holder;
	char text[MAC_TEXT];
	int r = holding_of_mac(database, mac, &holder, e);

	if (r < 0)
		return r;
	if (r == 0)
		return database_damaged(database, "a MAC address without a holder", e);
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "%s is the MAC address of container %s",
		      mac_format(mac, text), holder.lease.container);
	return error_remedy(e, r, "choose another one, or run 'nixctr-net destroy %s'",
			    holder.lease.container);
}

/**
 * conflict_held - say that a container holds something else than what is wanted
 * @held: what it holds, borrowed
 * @e: filled
 *
 * Returns -EEXIST.
 */
static int conflict_held(const struct ipam_lease *held, struct error *e)
{
	const struct ipam_pair *pair = addr_is_set(&held->v4.local.addr) ? &held->v4 : &held->v6;
	char text[PREFIX_TEXT], mac[MAC_TEXT];
	int r;

	if (addr_is_set(&pair->local.addr))
		r = error_set(e, ERROR_CONFLICT, EEXIST, "container %s holds %s already",
			      held->container, prefix_format(&pair->local, text));
	else
		r = error_set(e, ERROR_CONFLICT, EEXIST, "container %s holds the MAC %s already",
			      held->container, mac_format(&held->mac, mac));
	return error_remedy(e, r, "run 'nixctr-net destroy %s' first", held->container);
}

/**
 * change_container - write the row of the container
 * @change: gets the key of a new row
 * @e: filled on failure
 *
 * Returns 0, -EADDRINUSE when another has its MAC, or another -errno.
 */
static int change_container(struct change *change, struct error *e)
{
	static const char insert[] = "INSERT INTO container (name, mac, since) VALUES (?, ?, ?)";
	static const char update[] =
		"UPDATE container SET name = ?, mac = ?, since = ? WHERE id = ?";
	const struct ipam_lease *lease = &change->holding.lease;
	_cleanup_(query_end) struct query query =
		query_begin(change->database, change->holding.id ? update : insert);
	int r;

	query_bind_text(&query, lease->container);
	if (mac_is_set(&lease->mac))
		query_bind_blob(&query, lease->mac.bytes, sizeof(lease->mac.bytes));
	else
		query_bind_null(&query);
	query_bind_int(&query, lease->since);
	if (change->holding.id)
		query_bind_int(&query, change->holding.id);
	r = query_run(&query, e);
	if (r == -EEXIST)
		return conflict_mac(change->database, &lease->mac, e);
	if (r == 0 && !change->holding.id)
		change->holding.id = sqlite3_last_insert_rowid(change->database->sqlite);
	return r;
}

/**
 * change_addr - enter one address
 * @change: borrowed
 * @addr: borrowed; may be none
 * @length: of its prefix
 * @end: "host" or "local"
 * @e: filled on failure
 *
 * Whether it is free is left to the database.
 *
 * Returns 0, -EADDRINUSE when somebody holds it, or another -errno.
 */
static int change_addr(struct change *change, const struct addr *addr, uint8_t length,
		       const char *end, struct error *e)
{
	static const char sql[] =
		"INSERT INTO address (addr, container, family, end, length) VALUES (?, ?, ?, ?, ?)";
	_cleanup_(query_end) struct query query = { 0 };
	int r;

	if (!addr_is_set(addr))
		return 0;
	query = query_begin(change->database, sql);
	query_bind_addr(&query, addr);
	query_bind_int(&query, change->holding.id);
	query_bind_int(&query, family_number(addr->family));
	query_bind_text(&query, end);
	query_bind_int(&query, length);
	r = query_run(&query, e);
	return r == -EEXIST ? conflict_addr(change->database, addr, e) : r;
}

/**
 * change_enter - enter a pair
 * @change: borrowed
 * @pair: borrowed; may be none
 * @e: filled on failure
 *
 * Returns 0, -EADDRINUSE when somebody holds an end, or another -errno.
 */
static int change_enter(struct change *change, const struct ipam_pair *pair, struct error *e)
{
	static const char sql[] =
		"INSERT INTO lease (container, family, pool, slot) VALUES (?, ?, ?, ?)";
	_cleanup_(query_end) struct query query = { 0 };
	int r;

	if (!addr_is_set(&pair->local.addr))
		return 0;
	query = query_begin(change->database, sql);
	query_bind_int(&query, change->holding.id);
	query_bind_int(&query, family_number(pair->local.addr.family));
	if (pair->automatic) {
		query_bind_int(&query, change->pool.id);
		query_bind_int(&query, pool_slots(&change->pool, pair).slot[0]);
	}
	r = query_run(&query, e);
	if (r == 0)
		r = change_addr(change, &pair->host, addr_bits(&pair->host), "host", e);
	if (r == 0)
		r = change_addr(change, &pair->local.addr, pair->local.length, "local", e);
	return r;
}

/**
 * change_remove - take one address out
 * @change: borrowed
 * @addr: one the container holds, or none; borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int change_remove(struct change *change, const struct addr *addr, struct error *e)
{
	static const char sql[] = "DELETE FROM address WHERE addr = ?";
	_cleanup_(query_end) struct query query = { 0 };

	if (!addr_is_set(addr))
		return 0;
	query = query_begin(change->database, sql);
	query_bind_addr(&query, addr);
	return query_run(&query, e);
}

/**
 * change_drop - give up a pair of a container
 * @change: changed
 * @pair: one it holds, or none; borrowed
 * @e: filled on failure
 *
 * Row by row by their keys: for a cascade sqlite builds a table of its own each time.
 *
 * Returns 0 or -errno.
 */
static int change_drop(struct change *change, const struct ipam_pair *pair, struct error *e)
{
	static const char sql[] = "DELETE FROM lease WHERE container = ? AND family = ?";
	_cleanup_(query_end) struct query query = { 0 };
	int r;

	if (!addr_is_set(&pair->local.addr))
		return 0;
	r = change_remove(change, &pair->host, e);
	if (r == 0)
		r = change_remove(change, &pair->local.addr, e);
	if (r < 0)
		return r;
	query = query_begin(change->database, sql);
	query_bind_int(&query, change->holding.id);
	query_bind_int(&query, family_number(pair->local.addr.family));
	r = query_run(&query, e);
	return r < 0 ? r : pool_return(change->database, &change->pool, pair, e);
}

/**
 * change_pair - replace a pair by another
 * @change: changed
 * @pair: where the container's lease has it, in @change
 * @wanted: what shall be there, borrowed; may be none
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int change_pair(struct change *change, struct ipam_pair *pair,
		       const struct ipam_pair *wanted, struct error *e)
{
	int r;

	if (pair_equal(pair, wanted))
		return 0;
	r = change_drop(change, pair, e);
	if (r < 0)
		return r;
	*pair = *wanted;
	pair->automatic = false;
	r = pool_block(change->database, &change->pool, pair, e);
	return r < 0 ? r : change_enter(change, pair, e);
}

/**
 * change_automatic - replace the IPv4 pair by the next one of the pool
 * @change: changed; a pair that came from the pool stays
 * @e: filled on failure
 *
 * Returns 0, -ENOSPC or another -errno.
 */
static int change_automatic(struct change *change, struct error *e)
{
	struct ipam_pair *pair = &change->holding.lease.v4;
	uint32_t slot;
	int r;

	if (pair->automatic)
		return 0;
	r = change_drop(change, pair, e);
	if (r == 0)
		r = pool_take(change->database, &change->pool, &slot, e);
	if (r < 0)
		return r;
	*pair = pool_pair(&change->pool, slot);
	return change_enter(change, pair, e);
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
	int r;

	memcpy(lease->container, request->container, sizeof(lease->container));
	if (mac_is_set(&request->mac))
		lease->mac = request->mac;
	lease->since = time(NULL);
	r = change_container(change, e);
	if (r == 0)
		r = change_pair(change, &lease->v6, &request->v6, e);
	if (r == 0)
		r = flags & IPAM_AUTOMATIC_V4 ? change_automatic(change, e)
					      : change_pair(change, &lease->v4, &request->v4, e);
	return r;
}

/**
 * change_lease - have a container hold what it asks for, within a transaction
 * @change: its pool is read; changed
 * @request: borrowed
 * @flags: of ipam_lease()
 * @e: says who is in the way, or what is wrong with the request
 *
 * Returns 1, 0 when it holds just that already, or -errno: see ipam/ipam.h.
 */
static int change_lease(struct change *change, const struct ipam_lease *request, unsigned flags,
			struct error *e)
{
	int r = request_check(request, flags, &change->pool, e);

	change->holding = (struct holding){ 0 };
	if (r == 0)
		r = holding_of_container(change->database, request->container, &change->holding, e);
	if (r < 0)
		return r;
	if (r > 0 && request_met(request, flags, &change->holding.lease))
		return 0;
	if (r > 0 && !(flags & IPAM_REPLACE))
		return conflict_held(&change->holding.lease, e);
	r = change_apply(change, request, flags, e);
	return r < 0 ? r : 1;
}

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
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	struct change change = { .database = &ipam->database };
	int changed = 0, r;

	r = transaction_begin(&transaction, change.database, e);
	if (r == 0)
		r = pool_read(change.database, &change.pool, e);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = change_lease(&change, &requests[i], flags, e);
		if (r < 0)
			return error_wrap(e, r, "container '%s'", requests[i].container);
		changed += r;
		ret_leases[i] = change.holding.lease;
	}
	if (r >= 0 && changed)
		r = pool_store(change.database, &change.pool, e);
	if (r >= 0 && changed)
		r = transaction_commit(&transaction, e);
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
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	struct change change = { .database = &ipam->database };
	int changed, r;

	r = transaction_begin(&transaction, change.database, e);
	if (r == 0)
		r = pool_read(change.database, &change.pool, e);
	if (r == 0)
		r = change_lease(&change, request, flags, e);
	changed = r;
	if (changed > 0)
		r = pool_store(change.database, &change.pool, e);
	if (r == 0 && changed > 0)
		r = transaction_commit(&transaction, e);
	if (r < 0)
		return r;
	*ret_lease = change.holding.lease;
	return changed;
}

/**
 * ipam_release - give up all that a container holds
 * @ipam: borrowed, open for writing
 * @container: its name, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it held nothing, or -errno.
 */
int ipam_release(struct ipam *ipam, const char *container, struct error *e)
{
	static const char sql[] = "DELETE FROM container WHERE id = ?";
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	_cleanup_(query_end) struct query query = { 0 };
	struct change change = { .database = &ipam->database };
	struct ipam_lease *lease = &change.holding.lease;
	int r;

	r = transaction_begin(&transaction, change.database, e);
	if (r == 0)
		r = holding_of_container(change.database, container, &change.holding, e);
	if (r <= 0)
		return r;
	r = pool_read(change.database, &change.pool, e);
	if (r == 0)
		r = change_drop(&change, &lease->v4, e);
	if (r == 0)
		r = change_drop(&change, &lease->v6, e);
	if (r < 0)
		return r;
	query = query_begin(change.database, sql);
	query_bind_int(&query, change.holding.id);
	r = query_run(&query, e);
	if (r == 0)
		r = pool_store(change.database, &change.pool, e);
	if (r == 0)
		r = transaction_commit(&transaction, e);
	return r < 0 ? r : 1;
}
