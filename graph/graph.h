/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/words.h"

/*
 * A picture of the whole network: texts and what is joined to what, and nothing of how that was found
 * out. Files of it are in UTF-8, whatever the locale.
 */

#define GRAPH_NAME   64  /* room for the name of a container or of the host */
#define GRAPH_PORT   96  /* room for "tcp 192.0.2.1%eth0:8080-8090" */
#define GRAPH_PHRASE 512 /* room for what is said of NAT */

/* How a container is joined to the network. */
enum graph_state {
	GRAPH_ATTACHED,
	GRAPH_DETACHED,
	GRAPH_CHANGED, /* attached, and not all is as it should be */
	GRAPH_HOST,    /* it shares the network of the host */
	GRAPH_BROKEN,  /* nothing is known of it */
};

struct graph_container {
	char name[GRAPH_NAME];
	enum graph_state state;
	char link[IFNAMSIZ];            /* the host end of its cable, or "" */
	char bridge[IFNAMSIZ];          /* that this is a port of, or "" */
	char addresses[2][PREFIX_TEXT]; /* IPv4, IPv6, or "" */
	struct words more;              /* links beside the cable */
};

/* Ports of the host that lead to a container. */
struct graph_port {
	size_t container;      /* its place in the list */
	char host[GRAPH_PORT]; /* "tcp 8080" */
	char inside[16];       /* "80" */
};

/* Two containers that may reach each other. */
struct graph_link {
	size_t from, to; /* places in the list */
};

struct graph {
	char host[GRAPH_NAME];
	char nat[GRAPH_PHRASE]; /* what containers reach outside, in words */
	bool outside;           /* they reach something there */
	bool open;              /* all containers reach each other */
	struct words external;  /* links of the host that lead outside */
	size_t n_containers, n_ports, n_links;
	struct graph_container *containers;
	struct graph_port *ports;
	struct graph_link *links;
};

/* Each puts one thing at the end of its list, and returns where it is, or NULL without memory. */
struct graph_container *graph_add_container(struct graph *graph);
struct graph_port *graph_add_port(struct graph *graph);
struct graph_link *graph_add_link(struct graph *graph);
void graph_deinit(struct graph *graph);

const char *graph_state_name(enum graph_state state);

/* For Graphviz. A failure to write shows in @out. */
void graph_dot(const struct graph *graph, FILE *out);
/* A drawing of its own, for light and dark grounds. Returns 0 or -ENOMEM. */
int graph_svg(const struct graph *graph, FILE *out, struct error *e);
