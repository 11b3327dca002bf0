/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/time-words.h"
#include "cli/verb.h"

struct ipam_history_options {
	const char *since;
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "since", 's', OPTION_TEXT, offsetof(struct ipam_history_options, since), "TIME",
	  "what was after that: 7d, 12h, 2026-01-31" },
	{ "output", 'o', OPTION_LIST, offsetof(struct ipam_history_options, columns), "COLUMN,...",
	  "show these columns" },
};

const struct option_table ipam_history_options = OPTION_TABLE(specs, struct ipam_history_options);

/**
 * period_parse - which part of the history is asked for
 * @in: the call, borrowed
 * @ret_period: borrows from the call
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int period_parse(const struct invocation *in, struct ipam_period *ret_period,
			struct error *e)
{
	const struct ipam_history_options *options = in->options;
	struct ipam_period period = { .since = 0 };
	int r = 0;

	if (options->since)
		r = time_parse(options->since, time(NULL), &period.since, e);
	if (r == 0 && in->n_arguments && addr_parse(in->arguments[0], &period.addr, NULL) < 0) {
		r = name_check(in->arguments[0], e);
		period.container = in->arguments[0];
	}
	if (r == 0)
		*ret_period = period;
	return r;
}

/**
 * verb_ipam_history - tell what happened to addresses
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_history(const struct invocation *in, struct error *e)
{
	const struct ipam_history_options *options = in->options;
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) struct event_row *rows = NULL;
	struct selection columns;
	struct ipam_period period;
	size_t count = 0;
	int r = selection_make(&event_listing, &options->columns,
			       in->session->json ? SELECT_ALL : SELECT_STANDARD, &columns, e);

	if (r == 0)
		r = period_parse(in, &period, e);
	if (r == 0)
		r = book_open(&in->session->paths, IPAM_READ, &ipam, e);
	if (r == 0)
		r = event_rows_read(ipam, &period, &rows, &count, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(json_pack("{s:o}", event_listing.key,
					    json_rows(&event_listing, &columns, rows, count)),
				  e);
	return table_print(in->session, &event_listing, &columns, rows, count, e);
}
