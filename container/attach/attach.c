/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/netns.h"
#include "container/attach/attach.h"
#include "container/attach/extra-links.h"
#include "container/attach/forwards.h"
#include "container/attach/names.h"
#include "container/attach/network.h"
#include "container/attach/pins.h"
#include "container/rules/masquerade.h"

/*
 * Theory of operation
 *
 * Attaching never opens the address book: the definition file is the lease as far as booting is
 * concerned. The order is rules, pins, namespace, cable, so that there is no instant in which a cable is
 * up and what isolates it is not there. Each step looks first, adopts what a killed run
 * has left and makes the rest; what a failing run has made it takes away again.
 *
 * One lock per container keeps two runs for the same name apart; different containers never wait
 * for each other. The definition is read under it, and destroy removes it under it, so that no
 * network comes up for a container that is being destroyed. A run that leaves nothing attached removes
 * the file of the lock as well. From the first attach of a session until its end nobody else changes
 * the settings or takes the rules away.
 */

/**
 * rules_ensure - have the rules in place before the first cable of this session
 * @network: the session
 * @e: filled on failure
 *
 * Returns 1 when something had to be done, 0, or -errno.
 */
static int rules_ensure(struct network *network, struct error *e)
{
	int r;

	if (network->rules_ensured)
		return 0;
	r = masquerade_ensure(&network->host, e);
	if (r >= 0)
		network->rules_ensured = true;
	return r;
}

/**
 * wires_ensure - have the cable and further links of a container as they should be
 * @network: the session
 * @ns: its namespace, borrowed
 * @definition: borrowed
 * @spec: what the cable should be
 * @e: filled on failure
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
static int wires_ensure(struct network *network, int ns, const struct definition *definition,
			const struct veth_spec *spec, struct error *e)
{
	int cable = 0, links = 0;

	if (definition->cable)
		cable = veth_ensure(network->host.veth, ns, spec, e);
	if (cable >= 0 && (definition->n_extras || !definition->cable))
		links = links_ensure(network, ns, definition, spec, e);
	if (cable < 0 || links < 0)
		return cable < 0 ? cable : links;
	return cable || links;
}

/**
 * cable_ensure - have namespace and links of a container as they should be
 * @network: the session
 * @definition: borrowed
 * @spec: what the cable should be
 * @e: filled on failure
 *
 * A namespace made here is taken away again when the cable cannot be made.
 *
 * Returns 2 when the namespace was made, 1 when something else was done, 0 when all was so, or -errno.
 */
static int cable_ensure(struct network *network, const struct definition *definition,
			const struct veth_spec *spec, struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	char path[PATH_MAX];
	int made, r;

	r = paths_namespace(network->host.paths, spec->container, path, e);
	if (r < 0)
		return r;
	r = netns_open(path, &ns, e);
	if (r < 0)
		return r;
	made = r == 0;
	if (made)
		r = netns_create(network->host.paths->namespaces, path, &ns, e);
	if (r < 0)
		return r;
	r = wires_ensure(network, ns, definition, spec, e);
	if (r < 0 && made) {
		/* The failure to report is that of the link. */
		links_remove(network, definition, NULL);
		if (definition->cable)
			veth_remove(network->host.veth, spec, NULL);
		netns_remove(path, NULL);
	}
	if (r < 0)
		return r;
	return made ? 2 : r > 0;
}

/**
 * plug_ensure - have a container pinned and its cable plugged in
 * @network: the session
 * @definition: borrowed
 * @spec: what the cable should be
 * @ret_cable: what cable_ensure() has done
 * @e: filled on failure
 *
 * The pins come first. They are taken away again when there is no cable that they are for: a running
 * container, whose cable could not become another, keeps them. What a container had that needs none any
 * more goes once the cable is another.
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
static int plug_ensure(struct network *network, const struct definition *definition,
		       const struct veth_spec *spec, int *ret_cable, struct error *e)
{
	bool pinned = pins_wanted(definition);
	int pins = pinned ? pins_ensure(network, definition, spec, e) : 0, cable, r;

	if (pins < 0)
		return pins;
	r = cable = cable_ensure(network, definition, spec, e);
	if (cable >= 0 && !pinned && cable != 2)
		r = pins = pins_withdraw(network, definition->name, e);
	else if (cable < 0 && pins > 0 &&
		 !container_is_attached(network->host.paths, definition->name))
		pins_withdraw(network, definition->name, NULL); /* *e says what counts */
	if (r < 0)
		return r;
	*ret_cable = cable;
	return pins || cable;
}

/**
 * ports_ensure - publish what a definition asks for, and nothing else
 * @network: the session
 * @definition: borrowed
 * @spec: its cable, borrowed
 * @cable: what cable_ensure() has done
 * @e: names the port and its holder
 *
 * A namespace that was just made belongs to nobody who may have published something before. When the
 * ports cannot be had, a network made for them is taken away again.
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
static int ports_ensure(struct network *network, const struct definition *definition,
			const struct veth_spec *spec, int cable, struct error *e)
{
	int r;

	if (cable == 2 && !definition->ports.count)
		return 0;
	r = forwards_ensure(network, definition, spec, e);
	if (r < 0 && cable == 2)
		network_detach_locked(network, definition->name, NULL); /* *e says what counts */
	return r;
}

/**
 * addr_warn - say that the cable of another container has an address
 * @network: the session
 * @definition: whose it is to be, borrowed
 * @addr: borrowed; may be none
 */
static void addr_warn(const struct network *network, const struct definition *definition,
		      const struct addr *addr)
{
	struct veth_uses uses = { .count = 0 };
	char text[ADDR_TEXT];

	if (addr_is_set(addr) && veth_uses_find(network->host.veth, addr, 1, &uses, NULL) == 0)
		for (size_t i = 0; i < uses.count; i++) {
			const struct veth_use *use = &uses.list[i];

			if (use->container[0] && strcmp(use->container, definition->name) != 0 &&
			    use->prefix.length == addr_bits(addr))
				log_warning("container '%s': %s is in use by container '%s'; only "
					    "one of them can be reached by it",
					    definition->name, addr_format(addr, text),
					    use->container);
		}
	free(uses.list);
}

/**
 * others_warn - say that cables of other containers have addresses of a definition
 * @network: the session
 * @definition: borrowed; it is not attached yet
 *
 * A container boots whatever others have. What cannot be found out is not said.
 */
static void others_warn(const struct network *network, const struct definition *definition)
{
	if (!definition->cable || definition->bridge[0] ||
	    container_is_attached(network->host.paths, definition->name))
		return;
	addr_warn(network, definition, &definition->v4.local.addr);
	addr_warn(network, definition, &definition->v6.local.addr);
}

/**
 * attach_defined - make the network that a definition asks for
 * @network: the session
 * @definition: borrowed
 * @e: filled on failure
 *
 * Returns 1 when something was done, 0 when all was so or none is asked for, or -errno.
 */
static int attach_defined(struct network *network, const struct definition *definition,
			  struct error *e)
{
	struct veth_spec spec;
	int rules = 0, plug = 0, cable = 0, r;

	if (!definition->private_network)
		return 0;
	r = host_describe(&network->host, definition, &spec, e);
	if (r == 0 && addr_is_set(&spec.v6.local.addr) && !network->host.nat.ipv6) {
		network->host.nat.ipv6 = true;
		network->rules_ensured = false; /* they were ensured without */
	}
	if (r == 0)
		r = rules = rules_ensure(network, e);
	if (r >= 0)
		others_warn(network, definition);
	if (r >= 0)
		r = plug = plug_ensure(network, definition, &spec, &cable, e);
	if (r >= 0)
		r = ports_ensure(network, definition, &spec, cable, e);
	if (r < 0)
		return error_wrap(e, r, "network of container '%s'", definition->name);
	return rules || plug || r;
}

/**
 * network_attach - make the network of a container as its definition says
 * @network: the session
 * @name: checked here, borrowed
 * @definition: filled with what it is made from; of no use after a failure
 * @e: filled on failure
 *
 * Returns 1 when something was done, 0 when all was so or the container shares the host's network,
 * or -errno with nothing left behind.
 */
int network_attach(struct network *network, const char *name, struct definition *definition,
		   struct error *e)
{
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	int r;

	r = name_check(name, e);
	if (r == 0 && network->rules_fd < 0)
		r = rules_lock(network->host.paths, LOCK_SHARED, &network->rules_fd, e);
	if (r == 0)
		r = network_lock(network->host.paths, name, &lock, e);
	if (r < 0)
		return r;
	r = definition_read(network->host.paths, name, definition, e);
	if (r == 0)
		r = name_unknown(network->host.paths, name, e);
	if (r > 0)
		r = attach_defined(network, definition, e);
	if (r < 0 || !definition->private_network)
		network_lock_remove(&lock);
	if (r >= 0)
		names_follow(network->host.paths, definition);
	return r;
}

/**
 * mend_attached - make right what is attached of a container, under its lock
 * @network: the session, which has the lock of the rules
 * @name: a checked name
 * @ret_drift: how the cable differed
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, it is not attached or not defined any more, or -errno.
 */
static int mend_attached(struct network *network, const char *name, struct veth_drift *ret_drift,
			 struct error *e)
{
	struct network_state state;
	struct definition definition;
	int r;

	if (!container_is_attached(network->host.paths, name))
		return 0;
	r = definition_read(network->host.paths, name, &definition, e);
	if (r <= 0)
		return r;
	r = network_read(network, name, &state, e);
	if (r <= 0)
		return r;
	*ret_drift = state.drift;
	return attach_defined(network, &definition, e);
}

/**
 * network_mend - make right what is attached of a container; nothing is attached by it
 * @network: the session
 * @name: a checked name, borrowed
 * @patience: whether to wait for others who are at this container
 * @ret_drift: how its cable differed
 * @e: filled on failure
 *
 * Most that it is asked about are right: those that are not attached are left alone before any lock.
 *
 * Returns 1 when something was mended, 0 when all was so or it is not attached, -EAGAIN (ERROR_BUSY)
 * when others are at it, or another -errno.
 */
int network_mend(struct network *network, const char *name, enum network_patience patience,
		 struct veth_drift *ret_drift, struct error *e)
{
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	const struct paths *paths = network->host.paths;
	int r = name_check(name, e);

	ret_drift->count = 0;
	if (r < 0 || !container_is_attached(paths, name))
		return r;
	if (network->rules_fd < 0)
		r = rules_lock(paths, LOCK_SHARED, &network->rules_fd, e);
	if (r == 0 && patience == NETWORK_GIVES_UP)
		r = network_lock_try(paths, name, &lock, e);
	else if (r == 0)
		r = network_lock(paths, name, &lock, e);
	if (r < 0)
		return r;
	if (lock.fd < 0)
		return error_set(e, ERROR_BUSY, EAGAIN, "somebody else is at container '%s'", name);
	r = mend_attached(network, name, ret_drift, e);
	if (r >= 0 && !container_is_attached(paths, name))
		network_lock_remove(&lock);
	return r;
}

/**
 * attach_late - make the network of a container in a namespace that is there
 * @network: the session, which has the lock of the rules
 * @definition: borrowed; it asks for a network of its own
 * @ns: the namespace, borrowed
 * @e: filled on failure
 *
 * What was attached before is taken away: its names are needed.
 *
 * Returns 1 or -errno, with nothing left behind.
 */
static int attach_late(struct network *network, const struct definition *definition, int ns,
		       struct error *e)
{
	const char *name = definition->name;
	char path[PATH_MAX];
	struct veth_spec spec;
	int r = paths_namespace(network->host.paths, name, path, e);

	if (r == 0)
		r = host_describe(&network->host, definition, &spec, e);
	if (r >= 0)
		r = network_detach_locked(network, name, e);
	if (r >= 0 && addr_is_set(&spec.v6.local.addr))
		network->host.nat.ipv6 = true;
	if (r >= 0)
		others_warn(network, definition);
	if (r >= 0)
		r = rules_ensure(network, e);
	if (r >= 0 && pins_wanted(definition))
		r = pins_ensure(network, definition, &spec, e);
	if (r >= 0)
		r = netns_adopt(network->host.paths->namespaces, path, ns, e);
	if (r < 0)
		return r;
	r = veth_ensure(network->host.veth, ns, &spec, e);
	if (r >= 0 && definition->ports.count)
		r = forwards_ensure(network, definition, &spec, e);
	if (r < 0)
		network_detach_locked(network, name, NULL); /* *e says what counts */
	return r;
}

/**
 * network_attach_to - make the network of a container in the namespace that it has made itself
 * @network: the session
 * @name: checked here, borrowed
 * @ns: the namespace, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when the container shares the host's network, or -errno with nothing left behind.
 */
int network_attach_to(struct network *network, const char *name, int ns, struct error *e)
{
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	struct definition definition = { 0 };
	int r = name_check(name, e);

	if (r == 0 && network->rules_fd < 0)
		r = rules_lock(network->host.paths, LOCK_SHARED, &network->rules_fd, e);
	if (r == 0)
		r = network_lock(network->host.paths, name, &lock, e);
	if (r == 0)
		r = definition_read(network->host.paths, name, &definition, e);
	if (r == 0)
		r = name_unknown(network->host.paths, name, e);
	if (r > 0 && !definition.private_network)
		return 0;
	if (r > 0)
		r = attach_late(network, &definition, ns, e);
	return r < 0 ? error_wrap(e, r, "network of container '%s'", name) : 1;
}
