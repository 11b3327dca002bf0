/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/addresses/port-holders.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/socket-owner.h"
#include "base/suggestion.h"
#include "container/addresses/port-index.h"

/**
 * refuse_port - refuse a port that another definition asks for
 * @port: borrowed
 * @other: how the other one has it, borrowed
 * @holder: the other container, borrowed
 * @e: filled
 *
 * Returns -EADDRINUSE (ERROR_CONFLICT).
 */
static int refuse_port(const struct port *port, const struct port *other, const char *holder,
		       struct error *e)
{
	uint16_t first = port->host > other->host ? port->host : other->host;
	char place[PLACE_TEXT];
	int r;

	place_format(&other->address, other->link, place);
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE,
		      "%s port %u of the host%s%s belongs to container '%s'",
		      protocol_name(port->protocol), first, place[0] ? " by " : "", place, holder);
	return error_remedy(e, r,
			    "publish another port, or withdraw that one: "
			    "nixctr-net nat forward remove %s %s:%s%s%u",
			    holder, protocol_name(port->protocol), place, place[0] ? ":" : "",
			    first);
}

/**
 * ports_check_others - refuse ports that another definition asks for
 * @paths: borrowed; the definitions are locked
 * @name: of the container that wants them, borrowed
 * @ports: borrowed
 * @e: names the port and its holder
 *
 * Returns 0, -EADDRINUSE (ERROR_CONFLICT) or another -errno.
 */
int ports_check_others(const struct paths *paths, const char *name, const struct ports *ports,
		       struct error *e)
{
	struct port_clash clash;
	int r = ports->count ? port_index_find(paths, name, ports, &clash, e) : 0;

	return r > 0 ? refuse_port(&clash.port, &clash.other, clash.holder, e) : r;
}

/**
 * listener_meets - whether a call for a program of the host would get to a container
 * @listener: of the program, borrowed
 * @port: what the container publishes, borrowed
 */
static bool listener_meets(const struct nat_listener *listener, const struct port *port)
{
	const struct addr *address = &listener->address;
	struct addr any = { .family = address->family };

	if (listener->port < port->host || listener->port >= port->host + port->length)
		return false;
	if (!addr_is_set(address))
		return true;
	if (addr_is_set(&port->address))
		return addr_equal(address, &port->address) ||
		       (addr_equal(address, &any) && address->family == port->address.family);
	return !port->link[0] || !addr_is_loopback(address);
}

/**
 * listener_warn - say that a program of the host listens on a port
 * @name: of the container, borrowed
 * @port: what it publishes, borrowed
 * @listener: of the program, borrowed
 */
static void listener_warn(const char *name, const struct port *port,
			  const struct nat_listener *listener)
{
	char process[PROCESS_NAME_MAX], owner[64] = "a program of the host";
	char place[PLACE_TEXT];
	pid_t pid;

	if (socket_owner(listener->inode, &pid, process))
		(void)snprintf(owner, sizeof(owner), "%s (pid %d)", process, (int)pid);
	place_format(&port->address, port->link, place);
	log_warning("%s port %u of the host%s%s is listened on by %s; who calls it gets container "
		    "'%s'",
		    protocol_name(port->protocol), listener->port, place[0] ? " by " : "", place,
		    owner, name);
}

#define WARNINGS_MAX 8 /* of one protocol; the rest is counted */

/**
 * protocol_warn - warn of ports of one protocol
 * @name, @ports: as for ports_warn()
 * @protocol: which
 */
static void protocol_warn(const char *name, const struct ports *ports, uint8_t protocol)
{
	struct nat_listeners listeners = { .count = 0 };
	struct error e = ERROR_INIT;
	size_t met = 0;
	bool any = false;

	for (size_t i = 0; i < ports->count; i++)
		any |= ports->list[i].protocol == protocol;
	if (!any)
		return;
	if (nat_listeners_read(protocol, &listeners, &e) < 0)
		log_debug("who listens on ports of the host is not known: %s", e.text);
	for (size_t i = 0; i < ports->count; i++)
		for (size_t j = 0; j < listeners.count; j++)
			if (ports->list[i].protocol == protocol &&
			    listener_meets(&listeners.list[j], &ports->list[i]) &&
			    met++ < WARNINGS_MAX)
				listener_warn(name, &ports->list[i], &listeners.list[j]);
	if (met > WARNINGS_MAX)
		log_warning("%zu more %s ports that are published are listened on",
			    met - WARNINGS_MAX, protocol_name(protocol));
	free(listeners.list);
}

/**
 * place_warn - warn of a port that is called in a way that the host does not have
 * @name: of the container that publishes it, borrowed
 * @port: borrowed
 */
static void place_warn(const char *name, const struct port *port)
{
	char near[IFNAMSIZ] = "", address[ADDR_TEXT], text[PORT_TEXT];
	bool gone = port->link[0] && if_nametoindex(port->link) == 0;
	bool meant = gone && suggestion_link(port->link, near);

	if (addr_is_set(&port->address) && !nat_address_is_here(&port->address))
		log_warning("nobody calls %s of container '%s': %s is no address of this host",
			    port_format(port, text), name, addr_format(&port->address, address));
	if (gone)
		log_warning("nobody calls %s of container '%s': link %s is not there%s%s%s",
			    port_format(port, text), name, port->link,
			    meant ? "; did you mean '" : "", near, meant ? "'?" : "");
}

/**
 * ports_warn - warn of ports that a program of the host listens on, and of those that nobody can call
 * @name: of the container that publishes them, borrowed
 * @ports: borrowed
 *
 * It is no failure: the program may be there on purpose, for links that the port is not published on, and
 * links and addresses come later.
 */
void ports_warn(const char *name, const struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		place_warn(name, &ports->list[i]);
	protocol_warn(name, ports, IPPROTO_TCP);
	protocol_warn(name, ports, IPPROTO_UDP);
}
