/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/**
 * addr_is_set - whether there is an address at all
 * @addr: borrowed
 */
bool addr_is_set(const struct addr *addr)
{
	return addr->family != AF_UNSPEC;
}

/**
 * addr_size - how many bytes an address of this family has
 * @addr: borrowed
 *
 * Returns 4, 16, or 0 for none.
 */
size_t addr_size(const struct addr *addr)
{
	if (addr->family == AF_INET)
		return 4;
	return addr->family == AF_INET6 ? 16 : 0;
}

/**
 * addr_bits - the length of the prefix that is one address: 32, 128, or 0 for none
 * @addr: borrowed
 */
uint8_t addr_bits(const struct addr *addr)
{
	return (uint8_t)(addr_size(addr) * 8);
}

/**
 * addr_equal - whether two addresses are the same, family included
 * @a, @b: borrowed
 */
bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, addr_size(a)) == 0;
}

/**
 * addr_from_bytes - an address from the bytes of a packet, a netlink attribute or a database
 * @family: AF_INET or AF_INET6
 * @bytes: 4 or 16 bytes, network order, borrowed
 */
struct addr addr_from_bytes(sa_family_t family, const void *bytes)
{
	struct addr addr = { .family = family };

	memcpy(addr.bytes, bytes, addr_size(&addr));
	return addr;
}

/**
 * addr_is_host - whether one machine can have this address
 * @addr: borrowed, set
 *
 * False for the unspecified, loopback, multicast and link-local addresses, for 0/8 and for
 * 240/4 with the broadcast address (RFC 6890, RFC 4291).
 */
bool addr_is_host(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;
	static const uint8_t none[16];

	if (addr_is_loopback(addr))
		return false;
	if (addr->family == AF_INET)
		return b[0] != 0 && b[0] < 224 && !(b[0] == 169 && b[1] == 254);
	if (memcmp(b, none, 16) == 0)
		return false;
	return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

/**
 * addr_is_loopback - whether a machine calls itself by this address and by no link
 * @addr: borrowed
 */
bool addr_is_loopback(const struct addr *addr)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (addr->family == AF_INET)
		return addr->bytes[0] == 127;
	return addr->family == AF_INET6 && memcmp(addr->bytes, loopback, 16) == 0;
}

/**
 * addr_add - the address @offset further on
 * @addr: borrowed, set
 * @offset: number of addresses; the carry runs as far as it must
 */
struct addr addr_add(const struct addr *addr, uint32_t offset)
{
	struct addr sum = *addr;
	uint64_t carry = offset;

	for (size_t i = addr_size(addr); i-- > 0 && carry;) {
		carry += sum.bytes[i];
		sum.bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return sum;
}

/**
 * prefix_contains - whether an address lies in a network
 * @prefix: the network; bits behind its length are ignored
 * @addr: the address; another family is never contained
 */
bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	size_t whole = prefix->length / 8;
	uint8_t mask = (uint8_t)(0xff00 >> (prefix->length % 8));

	if (prefix->addr.family != addr->family || !addr_is_set(addr))
		return false;
	if (memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return prefix->length % 8 == 0 ||
	       ((prefix->addr.bytes[whole] ^ addr->bytes[whole]) & mask) == 0;
}

/**
 * prefix_is_network - whether no bit behind the length is set
 * @prefix: borrowed
 */
bool prefix_is_network(const struct prefix *prefix)
{
	for (unsigned bit = prefix->length; bit < addr_bits(&prefix->addr); bit++)
		if (prefix->addr.bytes[bit / 8] & (0x80 >> (bit % 8)))
			return false;
	return true;
}

/**
 * prefix_network - the network that an address is on
 * @prefix: borrowed
 */
struct prefix prefix_network(const struct prefix *prefix)
{
	struct prefix network = *prefix;

	for (unsigned bit = prefix->length; bit < addr_bits(&prefix->addr); bit++)
		network.addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
	return network;
}

/**
 * prefix_last - the last address of a network
 * @prefix: borrowed
 */
struct addr prefix_last(const struct prefix *prefix)
{
	struct addr last = prefix->addr;

	for (unsigned bit = prefix->length; bit < addr_bits(&last); bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return last;
}

/**
 * prefix_ula - the first /64 of a unique local network (RFC 4193, 3.1)
 * @id: its global identifier, 40 bits that nobody else has drawn; borrowed
 */
struct prefix prefix_ula(const uint8_t id[5])
{
	struct prefix prefix = { .addr = { .family = AF_INET6, .bytes = { 0xfd } }, .length = 64 };

	memcpy(prefix.addr.bytes + 1, id, 5);
	return prefix;
}

/**
 * prefix_overlaps - whether two networks have an address in common
 * @a, @b: borrowed
 */
bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, &b->addr) || prefix_contains(b, &a->addr);
}

/**
 * addr_offset - how far into a network an address lies; the inverse of addr_add()
 * @prefix: the network
 * @addr: the address
 * @ret_offset: its distance from the network address; written when it lies within 2^32 of it
 *
 * Returns whether the address lies in the network and the distance fits.
 */
bool addr_offset(const struct prefix *prefix, const struct addr *addr, uint32_t *ret_offset)
{
	size_t size = addr_size(addr);
	uint32_t offset = 0;

	if (!prefix_contains(prefix, addr))
		return false;
	for (size_t i = 0; i < size; i++) {
		int difference = addr->bytes[i] - prefix->addr.bytes[i];

		if (i + 4 < size && difference != 0)
			return false;
		offset = (offset << 8) + (uint32_t)difference;
	}
	*ret_offset = offset;
	return true;
}

/**
 * addr_parse - read an address as people write it
 * @text: dotted quad or IPv6 text, borrowed
 * @ret_addr: the address
 * @e: says what is wrong with @text
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int addr_parse(const char *text, struct addr *ret_addr, struct error *e)
{
	struct addr addr = { 0 };

	if (strchr(text, '/'))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%s' has a prefix length where only an address belongs", text);
	if (inet_pton(AF_INET, text, addr.bytes) == 1)
		addr.family = AF_INET;
	else if (inet_pton(AF_INET6, text, addr.bytes) == 1)
		addr.family = AF_INET6;
	else
		return error_set(e, ERROR_USAGE, EINVAL, "'%s' is not an IPv4 or IPv6 address",
				 text);
	*ret_addr = addr;
	return 0;
}

/**
 * prefix_parse - read "address/length", or an address alone, which is its own network
 * @text: borrowed
 * @ret_prefix: address as written, host bits kept, and length
 * @e: says what is wrong with @text
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int prefix_parse(const char *text, struct prefix *ret_prefix, struct error *e)
{
	char address[ADDR_TEXT] = "";
	struct prefix prefix;
	const char *slash = strchr(text, '/');
	unsigned length = 0;
	int r;

	if (!slash) {
		r = addr_parse(text, &prefix.addr, e);
		if (r < 0)
			return r;
		prefix.length = addr_bits(&prefix.addr);
		*ret_prefix = prefix;
		return 0;
	}
	if ((size_t)(slash - text) < sizeof(address))
		memcpy(address, text, (size_t)(slash - text));
	r = addr_parse(address, &prefix.addr, NULL);
	if (r < 0)
		return error_set(e, ERROR_USAGE, EINVAL, "'%s' is not an address and a length",
				 text);
	for (const char *digit = slash + 1; *digit || digit == slash + 1; digit++) {
		if (*digit < '0' || *digit > '9' || length > addr_bits(&prefix.addr))
			return error_set(e, ERROR_USAGE, EINVAL,
					 "'%s' has no prefix length behind the slash", text);
		length = length * 10 + (unsigned)(*digit - '0');
	}
	if (length > addr_bits(&prefix.addr))
		return error_set(e, ERROR_USAGE, EINVAL, "'%s' has a prefix longer than %u bits",
				 text, addr_bits(&prefix.addr));
	prefix.length = (uint8_t)length;
	*ret_prefix = prefix;
	return 0;
}

/**
 * mac_parse - read an Ethernet address: six pairs of hex digits with colons
 * @text: borrowed
 * @ret_mac: the address; group addresses and zero are refused
 * @e: says what is wrong with @text
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int mac_parse(const char *text, struct mac *ret_mac, struct error *e)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	struct mac mac = { 0 };

	for (size_t i = 0; i < MAC_TEXT - 1; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (i % 3 == 2 ? text[i] != ':' : !digit)
			return error_set(e, ERROR_USAGE, EINVAL, "'%s' is not a MAC address", text);
		if (digit)
			mac.bytes[i / 3] = (uint8_t)(mac.bytes[i / 3] << 4 | (digit - digits) % 16);
	}
	if (text[MAC_TEXT - 1] || !mac_is_set(&mac) || mac.bytes[0] & 1)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%s' is not the MAC address of one interface", text);
	*ret_mac = mac;
	return 0;
}

/**
 * addr_format - an address as text
 * @addr: borrowed
 * @text: the caller's buffer
 *
 * Returns @text; "none" when there is no address.
 */
const char *addr_format(const struct addr *addr, char text[ADDR_TEXT])
{
	if (!addr_is_set(addr) || !inet_ntop(addr->family, addr->bytes, text, ADDR_TEXT))
		(void)snprintf(text, ADDR_TEXT, "none");
	return text;
}

/**
 * prefix_format - address and length as text; a length of all bits is left away
 * @prefix: borrowed
 * @text: the caller's buffer
 *
 * Returns @text.
 */
const char *prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT])
{
	char address[ADDR_TEXT];

	addr_format(&prefix->addr, address);
	if (prefix->length == addr_bits(&prefix->addr))
		(void)snprintf(text, PREFIX_TEXT, "%s", address);
	else
		(void)snprintf(text, PREFIX_TEXT, "%s/%u", address, prefix->length);
	return text;
}

/**
 * mac_format - an Ethernet address as text
 * @mac: borrowed
 * @text: the caller's buffer
 *
 * Returns @text.
 */
const char *mac_format(const struct mac *mac, char text[MAC_TEXT])
{
	const uint8_t *b = mac->bytes;

	(void)snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
		       b[4], b[5]);
	return text;
}

/**
 * mac_is_set - whether there is an Ethernet address at all
 * @mac: borrowed
 */
bool mac_is_set(const struct mac *mac)
{
	static const struct mac none;

	return memcmp(mac, &none, sizeof(none)) != 0;
}

/**
 * mac_equal - whether two Ethernet addresses are the same
 * @a, @b: borrowed
 */
bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/**
 * mac_link_local - the IPv6 address of the link that follows from an Ethernet address
 * @mac: borrowed
 *
 * Source: RFC 4291, appendix A.
 */
struct addr mac_link_local(const struct mac *mac)
{
	const uint8_t *m = mac->bytes;
	const uint8_t bytes[16] = { 0xfe, 0x80, [8] = m[0] ^ 2, m[1], m[2],
				    0xff, 0xfe, m[3],           m[4], m[5] };

	return addr_from_bytes(AF_INET6, bytes);
}
