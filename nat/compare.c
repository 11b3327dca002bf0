/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "nat/external.h"
#include "nat/nat.h"

/**
 * drift_add - note one difference
 * @drift: changed; what does not fit is left out
 * @format: the difference
 */
__attribute__((format(printf, 2, 3))) static void drift_add(struct nat_drift *drift,
							    const char *format, ...)
{
	va_list args;

	if (drift->count == NAT_DRIFT_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(drift->line[drift->count], sizeof(drift->line[0]), format, args);
	va_end(args);
	drift->count++;
}

/**
 * drift_add_links - note the same of some links
 * @drift: changed
 * @links: which
 * @verdict: what is wrong with each
 */
static void drift_add_links(struct nat_drift *drift, struct links links, const char *verdict)
{
	for (size_t i = 0; i < links.count; i++)
		drift_add(drift, "link %s %s", links.names[i], verdict);
}

/**
 * nat_compare - how the table differs from what it should be
 * @spec: what it should be, borrowed
 * @state: what the kernel has, borrowed; NULL: there is no table
 * @ret_drift: the differences, in words
 *
 * Returns how many there are.
 */
size_t nat_compare(const struct nat_spec *spec, const struct nat_state *state,
		   struct nat_drift *ret_drift)
{
	struct links wanted = links_of(spec->external, spec->n_external);
	struct links is;

	ret_drift->count = 0;
	if (!state) {
		drift_add(ret_drift, "there is no table inet " NAT_TABLE);
		return ret_drift->count;
	}
	if (!state->intact)
		drift_add(ret_drift, "table inet " NAT_TABLE ": %s", state->difference);
	is = links_of(state->external, state->n_external);
	drift_add_links(ret_drift, links_missing(&wanted, &is),
			"is not external, should be: no container gets out through it");
	drift_add_links(ret_drift, links_missing(&is, &wanted), "is external, should not be");
	return ret_drift->count;
}
