/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "veth/siphash.h"
#include "veth/veth.h"

#define HASH_CHARACTERS 4                                /* at the end of a shortened name */
#define KEPT_CHARACTERS (IFNAMSIZ - 1 - HASH_CHARACTERS) /* before them */

/*
 * The key systemd hashes interface names with. It is part of an interface: links of both programs
 * carry the same names, and firewall rules were written for them.
 */
static const uint8_t name_key[SIPHASH_KEY] = { 0xe1, 0x90, 0xa4, 0x04, 0xa8, 0xef, 0x4b, 0x51,
					       0x8c, 0xcc, 0xc3, 0x3a, 0x9f, 0x11, 0xfc, 0xa2 };

/**
 * veth_link_name - the name of a host end
 * @container: its name, borrowed
 * @bridged: the link is a port of a bridge
 * @link: the caller's buffer: the name as the kernel can have it
 * @altname: the caller's buffer: the full name when it had to be shortened, else ""
 *
 * What is too long keeps its first 11 bytes and gets 24 bits of its hash in URL-safe base64.
 *
 * Returns whether the name has been shortened.
 *
 * Source: shorten_ifname() in systemd's src/nspawn/nspawn-network.c.
 */
bool veth_link_name(const char *container, bool bridged, char link[IFNAMSIZ],
		    char altname[VETH_ALTNAME_MAX])
{
	return veth_prefixed_name(bridged ? "vb-" : "ve-", container, link, altname);
}

/**
 * veth_prefixed_name - the name of a link that is called after something
 * @prefix: borrowed
 * @name: what follows it, borrowed
 * @link, @altname: as for veth_link_name()
 *
 * Returns whether the name has been shortened.
 */
bool veth_prefixed_name(const char *prefix, const char *name, char link[IFNAMSIZ],
			char altname[VETH_ALTNAME_MAX])
{
	/* RFC 4648, section 5 */
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char full[VETH_ALTNAME_MAX];
	size_t length =
		(size_t)snprintf(full, sizeof(full), "%s%.*s", prefix, VETH_NAME_MAX - 1, name);
	uint64_t hash;

	altname[0] = '\0';
	if (length < IFNAMSIZ) {
		memcpy(link, full, length + 1);
		return false;
	}
	memcpy(altname, full, length + 1);
	hash = siphash24(name_key, full, length);
	memcpy(link, full, KEPT_CHARACTERS);
	for (unsigned i = 0; i < HASH_CHARACTERS; i++)
		link[KEPT_CHARACTERS + i] = base64[hash >> (6 * (HASH_CHARACTERS - 1 - i)) & 63];
	link[IFNAMSIZ - 1] = '\0';
	return true;
}
