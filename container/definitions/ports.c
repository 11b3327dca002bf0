/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * place_overlaps - whether a call can be for the one and for the other
 * @one, @other: borrowed; their ports do not matter
 *
 * The loopback addresses are called through no link.
 */
static bool place_overlaps(const struct port *one, const struct port *other)
{
	bool address = !addr_is_set(&one->address) || !addr_is_set(&other->address) ||
		       addr_equal(&one->address, &other->address);
	bool link = !one->link[0] || !other->link[0] || strcmp(one->link, other->link) == 0;

	if ((one->link[0] && addr_is_loopback(&other->address)) ||
	    (other->link[0] && addr_is_loopback(&one->address)))
		return false;
	return one->protocol == other->protocol && address && link;
}

/**
 * port_overlaps - whether two words ask for the same port of the host
 * @one, @other: borrowed
 *
 * What is not bound to an address or a link is asked for by all of them.
 */
bool port_overlaps(const struct port *one, const struct port *other)
{
	return place_overlaps(one, other) && one->host < other->host + other->length &&
	       other->host < one->host + one->length;
}

/**
 * port_same - whether two words say the same
 * @one, @other: borrowed
 */
static bool port_same(const struct port *one, const struct port *other)
{
	return one->protocol == other->protocol && one->host == other->host &&
	       one->inside == other->inside && one->length == other->length &&
	       addr_equal(&one->address, &other->address) && strcmp(one->link, other->link) == 0;
}

/**
 * ports_overlap - find what is asked for by two
 * @ports, @others: borrowed
 * @ret_one, @ret_other: the first of each, borrowed; set when there are any
 *
 * Returns whether there are any.
 */
bool ports_overlap(const struct ports *ports, const struct ports *others,
		   const struct port **ret_one, const struct port **ret_other)
{
	for (size_t i = 0; i < ports->count; i++) {
		for (size_t j = 0; j < others->count; j++) {
			if (!port_overlaps(&ports->list[i], &others->list[j]))
				continue;
			*ret_one = &ports->list[i];
			*ret_other = &others->list[j];
			return true;
		}
	}
	return false;
}

/**
 * ports_total - how many ports there are
 * @ports: borrowed
 */
static size_t ports_total(const struct ports *ports)
{
	size_t total = 0;

	for (size_t i = 0; i < ports->count; i++)
		total += ports->list[i].length;
	return total;
}

/**
 * ports_append - put one more word behind the others
 * @ports: changed
 * @port: copied
 * @e: says that there are too many
 *
 * Returns 0 or -E2BIG (ERROR_USAGE).
 */
static int ports_append(struct ports *ports, const struct port *port, struct error *e)
{
	int r;

	if (ports->count < PORTS_MAX && ports_total(ports) + port->length <= PORTS_TOTAL_MAX) {
		ports->list[ports->count++] = *port;
		return 0;
	}
	if (ports->count == PORTS_MAX)
		r = error_set(e, ERROR_USAGE, E2BIG, "more than %d words about ports", PORTS_MAX);
	else
		r = error_set(e, ERROR_USAGE, E2BIG, "more than %d ports of one container",
			      PORTS_TOTAL_MAX);
	return error_remedy(e, r, "publish %s",
			    ports->count == PORTS_MAX ? "ports in a row as a range, FIRST-LAST"
						      : "fewer ports");
}

/**
 * ports_add - add ports
 * @ports: changed
 * @port: copied
 * @e: names both words
 *
 * To say the same twice is no mistake.
 *
 * Returns 1, 0 when they are there, -EINVAL or -E2BIG.
 */
int ports_add(struct ports *ports, const struct port *port, struct error *e)
{
	const struct ports added = { .count = 1, .list = { *port } };
	const struct port *one, *other;
	char text[PORT_TEXT], other_text[PORT_TEXT];
	int r;

	for (size_t i = 0; i < ports->count; i++)
		if (port_same(&ports->list[i], port))
			return 0;
	if (ports_overlap(&added, ports, &one, &other)) {
		r = error_set(e, ERROR_USAGE, EINVAL, "%s and %s of one container overlap",
			      port_format(other, other_text), port_format(one, text));
		return error_remedy(e, r, "publish each port once");
	}
	r = ports_append(ports, port, e);
	return r < 0 ? r : 1;
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
	while (r >= 0 && rest) {
		const char *word = strsep(&rest, ",");
		struct port port;

		r = port_parse(word, &port, NULL, e);
		if (r == 0)
			r = ports_add(ports, &port, e);
	}
	return r < 0 ? r : 0;
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
	char word[PORT_TEXT];
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ports->count; i++)
		length += (size_t)snprintf(text + length, PORTS_TEXT - length, "%s%s", i ? "," : "",
					   port_format(&ports->list[i], word));
	return text;
}

/**
 * port_cut - some of the ports of a word
 * @port: borrowed
 * @begin, @end: which of them; end is behind the last one
 */
static struct port port_cut(const struct port *port, int begin, int end)
{
	struct port cut = *port;

	cut.host = (uint16_t)(port->host + begin);
	cut.inside = (uint16_t)(port->inside + begin);
	cut.length = (uint16_t)(end - begin);
	return cut;
}

/**
 * port_names - whether ports are among those that somebody has named
 * @port: published, borrowed
 * @named: borrowed
 * @form: whether @named says where inside they lead
 */
static bool port_names(const struct port *port, const struct port *named, enum port_form form)
{
	return port_overlaps(port, named) && addr_equal(&port->address, &named->address) &&
	       strcmp(port->link, named->link) == 0 &&
	       (form == PORT_OF_HOST || port->inside - port->host == named->inside - named->host);
}

/**
 * ports_remove - remove ports
 * @ports: changed
 * @port: which; of a word that is for more, the others stay
 * @form: whether it says where inside they lead
 * @e: says that the rest of them cannot be written down
 *
 * Returns 1, 0 when none of them is there, or -E2BIG.
 */
int ports_remove(struct ports *ports, const struct port *port, enum port_form form, struct error *e)
{
	struct ports left = { .count = 0 };
	bool found = false;
	int r = 0;

	for (size_t i = 0; i < ports->count && r == 0; i++) {
		const struct port *one = &ports->list[i];
		int first = port->host > one->host ? port->host - one->host : 0;
		int last = port->host + port->length - one->host;
		struct port head, tail;

		if (!port_names(one, port, form)) {
			r = ports_append(&left, one, e);
			continue;
		}
		found = true;
		last = last < one->length ? last : one->length;
		head = port_cut(one, 0, first);
		tail = port_cut(one, last, one->length);
		if (head.length)
			r = ports_append(&left, &head, e);
		if (r == 0 && tail.length)
			r = ports_append(&left, &tail, e);
	}
	if (r < 0)
		return r;
	if (found)
		*ports = left;
	return found;
}

/**
 * ports_check_families - refuse ports by an address of a family that the container has none of
 * @ports: borrowed
 * @v4, @v6: which families it has
 * @e: names the word
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int ports_check_families(const struct ports *ports, bool v4, bool v6, struct error *e)
{
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];
		bool is_v6 = port->address.family == AF_INET6;
		char text[PORT_TEXT];
		int r;

		if (!addr_is_set(&port->address) || (is_v6 ? v6 : v4))
			continue;
		r = error_set(e, ERROR_USAGE, EINVAL,
			      "%s is an IPv%d address of the host and the "
			      "container has none of that kind",
			      port_format(port, text), is_v6 ? 6 : 4);
		return error_remedy(e, r,
				    "publish it by an IPv%d address, or give the container "
				    "one with --local-address%s",
				    is_v6 ? 4 : 6, is_v6 ? "6" : "");
	}
	return 0;
}
