/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "veth/siphash.h"
#include "veth/veth.h"

#define IDENTITY_MAX 16 /* bytes of a machine-id, the longest identity a MAC is made from */

/* Random and fixed for ever: they keep our addresses apart from those of other programs. */
static const uint8_t local_key[SIPHASH_KEY] = { 0x80, 0x85, 0xd3, 0xfb, 0x1e, 0xee, 0x87, 0xeb,
						0x9e, 0x9d, 0x5e, 0xec, 0x65, 0xc3, 0xe4, 0x56 };
static const uint8_t host_key[SIPHASH_KEY] = { 0xee, 0xe1, 0x48, 0x0e, 0xac, 0x6f, 0xdb, 0x49,
					       0xf3, 0xc4, 0x10, 0xc9, 0xbb, 0x0e, 0x5d, 0x5b };

/**
 * mac_derive - a MAC that is always the same for an identity and a container
 * @key: keeps the two ends of a cable apart
 * @identity, @size: whose it is, at most IDENTITY_MAX bytes; borrowed
 * @container: name, borrowed
 *
 * Returns a locally administered address of one interface (IEEE 802: bit 1 set, bit 0 clear).
 */
static struct mac mac_derive(const uint8_t key[SIPHASH_KEY], const uint8_t *identity, size_t size,
			     const char *container)
{
	uint8_t input[IDENTITY_MAX + VETH_NAME_MAX];
	size_t length = strnlen(container, VETH_NAME_MAX);
	struct mac mac;
	uint64_t hash;

	memcpy(input, identity, size);
	memcpy(input + size, container, length);
	hash = siphash24(key, input, size + length);
	for (size_t i = 0; i < sizeof(mac.bytes); i++)
		mac.bytes[i] = (uint8_t)(hash >> (8 * i));
	mac.bytes[0] = (uint8_t)((mac.bytes[0] & ~1) | 2);
	return mac;
}

/**
 * veth_mac_local - the MAC of a container's eth0
 * @machine_id: the host's identity, borrowed
 * @container: name, borrowed
 */
struct mac veth_mac_local(const uint8_t machine_id[16], const char *container)
{
	return mac_derive(local_key, machine_id, IDENTITY_MAX, container);
}

/**
 * veth_mac_host - the MAC of a host end
 * @local: that of eth0, borrowed
 * @container: name, borrowed
 */
struct mac veth_mac_host(const struct mac *local, const char *container)
{
	return mac_derive(host_key, local->bytes, sizeof(local->bytes), container);
}
