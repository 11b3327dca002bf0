/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * On a cable of its own a container is pinned by its route and needs nothing here. On a bridge it has
 * elements, and so have linked containers. As with published ports (forwards.c) they are recorded
 * before they are in the kernel and until they are out of it, so that a table made anew has all of
 * them; the same lock keeps both from each other.
 *
 * A pin comes before the cable: without elements a port lets nothing through, without the table
 * everything.
 *
 * While containers are linked, cables forward also without NAT: "open" in the directory of the records
 * says that new ones have to, "opened" that those before it do.
 */
#include "container/attach/pins.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/rules/marks.h"
#include "container/rules/masquerade.h"
#include "container/rules/pin-record.h"
#include "container/rules/recorded.h"
#include "container/rules/rules-session.h"
#include "container/settings/locks.h"

#define MARK_OPENED "pins/.opened"

/**
 * pins_wanted - whether a container has pins or peers
 * @definition: borrowed
 */
bool pins_wanted(const struct definition *definition)
{
	return definition->cable && (definition->bridge[0] || definition->n_peers);
}

/**
 * peer_describe - two containers that may talk
 * @paths: borrowed
 * @definition: of one, borrowed
 * @spec: its cable, borrowed
 * @name: of the other
 * @ret_peer: filled
 *
 * They can when both are on one bridge, or each is on a cable of its own. The other may be moved to where
 * this one is later, while it runs or not, and nobody attaches this one again for it: so the pair is there
 * from the beginning, by the name that the link of the other has then. Until then it fits nothing.
 *
 * Returns whether there is such a container; the log says why they cannot, or not yet.
 */
static bool peer_describe(const struct paths *paths, const struct definition *definition,
			  const struct veth_spec *spec, const char *name, struct nat_peer *ret_peer)
{
	struct definition other = { .name = "" };
	struct nat_peer peer = { .bridged = spec->bridge[0] };
	struct error e = ERROR_INIT;
	char altname[VETH_ALTNAME_MAX];
	int r = definition_read(paths, name, &other, &e);

	if (r <= 0) {
		log_warning("container '%s' is not linked with '%s': %s", definition->name, name,
			    r < 0 ? e.text : "there is no such container");
		return false;
	}
	if (!other.cable || strcmp(other.bridge, definition->bridge) != 0)
		log_warning("container '%s' is not linked with '%s': they are not on one bridge, "
			    "nor each on a cable of its own",
			    definition->name, name);
	memcpy(peer.links[0], spec->link, IFNAMSIZ);
	veth_link_name(name, peer.bridged, peer.links[1], altname);
	memcpy(peer.container, definition->name, sizeof(peer.container));
	*ret_peer = peer;
	return true;
}

/**
 * calls_describe - where the published ports of a container on a bridge lead
 * @definition: borrowed
 * @address: of the container; nothing is added when there is none
 * @pins: added to
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int calls_describe(const struct definition *definition, const struct addr *address,
			  struct nat_pins *pins, struct error *e)
{
	struct nat_call call = { .to = *address };
	int r = 0;

	memcpy(call.container, definition->name, sizeof(call.container));
	for (size_t i = 0; i < definition->ports.count && addr_is_set(address); i++) {
		const struct port *port = &definition->ports.list[i];

		call.protocol = port->protocol;
		for (uint16_t k = 0; k < port->length && r == 0; k++) {
			call.port = (uint16_t)(port->inside + k);
			r = pins_add_call(pins, &call, e);
		}
	}
	return r;
}

/**
 * pins_describe - what a definition asks for
 * @paths: borrowed
 * @definition: borrowed
 * @spec: its cable, borrowed
 * @pins: added to; the caller frees it, also after a failure
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int pins_describe(const struct paths *paths, const struct definition *definition,
			 const struct veth_spec *spec, struct nat_pins *pins, struct error *e)
{
	struct nat_pin pin = { .trusted = definition->unpinned,
			       .routed = definition->routed,
			       .mac = spec->local_mac,
			       .v4 = spec->v4.local.addr,
			       .v6 = spec->v6.local.addr };
	struct nat_peer peer;
	int r = 0;

	memcpy(pin.link, spec->link, sizeof(pin.link));
	memcpy(pin.bridge, spec->bridge, sizeof(pin.bridge));
	memcpy(pin.container, definition->name, sizeof(pin.container));
	if (spec->bridge[0])
		r = pins_add_pin(pins, &pin, e);
	if (spec->bridge[0] && r == 0)
		r = calls_describe(definition, &pin.v4, pins, e);
	if (spec->bridge[0] && r == 0)
		r = calls_describe(definition, &pin.v6, pins, e);
	for (size_t i = 0; i < definition->n_peers && r == 0; i++)
		if (peer_describe(paths, definition, spec, definition->peers[i], &peer))
			r = pins_add_peer(pins, &peer, e);
	return r;
}

/**
 * pins_drop - leave out those that are among others too
 * @pins: changed
 * @others: borrowed
 */
static void pins_drop(struct nat_pins *pins, const struct nat_pins *others)
{
	size_t left;

	left = 0;
	for (size_t i = 0; i < pins->n_pins; i++) {
		bool found = false;

		for (size_t j = 0; j < others->n_pins && !found; j++)
			found = pin_same(&pins->pins[i], &others->pins[j]);
		if (!found)
			pins->pins[left++] = pins->pins[i];
	}
	pins->n_pins = left;
	left = 0;
	for (size_t i = 0; i < pins->n_peers; i++) {
		bool found = false;

		for (size_t j = 0; j < others->n_peers && !found; j++)
			found = peer_same(&pins->peers[i], &others->peers[j]);
		if (!found)
			pins->peers[left++] = pins->peers[i];
	}
	pins->n_peers = left;
	left = 0;
	for (size_t i = 0; i < pins->n_calls; i++) {
		bool found = false;

		for (size_t j = 0; j < others->n_calls && !found; j++)
			found = call_same(&pins->calls[i], &others->calls[j]);
		if (!found)
			pins->calls[left++] = pins->calls[i];
	}
	pins->n_calls = left;
}

/**
 * peers_open - let cables forward because containers are linked
 * @host: changed; the lock is held
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int peers_open(struct host *host, struct error *e)
{
	int r;

	if (mark_is_set(host->paths, MARK_OPENED))
		return 0;
	r = mark_set(host->paths, MARK_PEERS_OPEN, e);
	host->publishes = true;
	if (r >= 0 && !host->settings.nat && !host->settings.open)
		r = cables_apply(host, e);
	return r < 0 ? r : mark_set(host->paths, MARK_OPENED, e);
}

/**
 * peers_close - undo peers_open() once no containers are linked any more
 * @host: changed; the lock is held
 * @name: of the container that gives up its peers; they are still in its record
 * @e: filled on failure
 *
 * Whoever is killed at it leaves the record as it is, and the next one does all of it again.
 *
 * Returns 0 or -errno.
 */
static int peers_close(struct host *host, const char *name, struct error *e)
{
	struct nat_pins pins = { .n_pins = 0 };
	bool needed = false;
	int r = records_read_all(&pin_records, host->paths, &pins, e);

	for (size_t i = 0; i < pins.n_peers; i++)
		needed |= strcmp(pins.peers[i].container, name) != 0;
	nat_pins_free(&pins);
	if (r < 0 || needed)
		return r;
	r = mark_remove(host->paths, MARK_OPENED, e);
	if (r >= 0)
		r = mark_remove(host->paths, MARK_PEERS_OPEN, e);
	if (r >= 0)
		r = host_look(host, e);
	host->publishes = forwards_any(host->paths);
	if (r >= 0 && !host->settings.nat && !host->settings.open)
		r = cables_apply(host, e);
	return r < 0 ? r : 0;
}

/**
 * pins_hold - have the locks under which pins are changed
 * @network: the session; it keeps the settings until its end
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 0 or -errno.
 */
static int pins_hold(struct network *network, int *ret_fd, struct error *e)
{
	const struct paths *paths = network->host.paths;
	int r = 0;

	if (network->rules_fd < 0)
		r = rules_lock(paths, LOCK_SHARED, &network->rules_fd, e);
	return r < 0 ? r : forwards_lock(paths, LOCK_EXCLUSIVE, ret_fd, e);
}

/**
 * pins_put - have pins and peers in the tables
 * @network: the session; the lock is held
 * @name: of the container
 * @wanted: all of it, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int pins_put(struct network *network, const char *name, const struct nat_pins *wanted,
		    struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct host *host = &network->host;
	char path[PATH_MAX];
	int rules, r = records_directory(&pin_records, host->paths, path, e);

	if (r == 0)
		r = directory_make(path, 0755, e);
	if (r >= 0 && wanted->n_peers)
		r = peers_open(host, e);
	if (r >= 0)
		r = records_write(&pin_records, host->paths, name, wanted, e);
	if (r < 0)
		return r;
	host->nat.peers |= wanted->n_peers > 0;
	host->nat.ports |= wanted->n_calls > 0;
	host->nat.bridges |= wanted->n_pins > 0;
	rules = masquerade_ensure(host, e);
	if (rules < 0)
		return rules;
	r = rules_session_open(host->paths, &nat, e);
	if (r == 0)
		r = nat_pins_add(nat, wanted, e);
	return r < 0 ? r : rules || r;
}

/**
 * pins_clear - be without what is recorded of a container
 * @network: the session; the lock is held
 * @name: of the container
 * @gone: what is recorded, borrowed
 * @e: filled on failure
 *
 * The record goes last, so that a killed run is finished by the next one.
 *
 * Returns 1 or -errno.
 */
static int pins_clear(struct network *network, const char *name, const struct nat_pins *gone,
		      struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	const struct paths *paths = network->host.paths;
	char path[PATH_MAX];
	int r = rules_session_open(paths, &nat, e);

	if (r == 0)
		r = nat_pins_remove(nat, gone, e);
	if (r >= 0 && gone->n_peers)
		r = peers_close(&network->host, name, e);
	if (r >= 0)
		r = records_remove(&pin_records, paths, name, e);
	if (r >= 0 && records_directory(&pin_records, paths, path, NULL) == 0)
		rmdir(path); /* fails while anybody else has a record */
	return r < 0 ? r : 1;
}

/**
 * pins_exchange - have what is wanted in place of what was
 * @network: the session; the lock is held
 * @name: of the container
 * @wanted: borrowed
 * @was: what the record says; changed
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int pins_exchange(struct network *network, const char *name, const struct nat_pins *wanted,
			 struct nat_pins *was, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	bool fresh = !was->n_pins && !was->n_peers, had_peers = was->n_peers;
	int removed, r = rules_session_open(network->host.paths, &nat, e);

	pins_drop(was, wanted);
	if (r == 0)
		r = nat_pins_remove(nat, was, e);
	removed = r;
	if (r >= 0 && had_peers && !wanted->n_peers)
		r = peers_close(&network->host, name, e);
	if (r >= 0)
		r = pins_put(network, name, wanted, e);
	if (r < 0 && fresh)
		pins_clear(network, name, wanted, NULL); /* the failure to report is that */
	return r < 0 ? r : removed || r;
}

/**
 * pins_ensure - have in the tables what a definition asks for
 * @network: the session
 * @definition: borrowed
 * @spec: its cable, borrowed; it need not be there yet
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, or -errno.
 */
int pins_ensure(struct network *network, const struct definition *definition,
		const struct veth_spec *spec, struct error *e)
{
	struct nat_pins wanted = { .n_pins = 0 }, was = { .n_pins = 0 };
	const struct paths *paths = network->host.paths;
	_cleanup_(fd_closep) int lock = -1;
	int r = pins_describe(paths, definition, spec, &wanted, e);

	if (r == 0)
		r = pins_hold(network, &lock, e);
	if (r == 0)
		r = records_read(&pin_records, paths, definition->name, &was, e);
	network->host.forwards_held = true;
	if (r >= 0)
		r = pins_exchange(network, definition->name, &wanted, &was, e);
	network->host.forwards_held = false;
	nat_pins_free(&wanted);
	nat_pins_free(&was);
	return r;
}

/**
 * pins_withdraw - be without all pins and peers of a container
 * @network: the session
 * @name: a checked name; its definition may say something else by now
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
int pins_withdraw(struct network *network, const char *name, struct error *e)
{
	struct nat_pins gone = { .n_pins = 0 };
	_cleanup_(fd_closep) int lock = -1;
	int r = records_read(&pin_records, network->host.paths, name, &gone, e);

	if (r > 0) {
		r = pins_hold(network, &lock, e);
		network->host.forwards_held = true;
		if (r == 0)
			r = pins_clear(network, name, &gone, e);
		network->host.forwards_held = false;
	}
	nat_pins_free(&gone);
	return r;
}
