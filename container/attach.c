/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/netns.h"
#include "container/forwards.h"
#include "container/links.h"
#include "container/masquerade.h"
#include "container/network.h"

#define DETACH_TOGETHER 4096 /* each has a descriptor open meanwhile */
#define DETACH_SPARE    64   /* descriptors for everything else */

/*
 * Theory of operation
 *
 * Attaching never opens the address book: the definition file is the lease as far as booting is
 * concerned. The order is rules, namespace, cable, so that there is no instant in which a cable is
 * up and the rules that isolate it are not there. Each step looks first, adopts what a killed run
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
	int rules = 0, cable = 0, r;

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
		r = cable = cable_ensure(network, definition, &spec, e);
	if (r >= 0)
		r = ports_ensure(network, definition, &spec, cable, e);
	if (r < 0)
		return error_wrap(e, r, "network of container '%s'", definition->name);
	return rules || cable || r;
}

/**
 * network_attach - make the network of a container as its definition says
 * @network: the session
 * @name: checked here, borrowed
 * @ret_definition: what it was made from; NULL when that is of no interest
 * @e: filled on failure
 *
 * Returns 1 when something was done, 0 when all was so or the container shares the host's network,
 * or -errno with nothing left behind.
 */
int network_attach(struct network *network, const char *name, struct definition *ret_definition,
		   struct error *e)
{
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	struct definition definition = { 0 };
	int r;

	r = name_check(name, e);
	if (r == 0 && network->rules_fd < 0)
		r = rules_lock(network->host.paths, LOCK_SHARED, &network->rules_fd, e);
	if (r == 0)
		r = network_lock(network->host.paths, name, &lock, e);
	if (r < 0)
		return r;
	r = definition_read(network->host.paths, name, &definition, e);
	if (r == 0)
		r = name_unknown(name, e);
	if (r > 0)
		r = attach_defined(network, &definition, e);
	if (r < 0 || !definition.private_network)
		network_lock_remove(&lock);
	if (r >= 0 && ret_definition)
		*ret_definition = definition;
	return r;
}

/**
 * cable_remove - take the cable of a container away
 * @network: the session
 * @spec: by what it is known
 * @e: filled on failure
 *
 * A link that is not ours is left alone and said so: there is no cable of ours then.
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int cable_remove(struct network *network, const struct veth_spec *spec, struct error *e)
{
	int r = veth_remove(network->host.veth, spec, e);

	if (r != -EEXIST)
		return r;
	log_notice("%s is not the cable of container '%s' and is left alone", spec->link,
		   spec->container);
	return 0;
}

/**
 * cable_remove_either - take the cable of a container away, whichever kind it is
 * @network: the session
 * @spec: by what it is known; its link is changed
 * @e: filled on failure
 *
 * The definition may have been put on a bridge, or taken off it, since the cable was made.
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int cable_remove_either(struct network *network, struct veth_spec *spec, struct error *e)
{
	int r = cable_remove(network, spec, e);

	if (r != 0)
		return r;
	veth_link_name(spec->container, !spec->bridge[0], spec->link, spec->altname);
	return cable_remove(network, spec, e);
}

/**
 * network_cut - take away what connects a container, under its lock; its namespace stays
 * @network: the session
 * @name: a checked name; its definition may be gone or unreadable
 * @e: filled on failure
 *
 * Without a readable definition the owner tag on the link still tells whose it is.
 *
 * Returns 1, 0 when nothing was connected, or -errno.
 */
static int network_cut(struct network *network, const char *name, struct error *e)
{
	struct definition definition = { 0 };
	struct veth_spec spec;
	int forwards, links, cable, r;

	if (definition_read(network->host.paths, name, &definition, NULL) <= 0)
		memcpy(definition.name, name, strlen(name) + 1);
	r = host_identify(&network->host, &definition, &spec, e);
	if (r < 0)
		return r;
	forwards = forwards_withdraw(network, name, e);
	links = forwards < 0 ? forwards : links_remove(network, &definition, e);
	cable = links < 0 ? links : cable_remove_either(network, &spec, e);
	if (cable < 0)
		return error_wrap(e, cable, "network of container '%s'", name);
	return forwards || links || cable;
}

/**
 * network_drop - drop the namespace of a container that has been cut, under its lock
 * @network: the session
 * @name: a checked name
 * @cut: what network_cut() returned; after a failure nothing is done
 * @e: filled on failure
 *
 * Returns 1, 0 when nothing was attached, or -errno.
 */
static int network_drop(const struct network *network, const char *name, int cut, struct error *e)
{
	char path[PATH_MAX];
	int r;

	if (cut < 0)
		return cut;
	r = paths_namespace(network->host.paths, name, path, e);
	if (r == 0)
		r = netns_remove(path, e);
	if (r < 0)
		return error_wrap(e, r, "network of container '%s'", name);
	return cut || r;
}

/**
 * network_detach_locked - take the network of a container away, under its lock
 * @network: the session
 * @name: a checked name; its definition may be gone or unreadable
 * @e: filled on failure
 *
 * Returns 1, 0 when nothing was attached, or -errno.
 */
int network_detach_locked(struct network *network, const char *name, struct error *e)
{
	return network_drop(network, name, network_cut(network, name, e), e);
}

/**
 * network_detach - take the network of a container away
 * @network: the session
 * @name: checked here, borrowed; its definition may be gone or unreadable
 * @e: filled on failure
 *
 * Returns 1, 0 when nothing was attached, or -errno.
 */
int network_detach(struct network *network, const char *name, struct error *e)
{
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	int r;

	r = name_check(name, e);
	if (r == 0)
		r = network_lock(network->host.paths, name, &lock, e);
	if (r == 0)
		r = network_detach_locked(network, name, e);
	if (r >= 0)
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
		r = rules_ensure(network, e);
	if (r >= 0)
		r = netns_adopt(network->host.paths->namespaces, path, ns, e);
	if (r < 0)
		return r;
	r = veth_ensure(network->host.veth, ns, &spec, e);
	if (r < 0)
		netns_remove(path, NULL); /* the failure to report is that of the cable */
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
		r = name_unknown(name, e);
	if (r > 0 && !definition.private_network)
		return 0;
	if (r > 0)
		r = attach_late(network, &definition, ns, e);
	return r < 0 ? error_wrap(e, r, "network of container '%s'", name) : 1;
}

/**
 * detach_together - take the networks of some containers away
 * @network: the session
 * @names, @count: which, in their order; borrowed
 * @locks: room for as many
 * @results: filled
 *
 * First all are cut, then all namespaces are dropped: the kernel begins to destroy what was dropped
 * at once, and whoever wants to change a link meanwhile waits for it. In between each is kept under
 * its lock, so that nobody connects a namespace that is about to go. Locks are taken in the order of
 * names, and nobody else takes two.
 */
static void detach_together(struct network *network, const char *const *names, size_t count,
			    struct network_lock *locks, struct network_result *results)
{
	for (size_t i = 0; i < count; i++) {
		struct error *e = &results[i].e;
		int r = name_check(names[i], e);

		locks[i] = NETWORK_LOCK_INIT;
		if (r == 0)
			r = network_lock(network->host.paths, names[i], &locks[i], e);
		results[i].r = r < 0 ? r : network_cut(network, names[i], e);
	}
	for (size_t i = 0; i < count; i++) {
		results[i].r = network_drop(network, names[i], results[i].r, &results[i].e);
		if (results[i].r >= 0)
			network_lock_remove(&locks[i]);
		network_unlock(&locks[i]);
	}
}

/**
 * detach_room - how many containers can be detached together
 * @wanted: how many it would be
 *
 * Most processes may open 1,024 files unless they ask for more.
 */
static size_t detach_room(size_t wanted)
{
	struct rlimit limit;
	size_t room = wanted < DETACH_TOGETHER ? wanted : DETACH_TOGETHER;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	if (limit.rlim_cur < room + DETACH_SPARE) {
		limit.rlim_cur =
			limit.rlim_max < room + DETACH_SPARE ? limit.rlim_max : room + DETACH_SPARE;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		if (limit.rlim_cur < room + DETACH_SPARE)
			room = limit.rlim_cur > DETACH_SPARE ? limit.rlim_cur - DETACH_SPARE : 1;
	}
	return room;
}

/**
 * network_detach_many - take the networks of any number of containers away
 * @network: the session
 * @names, @count: which, borrowed; checked here; in their order, each once
 * @results: filled: for each what network_detach() returns
 * @e: filled when nothing could be done
 *
 * Returns 0 or -ENOMEM.
 */
int network_detach_many(struct network *network, const char *const *names, size_t count,
			struct network_result *results, struct error *e)
{
	size_t room = detach_room(count);
	_cleanup_(freep) struct network_lock *locks = calloc(room + 1, sizeof(*locks));

	if (!locks)
		return error_errno(e, ENOMEM, "cannot detach the containers");
	for (size_t i = 0; i < count; i += room) {
		size_t some = count - i < room ? count - i : room;

		for (size_t k = i; k < i + some; k++)
			results[k] = (struct network_result){ .e = ERROR_INIT };
		detach_together(network, names + i, some, locks, results + i);
	}
	return 0;
}
