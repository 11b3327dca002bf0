/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/pin-record.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/definitions/definitions.h"

#define RECORD_SIZE_MAX ((size_t)64 * 1024)
#define LINE_WORDS      5

/**
 * pin_same - whether two pins are the same
 * @a, @b: borrowed
 */
bool pin_same(const struct nat_pin *a, const struct nat_pin *b)
{
	return a->trusted == b->trusted && a->routed == b->routed &&
	       strcmp(a->link, b->link) == 0 && strcmp(a->bridge, b->bridge) == 0 &&
	       mac_equal(&a->mac, &b->mac) && addr_equal(&a->v4, &b->v4) &&
	       addr_equal(&a->v6, &b->v6);
}

/**
 * peer_same - whether two pairs of containers are the same
 * @a, @b: borrowed
 */
bool peer_same(const struct nat_peer *a, const struct nat_peer *b)
{
	return a->bridged == b->bridged && strcmp(a->links[0], b->links[0]) == 0 &&
	       strcmp(a->links[1], b->links[1]) == 0;
}

/**
 * call_same - whether two published ports lead to the same
 * @a, @b: borrowed
 */
bool call_same(const struct nat_call *a, const struct nat_call *b)
{
	return a->protocol == b->protocol && a->port == b->port && addr_equal(&a->to, &b->to);
}

/**
 * address_text - an address as it stands in a record
 * @address: borrowed
 * @text: room for it
 *
 * Returns it, "-" for none.
 */
static const char *address_text(const struct addr *address, char text[ADDR_TEXT])
{
	return addr_is_set(address) ? addr_format(address, text) : "-";
}

/**
 * record_format - under which addresses a container may send, and its peers, as lines
 * @file: where to
 * @content: struct nat_pins, borrowed
 *
 * Returns 0.
 */
static int record_format(FILE *file, const void *content)
{
	const struct nat_pins *pins = content;
	char v4[ADDR_TEXT], v6[ADDR_TEXT], mac[MAC_TEXT];

	for (size_t i = 0; i < pins->n_pins; i++) {
		const struct nat_pin *pin = &pins->pins[i];

		fprintf(file, "%s %s %s %s %s\n", pin->trusted ? "trusted" : "pin", pin->link,
			mac_format(&pin->mac, mac), address_text(&pin->v4, v4),
			address_text(&pin->v6, v6));
		if (pin->bridge[0])
			fprintf(file, "%s %s\n", pin->routed ? "routed" : "behind", pin->bridge);
	}
	for (size_t i = 0; i < pins->n_peers; i++)
		fprintf(file, "peer %s %s %s\n", pins->peers[i].bridged ? "vb" : "ve",
			pins->peers[i].links[0], pins->peers[i].links[1]);
	for (size_t i = 0; i < pins->n_calls; i++)
		fprintf(file, "call %s %s %u\n", protocol_name(pins->calls[i].protocol),
			addr_format(&pins->calls[i].to, v4), pins->calls[i].port);
	return 0;
}

/**
 * pins_add_pin - put one more pin behind the others
 * @pins: changed
 * @pin: copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int pins_add_pin(struct nat_pins *pins, const struct nat_pin *pin, struct error *e)
{
	void *grown = reallocarray(pins->pins, pins->n_pins + 1, sizeof(*pins->pins));

	if (!grown)
		return error_errno(e, ENOMEM, "cannot keep addresses");
	pins->pins = grown;
	pins->pins[pins->n_pins++] = *pin;
	return 0;
}

/**
 * pins_add_peer - put one more pair of containers behind the others
 * @pins: changed
 * @peer: copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int pins_add_peer(struct nat_pins *pins, const struct nat_peer *peer, struct error *e)
{
	void *grown = reallocarray(pins->peers, pins->n_peers + 1, sizeof(*pins->peers));

	if (!grown)
		return error_errno(e, ENOMEM, "cannot keep linked containers");
	pins->peers = grown;
	pins->peers[pins->n_peers++] = *peer;
	return 0;
}

/**
 * pins_add_call - put one more published port behind the others
 * @pins: changed
 * @call: copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int pins_add_call(struct nat_pins *pins, const struct nat_call *call, struct error *e)
{
	void *grown = reallocarray(pins->calls, pins->n_calls + 1, sizeof(*pins->calls));

	if (!grown)
		return error_errno(e, ENOMEM, "cannot keep published ports");
	pins->calls = grown;
	pins->calls[pins->n_calls++] = *call;
	return 0;
}

/**
 * words_take - split a line at blanks
 * @line: changed
 * @words, @count: filled, and how many there have to be
 *
 * Returns whether there are so many.
 */
static bool words_take(char *line, char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		words[i] = strsep(&line, " ");
		if (!words[i])
			return false;
	}
	return !line;
}

/**
 * link_take - take the name of a link out of a record
 * @word: borrowed
 * @link: filled
 *
 * Returns whether it is one.
 */
static bool link_take(const char *word, char link[IFNAMSIZ])
{
	size_t length = strlen(word);

	if (length >= IFNAMSIZ)
		return false;
	memcpy(link, word, length + 1);
	return length > 0;
}

/**
 * address_take - take an address out of a record
 * @word: borrowed
 * @address: filled
 *
 * Returns whether it is one, or none.
 */
static bool address_take(const char *word, struct addr *address)
{
	return strcmp(word, "-") == 0 || addr_parse(word, address, NULL) == 0;
}

/**
 * pin_take - take a pin out of a record
 * @words: of the line
 * @name: of the container
 * @pins: added to
 * @e: filled on failure
 *
 * Returns 1, 0 when it is none, or -ENOMEM.
 */
static int pin_take(char *const *words, const char *name, struct nat_pins *pins, struct error *e)
{
	struct nat_pin pin = { .trusted = strcmp(words[0], "trusted") == 0 };
	int r;

	if (!link_take(words[1], pin.link) || mac_parse(words[2], &pin.mac, NULL) < 0 ||
	    !address_take(words[3], &pin.v4) || !address_take(words[4], &pin.v6))
		return 0;
	memcpy(pin.container, name, strlen(name) + 1);
	r = pins_add_pin(pins, &pin, e);
	return r < 0 ? r : 1;
}

/**
 * bridge_take - take the bridge of a pin out of a record
 * @words, @name, @e: as for pin_take()
 * @pins: the last of them is changed
 *
 * Returns 1, or 0 when it is none.
 */
static int bridge_take(char *const *words, const char *name, struct nat_pins *pins, struct error *e)
{
	struct nat_pin *pin = pins->n_pins ? &pins->pins[pins->n_pins - 1] : NULL;

	(void)e;
	if (!pin || strcmp(pin->container, name) != 0)
		return 0;
	pin->routed = strcmp(words[0], "routed") == 0;
	return link_take(words[1], pin->bridge);
}

/**
 * peer_take - take two linked containers out of a record
 * @words, @name, @pins, @e: as for pin_take()
 *
 * Returns as pin_take().
 */
static int peer_take(char *const *words, const char *name, struct nat_pins *pins, struct error *e)
{
	struct nat_peer peer = { .bridged = strcmp(words[1], "vb") == 0 };
	int r;

	if (!link_take(words[2], peer.links[0]) || !link_take(words[3], peer.links[1]))
		return 0;
	memcpy(peer.container, name, strlen(name) + 1);
	r = pins_add_peer(pins, &peer, e);
	return r < 0 ? r : 1;
}

/**
 * call_take - take a published port out of a record
 * @words, @name, @pins, @e: as for pin_take()
 *
 * Returns as pin_take().
 */
static int call_take(char *const *words, const char *name, struct nat_pins *pins, struct error *e)
{
	struct nat_call call = { .protocol =
					 strcmp(words[1], "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP };
	char *end;
	unsigned long port = strtoul(words[3], &end, 10);
	int r;

	if (addr_parse(words[2], &call.to, NULL) < 0 || end == words[3] || *end ||
	    port > UINT16_MAX)
		return 0;
	call.port = (uint16_t)port;
	memcpy(call.container, name, strlen(name) + 1);
	r = pins_add_call(pins, &call, e);
	return r < 0 ? r : 1;
}

/**
 * line_take - take one line of a record
 * @line: without its end; changed
 * @name: of the container
 * @content: struct nat_pins, added to
 * @e: filled on failure
 *
 * Returns 1, 0 when it is no line that we write, or -ENOMEM.
 */
static int line_take(char *line, const char *name, void *content, struct error *e)
{
	static const struct {
		const char *word;
		size_t count;
		int (*take)(char *const *words, const char *name, struct nat_pins *pins,
			    struct error *e);
	} kinds[] = {
		{ "pin ", 5, pin_take },       { "trusted ", 5, pin_take },
		{ "behind ", 2, bridge_take }, { "routed ", 2, bridge_take },
		{ "peer ", 4, peer_take },     { "call ", 4, call_take },
	};
	char *words[LINE_WORDS];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(line, kinds[i].word, strlen(kinds[i].word)) == 0)
			return words_take(line, words, kinds[i].count)
				       ? kinds[i].take(words, name, content, e)
				       : 0;
	return 0;
}

const struct records_kind pin_records = {
	.directory = "pins",
	.size_max = RECORD_SIZE_MAX,
	.format = record_format,
	.take = line_take,
};
