/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "nat/contents.h"
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
 * drift_add_links - note external links that the one has and the other has not
 * @drift: changed
 * @these: the one
 * @others: the other
 * @verdict: what is wrong with each
 */
static void drift_add_links(struct nat_drift *drift, const struct contents *these,
			    const struct contents *others, const char *verdict)
{
	for (size_t i = 0; i < these->n_external; i++)
		if (!contents_have_link(others, these->external[i]))
			drift_add(drift, "link %s %s", these->external[i], verdict);
}

/**
 * drift_add_opened - note links that forward only because of us in the one, and not in the other
 * @drift: changed
 * @these: the one
 * @others: the other
 * @wanted: whether the one is what should be; of what is there, links that are gone do not count
 */
static void drift_add_opened(struct nat_drift *drift, const struct nat_opened *these,
			     const struct nat_opened *others, bool wanted)
{
	const char *verdict = wanted ? "is forwarded for everybody, should be for containers only"
				     : "is forwarded for containers only, should be for everybody";

	for (size_t i = 0; i < these->n_v4; i++)
		if (!opened_have(others, AF_INET, these->v4[i]) &&
		    (wanted || if_nametoindex(these->v4[i])))
			drift_add(drift, "IPv4 of link %s %s", these->v4[i], verdict);
	for (size_t i = 0; i < these->n_v6; i++)
		if (!opened_have(others, AF_INET6, these->v6[i]) &&
		    (wanted || if_nametoindex(these->v6[i])))
			drift_add(drift, "IPv6 of link %s %s", these->v6[i], verdict);
}

/**
 * drift_add_networks - the same for internal networks
 * @drift, @these, @others, @verdict: as for drift_add_links()
 */
static void drift_add_networks(struct nat_drift *drift, const struct contents *these,
			       const struct contents *others, const char *verdict)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < these->n_internal; i++)
		if (!contents_have_network(others, &these->internal[i]))
			drift_add(drift, "network %s %s", prefix_format(&these->internal[i], text),
				  verdict);
}

/**
 * drift_add_address - note that all leave with another address than they should
 * @drift: changed
 * @family: the name of the address's family
 * @is: the one
 * @wanted: the other; AF_UNSPEC means that of the link
 */
static void drift_add_address(struct nat_drift *drift, const char *family, const struct addr *is,
			      const struct addr *wanted)
{
	static const char link[] = "that of the link";
	char now[ADDR_TEXT], then[ADDR_TEXT];

	if (addr_equal(is, wanted))
		return;
	drift_add(drift, "the address %s leaves with is %s, should be %s", family,
		  addr_is_set(is) ? addr_format(is, now) : link,
		  addr_is_set(wanted) ? addr_format(wanted, then) : link);
}

/**
 * drift_add_table - note how a table differs in what all tables have
 * @drift: changed
 * @label: of the table
 * @spec: what it should be, borrowed
 * @state: what the kernel has, borrowed; NULL: there is no table
 */
static void drift_add_table(struct nat_drift *drift, const char *label, const struct nat_spec *spec,
			    const struct nat_state *state)
{
	if (!state) {
		drift_add(drift, "there is no table %s", label);
		return;
	}
	if (!state->intact)
		drift_add(drift, "table %s: %s", label, state->difference);
	if (state->open != spec->open)
		drift_add(drift, "table %s: containers are %s from each other, should %s", label,
			  state->open ? "not isolated" : "isolated", spec->open ? "not" : "be");
	if (state->unjudged && !spec->unjudged)
		drift_add(drift, "table %s: MACs of containers are not looked at, should be",
			  label);
	if (state->persistent != spec->owned)
		drift_add(drift, "table %s %s be owned, should %s", label,
			  state->persistent ? "can" : "cannot", spec->owned ? "be" : "not");
}

/**
 * nat_bridge_compare - how the table for bridges differs from what it should be
 * @spec: what it should be, borrowed
 * @state: what the kernel has, borrowed; NULL: there is no table
 * @drift: lines are added
 */
void nat_bridge_compare(const struct nat_spec *spec, const struct nat_state *state,
			struct nat_drift *drift)
{
	drift_add_table(drift, "bridge " NAT_TABLE, spec, state);
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
	struct contents wanted = contents_of_spec(spec);
	struct contents is;

	ret_drift->count = 0;
	drift_add_table(ret_drift, "inet " NAT_TABLE, spec, state);
	if (!state)
		return ret_drift->count;
	is = contents_of_state(state);
	drift_add_links(ret_drift, &wanted, &is,
			"is not external, should be: no container gets out through it");
	drift_add_links(ret_drift, &is, &wanted, "is external, should not be");
	drift_add_networks(ret_drift, &wanted, &is,
			   "is not internal, should be: it does not get out");
	drift_add_networks(ret_drift, &is, &wanted, "is internal, should not be");
	drift_add_address(ret_drift, "IPv4", is.address4, wanted.address4);
	drift_add_address(ret_drift, "IPv6", is.address6, wanted.address6);
	drift_add_opened(ret_drift, wanted.opened, is.opened, true);
	drift_add_opened(ret_drift, is.opened, wanted.opened, false);
	return ret_drift->count;
}
