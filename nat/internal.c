/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "nat/external.h"
#include "nat/nat.h"

/* Networks beside those of containers that get out as they do, and the links they are behind. */

/**
 * network_check - whether a network can be internal
 * @network: borrowed
 * @text: as it was typed
 * @e: says why not
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int network_check(const struct prefix *network, const char *text, struct error *e)
{
	struct addr last = prefix_last(network);
	struct prefix meant = prefix_network(network);
	char suggestion[PREFIX_TEXT];
	int r;

	if (network->length == 0)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%s' cannot be internal: the outside is in it as well", text);
	if (!prefix_is_network(network)) {
		r = error_set(e, ERROR_USAGE, EINVAL,
			      "'%s' cannot be internal: it is an address on a network", text);
		return error_remedy(e, r, "write %s for the network, or the address alone",
				    prefix_format(&meant, suggestion));
	}
	if (!addr_is_host(&network->addr) || !addr_is_host(&last))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%s' cannot be internal: it has addresses that are never "
				 "forwarded",
				 text);
	return 0;
}

/**
 * network_is_containers - whether a network is told as the links of containers: "ve-*", "vb-+"
 * @text: as typed
 */
static bool network_is_containers(const char *text)
{
	size_t prefix = strlen(NAT_PREFIX);

	return (strncmp(text, NAT_PREFIX, prefix) == 0 ||
		strncmp(text, NAT_PREFIX_BRIDGED, prefix) == 0) &&
	       (strcmp(text + prefix, "*") == 0 || strcmp(text + prefix, "+") == 0);
}

/**
 * nat_spec_add_internal - add a network that gets out as containers do
 * @spec: changed
 * @text: "192.168.7.0/24" or an address; the links of containers, as NixOS names them, are internal anyway
 * @e: says why not
 *
 * Returns 1, 0 when it is there already, -EINVAL (ERROR_USAGE), also for one that overlaps another,
 * or -ENOSPC when there are too many.
 */
int nat_spec_add_internal(struct nat_spec *spec, const char *text, struct error *e)
{
	struct prefix network;
	char other[PREFIX_TEXT];
	int r;

	if (network_is_containers(text))
		return 0;
	r = prefix_parse(text, &network, e);
	if (r == 0)
		r = network_check(&network, text, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < spec->n_internal; i++) {
		const struct prefix *there = &spec->internal[i];

		if (!prefix_overlaps(there, &network))
			continue;
		if (there->length == network.length)
			return 0;
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%s' cannot be internal beside %s: they overlap", text,
				 prefix_format(there, other));
	}
	if (spec->n_internal == NAT_INTERNAL_MAX)
		return error_set(e, ERROR_USAGE, ENOSPC,
				 "cannot add network %s: %d are internal, no more are possible",
				 text, NAT_INTERNAL_MAX);
	spec->internal[spec->n_internal++] = network;
	return 1;
}

/**
 * nat_spec_add_inside - note that internal networks are behind a link
 * @spec: changed
 * @link: its name; one of a container has a switch of its own, and is left out
 * @family: of the networks
 * @e: filled on failure
 *
 * Returns 1, 0 when that is known, or -ENOSPC.
 */
int nat_spec_add_inside(struct nat_spec *spec, const char *link, sa_family_t family,
			struct error *e)
{
	struct nat_inside *inside = spec->inside;
	bool *flag;

	if (link_leads_to_container(link) || strcmp(link, "lo") == 0 || link_check(link, NULL) < 0)
		return 0;
	while (inside < spec->inside + spec->n_inside && strcmp(inside->link, link) != 0)
		inside++;
	if (inside == spec->inside + NAT_EXTERNAL_MAX)
		return error_set(e, ERROR_FAILED, ENOSPC,
				 "internal networks are behind more than %d links",
				 NAT_EXTERNAL_MAX);
	if (inside == spec->inside + spec->n_inside) {
		*inside = (struct nat_inside){ 0 };
		memcpy(inside->link, link, strlen(link));
		spec->n_inside++;
	}
	flag = family == AF_INET ? &inside->v4 : &inside->v6;
	if (*flag)
		return 0;
	*flag = true;
	return 1;
}
