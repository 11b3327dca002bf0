/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/listings.h"

#define LEASE(name) offsetof(struct ipam_lease, name)
#define USAGE(name) offsetof(struct pool_row, usage.name)

static const struct column lease_columns[] = {
	{ "CONTAINER", COLUMN_TEXT, LEASE(container), COLUMN_KEPT, "who holds it" },
	{ "STATE", COLUMN_STATE, LEASE(state), COLUMN_KEPT, "bound, or reserved for that name" },
	{ "HOST-ADDRESS", COLUMN_ADDR, LEASE(v4.host), COLUMN_USUAL,
	  "IPv4 address of the host end" },
	{ "LOCAL-ADDRESS", COLUMN_PREFIX, LEASE(v4.local), COLUMN_KEPT, "IPv4 address inside" },
	{ "HOST-ADDRESS6", COLUMN_ADDR, LEASE(v6.host), COLUMN_EXTRA,
	  "IPv6 address of the host end" },
	{ "LOCAL-ADDRESS6", COLUMN_PREFIX, LEASE(v6.local), COLUMN_EXTRA, "IPv6 address inside" },
	{ "MAC", COLUMN_MAC, LEASE(mac), COLUMN_EXTRA, "MAC address of eth0 inside" },
	{ "AUTOMATIC", COLUMN_FLAG, LEASE(v4.automatic), COLUMN_USUAL,
	  "whether IPv4 came from a pool and was not given by somebody" },
	{ "BRIDGE", COLUMN_TEXT, LEASE(bridge), COLUMN_EXTRA, "bridge the addresses are for" },
	{ "SINCE", COLUMN_TIME, LEASE(since), COLUMN_USUAL, "since when it is in that state, UTC" },
	{ "REASON", COLUMN_PROSE, LEASE(reason), COLUMN_EXTRA, "why it is in that state" },
};

const struct listing lease_listing = {
	.key = "leases",
	.columns = lease_columns,
	.n_columns = ARRAY_SIZE(lease_columns),
	.row_size = sizeof(struct ipam_lease),
};

static const struct column pool_columns[] = {
	{ "NAME", COLUMN_TEXT, USAGE(pool), COLUMN_KEPT, "name of the pool" },
	{ "KIND", COLUMN_TEXT, offsetof(struct pool_row, kind), COLUMN_USUAL,
	  "pair, for cables, or subnet, for the ports of a bridge" },
	{ "PREFIX", COLUMN_PREFIX, USAGE(prefix), COLUMN_USUAL, "its network" },
	{ "BRIDGE", COLUMN_TEXT, USAGE(bridge), COLUMN_EXTRA, "whose ports get its addresses" },
	{ "GATEWAY", COLUMN_ADDR, USAGE(gateway), COLUMN_EXTRA, "their default route" },
	{ "DRAINING", COLUMN_FLAG, USAGE(draining), COLUMN_USUAL,
	  "whether it gives out nothing any more" },
	{ "CAPACITY", COLUMN_COUNT, USAGE(capacity), COLUMN_USUAL, "pairs it has, or addresses" },
	{ "LEASED", COLUMN_COUNT, USAGE(leased), COLUMN_USUAL, "those leased" },
	{ "RESERVED", COLUMN_COUNT, USAGE(reserved), COLUMN_USUAL,
	  "how many of these are reserved" },
	{ "BLOCKED", COLUMN_COUNT, USAGE(blocked), COLUMN_USUAL,
	  "those with an address given to somebody by hand" },
	{ "COOLING", COLUMN_COUNT, USAGE(cooling), COLUMN_USUAL,
	  "those given up a short while ago" },
	{ "FREE", COLUMN_COUNT, USAGE(free), COLUMN_KEPT, "those left" },
	{ "UTILISATION", COLUMN_PERCENT, offsetof(struct pool_row, utilisation), COLUMN_KEPT,
	  "percent leased, blocked or cooling" },
};

const struct listing pool_listing = {
	.key = "pools",
	.columns = pool_columns,
	.n_columns = ARRAY_SIZE(pool_columns),
	.row_size = sizeof(struct pool_row),
};

/**
 * pool_row_fill - make the row of a pool
 * @usage: borrowed
 * @row: filled
 */
void pool_row_fill(const struct ipam_usage *usage, struct pool_row *row)
{
	uint64_t gone = (uint64_t)usage->capacity - usage->free;

	*row = (struct pool_row){ .usage = *usage };
	(void)snprintf(row->kind, sizeof(row->kind), "%s", ipam_kind_name(usage->kind));
	if (usage->capacity)
		row->utilisation = (uint32_t)((gone * 100 + usage->capacity - 1) / usage->capacity);
}

/**
 * pool_rows_read - the rows of all pools
 * @ipam: borrowed
 * @ret_rows: the caller frees it
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_rows_read(struct ipam *ipam, struct pool_row **ret_rows, size_t *ret_count,
		   struct error *e)
{
	_cleanup_(freep) struct ipam_usage *usage = NULL;
	_cleanup_(freep) struct pool_row *rows = NULL;
	size_t count;
	int r = ipam_usage(ipam, &usage, &count, e);

	if (r < 0)
		return r;
	rows = calloc(count ? count : 1, sizeof(*rows));
	if (!rows)
		return error_errno(e, ENOMEM, "cannot list the pools");
	for (size_t i = 0; i < count; i++)
		pool_row_fill(&usage[i], &rows[i]);
	*ret_rows = TAKE_PTR(rows);
	*ret_count = count;
	return 0;
}
