/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netns.h"
#include "base/process.h"
#include "container/attach/attach.h"
#include "container/attach/network.h"
#include "container/rules/pin-record.h"
#include "container/rules/recorded.h"

/**
 * network_closep - cleanup attribute of network_close()
 * @network: address of the session
 */
void network_closep(struct network **network)
{
	network_close(*network);
}

/**
 * network_open - begin to work on the host's network
 * @paths: borrowed until network_close()
 * @ret_network: the session; the caller ends with network_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int network_open(const struct paths *paths, struct network **ret_network, struct error *e)
{
	_cleanup_(network_closep) struct network *network = calloc(1, sizeof(*network));
	int r;

	if (!network)
		return error_errno(e, ENOMEM, "cannot begin");
	network->rules_fd = -1;
	r = host_open(paths, &network->host, e);
	if (r < 0)
		return r;
	*ret_network = TAKE_PTR(network);
	return 0;
}

/**
 * network_close - end a session
 * @network: freed; NULL is fine
 */
void network_close(struct network *network)
{
	if (!network)
		return;
	host_close(&network->host);
	fd_closep(&network->rules_fd);
	free(network);
}

/**
 * state_add_peer - fill in one that a container is linked with
 * @state: changed; what does not fit is left out
 * @name: borrowed
 */
static void state_add_peer(struct network_state *state, const char *name)
{
	for (size_t i = 0; i < state->n_peers; i++)
		if (strcmp(state->peers[i], name) == 0)
			return;
	if (state->n_peers < PEERS_MAX)
		memcpy(state->peers[state->n_peers++], name, strlen(name) + 1);
}

/**
 * peers_read - fill in whom a container is linked with
 * @paths: borrowed
 * @state: its definition and cable are described
 * @e: filled on failure
 *
 * Its own definition says some; others say it of themselves, as long as they are attached.
 *
 * Returns 0 or -errno.
 */
static int peers_read(const struct paths *paths, struct network_state *state, struct error *e)
{
	struct nat_pins pins = { .n_pins = 0 };
	int r = 0;

	for (size_t i = 0; i < state->definition.n_peers; i++)
		state_add_peer(state, state->definition.peers[i]);
	if (peers_any(paths))
		r = records_read_all(&pin_records, paths, &pins, e);
	for (size_t i = 0; i < pins.n_peers; i++)
		if (strcmp(pins.peers[i].links[1], state->spec.link) == 0)
			state_add_peer(state, pins.peers[i].container);
	nat_pins_free(&pins);
	return r;
}

/**
 * network_read - what is, beside what should be
 * @network: the session
 * @name: borrowed
 * @ret_state: filled
 * @e: filled on failure
 *
 * Returns 1 when it is attached, 0 when it is not, or -errno.
 */
int network_read(struct network *network, const char *name, struct network_state *ret_state,
		 struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	struct network_state state = { 0 };
	char path[PATH_MAX];
	int r;

	r = definition_read(network->host.paths, name, &state.definition, e);
	if (r == 0)
		return name_unknown(network->host.paths, name, e);
	if (r < 0)
		return r;
	r = host_describe(&network->host, &state.definition, &state.spec, e);
	if (r == 0)
		r = paths_namespace(network->host.paths, name, path, e);
	if (r == 0)
		r = path_format(state.namespace, sizeof(state.namespace), e, "%s", path);
	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r < 0)
		return r;
	state.attached = r > 0;
	if (state.definition.cable)
		r = veth_read(network->host.veth, ns, &state.spec, &state.cable, e);
	if (r < 0)
		return error_wrap(e, r, "network of container '%s'", name);
	state.has_cable = state.definition.cable && r > 0 && state.cable.ours;
	state.open = network->host.settings.open;
	r = peers_read(network->host.paths, &state, e);
	if (r < 0)
		return r;
	if (state.attached && state.definition.cable)
		veth_compare(&state.spec, &state.cable, &state.drift);
	*ret_state = state;
	return state.attached;
}

/**
 * sysfs_renew - let /sys show the devices of the namespace we are in
 * @e: filled on failure
 *
 * Only in a mount namespace of our own, as ip-netns(8) does it.
 *
 * Returns 0 or -errno.
 */
static int sysfs_renew(struct error *e)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_errno(e, errno, "cannot make a mount namespace");
	if (umount2("/sys", MNT_DETACH) < 0 && errno != EINVAL)
		return error_errno(e, errno, "cannot unmount /sys");
	if (mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		return error_errno(e, errno, "cannot mount /sys");
	return 0;
}

/**
 * network_exec - become a program inside the network of a container
 * @network: the session
 * @name: borrowed
 * @argv: the program and its arguments; ends with NULL
 * @e: filled
 *
 * Returns only on failure.
 */
int network_exec(struct network *network, const char *name, char *const argv[], struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	struct definition definition;
	char path[PATH_MAX];
	int r;

	r = definition_read(network->host.paths, name, &definition, e);
	if (r == 0)
		return name_unknown(network->host.paths, name, e);
	if (r > 0 && !definition.private_network)
		r = error_set(e, ERROR_FAILED, EINVAL,
			      "container '%s' shares the network of the host", name);
	if (r > 0)
		r = paths_namespace(network->host.paths, name, path, e);
	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r == 0) {
		r = error_set(e, ERROR_FAILED, ENOENT, "container '%s' has no network now", name);
		return error_remedy(e, r, "nixctr-net net up %s", name);
	}
	if (r > 0)
		r = netns_enter(ns, e);
	if (r == 0)
		r = sysfs_renew(e);
	return r < 0 ? r : process_exec(argv, e);
}
