/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A copy of the book is older than the host. So what definitions say goes first, and of two that claim the
 * same the one that the book of now has it for; a lease of the copy that is in the way gives it up, and
 * is entered by its own definition or not at all. What is bound in the copy, and has no definition, was
 * destroyed since: it cools down like anything that was given up, unless the book of now has it so, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "transfer/backup.h"

#define ENTER_FLAGS (IPAM_REPLACE | IPAM_OVERRULE | IPAM_AS_IT_WAS)

/* Leases by the names of containers. */
struct leases {
	struct ipam_lease *list; /* owned */
	size_t count;
};

/* What a definition says. */
struct claim {
	struct ipam_lease lease;
	bool read; /* it could be */
	bool entered;
};

/* A copy on its way to be the book. */
struct merge {
	struct ipam *copy;
	struct leases held, now; /* in the copy as it was, and in the book */
	bool readable;           /* there is a book of now */
	struct claim *claims;    /* one for each definition, by name; owned */
	size_t n_claims;
	struct restore_report *report;
};

/**
 * name_order - compare a name with that at the beginning of a lease or claim; for bsearch()
 * @key: a name
 * @row: begins with a lease, which begins with its name
 */
static int name_order(const void *key, const void *row)
{
	return strcmp(key, ((const struct ipam_lease *)row)->container);
}

/**
 * leases_find - what somebody has
 * @leases: borrowed
 * @name: borrowed
 *
 * Returns it, or NULL.
 */
static const struct ipam_lease *leases_find(const struct leases *leases, const char *name)
{
	return leases->count ? bsearch(name, leases->list, leases->count, sizeof(*leases->list),
				       name_order)
			     : NULL;
}

/**
 * claim_find - the claim of a container
 * @merge: borrowed
 * @name: borrowed
 *
 * Returns it, or NULL when there is no definition of it.
 */
static struct claim *claim_find(const struct merge *merge, const char *name)
{
	return merge->n_claims ? bsearch(name, merge->claims, merge->n_claims,
					 sizeof(*merge->claims), name_order)
			       : NULL;
}

/**
 * has_address - whether a lease has an address inside
 * @lease: borrowed
 */
static bool has_address(const struct ipam_lease *lease)
{
	return addr_is_set(&lease->v4.local.addr) || addr_is_set(&lease->v6.local.addr);
}

/**
 * same_inside - whether two have the same addresses inside
 * @a, @b: borrowed
 */
static bool same_inside(const struct ipam_lease *a, const struct ipam_lease *b)
{
	return addr_equal(&a->v4.local.addr, &b->v4.local.addr) &&
	       addr_equal(&a->v6.local.addr, &b->v6.local.addr);
}

/**
 * refuse - remember that something has no place
 * @merge: changed
 * @container: whose, borrowed
 * @what: and why, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int refuse(struct merge *merge, const char *container, const char *what, struct error *e)
{
	struct restore_report *report = merge->report;
	struct restore_refusal *list =
		reallocarray(report->refused, report->n_refused + 1, sizeof(*list));

	if (!list)
		return error_errno(e, ENOMEM, "cannot restore the address book");
	report->refused = list;
	list += report->n_refused++;
	(void)snprintf(list->container, sizeof(list->container), "%s", container);
	(void)snprintf(list->what, sizeof(list->what), "%s", what);
	return 0;
}

/**
 * claim_complete - add to what a definition says what only a book knows
 * @merge: borrowed
 * @lease: changed
 *
 * The MAC, the reason, and that a pool has given out what could be chosen as well.
 */
static void claim_complete(const struct merge *merge, struct ipam_lease *lease)
{
	const struct ipam_lease *known = leases_find(&merge->now, lease->container);

	if (!known)
		known = leases_find(&merge->held, lease->container);
	lease->v4.automatic = !known || known->v4.automatic;
	lease->v6.automatic = !known || known->v6.automatic;
	if (known && !mac_is_set(&lease->mac))
		lease->mac = known->mac;
	if (known && known->reason[0])
		memcpy(lease->reason, known->reason, sizeof(lease->reason));
}

/**
 * claims_read - read what definitions say
 * @paths: borrowed
 * @merge: changed
 * @e: filled on failure
 *
 * One that cannot be read says nothing, and is told.
 *
 * Returns 0 or -errno.
 */
static int claims_read(const struct paths *paths, struct merge *merge, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count;
	int r = definition_names(paths, &names, &count, e);

	if (r < 0)
		return r;
	merge->claims = calloc(count + 1, sizeof(*merge->claims));
	if (!merge->claims)
		return error_errno(e, ENOMEM, "cannot restore the address book");
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct ipam_lease *lease = &merge->claims[merge->n_claims++].lease;
		struct error unread = ERROR_INIT;
		struct definition definition;

		r = definition_read(paths, names[i], &definition, &unread);
		if (r > 0) {
			*lease = definition_lease(&definition);
			claim_complete(merge, lease);
			merge->claims[i].read = true;
			continue;
		}
		memcpy(lease->container, names[i], sizeof(lease->container));
		r = r < 0 ? refuse(merge, names[i], unread.text, e) : 0;
	}
	return r < 0 ? r : 0;
}

/**
 * release_lost - give up what nobody has any more
 * @merge: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int release_lost(struct merge *merge, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < merge->held.count; i++) {
		const struct ipam_lease *held = &merge->held.list[i];
		const struct ipam_lease *now = leases_find(&merge->now, held->container);

		const struct claim *claim = claim_find(merge, held->container);

		if (held->state != IPAM_BOUND ||
		    (claim && (!claim->read || has_address(&claim->lease))) ||
		    (!claim && now && now->state == IPAM_BOUND && same_inside(now, held)))
			continue;
		r = ipam_release(merge->copy, held->container, "restored: it has no definition", e);
	}
	return r < 0 ? r : 0;
}

/**
 * is_in_way - whether a lease of the copy has what a definition claims
 * @merge: borrowed
 * @held: borrowed
 * @claim: borrowed
 *
 * Several definitions may have the same host end.
 */
static bool is_in_way(const struct merge *merge, const struct ipam_lease *held,
		      const struct ipam_lease *claim)
{
	const struct addr *const has[] = { &held->v4.local.addr, &held->v4.host,
					   &held->v6.local.addr, &held->v6.host };
	const struct claim *own = claim_find(merge, held->container);

	if (strcmp(held->container, claim->container) == 0 || (own && own->entered))
		return false;
	if (mac_is_set(&claim->mac) && mac_equal(&held->mac, &claim->mac))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(has); i++)
		if (addr_is_set(has[i]) && (addr_equal(has[i], &claim->v4.local.addr) ||
					    addr_equal(has[i], &claim->v6.local.addr) ||
					    (!own && (addr_equal(has[i], &claim->v4.host) ||
						      addr_equal(has[i], &claim->v6.host)))))
			return true;
	return false;
}

/**
 * make_way - have leases of the copy give up what a definition claims
 * @merge: changed
 * @claim: borrowed
 * @e: filled on failure
 *
 * Returns how many did, or -errno.
 */
static int make_way(struct merge *merge, const struct ipam_lease *claim, struct error *e)
{
	int made = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < merge->held.count; i++) {
		const struct ipam_lease *held = &merge->held.list[i];
		char what[IPAM_REASON_MAX];

		if (!is_in_way(merge, held, claim))
			continue;
		(void)snprintf(what, sizeof(what), "restored: container %s has its address",
			       claim->container);
		r = ipam_release(merge->copy, held->container, what, e);
		if (r <= 0)
			continue;
		made++;
		if (!claim_find(merge, held->container))
			r = refuse(merge, held->container, what, e);
	}
	return r < 0 ? r : made;
}

/**
 * claim_take - have the copy say what a definition does
 * @merge: changed
 * @claim: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int claim_take(struct merge *merge, struct claim *claim, struct error *e)
{
	struct error refused = ERROR_INIT;
	struct ipam_lease entered;
	int made = 0;
	int r = ipam_lease(merge->copy, &claim->lease, ENTER_FLAGS, &entered, &refused);

	if (r == -EADDRINUSE)
		made = make_way(merge, &claim->lease, e);
	if (made < 0)
		return made;
	if (made)
		r = ipam_lease(merge->copy, &claim->lease, ENTER_FLAGS, &entered, &refused);
	if (r == -EADDRINUSE) { /* it may be the host's end, which several may have */
		entered = claim->lease;
		r = claim_enter(merge->copy, &entered, false, &refused);
	}
	claim->entered = true;
	if (r == -EADDRINUSE || r == -EINVAL || r == -EEXIST)
		return refuse(merge, claim->lease.container, refused.text, e);
	if (r < 0 && e)
		*e = refused;
	return r < 0 ? r : 0;
}

/**
 * claims_enter - have the copy say what definitions do
 * @merge: changed
 * @e: filled on failure
 *
 * Those go first that have had it until now.
 *
 * Returns 0 or -errno.
 */
static int claims_enter(struct merge *merge, struct error *e)
{
	const struct leases *known = merge->readable ? &merge->now : &merge->held;
	int r = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; r == 0 && i < merge->n_claims; i++) {
			struct claim *claim = &merge->claims[i];
			const struct ipam_lease *had = leases_find(known, claim->lease.container);
			bool first = had && same_inside(had, &claim->lease);

			if (!claim->entered && first == (pass == 0) && has_address(&claim->lease))
				r = claim_take(merge, claim, e);
		}
	return r;
}

/**
 * copy_merge - make of a copy of the book what is to take its place
 * @paths: borrowed
 * @copy: changed
 * @book: as it is, borrowed; NULL when it cannot be read
 * @report: gets what has no place
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int copy_merge(const struct paths *paths, struct ipam *copy, struct ipam *book,
	       struct restore_report *report, struct error *e)
{
	struct merge merge = { .copy = copy, .readable = book, .report = report };
	int r = ipam_list(copy, &merge.held.list, &merge.held.count, e);

	if (r == 0 && book)
		r = ipam_list(book, &merge.now.list, &merge.now.count, e);
	if (r == 0 && book)
		r = ipam_carry(book, copy, e);
	if (r == 0)
		r = claims_read(paths, &merge, e);
	if (r == 0)
		r = release_lost(&merge, e);
	if (r == 0)
		r = claims_enter(&merge, e);
	free(merge.held.list);
	free(merge.now.list);
	free(merge.claims);
	return r;
}
