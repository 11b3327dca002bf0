/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

#define RANGE(name) offsetof(struct ipam_range, name)
#define NEXT(name)  offsetof(struct ipam_pair, name)

static const struct column range_columns[] = {
	{ "FIRST", COLUMN_ADDR, RANGE(first), COLUMN_USUAL, "the first address" },
	{ "LAST", COLUMN_ADDR, RANGE(last), COLUMN_USUAL, "the last one" },
};

static const struct listing range_listing = {
	.key = "ranges",
	.columns = range_columns,
	.n_columns = ARRAY_SIZE(range_columns),
	.row_size = sizeof(struct ipam_range),
};

static const struct column next_columns[] = {
	{ "HOST-ADDRESS", COLUMN_ADDR, NEXT(host), COLUMN_USUAL, "address of the host end" },
	{ "LOCAL-ADDRESS", COLUMN_PREFIX, NEXT(local), COLUMN_USUAL, "address inside" },
};

static const struct listing next_listing = {
	.key = "next",
	.columns = next_columns,
	.n_columns = ARRAY_SIZE(next_columns),
	.row_size = sizeof(struct ipam_pair),
};

/**
 * view_print - print a pool for programs
 * @view: borrowed
 * @row: of the same, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int view_print(const struct ipam_pool_view *view, const struct pool_row *row,
		      struct error *e)
{
	static const struct addr none;
	struct selection pool, range, next;
	int r = selection_make(&pool_listing, NULL, SELECT_ALL, &pool, e);

	if (r == 0)
		r = selection_make(&range_listing, NULL, SELECT_ALL, &range, e);
	if (r == 0)
		r = selection_make(&next_listing, NULL, SELECT_ALL, &next, e);
	if (r < 0)
		return r;
	return json_print(json_pack("{s:o, s:b, s:o, s:o, s:o}", "pool", json_row(&pool, row),
				    "nixos_container_order", view->classic, range_listing.key,
				    json_rows(&range_listing, &range, view->ranges, view->n_ranges),
				    "next_free",
				    json_addr(view->n_next ? &view->next[0].local.addr : &none),
				    next_listing.key,
				    json_rows(&next_listing, &next, view->next, view->n_next)),
			  e);
}

/**
 * view_draw - draw a pool
 * @session: borrowed
 * @view: borrowed
 * @row: of the same, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int view_draw(const struct session *session, const struct ipam_pool_view *view,
		     const struct pool_row *row, struct error *e)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	char first[PREFIX_TEXT], last[PREFIX_TEXT];
	int r = tree_new(session, &tree, e);

	if (r < 0)
		return r;
	tree_add_row(tree, &pool_listing, row,
		     view->usage.draining ? "draining" : "gives out addresses");
	for (size_t i = 0; i < view->n_ranges; i++)
		tree_add(tree, TONE_PLAIN, "range", "%s-%s%s",
			 addr_format(&view->ranges[i].first, first),
			 addr_format(&view->ranges[i].last, last),
			 i == 0 && view->classic ? ", in the order of nixos-container" : "");
	for (size_t i = 0; i < view->n_next; i++) {
		const struct ipam_pair *pair = &view->next[i];
		bool paired = addr_is_set(&pair->host);

		tree_add(tree, TONE_PLAIN, i ? "then" : "next free", "%s%s%s",
			 prefix_format(&pair->local, last), paired ? ", host " : "",
			 paired ? addr_format(&pair->host, first) : "");
	}
	if (view->n_next == 0)
		tree_add(tree, TONE_PLAIN, "next free", "none");
	return tree_print(tree, e);
}

/**
 * verb_ipam_pool_show - show a pool, and which addresses come next
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_pool_show(const struct invocation *in, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct ipam_pool_view view;
	struct pool_row row;
	int r = book_open(&in->session->paths, IPAM_READ, &ipam, e);

	if (r == 0)
		r = ipam_pool_show(ipam, in->arguments[0], &view, e);
	if (r < 0)
		return r;
	pool_row_fill(&view.usage, &row);
	return in->session->json ? view_print(&view, &row, e)
				 : view_draw(in->session, &view, &row, e);
}
