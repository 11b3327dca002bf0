/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/networks.h"

#include "base/cleanup.h"
#include "cli/fail.h"

/**
 * networks_read - read the networks of all containers, one after the other
 * @in: the call, borrowed
 * @network: the session
 * @seen: called for each, in the order of their names
 * @data: handed on to it
 * @e: filled on failure
 *
 * One that cannot be read makes a line in the log; a missing permission, which would spoil all of them,
 * ends it.
 *
 * Returns 0 or -errno.
 */
int networks_read(const struct invocation *in, struct network *network, network_seen seen,
		  void *data, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct network_state state;
	size_t count = 0;
	int r = definition_names(&in->session->paths, &names, &count, e);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct error broken = ERROR_INIT;

		r = network_read(network, names[i], &state, &broken);
		if (r < 0 && broken.class == ERROR_DENIED) {
			*e = broken;
			return r;
		}
		if (r < 0 && broken.class == ERROR_NO_CONTAINER) {
			r = 0; /* it went in the meantime */
			continue;
		}
		if (r < 0)
			fail_log(in->session, &broken);
		r = seen(data, names[i], r < 0 ? NULL : &state, e);
	}
	return r < 0 ? r : 0;
}
