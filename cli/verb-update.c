/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/system-options.h"
#include "cli/verb.h"

/**
 * reload - have a container that runs switch to what was built
 * @paths: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int reload(const struct paths *paths, const char *name, struct error *e)
{
	enum container_status status;
	int r = container_status(paths, name, &status, NULL, e);

	if (r < 0 || status != CONTAINER_UP)
		return r;
	log_notice("reloading container...");
	r = container_reload(paths, name, e);
	return r < 0 ? r : 0;
}

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
	const char *name = in->arguments[0];
	struct progress progress;
	int r = system_options_pass(in->shared, &nix, &request, e);

	progress_begin(&progress, in->session, "updating", &name, 1);
	if (r == 0)
		r = container_update(paths, name, &request, e);
	if (r >= 0)
		r = reload(paths, name, e);
	progress_end(&progress);
	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(
		json_pack("{s:[{s:o, s:b}]}", "containers", "name", json_text(name), "changed", 1),
		e);
}
