/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/forward-record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/definitions/ports.h"

#define RECORD_SIZE_MAX ((size_t)2 * 1024 * 1024) /* every port by itself, in both families */
#define RECORD_WORDS    6                         /* and one more of what is bound */

/**
 * forward_follows - whether a forward goes on where another one ends
 * @forward, @before: borrowed
 * @distance: how many ports are between the two
 */
static bool forward_follows(const struct nat_forward *forward, const struct nat_forward *before,
			    size_t distance)
{
	return forward->protocol == before->protocol && forward->port == before->port + distance &&
	       forward->to_port == before->to_port + distance &&
	       addr_equal(&forward->to, &before->to) && addr_equal(&forward->host, &before->host) &&
	       strcmp(forward->host_link, before->host_link) == 0 &&
	       strcmp(forward->link, before->link) == 0;
}

/**
 * run_length - how many forwards are one line of a record
 * @forwards: of one container and one family, borrowed
 * @begin: the first of them
 */
static uint16_t run_length(const struct nat_forwards *forwards, size_t begin)
{
	size_t end = begin + 1;

	while (end < forwards->count &&
	       forward_follows(&forwards->list[end], &forwards->list[begin], end - begin))
		end++;
	return (uint16_t)(end - begin);
}

/**
 * family_format - the forwards of one family as lines
 * @file: where to
 * @forwards: sorted, borrowed
 * @family: AF_INET or AF_INET6
 *
 * Returns 0 or -ENOMEM.
 */
static int family_format(FILE *file, const struct nat_forwards *forwards, sa_family_t family)
{
	struct nat_forwards some = { .list = calloc(forwards->count + 1, sizeof(*some.list)) };
	char to[ADDR_TEXT], ports[RANGE_TEXT], place[PLACE_TEXT];
	uint16_t length;

	if (!some.list)
		return -ENOMEM;
	for (size_t i = 0; i < forwards->count; i++)
		if (forwards->list[i].to.family == family)
			some.list[some.count++] = forwards->list[i];
	for (size_t i = 0; i < some.count; i += length) {
		const struct nat_forward *one = &some.list[i];

		length = run_length(&some, i);
		place_format(&one->host, one->host_link, place);
		fprintf(file, "%s %s %s %u - %s%s%s\n", protocol_name(one->protocol),
			range_format(one->port, length, ports), addr_format(&one->to, to),
			one->to_port, one->link, place[0] ? " " : "", place);
	}
	free(some.list);
	return 0;
}

/**
 * record_format - what a container publishes as lines
 * @file: where to
 * @content: struct nat_forwards, sorted, borrowed
 *
 * Returns 0 or -ENOMEM.
 */
static int record_format(FILE *file, const void *content)
{
	int r = family_format(file, content, AF_INET);

	return r < 0 ? r : family_format(file, content, AF_INET6);
}

/**
 * ports_take - read ports in a record
 * @text: borrowed
 * @ret_first: the first of them
 * @ret_length: how many
 *
 * Returns whether it is one, or some.
 */
static bool ports_take(const char *text, uint16_t *ret_first, uint16_t *ret_length)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (end != text && *end == '-')
		last = strtoul(end + 1, &end, 10);
	*ret_first = (uint16_t)first;
	*ret_length = (uint16_t)(last - first + 1);
	return end != text && !*end && first > 0 && first <= last && last <= UINT16_MAX;
}

/**
 * place_take - read what the ports of a line are bound to
 * @text: as place_format() writes it; changed; NULL: to nothing
 * @forward: its host and host_link are set
 *
 * Returns whether it could be read.
 */
static bool place_take(char *text, struct nat_forward *forward)
{
	char *address = strsep(&text, "%");
	size_t length = address ? strlen(address) : 0;

	if (text && strlen(text) >= sizeof(forward->host_link))
		return false;
	if (text)
		memcpy(forward->host_link, text, strlen(text));
	if (length == 0)
		return true;
	if (address[0] == '[' && address[length - 1] == ']') {
		address[length - 1] = '\0';
		address++;
	}
	return addr_parse(address, &forward->host, NULL) == 0;
}

/**
 * line_parse - read one line of a record
 * @line: without its end; changed
 * @ret_forward: the first port, filled but for the container
 * @ret_length: how many ports there are
 *
 * Returns whether it is one that we write.
 */
static bool line_parse(char *line, struct nat_forward *ret_forward, uint16_t *ret_length)
{
	struct nat_forward forward = { .protocol = IPPROTO_TCP };
	char *words[RECORD_WORDS];
	uint16_t one;

	for (size_t i = 0; i < RECORD_WORDS; i++) {
		words[i] = strsep(&line, " ");
		if (!words[i])
			return false;
	}
	if (strlen(words[5]) >= sizeof(forward.link) || !place_take(line, &forward))
		return false;
	if (strcmp(words[0], "udp") == 0)
		forward.protocol = IPPROTO_UDP;
	memcpy(forward.link, words[5], strlen(words[5]));
	if (!ports_take(words[1], &forward.port, ret_length) ||
	    !ports_take(words[3], &forward.to_port, &one) || one != 1 ||
	    addr_parse(words[2], &forward.to, NULL) < 0)
		return false;
	*ret_forward = forward;
	return true;
}

/**
 * forwards_add - put more behind the others
 * @forwards: changed
 * @forward: the first of them
 * @length: how many
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int forwards_add(struct nat_forwards *forwards, const struct nat_forward *forward,
			uint16_t length, struct error *e)
{
	void *grown =
		reallocarray(forwards->list, forwards->count + length, sizeof(*forwards->list));

	if (!grown)
		return error_errno(e, ENOMEM, "cannot read published ports");
	forwards->list = grown;
	for (uint16_t i = 0; i < length; i++) {
		struct nat_forward *added = &forwards->list[forwards->count++];

		*added = *forward;
		added->port = (uint16_t)(forward->port + i);
		added->to_port = (uint16_t)(forward->to_port + i);
	}
	return 0;
}

/**
 * line_take - take one line of a record
 * @line: without its end; changed
 * @name: of the container
 * @content: struct nat_forwards, added to
 * @e: filled on failure
 *
 * Returns 1, 0 when it is no line that we write, or -ENOMEM.
 */
static int line_take(char *line, const char *name, void *content, struct error *e)
{
	struct nat_forward forward;
	uint16_t ports;
	int r;

	if (!line_parse(line, &forward, &ports))
		return 0;
	memcpy(forward.container, name, strlen(name) + 1);
	r = forwards_add(content, &forward, ports, e);
	return r < 0 ? r : 1;
}

const struct records_kind forward_records = {
	.directory = "forwards",
	.size_max = RECORD_SIZE_MAX,
	.format = record_format,
	.take = line_take,
};
