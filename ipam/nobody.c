/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggestion.h"
#include "ipam/ipam.h"

/**
 * is_pool - whether there is a pool of a name
 * @ipam: borrowed
 * @name: borrowed
 *
 * Returns false also when that cannot be read.
 */
static bool is_pool(struct ipam *ipam, const char *name)
{
	_cleanup_(freep) struct ipam_usage *pools = NULL;
	size_t count = 0;

	if (ipam_usage(ipam, &pools, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(pools[i].pool, name) == 0)
			return true;
	return false;
}

/**
 * ipam_nobody - say that a name holds nothing, and which one was perhaps meant
 * @ipam: borrowed
 * @name: borrowed
 * @e: filled
 *
 * Returns -ENOENT with class ERROR_NO_CONTAINER.
 */
int ipam_nobody(struct ipam *ipam, const char *name, struct error *e)
{
	_cleanup_(freep) struct ipam_lease *leases = NULL;
	struct suggestion suggestion;
	size_t count = 0;
	int r;

	suggestion_init(&suggestion, name);
	if (ipam_list(ipam, &leases, &count, NULL) == 0)
		for (size_t i = 0; i < count; i++)
			(void)suggestion_try(&suggestion, leases[i].container);
	if (is_pool(ipam, name)) {
		r = error_set(e, ERROR_NO_CONTAINER, ENOENT, "'%s' is a pool, and no container",
			      name);
		return error_remedy(e, r, "see 'nixctr-net ipam pool show %s'", name);
	}
	if (suggestion.best)
		return error_set(e, ERROR_NO_CONTAINER, ENOENT,
				 "container '%s' holds no address; did you mean '%s'?", name,
				 suggestion.best);
	r = error_set(e, ERROR_NO_CONTAINER, ENOENT, "container '%s' holds no address", name);
	return error_remedy(e, r, "see 'nixctr-net ipam list' for those who do");
}
