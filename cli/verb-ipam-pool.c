/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

struct pool_add_options {
	const char *kind, *bridge, *gateway;
	struct option_list ranges, excluded;
	bool force;
};

#define ADD(name) offsetof(struct pool_add_options, name)

static const struct option_spec add_specs[] = {
	{ "kind", 0, OPTION_TEXT, ADD(kind), "KIND",
	  "pair, for cables, or subnet, for the ports of a bridge" },
	{ "bridge", 0, OPTION_TEXT, ADD(bridge), "LINK", "of a subnet: whose ports get addresses" },
	{ "gateway", 0, OPTION_TEXT, ADD(gateway), "ADDRESS", "of a subnet: their default route" },
	{ "range", 0, OPTION_LIST, ADD(ranges), "A-B,...", "give out these, and no others" },
	{ "exclude", 0, OPTION_LIST, ADD(excluded), "A-B,...", "do not give out these" },
	{ "force", 0, OPTION_FLAG, ADD(force), NULL, "even if something else has the network" },
};

const struct option_table ipam_pool_add_options = OPTION_TABLE(add_specs, struct pool_add_options);

struct pool_list_options {
	struct option_list columns;
};

static const struct option_spec list_specs[] = {
	{ "output", 'o', OPTION_LIST, offsetof(struct pool_list_options, columns), "COLUMN,...",
	  "show these columns" },
};

const struct option_table ipam_pool_list_options =
	OPTION_TABLE(list_specs, struct pool_list_options);

struct pool_resize_options {
	bool force;
};

static const struct option_spec resize_specs[] = {
	{ "force", 0, OPTION_FLAG, offsetof(struct pool_resize_options, force), NULL,
	  "even if something else has the network" },
};

const struct option_table ipam_pool_resize_options =
	OPTION_TABLE(resize_specs, struct pool_resize_options);

struct pool_drain_options {
	bool undo;
};

static const struct option_spec drain_specs[] = {
	{ "undo", 0, OPTION_FLAG, offsetof(struct pool_drain_options, undo), NULL,
	  "have it give out addresses again" },
};

const struct option_table ipam_pool_drain_options =
	OPTION_TABLE(drain_specs, struct pool_drain_options);

/**
 * pool_tell - say how a pool is now
 * @in: the call, borrowed
 * @changed: whether it was changed
 * @aloud: whether its network is printed for people, too
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pool_tell(const struct invocation *in, bool changed, bool aloud, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct ipam_pool_view view;
	struct selection columns;
	struct pool_row row;
	char text[PREFIX_TEXT];
	int r = 0;

	if (!aloud && !in->session->json)
		return 0;
	r = selection_make(&pool_listing, NULL, SELECT_ALL, &columns, e);
	if (r == 0)
		r = book_open(&in->session->paths, IPAM_READ, &ipam, e);
	if (r == 0)
		r = ipam_pool_show(ipam, in->arguments[0], &view, e);
	if (r < 0)
		return r;
	pool_row_fill(&view.usage, &row);
	if (in->session->json)
		return json_print(json_pack("{s:o, s:b}", "pool", json_row(&columns, &row),
					    "changed", changed),
				  e);
	puts(prefix_format(&view.usage.prefix, text));
	return 0;
}

/**
 * verb_ipam_pool_add - add a pool
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_pool_add(const struct invocation *in, struct error *e)
{
	const struct pool_add_options *options = in->options;
	const struct pool_request request = { .name = in->arguments[0],
					      .prefix = in->arguments[1],
					      .kind = options->kind,
					      .bridge = options->bridge,
					      .gateway = options->gateway,
					      .ranges = options->ranges.values,
					      .n_ranges = options->ranges.count,
					      .excluded = options->excluded.values,
					      .n_excluded = options->excluded.count,
					      .force = options->force };
	int r = address_pool_add(&in->session->paths, &request, e);

	return r < 0 ? r : pool_tell(in, r > 0, true, e);
}

/**
 * verb_ipam_pool_list - list all pools
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_pool_list(const struct invocation *in, struct error *e)
{
	const struct pool_list_options *options = in->options;
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) struct pool_row *rows = NULL;
	struct selection columns;
	size_t count = 0;
	int r = selection_make(&pool_listing, &options->columns,
			       in->session->json ? SELECT_ALL : SELECT_STANDARD, &columns, e);

	if (r == 0)
		r = book_open(&in->session->paths, IPAM_READ, &ipam, e);
	if (r == 0)
		r = pool_rows_read(ipam, &rows, &count, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(json_pack("{s:o}", pool_listing.key,
					    json_rows(&pool_listing, &columns, rows, count)),
				  e);
	return table_print(in->session, &pool_listing, &columns, rows, count, e);
}

/**
 * verb_ipam_pool_resize - give a pool another network
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_pool_resize(const struct invocation *in, struct error *e)
{
	const struct pool_resize_options *options = in->options;
	const struct pool_request request = { .name = in->arguments[0],
					      .prefix = in->arguments[1],
					      .force = options->force };
	int r = address_pool_resize(&in->session->paths, &request, e);

	return r < 0 ? r : pool_tell(in, r > 0, false, e);
}

/**
 * verb_ipam_pool_drain - have a pool give out nothing any more, or go on
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_pool_drain(const struct invocation *in, struct error *e)
{
	const struct pool_drain_options *options = in->options;
	const struct paths *paths = &in->session->paths;
	int r = options->undo ? address_pool_fill(paths, in->arguments[0], e)
			      : address_pool_drain(paths, in->arguments[0], e);

	return r < 0 ? r : pool_tell(in, r > 0, false, e);
}

/**
 * verb_ipam_pool_remove - remove a pool
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_pool_remove(const struct invocation *in, struct error *e)
{
	int r = address_pool_remove(&in->session->paths, in->arguments[0], e);

	if (r < 0 || !in->session->json)
		return r < 0 ? r : 0;
	return json_print(json_pack("{s:b}", "changed", r > 0), e);
}
