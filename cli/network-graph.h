/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "cli/verb.h"
#include "graph/graph.h"

/* The network of the host as a whole. */

/* @ret_graph: ended by the caller with graph_deinit(). Returns 0 or -errno. */
int network_graph_read(const struct invocation *in, struct graph *ret_graph, struct error *e);
json_t *network_graph_json(const struct graph *graph);
/* Prints it as a tree, as wide as the terminal. Returns 0 or -errno. */
int network_graph_draw(const struct session *session, const struct graph *graph, struct error *e);
