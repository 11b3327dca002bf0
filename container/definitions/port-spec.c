/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One published port, or a range of them, as people write it:
 *
 *	[tcp|udp:][ADDRESS|%LINK|ADDRESS%LINK:]PORT[-PORT][:PORT[-PORT]]
 *
 * A cursor runs over the word; each step moves it behind what it has read, or refuses the word.
 */
#include "container/definitions/port-spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define GRAMMAR                                                     \
	"write it as [tcp|udp:][ADDRESS|%%LINK|ADDRESS%%LINK:]PORT" \
	"[-PORT][:PORT_INSIDE[-PORT_INSIDE]], an IPv6 ADDRESS in brackets"

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
};

/* A word that is being read. */
struct reader {
	const char *word, *cursor;
	struct error *e;
};

/* The first and the last of some ports. */
struct range {
	uint16_t first, last;
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
 * refuse - say why a word publishes no port
 * @reader: borrowed
 * @format: why
 *
 * Returns -EINVAL (ERROR_USAGE).
 */
__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *reader,
							const char *format, ...)
{
	char reason[200];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return error_set(reader->e, ERROR_USAGE, EINVAL, "'%.80s' publishes no port: %s",
			 reader->word, reason);
}

/**
 * take_protocol - read the protocol that may begin a word
 * @reader: moved behind it and its colon
 *
 * Returns tcp when there is none.
 */
static uint8_t take_protocol(struct reader *reader)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		size_t length = strlen(protocols[i].name);

		if (strncmp(reader->cursor, protocols[i].name, length) != 0 ||
		    reader->cursor[length] != ':')
			continue;
		reader->cursor += length + 1;
		return protocols[i].number;
	}
	return IPPROTO_TCP;
}

/**
 * take_link - read the link behind a percent sign
 * @reader: at the percent sign; moved behind the name
 * @link: filled
 *
 * Returns 0 or -EINVAL.
 */
static int take_link(struct reader *reader, char link[IFNAMSIZ])
{
	size_t length = strcspn(++reader->cursor, ": \t/");

	if (length == 0 || length >= IFNAMSIZ)
		return refuse(reader, "'%.*s' is no name of a link", (int)length, reader->cursor);
	memcpy(link, reader->cursor, length);
	if (strcmp(link, "lo") == 0)
		return error_remedy(reader->e, refuse(reader, "nobody calls through the loopback"),
				    "have it called by the host alone with 127.0.0.1 or [::1] as "
				    "ADDRESS");
	reader->cursor += length;
	return 0;
}

/**
 * address_check - refuse an address that the host cannot be called by
 * @reader: borrowed
 * @port: borrowed
 *
 * Returns 0 or -EINVAL.
 */
static int address_check(const struct reader *reader, const struct port *port)
{
	struct addr none = { .family = port->address.family };
	char text[ADDR_TEXT];

	addr_format(&port->address, text);
	if (addr_equal(&port->address, &none))
		return error_remedy(reader->e, refuse(reader, "%s is any address", text),
				    "leave ADDRESS out: it is published by all addresses then");
	if (addr_is_loopback(&port->address) && port->link[0])
		return error_remedy(reader->e, refuse(reader, "%s is called through no link", text),
				    "leave %%LINK out: the host alone calls %s", text);
	if (!addr_is_loopback(&port->address) && !addr_is_host(&port->address))
		return refuse(reader, "%s is no address of one host", text);
	return 0;
}

/**
 * take_address - read an address of the host, and the link that may stand behind it
 * @reader: at the address or its bracket; moved behind both
 * @length: of the address
 * @family: that it has to be of
 * @port: its address and link are set
 *
 * Returns 0 or -EINVAL.
 */
static int take_address(struct reader *reader, size_t length, sa_family_t family, struct port *port)
{
	bool bracket = family == AF_INET6;
	char text[ADDR_TEXT] = "";
	int r = 0;

	if (length < sizeof(text))
		memcpy(text, reader->cursor + bracket, length);
	if (addr_parse(text, &port->address, NULL) < 0 || port->address.family != family)
		return refuse(reader, "'%.*s' is no IPv%d address", (int)length,
			      reader->cursor + bracket, family == AF_INET ? 4 : 6);
	reader->cursor += length + (bracket ? 2 : 0);
	if (*reader->cursor == '%')
		r = take_link(reader, port->link);
	return r < 0 ? r : address_check(reader, port);
}

/**
 * take_place - read by which address and through which link the host is called
 * @reader: moved behind it and its colon
 * @port: its address and link are set where there are some
 *
 * Returns 0 or -EINVAL.
 */
static int take_place(struct reader *reader, struct port *port)
{
	const char *cursor = reader->cursor, *end;
	int r;

	if (cursor[0] != '[' && strstr(cursor, "::"))
		return refuse(reader, "an IPv6 address stands in brackets");
	if (cursor[0] == '[') {
		end = strchr(cursor, ']');
		if (!end)
			return refuse(reader, "a bracket is not closed");
		r = take_address(reader, (size_t)(end - cursor - 1), AF_INET6, port);
	} else if (cursor[0] == '%') {
		r = take_link(reader, port->link);
	} else if (!cursor[strcspn(cursor, ":")] || cursor[strspn(cursor, "0123456789-")] == ':') {
		return 0; /* a port begins here, or something that is none */
	} else if (isalpha((unsigned char)*cursor)) {
		return refuse(reader, "'%.*s' is neither tcp nor udp, nor an address",
			      (int)strcspn(cursor, ":%"), cursor);
	} else {
		r = take_address(reader, strcspn(cursor, ":%"), AF_INET, port);
	}
	if (r == 0 && *reader->cursor++ != ':')
		r = refuse(reader, "there is no port behind address or link");
	return r;
}

/**
 * take_number - read the number of a port
 * @reader: moved behind it
 * @ret_port: the port
 *
 * Returns 0 or -EINVAL.
 */
static int take_number(struct reader *reader, uint16_t *ret_port)
{
	size_t digits = strspn(reader->cursor, "0123456789");
	size_t length = strcspn(reader->cursor, ":-");
	unsigned long number = digits > 0 && digits < 6 ? strtoul(reader->cursor, NULL, 10) : 0;

	if (length == 0)
		return refuse(reader, "a port is missing");
	if (digits != length || number == 0 || number > UINT16_MAX)
		return refuse(reader, "'%.*s' is no port from 1 to 65535",
			      (int)(length < 40 ? length : 40), reader->cursor);
	reader->cursor += length;
	*ret_port = (uint16_t)number;
	return 0;
}

/**
 * take_range - read one port, or the first and the last of several
 * @reader: moved behind it
 * @ret_range: the ports
 *
 * Returns 0 or -EINVAL.
 */
static int take_range(struct reader *reader, struct range *ret_range)
{
	struct range range;
	int r = take_number(reader, &range.first);

	range.last = range.first;
	if (r == 0 && *reader->cursor == '-') {
		reader->cursor++;
		r = take_number(reader, &range.last);
	}
	if (r == 0 && range.last < range.first)
		r = error_remedy(reader->e,
				 refuse(reader, "%u-%u runs backwards", range.first, range.last),
				 "write it as %u-%u", range.last, range.first);
	if (r == 0)
		*ret_range = range;
	return r;
}

/**
 * take_ranges - read ports of the host, and those inside
 * @reader: moved to the end of the word
 * @port: its ports are set
 * @ret_form: whether those inside were given
 *
 * Returns 0 or -EINVAL.
 */
static int take_ranges(struct reader *reader, struct port *port, enum port_form *ret_form)
{
	struct range host, inside;
	int r = take_range(reader, &host);

	inside = host;
	*ret_form = PORT_OF_HOST;
	if (r == 0 && *reader->cursor == ':') {
		reader->cursor++;
		*ret_form = PORT_AND_INSIDE;
		r = take_range(reader, &inside);
	}
	if (r < 0)
		return r;
	if (*reader->cursor)
		return refuse(reader, "'%.40s' is too much", reader->cursor);
	if (host.last - host.first != inside.last - inside.first)
		return error_remedy(
			reader->e,
			refuse(reader, "%u-%u are %d ports and %u-%u are %d", host.first, host.last,
			       host.last - host.first + 1, inside.first, inside.last,
			       inside.last - inside.first + 1),
			"give as many ports inside as of the host, or leave those inside out");
	port->host = host.first;
	port->inside = inside.first;
	port->length = (uint16_t)(host.last - host.first + 1);
	return 0;
}

/**
 * port_parse - read one word
 * @word: borrowed
 * @ret_port: what it says
 * @ret_form: whether it says where inside the ports lead to; NULL when that is of no interest
 * @e: names the word and what is wrong in it
 *
 * Source: systemd-nspawn(1), --port=, of whose grammar this is an extension.
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int port_parse(const char *word, struct port *ret_port, enum port_form *ret_form, struct error *e)
{
	struct reader reader = { .word = word, .cursor = word, .e = e };
	enum port_form form = PORT_OF_HOST;
	struct port port;
	int r;

	memset(&port, 0, sizeof(port)); /* with its padding: equal ones are equal as bytes */
	port.protocol = take_protocol(&reader);
	r = take_place(&reader, &port);
	if (r == 0)
		r = take_ranges(&reader, &port, &form);
	if (r < 0)
		return error_remedy(e, r, GRAMMAR); /* where nobody has known better */
	memcpy(ret_port, &port, sizeof(port));
	if (ret_form)
		*ret_form = form;
	return 0;
}

/**
 * place_format - by what a port of the host is called, as text
 * @address: none: by any
 * @link: "": through any
 * @text: the caller's buffer
 *
 * Returns @text: "" when it is called anyhow, else what stands before the colon and the port.
 */
const char *place_format(const struct addr *address, const char *link, char text[PLACE_TEXT])
{
	const char *open = address->family == AF_INET6 ? "[" : "";
	const char *close = address->family == AF_INET6 ? "]" : "";
	char name[ADDR_TEXT] = "";

	if (addr_is_set(address))
		addr_format(address, name);
	(void)snprintf(text, PLACE_TEXT, "%s%s%s%s%s", open, name, close, link[0] ? "%" : "", link);
	return text;
}

/**
 * range_format - some ports as text
 * @first: of them
 * @length: how many there are
 * @text: the caller's buffer
 *
 * Returns @text.
 */
const char *range_format(uint16_t first, uint16_t length, char text[RANGE_TEXT])
{
	if (length > 1)
		(void)snprintf(text, RANGE_TEXT, "%u-%u", first,
			       (unsigned)(uint16_t)(first + length - 1));
	else
		(void)snprintf(text, RANGE_TEXT, "%u", first);
	return text;
}

/**
 * port_format - write one word
 * @port: borrowed
 * @text: the caller's buffer
 *
 * Returns @text.
 */
const char *port_format(const struct port *port, char text[PORT_TEXT])
{
	char place[PLACE_TEXT], host[RANGE_TEXT], inside[RANGE_TEXT];

	place_format(&port->address, port->link, place);
	(void)snprintf(text, PORT_TEXT, "%s:%s%s%s:%s", protocol_name(port->protocol), place,
		       place[0] ? ":" : "", range_format(port->host, port->length, host),
		       range_format(port->inside, port->length, inside));
	return text;
}
