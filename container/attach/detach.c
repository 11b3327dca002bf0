/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/netns.h"
#include "container/attach/attach.h"
#include "container/attach/extra-links.h"
#include "container/attach/forwards.h"
#include "container/attach/names.h"
#include "container/attach/network.h"
#include "container/attach/pins.h"

#define DETACH_TOGETHER 4096 /* each has a descriptor open meanwhile */
#define DETACH_SPARE    64   /* descriptors for everything else */
#define UNPIN_HELPERS   32   /* at most: each is a process */
#define UNPIN_SHARE     32   /* namespaces for which one more helper is worth its while */
#define DETACH_MANY     100  /* fewer are done sooner one by one than the kernel destroys them */

/* veth_remove(), or veth_remove_note() of what veth_remove_noted() takes away later. */
typedef int cable_remover(struct veth *veth, const struct veth_spec *spec, struct error *e);

/**
 * cable_remove - take the cable of a container away
 * @network: the session
 * @remover: how
 * @spec: by what it is known
 * @e: filled on failure
 *
 * A link that is not ours is left alone and said so: there is no cable of ours then.
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int cable_remove(struct network *network, cable_remover *remover,
			const struct veth_spec *spec, struct error *e)
{
	int r = remover(network->host.veth, spec, e);

	if (r != -EEXIST)
		return r;
	log_notice("%s is not the cable of container '%s' and is left alone", spec->link,
		   spec->container);
	return 0;
}

/**
 * cable_remove_either - take the cable of a container away, whichever kind it is
 * @network: the session
 * @remover: how
 * @spec: by what it is known; its link is changed
 * @e: filled on failure
 *
 * The definition may have been put on a bridge, or taken off it, since the cable was made.
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int cable_remove_either(struct network *network, cable_remover *remover,
			       struct veth_spec *spec, struct error *e)
{
	int r = cable_remove(network, remover, spec, e);

	if (r != 0)
		return r;
	veth_link_name(spec->container, !spec->bridge[0], spec->link, spec->altname);
	return cable_remove(network, remover, spec, e);
}

/**
 * network_cut - take away what connects a container, under its lock; its namespace stays
 * @network: the session
 * @name: a checked name; its definition may be gone or unreadable
 * @remover: how its cable is taken away
 * @e: filled on failure
 *
 * Without a readable definition the owner tag on the link still tells whose it is.
 *
 * Returns 1, 0 when nothing was connected, or -errno.
 */
static int network_cut(struct network *network, const char *name, cable_remover *remover,
		       struct error *e)
{
	struct definition definition = { 0 };
	struct veth_spec spec;
	int forwards, links, cable, pins, r;

	if (definition_read(network->host.paths, name, &definition, NULL) <= 0)
		memcpy(definition.name, name, strlen(name) + 1);
	r = host_identify(&network->host, &definition, &spec, e);
	if (r < 0)
		return r;
	forwards = forwards_withdraw(network, name, e);
	links = forwards < 0 ? forwards : links_remove(network, &definition, e);
	cable = links < 0 ? links : cable_remove_either(network, remover, &spec, e);
	pins = cable < 0 ? cable : pins_withdraw(network, name, e);
	if (pins < 0)
		return error_wrap(e, pins, "network of container '%s'", name);
	return forwards || links || cable || pins;
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
	return network_drop(network, name, network_cut(network, name, veth_remove, e), e);
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
	if (r < 0)
		return r;
	network_lock_remove(&lock);
	names_forget_undefined(network->host.paths, name);
	return r;
}

/**
 * cables_gone - have the cables destroyed that were only noted
 * @network: the session
 * @count: of the containers that were cut
 * @results: of the cuts; changed on failure: whose cable may be there yet keeps its namespace
 */
static void cables_gone(struct network *network, size_t count, struct network_result *results)
{
	struct error e = ERROR_INIT;
	int r = veth_remove_noted(network->host.veth, &e);

	for (size_t i = 0; r < 0 && i < count; i++)
		if (results[i].r > 0)
			results[i] = (struct network_result){ .r = r, .e = e };
}

/**
 * namespaces_unpin - unpin the namespaces of many, several at a time
 * @network: the session
 * @names, @count: whose, borrowed
 * @results: of the cuts, borrowed
 *
 * To unpin one is to wait for all processors, and those who wait at the same time wait for the same,
 * so that it takes as long as one helper has to wait. The helpers share our locks. What they leave, for
 * whatever reason, is left to network_drop().
 */
static void namespaces_unpin(const struct network *network, const char *const *names, size_t count,
			     const struct network_result *results)
{
	size_t wanted = 1 + count / UNPIN_SHARE;
	size_t n_helpers = wanted < UNPIN_HELPERS ? wanted : UNPIN_HELPERS;
	pid_t helpers[UNPIN_HELPERS];

	for (size_t k = 0; k < n_helpers; k++) {
		helpers[k] = fork();
		if (helpers[k] != 0)
			continue;
		for (size_t i = k; i < count; i += n_helpers) {
			char path[PATH_MAX];

			if (results[i].r >= 0 &&
			    paths_namespace(network->host.paths, names[i], path, NULL) == 0)
				(void)netns_unpin(path, NULL);
		}
		_exit(0);
	}
	for (size_t k = 0; k < n_helpers; k++)
		while (helpers[k] > 0 && waitpid(helpers[k], NULL, 0) < 0 && errno == EINTR)
			;
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
 * names, and nobody else takes two. Where there are many, their cables go all at once.
 */
static void detach_together(struct network *network, const char *const *names, size_t count,
			    struct network_lock *locks, struct network_result *results)
{
	bool many = count >= DETACH_MANY;

	for (size_t i = 0; i < count; i++) {
		struct error *e = &results[i].e;
		int r = name_check(names[i], e);

		locks[i] = NETWORK_LOCK_INIT;
		if (r == 0)
			r = network_lock(network->host.paths, names[i], &locks[i], e);
		results[i].r = r < 0 ? r
				     : network_cut(network, names[i],
						   many ? veth_remove_note : veth_remove, e);
	}
	cables_gone(network, count, results);
	if (many)
		namespaces_unpin(network, names, count, results);
	for (size_t i = 0; i < count; i++) {
		results[i].r = network_drop(network, names[i], results[i].r, &results[i].e);
		if (results[i].r >= 0) {
			network_lock_remove(&locks[i]);
			names_forget_undefined(network->host.paths, names[i]);
		}
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
