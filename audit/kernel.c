/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/view.h"
#include "base/cleanup.h"
#include "base/netns.h"

/*
 * Links, addresses and routes of the host are one dump each, however many containers there are; of
 * each namespace that is pinned, eth0 and its addresses are read.
 */

/**
 * row_add - make room for one row more of a list
 * @list: changed; of rows of @size bytes
 * @count: how many there are; one more afterwards
 * @room: for how many there is room
 * @size: of a row
 * @e: filled on failure
 *
 * Returns the row, or NULL without memory.
 */
static void *row_add(void *list, size_t *count, size_t *room, size_t size, struct error *e)
{
	void **rows = list;

	if (*count == *room) {
		size_t wanted = *room ? *room * 2 : 64;
		void *grown = reallocarray(*rows, wanted, size);

		if (!grown) {
			(void)error_errno(e, ENOMEM, "cannot remember what the kernel has");
			return NULL;
		}
		*rows = grown;
		*room = wanted;
	}
	return (char *)*rows + (*count)++ * size;
}

/**
 * sighting_add - remember where an address was seen
 * @view: changed
 * @sighting: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int sighting_add(struct view *view, const struct sighting *sighting, struct error *e)
{
	struct sighting *row = row_add(&view->sightings, &view->n_sightings, &view->room_sightings,
				       sizeof(*row), e);

	if (!row)
		return -ENOMEM;
	*row = *sighting;
	return 0;
}

/**
 * is_cable_name - whether a link is called like the host end of a cable
 * @link: borrowed
 */
static bool is_cable_name(const char *link)
{
	return strncmp(link, NAT_PREFIX, strlen(NAT_PREFIX)) == 0 ||
	       strncmp(link, NAT_PREFIX_BRIDGED, strlen(NAT_PREFIX_BRIDGED)) == 0;
}

/**
 * name_owner - which container a link without a tag is called after
 * @view: its definitions and leases are sorted
 * @link: borrowed, with one of our prefixes
 *
 * That of nixos-container has none. Shortened names are looked for one by one.
 *
 * Returns a name, or NULL.
 */
static const char *name_owner(const struct view *view, const char *link)
{
	const char *name = link + strlen(NAT_PREFIX);
	const struct defined *defined = view_defined(view, name);
	char shortened[IFNAMSIZ], altname[VETH_ALTNAME_MAX];

	if (defined)
		return defined->claim.container;
	for (size_t i = 0; strlen(link) == IFNAMSIZ - 1 && i < view->n_defined; i++) {
		const struct ipam_lease *claim = &view->defined[i].claim;

		if (veth_link_name(claim->container, claim->bridge[0], shortened, altname) &&
		    strcmp(shortened, link) == 0)
			return claim->container;
	}
	return NULL;
}

/**
 * links_take - find out whose the links are
 * @view: its list of links without owner is filled
 * @links: those without a tag that are called after a container get it as their owner
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int links_take(struct view *view, struct veth_links *links, struct error *e)
{
	for (size_t i = 0; i < links->count; i++) {
		struct veth_link *link = &links->list[i];
		struct untagged *row;
		const char *owner;

		if (link->container[0] || !is_cable_name(link->name) ||
		    strchr(link->name, '.') == link->name + strlen(NAT_PREFIX))
			continue;
		owner = name_owner(view, link->name);
		if (owner) {
			memcpy(link->container, owner, strlen(owner) + 1);
			continue;
		}
		row = row_add(&view->untagged, &view->n_untagged, &view->room_untagged,
			      sizeof(*row), e);
		if (!row)
			return -ENOMEM;
		memcpy(row->link, link->name, sizeof(row->link));
	}
	return 0;
}

/**
 * uses_take - take what is about one address alone out of addresses and routes
 * @view: its sightings are filled
 * @uses: borrowed
 * @links: with their owners, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int uses_take(struct view *view, const struct veth_uses *uses,
		     const struct veth_links *links, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < uses->count; i++) {
		const struct veth_use *use = &uses->list[i];
		const struct veth_link *link = veth_links_at(links, use->ifindex);
		struct sighting sighting = { .addr = use->prefix.addr,
					     .place = use->kind == VETH_USE_ADDRESS
							      ? SIGHTING_LINK
							      : SIGHTING_ROUTE };

		if ((use->kind != VETH_USE_ADDRESS && use->kind != VETH_USE_ROUTE) ||
		    use->prefix.length != addr_bits(&use->prefix.addr) || !link ||
		    addr_is_loopback(&use->prefix.addr))
			continue;
		memcpy(sighting.link, link->name, sizeof(sighting.link));
		memcpy(sighting.container, link->container, sizeof(sighting.container));
		r = sighting_add(view, &sighting, e);
	}
	return r;
}

/**
 * attached_add - remember that the kernel has something of a container
 * @view: changed
 * @name: of it, borrowed
 * @inside: of its namespace, borrowed; NULL: none is pinned
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int attached_add(struct view *view, const char *name, const struct veth_inside *inside,
			struct error *e)
{
	struct attached *row =
		row_add(&view->attached, &view->n_attached, &view->room_attached, sizeof(*row), e);
	int r = 0;

	if (!row)
		return -ENOMEM;
	*row = (struct attached){ .pinned = inside };
	memcpy(row->container, name, strlen(name) + 1);
	if (!inside)
		return 0;
	row->eth0 = inside->present;
	row->mac = inside->mac;
	for (size_t i = 0; r == 0 && i < inside->count; i++) {
		struct sighting sighting = { .addr = inside->list[i],
					     .place = SIGHTING_INSIDE,
					     .link = VETH_INSIDE };

		memcpy(sighting.container, name, strlen(name) + 1);
		r = sighting_add(view, &sighting, e);
	}
	return r;
}

/**
 * namespace_take - look into the namespace of a container
 * @paths: borrowed
 * @veth: the session
 * @view: changed
 * @name: of the container, borrowed
 * @e: filled on failure
 *
 * One that cannot be looked into is said apart.
 *
 * Returns 0 or -errno.
 */
static int namespace_take(const struct paths *paths, struct veth *veth, struct view *view,
			  const char *name, struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	struct veth_inside inside = { .present = false };
	struct error unread = ERROR_INIT;
	char path[PATH_MAX];
	int r = paths_namespace(paths, name, path, e);

	if (r < 0)
		return r;
	r = netns_open(path, &ns, &unread);
	if (r == 0)
		return 0;
	if (r > 0)
		r = veth_inside_read(veth, ns, &inside, &unread);
	if (r < 0)
		return trouble_add(&view->troubles, name, unread.text, e);
	return attached_add(view, name, &inside, e);
}

/**
 * attached_read - look at all that is attached
 * @paths: borrowed
 * @veth: the session
 * @links: with their owners, borrowed
 * @view: its attached containers and their addresses are filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int attached_read(const struct paths *paths, struct veth *veth,
			 const struct veth_links *links, struct view *view, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count = 0, pinned;
	int r = attached_names(paths, &names, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = namespace_take(paths, veth, view, names[i], e);
	pinned = view->n_attached;
	for (size_t i = 0; r == 0 && i < links->count; i++) {
		const char *owner = links->list[i].container;

		/* attached_names() sorts, so that these are sorted up to here. */
		if (owner[0] && !(pinned && bsearch(owner, view->attached, pinned,
						    sizeof(*view->attached), container_order)))
			r = attached_add(view, owner, NULL, e);
	}
	return r;
}

/**
 * view_read_kernel - read what the kernel has
 * @paths: borrowed
 * @view: its definitions are read and sorted; changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int view_read_kernel(const struct paths *paths, struct view *view, struct error *e)
{
	_cleanup_(veth_closep) struct veth *veth = NULL;
	struct veth_links links = { .count = 0 };
	struct veth_uses uses = { .count = 0 };
	int r = veth_open(&veth, e);

	if (r == 0)
		r = veth_links_read(veth, VETH_LINKS_ALL, &links, e);
	if (r == 0)
		r = links_take(view, &links, e);
	if (r == 0)
		r = veth_uses_read(veth, &uses, e);
	if (r == 0)
		r = uses_take(view, &uses, &links, e);
	if (r == 0)
		r = attached_read(paths, veth, &links, view, e);
	free(links.list);
	free(uses.list);
	return r;
}
