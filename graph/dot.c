/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "graph/escape.h"
#include "graph/graph.h"

/*
 * The language of Graphviz (graphviz.org, "DOT Language"). Nodes are called "kind name", so that a
 * container and a link of one name are two.
 */

/**
 * node_write - name a node
 * @out: changed
 * @kind: "container"
 * @name: borrowed
 */
static void node_write(FILE *out, const char *kind, const char *name)
{
	(void)fprintf(out, "\"%s ", kind);
	escape_dot(out, name);
	(void)fputc('"', out);
}

/**
 * line_write - write one more line of a label
 * @out: changed
 * @text: borrowed; "": there is no such line
 */
static void line_write(FILE *out, const char *text)
{
	if (!text[0])
		return;
	(void)fputs("\\n", out);
	escape_dot(out, text);
}

/**
 * color_of - what colour a container is drawn in
 * @state: of it
 */
static const char *color_of(enum graph_state state)
{
	switch (state) {
	case GRAPH_ATTACHED:
		return "#0f8a5f";
	case GRAPH_DETACHED:
	case GRAPH_HOST:
		return "#64748b";
	case GRAPH_CHANGED:
		return "#b45309";
	case GRAPH_BROKEN:
		break;
	}
	return "#dc2626";
}

/**
 * host_write - the host, what leads outside, and the bridges
 * @graph: borrowed
 * @out: changed
 */
static void host_write(const struct graph *graph, FILE *out)
{
	(void)fputs("\thost [shape=box, style=\"rounded,filled\", fillcolor=\"#e2e8f0\", label=\"",
		    out);
	escape_dot(out, graph->host);
	line_write(out, graph->nat);
	line_write(out, graph->open ? "containers reach each other" : "");
	(void)fputs("\"];\n", out);
	for (size_t i = 0; i < graph->external.count; i++) {
		const char *link = graph->external.list[i];

		(void)fputc('\t', out);
		node_write(out, "external", link);
		(void)fputs(" [shape=ellipse, label=\"", out);
		escape_dot(out, link);
		(void)fputs("\"];\n\t", out);
		node_write(out, "external", link);
		(void)fputs(" -- host;\n", out);
	}
	for (size_t i = 0; i < graph->n_containers; i++) {
		const char *bridge = graph->containers[i].bridge;
		size_t first = 0;

		while (strcmp(graph->containers[first].bridge, bridge) != 0)
			first++;
		if (!bridge[0] || first < i)
			continue;
		(void)fputc('\t', out);
		node_write(out, "bridge", bridge);
		(void)fputs(" [shape=box3d, label=\"", out);
		escape_dot(out, bridge);
		(void)fputs("\"];\n\thost -- ", out);
		node_write(out, "bridge", bridge);
		(void)fputs(";\n", out);
	}
}

/**
 * container_write - a container, and the cable it hangs on
 * @graph: borrowed
 * @place: of the container
 * @out: changed
 */
static void container_write(const struct graph *graph, size_t place, FILE *out)
{
	const struct graph_container *container = &graph->containers[place];
	bool cable = container->link[0];

	(void)fputc('\t', out);
	node_write(out, "container", container->name);
	(void)fprintf(out, " [shape=box, style=rounded, color=\"%s\", label=\"",
		      color_of(container->state));
	escape_dot(out, container->name);
	line_write(out, graph_state_name(container->state));
	line_write(out, container->addresses[0]);
	line_write(out, container->addresses[1]);
	for (size_t i = 0; i < container->more.count; i++)
		line_write(out, container->more.list[i]);
	for (size_t i = 0; i < graph->n_ports; i++)
		if (graph->ports[i].container == place) {
			line_write(out, graph->ports[i].host);
			(void)fprintf(out, " → %s", graph->ports[i].inside);
		}
	(void)fputs("\"];\n", out);
	if (!cable && container->state != GRAPH_HOST)
		return;
	(void)fputc('\t', out);
	if (container->bridge[0])
		node_write(out, "bridge", container->bridge);
	else
		(void)fputs("host", out);
	(void)fputs(" -- ", out);
	node_write(out, "container", container->name);
	(void)fprintf(out, " [style=%s, color=\"%s\", label=\"",
		      container->state == GRAPH_ATTACHED || container->state == GRAPH_CHANGED
			      ? "solid"
			      : "dashed",
		      color_of(container->state));
	escape_dot(out, container->link);
	(void)fputs("\"];\n", out);
}

/**
 * graph_dot - write a graph for Graphviz
 * @graph: borrowed
 * @out: changed; a failure shows there
 */
void graph_dot(const struct graph *graph, FILE *out)
{
	(void)fputs("graph \"nixctr-net\" {\n"
		    "\tgraph [charset=\"UTF-8\", rankdir=LR, nodesep=0.2, ranksep=1.0];\n"
		    "\tnode [fontname=\"monospace\", fontsize=11];\n"
		    "\tedge [fontname=\"monospace\", fontsize=9];\n",
		    out);
	host_write(graph, out);
	for (size_t i = 0; i < graph->n_containers; i++)
		container_write(graph, i, out);
	for (size_t i = 0; i < graph->n_links; i++) {
		(void)fputc('\t', out);
		node_write(out, "container", graph->containers[graph->links[i].from].name);
		(void)fputs(" -- ", out);
		node_write(out, "container", graph->containers[graph->links[i].to].name);
		(void)fputs(" [style=bold, color=\"#7c3aed\", constraint=false];\n", out);
	}
	(void)fputs("}\n", out);
}
