/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/json.h"
#include "cli/verb.h"

/**
 * verb_status - say whether a container is up, down or gone
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * "gone" is an answer and a failing exit status at once, as with nixos-container.
 *
 * Returns 0, ERROR_NO_CONTAINER, or -errno.
 */
int verb_status(const struct invocation *in, struct error *e)
{
	const char *name = in->arguments[0];
	enum container_status status;
	int r = container_status(&in->session->paths, name, &status, e);

	if (r < 0)
		return r;
	if (in->session->json)
		r = json_print(json_pack("{s:o, s:s}", "name", json_text(name), "status",
					 container_status_name(status)),
			       e);
	else
		puts(container_status_name(status));
	if (r < 0)
		return r;
	return status == CONTAINER_GONE ? ERROR_NO_CONTAINER : 0;
}
