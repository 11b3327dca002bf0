/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysctl.h"
#include "nat/external.h"

/* How a link is made to forward IPv6. */
enum ipv6_means {
	IPV6_NONE,   /* not at all */
	IPV6_FORCED, /* by a switch of its own */
	IPV6_ROUTER, /* together with all others */
};

/**
 * switch_wanted - a switch that is to have a value
 * @family, @link, @key: of the switch
 * @wanted: the value
 */
static struct kernel_switch switch_wanted(const char *family, const char *link, const char *key,
					  int wanted)
{
	struct kernel_switch entry = { .wanted = wanted };

	(void)snprintf(entry.family, sizeof(entry.family), "%s", family);
	(void)snprintf(entry.link, sizeof(entry.link), "%s", link);
	(void)snprintf(entry.key, sizeof(entry.key), "%s", key);
	return entry;
}

/**
 * plan_add - want a switch to have a value, once
 * @plan: changed
 * @family, @link, @key: of the switch
 * @wanted: the value
 * @e: filled on failure
 *
 * Returns 0, -ENOSPC or -ENOMEM.
 */
static int plan_add(struct switches *plan, const char *family, const char *link, const char *key,
		    int wanted, struct error *e)
{
	const struct kernel_switch added = switch_wanted(family, link, key, wanted);

	return switches_find(plan, &added) ? 0 : switches_add(plan, &added, e);
}

/**
 * plan_add_advertisements - let a link hear router advertisements when the host is a router
 * @plan: changed, when the link hears them now or would, had we not seen to it before
 * @link: the link
 * @record: what we have switched
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int plan_add_advertisements(struct switches *plan, const char *link, struct switches *record,
				   struct error *e)
{
	const struct kernel_switch one = switch_wanted("ipv6", link, "accept_ra", 2);
	int value = 0;

	if (sysctl_read("ipv6", link, "accept_ra", &value, NULL) < 0)
		return 0;
	if (value != 1 && !switches_find(record, &one))
		return 0;
	return plan_add(plan, "ipv6", link, "accept_ra", 2, e);
}

/**
 * plan_add_ipv6 - want a link to forward IPv6
 * @plan: changed
 * @link: the link
 * @ipv6: how that is done
 * @record: what we have switched
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int plan_add_ipv6(struct switches *plan, const char *link, enum ipv6_means ipv6,
			 struct switches *record, struct error *e)
{
	if (ipv6 == IPV6_FORCED)
		return plan_add(plan, "ipv6", link, "force_forwarding", 1, e);
	if (ipv6 == IPV6_ROUTER)
		return plan_add_advertisements(plan, link, record, e);
	return 0;
}

/**
 * plan_add_link - want a link to forward
 * @plan: changed
 * @link: the link
 * @ipv6: how that is done for IPv6
 * @record: what we have switched
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int plan_add_link(struct switches *plan, const char *link, enum ipv6_means ipv6,
			 struct switches *record, struct error *e)
{
	int r = plan_add(plan, "ipv4", link, "forwarding", 1, e);

	return r < 0 ? r : plan_add_ipv6(plan, link, ipv6, record, e);
}

/**
 * plan_mark - note of the switches of a plan that published ports need them
 * @plan: changed
 * @link: those of this link, or of all links
 */
static void plan_mark(struct switches *plan, const char *link)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->list[i].link, link) == 0)
			plan->list[i].ports = true;
}

/**
 * plan_add_callers - what published ports need
 * @spec: on which links they are called, if that is known
 * @ipv6: how links forward IPv6
 * @record: what we have switched: it tells when nobody knows
 * @plan: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int plan_add_callers(const struct nat_spec *spec, enum ipv6_means ipv6,
			    struct switches *record, struct switches *plan, struct error *e)
{
	int r = 0;

	for (size_t i = 0; i < spec->n_callers && r == 0; i++) {
		r = plan_add_link(plan, spec->callers[i], ipv6, record, e);
		plan_mark(plan, spec->callers[i]);
	}
	for (size_t i = 0; i < record->count && r == 0 && !spec->callers_known; i++) {
		const struct kernel_switch *entry = &record->list[i];
		struct kernel_switch *planned = switches_find(plan, entry);

		if (entry->ports && planned)
			planned->ports = true;
		else if (entry->ports)
			r = switches_add(plan, entry, e);
	}
	return r;
}

/**
 * plan_add_external - what external links need
 * @spec: says which they are
 * @ipv6: how links forward IPv6
 * @record: what we have switched
 * @plan: changed
 * @e: filled on failure
 *
 * Those that are there now, and those that have a whole name, which are told of when they are not.
 *
 * Returns 0 or -errno.
 */
static int plan_add_external(const struct nat_spec *spec, enum ipv6_means ipv6,
			     struct switches *record, struct switches *plan, struct error *e)
{
	_cleanup_(freep) char(*now)[IFNAMSIZ] = NULL;
	bool wildcards = false;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < spec->n_external && r == 0; i++)
		if (external_is_wildcard(spec->external[i]))
			wildcards = true;
		else
			r = plan_add_link(plan, spec->external[i], ipv6, record, e);
	if (r == 0 && wildcards)
		r = nat_external_now(spec, &now, &count, e);
	for (size_t i = 0; i < count && r == 0; i++)
		r = plan_add_link(plan, now[i], ipv6, record, e);
	return r;
}

/**
 * plan_add_inside - what internal networks need
 * @spec: says which links they are behind
 * @ipv6: how links forward IPv6
 * @record: what we have switched
 * @plan: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int plan_add_inside(const struct nat_spec *spec, enum ipv6_means ipv6,
			   struct switches *record, struct switches *plan, struct error *e)
{
	int r = 0;

	for (size_t i = 0; i < spec->n_inside && r == 0; i++) {
		const struct nat_inside *inside = &spec->inside[i];

		if (inside->v4)
			r = plan_add(plan, "ipv4", inside->link, "forwarding", 1, e);
		if (r == 0 && inside->v6)
			r = plan_add_ipv6(plan, inside->link, ipv6, record, e);
	}
	return r;
}

/**
 * spec_has_ipv6 - whether anybody sends packets of IPv6
 * @spec: borrowed
 */
static bool spec_has_ipv6(const struct nat_spec *spec)
{
	for (size_t i = 0; i < spec->n_internal; i++)
		if (spec->internal[i].addr.family == AF_INET6)
			return true;
	return spec->ipv6;
}

/**
 * plan_means - how links forward IPv6 on this kernel
 * @spec: whether any container has it
 * @record: what we have switched
 */
static enum ipv6_means plan_means(const struct nat_spec *spec, struct switches *record)
{
	const struct kernel_switch router = { .family = "ipv6",
					      .link = "all",
					      .key = "forwarding" };
	int value;

	if (sysctl_read("ipv6", "all", "force_forwarding", &value, NULL) == 0)
		return IPV6_FORCED;
	if (!spec->n_external && !spec->n_callers)
		return IPV6_NONE;
	return spec_has_ipv6(spec) || switches_find(record, &router) ? IPV6_ROUTER : IPV6_NONE;
}

/**
 * plan_make - which switches have to be how
 * @spec: which links are external, and on which published ports are called
 * @record: what we have switched
 * @plan: filled, in the order in which they are switched; what was in it is forgotten
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int plan_make(const struct nat_spec *spec, struct switches *record, struct switches *plan,
	      struct error *e)
{
	enum ipv6_means ipv6 = plan_means(spec, record);
	int r;

	plan->count = 0;
	r = plan_add_external(spec, ipv6, record, plan, e);
	if (r == 0)
		r = plan_add_inside(spec, ipv6, record, plan, e);
	if (r == 0)
		r = plan_add_callers(spec, ipv6, record, plan, e);
	if (r == 0 && ipv6 == IPV6_ROUTER)
		r = plan_add(plan, "ipv6", "all", "forwarding", 1, e);
	if (spec->n_callers)
		plan_mark(plan, "all");
	return r;
}
