/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/listings.h"
#include "veth/veth.h"

#define FIELD(name)      offsetof(struct container_row, name)
#define DEFINITION(name) offsetof(struct container_row, definition.name)

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, DEFINITION(name), COLUMN_KEPT, "name of the container" },
	{ "STATUS", COLUMN_WORD, FIELD(status), COLUMN_KEPT, "up, down or broken" },
	{ "KIND", COLUMN_TEXT, FIELD(kind), COLUMN_USUAL, "declarative or imperative" },
	{ "HOST-ADDRESS", COLUMN_ADDR, DEFINITION(v4.host), COLUMN_USUAL,
	  "IPv4 address of the host end" },
	{ "LOCAL-ADDRESS", COLUMN_PREFIX, DEFINITION(v4.local), COLUMN_KEPT,
	  "IPv4 address inside" },
	{ "HOST-ADDRESS6", COLUMN_ADDR, DEFINITION(v6.host), COLUMN_EXTRA,
	  "IPv6 address of the host end" },
	{ "LOCAL-ADDRESS6", COLUMN_PREFIX, DEFINITION(v6.local), COLUMN_EXTRA,
	  "IPv6 address inside" },
	{ "LINK", COLUMN_TEXT, FIELD(link), COLUMN_USUAL, "host end of the cable" },
	{ "BRIDGE", COLUMN_TEXT, DEFINITION(bridge), COLUMN_EXTRA,
	  "bridge the host end is a port of" },
	{ "MAC", COLUMN_MAC, DEFINITION(mac), COLUMN_EXTRA, "MAC address of eth0 inside" },
	{ "PRIVATE-NETWORK", COLUMN_FLAG, DEFINITION(private_network), COLUMN_EXTRA,
	  "whether it has a network of its own" },
	{ "AUTO-START", COLUMN_FLAG, DEFINITION(auto_start), COLUMN_EXTRA,
	  "whether it starts with the host" },
	{ "DECLARATIVE", COLUMN_FLAG, DEFINITION(declarative), COLUMN_EXTRA,
	  "whether the host's configuration made it" },
};

const struct listing container_listing = {
	.key = "containers",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct container_row),
};

/**
 * container_row_fill - the row of a container whose definition has been read
 * @paths: borrowed
 * @definition: borrowed
 * @ret_row: the row
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int container_row_fill(const struct paths *paths, const struct definition *definition,
		       struct container_row *ret_row, struct error *e)
{
	struct container_row row = { .definition = *definition };
	char altname[VETH_ALTNAME_MAX];
	enum container_status status;
	int r = container_status(paths, definition->name, &status, NULL, e);

	if (r < 0)
		return r;
	(void)snprintf(row.status, sizeof(row.status), "%s", container_status_name(status));
	(void)snprintf(row.kind, sizeof(row.kind), "%s",
		       definition->declarative ? "declarative" : "imperative");
	if (definition->private_network)
		veth_link_name(definition->name, definition->bridge[0], row.link, altname);
	*ret_row = row;
	return 0;
}

/**
 * container_row_read - the row of a container
 * @paths: borrowed
 * @name: borrowed
 * @ret_row: the row
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no such container, or -errno.
 */
int container_row_read(const struct paths *paths, const char *name, struct container_row *ret_row,
		       struct error *e)
{
	struct definition definition;
	int r = definition_read(paths, name, &definition, e);

	if (r <= 0)
		return r;
	r = container_row_fill(paths, &definition, ret_row, e);
	return r < 0 ? r : 1;
}
