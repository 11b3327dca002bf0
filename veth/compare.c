/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/link-group.h"
#include "veth/cable.h"

/* A comparison that is under way. */
struct comparison {
	const struct veth_spec *spec;
	const struct veth_state *state;
	struct veth_drift *drift;
	unsigned parts; /* that differ */
};

/**
 * differs - note a difference
 * @c: changed
 * @parts: what is to be mended
 * @format: the difference in words; lines for which there is no room are counted only in @parts
 */
__attribute__((format(printf, 3, 4))) static void differs(struct comparison *c, unsigned parts,
							  const char *format, ...)
{
	struct veth_drift *drift = c->drift;
	va_list args;

	c->parts |= parts;
	if (drift->count == VETH_DRIFT_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(drift->line[drift->count++], sizeof(drift->line[0]), format, args);
	va_end(args);
}

/**
 * compare_flag - compare something that is on or off
 * @c: changed
 * @parts: what is to be mended
 * @what: its name
 * @is, @should: the two sides
 */
static void compare_flag(struct comparison *c, unsigned parts, const char *what, bool is,
			 bool should)
{
	if (is != should)
		differs(c, parts, "%s is %s, should be %s", what, is ? "on" : "off",
			should ? "on" : "off");
}

/**
 * compare_addr - compare an address
 * @c: changed
 * @parts: what is to be mended
 * @what: its name
 * @is, @should: the two sides; nothing is asked for where @should is none
 */
static void compare_addr(struct comparison *c, unsigned parts, const char *what,
			 const struct addr *is, const struct addr *should)
{
	char left[ADDR_TEXT], right[ADDR_TEXT];

	if (addr_is_set(should) && !addr_equal(is, should))
		differs(c, parts, "%s is %s, should be %s", what, addr_format(is, left),
			addr_format(should, right));
}

/**
 * compare_prefix - compare an address with its length
 * @c: changed
 * @parts: what is to be mended
 * @what: its name
 * @is, @should: the two sides; nothing is asked for where @should is none
 */
static void compare_prefix(struct comparison *c, unsigned parts, const char *what,
			   const struct prefix *is, const struct prefix *should)
{
	char left[PREFIX_TEXT], right[PREFIX_TEXT];

	if (addr_is_set(&should->addr) &&
	    (!addr_equal(&is->addr, &should->addr) || is->length != should->length))
		differs(c, parts, "%s is %s, should be %s", what, prefix_format(is, left),
			prefix_format(should, right));
}

/* How the two ends differ in what their parts are called. */
struct end_parts {
	const char *name;
	unsigned up, mtu, mac;
};

/**
 * compare_end - compare what both ends have
 * @c: changed
 * @parts: of this end
 * @end: as it is
 * @mac: as it should be; none: any
 */
static void compare_end(struct comparison *c, const struct end_parts *parts,
			const struct veth_end *end, const struct mac *mac)
{
	char left[MAC_TEXT], right[MAC_TEXT];

	if (!end->up)
		differs(c, parts->up, "%s is down, should be up", parts->name);
	if (c->spec->mtu != 0 && end->mtu != c->spec->mtu)
		differs(c, parts->mtu, "%s: mtu is %u, should be %u", parts->name, end->mtu,
			c->spec->mtu);
	if (mac_is_set(mac) && !mac_equal(&end->mac, mac))
		differs(c, parts->mac, "%s: mac is %s, should be %s", parts->name,
			mac_format(&end->mac, left), mac_format(mac, right));
}

/**
 * compare_pair - compare the addresses of one family
 * @c: changed
 * @v6: which family
 */
static void compare_pair(struct comparison *c, bool v6)
{
	const struct veth_end *host = &c->state->host, *local = &c->state->local;
	const struct veth_pair *pair = v6 ? &c->spec->v6 : &c->spec->v4;
	struct prefix inside = pair->local;
	unsigned parts = v6 ? PART_HOST_V6 : PART_HOST_V4;

	if (!addr_is_set(&pair->local.addr))
		return;
	if (spec_is_paired(c->spec, pair)) {
		const struct prefix outside = { pair->host, addr_bits(&pair->host) };

		compare_prefix(c, parts, "host end: address", v6 ? &host->v6 : &host->v4, &outside);
		compare_addr(c, parts, "host end: route to the container",
			     v6 ? &host->v6_peer : &host->v4_peer, &pair->local.addr);
		inside.length = addr_bits(&pair->host);
		compare_addr(c, v6 ? PART_LOCAL_V6 : PART_LOCAL_V4, VETH_INSIDE ": peer",
			     v6 ? &local->v6_peer : &local->v4_peer, &pair->host);
	}
	compare_prefix(c, v6 ? PART_LOCAL_V6 : PART_LOCAL_V4, VETH_INSIDE ": address",
		       v6 ? &local->v6 : &local->v4, &inside);
	compare_addr(c, v6 ? PART_ROUTE_V6 : PART_ROUTE_V4, VETH_INSIDE ": default route",
		     v6 ? &local->v6_gateway : &local->v4_gateway, &pair->host);
	/* The kernel drops it with the only address of a link. */
	if (c->parts & (v6 ? PART_LOCAL_V6 : PART_LOCAL_V4) && addr_is_set(&pair->host))
		c->parts |= v6 ? PART_ROUTE_V6 : PART_ROUTE_V4;
}

/**
 * compare_known - compare where the host finds the container
 * @c: changed
 * @v6: of which family
 *
 * The kernel forgets it when the link goes down, or an address of it changes.
 */
static void compare_known(struct comparison *c, bool v6)
{
	const struct veth_pair *pair = v6 ? &c->spec->v6 : &c->spec->v4;
	const struct mac *is = v6 ? &c->state->known_v6 : &c->state->known_v4;
	unsigned part = v6 ? PART_KNOWN_V6 : PART_KNOWN_V4;
	char address[ADDR_TEXT], mac[MAC_TEXT];

	if (!spec_is_paired(c->spec, pair) || !mac_is_set(&c->spec->local_mac))
		return;
	if (c->parts & (PART_HOST_UP | PART_HOST_MAC | PART_HOST_V4 | PART_HOST_V6))
		c->parts |= part;
	else if (!mac_equal(is, &c->spec->local_mac))
		differs(c, part, "host end: %s is not fixed at mac %s",
			addr_format(&pair->local.addr, address),
			mac_format(&c->spec->local_mac, mac));
}

/**
 * compare_identity - compare what says whose link it is
 * @c: changed
 */
static void compare_identity(struct comparison *c)
{
	const struct veth_spec *spec = c->spec;
	const struct veth_state *state = c->state;

	if (!state->ours)
		differs(c, PART_TAG, "host end does not carry the tag of container %s",
			spec->container);
	if (spec->altname[0] && !state->altname)
		differs(c, PART_ALTNAME, "host end has no alternative name %s", spec->altname);
}

/**
 * compare_port - compare what the host end is plugged into, and how
 * @c: changed
 *
 * The guard is a matter of the port, so another bridge knows of none.
 */
static void compare_port(struct comparison *c)
{
	const struct veth_spec *spec = c->spec;
	const struct veth_state *state = c->state;
	unsigned guard = spec->guarded ? PART_GUARD : 0;

	if (strcmp(state->bridge, spec->bridge) != 0) {
		differs(c, PART_BRIDGE | guard, "host end: bridge is %s, should be %s",
			state->bridge[0] ? state->bridge : "none",
			spec->bridge[0] ? spec->bridge : "none");
		return;
	}
	compare_flag(c, PART_GUARD, "host end: guard against spanning tree frames", state->guarded,
		     spec->guarded);
	if (state->cut)
		differs(c, PART_CUT,
			"host end: the bridge has cut it off for a spanning tree frame");
}

/**
 * compare_group - compare by which group the host end is judged
 * @c: changed
 *
 * On a bridge it is not looked at: another rule judges what comes from there.
 */
static void compare_group(struct comparison *c)
{
	const struct mac *mac = &c->spec->local_mac;
	uint32_t group = c->state->group;
	char text[MAC_TEXT];

	if (spec_is_judged(c->spec) && !link_group_fits(group, mac))
		differs(c, PART_GROUP, "host end: group is %u, should be one that goes with mac %s",
			group, mac_format(mac, text));
	else if (!c->spec->sealed && !c->spec->bridge[0] && group & LINK_GROUP_JUDGED)
		differs(c, PART_GROUP, "host end: group is %u, should be 0", group);
}

/**
 * compare_switches - compare what keeps the host safe
 * @c: changed
 */
static void compare_switches(struct comparison *c)
{
	const struct veth_spec *spec = c->spec;
	const struct veth_state *state = c->state;
	bool v6 = spec_wants_v6(spec);

	compare_flag(c, PART_SWITCHES_V4, "host end: ipv4 forwarding", state->forwarding_v4,
		     spec->forwarding);
	compare_flag(c, PART_SWITCHES_V4, "host end: strict source check", state->strict_source,
		     true);
	compare_flag(c, PART_SWITCHES_V4 | PART_SWITCHES_V6, "host end: acceptance of redirects",
		     state->accept_redirects, false);
	compare_flag(c, PART_SWITCHES_V6, "host end: ipv6", !state->v6_disabled, v6);
	if (!v6)
		return;
	compare_flag(c, PART_SWITCHES_V6, "host end: ipv6 forwarding", state->forwarding_v6,
		     spec->forwarding);
	compare_flag(c, PART_SWITCHES_V6, "host end: acceptance of router advertisements",
		     state->accept_ra, false);
}

/**
 * cable_compare - what differs, as a set of parts and in words
 * @spec: what should be, borrowed
 * @state: what is, borrowed
 * @ret_drift: the differences in words
 *
 * Returns the parts to mend, 0 when there is no difference.
 */
unsigned cable_compare(const struct veth_spec *spec, const struct veth_state *state,
		       struct veth_drift *ret_drift)
{
	static const struct end_parts host = { "host end", PART_HOST_UP, PART_HOST_MTU,
					       PART_HOST_MAC };
	static const struct end_parts local = { VETH_INSIDE, PART_LOCAL_UP, PART_LOCAL_MTU,
						PART_LOCAL_MAC };
	struct comparison c = { .spec = spec, .state = state, .drift = ret_drift };

	ret_drift->count = 0;
	compare_identity(&c);
	compare_port(&c);
	compare_group(&c);
	compare_end(&c, &host, &state->host, &spec->host_mac);
	compare_switches(&c);
	compare_flag(&c, PART_LOOPBACK, "loopback inside", state->loopback_up, true);
	compare_end(&c, &local, &state->local, &spec->local_mac);
	compare_pair(&c, false);
	compare_pair(&c, true);
	compare_known(&c, false);
	compare_known(&c, true);
	return c.parts;
}

/**
 * veth_compare - how a cable differs from what it should be
 * @spec: what should be, borrowed
 * @state: what is, borrowed
 * @ret_drift: the differences in words
 *
 * A cable of which an end is missing has that one difference. What @spec does not ask for is not
 * looked at: addresses of a family it has not, an MTU or a MAC of zero.
 *
 * Returns the number of differences.
 */
size_t veth_compare(const struct veth_spec *spec, const struct veth_state *state,
		    struct veth_drift *ret_drift)
{
	struct comparison c = { .spec = spec, .state = state, .drift = ret_drift };

	ret_drift->count = 0;
	if (!state->host.present)
		differs(&c, 0, "there is no link %s", spec->link);
	else if (!state->local.present)
		differs(&c, 0, "the other end of %s is not in the container's namespace",
			spec->link);
	else
		(void)cable_compare(spec, state, ret_drift);
	return ret_drift->count;
}
