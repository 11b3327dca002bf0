/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/progress.h"
#include "cli/system-options.h"
#include "cli/verb.h"

/* The request as it is typed; the list becomes part of it afterwards. */
struct create_options {
	struct create_request request;
	struct option_list ports;
};

#define FIELD(name) offsetof(struct create_options, request.name)

static const struct option_spec specs[] = {
	{ "host-address", 0, OPTION_TEXT, FIELD(host_address), "ADDRESS",
	  "IPv4 address of the host end" },
	{ "local-address", 0, OPTION_TEXT, FIELD(local_address), "ADDRESS", "IPv4 address inside" },
	{ "host-address6", 0, OPTION_TEXT, FIELD(host_address6), "ADDRESS",
	  "IPv6 address of the host end" },
	{ "local-address6", 0, OPTION_TEXT, FIELD(local_address6), "ADDRESS",
	  "IPv6 address inside" },
	{ "bridge", 0, OPTION_TEXT, FIELD(bridge), "LINK", "make it a port of this bridge" },
	{ "port", 0, OPTION_LIST, offsetof(struct create_options, ports),
	  "[tcp|udp:][ADDRESS|%LINK:]PORT[-PORT][:PORT[-PORT]],...",
	  "ports of the host that lead to the container" },
	{ "force", 0, OPTION_FLAG, FIELD(force), NULL,
	  "take addresses even if they are in use on the host" },
	{ "auto-start", 0, OPTION_FLAG, FIELD(auto_start), NULL, "start it with the host" },
	{ "ensure-unique-name", 0, OPTION_FLAG, FIELD(unique), NULL,
	  "append a number when NAME is taken, and print it" },
	{ "root-tree", 0, OPTION_TEXT, FIELD(boots.tree), "DIR",
	  "boot the operating system in DIR, in place" },
	{ "no-system", 0, OPTION_FLAG, FIELD(boots.none), NULL,
	  "make a network and nothing to boot" },
};

const struct option_table create_options = OPTION_TABLE(specs, struct create_options);

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
 * tell_manager - have systemd know of a container that is to start with the host
 * @paths: borrowed
 * @definition: of the container, borrowed
 *
 * The container is there all the same when that fails, and systemd looks again at the next boot.
 */
static void tell_manager(const struct paths *paths, const struct definition *definition)
{
	struct error e = ERROR_INIT;

	if (definition->auto_start && container_refresh(paths, &e) < 0)
		log_warning("systemd does not know of container '%s' before the next boot: %s",
			    definition->name, e.text);
}

/**
 * verb_create - make a container
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_create(const struct invocation *in, struct error *e)
{
	const struct create_options *options = in->options;
	_cleanup_(words_deinit) struct words nix = { 0 };
	struct create_request request = options->request;
	struct definition definition;
	struct container_row row;
	struct selection columns;
	struct progress progress;
	int r;

	request.name = in->arguments[0];
	request.ports = options->ports.values;
	request.n_ports = options->ports.count;
	r = system_options_pass(in->shared, &nix, &request.boots, e);
	progress_begin(&progress, in->session, "making", &request.name, 1);
	if (r == 0)
		r = container_create(&in->session->paths, &request, &definition, e);
	progress_end(&progress);
	if (r < 0)
		return r;
	tell_manager(&in->session->paths, &definition);
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
