/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * claimed_order - the order of claims; the comparison of qsort()
 * @a, @b: struct claimed
 */
static int claimed_order(const void *a, const void *b)
{
	const struct claimed *left = a, *right = b;
	int order = addr_order(&left->addr, &right->addr);

	return order ? order : strcmp(left->container, right->container);
}

/**
 * index_add - add a claim
 * @index: with room for it
 * @addr: borrowed; none is not added
 * @container: whose it is, borrowed for as long as the index is used
 * @host: whether it is the host's end
 */
static void index_add(struct index *index, const struct addr *addr, const char *container,
		      bool host)
{
	if (addr_is_set(addr))
		index->list[index->count++] = (struct claimed){ *addr, container, host };
}

/**
 * index_add_lease - add all addresses of a lease
 * @index: with room for them
 * @lease: borrowed for as long as the index is used
 */
static void index_add_lease(struct index *index, const struct ipam_lease *lease)
{
	index_add(index, &lease->v4.local.addr, lease->container, false);
	index_add(index, &lease->v6.local.addr, lease->container, false);
	index_add(index, &lease->v4.host, lease->container, true);
	index_add(index, &lease->v6.host, lease->container, true);
}

/**
 * index_begin - make an empty index
 * @leases: how many will be added
 * @index: filled
 *
 * Returns false without memory.
 */
static bool index_begin(size_t leases, struct index *index)
{
	index->count = 0;
	index->room = 4 * leases + 1;
	index->list = calloc(index->room, sizeof(*index->list));
	return index->list;
}

/**
 * index_make - make the indexes of book and definitions
 * @view: borrowed for as long as they are used
 * @ret_book, @ret_definitions: ended with index_deinit(), after a failure too
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int index_make(const struct view *view, struct index *ret_book, struct index *ret_definitions,
	       struct error *e)
{
	if (!index_begin(view->n_leases, ret_book) ||
	    !index_begin(view->n_defined, ret_definitions))
		return error_errno(e, ENOMEM, "cannot compare %zu leases", view->n_leases);
	for (size_t i = 0; i < view->n_leases; i++)
		index_add_lease(ret_book, &view->leases[i]);
	for (size_t i = 0; i < view->n_defined; i++)
		index_add_lease(ret_definitions, &view->defined[i].claim);
	qsort(ret_book->list, ret_book->count, sizeof(*ret_book->list), claimed_order);
	qsort(ret_definitions->list, ret_definitions->count, sizeof(*ret_definitions->list),
	      claimed_order);
	return 0;
}

/**
 * index_deinit - let go of an index
 * @index: as index_make() left it, or all zero
 */
void index_deinit(struct index *index)
{
	free(index->list);
	*index = (struct index){ .count = 0 };
}

/**
 * index_find - the first claim on an address
 * @index: borrowed
 * @addr: borrowed
 *
 * Returns NULL when there is none; others follow in the list.
 */
const struct claimed *index_find(const struct index *index, const struct addr *addr)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_order(&index->list[middle].addr, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->count && addr_order(&index->list[low].addr, addr) == 0
		       ? &index->list[low]
		       : NULL;
}

/**
 * index_other - a claim that another container has on an address
 * @index: borrowed
 * @addr: borrowed
 * @container: whose claim does not count, borrowed
 *
 * Returns NULL when there is none.
 */
const struct claimed *index_other(const struct index *index, const struct addr *addr,
				  const char *container)
{
	const struct claimed *claim = index_find(index, addr);
	const struct claimed *end = index->list + index->count;

	for (; claim && claim < end && addr_equal(&claim->addr, addr); claim++)
		if (strcmp(claim->container, container) != 0)
			return claim;
	return NULL;
}
