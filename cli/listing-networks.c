/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/listings.h"

#define FIELD(name) offsetof(struct network_row, name)

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, FIELD(name), COLUMN_KEPT, "name of the container" },
	{ "STATUS", COLUMN_WORD, FIELD(status), COLUMN_KEPT,
	  "attached, detached, host (shares its network) or broken" },
	{ "LINK", COLUMN_TEXT, FIELD(link), COLUMN_USUAL, "host end of the cable" },
	{ "HOST-ADDRESS", COLUMN_ADDR, FIELD(host_address), COLUMN_USUAL,
	  "IPv4 address of the host end" },
	{ "LOCAL-ADDRESS", COLUMN_PREFIX, FIELD(local_address), COLUMN_USUAL,
	  "IPv4 address inside" },
	{ "HOST-ADDRESS6", COLUMN_ADDR, FIELD(host_address6), COLUMN_EXTRA,
	  "IPv6 address of the host end" },
	{ "LOCAL-ADDRESS6", COLUMN_PREFIX, FIELD(local_address6), COLUMN_EXTRA,
	  "IPv6 address inside" },
	{ "MTU", COLUMN_COUNT, FIELD(mtu), COLUMN_EXTRA, "largest packet, in bytes" },
	{ "MAC", COLUMN_MAC, FIELD(mac), COLUMN_EXTRA, "MAC address of eth0 inside" },
	{ "BRIDGE", COLUMN_TEXT, FIELD(bridge), COLUMN_EXTRA, "bridge the host end is a port of" },
	{ "NAMESPACE", COLUMN_TEXT, FIELD(namespace), COLUMN_EXTRA,
	  "where the namespace is pinned" },
	{ "RX-BYTES", COLUMN_BYTES, FIELD(rx_bytes), COLUMN_USUAL, "bytes from the container" },
	{ "TX-BYTES", COLUMN_BYTES, FIELD(tx_bytes), COLUMN_USUAL, "bytes to the container" },
	{ "DIFFERENCES", COLUMN_FAULTS, FIELD(differences), COLUMN_KEPT, "from what should be" },
};

const struct listing network_listing = {
	.key = "containers",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct network_row),
};

/**
 * network_status - the state of a container's network in a word
 * @state: borrowed
 */
const char *network_status(const struct network_state *state)
{
	if (!state->definition.private_network)
		return "host";
	return state->attached ? "attached" : "detached";
}

/**
 * network_row_fill - the row of a container's network
 * @state: as read, borrowed
 * @row: filled: addresses as they should be, counters as they are
 */
void network_row_fill(const struct network_state *state, struct network_row *row)
{
	const struct veth_end *host = &state->cable.host;
	const struct veth_spec *spec = &state->spec;

	*row = (struct network_row){
		.host_address = spec->v4.host,
		.host_address6 = spec->v6.host,
		.local_address = spec->v4.local,
		.local_address6 = spec->v6.local,
		.differences = (uint32_t)state->drift.count,
	};
	(void)snprintf(row->name, sizeof(row->name), "%s", state->definition.name);
	(void)snprintf(row->status, sizeof(row->status), "%s", network_status(state));
	if (!state->definition.private_network)
		return;
	row->mac = spec->local_mac;
	(void)snprintf(row->link, sizeof(row->link), "%s", spec->link);
	(void)snprintf(row->bridge, sizeof(row->bridge), "%s", spec->bridge);
	if (state->attached)
		(void)snprintf(row->namespace, sizeof(row->namespace), "%s", state->namespace);
	if (!state->has_cable)
		return;
	row->mtu = host->mtu;
	row->rx_bytes = host->rx_bytes;
	row->tx_bytes = host->tx_bytes;
}
