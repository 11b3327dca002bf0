/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/verb.h"

/**
 * verb_show_host_key - print the public key of a container's SSH server
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_show_host_key(const struct invocation *in, struct error *e)
{
	const char *name = in->arguments[0];
	_cleanup_(freep) char *key = NULL;
	int r = container_host_key(&in->session->paths, name, &key, e);

	if (r < 0)
		return r;
	if (r == 0)
		return error_set(e, ERROR_FAILED, ENOKEY, "container '%s' has no host key", name);
	if (in->session->json)
		return json_print(
			json_pack("{s:o, s:o}", "name", json_text(name), "key", json_text(key)), e);
	puts(key);
	return 0;
}
