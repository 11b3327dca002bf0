/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/outside.h"
#include "cli/verb.h"

/**
 * counter_json - a counter as an object
 * @counter: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *counter_json(const struct nat_counter *counter)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)counter->packets, "bytes",
			 (json_int_t)counter->bytes);
}

/**
 * table_json - the table as the kernel has it
 * @state: borrowed
 *
 * Returns a new object, null when there is no table, or NULL without memory.
 */
static json_t *table_json(const struct masquerade_state *state)
{
	const struct nat_state *table = &state->table;

	if (!state->present)
		return json_null();
	return json_pack("{s:b, s:o, s:{s:o, s:o, s:o, s:o, s:o}}", "intact", table->intact,
			 "external", json_lines(table->external[0], IFNAMSIZ, table->n_external),
			 "counters", "masqueraded", counter_json(&table->masqueraded), "outgoing",
			 counter_json(&table->outgoing), "incoming", counter_json(&table->incoming),
			 "published", counter_json(&table->published), "dropped",
			 counter_json(&table->dropped));
}

/**
 * state_json - all there is to say about NAT
 * @state: borrowed
 * @rows, @count: published ports, borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *state_json(const struct masquerade_state *state, const struct forward_row *rows,
			  size_t count)
{
	const struct settings *settings = &state->settings;
	struct selection columns = { .count = 0 };

	(void)selection_make(&forward_listing, NULL, SELECT_ALL, &columns, NULL);
	return json_pack(
		"{s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", settings->nat, "auto",
		settings->external_auto, "configured",
		json_lines(settings->external.external[0], IFNAMSIZ, settings->external.n_external),
		"external", json_lines(state->spec.external[0], IFNAMSIZ, state->spec.n_external),
		"forwards", json_rows(&forward_listing, &columns, rows, count), "table",
		table_json(state), "drift",
		json_lines(state->drift.line[0], sizeof(state->drift.line[0]), state->drift.count));
}

/**
 * settings_add - say what was set, and what "auto" stands for now
 * @tree: changed
 * @state: borrowed
 */
static void settings_add(struct tree *tree, const struct masquerade_state *state)
{
	char configured[COLUMN_CELL], links[COLUMN_CELL];
	const struct nat_spec *named = &state->settings.external;

	if (!state->settings.external_auto && named->n_external == 0)
		return;
	outside_links(named, configured, sizeof(configured));
	outside_links(&state->spec, links, sizeof(links));
	if (!state->settings.external_auto)
		tree_add(tree, TONE_PLAIN, "external", "%s", configured);
	else if (!state->settings.nat)
		tree_add(tree, TONE_PLAIN, "external", "auto%s%s", named->n_external ? ", " : "",
			 named->n_external ? configured : "");
	else
		tree_add(tree, TONE_PLAIN, "external", "auto%s%s %s %s",
			 named->n_external ? ", " : "", named->n_external ? configured : "",
			 text_arrow(), links);
}

/**
 * counter_add - say what a counter has counted
 * @tree: changed
 * @name: of the branch
 * @counter: borrowed
 * @what: what it counts: "packets", in the plural
 */
static void counter_add(struct tree *tree, const char *name, const struct nat_counter *counter,
			const char *what)
{
	char bytes[TEXT_BYTES];

	tree_add(tree, TONE_PLAIN, name, "%" PRIu64 " %s, %s", counter->packets, what,
		 text_bytes(counter->bytes, bytes));
}

/**
 * forwards_add - say which ports lead where, and who reaches them
 * @tree: changed
 * @rows, @count: published ports, borrowed
 */
static void forwards_add(struct tree *tree, const struct forward_row *rows, size_t count)
{
	char name[PLACE_TEXT + RANGE_TEXT + LISTING_WORD], place[PLACE_TEXT], to[ADDR_TEXT];

	for (size_t i = 0; i < count; i++) {
		const struct forward_row *row = &rows[i];
		bool v6 = row->address.family == AF_INET6;

		place_format(&row->host_address, row->host_link, place);
		(void)snprintf(name, sizeof(name), "%s %s%s%s", row->protocol, place,
			       place[0] ? ":" : "", row->ports);
		tree_add(tree, TONE_PLAIN, name, "%s %s, %s%s%s:%s, reached by %s", text_arrow(),
			 row->container, v6 ? "[" : "", addr_format(&row->address, to),
			 v6 ? "]" : "", row->to_ports, row->reached_by);
	}
}

/**
 * state_draw - draw all there is to say about NAT
 * @in: the call, borrowed
 * @state: borrowed
 * @rows, @count: published ports, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int state_draw(const struct invocation *in, const struct masquerade_state *state,
		      const struct forward_row *rows, size_t count, struct error *e)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	struct phrase phrase = { .length = 0 };
	int r = tree_new(in->session, &tree, e);
	enum tone tone = outside_phrase(state, &phrase);

	if (r < 0)
		return r;
	tree_add(tree, tone, "nat", "%s", phrase.text);
	settings_add(tree, state);
	tree_add(tree, TONE_PLAIN, "table", "inet %s, %s", NAT_TABLE,
		 !state->present       ? "not there"
		 : state->table.intact ? "intact"
				       : "changed by somebody");
	if (state->present) {
		counter_add(tree, "masqueraded", &state->table.masqueraded, "connections");
		counter_add(tree, "outgoing", &state->table.outgoing, "packets");
		counter_add(tree, "incoming", &state->table.incoming, "packets");
		if (state->table.ports)
			counter_add(tree, "published", &state->table.published, "packets");
		counter_add(tree, "dropped", &state->table.dropped, "packets");
	}
	forwards_add(tree, rows, count);
	tree_add_drift(tree, state->drift.line[0], sizeof(state->drift.line[0]),
		       state->drift.count);
	return tree_print(tree, e);
}

/**
 * verb_nat_show - show how NAT is set, what the kernel has, and what it counted
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_nat_show(const struct invocation *in, struct error *e)
{
	_cleanup_(freep) struct forward_row *rows = NULL;
	struct masquerade_state state;
	size_t count = 0;
	int r = masquerade_read(&in->session->paths, &state, e);

	if (r == 0)
		r = forward_rows_read(&in->session->paths, NULL, &rows, &count, e);
	if (r < 0)
		return r;
	return in->session->json ? json_print(state_json(&state, rows, count), e)
				 : state_draw(in, &state, rows, count, e);
}
