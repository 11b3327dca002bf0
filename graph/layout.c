/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "graph/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "graph/card.h"
#include "graph/escape.h"

/*
 * Theory of operation
 *
 * From top to bottom: what leads outside, the host with its published ports, and a group for each way of
 * being joined to it. Cards of a group stand in rows. All lines run in the gutters between them: the
 * one that a row hangs on above it, and those between linked containers below it and to the right. So
 * no line crosses a text, and since a text is cut to the room of its card, no text meets another.
 */

enum {
	MARGIN = 28,
	TRUNK = 40,            /* left of the groups, where the line from the host runs */
	GROUP_HEAD = 62,       /* from the top of a group to its first row */
	GROUP_LEFT = 36,       /* from its left edge to its first card */
	GROUP_RIGHT = 30,      /* from its last card to its right edge */
	GUTTER = 30,           /* between cards of a row */
	ROW_GUTTER = 46,       /* between rows */
	CARD_HEAD = 34,        /* from the top of a card to its first line */
	NARROWEST = 720,       /* of all, so that what is said of NAT fits */
	GROUP_NARROWEST = 290, /* so that its title fits */
	COLUMNS_MIN = 20,      /* of text on a card */
	COLUMNS_MAX = 43,      /* an IPv6 address with its length */
	CARDS_ACROSS = 5,
	MANY = 30, /* so many containers are put in one column more */
	TEXT_SIZE = 12,
};

/**
 * layout_text_width - how wide a text is
 * @columns: that it takes
 * @font_size: in pixels
 *
 * Characters of common fonts of one width are 0.55 to 0.61 of their size wide.
 */
int layout_text_width(size_t columns, int font_size)
{
	return (int)(columns * (size_t)font_size * 61 / 100) + 1;
}

/**
 * kind_of - in which way a container is joined to the host
 * @container: borrowed
 */
static enum group_kind kind_of(const struct graph_container *container)
{
	if (container->bridge[0])
		return GROUP_BRIDGE;
	if (container->link[0])
		return GROUP_CABLES;
	return container->state == GRAPH_HOST ? GROUP_HOST : GROUP_APART;
}

/**
 * compare - compare which of two containers comes first, for qsort_r(3)
 * @a, @b: their cards
 * @data: the graph
 */
static int compare(const void *a, const void *b, void *data)
{
	const struct card_place *one = a, *other = b;
	const struct graph *graph = data;
	const struct graph_container *first = &graph->containers[one->container];
	const struct graph_container *second = &graph->containers[other->container];
	int r = (int)kind_of(first) - (int)kind_of(second);

	if (r == 0)
		r = strcmp(first->bridge, second->bridge);
	return r ? r : (one->container > other->container) - (one->container < other->container);
}

/**
 * groups_make - sort the containers into groups
 * @graph: borrowed
 * @layout: its cards are allocated; filled
 */
static void groups_make(const struct graph *graph, struct layout *layout)
{
	struct group *group = NULL;

	for (size_t i = 0; i < graph->n_containers; i++)
		layout->cards[i].container = i;
	qsort_r(layout->cards, graph->n_containers, sizeof(*layout->cards), compare,
		(void *)(uintptr_t)graph);
	for (size_t i = 0; i < graph->n_containers; i++) {
		struct card_place *card = &layout->cards[i];
		const struct graph_container *container = &graph->containers[card->container];
		enum group_kind kind = kind_of(container);

		if (!group || group->kind != kind || strcmp(group->bridge, container->bridge) != 0)
			group = &layout->groups[layout->n_groups++];
		if (group->count == 0)
			*group = (struct group){ .kind = kind,
						 .bridge = container->bridge,
						 .first = i };
		group->count++;
		card->group = (size_t)(group - layout->groups);
		layout->cards_of[card->container] = i;
	}
}

/**
 * columns_of - how much room for text the cards need
 * @graph: borrowed
 * @lines: of one card, to work with
 */
static size_t columns_of(const struct graph *graph, struct card_line *lines)
{
	size_t columns = COLUMNS_MIN;

	for (size_t i = 0; i < graph->n_containers; i++) {
		size_t count = card_lines(graph, i, lines);
		/* Names are written larger. */
		size_t width = escape_width(graph->containers[i].name) * 5 / 4 + 1;

		if (width > columns)
			columns = width;
		for (size_t j = 0; j < count; j++) {
			width = escape_width(lines[j].text);
			if (width > columns)
				columns = width;
		}
	}
	return columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}

/**
 * layout_pill - set a pill behind the last one, or on a new row
 * @layout: its host is set, borrowed
 * @text: of the pill
 * @top: of the first row
 * @box: of the last one; its width is 0 when there is none yet
 */
void layout_pill(const struct layout *layout, const char *text, int top, struct box *box)
{
	int width = layout_text_width(escape_width(text), TEXT_SIZE) + 2 * LAYOUT_INSET;
	int left = layout->host.x + LAYOUT_INSET;
	int x = box->width ? box->x + box->width + 8 : left;
	int y = box->width ? box->y : top;

	if (x > left && x + width > layout->host.x + layout->host.width - LAYOUT_INSET) {
		x = left;
		y += LAYOUT_PILL + 8;
	}
	*box = (struct box){ .x = x, .y = y, .width = width, .height = LAYOUT_PILL };
}

/**
 * host_place - set what is above the groups
 * @graph: borrowed
 * @layout: its width is set; changed
 */
static void host_place(const struct graph *graph, struct layout *layout)
{
	struct box pill = { .width = 0 };
	char text[CARD_PORT_TEXT];

	layout->host = (struct box){ .x = MARGIN, .width = layout->width - 2 * MARGIN };
	layout->pills_y = MARGIN;
	for (size_t i = 0; i < graph->external.count; i++)
		layout_pill(layout, graph->external.list[i], layout->pills_y, &pill);
	layout->host.y = (pill.width ? pill.y : layout->pills_y) + LAYOUT_PILL + 34;
	layout->ports_y = layout->host.y + 40 + 2 * LAYOUT_LINE;
	layout->host.height = layout->ports_y - layout->host.y;
	pill.width = 0;
	for (size_t i = 0; i < graph->n_ports; i++) {
		card_port(graph, &graph->ports[i], text);
		layout_pill(layout, text, layout->ports_y, &pill);
	}
	if (pill.width)
		layout->host.height = pill.y + LAYOUT_PILL + LAYOUT_INSET - layout->host.y;
}

/**
 * cards_place - set the cards of a group
 * @graph: borrowed
 * @layout: changed
 * @group: its upper left corner is set; completed
 * @across: how many stand in a row
 * @lines: of one card, to work with
 */
static void cards_place(const struct graph *graph, struct layout *layout, struct group *group,
			size_t across, struct card_line *lines)
{
	int width = layout_text_width(layout->columns, TEXT_SIZE) + 2 * LAYOUT_INSET;
	int y = group->box.y + GROUP_HEAD;
	int height = 0;

	for (size_t i = 0; i < group->count; i++) {
		struct card_place *card = &layout->cards[group->first + i];

		card->row = i / across;
		card->column = i % across;
		card->box.x = group->box.x + GROUP_LEFT + (int)card->column * (width + GUTTER);
		card->box.width = width;
		if (card->column == 0 && i > 0) {
			y += height + ROW_GUTTER;
			height = 0;
		}
		card->box.y = y;
		card->box.height = CARD_HEAD +
				   (int)card_lines(graph, card->container, lines) * LAYOUT_LINE +
				   LAYOUT_INSET / 2;
		if (card->box.height > height)
			height = card->box.height;
	}
	/* All cards of a row are of one height, so that what is below runs straight. */
	for (size_t i = 0; i < group->count; i++) {
		struct card_place *cards = &layout->cards[group->first];
		size_t last = i - i % across + across;

		for (size_t j = i - i % across; j < last && j < group->count; j++)
			if (cards[j].box.height > cards[i].box.height)
				cards[i].box.height = cards[j].box.height;
	}
	group->box.height = y + height + GROUP_RIGHT - group->box.y;
	group->box.width = GROUP_LEFT - GUTTER + GROUP_RIGHT +
			   (int)(group->count < across ? group->count : across) * (width + GUTTER);
	if (group->box.width < GROUP_NARROWEST)
		group->box.width = GROUP_NARROWEST;
}

/**
 * all_place - set everything
 * @graph: borrowed
 * @layout: its groups are made; completed
 * @lines: of one card, to work with
 */
static void all_place(const struct graph *graph, struct layout *layout, struct card_line *lines)
{
	size_t across = 1, most = graph->n_containers > MANY ? CARDS_ACROSS + 1 : CARDS_ACROSS;
	int y, card;

	for (size_t i = 0; i < layout->n_groups; i++)
		if (layout->groups[i].count > across)
			across = layout->groups[i].count;
	if (across > most)
		across = most;
	layout->columns = columns_of(graph, lines);
	card = layout_text_width(layout->columns, TEXT_SIZE) + 2 * LAYOUT_INSET;
	layout->width = MARGIN + TRUNK + GROUP_LEFT + (int)across * (card + GUTTER) - GUTTER +
			GROUP_RIGHT + MARGIN;
	if (layout->width < NARROWEST)
		layout->width = NARROWEST;
	host_place(graph, layout);
	y = layout->host.y + layout->host.height;
	for (size_t i = 0; i < layout->n_groups; i++) {
		struct group *group = &layout->groups[i];

		group->box = (struct box){ .x = MARGIN + TRUNK, .y = y + MARGIN };
		cards_place(graph, layout, group, across, lines);
		y = group->box.y + group->box.height;
	}
	layout->height = y + MARGIN;
}

/**
 * layout_make - find out where everything is
 * @graph: borrowed, also by the layout
 * @ret_layout: ended by the caller with layout_deinit()
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int layout_make(const struct graph *graph, struct layout *ret_layout, struct error *e)
{
	_cleanup_(freep) struct card_line *lines = calloc(CARD_LINES, sizeof(*lines));
	size_t count = graph->n_containers + 1;
	struct layout layout = {
		.groups = calloc(count, sizeof(*layout.groups)),
		.cards = calloc(count, sizeof(*layout.cards)),
		.cards_of = calloc(count, sizeof(*layout.cards_of)),
	};

	if (!lines || !layout.groups || !layout.cards || !layout.cards_of) {
		layout_deinit(&layout);
		return error_errno(e, ENOMEM, "cannot draw %zu containers", graph->n_containers);
	}
	groups_make(graph, &layout);
	all_place(graph, &layout, lines);
	*ret_layout = layout;
	return 0;
}

/**
 * layout_deinit - free a layout
 * @layout: empty afterwards
 */
void layout_deinit(struct layout *layout)
{
	free(layout->groups);
	free(layout->cards);
	free(layout->cards_of);
	*layout = (struct layout){ .n_groups = 0 };
}
