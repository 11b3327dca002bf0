/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/verb.h"
#include "declare/declare.h"

struct set_options {
	bool force;
};

static const struct option_spec specs[] = {
	{ "force", 0, OPTION_FLAG, offsetof(struct set_options, force), NULL,
	  "take addresses even if they are in use on the host" },
};

const struct option_table set_options = OPTION_TABLE(specs, struct set_options);

/**
 * verb_set - change settings of a container
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_set(const struct invocation *in, struct error *e)
{
	const struct set_options *options = in->options;
	_cleanup_(words_deinit) struct words assignments = { 0 };
	enum setting_effect effect = SETTING_LIVE;
	const char *name = in->arguments[0];
	int r = 0;

	for (size_t i = 1; r == 0 && i < in->n_arguments; i++)
		r = declared_setting(in->arguments[i], &assignments, e);
	if (r < 0)
		return verb_usage_remedy(in->verb, e, r);
	r = container_set(&in->session->paths, name, &assignments,
			  options->force ? ADDRESSES_FORCED : ADDRESSES_JUDGED, &effect, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(json_pack("{s:o, s:b, s:b}", "container", json_text(name),
					    "changed", r > 0, "at_next_start",
					    effect == SETTING_LATER),
				  e);
	if (r == 0)
		log_notice("container '%s': nothing to change", name);
	else if (effect == SETTING_LATER)
		log_notice("container '%s': takes effect at the next start", name);
	return 0;
}
