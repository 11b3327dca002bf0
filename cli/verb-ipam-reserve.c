/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/json.h"
#include "cli/listings.h"
#include "cli/verb.h"

#define FIELD(name) offsetof(struct reserve_request, name)

static const struct option_spec specs[] = {
	{ "host-address", 0, OPTION_TEXT, FIELD(host_address), "ADDRESS",
	  "IPv4 address of the host end" },
	{ "local-address", 0, OPTION_TEXT, FIELD(local_address), "ADDRESS", "IPv4 address inside" },
	{ "host-address6", 0, OPTION_TEXT, FIELD(host_address6), "ADDRESS",
	  "IPv6 address of the host end" },
	{ "local-address6", 0, OPTION_TEXT, FIELD(local_address6), "ADDRESS",
	  "IPv6 address inside" },
	{ "bridge", 0, OPTION_TEXT, FIELD(bridge), "LINK", "it will be a port of this bridge" },
	{ "reason", 0, OPTION_TEXT, FIELD(reason), "TEXT", "what for" },
	{ "force", 0, OPTION_FLAG, FIELD(force), NULL,
	  "whatever else on the host has the addresses" },
};

const struct option_table ipam_reserve_options = OPTION_TABLE(specs, struct reserve_request);

/**
 * pair_tell - print the addresses of one family inside, as show-ip does
 * @pair: borrowed; may be none
 */
static void pair_tell(const struct ipam_pair *pair)
{
	char text[ADDR_TEXT];

	if (addr_is_set(&pair->local.addr))
		puts(addr_format(&pair->local.addr, text));
}

/**
 * verb_ipam_reserve - keep addresses for a container that is created later
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_reserve(const struct invocation *in, struct error *e)
{
	struct reserve_request request = *(const struct reserve_request *)in->options;
	struct selection columns;
	struct ipam_lease lease;
	int changed, r;

	request.name = in->arguments[0];
	changed = r = addresses_reserve(&in->session->paths, &request, &lease, e);
	if (r >= 0)
		r = selection_make(&lease_listing, NULL, SELECT_ALL, &columns, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(json_pack("{s:o, s:b}", "lease", json_row(&columns, &lease),
					    "changed", changed > 0),
				  e);
	pair_tell(&lease.v4);
	pair_tell(&lease.v6);
	return 0;
}
