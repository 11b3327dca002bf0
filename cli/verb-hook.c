/* SPDX-License-Identifier: GPL-2.0-or-later */
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
