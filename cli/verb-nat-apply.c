/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/outcome.h"
#include "cli/verb.h"

/**
 * cables_mend - put back what was changed of the network of each container
 * @network: the session
 * @outcome: each is added when it is done
 * @e: filled when they cannot be listed
 *
 * Returns 1 when anything was done, 0 when all was so, or -errno.
 */
static int cables_mend(struct network *network, struct outcome *outcome, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count = 0;
	int changed = 0;
	int r = attached_names(&outcome->session->paths, &names, &count, e);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct error why = ERROR_INIT;
		struct veth_drift drift;
		int done = network_mend(network, names[i], NETWORK_WAITS, &drift, &why);

		if (done > 0)
			log_notice("network of container '%s' put back%s%s", names[i],
				   drift.count ? ": " : "", drift.count ? drift.line[0] : "");
		outcome_add(outcome, names[i], done, &why);
		changed |= done > 0;
	}
	return r < 0 ? r : changed;
}

/**
 * verb_nat_apply - put back what others have changed of rules, switches and cables
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Attaches nothing. When the rules cannot be had, cables are left alone: there is no instant in which
 * one comes up without them.
 *
 * Returns the exit status or -errno.
 */
int verb_nat_apply(const struct invocation *in, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	struct outcome outcome = { .session = in->session };
	int rules, cables;
	int r = network_open(&in->session->paths, &network, e);

	if (r == 0)
		r = network_mend_rules(network, e);
	if (r < 0)
		return r;
	rules = r;
	if (rules)
		log_notice("rules put back");
	if (in->session->json)
		outcome.results = json_array();
	cables = cables_mend(network, &outcome, e);
	if (cables < 0) {
		json_decref(outcome.results);
		return cables;
	}
	if (in->session->json)
		r = json_print(json_pack("{s:b, s:b, s:o}", "changed", rules || cables, "rules",
					 rules > 0, "containers", outcome.results),
			       e);
	return r < 0 ? r : outcome.status;
}
