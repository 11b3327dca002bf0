/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/**
 * addr_order - the order of addresses, by family and bytes
 * @a, @b: borrowed
 */
int addr_order(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/**
 * trouble_add - remember what could not be read
 * @troubles: changed
 * @container: whose, borrowed; "": nobody's
 * @what: and why, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int trouble_add(struct audit_troubles *troubles, const char *container, const char *what,
		struct error *e)
{
	struct audit_trouble *trouble;

	if (troubles->count == troubles->room) {
		size_t room = troubles->room ? troubles->room * 2 : 16;
		struct audit_trouble *list = reallocarray(troubles->list, room, sizeof(*list));

		if (!list)
			return error_errno(e, ENOMEM, "cannot list what could not be read");
		troubles->list = list;
		troubles->room = room;
	}
	trouble = &troubles->list[troubles->count++];
	(void)snprintf(trouble->container, sizeof(trouble->container), "%s", container);
	(void)snprintf(trouble->what, sizeof(trouble->what), "%s", what);
	return 0;
}

/**
 * container_order - the order of rows that begin with the name of a container; for qsort(), bsearch()
 * @a, @b: the names
 */
int container_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

_Static_assert(offsetof(struct ipam_lease, container) == 0, "sorted by their first bytes");
_Static_assert(offsetof(struct defined, claim) == 0, "sorted by their first bytes");
_Static_assert(offsetof(struct attached, container) == 0, "sorted by their first bytes");

/**
 * view_add_defined - remember what a definition says; a defined_visit
 * @data: the view
 * @visited: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int view_add_defined(void *data, const struct visited *visited, struct error *e)
{
	struct view *view = data;

	if (!visited->named)
		return 0;
	if (view->n_defined == view->room_defined) {
		size_t room = view->room_defined ? view->room_defined * 2 : 64;
		struct defined *list = reallocarray(view->defined, room, sizeof(*list));

		if (!list)
			return error_errno(e, ENOMEM, "cannot read %zu definitions", room);
		view->defined = list;
		view->room_defined = room;
	}
	view->defined[view->n_defined++] = visited->defined;
	return visited->unread
		       ? trouble_add(&view->troubles, visited->name, visited->unread->text, e)
		       : 0;
}

/**
 * view_read_definitions - read what all definitions say
 * @paths: borrowed
 * @view: its definitions and troubles are filled
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
int view_read_definitions(const struct paths *paths, struct view *view, struct error *e)
{
	return definitions_each(paths, view_add_defined, view, e);
}

/**
 * sighting_order - the order of sightings; the comparison of qsort()
 * @a, @b: struct sighting
 */
static int sighting_order(const void *a, const void *b)
{
	const struct sighting *left = a, *right = b;
	int order = addr_order(&left->addr, &right->addr);

	return order ? order : strcmp(left->link, right->link);
}

/**
 * view_sort - put all lists in the order in which they are compared
 * @view: changed
 */
void view_sort(struct view *view)
{
	if (view->n_leases)
		qsort(view->leases, view->n_leases, sizeof(*view->leases), container_order);
	if (view->n_defined)
		qsort(view->defined, view->n_defined, sizeof(*view->defined), container_order);
	if (view->n_attached)
		qsort(view->attached, view->n_attached, sizeof(*view->attached), container_order);
	if (view->n_sightings)
		qsort(view->sightings, view->n_sightings, sizeof(*view->sightings), sighting_order);
}

/**
 * view_lease - the lease of a container
 * @view: sorted, borrowed
 * @container: its name, borrowed
 *
 * Returns NULL when it has none.
 */
const struct ipam_lease *view_lease(const struct view *view, const char *container)
{
	return view->n_leases ? bsearch(container, view->leases, view->n_leases,
					sizeof(*view->leases), container_order)
			      : NULL;
}

/**
 * view_defined - the definition of a container
 * @view: sorted, borrowed
 * @container: its name, borrowed
 *
 * Returns NULL when it has none.
 */
const struct defined *view_defined(const struct view *view, const char *container)
{
	return view->n_defined ? bsearch(container, view->defined, view->n_defined,
					 sizeof(*view->defined), container_order)
			       : NULL;
}

/**
 * view_attached - what the kernel has of a container
 * @view: sorted, borrowed
 * @container: its name, borrowed
 *
 * Returns NULL when it has nothing.
 */
const struct attached *view_attached(const struct view *view, const char *container)
{
	return view->n_attached ? bsearch(container, view->attached, view->n_attached,
					  sizeof(*view->attached), container_order)
				: NULL;
}

/**
 * view_read_book - read what the book says
 * @paths: borrowed
 * @view: its leases and pools are filled
 * @e: names the book
 *
 * Returns 0 or -errno.
 */
static int view_read_book(const struct paths *paths, struct view *view, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	int r = book_open(paths, IPAM_READ, &ipam, e);

	if (r >= 0)
		r = ipam_verify(ipam, e);
	if (r >= 0)
		r = ipam_list(ipam, &view->leases, &view->n_leases, e);
	if (r >= 0)
		r = ipam_usage(ipam, &view->pools, &view->n_pools, e);
	return r < 0 ? r : 0;
}

/**
 * view_read - read book, definitions and kernel
 * @paths: borrowed; of a tree that is not this host's, only what its files say
 * @ret_view: sorted; the caller ends with view_deinit(), after a failure too
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int view_read(const struct paths *paths, struct view *ret_view, struct error *e)
{
	int r;

	*ret_view = (struct view){ .kernel = !paths->root[0] };
	r = view_read_book(paths, ret_view, e);
	if (r == 0)
		r = view_read_definitions(paths, ret_view, e);
	view_sort(ret_view);
	if (r == 0 && ret_view->kernel)
		r = view_read_kernel(paths, ret_view, e);
	view_sort(ret_view);
	return r;
}

/**
 * view_deinit - let go of what was read
 * @view: as view_read() left it, or all zero
 */
void view_deinit(struct view *view)
{
	free(view->leases);
	free(view->defined);
	free(view->attached);
	free(view->sightings);
	free(view->untagged);
	free(view->pools);
	free(view->troubles.list);
	*view = (struct view){ .kernel = false };
}
