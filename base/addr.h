/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/*
 * Addresses as they stand in packets: network order, with their family. All arithmetic on them is
 * in addr.c; nobody else shifts bytes.
 */

/* An IPv4 or IPv6 address; family AF_UNSPEC (0) means "none". */
struct addr {
	sa_family_t family;
	uint8_t bytes[16]; /* the first 4 for AF_INET, the rest zero */
};

/* An address with a prefix length: a network, or an address on its subnet. */
struct prefix {
	struct addr addr;
	uint8_t length; /* bits */
};

/* An Ethernet address; all zero means "none". */
struct mac {
	uint8_t bytes[6];
};

#define ADDR_TEXT   INET6_ADDRSTRLEN       /* room for an address as text */
#define PREFIX_TEXT (INET6_ADDRSTRLEN + 4) /* room for address/length as text */
#define MAC_TEXT    18                     /* room for a MAC as text */

int addr_parse(const char *text, struct addr *ret_addr, struct error *e);
int prefix_parse(const char *text, struct prefix *ret_prefix, struct error *e);
int mac_parse(const char *text, struct mac *ret_mac, struct error *e);

const char *addr_format(const struct addr *addr, char text[ADDR_TEXT]);
const char *prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT]);
const char *mac_format(const struct mac *mac, char text[MAC_TEXT]);

bool addr_is_set(const struct addr *addr);
bool addr_equal(const struct addr *a, const struct addr *b);
size_t addr_size(const struct addr *addr);
uint8_t addr_bits(const struct addr *addr);
bool addr_is_host(const struct addr *addr);
bool addr_is_loopback(const struct addr *addr);
struct addr addr_from_bytes(sa_family_t family, const void *bytes);
struct addr addr_add(const struct addr *addr, uint32_t offset);
bool addr_offset(const struct prefix *prefix, const struct addr *addr, uint32_t *ret_offset);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);
bool prefix_is_network(const struct prefix *prefix);
struct prefix prefix_network(const struct prefix *prefix);
struct addr prefix_last(const struct prefix *prefix);
struct prefix prefix_ula(const uint8_t id[5]);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
bool mac_is_set(const struct mac *mac);
bool mac_equal(const struct mac *a, const struct mac *b);
struct addr mac_link_local(const struct mac *mac);
