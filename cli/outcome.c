/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/outcome.h"

#include "base/cleanup.h"
#include "cli/fail.h"

/**
 * outcome_add - note how it went with one container
 * @outcome: changed; without --json a failure is logged at once
 * @name: borrowed
 * @r: what the action returned
 * @e: set if it failed, borrowed
 */
void outcome_add(struct outcome *outcome, const char *name, int r, const struct error *e)
{
	json_t *result;

	if (r < 0 && outcome->status == 0)
		outcome->status = (int)e->class;
	if (!outcome->session->json) {
		if (r < 0)
			fail_log(outcome->session, e);
		return;
	}
	result = r < 0 ? json_pack("{s:o, s:o}", "name", json_text(name), "error",
				   json_error(outcome->session, e))
		       : json_pack("{s:o, s:b}", "name", json_text(name), "changed", r > 0);
	if (json_array_append_new(outcome->results, result) != 0) {
		json_decref(outcome->results);
		outcome->results = NULL;
	}
}

/**
 * outcome_end - say how it went
 * @outcome: ended
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int outcome_end(struct outcome *outcome, struct error *e)
{
	int r = 0;

	if (outcome->session->json)
		r = json_print(json_pack("{s:o}", "containers", TAKE_PTR(outcome->results)), e);
	return r < 0 ? r : outcome->status;
}
