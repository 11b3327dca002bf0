/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipam/change.h"
#include "ipam/conflict.h"

/**
 * import_one - take over one lease of another book
 * @change: begun
 * @lease: as the other book has it, borrowed
 * @e: says who is in the way, or what is wrong with it
 *
 * Returns 1, 0 when the book has it so, or -errno.
 */
static int import_one(struct change *change, const struct ipam_lease *lease, struct error *e)
{
	const struct ipam_lease *held = &change->holding.lease;
	int r = change_lease(change, lease, IPAM_RESERVE | IPAM_AS_IT_WAS, e);

	/* Which bridge it is for is no part of what a request is compared by. */
	if (r == 0 && strcmp(held->bridge, lease->bridge) != 0)
		r = conflict_held(held, e);
	return r;
}

/**
 * ipam_import - take over leases of another book, all of them or none
 * @ipam: borrowed, open for writing
 * @leases, @count: borrowed
 * @ret_imported: room for @count: what came of each
 * @position: kept at the lease that it is at
 * @e: says who is in the way of that lease, or what is wrong with it
 *
 * Returns how many the book did not have, or -errno as ipam_lease().
 */
int ipam_import(struct ipam *ipam, const struct ipam_lease *leases, size_t count,
		struct ipam_imported *ret_imported, size_t *position, struct error *e)
{
	_cleanup_(change_end) struct change change = { 0 };
	int changed = 0, r = change_begin(&change, ipam, e);

	for (*position = 0; r >= 0 && *position < count; (*position)++) {
		r = import_one(&change, &leases[*position], e);
		if (r < 0)
			return r;
		changed += r;
		ret_imported[*position] = (struct ipam_imported){
			.changed = r > 0,
			.lease = change.holding.lease,
		};
	}
	if (r >= 0 && changed)
		r = change_commit(&change, e);
	return r < 0 ? r : changed;
}
