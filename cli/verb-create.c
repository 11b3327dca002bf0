/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/system-options.h"
#include "cli/verb.h"

#define FIELD(name) offsetof(struct create_request, name)

static const struct option_spec specs[] = {
	{ "host-address", 0, OPTION_TEXT, FIELD(host_address), "ADDRESS",
	  "IPv4 address of the host end" },
	{ "local-address", 0, OPTION_TEXT, FIELD(local_address), "ADDRESS", "IPv4 address inside" },
	{ "host-address6", 0, OPTION_TEXT, FIELD(host_address6), "ADDRESS",
	  "IPv6 address of the host end" },
	{ "local-address6", 0, OPTION_TEXT, FIELD(local_address6), "ADDRESS",
	  "IPv6 address inside" },
	{ "bridge", 0, OPTION_TEXT, FIELD(bridge), "LINK", "make it a port of this bridge" },
	{ "auto-start", 0, OPTION_FLAG, FIELD(auto_start), NULL, "start it with the host" },
	{ "ensure-unique-name", 0, OPTION_FLAG, FIELD(unique), NULL,
	  "append a number when NAME is taken, and print it" },
	{ "root-tree", 0, OPTION_TEXT, FIELD(system.tree), "DIR",
	  "boot the operating system in DIR, in place" },
	{ "no-system", 0, OPTION_FLAG, FIELD(system.none), NULL,
	  "make a network and nothing to boot" },
};

const struct option_table create_options = OPTION_TABLE(specs, struct create_request);

/**
 * pair_tell - say on standard error which addresses were leased, as nixos-container does
 * @pair: of one family, borrowed
 *
 * Without addresses of that family nothing is said.
 */
static void pair_tell(const struct veth_pair *pair)
{
	char host[ADDR_TEXT], local[ADDR_TEXT];

	if (!addr_is_set(&pair->local.addr))
		return;
	addr_format(&pair->local.addr, local);
	if (addr_is_set(&pair->host))
		log_notice("host IP is %s, container IP is %s", addr_format(&pair->host, host),
			   local);
	else
		log_notice("container IP is %s", local);
}

/**
 * verb_create - make a container
 * @in: the call, borrowed; its options are the request itself
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_create(const struct invocation *in, struct error *e)
{
	_cleanup_(words_deinit) struct words nix = { 0 };
	struct create_request request = *(const struct create_request *)in->options;
	struct definition definition;
	struct container_row row;
	struct selection columns;
	int r;

	request.name = in->arguments[0];
	r = system_options_pass(in->shared, &nix, &request.system, e);
	if (r == 0)
		r = container_create(&in->session->paths, &request, &definition, e);
	if (r < 0)
		return r;
	pair_tell(&definition.v4);
	pair_tell(&definition.v6);
	if (!in->session->json) {
		if (request.unique)
			puts(definition.name);
		return 0;
	}
	r = container_row_fill(&in->session->paths, &definition, &row, e);
	if (r == 0)
		r = selection_make(&container_listing, NULL, SELECT_ALL, &columns, e);
	return r < 0 ? r : json_print(json_row(&columns, &row), e);
}
