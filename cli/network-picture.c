/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/network-picture.h"

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/outside.h"
#include "cli/table.h"
#include "cli/text.h"

/**
 * cable_add - name the two ends of a pair of addresses
 * @phrase: changed
 * @pair: borrowed; nothing is added without addresses
 */
static void cable_add(struct phrase *phrase, const struct veth_pair *pair)
{
	char host[ADDR_TEXT], local[PREFIX_TEXT];

	if (!addr_is_set(&pair->local.addr))
		return;
	prefix_format(&pair->local, local);
	if (addr_is_set(&pair->host))
		phrase_add(phrase, "%s %s %s", addr_format(&pair->host, host), text_arrow(), local);
	else
		phrase_add(phrase, "%s %s", text_arrow(), local);
}

/**
 * end_state - the state of one end of a cable in a word
 * @end: borrowed, present
 */
static const char *end_state(const struct veth_end *end)
{
	if (!end->up)
		return "down";
	return end->carrier ? "up" : "no carrier";
}

/**
 * host_end_add - the branch of the host's end
 * @tree: changed
 * @state: borrowed
 */
static void host_end_add(struct tree *tree, const struct network_state *state)
{
	const struct veth_end *end = &state->cable.host;
	struct phrase phrase = { .length = 0 };
	char mac[MAC_TEXT], rx[TEXT_BYTES], tx[TEXT_BYTES];

	if (!state->has_cable) {
		cable_add(&phrase, &state->spec.v4);
		cable_add(&phrase, &state->spec.v6);
		tree_add(tree, TONE_PLAIN, state->spec.link, "%s%s%s",
			 state->cable.host.present ? "not ours" : "not there",
			 phrase.length ? "; would be " : "", phrase.text);
		return;
	}
	phrase_add(&phrase, "%s", end_state(end));
	if (state->cable.bridge[0])
		phrase_add(&phrase, "port of %s", state->cable.bridge);
	cable_add(&phrase, &state->spec.v4);
	cable_add(&phrase, &state->spec.v6);
	phrase_add(&phrase, "mtu %u", end->mtu);
	phrase_add(&phrase, "mac %s", mac_format(&end->mac, mac));
	phrase_add(&phrase, "rx %s tx %s", text_bytes(end->rx_bytes, rx),
		   text_bytes(end->tx_bytes, tx));
	tree_add(tree, end->up && end->carrier ? TONE_GOOD : TONE_BAD, state->spec.link, "%s",
		 phrase.text);
}

/**
 * address_add - name an address and the way from it to the rest of the world
 * @phrase: changed
 * @address: borrowed; nothing is added when there is none
 * @gateway: borrowed; may be none
 */
static void address_add(struct phrase *phrase, const struct prefix *address,
			const struct addr *gateway)
{
	char text[PREFIX_TEXT];

	if (!addr_is_set(&address->addr))
		return;
	phrase_add(phrase, "%s", prefix_format(address, text));
	if (addr_is_set(gateway))
		phrase_add(phrase, "default via %s", addr_format(gateway, text));
	else
		phrase_add(phrase, "no default route");
}

/**
 * local_end_add - the branch of the container's end
 * @tree: changed
 * @end: as the kernel has it, borrowed
 */
static void local_end_add(struct tree *tree, const struct veth_end *end)
{
	struct phrase phrase = { .length = 0 };
	char mac[MAC_TEXT];

	if (!end->present) {
		tree_add(tree, TONE_BAD, VETH_INSIDE, "not there");
		return;
	}
	phrase_add(&phrase, "%s", end_state(end));
	address_add(&phrase, &end->v4, &end->v4_gateway);
	address_add(&phrase, &end->v6, &end->v6_gateway);
	phrase_add(&phrase, "mac %s", mac_format(&end->mac, mac));
	tree_add(tree, end->up && end->carrier ? TONE_GOOD : TONE_BAD, VETH_INSIDE, "%s",
		 phrase.text);
}

/**
 * ports_add - say which ports of the host lead to the container
 * @tree: changed
 * @ports: borrowed; nothing is said when there are none
 */
static void ports_add(struct tree *tree, const struct ports *ports)
{
	struct phrase phrase = { .length = 0 };
	char place[PLACE_TEXT], host[RANGE_TEXT], inside[RANGE_TEXT];

	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];

		place_format(&port->address, port->link, place);
		phrase_add(&phrase, "%s %s%s%s %s %s", protocol_name(port->protocol), place,
			   place[0] ? ":" : "", range_format(port->host, port->length, host),
			   text_arrow(), range_format(port->inside, port->length, inside));
	}
	if (ports->count)
		tree_add(tree, TONE_PLAIN, "ports", "%s", phrase.text);
}

/**
 * peers_add - say which other containers this one reaches
 * @tree: changed
 * @state: borrowed
 */
static void peers_add(struct tree *tree, const struct network_state *state)
{
	struct phrase phrase = { .length = 0 };

	if (state->open)
		phrase_add(&phrase, "reaches all containers: isolation is off");
	for (size_t i = 0; i < state->n_peers; i++)
		phrase_add(&phrase, "linked with %s", state->peers[i]);
	tree_add(tree, TONE_PLAIN, "others", "%s", phrase.length ? phrase.text : "isolated");
}

/**
 * picture_draw - draw a container's network as one tree
 * @session: borrowed
 * @state: borrowed
 * @outside: NAT, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int picture_draw(const struct session *session, const struct network_state *state,
		 const struct masquerade_state *outside, struct error *e)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	struct phrase phrase = { .length = 0 };
	enum tone tone;
	int r = tree_new(session, &tree, e);

	if (r < 0)
		return r;
	if (!state->definition.private_network) {
		tree_add(tree, TONE_PLAIN, state->definition.name,
			 "shares the network of the host");
		return tree_print(tree, e);
	}
	tree_add(tree, state->attached ? TONE_GOOD : TONE_PLAIN, state->definition.name, "%s",
		 network_status(state));
	tree_add(tree, TONE_PLAIN, "namespace", "%s%s", state->namespace,
		 state->attached ? "" : ", not there");
	host_end_add(tree, state);
	if (state->attached)
		local_end_add(tree, &state->cable.local);
	tone = outside_phrase(outside, &phrase);
	tree_add(tree, tone, "nat", "%s", phrase.text);
	ports_add(tree, &state->definition.ports);
	peers_add(tree, state);
	if (state->attached)
		tree_add_drift(tree, state->drift.line[0], sizeof(state->drift.line[0]),
			       state->drift.count);
	return tree_print(tree, e);
}

/**
 * end_json - one end of a cable as an object
 * @name: of the link, borrowed
 * @end: borrowed
 *
 * Returns a new object, null when there is no such end, or NULL without memory.
 */
static json_t *end_json(const char *name, const struct veth_end *end)
{
	char v4[PREFIX_TEXT], v6[PREFIX_TEXT];

	if (!end->present)
		return json_null();
	prefix_format(&end->v4, v4);
	prefix_format(&end->v6, v6);
	return json_pack("{s:o, s:i, s:b, s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}",
			 "link", json_text(name), "ifindex", end->ifindex, "up", end->up, "carrier",
			 end->carrier, "mtu", (json_int_t)end->mtu, "mac", json_mac(&end->mac),
			 "address", addr_is_set(&end->v4.addr) ? json_text(v4) : json_null(),
			 "address6", addr_is_set(&end->v6.addr) ? json_text(v6) : json_null(),
			 "gateway", json_addr(&end->v4_gateway), "gateway6",
			 json_addr(&end->v6_gateway), "rx_bytes", (json_int_t)end->rx_bytes,
			 "tx_bytes", (json_int_t)end->tx_bytes, "rx_packets",
			 (json_int_t)end->rx_packets, "tx_packets", (json_int_t)end->tx_packets);
}

/**
 * ports_json - which ports of the host lead to the container, as an array
 * @ports: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *ports_json(const struct ports *ports)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < ports->count; i++) {
		const struct port *port = &ports->list[i];
		json_t *entry = json_pack("{s:s, s:i, s:i, s:i, s:o, s:o}", "protocol",
					  protocol_name(port->protocol), "port", port->host,
					  "to_port", port->inside, "count", port->length,
					  "host_address", json_addr(&port->address), "host_link",
					  port->link[0] ? json_text(port->link) : json_null());

		if (json_array_append_new(array, entry) == 0)
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

/**
 * picture_json - a container's network as an object
 * @state: borrowed
 * @outside: NAT, borrowed
 *
 * Its row in the list, with both ends, NAT and the lines of drift besides.
 *
 * Returns a new object, or NULL without memory.
 */
json_t *picture_json(const struct network_state *state, const struct masquerade_state *outside)
{
	static const struct veth_end none;
	struct selection columns = { .count = 0 };
	struct network_row row;
	json_t *object, *more;

	network_row_fill(state, &row);
	(void)selection_make(&network_listing, NULL, SELECT_ALL, &columns, NULL);
	object = json_row(&columns, &row);
	more = json_pack(
		"{s:o, s:o, s:{s:b, s:o}, s:o, s:b, s:o, s:o}", "host",
		end_json(state->spec.link, state->has_cable ? &state->cable.host : &none), "local",
		end_json(VETH_INSIDE, &state->cable.local), "nat", "enabled", outside->settings.nat,
		"external",
		json_lines(outside->spec.external[0], IFNAMSIZ, outside->spec.n_external), "ports",
		ports_json(&state->definition.ports), "isolated", !state->open, "linked",
		json_lines(state->peers[0], sizeof(state->peers[0]), state->n_peers), "drift",
		json_lines(state->drift.line[0], sizeof(state->drift.line[0]), state->drift.count));
	if (!object || !more || json_object_update(object, more) != 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return object;
}
