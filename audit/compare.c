/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Leases and definitions are both sorted by container, and are gone through side by side; who has an
 * address is found in two indexes by address. Nothing is asked of book or kernel for one container
 * alone, so that a full pool costs little more than to read it.
 *
 * A definition that cannot be understood may claim anything. So its lease is neither leaked nor does
 * it differ; that it could not be read is said apart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/finding.h"
#include "base/cleanup.h"

/**
 * pairs_are_alike - whether the pair of one family is what the definition claims
 * @comparison: borrowed
 * @leased: in the book, borrowed
 * @claimed: by the definition, borrowed
 * @container: whose, borrowed
 *
 * A host end that another container has in the book may be missing: several may have the same.
 */
static bool pairs_are_alike(const struct comparison *comparison, const struct ipam_pair *leased,
			    const struct ipam_pair *claimed, const char *container)
{
	if (!addr_equal(&leased->local.addr, &claimed->local.addr))
		return false;
	if (addr_is_set(&claimed->local.addr) && leased->local.length != claimed->local.length)
		return false;
	if (addr_equal(&leased->host, &claimed->host))
		return true;
	return !addr_is_set(&leased->host) &&
	       index_other(&comparison->book, &claimed->host, container);
}

/**
 * difference_tell - say that book and definition do not say the same
 * @comparison: changed
 * @lease: in the book, borrowed
 * @claim: of the definition, borrowed
 * @why: what differs, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int difference_tell(const struct comparison *comparison, const struct ipam_lease *lease,
			   const struct ipam_lease *claim, const char *why, struct error *e)
{
	const struct addr *addr =
		addr_is_set(&claim->v4.local.addr) ? &claim->v4.local.addr : &claim->v6.local.addr;
	struct audit_finding finding =
		finding_make(AUDIT_DEFINITION_DIFFERS, claim->container, addr);

	lease_words(lease, finding.book);
	lease_words(claim, finding.definition);
	(void)snprintf(finding.what, sizeof(finding.what),
		       "the definition of container '%s' has %s, the book %s: %s", claim->container,
		       finding.definition, finding.book, why);
	return finding_add(comparison->findings, &finding, e);
}

/**
 * is_doubled - whether another definition claims an address of this one
 * @comparison: borrowed
 * @claim: borrowed
 *
 * Then who gets it is not ours to decide, and that is said apart.
 */
static bool is_doubled(const struct comparison *comparison, const struct ipam_lease *claim)
{
	const struct addr *const addrs[] = { &claim->v4.local.addr, &claim->v6.local.addr };

	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		if (addr_is_set(addrs[i]) &&
		    index_other(&comparison->definitions, addrs[i], claim->container))
			return true;
	return false;
}

/**
 * compare_both - compare what book and definition say about a container
 * @comparison: changed
 * @lease: in the book, borrowed
 * @defined: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_both(const struct comparison *comparison, const struct ipam_lease *lease,
			const struct defined *defined, struct error *e)
{
	const struct ipam_lease *claim = &defined->claim;
	bool empty = !addr_is_set(&claim->v4.local.addr) && !addr_is_set(&claim->v6.local.addr);
	bool held = addr_is_set(&lease->v4.local.addr) || addr_is_set(&lease->v6.local.addr);
	const char *why = NULL;

	if (defined->unread)
		return 0;
	if (!pairs_are_alike(comparison, &lease->v4, &claim->v4, claim->container) ||
	    !pairs_are_alike(comparison, &lease->v6, &claim->v6, claim->container))
		why = "the addresses differ";
	else if (mac_is_set(&claim->mac) && mac_is_set(&lease->mac) &&
		 !mac_equal(&claim->mac, &lease->mac))
		why = "the MACs differ";
	else if (!empty && strcmp(claim->bridge, lease->bridge) != 0)
		why = "the bridges differ";
	else if (!empty && lease->state == IPAM_RESERVED && !defined->elsewhere)
		why = "the addresses are only reserved";
	/* What is reserved for a container that gets none from its definition may stay. */
	if (!why || (empty && (!held || lease->state == IPAM_RESERVED)) ||
	    is_doubled(comparison, claim))
		return 0;
	return difference_tell(comparison, lease, claim, why, e);
}

/**
 * compare_lease - look at a lease without a definition
 * @comparison: changed
 * @lease: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_lease(const struct comparison *comparison, const struct ipam_lease *lease,
			 struct error *e)
{
	bool attached = view_attached(comparison->view, lease->container);
	const struct addr *addr =
		addr_is_set(&lease->v4.local.addr) ? &lease->v4.local.addr : &lease->v6.local.addr;
	struct audit_finding finding = finding_make(
		attached ? AUDIT_LEASE_OF_ATTACHED : AUDIT_LEASE_OF_NOBODY, lease->container, addr);

	if (lease->state == IPAM_RESERVED)
		return 0;
	lease_words(lease, finding.book);
	(void)snprintf(finding.what, sizeof(finding.what),
		       "%s is leased to container '%s', which has no definition%s", finding.book,
		       lease->container, attached ? ", but is attached" : "");
	return finding_add(comparison->findings, &finding, e);
}

/**
 * compare_definition - look at a definition without a lease
 * @comparison: changed
 * @defined: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_definition(const struct comparison *comparison, const struct defined *defined,
			      struct error *e)
{
	const struct ipam_lease *claim = &defined->claim;
	const struct addr *addr =
		addr_is_set(&claim->v4.local.addr) ? &claim->v4.local.addr : &claim->v6.local.addr;
	struct audit_finding finding =
		finding_make(AUDIT_DEFINITION_UNLEASED, claim->container, addr);
	const struct claimed *holder;

	if (defined->unread || !addr_is_set(addr) || is_doubled(comparison, claim))
		return 0;
	holder = index_other(&comparison->book, addr, claim->container);
	lease_words(claim, finding.definition);
	(void)snprintf(finding.what, sizeof(finding.what),
		       "container '%s' is defined%s with %s, which the book %s%s", claim->container,
		       defined->elsewhere ? " in /etc/containers" : "", finding.definition,
		       holder ? "has for " : "does not know", holder ? holder->container : "");
	return finding_add(comparison->findings, &finding, e);
}

/**
 * compare_containers - compare book and definitions, container by container
 * @comparison: changed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_containers(const struct comparison *comparison, struct error *e)
{
	const struct view *view = comparison->view;
	size_t lease = 0, defined = 0;
	int r = 0;

	while (r == 0 && (lease < view->n_leases || defined < view->n_defined)) {
		int order = lease == view->n_leases ? 1
			    : defined == view->n_defined
				    ? -1
				    : strcmp(view->leases[lease].container,
					     view->defined[defined].claim.container);

		if (order == 0)
			r = compare_both(comparison, &view->leases[lease], &view->defined[defined],
					 e);
		else if (order < 0)
			r = compare_lease(comparison, &view->leases[lease], e);
		else
			r = compare_definition(comparison, &view->defined[defined], e);
		lease += order <= 0;
		defined += order >= 0;
	}
	return r;
}

/**
 * compare_claims - look for addresses that several definitions claim
 * @comparison: changed
 * @e: filled on failure
 *
 * Each is told of the one that does not have it in the book. Host ends may be the same.
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_claims(const struct comparison *comparison, struct error *e)
{
	const struct index *index = &comparison->definitions;
	int r = 0;

	for (size_t i = 1; r == 0 && i < index->count; i++) {
		const struct claimed *one = &index->list[i - 1], *two = &index->list[i];
		const struct claimed *holder = index_find(&comparison->book, &one->addr);
		struct audit_finding finding;
		char text[ADDR_TEXT];

		if (!addr_equal(&one->addr, &two->addr) || (one->host && two->host) ||
		    strcmp(one->container, two->container) == 0)
			continue;
		if (holder && strcmp(holder->container, two->container) == 0) {
			two = one;
			one = &index->list[i];
		}
		finding = finding_make(AUDIT_DEFINITIONS_SHARE, two->container, &one->addr);
		memcpy(finding.other, one->container, strlen(one->container));
		(void)snprintf(finding.book, sizeof(finding.book), "%s",
			       holder ? holder->container : "");
		(void)snprintf(finding.what, sizeof(finding.what),
			       "%s is in the definitions of containers '%s' and '%s'; the book has "
			       "it for %s",
			       addr_format(&one->addr, text), one->container, two->container,
			       holder ? holder->container : "nobody");
		r = finding_add(comparison->findings, &finding, e);
	}
	return r;
}

/* A definition with a MAC. */
struct addressed {
	struct mac mac;
	const char *container; /* borrowed */
};

/**
 * mac_order - the order of definitions by their MAC; the comparison of qsort()
 * @a, @b: struct addressed
 */
static int mac_order(const void *a, const void *b)
{
	const struct addressed *left = a, *right = b;
	int order = memcmp(left->mac.bytes, right->mac.bytes, sizeof(left->mac.bytes));

	return order ? order : strcmp(left->container, right->container);
}

/**
 * compare_macs - look for MACs that several definitions have
 * @comparison: changed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_macs(const struct comparison *comparison, struct error *e)
{
	const struct view *view = comparison->view;
	_cleanup_(freep) struct addressed *list = calloc(view->n_defined + 1, sizeof(*list));
	size_t count = 0;
	int r = 0;

	if (!list)
		return error_errno(e, ENOMEM, "cannot compare %zu definitions", view->n_defined);
	for (size_t i = 0; i < view->n_defined; i++)
		if (mac_is_set(&view->defined[i].claim.mac))
			list[count++] = (struct addressed){ view->defined[i].claim.mac,
							    view->defined[i].claim.container };
	qsort(list, count, sizeof(*list), mac_order);
	for (size_t i = 1; r == 0 && i < count; i++) {
		const struct addressed *one = &list[i - 1], *two = &list[i];
		struct audit_finding finding =
			finding_make(AUDIT_DEFINITIONS_SHARE_MAC, two->container, NULL);

		if (!mac_equal(&one->mac, &two->mac))
			continue;
		memcpy(finding.other, one->container, strlen(one->container));
		(void)mac_format(&one->mac, finding.definition);
		(void)snprintf(finding.what, sizeof(finding.what),
			       "containers '%s' and '%s' both have the MAC %s in their definitions",
			       one->container, two->container, finding.definition);
		r = finding_add(comparison->findings, &finding, e);
	}
	return r;
}

/**
 * view_compare - say all in which book, definitions and kernel do not agree
 * @view: sorted, borrowed
 * @ret_findings: sorted; its list is freed by the caller
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int view_compare(const struct view *view, struct audit_findings *ret_findings, struct error *e)
{
	struct audit_findings findings = { .count = 0 };
	struct comparison comparison = { .view = view, .findings = &findings };
	int r = index_make(view, &comparison.book, &comparison.definitions, e);

	if (r == 0)
		r = compare_containers(&comparison, e);
	if (r == 0)
		r = compare_claims(&comparison, e);
	if (r == 0)
		r = compare_macs(&comparison, e);
	if (r == 0)
		r = compare_kernel(&comparison, e);
	index_deinit(&comparison.book);
	index_deinit(&comparison.definitions);
	if (r < 0) {
		free(findings.list);
		return r;
	}
	findings_sort(&findings);
	*ret_findings = findings;
	return 0;
}
