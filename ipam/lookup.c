/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/book.h"

/*
 * Every question is answered by the same rows: one for each address of a container, or one without
 * address when it has none. Rows of one container stand together.
 */
#define HOLDING_SELECT                                                               \
	"SELECT container.id, name, mac, since, addr, end, length, pool IS NOT NULL" \
	" FROM container LEFT JOIN address ON address.container = container.id"      \
	" LEFT JOIN lease ON lease.container = container.id AND lease.family = address.family"

/**
 * holding_start - take what is the same in all rows of a container out of the first
 * @query: at that row
 * @ret_holding: without addresses yet
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int holding_start(const struct query *query, struct holding *ret_holding, struct error *e)
{
	struct holding holding = { .id = query_int(query, 0),
				   .lease = { .since = query_int(query, 3) } };
	struct ipam_lease *lease = &holding.lease;
	int r = query_text(query, 1, lease->container, sizeof(lease->container), e);

	if (r == 0 && !query_is_null(query, 2))
		r = query_blob(query, 2, lease->mac.bytes, sizeof(lease->mac.bytes), e);
	if (r == 0)
		*ret_holding = holding;
	return r;
}

/**
 * holding_add - put the address of a row in its place
 * @query: at the row
 * @holding: of the container, changed
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
static int holding_add(const struct query *query, struct holding *holding, struct error *e)
{
	struct ipam_pair *pair;
	struct addr addr;
	char end[8];
	int r;

	if (query_is_null(query, 4))
		return 0;
	r = query_addr(query, 4, &addr, e);
	if (r == 0)
		r = query_text(query, 5, end, sizeof(end), e);
	if (r < 0)
		return r;
	pair = addr.family == AF_INET ? &holding->lease.v4 : &holding->lease.v6;
	pair->automatic = query_int(query, 7);
	if (strcmp(end, "host") == 0)
		pair->host = addr;
	else
		pair->local =
			(struct prefix){ .addr = addr, .length = (uint8_t)query_int(query, 6) };
	return 0;
}

/**
 * holding_read - take the one container a query finds out of its rows
 * @query: bound
 * @ret_holding: what it holds
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int holding_read(struct query *query, struct holding *ret_holding, struct error *e)
{
	struct holding holding;
	int r = query_step(query, e);

	if (r <= 0)
		return r;
	r = holding_start(query, &holding, e);
	if (r < 0)
		return r;
	do {
		r = holding_add(query, &holding, e);
		if (r == 0)
			r = query_step(query, e);
	} while (r > 0);
	if (r < 0)
		return r;
	*ret_holding = holding;
	return 1;
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
	static const char sql[] = HOLDING_SELECT
		" WHERE container.id = (SELECT container FROM address WHERE addr = ?)";
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
	struct holding holding = { 0 };
	int r;

	while ((r = query_step(&query, e)) > 0) {
		if (query_int(&query, 0) != holding.id) {
			if (holding.id)
				r = collection_append(&collection, &holding.lease, e);
			if (r >= 0)
				r = holding_start(&query, &holding, e);
		}
		if (r >= 0)
			r = holding_add(&query, &holding, e);
		if (r < 0)
			return r;
	}
	if (r == 0 && holding.id)
		r = collection_append(&collection, &holding.lease, e);
	if (r < 0)
		return r;
	*ret_leases = TAKE_PTR(collection.leases);
	*ret_count = collection.count;
	return 0;
}
