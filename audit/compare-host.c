/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What else on the host has addresses of containers and pools is judged where they are given out, in
 * container/, by rules that know of lengths, tables and other engines. It is taken into a check as it is judged
 * there. Links and single routes are looked at here as well, which says more of them: what was found of an
 * address so is not found of it once more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/finding.h"
#include "base/cleanup.h"

/**
 * case_of - which case a conflict is
 * @conflict: borrowed
 *
 * Of a pool only what has all of it keeps it from being used.
 */
static enum audit_case case_of(const struct conflict *conflict)
{
	if (conflict->grade == CONFLICT_NOTE)
		return AUDIT_HOST_HAS_WIDER;
	if (!conflict->pool[0])
		return AUDIT_HOST_HAS_NETWORK;
	return conflict->prefix.length <= conflict->subject.length ? AUDIT_HOST_HAS_ALL_OF_POOL
								   : AUDIT_HOST_HAS_POOL;
}

/**
 * is_found - whether it was found already that others have an address
 * @findings: borrowed
 * @count: how many of them count
 * @addr: borrowed
 */
static bool is_found(const struct audit_findings *findings, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		const struct audit_finding *finding = &findings->list[i];

		if (audit_grade(finding->which) != AUDIT_LEAKED && addr_equal(&finding->addr, addr))
			return true;
	}
	return false;
}

/**
 * is_noted_of_pool - whether that something is wider was told of the whole pool of an address
 * @conflicts: those of pools first, borrowed
 * @conflict: of an address, borrowed
 *
 * A route of a VPN around a pool is one note then, and not one for each container.
 */
static bool is_noted_of_pool(const struct conflicts *conflicts, const struct conflict *conflict)
{
	for (size_t i = 0; i < conflicts->count && conflicts->list[i].pool[0]; i++) {
		const struct conflict *pool = &conflicts->list[i];

		if (conflict->grade == CONFLICT_NOTE && pool->grade == CONFLICT_NOTE &&
		    pool->prefix.length == conflict->prefix.length &&
		    addr_equal(&pool->prefix.addr, &conflict->prefix.addr) &&
		    prefix_contains(&pool->subject, &conflict->subject.addr))
			return true;
	}
	return false;
}

/**
 * conflict_tell - add a finding about a conflict
 * @findings: changed
 * @conflict: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int conflict_tell(struct audit_findings *findings, const struct conflict *conflict,
			 struct error *e)
{
	const struct prefix *about = conflict->pool[0] ? &conflict->prefix : &conflict->subject;
	struct audit_finding finding =
		finding_make(case_of(conflict), conflict->container, &about->addr);
	bool wider = finding.which == AUDIT_HOST_HAS_WIDER;
	char text[PREFIX_TEXT];

	prefix_format(&conflict->subject, text);
	(void)snprintf(finding.kernel, sizeof(finding.kernel), "%.*s",
		       (int)sizeof(finding.kernel) - 1, conflict->holder);
	(void)snprintf(finding.what, sizeof(finding.what), "%s%s of %s%s%s %s %.*s",
		       conflict->pool[0] ? "the network " : "", text,
		       conflict->pool[0] ? "pool " : "container '",
		       conflict->pool[0] ? conflict->pool : conflict->container,
		       conflict->pool[0] ? "" : "'", wider ? "lies within" : "meets with", 300,
		       conflict->holder);
	return finding_add(findings, &finding, e);
}

/**
 * troubles_tell - say which files of other engines could not be understood
 * @troubles: changed
 * @engines: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int troubles_tell(struct audit_troubles *troubles, const struct engine_networks *engines,
			 struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < engines->n_troubles; i++) {
		char what[AUDIT_WHAT];

		(void)snprintf(what, sizeof(what), "%.*s: %.*s", 300, engines->troubles[i].file,
			       200, engines->troubles[i].what);
		r = trouble_add(troubles, "", what, e);
	}
	return r;
}

/**
 * compare_host - add what else on the host has addresses of containers and pools
 * @paths: borrowed
 * @findings: of view_compare(), changed; sorted again
 * @troubles: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int compare_host(const struct paths *paths, struct audit_findings *findings,
		 struct audit_troubles *troubles, struct error *e)
{
	struct conflicts conflicts = { .count = 0 };
	size_t found = findings->count;
	int r = conflicts_read(paths, &conflicts, e);

	for (size_t i = 0; r == 0 && i < conflicts.count; i++) {
		const struct conflict *conflict = &conflicts.list[i];
		const struct prefix *about =
			conflict->pool[0] ? &conflict->prefix : &conflict->subject;

		if (!is_found(findings, found, &about->addr) &&
		    (conflict->pool[0] || !is_noted_of_pool(&conflicts, conflict)))
			r = conflict_tell(findings, conflict, e);
	}
	if (r == 0)
		r = troubles_tell(troubles, &conflicts.engines, e);
	free(conflicts.list);
	findings_sort(findings);
	return r;
}
