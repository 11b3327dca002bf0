/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/hook.h"
#include "cli/verb.h"

/**
 * verb_hook_pre_start - what a container unit does before the container's init runs
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_hook_pre_start(const struct invocation *in, struct error *e)
{
	return hook_run(in->session, HOOK_PRE_START, in->arguments[0], e);
}

/**
 * verb_hook_start - what a container unit starts
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns only on failure.
 */
int verb_hook_start(const struct invocation *in, struct error *e)
{
	session_log(in->session, LOG_LEVEL_INFO);
	return container_exec(&in->session->paths, in->arguments[0], e);
}

/**
 * verb_hook_supervise - what takes the place of a container unit where there is no systemd
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 when the container has stopped, or -errno.
 */
int verb_hook_supervise(const struct invocation *in, struct error *e)
{
	session_log(in->session, LOG_LEVEL_INFO);
	return container_supervise(&in->session->paths, in->arguments[0], e);
}

/**
 * verb_hook_post_start - what a container unit does when the container is ready
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Looks whether the container has left its network as it was made. That it has not is its own
 * affair, and no failure: it is said, so that nobody searches on the host.
 *
 * Returns 0 or -errno.
 */
int verb_hook_post_start(const struct invocation *in, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	const char *name = in->arguments[0];
	struct network_state state;
	int r;

	session_log(in->session, LOG_LEVEL_INFO);
	r = network_open(&in->session->paths, &network, e);
	if (r == 0)
		r = network_read(network, name, &state, e);
	if (r <= 0)
		return r;
	for (size_t i = 0; i < state.drift.count; i++)
		log_warning("%s: changed while it started: %s", name, state.drift.line[i]);
	if (state.drift.count)
		log_warning(
			"%s: what the container changes of its network is lost with the next start",
			name);
	return 0;
}

/**
 * verb_hook_reload - what a container unit does when it is reloaded
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_hook_reload(const struct invocation *in, struct error *e)
{
	session_log(in->session, LOG_LEVEL_INFO);
	return container_switch(&in->session->paths, in->arguments[0], e);
}

/**
 * verb_hook_post_stop - what a container unit does after the container has stopped
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_hook_post_stop(const struct invocation *in, struct error *e)
{
	return hook_run(in->session, HOOK_POST_STOP, in->arguments[0], e);
}

/**
 * verb_hook_resolver - what is done when the resolvers of the host have changed
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_hook_resolver(const struct invocation *in, struct error *e)
{
	size_t count = 0;
	int r;

	session_log(in->session, LOG_LEVEL_INFO);
	if (in->n_arguments) {
		r = container_refresh_resolver(&in->session->paths, in->arguments[0], e);
		if (r >= 0)
			log_info("%s: resolvers %s", in->arguments[0], r ? "changed" : "unchanged");
		return r < 0 ? r : 0;
	}
	r = container_refresh_resolvers(&in->session->paths, &count, e);
	if (r == 0)
		log_info("resolvers of %zu containers changed", count);
	return r;
}

/**
 * verb_hook_dhcpcd - what is done before dhcpcd starts
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_hook_dhcpcd(const struct invocation *in, struct error *e)
{
	int r;

	session_log(in->session, LOG_LEVEL_INFO);
	r = keep_off_dhcpcd(&in->session->paths, e);
	return r < 0 ? r : 0;
}

/**
 * verb_hook_names - what is done when definitions have changed
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_hook_names(const struct invocation *in, struct error *e)
{
	size_t count = 0;
	int r;

	session_log(in->session, LOG_LEVEL_INFO);
	r = container_refresh_names(&in->session->paths, &count, e);
	if (r == 0 && count)
		log_info("names: %zu entries changed", count);
	return r;
}
