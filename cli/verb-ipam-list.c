/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

struct ipam_list_options {
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "output", 'o', OPTION_LIST, offsetof(struct ipam_list_options, columns), "COLUMN,...",
	  "show these columns of the leases, and no pools" },
};

const struct option_table ipam_list_options = OPTION_TABLE(specs, struct ipam_list_options);

/* What the address book says. */
struct contents {
	struct ipam_lease *leases;
	size_t n_leases;
	struct pool_row *pools;
	size_t n_pools;
};

/**
 * contents_free - let go of what was read
 * @contents: not used again
 */
static void contents_free(struct contents *contents)
{
	free(contents->leases);
	free(contents->pools);
}

/**
 * contents_read - read the address book
 * @paths: borrowed
 * @contents: empty; what is read is put there even when the rest fails
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int contents_read(const struct paths *paths, struct contents *contents, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	int r = book_open(paths, IPAM_READ, &ipam, e);

	if (r >= 0)
		r = ipam_list(ipam, &contents->leases, &contents->n_leases, e);
	if (r >= 0)
		r = pool_rows_read(ipam, &contents->pools, &contents->n_pools, e);
	return r < 0 ? r : 0;
}

/**
 * verb_ipam_list - list the leases, and how full the pools are
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_list(const struct invocation *in, struct error *e)
{
	const struct ipam_list_options *options = in->options;
	_cleanup_(contents_free) struct contents all = { 0 };
	struct selection columns, pool_columns;
	int r = selection_make(&lease_listing, &options->columns,
			       in->session->json ? SELECT_ALL : SELECT_STANDARD, &columns, e);

	if (r == 0)
		r = selection_make(&pool_listing, NULL,
				   in->session->json ? SELECT_ALL : SELECT_STANDARD, &pool_columns,
				   e);
	if (r == 0)
		r = contents_read(&in->session->paths, &all, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(
			json_pack("{s:o, s:o}", lease_listing.key,
				  json_rows(&lease_listing, &columns, all.leases, all.n_leases),
				  pool_listing.key,
				  json_rows(&pool_listing, &pool_columns, all.pools, all.n_pools)),
			e);
	r = table_print(in->session, &lease_listing, &columns, all.leases, all.n_leases, e);
	if (r < 0 || options->columns.count)
		return r;
	if (all.n_leases && all.n_pools)
		putchar('\n');
	return table_print(in->session, &pool_listing, &pool_columns, all.pools, all.n_pools, e);
}
