/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/log.h"
#include "container/rules/coexist-record.h"
#include "managers/managers.h"

/* Rules of ours in chains of iptables of either kind: a host may have both at once. */

/**
 * place_chain - a chain as iptables-legacy has it
 * @place: borrowed
 */
static struct iptables_chain place_chain(const struct nat_place *place)
{
	return (struct iptables_chain){ .table = place->table,
					.name = place->chain,
					.pattern = COEXIST_PATTERN };
}

/**
 * coexist_place_has - whether our rules are in all chains of that name
 * @nat: the session
 * @place: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0, -ENOENT when there is no such chain, or another -errno.
 */
int coexist_place_has(struct nat *nat, const struct nat_place *place, struct error *e)
{
	struct iptables_chain chain = place_chain(place);
	size_t chains, legacy_chains = 0;
	int legacy = 0, r = nat_place_missing(nat, place, &chains, e);

	if (r >= 0)
		legacy = iptables_missing(&chain, &legacy_chains, e);
	if (r < 0 || legacy < 0)
		return r < 0 ? r : legacy;
	if (chains + legacy_chains == 0)
		return error_set(e, ERROR_FAILED, ENOENT, "there is no chain %s of iptables",
				 place->chain);
	return r + legacy == 0;
}

/**
 * coexist_place_ensure - have our rules in all chains of that name
 * @nat: the session
 * @place: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when they were there, or -errno.
 */
int coexist_place_ensure(struct nat *nat, const struct nat_place *place, struct error *e)
{
	struct iptables_chain chain = place_chain(place);
	int legacy = 0, r = nat_place_ensure(nat, place, e);

	if (r >= 0)
		legacy = iptables_ensure(&chain, e);
	return r < 0 || legacy < 0 ? (r < 0 ? r : legacy) : r || legacy;
}

/**
 * coexist_place_clear - have our rules in no chain of that name
 * @nat: the session
 * @place: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when there were none, or -errno.
 */
int coexist_place_clear(struct nat *nat, const struct nat_place *place, struct error *e)
{
	struct iptables_chain chain = place_chain(place);
	int legacy = 0, r = nat_place_clear(nat, place, e);

	if (r >= 0)
		legacy = iptables_clear(&chain, e);
	return r < 0 || legacy < 0 ? (r < 0 ? r : legacy) : r || legacy;
}

/**
 * coexist_restore_legacy - put our rules into the chains of iptables-legacy again
 * @paths: borrowed
 *
 * Returns whether something was done.
 */
bool coexist_restore_legacy(const struct paths *paths)
{
	bool has[COEXIST_PARTIES], done = false;
	struct error e = ERROR_INIT;
	int r = coexist_record_read(paths, has, &e);

	for (enum coexist_party party = 0; r >= 0 && party < COEXIST_PARTIES; party++) {
		struct iptables_chain chain;

		if (!has[party] || !coexist_place(party))
			continue;
		chain = place_chain(coexist_place(party));
		r = iptables_ensure(&chain, &e);
		done |= r > 0;
	}
	if (r < 0)
		log_warning("rules in chains of iptables-legacy are left as they are: %s", e.text);
	return done;
}
