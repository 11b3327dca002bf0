/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/listings.h"

#define FIELD(name) offsetof(struct forward_row, name)

static const struct column columns[] = {
	{ "CONTAINER", COLUMN_TEXT, FIELD(container), COLUMN_KEPT, "name of the container" },
	{ "PROTOCOL", COLUMN_TEXT, FIELD(protocol), COLUMN_USUAL, "tcp or udp" },
	{ "PORTS", COLUMN_TEXT, FIELD(ports), COLUMN_KEPT, "ports of the host" },
	{ "HOST-ADDRESS", COLUMN_ADDR, FIELD(host_address), COLUMN_USUAL,
	  "the only address of the host by which they are called" },
	{ "HOST-LINK", COLUMN_TEXT, FIELD(host_link), COLUMN_USUAL,
	  "the only link of the host through which they are called" },
	{ "ADDRESS", COLUMN_ADDR, FIELD(address), COLUMN_USUAL, "address of the container" },
	{ "TO-PORTS", COLUMN_TEXT, FIELD(to_ports), COLUMN_USUAL, "ports inside" },
	{ "STATE", COLUMN_WORD, FIELD(state), COLUMN_KEPT,
	  "published, detached, missing or not defined" },
	{ "REACHED-BY", COLUMN_PROSE, FIELD(reached_by), COLUMN_USUAL, "who can call them now" },
	{ "PACKETS", COLUMN_PACKETS, FIELD(traffic.packets), COLUMN_USUAL, "forwarded, both ways" },
	{ "BYTES", COLUMN_BYTES, FIELD(traffic.bytes), COLUMN_USUAL, "of these" },
	{ "PORT", COLUMN_COUNT, FIELD(port), COLUMN_EXTRA, "first port of the host" },
	{ "TO-PORT", COLUMN_COUNT, FIELD(to_port), COLUMN_EXTRA, "first port inside" },
	{ "COUNT", COLUMN_COUNT, FIELD(count), COLUMN_EXTRA, "how many ports these are" },
};

const struct listing forward_listing = {
	.key = "forwards",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct forward_row),
};

/**
 * state_name - the state of published ports in a word or two
 * @state: of them
 */
static const char *state_name(enum publication_state state)
{
	switch (state) {
	case PUBLICATION_LIVE:
		return "published";
	case PUBLICATION_DETACHED:
		return "detached";
	case PUBLICATION_MISSING:
		return "missing";
	case PUBLICATION_STRAY:
		break;
	}
	return "not defined";
}

/**
 * reach_format - who can call published ports
 * @publication: borrowed
 * @text: filled; "nobody" when they lead nowhere now
 */
static void reach_format(const struct publication *publication, char text[LISTING_PHRASE])
{
	const struct nat_forward *forward = &publication->first;
	const char *link = forward->host_link;
	const char *who = "LAN, localhost, containers";

	if (publication->state == PUBLICATION_DETACHED || publication->state == PUBLICATION_MISSING)
		who = "nobody";
	else if (strncmp(link, NAT_PREFIX, strlen(NAT_PREFIX)) == 0)
		who = "one container";
	else if (link[0])
		who = "LAN";
	else if (addr_is_loopback(&forward->host))
		who = "localhost";
	else if (addr_is_set(&forward->host))
		who = "LAN, this host, containers";
	if (strcmp(who, "nobody") == 0)
		link = "";
	(void)snprintf(text, LISTING_PHRASE, "%s%s%s", who, link[0] ? ", through " : "", link);
}

/**
 * forward_row_fill - the row of published ports
 * @publication: borrowed
 * @row: filled
 */
static void forward_row_fill(const struct publication *publication, struct forward_row *row)
{
	const struct nat_forward *forward = &publication->first;

	*row = (struct forward_row){
		.port = forward->port,
		.count = publication->length,
		.host_address = forward->host,
		.address = forward->to,
		.to_port = forward->to_port,
		.traffic = publication->traffic,
	};
	memcpy(row->container, forward->container, sizeof(row->container));
	memcpy(row->host_link, forward->host_link, IFNAMSIZ);
	(void)snprintf(row->protocol, sizeof(row->protocol), "%s",
		       protocol_name(forward->protocol));
	range_format(forward->port, publication->length, row->ports);
	range_format(forward->to_port, publication->length, row->to_ports);
	(void)snprintf(row->state, sizeof(row->state), "%s", state_name(publication->state));
	reach_format(publication, row->reached_by);
}

/**
 * forward_rows_read - the rows of all published ports, and of those that should be
 * @paths: borrowed
 * @name: of one container; NULL: of all
 * @ret_rows: the caller frees it
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int forward_rows_read(const struct paths *paths, const char *name, struct forward_row **ret_rows,
		      size_t *ret_count, struct error *e)
{
	_cleanup_(freep) struct publication *list = NULL;
	struct forward_row *rows;
	size_t count = 0;
	int r = publications_read(paths, name, &list, &count, e);

	if (r < 0)
		return r;
	rows = calloc(count + 1, sizeof(*rows));
	if (!rows)
		return error_errno(e, ENOMEM, "cannot list published ports");
	for (size_t i = 0; i < count; i++)
		forward_row_fill(&list[i], &rows[i]);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}
