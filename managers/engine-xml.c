/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "managers/engine.h"

#define DEPTH_MAX 8 /* of elements that are looked at */

/* A file that is walked through. */
struct walk {
	const struct engine_source *source;
	const char *file;
	struct engine_networks *networks;
	struct error *e;
	XML_Parser parser;
	int depth;
	bool network[DEPTH_MAX]; /* whether the element there is a <network> */
	bool naming;             /* within its <name> */
	char name[64];
	int r;
};

/**
 * attribute - an attribute of an element
 * @attributes: names and values in turn, borrowed
 * @name: which
 *
 * Returns its value, borrowed, or NULL.
 */
static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

/**
 * mask_length - how many bits a netmask has
 * @text: borrowed
 * @ret_length: that
 * @e: filled on failure
 *
 * Returns 0 or -EINVAL.
 */
static int mask_length(const char *text, uint8_t *ret_length, struct error *e)
{
	struct addr mask;
	uint8_t length = 0;
	int r = addr_parse(text, &mask, e);

	if (r < 0)
		return r;
	while (length < addr_bits(&mask) && mask.bytes[length / 8] & 0x80 >> length % 8)
		length++;
	*ret_length = length;
	return 0;
}

/**
 * default_length - the length of a network of which none is given
 * @addr: of it, borrowed
 *
 * Source: libvirt's formatnetwork page: as classes of addresses once had it, and 64 with IPv6.
 */
static uint8_t default_length(const struct addr *addr)
{
	if (addr->family == AF_INET6)
		return 64;
	if (addr->bytes[0] < 128)
		return 8;
	return addr->bytes[0] < 192 ? 16 : 24;
}

/**
 * take_ip - take an <ip> of a <network> in
 * @walk: changed
 * @attributes: of it, borrowed
 *
 * Returns 0 or -errno.
 */
static int take_ip(struct walk *walk, const XML_Char **attributes)
{
	const char *address = attribute(attributes, "address");
	const char *length = attribute(attributes, "prefix");
	const char *mask = attribute(attributes, "netmask");
	struct prefix prefix;
	char text[PREFIX_TEXT];
	int r;

	if (!address)
		return 0;
	r = addr_parse(address, &prefix.addr, walk->e);
	if (r < 0)
		return r;
	prefix.length = default_length(&prefix.addr);
	if (mask)
		r = mask_length(mask, &prefix.length, walk->e);
	if (length) {
		(void)snprintf(text, sizeof(text), "%s/%.4s", address, length);
		r = prefix_parse(text, &prefix, walk->e);
	}
	if (r < 0)
		return r;
	return engine_add(walk->networks, walk->source, walk->file, walk->name, ENGINE_NETWORK,
			  &prefix, walk->e);
}

/**
 * element_begin - an element begins; called by expat
 * @data: a struct walk
 * @name: of it
 * @attributes: names and values in turn
 */
static void element_begin(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct walk *walk = data;
	int depth = walk->depth++;
	bool inside = depth > 0 && depth <= DEPTH_MAX && walk->network[depth - 1];

	if (depth < DEPTH_MAX)
		walk->network[depth] = strcmp(name, "network") == 0;
	walk->naming = inside && strcmp(name, "name") == 0;
	if (inside && walk->r == 0 && strcmp(name, "ip") == 0)
		walk->r = take_ip(walk, attributes);
}

/**
 * element_end - an element ends; called by expat
 * @data: a struct walk
 * @name: of it
 */
static void element_end(void *data, const XML_Char *name)
{
	struct walk *walk = data;

	(void)name;
	walk->depth--;
	walk->naming = false;
}

/**
 * text_take - text of an element; called by expat, also for a part of it
 * @data: a struct walk
 * @text, @length: borrowed
 */
static void text_take(void *data, const XML_Char *text, int length)
{
	struct walk *walk = data;
	size_t used = strlen(walk->name);

	if (walk->naming)
		(void)snprintf(walk->name + used, sizeof(walk->name) - used, "%.*s", length, text);
}

/**
 * entity_refuse - refuse a file that declares entities, which grow when they are put in
 * @data: a struct walk
 * @name, @parameter, @value, @length, @base, @system_id, @public_id, @notation: of the entity, not used
 */
static void entity_refuse(void *data, const XML_Char *name, int parameter, const XML_Char *value,
			  int length, const XML_Char *base, const XML_Char *system_id,
			  const XML_Char *public_id, const XML_Char *notation)
{
	struct walk *walk = data;

	(void)name, (void)parameter, (void)value, (void)length;
	(void)base, (void)system_id, (void)public_id, (void)notation;
	walk->r = error_set(walk->e, ERROR_FAILED, EBADMSG, "it declares entities");
	(void)XML_StopParser(walk->parser, XML_FALSE);
}

/**
 * engine_xml - take a file of libvirt's in
 * @source, @file: whose it is, borrowed
 * @text, @length: what stands in it, borrowed
 * @networks: changed
 * @e: says what is wrong with it
 *
 * Returns 0 or -errno.
 */
int engine_xml(const struct engine_source *source, const char *file, const char *text,
	       size_t length, struct engine_networks *networks, struct error *e)
{
	struct walk walk = { .source = source, .file = file, .networks = networks, .e = e };

	walk.parser = XML_ParserCreate(NULL);
	if (!walk.parser)
		return error_errno(e, ENOMEM, "cannot read XML");
	XML_SetUserData(walk.parser, &walk);
	XML_SetElementHandler(walk.parser, element_begin, element_end);
	XML_SetCharacterDataHandler(walk.parser, text_take);
	XML_SetEntityDeclHandler(walk.parser, entity_refuse);
	if (XML_Parse(walk.parser, text, (int)length, 1) == XML_STATUS_ERROR && walk.r == 0)
		walk.r = error_set(e, ERROR_FAILED, EBADMSG, "line %lu: %s",
				   (unsigned long)XML_GetCurrentLineNumber(walk.parser),
				   XML_ErrorString(XML_GetErrorCode(walk.parser)));
	XML_ParserFree(walk.parser);
	return walk.r;
}
