/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/network-graph.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/networks.h"
#include "cli/outside.h"

/* A graph being made. */
struct reading {
	struct graph graph;
	struct words peers; /* NAME, OTHER alternately: known by name until all are there */
};

/**
 * reading_end - free what is being made, for _cleanup_()
 * @reading: changed
 */
static void reading_end(struct reading *reading)
{
	graph_deinit(&reading->graph);
	words_deinit(&reading->peers);
}

/**
 * state_of - how a container is joined to the network
 * @state: borrowed; NULL: it could not be read
 */
static enum graph_state state_of(const struct network_state *state)
{
	if (!state)
		return GRAPH_BROKEN;
	if (!state->definition.private_network)
		return GRAPH_HOST;
	if (!state->attached)
		return GRAPH_DETACHED;
	return state->drift.count ? GRAPH_CHANGED : GRAPH_ATTACHED;
}

/**
 * extra_add - say what link a container has beside its cable
 * @container: changed
 * @extra: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int extra_add(struct graph_container *container, const struct veth_extra *extra,
		     struct error *e)
{
	char v4[PREFIX_TEXT] = "", v6[PREFIX_TEXT] = "";

	switch (extra->kind) {
	case VETH_EXTRA_MOVED:
		return words_add(&container->more, e, "%s of the host", extra->link);
	case VETH_EXTRA_MACVLAN:
		return words_add(&container->more, e, "macvlan on %s", extra->link);
	case VETH_EXTRA_IPVLAN:
		return words_add(&container->more, e, "ipvlan on %s", extra->link);
	case VETH_EXTRA_CABLE:
		break;
	}
	if (addr_is_set(&extra->v4.local.addr))
		prefix_format(&extra->v4.local, v4);
	if (addr_is_set(&extra->v6.local.addr))
		prefix_format(&extra->v6.local, v6);
	return words_add(&container->more, e, "%s%s%s%s%s%s%s", extra->link,
			 extra->bridge[0] ? " on " : "", extra->bridge, v4[0] ? " " : "", v4,
			 v6[0] ? " " : "", v6);
}

/**
 * pair_format - the address of a container as text
 * @pair: borrowed
 * @text: filled; "" when there is none
 */
static void pair_format(const struct veth_pair *pair, char text[PREFIX_TEXT])
{
	text[0] = '\0';
	if (addr_is_set(&pair->local.addr))
		prefix_format(&pair->local, text);
}

/**
 * ports_add - add what a container publishes
 * @graph: changed
 * @place: of the container
 * @ports: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int ports_add(struct graph *graph, size_t place, const struct ports *ports, struct error *e)
{
	char at[PLACE_TEXT], host[RANGE_TEXT];

	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];
		struct graph_port *shown = graph_add_port(graph);

		if (!shown)
			return error_errno(e, ENOMEM, "cannot draw the network");
		shown->container = place;
		place_format(&port->address, port->link, at);
		range_format(port->host, port->length, host);
		range_format(port->inside, port->length, shown->inside);
		(void)snprintf(shown->host, sizeof(shown->host), "%s %s%s%s",
			       protocol_name(port->protocol), at, at[0] ? ":" : "", host);
	}
	return 0;
}

/**
 * container_add - add a container to a graph, as a network_seen
 * @data: the reading
 * @name: of the container
 * @state: borrowed; NULL: it could not be read
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int container_add(void *data, const char *name, const struct network_state *state,
			 struct error *e)
{
	struct reading *reading = data;
	struct graph_container *container = graph_add_container(&reading->graph);
	const struct definition *definition = state ? &state->definition : NULL;
	int r = 0;

	if (!container)
		return error_errno(e, ENOMEM, "cannot draw the network");
	container->state = state_of(state);
	(void)snprintf(container->name, sizeof(container->name), "%s", name);
	if (!state || !definition->private_network)
		return 0;
	if (definition->cable) {
		memcpy(container->link, state->spec.link, sizeof(container->link));
		memcpy(container->bridge, state->spec.bridge, sizeof(container->bridge));
		pair_format(&state->spec.v4, container->addresses[0]);
		pair_format(&state->spec.v6, container->addresses[1]);
	}
	for (size_t i = 0; r == 0 && i < definition->n_extras; i++)
		r = extra_add(container, &definition->extras[i], e);
	if (r == 0)
		r = ports_add(&reading->graph, reading->graph.n_containers - 1, &definition->ports,
			      e);
	for (size_t i = 0; r == 0 && i < definition->n_peers; i++) {
		r = words_add(&reading->peers, e, "%s", name);
		if (r == 0)
			r = words_add(&reading->peers, e, "%s", definition->peers[i]);
	}
	return r;
}

/**
 * place_find - where a container is in a graph
 * @graph: borrowed
 * @name: borrowed
 *
 * Returns its place, or how many there are when it is not there.
 */
static size_t place_find(const struct graph *graph, const char *name)
{
	size_t i = 0;

	while (i < graph->n_containers && strcmp(graph->containers[i].name, name) != 0)
		i++;
	return i;
}

/**
 * links_add - add who is linked with whom, each pair once
 * @reading: all of its containers are there; changed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int links_add(struct reading *reading, struct error *e)
{
	struct graph *graph = &reading->graph;

	for (size_t i = 0; i + 1 < reading->peers.count; i += 2) {
		size_t a = place_find(graph, reading->peers.list[i]);
		size_t b = place_find(graph, reading->peers.list[i + 1]);
		size_t from = a < b ? a : b, to = a < b ? b : a, known = 0;
		struct graph_link *link;

		while (known < graph->n_links &&
		       (graph->links[known].from != from || graph->links[known].to != to))
			known++;
		if (to == graph->n_containers || from == to || known < graph->n_links)
			continue;
		link = graph_add_link(graph);
		if (!link)
			return error_errno(e, ENOMEM, "cannot draw the network");
		*link = (struct graph_link){ .from = from, .to = to };
	}
	return 0;
}

/**
 * host_add - add the host and what leads outside
 * @in: the call, borrowed
 * @graph: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int host_add(const struct invocation *in, struct graph *graph, struct error *e)
{
	struct phrase phrase = { .length = 0 };
	struct masquerade_state outside;
	int r = masquerade_read(&in->session->paths, &outside, e);

	if (r < 0)
		return r;
	if (in->session->root || gethostname(graph->host, sizeof(graph->host) - 1) < 0)
		(void)snprintf(graph->host, sizeof(graph->host), "host");
	graph->outside = outside_phrase(&outside, &phrase) == TONE_GOOD;
	(void)snprintf(graph->nat, sizeof(graph->nat), "%s", phrase.text);
	graph->open = outside.settings.open;
	for (size_t i = 0; r == 0 && outside.settings.nat && i < outside.n_links; i++)
		r = words_add(&graph->external, e, "%s", outside.links[i]);
	return r < 0 ? r : 0;
}

/**
 * network_graph_read - find out how the network of the host is
 * @in: the call, borrowed
 * @ret_graph: ended by the caller with graph_deinit()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int network_graph_read(const struct invocation *in, struct graph *ret_graph, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(reading_end) struct reading reading = { .peers = { .count = 0 } };
	int r = network_open(&in->session->paths, &network, e);

	if (r >= 0)
		r = host_add(in, &reading.graph, e);
	if (r == 0)
		r = networks_read(in, network, container_add, &reading, e);
	if (r == 0)
		r = links_add(&reading, e);
	if (r < 0)
		return r;
	*ret_graph = reading.graph;
	reading.graph = (struct graph){ .n_containers = 0 };
	return 0;
}

/**
 * container_json - a container of a graph as an object
 * @graph: borrowed
 * @place: of the container
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *container_json(const struct graph *graph, size_t place)
{
	const struct graph_container *container = &graph->containers[place];
	json_t *ports = json_array(), *more = json_array();

	for (size_t i = 0; i < graph->n_ports; i++)
		if (graph->ports[i].container == place)
			json_array_append_new(ports, json_pack("{s:o, s:s}", "host",
							       json_text(graph->ports[i].host),
							       "inside", graph->ports[i].inside));
	for (size_t i = 0; i < container->more.count; i++)
		json_array_append_new(more, json_text(container->more.list[i]));
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
			 json_text(container->name), "status", graph_state_name(container->state),
			 "link", json_text(container->link), "bridge", json_text(container->bridge),
			 "local_address", json_text(container->addresses[0]), "local_address6",
			 json_text(container->addresses[1]), "further_links", more, "ports", ports);
}

/**
 * network_graph_json - a graph as an object
 * @graph: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
json_t *network_graph_json(const struct graph *graph)
{
	json_t *external = json_array(), *containers = json_array(), *links = json_array();

	for (size_t i = 0; i < graph->external.count; i++)
		json_array_append_new(external, json_text(graph->external.list[i]));
	for (size_t i = 0; i < graph->n_containers; i++)
		json_array_append_new(containers, container_json(graph, i));
	for (size_t i = 0; i < graph->n_links; i++) {
		const struct graph_link *link = &graph->links[i];

		json_array_append_new(
			links, json_pack("[o, o]", json_text(graph->containers[link->from].name),
					 json_text(graph->containers[link->to].name)));
	}
	return json_pack("{s:o, s:o, s:b, s:b, s:o, s:o}", "host", json_text(graph->host),
			 "external", external, "outside", graph->outside, "isolated", !graph->open,
			 "containers", containers, "links", links);
}
