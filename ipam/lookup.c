/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/book.h"

#define HOLDING_SELECT                                               \
	"SELECT id, name, state, reason, since, boot, bridge, mac, " \
	"pool4, host4, local4, length4, pool6, host6, local6, length6 FROM lease"

/**
 * pair_row - take the addresses of one family out of a row
 * @query: at a row of HOLDING_SELECT
 * @column: the first of theirs
 * @pair: filled
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int pair_row(const struct query *query, int column, struct ipam_pair *pair, struct error *e)
{
	int r = query_addr(query, column + 1, &pair->host, e);

	if (r == 0)
		r = query_addr(query, column + 2, &pair->local.addr, e);
	pair->automatic = !query_is_null(query, column);
	pair->local.length = (uint8_t)query_int(query, column + 3);
	return r;
}

/**
 * holding_row - take what a container holds out of its row
 * @query: at a row of HOLDING_SELECT
 * @ret_holding: what it holds
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int holding_row(const struct query *query, struct holding *ret_holding, struct error *e)
{
	struct holding holding = { .id = query_int(query, 0) };
	struct ipam_lease *lease = &holding.lease;
	char state[16];
	int r = query_text(query, 1, lease->container, sizeof(lease->container), e);

	if (r == 0)
		r = query_text(query, 2, state, sizeof(state), e);
	if (r == 0)
		r = query_text(query, 3, lease->reason, sizeof(lease->reason), e);
	if (r == 0)
		r = query_boot(query, 5, lease->boot, e);
	if (r == 0)
		r = query_text(query, 6, lease->bridge, sizeof(lease->bridge), e);
	if (r == 0 && !query_is_null(query, 7))
		r = query_blob(query, 7, lease->mac.bytes, sizeof(lease->mac.bytes), e);
	if (r == 0)
		r = pair_row(query, 8, &lease->v4, e);
	if (r == 0)
		r = pair_row(query, 12, &lease->v6, e);
	if (r < 0)
		return r;
	lease->state = strcmp(state, "reserved") == 0 ? IPAM_RESERVED : IPAM_BOUND;
	lease->since = query_int(query, 4);
	*ret_holding = holding;
	return 0;
}

/**
 * holding_read - take the one container a query finds out of its row
 * @query: bound
 * @ret_holding: what it holds
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int holding_read(struct query *query, struct holding *ret_holding, struct error *e)
{
	int r = query_step(query, e);

	if (r > 0)
		r = holding_row(query, ret_holding, e);
	else
		return r;
	return r < 0 ? r : 1;
}

/**
 * holding_of_container - what a container holds
 * @database: borrowed
 * @container: its name, borrowed
 * @ret_holding: what it holds
 * @e: filled on failure
 *
 * Returns 1, 0 when it holds nothing, or -errno.
 */
int holding_of_container(struct database *database, const char *container,
			 struct holding *ret_holding, struct error *e)
{
	static const char sql[] = HOLDING_SELECT " WHERE name = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);

	query_bind_text(&query, container);
	return holding_read(&query, ret_holding, e);
}

/**
 * holding_of_addr - what the holder of an address holds
 * @database: borrowed
 * @addr: at either end, set, borrowed
 * @ret_holding: all it holds
 * @e: filled on failure
 *
 * Returns 1, 0 when nobody holds it, or -errno.
 */
int holding_of_addr(struct database *database, const struct addr *addr, struct holding *ret_holding,
		    struct error *e)
{
	static const char sql[] =
		HOLDING_SELECT " WHERE id = (SELECT lease FROM address WHERE addr = ?)";
	_cleanup_(query_end) struct query query = query_begin(database, sql);

	query_bind_addr(&query, addr);
	return holding_read(&query, ret_holding, e);
}

/**
 * holding_of_mac - what the container with a MAC holds
 * @database: borrowed
 * @mac: set, borrowed
 * @ret_holding: all it holds
 * @e: filled on failure
 *
 * Returns 1, 0 when nobody has it, or -errno.
 */
int holding_of_mac(struct database *database, const struct mac *mac, struct holding *ret_holding,
		   struct error *e)
{
	static const char sql[] = HOLDING_SELECT " WHERE mac = ?";
	_cleanup_(query_end) struct query query = query_begin(database, sql);

	query_bind_blob(&query, mac->bytes, sizeof(mac->bytes));
	return holding_read(&query, ret_holding, e);
}

/**
 * ipam_lookup - what a container holds
 * @ipam: borrowed
 * @container: its name, borrowed
 * @ret_lease: what it holds
 * @e: filled on failure
 *
 * Returns 1, 0 when it holds nothing, or -errno.
 */
int ipam_lookup(struct ipam *ipam, const char *container, struct ipam_lease *ret_lease,
		struct error *e)
{
	struct holding holding;
	int r = holding_of_container(&ipam->database, container, &holding, e);

	if (r > 0)
		*ret_lease = holding.lease;
	return r;
}

/**
 * ipam_holder - who holds an address
 * @ipam: borrowed
 * @addr: at either end, set, borrowed
 * @ret_lease: all that the holder holds
 * @e: filled on failure
 *
 * Returns 1, 0 when nobody does, or -errno.
 */
int ipam_holder(struct ipam *ipam, const struct addr *addr, struct ipam_lease *ret_lease,
		struct error *e)
{
	struct holding holding;
	int r = holding_of_addr(&ipam->database, addr, &holding, e);

	if (r > 0)
		*ret_lease = holding.lease;
	return r;
}

/* Leases as they are collected. */
struct collection {
	struct ipam_lease *leases; /* owned */
	size_t count;
	size_t room;
};

/**
 * collection_append - add a lease at the end
 * @collection: changed
 * @lease: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int collection_append(struct collection *collection, const struct ipam_lease *lease,
			     struct error *e)
{
	if (collection->count == collection->room) {
		size_t room = collection->room ? collection->room * 2 : 64;
		struct ipam_lease *grown =
			reallocarray(collection->leases, room, sizeof(*collection->leases));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot list the leases");
		collection->leases = grown;
		collection->room = room;
	}
	collection->leases[collection->count++] = *lease;
	return 0;
}

/**
 * collection_deinit - free what was collected
 * @collection: zero or filled
 */
static void collection_deinit(struct collection *collection)
{
	free(collection->leases);
	*collection = (struct collection){ 0 };
}

/**
 * ipam_list - all leases by the name of the container
 * @ipam: borrowed
 * @ret_leases: freed by the caller; NULL when there is none
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int ipam_list(struct ipam *ipam, struct ipam_lease **ret_leases, size_t *ret_count, struct error *e)
{
	static const char sql[] = HOLDING_SELECT " ORDER BY name";
	_cleanup_(query_end) struct query query = query_begin(&ipam->database, sql);
	_cleanup_(collection_deinit) struct collection collection = { 0 };
	struct holding holding;
	int r;

	while ((r = query_step(&query, e)) > 0) {
		r = holding_row(&query, &holding, e);
		if (r == 0)
			r = collection_append(&collection, &holding.lease, e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_leases = TAKE_PTR(collection.leases);
	*ret_count = collection.count;
	return 0;
}
