/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json.h"
#include "cli/verb.h"

/**
 * verb_nat_disable - let containers reach the host only
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_nat_disable(const struct invocation *in, struct error *e)
{
	int r = masquerade_disable(&in->session->paths, e);

	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:b}", "changed", r > 0), e);
}
