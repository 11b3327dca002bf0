/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

#define EVENTS_SHOWN 8 /* of the history, the newest */

#define STANDING(name) offsetof(struct ipam_standing, name)

static const struct column standing_columns[] = {
	{ "ADDRESS", COLUMN_ADDR, STANDING(addr), COLUMN_USUAL, "the address" },
	{ "STATE", COLUMN_STATE, STANDING(state), COLUMN_USUAL,
	  "free, reserved, bound, cooling, blocked or outside" },
	{ "POOL", COLUMN_TEXT, STANDING(pool), COLUMN_USUAL, "pool it is of" },
	{ "GATEWAY", COLUMN_ADDR, STANDING(gateway), COLUMN_USUAL, "gateway of that pool" },
	{ "CONTAINER", COLUMN_TEXT, STANDING(container), COLUMN_USUAL,
	  "who holds it, or held it last" },
	{ "SINCE", COLUMN_TIME, STANDING(since), COLUMN_USUAL,
	  "since when it is in that state, UTC" },
	{ "REMAINING", COLUMN_COUNT, STANDING(remaining), COLUMN_USUAL,
	  "seconds it has yet to cool" },
	{ "REASON", COLUMN_PROSE, STANDING(reason), COLUMN_USUAL, "why it is in that state" },
};

static const struct listing standing_listing = {
	.key = "addresses",
	.columns = standing_columns,
	.n_columns = ARRAY_SIZE(standing_columns),
	.row_size = sizeof(struct ipam_standing),
};

/* All there is to tell about an address or a name. */
struct description {
	bool is_address;
	struct ipam_standing standing; /* of the address */
	bool held;
	struct ipam_lease lease; /* of whoever holds it */
	struct event_row *events;
	size_t n_events;
};

/**
 * description_free - let go of what was read
 * @description: not used again
 */
static void description_free(struct description *description)
{
	free(description->events);
}

/**
 * description_read - read all about an address or a name
 * @paths: borrowed
 * @what: which, borrowed; what can be read as an address is one
 * @description: empty; what is read is put there even when the rest fails
 * @e: says that there is nothing
 *
 * Returns 0 or -errno.
 */
static int description_read(const struct paths *paths, const char *what,
			    struct description *description, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct ipam_period period = { .container = NULL };
	int r = book_open(paths, IPAM_READ, &ipam, e);

	if (r < 0)
		return r;
	description->is_address = addr_parse(what, &period.addr, NULL) == 0;
	if (description->is_address) {
		r = ipam_standing(ipam, &period.addr, &description->standing, e);
		if (r == 0)
			r = ipam_holder(ipam, &period.addr, &description->lease, e);
	} else {
		period.container = what;
		r = name_check(what, e);
		if (r == 0)
			r = ipam_lookup(ipam, what, &description->lease, e);
	}
	description->held = r > 0;
	if (r >= 0)
		r = event_rows_read(ipam, &period, &description->events, &description->n_events, e);
	if (r < 0 || description->is_address || description->held || description->n_events)
		return r;
	return ipam_nobody(ipam, what, e);
}

/**
 * description_print - print a description for programs
 * @description: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int description_print(const struct description *description, struct error *e)
{
	struct selection standing, lease, event;
	int r = selection_make(&standing_listing, NULL, SELECT_ALL, &standing, e);

	if (r == 0)
		r = selection_make(&lease_listing, NULL, SELECT_ALL, &lease, e);
	if (r == 0)
		r = selection_make(&event_listing, NULL, SELECT_ALL, &event, e);
	if (r < 0)
		return r;
	return json_print(
		json_pack("{s:o, s:o, s:o}", "address",
			  description->is_address ? json_row(&standing, &description->standing)
						  : json_null(),
			  "lease",
			  description->held ? json_row(&lease, &description->lease) : json_null(),
			  event_listing.key,
			  json_rows(&event_listing, &event, description->events,
				    description->n_events)),
		e);
}

/**
 * description_draw - draw a description
 * @session: borrowed
 * @what: it is about, borrowed
 * @description: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int description_draw(const struct session *session, const char *what,
			    const struct description *description, struct error *e)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	size_t first =
		description->n_events > EVENTS_SHOWN ? description->n_events - EVENTS_SHOWN : 0;
	char cell[COLUMN_CELL];
	int r = tree_new(session, &tree, e);

	if (r < 0)
		return r;
	if (description->is_address)
		tree_add_row(tree, &standing_listing, &description->standing,
			     ipam_state_name(description->standing.state));
	else if (description->held)
		tree_add_row(tree, &lease_listing, &description->lease,
			     ipam_state_name(description->lease.state));
	else
		tree_add(tree, TONE_PLAIN, what, "holds no address");
	for (size_t i = first; i < description->n_events; i++) {
		const struct event_row *event = &description->events[i];

		tree_add(tree, TONE_PLAIN, column_text(&event_listing.columns[0], event, cell),
			 "%s %s, uid %u: %s%s%s%s", event->act, event->container, event->uid,
			 event->command, event->reason[0] ? " (" : "", event->reason,
			 event->reason[0] ? ")" : "");
	}
	return tree_print(tree, e);
}

/**
 * verb_ipam_describe - tell all about an address or a name, or note down what it is for
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_describe(const struct invocation *in, struct error *e)
{
	_cleanup_(description_free) struct description description = { .is_address = false };
	const struct paths *paths = &in->session->paths;
	const char *what = in->arguments[0];
	int r;

	if (in->n_arguments > 1) {
		r = addresses_describe(paths, what, in->arguments[1], e);
		if (r < 0 || !in->session->json)
			return r < 0 ? r : 0;
		return json_print(json_pack("{s:b}", "changed", r > 0), e);
	}
	r = description_read(paths, what, &description, e);
	if (r < 0)
		return r;
	return in->session->json ? description_print(&description, e)
				 : description_draw(in->session, what, &description, e);
}
