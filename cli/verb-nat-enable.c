/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include "cli/json.h"
#include "cli/outside.h"
#include "cli/verb.h"

struct nat_enable_options {
	struct option_list external;
};

static const struct option_spec specs[] = {
	{ "external", 'e', OPTION_LIST, offsetof(struct nat_enable_options, external), "LINK,...",
	  "links that lead outside, or auto: the default route's" },
};

const struct option_table nat_enable_options = OPTION_TABLE(specs, struct nat_enable_options);

/**
 * verb_nat_enable - let containers reach what is behind external links
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * What "auto" stands for now is said on standard error.
 *
 * Returns 0 or -errno.
 */
int verb_nat_enable(const struct invocation *in, struct error *e)
{
	const struct nat_enable_options *options = in->options;
	struct phrase phrase = { .length = 0 };
	struct masquerade_state state;
	int changed, r;

	if (options->external.count == 0)
		return verb_usage_error(in->verb, e, "needs --external LINK or --external auto");
	changed = masquerade_enable(&in->session->paths, options->external.values,
				    options->external.count, e);
	if (changed < 0)
		return changed;
	if (in->session->json)
		return json_print(json_pack("{s:b}", "changed", changed > 0), e);
	r = masquerade_read(&in->session->paths, &state, e);
	if (r < 0)
		return r;
	outside_phrase(&state, &phrase);
	log_notice("nat: %s", phrase.text);
	return 0;
}
