/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
 * networks_json - internal networks as an array
 * @networks, @count: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *networks_json(const struct prefix *networks, size_t count)
{
	json_t *array = json_array();
	char text[PREFIX_TEXT];

	for (size_t i = 0; array && i < count; i++) {
		if (json_array_append_new(array, json_text(prefix_format(&networks[i], text))) == 0)
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

/**
 * pins_json - what both tables count of containers that lie, or talk to each other
 * @table: one of them, borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *pins_json(const struct nat_state *table)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "linked", counter_json(&table->linked),
			 "between", counter_json(&table->between), "spoofed",
			 counter_json(&table->spoofed), "rogue", counter_json(&table->rogue),
			 "dropped", counter_json(&table->dropped));
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
	json_t *counters, *more;

	if (!state->present)
		return json_null();
	counters = json_pack(
		"{s:o, s:o, s:o, s:o}", "masqueraded", counter_json(&table->masqueraded),
		"outgoing", counter_json(&table->outgoing), "incoming",
		counter_json(&table->incoming), "published", counter_json(&table->published));
	more = pins_json(table);
	if (!counters || !more || json_object_update(counters, more) != 0) {
		json_decref(counters);
		counters = NULL;
	}
	json_decref(more);
	return json_pack("{s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "intact", table->intact, "owned",
			 table->owned, "external",
			 json_lines(table->external[0], IFNAMSIZ, table->n_external), "internal",
			 networks_json(table->internal, table->n_internal), "source",
			 json_addr(&table->address4), "source6", json_addr(&table->address6),
			 "counters", counters);
}

/**
 * bridge_json - the table for bridges as the kernel has it
 * @state: borrowed
 *
 * Returns a new object, null when there is no table, or NULL without memory.
 */
static json_t *bridge_json(const struct masquerade_state *state)
{
	if (!state->bridged)
		return json_null();
	return json_pack("{s:b, s:b, s:o}", "intact", state->bridge.intact, "owned",
			 state->bridge.owned, "counters", pins_json(&state->bridge));
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
	const struct nat_spec *wanted = &settings->wanted, *spec = &state->spec;
	struct selection columns = { .count = 0 };

	(void)selection_make(&forward_listing, NULL, SELECT_ALL, &columns, NULL);
	return json_pack(
		"{s:b, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:b}",
		"enabled", settings->nat, "isolate", !settings->open, "own_table",
		settings->own_table, "unownable", state->unownable, "auto", settings->external_auto,
		"configured", json_lines(wanted->external[0], IFNAMSIZ, wanted->n_external),
		"external", json_lines(spec->external[0], IFNAMSIZ, spec->n_external), "links",
		json_lines(state->links[0], IFNAMSIZ, state->n_links), "internal",
		networks_json(wanted->internal, wanted->n_internal), "inside",
		json_lines(spec->inside[0].link, sizeof(spec->inside[0]), spec->n_inside), "source",
		json_addr(&wanted->address4), "source6", json_addr(&wanted->address6), "forwards",
		json_rows(&forward_listing, &columns, rows, count), "table", table_json(state),
		"bridge_table", bridge_json(state), "drift",
		json_lines(state->drift.line[0], sizeof(state->drift.line[0]), state->drift.count),
		"unjudged", state->unjudged);
}

/**
 * external_add - say which links were set as external, and what they stand for now
 * @tree: changed
 * @state: borrowed
 */
static void external_add(struct tree *tree, const struct masquerade_state *state)
{
	const struct settings *settings = &state->settings;
	struct phrase named = { .length = 0 }, now = { .length = 0 };
	bool stands = settings->external_auto;

	if (settings->external_auto)
		phrase_add(&named, "auto");
	for (size_t i = 0; i < settings->wanted.n_external; i++) {
		phrase_add(&named, "%s", settings->wanted.external[i]);
		stands |= strchr(settings->wanted.external[i], '*') != NULL;
	}
	for (size_t i = 0; i < state->n_links; i++)
		phrase_add(&now, "%s", state->links[i]);
	if (!named.length)
		return;
	if (settings->nat && stands)
		tree_add(tree, TONE_PLAIN, "external", "%s %s %s", named.text, text_arrow(),
			 now.length ? now.text : "no link");
	else
		tree_add(tree, TONE_PLAIN, "external", "%s", named.text);
}

/**
 * settings_add - say what was set, and what it stands for now
 * @tree: changed
 * @state: borrowed
 */
static void settings_add(struct tree *tree, const struct masquerade_state *state)
{
	const struct nat_spec *spec = state->settings.nat ? &state->spec : &state->settings.wanted;
	struct phrase networks = { .length = 0 }, addresses = { .length = 0 };

	external_add(tree, state);
	outside_networks(spec, &networks);
	outside_addresses(spec, &addresses);
	if (networks.length)
		tree_add(tree, TONE_PLAIN, "internal", "%s", networks.text);
	if (addresses.length)
		tree_add(tree, TONE_PLAIN, "source", "%s", addresses.text);
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
	char bytes[TEXT_BYTES];

	for (size_t i = 0; i < count; i++) {
		const struct forward_row *row = &rows[i];
		bool v6 = row->address.family == AF_INET6;

		place_format(&row->host_address, row->host_link, place);
		(void)snprintf(name, sizeof(name), "%s %s%s%s", row->protocol, place,
			       place[0] ? ":" : "", row->ports);
		tree_add(tree, TONE_PLAIN, name,
			 "%s %s, %s%s%s:%s, reached by %s; %" PRIu64 " packets, %s", text_arrow(),
			 row->container, v6 ? "[" : "", addr_format(&row->address, to),
			 v6 ? "]" : "", row->to_ports, row->reached_by, row->traffic.packets,
			 text_bytes(row->traffic.bytes, bytes));
	}
}

/**
 * pins_add - say what both tables have counted of containers that lie, or talk to each other
 * @tree: changed
 * @table: one of them, borrowed
 */
static void pins_add(struct tree *tree, const struct nat_state *table)
{
	if (table->linked.packets)
		counter_add(tree, "linked", &table->linked, "packets");
	if (table->open)
		counter_add(tree, "between", &table->between, "packets");
	counter_add(tree, "spoofed", &table->spoofed, "packets");
	counter_add(tree, "rogue", &table->rogue, "packets");
	counter_add(tree, "dropped", &table->dropped, "packets");
}

/**
 * table_words - how a table is, in words
 * @present: whether it is there
 * @state: borrowed
 */
static const char *table_words(bool present, const struct nat_state *state)
{
	return !present ? "not there" : state->intact ? "intact" : "changed by somebody";
}

/**
 * ownership_words - to whom a table belongs, in words to be added
 * @state: borrowed
 * @present: whether the table is there
 * @table: borrowed
 *
 * Returns "" when nothing was asked for and nothing is so.
 */
static const char *ownership_words(const struct masquerade_state *state, bool present,
				   const struct nat_state *table)
{
	if (present && table->owned)
		return ", owned: nobody else can change it";
	if (!state->settings.own_table)
		return "";
	return state->unownable ? ", cannot be owned: that takes kernel 6.9"
				: ", belongs to nobody while nobody watches";
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
	tree_add(tree, TONE_PLAIN, "isolation", "%s",
		 state->settings.open ? "off: containers reach each other"
				      : "on: only linked containers reach each other");
	tree_add(tree, TONE_PLAIN, "table", "inet %s, %s%s%s", NAT_TABLE,
		 table_words(state->present, &state->table),
		 ownership_words(state, state->present, &state->table),
		 state->unjudged ? ", tells no MACs: that takes CONFIG_NFT_HASH" : "");
	if (state->present) {
		counter_add(tree, "masqueraded", &state->table.masqueraded, "connections");
		counter_add(tree, "outgoing", &state->table.outgoing, "packets");
		counter_add(tree, "incoming", &state->table.incoming, "packets");
		if (state->table.ports)
			counter_add(tree, "published", &state->table.published, "packets");
		pins_add(tree, &state->table);
	}
	if (state->bridged) {
		tree_add(tree, TONE_PLAIN, "table", "bridge %s, %s%s", NAT_TABLE,
			 table_words(true, &state->bridge),
			 ownership_words(state, true, &state->bridge));
		pins_add(tree, &state->bridge);
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
