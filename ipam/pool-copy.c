/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "ipam/book.h"
#include "ipam/pool.h"

/**
 * ipam_pools_copy - have the pools of another book in one without leases
 * @from: borrowed
 * @to: its pools are replaced
 * @e: filled on failure
 *
 * Returns how many there are, or -errno with those that it had.
 */
int ipam_pools_copy(struct ipam *from, struct ipam *to, struct error *e)
{
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	_cleanup_(pools_deinit) struct pools pools = { 0 };
	int r = pools_read(&from->database, &pools, e);

	if (r == 0)
		r = transaction_begin(&transaction, &to->database, e);
	if (r == 0)
		r = database_run(&to->database, "DELETE FROM pool", e);
	for (size_t i = 0; r == 0 && i < pools.count; i++)
		r = pool_insert(&to->database, &pools.list[i], e);
	if (r == 0)
		r = transaction_commit(&transaction, e);
	return r < 0 ? r : (int)pools.count;
}
