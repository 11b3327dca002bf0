/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
};

/**
 * protocol_name - what a protocol is called
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 */
const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

/**
 * take_protocol - read the protocol that may begin a word
 * @cursor: moved behind it and its colon
 * @ret_protocol: tcp when there is none
 */
static void take_protocol(const char **cursor, uint8_t *ret_protocol)
{
	*ret_protocol = IPPROTO_TCP;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		size_t length = strlen(protocols[i].name);

		if (strncmp(*cursor, protocols[i].name, length) != 0 || (*cursor)[length] != ':')
			continue;
		*ret_protocol = protocols[i].number;
		*cursor += length + 1;
		return;
	}
}

/**
 * take_number - read the number of a port
 * @cursor: moved behind it
 * @ret_port: the port
 *
 * Returns whether there is one, 1 to 65535.
 */
static bool take_number(const char **cursor, uint16_t *ret_port)
{
	size_t digits = strspn(*cursor, "0123456789");
	unsigned long number = digits > 0 && digits < 6 ? strtoul(*cursor, NULL, 10) : 0;

	*cursor += digits;
	*ret_port = (uint16_t)number;
	return number > 0 && number <= UINT16_MAX;
}

/**
 * port_parse - read one word
 * @word: borrowed
 * @ret_port: what it says
 * @e: names the word
 *
 * Source: systemd-nspawn(1), --port=.
 *
 * Returns 0 or -EINVAL.
 */
static int port_parse(const char *word, struct port *ret_port, struct error *e)
{
	const char *cursor = word;
	struct port port;
	bool right;

	take_protocol(&cursor, &port.protocol);
	right = take_number(&cursor, &port.host);
	port.inside = port.host;
	if (right && *cursor == ':') {
		cursor++;
		right = take_number(&cursor, &port.inside);
	}
	if (!right || *cursor) {
		error_set(e, ERROR_USAGE, EINVAL, "'%.40s' publishes no port", word);
		return error_remedy(e, -EINVAL,
				    "write it as [tcp|udp:]PORT[:PORT_INSIDE], from 1 to 65535");
	}
	*ret_port = port;
	return 0;
}

/**
 * ports_find - the entry that asks for a port of the host
 * @ports: borrowed
 * @port: its protocol and port are looked for
 *
 * Returns it, borrowed, or NULL.
 */
static const struct port *ports_find(const struct ports *ports, const struct port *port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i].protocol == port->protocol && ports->list[i].host == port->host)
			return &ports->list[i];
	return NULL;
}

/**
 * ports_add - add one port
 * @ports: changed
 * @port: copied
 * @e: names the port
 *
 * To say the same twice is no mistake.
 *
 * Returns 0, -EINVAL or -E2BIG.
 */
static int ports_add(struct ports *ports, const struct port *port, struct error *e)
{
	const struct port *other = ports_find(ports, port);

	if (other && other->inside == port->inside)
		return 0;
	if (other)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "%s port %u is published twice, as %u and %u inside",
				 protocol_name(port->protocol), port->host, other->inside,
				 port->inside);
	if (ports->count == PORTS_MAX)
		return error_set(e, ERROR_USAGE, E2BIG, "more than %d ports are published",
				 PORTS_MAX);
	ports->list[ports->count++] = *port;
	return 0;
}

/**
 * ports_parse - read a list of ports
 * @ports: added to; in part when something is wrong
 * @text: words with commas between them, borrowed
 * @e: names the word that is wrong
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
int ports_parse(struct ports *ports, const char *text, struct error *e)
{
	_cleanup_(freep) char *copy = strdup(text);
	char *rest = copy;
	int r = 0;

	if (!copy)
		return error_errno(e, ENOMEM, "cannot read published ports");
	while (r == 0 && rest) {
		const char *word = strsep(&rest, ",");
		struct port port;

		r = port_parse(word, &port, e);
		if (r == 0)
			r = ports_add(ports, &port, e);
	}
	return r;
}

/**
 * ports_format - write a list of ports as HOST_PORT has it
 * @ports: borrowed
 * @text: the caller's buffer
 *
 * Returns @text.
 */
const char *ports_format(const struct ports *ports, char text[PORTS_TEXT])
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ports->count; i++)
		length += (size_t)snprintf(text + length, PORTS_TEXT - length, "%s%s:%u:%u",
					   i ? "," : "", protocol_name(ports->list[i].protocol),
					   ports->list[i].host, ports->list[i].inside);
	return text;
}

/**
 * refuse_port - refuse a port that another definition asks for
 * @port: borrowed
 * @holder: the other container, borrowed
 * @e: filled
 *
 * Returns -EADDRINUSE (ERROR_CONFLICT).
 */
static int refuse_port(const struct port *port, const char *holder, struct error *e)
{
	int r = error_set(e, ERROR_CONFLICT, EADDRINUSE,
			  "%s port %u of the host belongs to container '%s'",
			  protocol_name(port->protocol), port->host, holder);

	return error_remedy(e, r,
			    "publish another port, or destroy its holder: "
			    "nixctr-net destroy %s",
			    holder);
}

/**
 * ports_check_others - refuse ports that another definition asks for
 * @paths: borrowed
 * @definition: who wants them, borrowed
 * @e: names the port and its holder
 *
 * A definition that cannot be read asks for nothing that could be told.
 *
 * Returns 0, -EADDRINUSE (ERROR_CONFLICT) or another -errno.
 */
int ports_check_others(const struct paths *paths, const struct definition *definition,
		       struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct definition other;
	size_t count = 0;
	int r = 0;

	if (definition->ports.count)
		r = definition_names(paths, &names, &count, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (strcmp(names[i], definition->name) == 0 ||
		    definition_read(paths, names[i], &other, NULL) <= 0)
			continue;
		for (size_t j = 0; r == 0 && j < definition->ports.count; j++)
			if (ports_find(&other.ports, &definition->ports.list[j]))
				r = refuse_port(&definition->ports.list[j], names[i], e);
	}
	return r;
}
