/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/system-options.h"
#include "cli/verb.h"

/**
 * verb_update - build what a container boots, and have it switch to that if it runs
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_update(const struct invocation *in, struct error *e)
{
	const struct paths *paths = &in->session->paths;
	_cleanup_(words_deinit) struct words nix = { 0 };
	struct system_request request = { 0 };
	int r = system_options_pass(in->shared, &nix, &request, e);

	if (r == 0)
		r = container_update(paths, in->arguments[0], &request, e);
	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:[{s:o, s:b}]}", "containers", "name",
				    json_text(in->arguments[0]), "changed", 1),
			  e);
}
