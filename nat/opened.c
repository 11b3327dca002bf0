/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which links forward only because of us. The kernel would have them forward for everybody; the table
 * holds them, and lets pass what is of containers. What was forwarding before us stays out of it, and so
 * does everything once somebody has made the host a router: "all" forwards, and not by us.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysctl.h"
#include "nat/external.h"
#include "nat/nat.h"
#include "nat/plan.h"
#include "nat/record.h"

/**
 * opened_add - add a link to those of a family, once
 * @opened: changed
 * @v4: the family
 * @link: its name
 * @e: filled on failure
 *
 * Returns 0 or -ENOSPC.
 */
static int opened_add(struct nat_opened *opened, bool v4, const char *link, struct error *e)
{
	char(*links)[IFNAMSIZ] = v4 ? opened->v4 : opened->v6;
	size_t *count = v4 ? &opened->n_v4 : &opened->n_v6;

	for (size_t i = 0; i < *count; i++)
		if (strncmp(links[i], link, IFNAMSIZ) == 0)
			return 0;
	if (*count == NAT_OPENED_MAX)
		return error_set(e, ERROR_FAILED, ENOSPC,
				 "more than %d links would forward: they cannot be kept from "
				 "forwarding for others",
				 NAT_OPENED_MAX);
	memset(links[*count], 0, IFNAMSIZ);
	memcpy(links[(*count)++], link, strnlen(link, IFNAMSIZ - 1));
	return 0;
}

/**
 * opened_add_all - add all links of the host, but those of containers and the loopback
 * @opened: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int opened_add_all(struct nat_opened *opened, struct error *e)
{
	_cleanup_(freep) char(*links)[IFNAMSIZ] = NULL;
	size_t count = 0;
	int r = sysctl_links(&links, &count, e);

	for (size_t i = 0; i < count && r == 0; i++)
		if (strcmp(links[i], "lo") != 0 && !link_leads_to_container(links[i]))
			r = opened_add(opened, false, links[i], e);
	return r;
}

/**
 * host_is_router - whether somebody else has all links of a family forward
 * @family: its name
 * @ours: what we have switched, or will
 */
static bool host_is_router(const char *family, struct switches *ours)
{
	struct kernel_switch all = { .link = "all", .key = "forwarding" };
	int value = 0;

	memcpy(all.family, family, strlen(family));
	return !switches_find(ours, &all) &&
	       sysctl_read(family, "all", "forwarding", &value, NULL) == 0 && value == 1;
}

/**
 * switch_take - take in the links that a switch has forward
 * @opened: changed
 * @entry: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int switch_take(struct nat_opened *opened, const struct kernel_switch *entry,
		       struct error *e)
{
	bool v4 = strcmp(entry->family, "ipv4") == 0;

	if (entry->before != 0 ||
	    (strcmp(entry->key, "forwarding") != 0 && strcmp(entry->key, "force_forwarding") != 0))
		return 0;
	if (strcmp(entry->link, "all") == 0)
		return opened_add_all(opened, e);
	return opened_add(opened, v4, entry->link, e);
}

/**
 * switches_add_pending - add to what we have switched what we will
 * @ours: changed
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int switches_add_pending(struct switches *ours, const struct nat_spec *spec, struct error *e)
{
	_cleanup_(switches_deinit) struct switches plan = SWITCHES_INIT;
	int r = plan_make(spec, ours, &plan, e);

	for (size_t i = 0; i < plan.count && r == 0; i++) {
		struct kernel_switch entry = plan.list[i];

		if (switches_find(ours, &entry) ||
		    sysctl_read(entry.family, entry.link, entry.key, &entry.before, NULL) < 0)
			continue;
		if (entry.before != entry.wanted)
			r = switches_add(ours, &entry, e);
	}
	return r;
}

/**
 * opened_same - whether two say the same, in the same order
 * @a, @b: borrowed
 */
static bool opened_same(const struct nat_opened *a, const struct nat_opened *b)
{
	return a->n_v4 == b->n_v4 && a->n_v6 == b->n_v6 &&
	       memcmp(a->v4, b->v4, a->n_v4 * IFNAMSIZ) == 0 &&
	       memcmp(a->v6, b->v6, a->n_v6 * IFNAMSIZ) == 0;
}

/**
 * nat_forwarding_opened - find out which links forward only because of us, or are about to
 * @spec: says which links have to forward; learns it
 * @record: path of the file that remembers what was before
 * @e: names the file
 *
 * A switch that is still to be put back counts until that is done.
 *
 * Returns 1 when @spec said otherwise, 0 when not, or -errno.
 */
int nat_forwarding_opened(struct nat_spec *spec, const char *record, struct error *e)
{
	struct nat_opened opened = { .n_v4 = 0 };
	_cleanup_(switches_deinit) struct switches ours = SWITCHES_INIT;
	bool same;
	int r = record_read(record, &ours, e);

	if (r >= 0) {
		record_follow(&ours);
		r = switches_add_pending(&ours, spec, e);
	}
	for (size_t i = 0; r == 0 && i < ours.count; i++)
		r = switch_take(&opened, &ours.list[i], e);
	if (r < 0)
		return r;
	if (host_is_router("ipv4", &ours))
		opened.n_v4 = 0;
	if (host_is_router("ipv6", &ours))
		opened.n_v6 = 0;
	same = spec->opened_known && opened_same(&spec->opened, &opened);
	spec->opened = opened;
	spec->opened_known = true;
	return !same;
}
