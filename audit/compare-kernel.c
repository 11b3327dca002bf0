/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel has is held against what a definition says, and where there is none against the
 * book. Of one address in the wrong place there is one finding: whose it is counts more than that it
 * is not expected there.
 */
#include <stdio.h>
#include <string.h>

#include "audit/finding.h"

/* One sighting, and what there is to know about its address and its container. */
struct seen {
	const struct sighting *at;
	const struct ipam_lease *expected; /* of the container, or NULL */
	const char *owner;                 /* another container whose address it is, or NULL */
	bool pooled;                       /* a pool gives it out */
};

/**
 * container_expects - what a container should have in the kernel
 * @view: borrowed
 * @container: its name, borrowed
 * @ret_unread: whether that cannot be known
 *
 * Returns NULL when nobody knows it.
 */
static const struct ipam_lease *container_expects(const struct view *view, const char *container,
						  bool *ret_unread)
{
	const struct defined *defined = view_defined(view, container);

	*ret_unread = defined && defined->unread;
	return defined ? &defined->claim : view_lease(view, container);
}

/**
 * address_owner - which other container has an address
 * @comparison: borrowed
 * @addr: borrowed
 * @container: which it is not, borrowed
 *
 * Returns its name, or NULL.
 */
static const char *address_owner(const struct comparison *comparison, const struct addr *addr,
				 const char *container)
{
	const struct claimed *claim = index_other(&comparison->definitions, addr, container);

	if (!claim)
		claim = index_other(&comparison->book, addr, container);
	return claim && !claim->host ? claim->container : NULL;
}

/**
 * address_is_pooled - whether a pool gives an address out
 * @view: borrowed
 * @addr: borrowed
 * @link: on which it was seen; a bridge may have the gateway of its own pool
 */
static bool address_is_pooled(const struct view *view, const struct addr *addr, const char *link)
{
	for (size_t i = 0; i < view->n_pools; i++)
		if (prefix_contains(&view->pools[i].prefix, addr))
			return !view->pools[i].bridge[0] ||
			       strcmp(view->pools[i].bridge, link) != 0;
	return false;
}

/**
 * sighting_tell - add a finding about a sighting
 * @comparison: changed
 * @which: the case
 * @seen: borrowed
 * @container: whom it is about, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int sighting_tell(const struct comparison *comparison, enum audit_case which,
			 const struct seen *seen, const char *container, struct error *e)
{
	const struct sighting *at = seen->at;
	struct audit_finding finding = finding_make(which, container, &at->addr);
	const char *inside = at->place == SIGHTING_INSIDE ? at->container : "";
	char text[ADDR_TEXT];

	memcpy(finding.link, at->link, sizeof(finding.link));
	if (seen->owner && strcmp(seen->owner, container) != 0)
		(void)snprintf(finding.other, sizeof(finding.other), "%s", seen->owner);
	(void)snprintf(finding.kernel, sizeof(finding.kernel), "%s%s%s%s",
		       at->place == SIGHTING_ROUTE ? "route through " : "", at->link,
		       inside[0] ? " in " : "", inside);
	addr_format(&at->addr, text);
	if (finding.other[0])
		(void)snprintf(finding.what, sizeof(finding.what),
			       "%s of container '%s' is at container '%s' as well (%s)", text,
			       finding.other, container, finding.kernel);
	else if (container[0])
		(void)snprintf(finding.what, sizeof(finding.what), "%s of container '%s': %s%s",
			       text, container,
			       which == AUDIT_HOST_HAS_ADDRESS ? "the host has it too, on link "
			       : which == AUDIT_HOST_HAS_ROUTE ? "the host leads it elsewhere, "
							       : "nobody leased it, ",
			       finding.kernel);
	else
		(void)snprintf(finding.what, sizeof(finding.what),
			       "%s, which a pool gives out, is on link %s of the host", text,
			       at->link);
	return finding_add(comparison->findings, &finding, e);
}

/**
 * is_expected - whether an address is where its container should have it
 * @seen: borrowed
 */
static bool is_expected(const struct seen *seen)
{
	const struct ipam_lease *lease = seen->expected;
	bool first = seen->at->addr.family == AF_INET;
	const struct ipam_pair *pair = lease ? first ? &lease->v4 : &lease->v6 : NULL;

	if (!pair)
		return false;
	return addr_equal(&seen->at->addr,
			  seen->at->place == SIGHTING_LINK ? &pair->host : &pair->local.addr);
}

/**
 * compare_own - look at an address of a container's cable
 * @comparison: changed
 * @seen: borrowed
 * @e: filled on failure
 *
 * Addresses that no pool gives out and that are nobody's are the container's own affair.
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_own(const struct comparison *comparison, const struct seen *seen,
		       struct error *e)
{
	const char *container = seen->at->container;

	if (is_expected(seen))
		return 0;
	if (seen->owner)
		return sighting_tell(comparison, AUDIT_CABLES_SHARE, seen, container, e);
	if (!seen->pooled && seen->expected)
		return 0;
	if (seen->at->place == SIGHTING_LINK && seen->expected)
		return 0; /* that the right one is missing is said of the container */
	return sighting_tell(comparison, AUDIT_ADDRESS_UNLEASED, seen, container, e);
}

/**
 * compare_sighting - look at one address that the kernel has
 * @comparison: changed
 * @at: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_sighting(const struct comparison *comparison, const struct sighting *at,
			    struct error *e)
{
	const struct view *view = comparison->view;
	struct seen seen = { .at = at };
	const struct claimed *claim;
	bool unread = false;

	seen.owner = address_owner(comparison, &at->addr, at->container);
	seen.pooled = address_is_pooled(view, &at->addr, at->link);
	if (at->container[0]) {
		seen.expected = container_expects(view, at->container, &unread);
		return unread ? 0 : compare_own(comparison, &seen, e);
	}
	claim = index_find(&comparison->definitions, &at->addr);
	if (!claim)
		claim = index_find(&comparison->book, &at->addr);
	if (!claim)
		return seen.pooled && at->place == SIGHTING_LINK
			       ? sighting_tell(comparison, AUDIT_HOST_HAS_POOL, &seen, "", e)
			       : 0;
	if (at->place == SIGHTING_LINK)
		return sighting_tell(comparison, AUDIT_HOST_HAS_ADDRESS, &seen, claim->container,
				     e);
	seen.expected = container_expects(view, claim->container, &unread);
	if (unread || (seen.expected && strcmp(seen.expected->bridge, at->link) == 0))
		return 0;
	return sighting_tell(comparison, AUDIT_HOST_HAS_ROUTE, &seen, claim->container, e);
}

/**
 * is_seen - whether an address was seen at a container
 * @view: borrowed
 * @addr: borrowed; none need not be
 * @place: where
 * @container: at which, borrowed
 */
static bool is_seen(const struct view *view, const struct addr *addr, enum sighting_place place,
		    const char *container)
{
	size_t low = 0, high = view->n_sightings;

	if (!addr_is_set(addr))
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_order(&view->sightings[middle].addr, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < view->n_sightings && addr_equal(&view->sightings[low].addr, addr); low++)
		if (view->sightings[low].place == place &&
		    strcmp(view->sightings[low].container, container) == 0)
			return true;
	return false;
}

/**
 * cable_lacks - what a container's cable does not have that its definition has
 * @view: borrowed
 * @attached: borrowed
 * @claim: of its definition, borrowed
 *
 * Returns words, or NULL when it has all.
 */
static const char *cable_lacks(const struct view *view, const struct attached *attached,
			       const struct ipam_lease *claim)
{
	const char *name = claim->container;

	if (!is_seen(view, &claim->v4.host, SIGHTING_LINK, name) ||
	    !is_seen(view, &claim->v6.host, SIGHTING_LINK, name))
		return "the host's end does not have it";
	if (!attached->pinned)
		return NULL;
	if (!attached->eth0)
		return "there is no eth0 inside";
	if (!is_seen(view, &claim->v4.local.addr, SIGHTING_INSIDE, name) ||
	    !is_seen(view, &claim->v6.local.addr, SIGHTING_INSIDE, name))
		return "eth0 inside does not have it";
	if (mac_is_set(&claim->mac) && !mac_equal(&claim->mac, &attached->mac))
		return "eth0 has another MAC";
	return NULL;
}

/**
 * compare_attached - look whether a container has what its definition says
 * @comparison: changed
 * @attached: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_attached(const struct comparison *comparison, const struct attached *attached,
			    struct error *e)
{
	const struct view *view = comparison->view;
	const struct defined *defined = view_defined(view, attached->container);
	struct audit_finding finding;
	const char *lacks;

	if (!defined && !view_lease(view, attached->container) && !attached->eth0) {
		finding = finding_make(AUDIT_NAMESPACE_OF_NOBODY, attached->container, NULL);
		(void)snprintf(finding.what, sizeof(finding.what),
			       "something is attached for container '%s', which nobody knows",
			       attached->container);
		return finding_add(comparison->findings, &finding, e);
	}
	if (!defined || defined->unread)
		return 0;
	if (!addr_is_set(&defined->claim.v4.local.addr) &&
	    !addr_is_set(&defined->claim.v6.local.addr))
		return 0;
	lacks = cable_lacks(view, attached, &defined->claim);
	if (!lacks)
		return 0;
	finding = finding_make(AUDIT_KERNEL_DIFFERS, attached->container, NULL);
	lease_words(&defined->claim, finding.definition);
	(void)snprintf(finding.kernel, sizeof(finding.kernel), "%s", lacks);
	(void)snprintf(finding.what, sizeof(finding.what),
		       "the definition of container '%s' has %s: %s", attached->container,
		       finding.definition, lacks);
	return finding_add(comparison->findings, &finding, e);
}

/**
 * compare_kernel - compare what the kernel has with definitions and book
 * @comparison: changed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int compare_kernel(const struct comparison *comparison, struct error *e)
{
	const struct view *view = comparison->view;
	int r = 0;

	for (size_t i = 0; r == 0 && i < view->n_sightings; i++)
		r = compare_sighting(comparison, &view->sightings[i], e);
	for (size_t i = 0; r == 0 && i < view->n_attached; i++)
		r = compare_attached(comparison, &view->attached[i], e);
	for (size_t i = 0; r == 0 && i < view->n_untagged; i++) {
		struct audit_finding finding = finding_make(AUDIT_LINK_OF_OTHERS, "", NULL);

		memcpy(finding.link, view->untagged[i].link, sizeof(finding.link));
		(void)snprintf(finding.what, sizeof(finding.what),
			       "link %s is called like one of ours, and is of no container we know",
			       finding.link);
		r = finding_add(comparison->findings, &finding, e);
	}
	return r;
}
