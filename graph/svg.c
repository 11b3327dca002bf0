/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "graph/card.h"
#include "graph/escape.h"
#include "graph/layout.h"

/*
 * Colours are classes, so that a viewer with a dark ground gets others; one that knows no media queries
 * shows the light ones. The ground is drawn, so that both are readable on any page.
 */

/* One font of one width, for the layout has to know how wide texts are. */
static const char style[] =
	"text{font-family:ui-monospace,'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,"
	"monospace;font-size:12px;fill:#475569}\n"
	".name{font-size:14px;font-weight:bold;fill:#0f172a}\n"
	".head{font-size:13px;font-weight:bold;fill:#334155}\n"
	".address{fill:#0f172a}\n"
	".port{fill:#0369a1}\n"
	".linked{fill:#6d28d9}\n"
	".middle{text-anchor:middle}\n"
	".ground{fill:#f8fafc}\n"
	".host{fill:#e2e8f0;stroke:#94a3b8}\n"
	".group{fill:#eef2f7;stroke:#cbd5e1}\n"
	".card{fill:#ffffff;stroke:#cbd5e1}\n"
	".pill{fill:#e0f2fe;stroke:#7dd3fc}\n"
	".wire{fill:none;stroke:#94a3b8;stroke-width:2;stroke-linejoin:round}\n"
	".off{stroke-dasharray:4 4}\n"
	".tie{fill:none;stroke:#8b5cf6;stroke-width:2;stroke-linejoin:round}\n"
	".end{fill:#8b5cf6}\n"
	".attached{fill:#10b981;stroke:#10b981}\n"
	".detached,.shared{fill:#94a3b8;stroke:#94a3b8}\n"
	".changed{fill:#f59e0b;stroke:#f59e0b}\n"
	".broken{fill:#ef4444;stroke:#ef4444}\n"
	"path.attached,path.detached,path.changed,path.broken{fill:none;stroke-width:2}\n"
	"@media(prefers-color-scheme:dark){\n"
	"text{fill:#94a3b8}.name,.address{fill:#f1f5f9}.head{fill:#cbd5e1}\n"
	".port{fill:#7dd3fc}.linked{fill:#c4b5fd}\n"
	".ground{fill:#0b1120}.host{fill:#1e293b;stroke:#475569}\n"
	".group{fill:#111a2e;stroke:#26334d}.card{fill:#1b2740;stroke:#334155}\n"
	".pill{fill:#0c3350;stroke:#0369a1}.wire{stroke:#64748b}\n"
	"}\n";

enum { BRANCH = 26 /* from the top of a group to the line that comes from the host */ };

/**
 * text_write - write a line of text
 * @out: changed
 * @class: of it
 * @x, @y: where its base line begins
 * @text: borrowed
 * @columns: room there
 */
static void text_write(FILE *out, const char *class, int x, int y, const char *text, size_t columns)
{
	(void)fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
	escape_xml(out, text, columns);
	(void)fputs("</text>\n", out);
}

/**
 * box_write - draw a box with round corners
 * @out: changed
 * @class: of it
 * @box: borrowed
 * @radius: of the corners
 */
static void box_write(FILE *out, const char *class, const struct box *box, int radius)
{
	(void)fprintf(out,
		      "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		      "rx=\"%d\"/>\n",
		      class, box->x, box->y, box->width, box->height, radius);
}

/**
 * pill_write - draw a small box with a text in it
 * @out: changed
 * @class: of it
 * @box: borrowed
 * @text: borrowed
 */
static void pill_write(FILE *out, const char *class, const struct box *box, const char *text)
{
	box_write(out, class, box, LAYOUT_PILL / 2);
	text_write(out, "port middle", box->x + box->width / 2, box->y + 18, text, ESCAPE_ALL);
}

/**
 * outside_write - draw what leads outside
 * @graph, @layout: borrowed
 * @out: changed
 *
 * Lines come first: where there are two rows, those of the upper one run behind the lower one.
 */
static void outside_write(const struct graph *graph, const struct layout *layout, FILE *out)
{
	static char none[] = "outside";
	char *nothing[] = { none };
	size_t count = graph->external.count ? graph->external.count : 1;
	char **names = graph->external.count ? graph->external.list : nothing;
	const char *off = graph->outside ? "" : " off";
	char class[16];

	(void)snprintf(class, sizeof(class), "pill%s", graph->external.count ? "" : " off");
	for (int pass = 0; pass < 2; pass++) {
		struct box pill = { .width = 0 };

		for (size_t i = 0; i < count; i++) {
			layout_pill(layout, names[i], layout->pills_y, &pill);
			if (pass)
				pill_write(out, class, &pill, names[i]);
			else
				(void)fprintf(out, "<path class=\"wire%s\" d=\"M%d %dV%d\"/>\n",
					      off, pill.x + pill.width / 2, pill.y + pill.height,
					      layout->host.y);
		}
	}
}

/**
 * host_write - draw the host with its published ports
 * @graph, @layout: borrowed
 * @out: changed
 */
static void host_write(const struct graph *graph, const struct layout *layout, FILE *out)
{
	const struct box *host = &layout->host;
	size_t columns = (size_t)(host->width - 2 * LAYOUT_INSET) / 8;
	char text[CARD_PORT_TEXT];
	struct box pill = { .width = 0 };
	int x = host->x + LAYOUT_INSET;

	box_write(out, "host", host, 12);
	text_write(out, "name", x, host->y + 25, graph->host, columns * 4 / 5);
	text_write(out, "", x, host->y + 44, graph->nat, columns);
	text_write(out, "", x, host->y + 44 + LAYOUT_LINE,
		   graph->open ? "containers reach each other"
			       : "only linked containers reach each other",
		   columns);
	for (size_t i = 0; i < graph->n_ports; i++) {
		card_port(graph, &graph->ports[i], text);
		layout_pill(layout, text, layout->ports_y, &pill);
		pill_write(out, "pill", &pill, text);
	}
}

/**
 * state_class - the class of what belongs to a container
 * @state: of it
 */
static const char *state_class(enum graph_state state)
{
	return state == GRAPH_HOST ? "shared" : graph_state_name(state);
}

/**
 * rows_write - draw the lines that the cards of a group hang on
 * @graph, @layout: borrowed
 * @group: borrowed
 * @out: changed
 */
static void rows_write(const struct graph *graph, const struct layout *layout,
		       const struct group *group, FILE *out)
{
	const struct card_place *cards = &layout->cards[group->first];
	int trunk = group->box.x + LAYOUT_INSET + 4;
	int bus = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct box *box = &cards[i].box;
		enum graph_state state = graph->containers[cards[i].container].state;
		bool on = state == GRAPH_ATTACHED || state == GRAPH_CHANGED;

		bus = box->y - LAYOUT_BUS;
		if (i + 1 == group->count || cards[i + 1].row != cards[i].row)
			(void)fprintf(out, "<path class=\"wire\" d=\"M%d %dH%d\"/>\n", trunk, bus,
				      box->x + box->width / 2);
		(void)fprintf(out, "<path class=\"%s%s\" d=\"M%d %dV%d\"/>\n", state_class(state),
			      on ? "" : " off", box->x + box->width / 2, bus, box->y);
	}
	(void)fprintf(out, "<path class=\"wire\" d=\"M%d %dV%d\"/>\n", trunk, group->box.y + BRANCH,
		      bus);
}

/**
 * group_write - draw the ground of a group, its title, and its lines to the host
 * @graph, @layout: borrowed
 * @group: borrowed
 * @out: changed
 */
static void group_write(const struct graph *graph, const struct layout *layout,
			const struct group *group, FILE *out)
{
	static const char *const titles[] = {
		[GROUP_CABLES] = "each on a cable of its own",
		[GROUP_BRIDGE] = "on bridge ",
		[GROUP_HOST] = "on the network of the host",
		[GROUP_APART] = "on no network",
	};
	const struct box *box = &group->box;
	bool wired = group->kind == GROUP_CABLES || group->kind == GROUP_BRIDGE;
	int trunk = (layout->host.x + box->x) / 2;
	char title[64];

	(void)snprintf(title, sizeof(title), "%s%s", titles[group->kind], group->bridge);
	box_write(out, "group", box, 12);
	if (group->kind != GROUP_APART)
		(void)fprintf(out, "<path class=\"wire%s\" d=\"M%d %dV%dH%d\"/>\n",
			      wired ? "" : " off", trunk, layout->host.y + layout->host.height,
			      box->y + BRANCH, wired ? box->x + LAYOUT_INSET + 4 : box->x);
	text_write(out, "head", box->x + 36, box->y + BRANCH + 4, title, ESCAPE_ALL);
	if (wired)
		rows_write(graph, layout, group, out);
}

/**
 * card_write - draw the card of a container
 * @graph, @layout: borrowed
 * @card: borrowed
 * @out: changed
 */
static void card_write(const struct graph *graph, const struct layout *layout,
		       const struct card_place *card, FILE *out)
{
	static const char *const classes[] = { [CARD_STATE] = "",
					       [CARD_ADDRESS] = "address",
					       [CARD_MORE] = "",
					       [CARD_PORT] = "port",
					       [CARD_LINKED] = "linked" };
	const struct graph_container *container = &graph->containers[card->container];
	const struct box *box = &card->box;
	struct card_line lines[CARD_LINES];
	size_t count = card_lines(graph, card->container, lines);
	int x = box->x + LAYOUT_INSET;

	(void)fputs("<g><title>", out);
	escape_xml(out, container->name, ESCAPE_ALL);
	(void)fputs("</title>\n", out);
	box_write(out, "card", box, 8);
	(void)fprintf(out, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/>\n",
		      state_class(container->state), x + 4, box->y + 20);
	text_write(out, "name", x + 16, box->y + 25, container->name,
		   (layout->columns - 2) * 6 / 7);
	for (size_t i = 0; i < count; i++)
		text_write(out, classes[lines[i].tone], x, box->y + 44 + (int)i * LAYOUT_LINE,
			   lines[i].text, layout->columns);
	(void)fputs("</g>\n", out);
}

/**
 * tie_write - draw the line between two linked containers
 * @layout: borrowed
 * @link: borrowed
 * @number: of the link; neighbours take other lanes of the gutters
 * @out: changed
 */
static void tie_write(const struct layout *layout, const struct graph_link *link, size_t number,
		      FILE *out)
{
	const struct card_place *from = &layout->cards[layout->cards_of[link->from]];
	const struct card_place *to = &layout->cards[layout->cards_of[link->to]];
	int lane = 6 + (int)(number % 4) * 5;
	int aside = ((int)(number % 5) - 2) * 12;
	int x = from->box.x + from->box.width / 2 + aside, y = from->box.y + from->box.height;
	int to_x = to->box.x + to->box.width / 2 + aside, to_y = to->box.y + to->box.height;

	(void)fprintf(out, "<path class=\"tie\" d=\"M%d %dV%d", x, y, y + lane);
	if (from->row != to->row)
		(void)fprintf(out, "H%dV%d", from->box.x + from->box.width + lane, to_y + lane);
	(void)fprintf(out, "H%dV%d\"/>\n", to_x, to_y);
	(void)fprintf(out,
		      "<circle class=\"end\" cx=\"%d\" cy=\"%d\" r=\"3\"/>\n"
		      "<circle class=\"end\" cx=\"%d\" cy=\"%d\" r=\"3\"/>\n",
		      x, y, to_x, to_y);
}

/**
 * graph_svg - draw a graph as SVG
 * @graph: borrowed
 * @out: changed; a failure to write shows there
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int graph_svg(const struct graph *graph, FILE *out, struct error *e)
{
	struct layout layout;
	int r = layout_make(graph, &layout, e);

	if (r < 0)
		return r;
	(void)fprintf(out,
		      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		      "viewBox=\"0 0 %d %d\" role=\"img\">\n<title>The network of ",
		      layout.width, layout.height, layout.width, layout.height);
	escape_xml(out, graph->host, ESCAPE_ALL);
	(void)fprintf(out,
		      "</title>\n<style>\n%s</style>\n"
		      "<rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n",
		      style, layout.width, layout.height);
	outside_write(graph, &layout, out);
	host_write(graph, &layout, out);
	for (size_t i = 0; i < layout.n_groups; i++)
		group_write(graph, &layout, &layout.groups[i], out);
	for (size_t i = 0; i < graph->n_containers; i++)
		card_write(graph, &layout, &layout.cards[i], out);
	for (size_t i = 0; i < graph->n_links; i++)
		tie_write(&layout, &graph->links[i], i, out);
	(void)fputs("</svg>\n", out);
	layout_deinit(&layout);
	return 0;
}
