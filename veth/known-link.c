/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/known-link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "veth/cable.h"

/**
 * links_place - where a link is, or would be
 * @links: borrowed
 * @ifindex: the link
 *
 * Returns an index. New links have the highest numbers, so that the end is looked at first.
 */
static size_t links_place(const struct known_links *links, int ifindex)
{
	size_t low = 0, high = links->count;

	if (high > 0 && links->list[high - 1].ifindex < ifindex)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->list[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/**
 * links_find - a link that is known
 * @links: borrowed
 * @ifindex: the link
 *
 * Returns it, borrowed until the next one is added, or NULL.
 */
struct known_link *links_find(const struct known_links *links, int ifindex)
{
	size_t place = links_place(links, ifindex);

	if (place == links->count || links->list[place].ifindex != ifindex)
		return NULL;
	return &links->list[place];
}

/**
 * links_add - know one more link
 * @links: changed
 * @link: not known yet, copied
 *
 * Returns 0 or -ENOMEM.
 */
int links_add(struct known_links *links, const struct known_link *link)
{
	size_t place = links_place(links, link->ifindex);

	if (links->count == links->room) {
		size_t room = links->room ? 2 * links->room : 64;
		struct known_link *list = reallocarray(links->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		links->list = list;
		links->room = room;
	}
	memmove(links->list + place + 1, links->list + place,
		(links->count - place) * sizeof(*links->list));
	links->list[place] = *link;
	links->count++;
	return 0;
}

/**
 * links_drop - forget a link
 * @links: changed
 * @link: of its list
 */
void links_drop(struct known_links *links, struct known_link *link)
{
	size_t behind = links->count - (size_t)(link - links->list) - 1;

	memmove(link, link + 1, behind * sizeof(*link));
	links->count--;
}

/**
 * link_know - what is kept of a link
 * @link: as the kernel tells it
 *
 * One that has been retired belongs to nobody.
 */
struct known_link link_know(const struct link *link)
{
	struct known_link known = {
		.ifindex = link->ifindex,
		.up = link->up,
		.mtu = link->mtu,
		.group = link->group,
		.master = link->master,
		.mac = link->mac,
	};

	memcpy(known.name, link->name, sizeof(known.name));
	(void)link_owner(link, known.container);
	return known;
}
