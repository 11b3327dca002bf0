/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "cli/network-graph.h"
#include "cli/table.h"
#include "cli/text.h"

/* From top to bottom: what is outside, below it the host, and below that what hangs on it. */

#define LINK_TEXT (4 * IFNAMSIZ + 1) /* room for the name of a link, whatever bytes it has */

/**
 * tone_of - how a state is meant
 * @state: of a container
 */
static enum tone tone_of(enum graph_state state)
{
	switch (state) {
	case GRAPH_ATTACHED:
		return TONE_GOOD;
	case GRAPH_CHANGED:
	case GRAPH_BROKEN:
		return TONE_BAD;
	case GRAPH_DETACHED:
	case GRAPH_HOST:
		break;
	}
	return TONE_PLAIN;
}

/**
 * link_add - name a link of the host
 * @phrase: added to
 * @name: borrowed; "": there is none
 */
static void link_add(struct phrase *phrase, const char *name)
{
	char text[LINK_TEXT];

	if (name[0])
		phrase_add(phrase, "%s", text_escape(name, text, sizeof(text)));
}

/**
 * container_add - add a container
 * @tree: changed
 * @graph: borrowed
 * @place: of the container
 */
static void container_add(struct tree *tree, const struct graph *graph, size_t place)
{
	const struct graph_container *container = &graph->containers[place];
	struct phrase phrase = { .length = 0 };

	phrase_add(&phrase, "%s", graph_state_name(container->state));
	link_add(&phrase, container->link);
	for (size_t i = 0; i < ARRAY_SIZE(container->addresses); i++)
		if (container->addresses[i][0])
			phrase_add(&phrase, "%s", container->addresses[i]);
	for (size_t i = 0; i < container->more.count; i++)
		phrase_add(&phrase, "%s", container->more.list[i]);
	for (size_t i = 0; i < graph->n_ports; i++)
		if (graph->ports[i].container == place)
			phrase_add(&phrase, "%s %s %s", graph->ports[i].host, text_arrow(),
				   graph->ports[i].inside);
	for (size_t i = 0; i < graph->n_links; i++) {
		const struct graph_link *link = &graph->links[i];

		if (link->from == place || link->to == place)
			phrase_add(&phrase, "linked with %s",
				   graph->containers[link->from == place ? link->to : link->from]
					   .name);
	}
	tree_add(tree, tone_of(container->state), container->name, "%s", phrase.text);
}

/**
 * bridges_add - add the bridges and their ports
 * @tree: changed
 * @graph: borrowed
 */
static void bridges_add(struct tree *tree, const struct graph *graph)
{
	for (size_t i = 0; i < graph->n_containers; i++) {
		const char *bridge = graph->containers[i].bridge;
		char name[LINK_TEXT];
		size_t first = 0;

		while (strcmp(graph->containers[first].bridge, bridge) != 0)
			first++;
		if (!bridge[0] || first < i)
			continue;
		tree_add(tree, TONE_PLAIN, text_escape(bridge, name, sizeof(name)), "bridge");
		tree_descend(tree);
		for (size_t j = i; j < graph->n_containers; j++)
			if (strcmp(graph->containers[j].bridge, bridge) == 0)
				container_add(tree, graph, j);
		tree_ascend(tree);
	}
}

/**
 * network_graph_draw - print a graph as a tree
 * @session: says whether colours are wanted, borrowed
 * @graph: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int network_graph_draw(const struct session *session, const struct graph *graph, struct error *e)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	struct phrase outside = { .length = 0 };
	int r = tree_new(session, &tree, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < graph->external.count; i++)
		link_add(&outside, graph->external.list[i]);
	tree_add(tree, TONE_PLAIN, "outside", "%s", outside.text);
	tree_add(tree, TONE_PLAIN, graph->host, "%s, %s", graph->nat,
		 graph->open ? "containers reach each other"
			     : "only linked containers reach each other");
	tree_descend(tree);
	for (size_t i = 0; i < graph->n_containers; i++)
		if (!graph->containers[i].bridge[0])
			container_add(tree, graph, i);
	bridges_add(tree, graph);
	return tree_print(tree, e);
}
