/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/host.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/rules/recorded.h"
#include "container/rules/rules.h"

/**
 * machine_id_read - the identity of this host
 * @paths: borrowed
 * @ret_id: 16 bytes; all zero where the host has none (yet), as in an image
 * @e: names the file
 *
 * Source: machine-id(5).
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int machine_id_read(const struct paths *paths, uint8_t ret_id[16], struct error *e)
{
	static const char digits[] = "0123456789abcdef";
	_cleanup_(freep) char *text = NULL;
	uint8_t id[16] = { 0 };
	size_t length;
	int r = file_read(paths->machine_id, 64, &text, &length, e);

	memset(ret_id, 0, sizeof(id));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (length < 2 * sizeof(id) || strspn(text, digits) != 2 * sizeof(id))
		return 0;
	for (size_t i = 0; i < 2 * sizeof(id); i++)
		id[i / 2] = (uint8_t)(id[i / 2] << 4 | (strchr(digits, text[i]) - digits));
	memcpy(ret_id, id, sizeof(id));
	return 1;
}

/**
 * resolve_external - the external links as they are now
 * @host: its nat is filled from its settings and uplinks
 * @e: names the link
 *
 * Returns 0 or -errno.
 */
static int resolve_external(struct host *host, struct error *e)
{
	const struct veth_uplink *uplinks[] = { &host->uplink_v4, &host->uplink_v6 };

	if (!host->settings.nat)
		return 0;
	host->nat = host->settings.wanted;
	for (size_t i = 0; host->settings.external_auto && i < ARRAY_SIZE(uplinks); i++) {
		int r = 0;

		if (uplinks[i]->ifindex)
			r = nat_spec_add(&host->nat, uplinks[i]->link, e);
		if (r < 0)
			return error_wrap(e, r, "external link of the default route");
	}
	host->unresolved = host->settings.external_auto && !host->uplink_v4.ifindex &&
			   !host->uplink_v6.ifindex;
	return 0;
}

/**
 * host_find_inside - find the links that internal networks are behind
 * @host: looked at; its nat learns them
 * @e: names the network
 *
 * Returns 0 or -errno.
 */
int host_find_inside(struct host *host, struct error *e)
{
	struct nat_spec *nat = &host->nat;
	int r = 0;

	nat->n_inside = 0;
	for (size_t i = 0; i < nat->n_internal && r >= 0; i++) {
		struct veth_ways ways = { .count = 0 };

		r = veth_ways(host->veth, &nat->internal[i], &ways, e);
		for (size_t j = 0; j < ways.count && r >= 0; j++)
			r = nat_spec_add_inside(nat, ways.links[j], nat->internal[i].addr.family,
						e);
	}
	return r < 0 ? r : 0;
}

/**
 * host_look - look at the host once, for any number of containers
 * @host: its session is open; the rest is filled, unless it has been
 * @e: filled on failure
 *
 * The default route of IPv6 matters where it may use another link, or is the only one. When only ports
 * change, no cable gets its MTU from that link, and a route matters only where links follow it.
 *
 * Returns 0 or -errno.
 */
int host_look(struct host *host, struct error *e)
{
	bool automatic;
	int r;

	if (host->looked)
		return 0;
	r = settings_read(host->paths, &host->settings, e);
	if (r < 0)
		return r;
	automatic = host->settings.nat && host->settings.external_auto;
	if (automatic || !host->ports_only)
		r = veth_uplink(host->veth, AF_INET, &host->uplink_v4, e);
	if (r >= 0 && (automatic || (!host->ports_only && !host->uplink_v4.ifindex)))
		r = veth_uplink(host->veth, AF_INET6, &host->uplink_v6, e);
	if (r >= 0)
		r = resolve_external(host, e);
	host->nat.open = host->settings.open;
	host->nat.owned = host->settings.own_table;
	/* With NAT they forward in any case, and nobody needs to know. */
	host->publishes = !host->settings.nat && !host->settings.open &&
			  (forwards_any(host->paths) || peers_any(host->paths));
	host->looked = r >= 0;
	return r;
}

/**
 * host_open - begin to work on the network of the host
 * @paths: borrowed until host_close()
 * @ret_host: the session; the caller ends with host_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int host_open(const struct paths *paths, struct host *ret_host, struct error *e)
{
	struct host host = { .paths = paths };
	int r = veth_open(&host.veth, e);

	if (r == 0)
		*ret_host = host;
	return r;
}

/**
 * host_close - end the session
 * @host: not open afterwards; one that never was is fine
 */
void host_close(struct host *host)
{
	veth_closep(&host->veth);
}

/**
 * mac_derive - the MAC of a container whose definition has none
 * @paths: borrowed
 * @name: of the container, borrowed
 * @ret_mac: derived from the identity of this host
 * @e: filled on failure
 *
 * Returns 1, 0 when the host has no identity and so the MAC is nobody's in particular, or -errno.
 */
int mac_derive(const struct paths *paths, const char *name, struct mac *ret_mac, struct error *e)
{
	uint8_t identity[16];
	int r = machine_id_read(paths, identity, e);

	if (r >= 0)
		*ret_mac = veth_mac_local(identity, name);
	return r;
}

/**
 * describe_mac - the MAC of the container's end
 * @host: borrowed
 * @definition: borrowed
 * @ret_mac: the one the definition names, or one derived from the identity of this host
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int describe_mac(const struct host *host, const struct definition *definition,
			struct mac *ret_mac, struct error *e)
{
	int r;

	if (mac_is_set(&definition->mac)) {
		*ret_mac = definition->mac;
		return 0;
	}
	r = mac_derive(host->paths, definition->name, ret_mac, e);
	return r < 0 ? r : 0;
}

/**
 * describe_mtu - the MTU of both ends
 * @host: borrowed
 * @definition: borrowed
 * @ret_mtu: that of the bridge, or of the link packets leave through, so that none is too large for
 *           it; 0, the kernel's own, when there is neither
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int describe_mtu(const struct host *host, const struct definition *definition,
			uint32_t *ret_mtu, struct error *e)
{
	int r;

	*ret_mtu = host->uplink_v4.ifindex ? host->uplink_v4.mtu : host->uplink_v6.mtu;
	if (!definition->bridge[0])
		return 0;
	*ret_mtu = 0;
	r = veth_link_mtu(host->veth, definition->bridge, ret_mtu, e);
	return r < 0 ? r : 0;
}

/**
 * host_identify - by what the cable of a container is known
 * @host: borrowed
 * @definition: borrowed; a name is enough
 * @ret_spec: names, MACs, bridge; nothing that depends on settings or other links
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int host_identify(const struct host *host, const struct definition *definition,
		  struct veth_spec *ret_spec, struct error *e)
{
	struct veth_spec spec = { .v4 = definition->v4, .v6 = definition->v6 };
	int r = describe_mac(host, definition, &spec.local_mac, e);

	if (r < 0)
		return r;
	memcpy(spec.container, definition->name, sizeof(spec.container));
	memcpy(spec.bridge, definition->bridge, sizeof(spec.bridge));
	spec.guarded = definition->bridge[0] && !definition->unpinned;
	spec.sealed = !definition->bridge[0] && !definition->unpinned;
	veth_link_name(definition->name, definition->bridge[0], spec.link, spec.altname);
	spec.host_mac = veth_mac_host(&spec.local_mac, definition->name);
	*ret_spec = spec;
	return 0;
}

/**
 * host_describe - what the cable of a container should be
 * @host: looked at if it has not been
 * @definition: borrowed
 * @ret_spec: the description
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int host_describe(struct host *host, const struct definition *definition,
		  struct veth_spec *ret_spec, struct error *e)
{
	struct veth_spec spec;
	int r;

	r = host_look(host, e);
	if (r >= 0)
		r = host_identify(host, definition, &spec, e);
	if (r >= 0)
		r = describe_mtu(host, definition, &spec.mtu, e);
	if (r < 0)
		return r;
	spec.forwarding = (host->settings.nat || host->settings.open || host->publishes ||
			   definition->ports.count || definition->n_peers) &&
			  !definition->bridge[0];
	*ret_spec = spec;
	return 0;
}
