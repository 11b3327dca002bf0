/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cli/json.h"
#include "cli/verb.h"

/**
 * verb_nat_isolate - say whether containers reach each other without being linked
 * @in: the call, borrowed; its argument is on or off
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_nat_isolate(const struct invocation *in, struct error *e)
{
	bool on = strcmp(in->arguments[0], "on") == 0;
	int r;

	if (!on && strcmp(in->arguments[0], "off") != 0)
		return verb_usage_error(in->verb, e, "needs on or off, not '%s'", in->arguments[0]);
	r = masquerade_isolate(&in->session->paths, on, e);
	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:b}", "changed", r > 0), e);
}
