/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/log.h"
#include "cli/json.h"
#include "cli/outside.h"
#include "cli/verb.h"

struct nat_enable_options {
	struct option_list external, internal, source;
};

static const struct option_spec specs[] = {
	{ "external", 'e', OPTION_LIST, offsetof(struct nat_enable_options, external), "LINK,...",
	  "links to the outside, wl* for all of a kind, auto: the default route" },
	{ "internal", 'i', OPTION_LIST, offsetof(struct nat_enable_options, internal),
	  "NETWORK,...", "networks of the host that get out as containers do" },
	{ "source", 's', OPTION_LIST, offsetof(struct nat_enable_options, source), "ADDRESS,...",
	  "the address of the host all leave with, one for each of IPv4 and IPv6" },
};

const struct option_table nat_enable_options = OPTION_TABLE(specs, struct nat_enable_options);

/**
 * firewalls_tell - warn of firewalls of the host that will drop what was just let out
 * @paths: borrowed
 */
static void firewalls_tell(const struct paths *paths)
{
	struct findings findings;
	int r = check_nat(paths, CHECK_FIREWALL, &findings, NULL);

	for (size_t i = 0; r >= 0 && i < findings.count; i++)
		if (!findings.list[i].unread)
			log_warning("nat: %s; see nixctr-net nat check", findings.list[i].what);
	free(findings.list);
}

/**
 * verb_nat_enable - let containers reach what is behind external links
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * What "auto" stands for now is said on standard error, and who will not let packets pass.
 *
 * Returns 0 or -errno.
 */
int verb_nat_enable(const struct invocation *in, struct error *e)
{
	const struct nat_enable_options *options = in->options;
	struct phrase phrase = { .length = 0 }, networks = { .length = 0 };
	const struct masquerade_request request = {
		.externals = options->external.values,
		.n_externals = options->external.count,
		.internals = options->internal.values,
		.n_internals = options->internal.count,
		.sources = options->source.values,
		.n_sources = options->source.count,
	};
	struct masquerade_state state;
	int changed, r;

	if (options->external.count == 0)
		return verb_usage_error(in->verb, e, "needs --external LINK or --external auto");
	changed = masquerade_enable(&in->session->paths, &request, e);
	if (changed < 0)
		return changed;
	firewalls_tell(&in->session->paths);
	if (in->session->json)
		return json_print(json_pack("{s:b}", "changed", changed > 0), e);
	r = masquerade_read(&in->session->paths, &state, e);
	if (r < 0)
		return r;
	outside_phrase(&state, &phrase);
	log_notice("nat: %s", phrase.text);
	outside_networks(&state.spec, &networks);
	if (networks.length)
		log_notice("nat: so are %s", networks.text);
	return 0;
}
