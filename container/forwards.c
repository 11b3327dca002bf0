/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/forwards.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/forward-record.h"
#include "container/locks.h"
#include "container/marks.h"
#include "container/masquerade.h"
#include "container/ports.h"

/*
 * Theory of operation
 *
 * What a container publishes is recorded before it is in the kernel and until it is out of it, so that
 * whoever has to make the table anew knows all of it, and whoever takes the network away knows what
 * to take, whatever the definition says by now. Who has a port is what the kernel says.
 *
 * Publishing takes more than elements of maps: the chains that look at them, links that forward what
 * arrives from outside, and, since containers may call each other's published ports, cables that
 * forward also while NAT is not enabled. All that is opened before the first record and closed before
 * the last one goes. "open" in the directory of the records says that new cables have to forward,
 * "opened" that those before it do.
 *
 * One lock for all: a port has one holder.
 */

#define MARK_OPEN   "forwards/.open"
#define MARK_OPENED "forwards/.opened"

/**
 * forwards_any - whether any container publishes ports
 * @paths: borrowed
 */
bool forwards_any(const struct paths *paths)
{
	return mark_is_set(paths, MARK_OPEN);
}

/**
 * forwards_load - all that is published; see struct nat_source
 * @data: a struct forwards_reader
 * @ret_forwards: the caller frees the list
 * @e: names what cannot be read
 *
 * Nobody publishes or withdraws anything until what was read is in the kernel.
 *
 * Returns 0 or -errno.
 */
int forwards_load(void *data, struct nat_forwards *ret_forwards, struct error *e)
{
	struct forwards_reader *reader = data;
	int r = 0;

	*ret_forwards = (struct nat_forwards){ .count = 0 };
	if (!forwards_any(reader->paths))
		return 0;
	if (!reader->locked && reader->fd < 0)
		r = forwards_lock(reader->paths, LOCK_SHARED, &reader->fd, e);
	return r < 0 ? r : forward_records_read(reader->paths, ret_forwards, e);
}

/**
 * forwards_have - whether a port leads where it should
 * @forwards: as the kernel has them, borrowed
 * @wanted: borrowed
 */
static bool forwards_have(const struct nat_forwards *forwards, const struct nat_forward *wanted)
{
	for (size_t i = 0; i < forwards->count; i++) {
		const struct nat_forward *one = &forwards->list[i];

		if (one->protocol == wanted->protocol && one->port == wanted->port &&
		    one->to_port == wanted->to_port && addr_equal(&one->to, &wanted->to))
			return true;
	}
	return false;
}

/**
 * forwards_compare - compare what is recorded as published with what is
 * @paths: borrowed
 * @nat: the session
 * @drift: lines are added
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int forwards_compare(const struct paths *paths, struct nat *nat, struct nat_drift *drift,
		     struct error *e)
{
	struct nat_forwards wanted = { .count = 0 }, present = { .count = 0 };
	int r = 0;

	if (forwards_any(paths))
		r = forward_records_read(paths, &wanted, e);
	if (r == 0 && wanted.count)
		r = nat_forwards_read(nat, &present, e);
	for (size_t i = 0; r == 0 && i < wanted.count && drift->count < NAT_DRIFT_MAX; i++) {
		const struct nat_forward *one = &wanted.list[i];

		if (!forwards_have(&present, one))
			(void)snprintf(drift->line[drift->count++], sizeof(drift->line[0]),
				       "%s port %u does not lead to container %s",
				       protocol_name(one->protocol), one->port, one->container);
	}
	free(wanted.list);
	free(present.list);
	return r;
}

/**
 * describe_family - what a definition asks for in one family
 * @definition: borrowed
 * @spec: its cable, borrowed
 * @pair: its addresses of that family
 * @list: there is room for all ports
 *
 * The loopback needs some sender until the kernel knows which one it is to be.
 *
 * Returns how many that are.
 */
static size_t describe_family(const struct definition *definition, const struct veth_spec *spec,
			      const struct veth_pair *pair, struct nat_forward *list)
{
	const struct ports *ports = &definition->ports;

	if (!addr_is_set(&pair->local.addr))
		return 0;
	for (size_t i = 0; i < ports->count; i++) {
		list[i] = (struct nat_forward){
			.protocol = ports->list[i].protocol,
			.port = ports->list[i].host,
			.to = pair->local.addr,
			.to_port = ports->list[i].inside,
			.from = addr_is_set(&pair->host) ? pair->host : pair->local.addr,
		};
		memcpy(list[i].link, spec->bridge[0] ? spec->bridge : spec->link, IFNAMSIZ);
		memcpy(list[i].container, definition->name, sizeof(list[i].container));
	}
	return ports->count;
}

/**
 * forwards_describe - what a definition asks for
 * @definition: borrowed
 * @spec: its cable, borrowed
 * @ret_forwards: the caller frees the list
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int forwards_describe(const struct definition *definition, const struct veth_spec *spec,
		      struct nat_forwards *ret_forwards, struct error *e)
{
	struct nat_forwards forwards = { .count = 0 };

	if (definition->ports.count) {
		forwards.list = calloc(2 * definition->ports.count, sizeof(*forwards.list));
		if (!forwards.list)
			return error_errno(e, ENOMEM, "cannot publish ports");
	}
	forwards.count = describe_family(definition, spec, &spec->v4, forwards.list);
	forwards.count += describe_family(definition, spec, &spec->v6,
					  forwards.list ? forwards.list + forwards.count : NULL);
	if (definition->ports.count && !forwards.count)
		log_warning("container '%s' has no address: its ports are not published",
			    definition->name);
	*ret_forwards = forwards;
	return 0;
}

/**
 * forward_same - whether two forwards are the same
 * @a, @b: borrowed
 */
static bool forward_same(const struct nat_forward *a, const struct nat_forward *b)
{
	return a->protocol == b->protocol && a->port == b->port && a->to_port == b->to_port &&
	       addr_equal(&a->to, &b->to) && addr_equal(&a->from, &b->from) &&
	       strcmp(a->link, b->link) == 0;
}

/**
 * forwards_drop - leave out those that are among others too
 * @forwards: changed
 * @others: borrowed
 */
static void forwards_drop(struct nat_forwards *forwards, const struct nat_forwards *others)
{
	size_t left = 0;

	for (size_t i = 0; i < forwards->count; i++) {
		bool found = false;

		for (size_t j = 0; j < others->count && !found; j++)
			found = forward_same(&forwards->list[i], &others->list[j]);
		if (!found)
			forwards->list[left++] = forwards->list[i];
	}
	forwards->count = left;
}

/**
 * host_open_ports - let published ports be called
 * @host: changed; the lock is held
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int host_open_ports(struct host *host, struct error *e)
{
	char path[PATH_MAX];
	int r;

	if (mark_is_set(host->paths, MARK_OPENED))
		return 0;
	r = forward_record_directory(host->paths, path, e);
	if (r == 0)
		r = directory_make(path, 0755, e);
	if (r >= 0)
		r = mark_set(host->paths, MARK_OPEN, e);
	host->publishes = true;
	if (r >= 0 && !host->settings.nat)
		r = cables_apply(host, e);
	return r < 0 ? r : mark_set(host->paths, MARK_OPENED, e);
}

/**
 * host_close_ports - undo host_open_ports(), and the switches of links with it
 * @host: looked at; the lock is held
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int host_close_ports(struct host *host, struct error *e)
{
	int r = host_look(host, e);

	if (r >= 0)
		r = mark_remove(host->paths, MARK_OPENED, e);
	if (r >= 0)
		r = mark_remove(host->paths, MARK_OPEN, e);
	host->publishes = false;
	host->nat.ports = false;
	if (r >= 0 && !host->settings.nat)
		r = cables_apply(host, e);
	return r < 0 ? r : masquerade_switch(host, e);
}

/**
 * forwards_publish - publish ports that nobody else has
 * @network: the session; the lock is held
 * @name: of the container, borrowed
 * @wanted: all that it publishes, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int forwards_publish(struct network *network, const char *name,
			    const struct nat_forwards *wanted, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct host *host = &network->host;
	int rules, r;

	r = host_open_ports(host, e);
	if (r == 0)
		r = forward_record_write(host->paths, name, wanted, e);
	if (r < 0)
		return r;
	host->nat.ports = true;
	for (size_t i = 0; i < wanted->count; i++)
		host->nat.ipv6 |= wanted->list[i].to.family == AF_INET6;
	rules = masquerade_ensure(host, e);
	if (rules < 0)
		return rules;
	r = nat_open(&nat, e);
	if (r == 0)
		r = nat_forwards_add(nat, wanted, e);
	return r < 0 ? r : rules || r;
}

/**
 * forwards_clear - withdraw what is recorded of a container
 * @network: the session; the lock is held
 * @name: of the container, borrowed
 * @gone: what is to be withdrawn, borrowed
 * @e: filled on failure
 *
 * The record goes last, so that a killed run is finished by the next one.
 *
 * Returns 1 or -errno.
 */
static int forwards_clear(struct network *network, const char *name,
			  const struct nat_forwards *gone, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct host *host = &network->host;
	char path[PATH_MAX];
	int others, r;

	r = nat_open(&nat, e);
	if (r == 0)
		r = nat_forwards_remove(nat, gone, e);
	if (r >= 0)
		r = forward_records_others(host->paths, name, e);
	others = r;
	if (r == 0)
		r = host_close_ports(host, e);
	if (r >= 0)
		r = forward_record_remove(host->paths, name, e);
	if (r >= 0 && !others && forward_record_directory(host->paths, path, NULL) == 0)
		rmdir(path); /* whoever publishes next makes it */
	return r < 0 ? r : 1;
}

/**
 * forwards_hold - have the locks under which forwards are changed
 * @network: the session; it keeps the settings until its end
 * @ret_fd: the lock of the forwards; close it to let go
 * @e: names the lock
 *
 * Returns 0 or -errno.
 */
static int forwards_hold(struct network *network, int *ret_fd, struct error *e)
{
	const struct paths *paths = network->host.paths;
	int r = 0;

	if (network->rules_fd < 0)
		r = rules_lock(paths, LOCK_SHARED, &network->rules_fd, e);
	return r < 0 ? r : forwards_lock(paths, LOCK_EXCLUSIVE, ret_fd, e);
}

/**
 * forwards_exchange - publish what is wanted in place of what was
 * @network: the session; the lock is held
 * @name: of the container, borrowed
 * @wanted: at least one, borrowed
 * @was: what the record says; changed
 * @e: filled on failure
 *
 * Nothing is changed when somebody else has one of the ports.
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int forwards_exchange(struct network *network, const char *name,
			     const struct nat_forwards *wanted, struct nat_forwards *was,
			     struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	bool fresh = was->count == 0;
	int r = nat_open(&nat, e);

	if (r == 0)
		r = nat_forwards_check(nat, wanted, e);
	forwards_drop(was, wanted);
	if (r == 0)
		r = nat_forwards_remove(nat, was, e);
	if (r < 0)
		return r;
	r = forwards_publish(network, name, wanted, e);
	if (r < 0 && fresh)
		forwards_clear(network, name, wanted, NULL); /* the failure to report is that */
	return r;
}

/**
 * forwards_ensure - have published what a definition asks for
 * @network: the session
 * @definition: borrowed
 * @spec: its cable, which is there; borrowed
 * @e: names the port and its holder
 *
 * Returns 1, 0 when all was so, -EADDRINUSE (ERROR_CONFLICT), or another -errno.
 */
int forwards_ensure(struct network *network, const struct definition *definition,
		    const struct veth_spec *spec, struct error *e)
{
	struct nat_forwards wanted = { .count = 0 }, was = { .count = 0 };
	_cleanup_(fd_closep) int lock = -1;
	int r = forwards_describe(definition, spec, &wanted, e);

	if (r == 0 && !wanted.count) {
		free(wanted.list);
		return forwards_withdraw(network, definition->name, e);
	}
	if (r == 0)
		r = forwards_hold(network, &lock, e);
	if (r == 0)
		r = forward_record_read(network->host.paths, definition->name, &was, e);
	network->host.forwards_held = true;
	if (r >= 0)
		r = forwards_exchange(network, definition->name, &wanted, &was, e);
	network->host.forwards_held = false;
	free(wanted.list);
	free(was.list);
	return r;
}

/**
 * forwards_withdraw - withdraw all that a container publishes
 * @network: the session
 * @name: a checked name; its definition may say something else by now
 * @e: filled on failure
 *
 * Returns 1, 0 when it publishes nothing, or -errno.
 */
int forwards_withdraw(struct network *network, const char *name, struct error *e)
{
	struct nat_forwards gone = { .count = 0 };
	_cleanup_(fd_closep) int lock = -1;
	int r = forward_record_read(network->host.paths, name, &gone, e);

	if (r > 0) {
		r = forwards_hold(network, &lock, e);
		network->host.forwards_held = true;
		if (r == 0)
			r = forwards_clear(network, name, &gone, e);
		network->host.forwards_held = false;
	}
	free(gone.list);
	return r;
}
