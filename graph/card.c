/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "graph/card.h"

#include <stdarg.h>

#define KIND_LINES 4 /* of one kind; when there are more, the last one says how many */

/* Lines being made. */
struct card {
	struct card_line *lines;
	size_t count;
	size_t of_kind, left_out;
};

/**
 * kind_begin - go on with lines of another kind
 * @card: changed
 */
static void kind_begin(struct card *card)
{
	card->of_kind = 0;
	card->left_out = 0;
}

/**
 * line_add - put a line at the end
 * @card: changed
 * @tone: its kind
 * @format: its text
 */
__attribute__((format(printf, 3, 4))) static void line_add(struct card *card, enum card_tone tone,
							   const char *format, ...)
{
	struct card_line *line = &card->lines[card->count];
	va_list arguments;

	if (card->of_kind == KIND_LINES) {
		line--;
		card->left_out += card->left_out ? 1 : 2;
		(void)snprintf(line->text, sizeof(line->text), "and %zu more", card->left_out);
		return;
	}
	card->of_kind++;
	card->count++;
	line->tone = tone;
	va_start(arguments, format);
	(void)vsnprintf(line->text, sizeof(line->text), format, arguments);
	va_end(arguments);
}

/**
 * card_lines - what is written on the card of a container, below its name
 * @graph: borrowed
 * @place: of the container
 * @lines: filled
 *
 * Returns how many lines there are.
 */
size_t card_lines(const struct graph *graph, size_t place, struct card_line lines[CARD_LINES])
{
	const struct graph_container *container = &graph->containers[place];
	struct card card = { .lines = lines };

	line_add(&card, CARD_STATE, "%s%s%s", graph_state_name(container->state),
		 container->link[0] ? " · " : "", container->link);
	for (size_t i = 0; i < 2; i++)
		if (container->addresses[i][0])
			line_add(&card, CARD_ADDRESS, "%s", container->addresses[i]);
	kind_begin(&card);
	for (size_t i = 0; i < container->more.count; i++)
		line_add(&card, CARD_MORE, "%s", container->more.list[i]);
	kind_begin(&card);
	for (size_t i = 0; i < graph->n_ports; i++)
		if (graph->ports[i].container == place)
			line_add(&card, CARD_PORT, "%s → %s", graph->ports[i].host,
				 graph->ports[i].inside);
	kind_begin(&card);
	for (size_t i = 0; i < graph->n_links; i++) {
		const struct graph_link *link = &graph->links[i];

		if (link->from == place || link->to == place)
			line_add(&card, CARD_LINKED, "⇄ %s",
				 graph->containers[link->from == place ? link->to : link->from]
					 .name);
	}
	return card.count;
}

/**
 * card_port - published ports, as the host has them
 * @graph: borrowed
 * @port: borrowed
 * @text: filled
 */
void card_port(const struct graph *graph, const struct graph_port *port, char text[CARD_PORT_TEXT])
{
	(void)snprintf(text, CARD_PORT_TEXT, "%s → %s:%s", port->host,
		       graph->containers[port->container].name, port->inside);
}
