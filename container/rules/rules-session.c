/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/rules-session.h"

/**
 * rules_session_open - open a session in which our tables can be changed
 * @paths: borrowed as long as the session
 * @ret_nat: the session; the caller ends with nat_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int rules_session_open(const struct paths *paths, struct nat **ret_nat, struct error *e)
{
	int r = nat_open(ret_nat, e);

	if (r == 0)
		nat_keep(*ret_nat, paths->runtime);
	return r;
}
