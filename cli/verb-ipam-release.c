/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include "cli/json.h"
#include "cli/verb.h"

struct release_options {
	const char *reason;
};

static const struct option_spec specs[] = {
	{ "reason", 0, OPTION_TEXT, offsetof(struct release_options, reason), "TEXT",
	  "why it is given up" },
};

const struct option_table ipam_release_options = OPTION_TABLE(specs, struct release_options);

/**
 * verb_ipam_release - give up what is reserved or cooling
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_release(const struct invocation *in, struct error *e)
{
	const struct release_options *options = in->options;
	int r = addresses_release(&in->session->paths, in->arguments[0], options->reason, e);

	if (r == 0 && !in->session->json)
		log_notice("'%s' holds no address, and none of it is cooling", in->arguments[0]);
	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:b}", "changed", r > 0), e);
}
