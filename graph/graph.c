/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "graph/graph.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/**
 * grow - have room for one more at the end of a list
 * @list: changed
 * @count: how many there are; one more afterwards
 * @size: of each
 *
 * Room is made in powers of two, so that a long list is not copied for each.
 *
 * Returns the new one, all zero, or NULL without memory.
 */
static void *grow(void **list, size_t *count, size_t size)
{
	uint8_t *grown = *list;

	if ((*count & (*count - 1)) == 0)
		grown = reallocarray(*list, *count ? 2 * *count : 1, size);
	if (!grown)
		return NULL;
	*list = grown;
	grown += *count * size;
	++*count;
	return memset(grown, 0, size);
}

/**
 * graph_add_container - put a container at the end of the list
 * @graph: changed; what was returned before may have moved
 *
 * Returns it, empty, or NULL without memory.
 */
struct graph_container *graph_add_container(struct graph *graph)
{
	return grow((void **)&graph->containers, &graph->n_containers, sizeof(*graph->containers));
}

/**
 * graph_add_port - put published ports at the end of the list
 * @graph: changed; what was returned before may have moved
 *
 * Returns them, empty, or NULL without memory.
 */
struct graph_port *graph_add_port(struct graph *graph)
{
	return grow((void **)&graph->ports, &graph->n_ports, sizeof(*graph->ports));
}

/**
 * graph_add_link - put a link at the end of the list
 * @graph: changed; what was returned before may have moved
 *
 * Returns it, empty, or NULL without memory.
 */
struct graph_link *graph_add_link(struct graph *graph)
{
	return grow((void **)&graph->links, &graph->n_links, sizeof(*graph->links));
}

/**
 * graph_deinit - free what a graph holds
 * @graph: empty afterwards
 */
void graph_deinit(struct graph *graph)
{
	for (size_t i = 0; i < graph->n_containers; i++)
		words_deinit(&graph->containers[i].more);
	words_deinit(&graph->external);
	free(graph->containers);
	free(graph->ports);
	free(graph->links);
	*graph = (struct graph){ .n_containers = 0 };
}

/**
 * graph_state_name - how a container is joined to the network, in a word
 * @state: of it
 */
const char *graph_state_name(enum graph_state state)
{
	switch (state) {
	case GRAPH_ATTACHED:
		return "attached";
	case GRAPH_DETACHED:
		return "detached";
	case GRAPH_CHANGED:
		return "changed";
	case GRAPH_HOST:
		return "host";
	case GRAPH_BROKEN:
		break;
	}
	return "broken";
}
