/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/attach/extra-links.h"

#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/netns.h"

/**
 * links_ensure - have the further links of a container
 * @network: the session
 * @ns_fd: its namespace, borrowed
 * @definition: borrowed
 * @spec: its cable, by which MACs are derived; borrowed
 * @e: names the link
 *
 * Returns 1, 0 when all was so, or -errno.
 */
int links_ensure(struct network *network, int ns_fd, const struct definition *definition,
		 const struct veth_spec *spec, struct error *e)
{
	int done = 0, r = 0;

	if (!definition->cable)
		r = done = veth_loopback_up(network->host.veth, ns_fd, e);
	for (size_t i = 0; r >= 0 && i < definition->n_extras; i++) {
		struct veth_extra extra = definition->extras[i];

		if (extra.kind == VETH_EXTRA_MACVLAN)
			extra.mac = veth_mac_host(&spec->local_mac, extra.inside);
		r = veth_extra_ensure(network->host.veth, ns_fd, definition->name, &extra, e);
		done |= r > 0;
	}
	return r < 0 ? r : done;
}

/**
 * pairs_equal - whether two links have the same addresses of a family
 * @a, @b: borrowed
 */
static bool pairs_equal(const struct veth_pair *a, const struct veth_pair *b)
{
	return addr_equal(&a->host, &b->host) && addr_equal(&a->local.addr, &b->local.addr) &&
	       a->local.length == b->local.length;
}

/**
 * has_link - whether a definition has a link as it is
 * @definition: borrowed
 * @extra: borrowed
 */
static bool has_link(const struct definition *definition, const struct veth_extra *extra)
{
	for (size_t i = 0; i < definition->n_extras; i++) {
		const struct veth_extra *other = &definition->extras[i];

		if (other->kind == extra->kind && strcmp(other->link, extra->link) == 0 &&
		    strcmp(other->inside, extra->inside) == 0 &&
		    strcmp(other->bridge, extra->bridge) == 0 &&
		    mac_equal(&other->mac, &extra->mac) && pairs_equal(&other->v4, &extra->v4) &&
		    pairs_equal(&other->v6, &extra->v6))
			return true;
	}
	return false;
}

/**
 * links_withdraw - take away further links that a container that runs is not to have any more
 * @network: the session
 * @ns_fd: its namespace, borrowed
 * @was: its definition so far, borrowed
 * @now: its definition from now on, borrowed
 * @e: names the link
 *
 * One that is to be otherwise goes as well: who attaches makes it anew.
 *
 * Returns 1, 0 when there was nothing to do, or -errno.
 */
int links_withdraw(struct network *network, int ns_fd, const struct definition *was,
		   const struct definition *now, struct error *e)
{
	int done = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < was->n_extras; i++) {
		if (has_link(now, &was->extras[i]))
			continue;
		r = veth_extra_withdraw(network->host.veth, ns_fd, was->name, &was->extras[i], e);
		done |= r > 0;
	}
	return r < 0 ? r : done;
}

/**
 * links_remove - take the further links of a container away, and back what was the host's
 * @network: the session
 * @definition: borrowed
 * @e: names the link
 *
 * Returns 1, 0 when there was nothing to do, or -errno.
 */
int links_remove(struct network *network, const struct definition *definition, struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	char path[PATH_MAX];
	int done = 0, r;

	if (!definition->n_extras)
		return 0;
	r = paths_namespace(network->host.paths, definition->name, path, e);
	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r <= 0)
		return r;
	for (size_t i = 0; r >= 0 && i < definition->n_extras; i++) {
		r = veth_extra_remove(network->host.veth, ns, definition->name,
				      &definition->extras[i], e);
		done |= r > 0;
	}
	return r < 0 ? r : done;
}
