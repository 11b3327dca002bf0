/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json.h"
#include "cli/verb.h"

/**
 * report - say what came of it
 * @in: the call, borrowed
 * @r: 1, 0 when all was so, or -errno
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int report(const struct invocation *in, int r, struct error *e)
{
	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:b}", "changed", r > 0), e);
}

/**
 * verb_net_link - let two containers reach each other
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_net_link(const struct invocation *in, struct error *e)
{
	return report(in, network_link(&in->session->paths, in->arguments[0], in->arguments[1], e),
		      e);
}

/**
 * verb_net_unlink - let two containers not reach each other any more
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_net_unlink(const struct invocation *in, struct error *e)
{
	return report(
		in, network_unlink(&in->session->paths, in->arguments[0], in->arguments[1], e), e);
}
