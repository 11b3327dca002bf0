/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/rules/host.h"
#include "container/rules/masquerade.h"
#include "container/rules/recorded.h"
#include "container/rules/rules-session.h"

/**
 * links_read - find the links that are external now, and those that internal networks are behind
 * @host: looked at; its nat learns the latter
 * @state: learns the former
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int links_read(struct host *host, struct masquerade_state *state, struct error *e)
{
	_cleanup_(freep) char(*links)[IFNAMSIZ] = NULL;
	size_t count = 0;
	int r = host_find_inside(host, e);

	if (r == 0)
		r = nat_external_now(&host->nat, &links, &count, e);
	for (size_t i = 0; i < count && i < ARRAY_SIZE(state->links); i++)
		memcpy(state->links[state->n_links++], links[i], sizeof(*links));
	return r;
}

/**
 * ownership_read - find out whether the tables can be owned, when they should
 * @nat: the session
 * @host: when they cannot, its nat does not ask for it
 * @state: its table has been read; learns that they cannot
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int ownership_read(struct nat *nat, struct host *host, struct masquerade_state *state,
			  struct error *e)
{
	int r = 1;

	if (host->nat.owned && !state->table.persistent)
		r = nat_ownable(nat, e);
	state->unownable = r == 0;
	host->nat.owned &= r > 0;
	return r < 0 ? r : 0;
}

/**
 * judgement_read - find out whether the kernel can tell the MACs of containers, when the table does not
 * @nat: the session
 * @host: when it cannot, its nat does not ask for it
 * @state: its table has been read; learns that it cannot
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int judgement_read(struct nat *nat, struct host *host, struct masquerade_state *state,
			  struct error *e)
{
	int r = 1;

	if (state->present && state->table.unjudged)
		r = nat_hashable(nat, e);
	state->unjudged = host->nat.unjudged = r == 0;
	return r < 0 ? r : 0;
}

/**
 * masquerade_read - NAT as it is set, as it should be now, and as the kernel has it
 * @paths: borrowed
 * @ret_state: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int masquerade_read(const struct paths *paths, struct masquerade_state *ret_state, struct error *e)
{
	_cleanup_(host_close) struct host host = { 0 };
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct masquerade_state state = { 0 };
	char record[PATH_MAX];
	int r;

	r = masquerade_record(paths, record, e);
	if (r >= 0)
		r = host_open(paths, &host, e);
	if (r >= 0)
		r = host_look(&host, e);
	if (r >= 0)
		r = rules_session_open(paths, &nat, e);
	if (r >= 0 && host.unresolved)
		r = masquerade_keep_external(nat, &host, e);
	if (r >= 0)
		r = links_read(&host, &state, e);
	if (r >= 0)
		r = nat_read(nat, &state.table, e);
	if (r < 0)
		return r;
	state.present = r > 0;
	r = ownership_read(nat, &host, &state, e);
	if (r == 0)
		r = judgement_read(nat, &host, &state, e);
	if (r < 0)
		return r;
	state.settings = host.settings;
	r = nat_forwarding_opened(&host.nat, record, e);
	if (r < 0)
		return r;
	state.spec = host.nat;
	if (state.present || state.settings.nat)
		nat_compare(&state.spec, state.present ? &state.table : NULL, &state.drift);
	r = forwards_compare(paths, nat, &state.drift, e);
	if (r == 0)
		r = nat_address_compare(&state.spec, &state.drift, e);
	if (r == 0)
		r = pins_compare(paths, &state.spec, nat, &state.drift, e);
	if (r == 0)
		r = nat_bridge_read(nat, &state.bridge, e);
	state.bridged = r > 0;
	if (r >= 0)
		r = nat_forwarding_compare(&state.spec, record, &state.drift, e);
	if (r < 0)
		return r;
	*ret_state = state;
	return 0;
}
