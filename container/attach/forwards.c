/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/attach/forwards.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/addresses/port-holders.h"
#include "container/rules/forward-list.h"
#include "container/rules/forward-record.h"
#include "container/rules/marks.h"
#include "container/rules/masquerade.h"
#include "container/rules/recorded.h"
#include "container/rules/rules-mark.h"
#include "container/rules/rules-session.h"
#include "container/settings/locks.h"

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

#define MARK_OPENED "forwards/.opened"

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
	r = records_directory(&forward_records, host->paths, path, e);
	if (r == 0)
		r = directory_make(path, 0755, e);
	if (r >= 0)
		r = mark_set(host->paths, MARK_FORWARDS_OPEN, e);
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
 * Who withdraws ports, perhaps because a container goes, is not told that an external link is not there.
 *
 * Returns 0 or -errno.
 */
static int host_close_ports(struct host *host, struct error *e)
{
	int r = host_look(host, e);
	bool quiet = host->nat.quiet;

	if (r >= 0)
		r = mark_remove(host->paths, MARK_OPENED, e);
	if (r >= 0)
		r = mark_remove(host->paths, MARK_FORWARDS_OPEN, e);
	host->publishes = false;
	host->nat.ports = false;
	if (r >= 0 && !host->settings.nat)
		r = cables_apply(host, e);
	host->nat.quiet = true;
	if (r >= 0)
		r = masquerade_switch(host, e);
	host->nat.quiet = quiet;
	return r < 0 ? r : 0;
}

/**
 * rules_have_ports - have the rules that published ports take
 * @host: changed; the lock is held
 * @nat: the session
 * @wanted: what is to be published, borrowed
 * @e: filled on failure
 *
 * When only ports change, and the rules are known to be right, nothing is looked at.
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
static int rules_have_ports(struct host *host, struct nat *nat, const struct nat_forwards *wanted,
			    struct error *e)
{
	bool bound = false;

	for (size_t i = 0; i < wanted->count; i++) {
		const struct nat_forward *one = &wanted->list[i];

		host->nat.ipv6 |= one->to.family == AF_INET6;
		bound |= addr_is_set(&one->host) || one->host_link[0];
	}
	if (host->ports_only && host->rules.table && (!bound || host->nat.bound))
		return 0;
	host->nat.ports = true;
	host->nat.bound |= bound;
	return masquerade_ensure_by(nat, host, e);
}

/**
 * forwards_publish - publish ports that nobody else has
 * @network: the session; the lock is held
 * @nat: the session with the kernel
 * @name: of the container, borrowed
 * @wanted: all that it publishes, borrowed
 * @looks: what is known of that, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int forwards_publish(struct network *network, struct nat *nat, const char *name,
			    const struct nat_forwards *wanted, const struct nat_looks *looks,
			    struct error *e)
{
	struct host *host = &network->host;
	int rules, r;

	host->ports_only &= mark_is_set(host->paths, MARK_OPENED);
	r = host_open_ports(host, e);
	if (r == 0)
		r = records_write(&forward_records, host->paths, name, wanted, e);
	if (r < 0)
		return r;
	rules = rules_have_ports(host, nat, wanted, e);
	if (rules < 0)
		return rules;
	r = masquerade_publish(nat, host, wanted, looks, e);
	if (r > 0)
		rules_follow(host->paths, nat, &host->nat, &host->rules);
	return r < 0 ? r : rules || r;
}

/**
 * forwards_remove - take forwards out of the kernel
 * @host: learns whether the rules are known to be right
 * @nat: the session
 * @gone: which, borrowed
 * @removal: whether the container has others
 * @e: filled on failure
 *
 * Returns 1, 0 when none was there, or -errno.
 */
static int forwards_remove(struct host *host, struct nat *nat, const struct nat_forwards *gone,
			   enum nat_removal removal, struct error *e)
{
	bool known;
	int r;

	if (!gone->count)
		return 0;
	host->nat.ports = true; /* what they take is there */
	known = rules_known(host->paths, nat, &host->nat, &host->rules);
	r = nat_forwards_remove(nat, gone, removal, e);
	if (!known)
		host->rules.table = 0;
	if (r > 0)
		rules_follow(host->paths, nat, &host->nat, &host->rules);
	return r;
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

	r = rules_session_open(host->paths, &nat, e);
	if (r == 0)
		r = forwards_remove(host, nat, gone, NAT_REMOVE_ALL, e);
	if (r >= 0)
		r = records_others(&forward_records, host->paths, name, e);
	others = r;
	if (r == 0)
		r = host_close_ports(host, e);
	if (r >= 0)
		r = records_remove(&forward_records, host->paths, name, e);
	if (r >= 0 && !others && records_directory(&forward_records, host->paths, path, NULL) == 0)
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
 * @was: what the record says, sorted, borrowed
 * @e: filled on failure
 *
 * Nothing is changed when somebody else has one of the ports.
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int forwards_exchange(struct network *network, const char *name,
			     const struct nat_forwards *wanted, const struct nat_forwards *was,
			     struct error *e)
{
	_cleanup_(nat_looks_freep) struct nat_looks *looks = NULL;
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct nat_forwards gone = { .count = 0 };
	int r = rules_session_open(network->host.paths, &nat, e);

	if (r == 0)
		r = nat_forwards_check(nat, wanted, &looks, e);
	if (r == 0)
		r = forwards_without(was, wanted, &gone, e);
	if (r == 0)
		r = forwards_remove(&network->host, nat, &gone, NAT_REMOVE_SOME, e);
	free(gone.list);
	if (r < 0)
		return r;
	r = forwards_publish(network, nat, name, wanted, looks, e);
	if (r < 0 && was->count == 0)
		forwards_clear(network, name, wanted, NULL); /* the failure to report is that */
	return r;
}

/**
 * warn_of_listeners - warn of programs of the host that listen on what is published now
 * @definition: borrowed
 * @wanted: its forwards, borrowed
 * @was: those that were published before, sorted, borrowed
 *
 * To look for them takes as long as all the rest where a host has many sockets, so nobody is told
 * twice.
 */
static void warn_of_listeners(const struct definition *definition,
			      const struct nat_forwards *wanted, const struct nat_forwards *was)
{
	struct ports fresh = { .count = 0 };

	for (size_t i = 0; i < definition->ports.count; i++) {
		const struct port *port = &definition->ports.list[i];
		bool told = true;

		for (size_t j = 0; told && j < wanted->count; j++)
			told = wanted->list[j].protocol != port->protocol ||
			       wanted->list[j].port < port->host ||
			       wanted->list[j].port >= port->host + port->length ||
			       forwards_find(was, &wanted->list[j]);
		if (!told)
			fresh.list[fresh.count++] = *port;
	}
	ports_warn(definition->name, &fresh);
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
		r = records_read(&forward_records, network->host.paths, definition->name, &was, e);
	forwards_sort(&was);
	network->host.forwards_held = true;
	if (r >= 0)
		r = forwards_exchange(network, definition->name, &wanted, &was, e);
	network->host.forwards_held = false;
	if (r > 0)
		warn_of_listeners(definition, &wanted, &was);
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
	int r = records_read(&forward_records, network->host.paths, name, &gone, e);

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
