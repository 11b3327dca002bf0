/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/fail.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/network-picture.h"
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

/**
 * rows_read - the rows of all containers' networks
 * @in: the call, borrowed
 * @network: the session
 * @ret_rows: the caller frees it
 * @ret_count: how many
 * @e: filled on failure
 *
 * What cannot be read makes a row that says so, and a line in the log; a missing permission, which
 * would spoil every row, ends it.
 *
 * Returns 0 or -errno.
 */
static int rows_read(const struct invocation *in, struct network *network,
		     struct network_row **ret_rows, size_t *ret_count, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	_cleanup_(freep) struct network_row *rows = NULL;
	struct network_state state;
	size_t count, used = 0;
	int r = definition_names(&in->session->paths, &names, &count, e);

	if (r < 0)
		return r;
	rows = calloc(count ? count : 1, sizeof(*rows));
	if (!rows)
		return error_errno(e, ENOMEM, "cannot list %zu containers", count);
	for (size_t i = 0; i < count; i++) {
		struct error broken = ERROR_INIT;

		r = network_read(network, names[i], &state, &broken);
		if (r < 0 && broken.class == ERROR_DENIED) {
			*e = broken;
			return r;
		}
		if (r < 0 && broken.class == ERROR_NO_CONTAINER)
			continue;
		if (r < 0) {
			fail_log(in->session, &broken);
			(void)snprintf(rows[used].name, sizeof(rows[used].name), "%s", names[i]);
			(void)snprintf(rows[used].status, sizeof(rows[used].status), "broken");
		} else {
			network_row_fill(&state, &rows[used]);
		}
		used++;
	}
	*ret_rows = TAKE_PTR(rows);
	*ret_count = used;
	return 0;
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
	_cleanup_(freep) struct network_row *rows = NULL;
	struct selection columns;
	size_t count;
	int r = selection_make(&network_listing, &options->columns,
			       in->session->json ? SELECT_ALL : SELECT_STANDARD, &columns, e);

	if (r == 0)
		r = rows_read(in, network, &rows, &count, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(json_pack("{s:o}", network_listing.key,
					    json_rows(&network_listing, &columns, rows, count)),
				  e);
	return table_print(in->session, &network_listing, &columns, rows, count, e);
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
