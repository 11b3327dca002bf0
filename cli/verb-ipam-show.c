/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

/**
 * lease_find - the lease of a container, or the one an address belongs to
 * @ipam: borrowed
 * @what: an address or a name, borrowed; what can be read as an address is one
 * @ret_lease: the lease
 * @e: says that nobody holds it
 *
 * Returns 0 or -errno.
 */
static int lease_find(struct ipam *ipam, const char *what, struct ipam_lease *ret_lease,
		      struct error *e)
{
	struct addr addr;
	int r;

	if (addr_parse(what, &addr, NULL) == 0) {
		r = ipam_holder(ipam, &addr, ret_lease, e);
		if (r == 0) {
			r = error_set(e, ERROR_NO_CONTAINER, ENOENT, "nobody holds %s", what);
			return error_remedy(
				e, r, "see 'nixctr-net ipam describe %s' for who held it", what);
		}
	} else {
		r = name_check(what, e);
		if (r == 0)
			r = ipam_lookup(ipam, what, ret_lease, e);
		if (r == 0)
			return ipam_nobody(ipam, what, e);
	}
	return r < 0 ? r : 0;
}

/**
 * lease_draw - draw a lease, and how full the pools are
 * @session: borrowed
 * @lease: borrowed
 * @pools, @n_pools: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int lease_draw(const struct session *session, const struct ipam_lease *lease,
		      const struct pool_row *pools, size_t n_pools, struct error *e)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	int r = tree_new(session, &tree, e);

	if (r < 0)
		return r;
	tree_add_row(tree, &lease_listing, lease, "has a lease");
	for (size_t i = 0; i < n_pools; i++) {
		char prefix[PREFIX_TEXT];

		tree_add(tree, TONE_PLAIN, "pool", "%s %s: %u of %u leased, %u free",
			 pools[i].usage.pool, prefix_format(&pools[i].usage.prefix, prefix),
			 pools[i].usage.leased, pools[i].usage.capacity, pools[i].usage.free);
	}
	return tree_print(tree, e);
}

/**
 * verb_ipam_show - say who has an address, or what a container has
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_show(const struct invocation *in, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) struct pool_row *pools = NULL;
	struct selection columns, pool_columns;
	struct ipam_lease lease;
	size_t n_pools;
	int r = book_open(&in->session->paths, IPAM_READ, &ipam, e);

	if (r >= 0)
		r = lease_find(ipam, in->arguments[0], &lease, e);
	if (r >= 0)
		r = pool_rows_read(ipam, &pools, &n_pools, e);
	if (r >= 0)
		r = selection_make(&lease_listing, NULL, SELECT_ALL, &columns, e);
	if (r >= 0)
		r = selection_make(&pool_listing, NULL, SELECT_ALL, &pool_columns, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(
			json_pack("{s:o, s:o}", "lease", json_row(&columns, &lease),
				  pool_listing.key,
				  json_rows(&pool_listing, &pool_columns, pools, n_pools)),
			e);
	return lease_draw(in->session, &lease, pools, n_pools, e);
}
