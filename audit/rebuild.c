/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Definitions say what nearly everybody has; the kernel knows of those whose definition is gone, too; and
 * only the book knows what is reserved and why, what cools down and what happened before, which is taken
 * over as far as it can still be read. Of who is attached, or has a definition that cannot be read, it is
 * also what he had. What the old book has for nobody else is told, and cools down as what is given up.
 *
 * The new book is made in memory, in as few transactions as there can be, and then put in the place of
 * the old one. All of that is done under the lock of the definitions, so that nobody adds a lease to
 * the old one meanwhile. What several claim is entered once, for whoever has it in the kernel, and
 * else for the first by name; the others are told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/finding.h"
#include "base/cleanup.h"
#include "base/file.h"

#define ENTER_FLAGS (IPAM_REPLACE | IPAM_OVERRULE | IPAM_AS_IT_WAS)

/* A book that is being made. */
struct rebuild {
	struct paths paths; /* with a book that is not there */
	struct view view;
	struct ipam_lease *claims; /* what is to be entered; owned */
	size_t n_claims, room;
	struct ipam *ipam;
	struct ipam *old; /* as far as it can be opened, or NULL */
	struct audit_rebuilt *rebuilt;
};

/**
 * claim_add - add something that is to be entered
 * @rebuild: changed
 * @lease: borrowed
 * @reason: why, borrowed; NULL: that of the lease
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int claim_add(struct rebuild *rebuild, const struct ipam_lease *lease, const char *reason,
		     struct error *e)
{
	struct ipam_lease *claim;

	if (rebuild->n_claims == rebuild->room) {
		size_t room = rebuild->room ? rebuild->room * 2 : 64;
		struct ipam_lease *claims = reallocarray(rebuild->claims, room, sizeof(*claims));

		if (!claims)
			return error_errno(e, ENOMEM, "cannot rebuild the address book");
		rebuild->claims = claims;
		rebuild->room = room;
	}
	claim = &rebuild->claims[rebuild->n_claims++];
	*claim = *lease;
	claim_as_it_was(claim, view_lease(&rebuild->view, lease->container));
	if (reason)
		(void)snprintf(claim->reason, sizeof(claim->reason), "%s", reason);
	return 0;
}

/**
 * claims_of_definitions - add what definitions claim, those that are attached first
 * @rebuild: changed
 * @elsewhere: of those in the older place, and else of the others
 * @e: filled on failure
 *
 * The reason that the old book had for a lease is kept where it can be read.
 *
 * Returns 0 or -ENOMEM.
 */
static int claims_of_definitions(struct rebuild *rebuild, bool elsewhere, struct error *e)
{
	const struct view *view = &rebuild->view;
	int r = 0;

	for (int attached = 1; attached >= 0; attached--)
		for (size_t i = 0; r == 0 && i < view->n_defined; i++) {
			const struct ipam_lease *claim = &view->defined[i].claim;
			const struct ipam_lease *old = view_lease(view, claim->container);

			if (!!view_attached(view, claim->container) != attached ||
			    view->defined[i].elsewhere != elsewhere ||
			    (!addr_is_set(&claim->v4.local.addr) &&
			     !addr_is_set(&claim->v6.local.addr)))
				continue;
			r = claim_add(rebuild, claim,
				      old && old->reason[0] ? old->reason
							    : "rebuilt: by its definition",
				      e);
		}
	return r;
}

/**
 * claims_of_kernel - add what is attached of containers without a definition
 * @rebuild: changed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int claims_of_kernel(struct rebuild *rebuild, struct error *e)
{
	const struct view *view = &rebuild->view;
	int r = 0;

	for (size_t i = 0; r == 0 && i < view->n_attached; i++) {
		struct ipam_lease lease = { .state = IPAM_BOUND, .mac = view->attached[i].mac };

		memcpy(lease.container, view->attached[i].container, sizeof(lease.container));
		if (view_defined(view, lease.container))
			continue;
		for (size_t j = 0; j < view->n_sightings; j++) {
			const struct sighting *at = &view->sightings[j];
			struct ipam_pair *pair = at->addr.family == AF_INET ? &lease.v4 : &lease.v6;

			if (strcmp(at->container, lease.container) != 0)
				continue;
			if (at->place == SIGHTING_LINK)
				pair->host = at->addr;
			else if (!addr_is_set(&pair->local.addr))
				pair->local = (struct prefix){ at->addr, addr_bits(&at->addr) };
		}
		/* A link-local address of the host's end is no end of a pair. */
		if (!addr_is_set(&lease.v4.local.addr))
			lease.v4.host = (struct addr){ 0 };
		if (!addr_is_set(&lease.v6.local.addr))
			lease.v6.host = (struct addr){ 0 };
		if (addr_is_set(&lease.v4.local.addr) || addr_is_set(&lease.v6.local.addr))
			r = claim_add(rebuild, &lease, "rebuilt: it is attached", e);
	}
	return r;
}

/**
 * refusal_add - remember what is not in the new book
 * @list, @count: changed
 * @container: whose, borrowed
 * @what: and why, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int refusal_add(struct audit_refusal **list, size_t *count, const char *container,
		       const char *what, struct error *e)
{
	struct audit_refusal *more = reallocarray(*list, *count + 1, sizeof(*more));

	if (!more)
		return error_errno(e, ENOMEM, "cannot rebuild the address book");
	*list = more;
	more += (*count)++;
	(void)snprintf(more->container, sizeof(more->container), "%s", container);
	(void)snprintf(more->what, sizeof(more->what), "%s", what);
	return 0;
}

/**
 * claim_refuse - remember that a claim could not be entered
 * @rebuild: changed
 * @container: whose, borrowed
 * @what: and why, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int claim_refuse(struct rebuild *rebuild, const char *container, const char *what,
			struct error *e)
{
	return refusal_add(&rebuild->rebuilt->refused, &rebuild->rebuilt->n_refused, container,
			   what, e);
}

/**
 * claim_enter_one - enter one claim that cannot be entered together with others
 * @rebuild: changed
 * @claim: borrowed
 * @elsewhere: whether its definition is in the older place
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int claim_enter_one(struct rebuild *rebuild, const struct ipam_lease *claim, bool elsewhere,
			   struct error *e)
{
	struct ipam_lease entered = *claim;
	struct error refused = ERROR_INIT;
	int r = claim_enter(rebuild->ipam, &entered, elsewhere, &refused);

	if (r >= 0) {
		rebuild->rebuilt->leases++;
		rebuild->rebuilt->reserved += elsewhere;
		return 0;
	}
	if (r != -EADDRINUSE && r != -EINVAL && r != -EEXIST) {
		if (e)
			*e = refused;
		return r;
	}
	return claim_refuse(rebuild, claim->container, refused.text, e);
}

/**
 * claims_enter - enter some of the claims
 * @rebuild: changed
 * @first, @count: which of them
 * @e: filled on failure
 *
 * All in one transaction; when one of them cannot be entered each half for itself, so that a few do
 * not make many transactions.
 *
 * Returns 0 or -errno.
 */
static int claims_enter(struct rebuild *rebuild, size_t first, size_t count, struct error *e)
{
	_cleanup_(freep) struct ipam_lease *entered = calloc(count + 1, sizeof(*entered));
	size_t half = count / 2;
	int r;

	if (!entered)
		return error_errno(e, ENOMEM, "cannot rebuild the address book");
	if (count == 0)
		return 0;
	if (count == 1)
		return claim_enter_one(rebuild, &rebuild->claims[first], false, e);
	r = ipam_lease_many(rebuild->ipam, &rebuild->claims[first], count, ENTER_FLAGS, entered, e);
	if (r >= 0) {
		rebuild->rebuilt->leases += count;
		return 0;
	}
	if (r != -EADDRINUSE && r != -EINVAL && r != -EEXIST)
		return r;
	r = claims_enter(rebuild, first, half, e);
	return r < 0 ? r : claims_enter(rebuild, first + half, count - half, e);
}

/**
 * reservation_enter - take over what was reserved in the old book
 * @rebuild: changed
 * @old: its lease, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int reservation_enter(struct rebuild *rebuild, const struct ipam_lease *old, struct error *e)
{
	struct ipam_lease entered;
	struct error refused = ERROR_INIT;
	int r = ipam_lease(rebuild->ipam, old, IPAM_RESERVE | IPAM_AS_IT_WAS, &entered, &refused);

	if (r < 0)
		return claim_refuse(rebuild, old->container, refused.text, e);
	rebuild->rebuilt->leases++;
	rebuild->rebuilt->reserved++;
	return 0;
}

/**
 * remainder_enter - decide about a lease of which only the old book knows
 * @rebuild: changed
 * @old: it, borrowed
 * @e: filled on failure
 *
 * Whoever is attached keeps it, and so does who has a definition that cannot be read. Of others it was leaked,
 * and is given up.
 *
 * Returns 0 or -errno.
 */
static int remainder_enter(struct rebuild *rebuild, const struct ipam_lease *old, struct error *e)
{
	const struct defined *defined = view_defined(&rebuild->view, old->container);
	bool keeps = view_attached(&rebuild->view, old->container) || (defined && defined->unread);
	struct error refused = ERROR_INIT;
	struct ipam_lease entered;
	char words[AUDIT_SAYS];
	int r = ipam_lease(rebuild->ipam, old, IPAM_AS_IT_WAS, &entered, &refused);

	if (keeps && r < 0)
		return claim_refuse(rebuild, old->container, refused.text, e);
	rebuild->rebuilt->leases += keeps;
	if (keeps)
		return 0;
	/* Where others have its addresses there is nothing to give up. */
	if (r > 0)
		r = ipam_release(rebuild->ipam, old->container, "rebuilt: it has no definition", e);
	else
		r = 0;
	if (r < 0)
		return r;
	lease_words(old, words);
	return refusal_add(&rebuild->rebuilt->dropped, &rebuild->rebuilt->n_dropped, old->container,
			   words, e);
}

/**
 * remainder_enter_all - decide about what only the old book knows
 * @rebuild: changed; what others claim is entered
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int remainder_enter_all(struct rebuild *rebuild, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rebuild->view.n_leases; i++) {
		const struct ipam_lease *old = &rebuild->view.leases[i];
		const struct defined *defined = view_defined(&rebuild->view, old->container);
		struct ipam_lease held;

		if (defined && !defined->unread)
			continue;
		r = ipam_lookup(rebuild->ipam, old->container, &held, e);
		if (r > 0)
			r = 0;
		else if (r == 0 && old->state == IPAM_RESERVED)
			r = reservation_enter(rebuild, old, e);
		else if (r == 0)
			r = remainder_enter(rebuild, old, e);
	}
	return r;
}

/**
 * old_read - find out how the old book is, and what can be read of it
 * @paths: borrowed
 * @flags: of enum audit_rebuild_flags
 * @rebuild: gets its leases, as far as they can be trusted to be some, and the session
 * @e: says that it is fine, or that it cannot be got at
 *
 * Returns 0 when it is to be replaced, or -errno.
 */
static int old_read(const struct paths *paths, unsigned flags, struct rebuild *rebuild,
		    struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct view *view = &rebuild->view;
	struct ipam_mark mark;
	bool fine = false;
	int r = book_open(paths, IPAM_READ, &ipam, e);

	if (r >= 0) {
		r = ipam_verify(ipam, e);
		fine = r == 0 && ipam_mark_read(paths->book, &mark);
	}
	if (r == -EBUSY || r == -EACCES || r == -EPERM || r == -ELOOP || r == -ENOMEM)
		return r;
	if (r == -EPROTO && !(flags & AUDIT_FORCE))
		return error_wrap(e, r, "it is not replaced without --force");
	if (fine && !(flags & AUDIT_FORCE)) {
		r = error_set(e, ERROR_CONFLICT, EEXIST, "address book %s is not damaged",
			      paths->book);
		return error_remedy(e, r,
				    "see what is wrong with 'nixctr-net ipam check', or give "
				    "--force");
	}
	rebuild->rebuilt->leases_lost =
		!ipam || ipam_list(ipam, &view->leases, &view->n_leases, NULL) < 0;
	rebuild->old = TAKE_PTR(ipam);
	return 0;
}

/**
 * old_take_over - have the pools, the history and the cool-downs of the old book
 * @rebuild: changed; its book is empty
 * @e: filled on failure
 *
 * Only the book knows them. Without its pools the new one has the pool that every new one has.
 *
 * Returns 0 or -errno.
 */
static int old_take_over(struct rebuild *rebuild, struct error *e)
{
	struct audit_rebuilt *rebuilt = rebuild->rebuilt;
	int pools = rebuild->old ? ipam_pools_copy(rebuild->old, rebuild->ipam, NULL) : -ENODATA;

	rebuilt->pools_lost = pools < 0;
	rebuilt->pools = pools > 0 ? (size_t)pools : 0;
	if (rebuild->old)
		return ipam_salvage(rebuild->old, rebuild->ipam, &rebuilt->salvaged, e);
	rebuilt->salvaged.history_lost = rebuilt->salvaged.cooling_lost = true;
	return 0;
}

/**
 * rebuild_fill - enter all that is known
 * @rebuild: changed; its view is read
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int rebuild_fill(struct rebuild *rebuild, struct error *e)
{
	size_t n_here;
	int r = claims_of_definitions(rebuild, false, e);

	if (r == 0)
		r = claims_of_kernel(rebuild, e);
	n_here = rebuild->n_claims;
	if (r == 0)
		r = claims_of_definitions(rebuild, true, e);
	if (r == 0)
		r = book_open(&rebuild->paths, IPAM_TRY, &rebuild->ipam, e);
	if (r >= 0)
		r = old_take_over(rebuild, e);
	if (r >= 0)
		r = claims_enter(rebuild, 0, n_here, e);
	for (size_t i = n_here; r == 0 && i < rebuild->n_claims; i++)
		r = claim_enter_one(rebuild, &rebuild->claims[i], true, e);
	if (r == 0)
		r = remainder_enter_all(rebuild, e);
	for (size_t i = 0; r == 0 && i < rebuild->view.troubles.count; i++)
		r = claim_refuse(rebuild, rebuild->view.troubles.list[i].container,
				 rebuild->view.troubles.list[i].what, e);
	return r;
}

/**
 * audit_rebuilt_deinit - let go of what is said of a new book
 * @rebuilt: as audit_rebuild() left it, or all zero
 */
void audit_rebuilt_deinit(struct audit_rebuilt *rebuilt)
{
	freep(&rebuilt->refused);
	freep(&rebuilt->dropped);
}

/**
 * audit_rebuild - make a new book from definitions and kernel
 * @paths: borrowed
 * @flags: of enum audit_rebuild_flags
 * @ret_rebuilt: what is in it; the caller ends with audit_rebuilt_deinit(), after a failure too
 * @e: says why it is not done
 *
 * Returns 1 or -errno.
 */
int audit_rebuild(const struct paths *paths, unsigned flags, struct audit_rebuilt *ret_rebuilt,
		  struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct rebuild rebuild = { .paths = *paths, .rebuilt = ret_rebuilt };
	int r = definitions_lock(paths, &lock, e);

	*ret_rebuilt = (struct audit_rebuilt){ .leases = 0 };
	if (r == 0)
		r = path_format(rebuild.paths.book, sizeof(rebuild.paths.book), e, "%s.new",
				paths->book);
	if (r == 0)
		r = old_read(paths, flags, &rebuild, e);
	if (r == 0)
		r = view_read_definitions(paths, &rebuild.view, e);
	view_sort(&rebuild.view);
	if (r == 0 && !paths->root[0])
		r = view_read_kernel(paths, &rebuild.view, e);
	view_sort(&rebuild.view);
	if (r == 0) {
		r = rebuild_fill(&rebuild, e);
		adopt_forget(paths);
		ipam_closep(&rebuild.old);
		if (r == 0)
			r = ipam_replace(paths->book, rebuild.ipam, ret_rebuilt->kept, e);
	}
	ipam_close(rebuild.ipam);
	ipam_close(rebuild.old);
	view_deinit(&rebuild.view);
	free(rebuild.claims);
	return r < 0 ? r : 1;
}
