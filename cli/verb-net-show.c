/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/network-picture.h"
#include "cli/networks.h"
#include "cli/table.h"
#include "cli/verb.h"

struct net_show_options {
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "output", 'o', OPTION_LIST, offsetof(struct net_show_options, columns), "COLUMN,...",
	  "show these columns of the list" },
};

const struct option_table net_show_options = OPTION_TABLE(specs, struct net_show_options);

/* Rows being made. */
struct rows {
	struct network_row *list;
	size_t count;
};

/**
 * row_add - put the row of a container at the end, as a network_seen
 * @data: the rows
 * @name: of the container
 * @state: borrowed; NULL: it could not be read
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int row_add(void *data, const char *name, const struct network_state *state, struct error *e)
{
	struct rows *rows = data;
	struct network_row *grown = reallocarray(rows->list, rows->count + 1, sizeof(*rows->list));
	struct network_row *row;

	if (!grown)
		return error_errno(e, ENOMEM, "cannot list %zu containers", rows->count + 1);
	rows->list = grown;
	row = &grown[rows->count++];
	*row = (struct network_row){ .status = "broken" };
	(void)snprintf(row->name, sizeof(row->name), "%s", name);
	if (state)
		network_row_fill(state, row);
	return 0;
}

/**
 * rows_end - free rows, for _cleanup_()
 * @rows: changed
 */
static void rows_end(struct rows *rows)
{
	free(rows->list);
}

/**
 * show_all - list all containers' networks
 * @in: the call, borrowed
 * @network: the session
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int show_all(const struct invocation *in, struct network *network, struct error *e)
{
	const struct net_show_options *options = in->options;
	_cleanup_(rows_end) struct rows rows = { .count = 0 };
	struct selection columns;
	int r = selection_make(&network_listing, &options->columns,
			       in->session->json ? SELECT_ALL : SELECT_STANDARD, &columns, e);

	if (r == 0)
		r = networks_read(in, network, row_add, &rows, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(
			json_pack("{s:o}", network_listing.key,
				  json_rows(&network_listing, &columns, rows.list, rows.count)),
			e);
	return table_print(in->session, &network_listing, &columns, rows.list, rows.count, e);
}

/**
 * show_one - draw one container's network
 * @in: the call, borrowed
 * @network: the session
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int show_one(const struct invocation *in, struct network *network, struct error *e)
{
	const struct net_show_options *options = in->options;
	struct masquerade_state outside;
	struct network_state state;
	int r;

	if (options->columns.count)
		return verb_usage_error(in->verb, e, "takes --output only without NAME");
	r = network_read(network, in->arguments[0], &state, e);
	if (r >= 0)
		r = masquerade_read(&in->session->paths, &outside, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(picture_json(&state, &outside), e);
	return picture_draw(in->session, &state, &outside, e);
}

/**
 * verb_net_show - draw a container's network, or list all
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_net_show(const struct invocation *in, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	int r = network_open(&in->session->paths, &network, e);

	if (r < 0)
		return r;
	return in->n_arguments ? show_one(in, network, e) : show_all(in, network, e);
}
