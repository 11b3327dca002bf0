/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "graph/graph.h"

/* What is written on the card of a container, below its name. */

#define CARD_LINES 20
#define CARD_TEXT  128

#define CARD_PORT_TEXT (GRAPH_PORT + GRAPH_NAME + 32)

enum card_tone {
	CARD_STATE,
	CARD_ADDRESS,
	CARD_MORE, /* links beside the cable */
	CARD_PORT,
	CARD_LINKED,
};

struct card_line {
	enum card_tone tone;
	char text[CARD_TEXT];
};

/* Returns how many lines there are. */
size_t card_lines(const struct graph *graph, size_t place, struct card_line lines[CARD_LINES]);

/* "tcp 8080 → web:80", as the host has it. */
void card_port(const struct graph *graph, const struct graph_port *port, char text[CARD_PORT_TEXT]);
