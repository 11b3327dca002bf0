/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/* Where nixos-container has its definitions on hosts that were installed before NixOS 22.05. */
#define OLD_DEFINITIONS "/etc/containers"

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
 * defined_read - read one definition
 * @paths: borrowed
 * @name: of the container, borrowed
 * @ret_defined: filled
 * @troubles: gets what is wrong with it
 * @e: filled on failure
 *
 * Returns 1, 0 when it has just gone, or -errno.
 */
static int defined_read(const struct paths *paths, const char *name, struct defined *ret_defined,
			struct audit_troubles *troubles, struct error *e)
{
	struct definition definition;
	struct error unread = ERROR_INIT;
	int r = definition_read(paths, name, &definition, &unread);

	*ret_defined = (struct defined){ .unread = r < 0 };
	if (r > 0)
		ret_defined->claim = definition_lease(&definition);
	if (r >= 0)
		return r;
	(void)snprintf(ret_defined->claim.container, sizeof(ret_defined->claim.container), "%s",
		       name);
	r = trouble_add(troubles, name, unread.text, e);
	return r < 0 ? r : 1;
}

/**
 * defined_read_old - read one definition of the directory of older versions
 * @paths: with that directory, borrowed
 * @name: of the container, borrowed
 * @ret_defined: filled
 *
 * Others have files there as well: what does not speak of a container's network is none.
 *
 * Returns whether it is one.
 */
static bool defined_read_old(const struct paths *paths, const char *name,
			     struct defined *ret_defined)
{
	struct definition definition;

	if (definition_read(paths, name, &definition, NULL) <= 0 || !definition.private_network)
		return false;
	*ret_defined =
		(struct defined){ .claim = definition_lease(&definition), .elsewhere = true };
	return true;
}

/**
 * view_read_definitions - read what all definitions say
 * @paths: borrowed
 * @view: its definitions and troubles are filled
 * @e: names the directory
 *
 * Of a container that has one in both directories the newer place counts.
 *
 * Returns 0 or -errno.
 */
int view_read_definitions(const struct paths *paths, struct view *view, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	_cleanup_(freep) char(*old_names)[CONTAINER_NAME_MAX] = NULL;
	struct paths old = *paths;
	size_t count = 0, n_old = 0, known;
	int r = definition_names(paths, &names, &count, e);

	if (r == 0)
		r = path_format(old.definitions, sizeof(old.definitions), e, "%s" OLD_DEFINITIONS,
				paths->root);
	if (r == 0)
		r = definition_names(&old, &old_names, &n_old, e);
	if (r < 0)
		return r;
	view->defined = calloc(count + n_old + 1, sizeof(*view->defined));
	if (!view->defined)
		return error_errno(e, ENOMEM, "cannot read %zu definitions", count);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = defined_read(paths, names[i], &view->defined[view->n_defined], &view->troubles,
				 e);
		view->n_defined += r > 0;
	}
	known = view->n_defined;
	for (size_t i = 0; r >= 0 && i < n_old; i++)
		if (!bsearch(old_names[i], view->defined, known, sizeof(*view->defined),
			     container_order) &&
		    defined_read_old(&old, old_names[i], &view->defined[view->n_defined]))
			view->n_defined++;
	return r < 0 ? r : 0;
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
