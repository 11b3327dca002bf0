/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "graph/graph.h"

/* Where everything is in a drawing, in pixels from its upper left corner. */

#define LAYOUT_LINE  17 /* height of a line of text */
#define LAYOUT_BUS   14 /* from the cards of a row up to the line they hang on */
#define LAYOUT_INSET 14 /* from the edge of a card to its text */
#define LAYOUT_PILL  28 /* height of a link that leads outside, or of a port */

struct box {
	int x, y, width, height;
};

/* What hangs on the host in one way. */
enum group_kind {
	GROUP_CABLES, /* each on a cable of its own */
	GROUP_BRIDGE,
	GROUP_HOST,  /* on the network of the host itself */
	GROUP_APART, /* on nothing */
};

struct group {
	enum group_kind kind;
	const char *bridge; /* GROUP_BRIDGE: borrowed */
	struct box box;
	size_t first, count; /* of its cards */
};

struct card_place {
	size_t container; /* its place in the graph */
	size_t group;
	size_t row, column; /* in the group */
	struct box box;
};

struct layout {
	int width, height;
	size_t columns; /* of text on a card */
	struct box host;
	int pills_y, ports_y;
	size_t n_groups;
	struct group *groups;     /* owned */
	struct card_place *cards; /* owned; by group, as many as there are containers */
	size_t *cards_of;         /* owned; the card of each container */
};

int layout_make(const struct graph *graph, struct layout *ret_layout, struct error *e);
void layout_deinit(struct layout *layout);

/* How wide a text of so many columns is. */
int layout_text_width(size_t columns, int font_size);
/* Sets a pill behind the last one, or on a new row. @box: changed; begins empty. */
void layout_pill(const struct layout *layout, const char *text, int top, struct box *box);
