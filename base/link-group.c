/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Where many cables end at one host, a rule that knows the MAC at the other end of each takes an element per
 * cable. The kernel keeps a number with each link that is nobody's else: its group. It is chosen so that
 * it and the MAC hash to zero together, and one rule asks that of all cables alike.
 *
 * Nothing inside a container shows the group of the host's end, and the search for it begins at random. So
 * nobody in there can compute another MAC that fits: he can only try, and each try that fails is dropped
 * and counted.
 *
 * Groups that were chosen are odd. Of links with another one nothing is asked: 0, which all have that nobody
 * has given one, and those in which links are put that are about to be deleted together.
 *
 * The hash is lookup3 by Bob Jenkins (2006, public domain), the case of three words, as the kernel begins it
 * in jhash() (linux/jhash.h); which is then scaled as reciprocal_scale() does (linux/math.h), so that the
 * upper 16 bits are what counts.
 */
#include "base/link-group.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define INITIAL   0xdeadbeef /* of the kernel's */
#define GROUP_MAX INT32_MAX  /* what programs that show it as a signed number can show */

/**
 * rotate - turn a word to the left
 * @word: what is turned
 * @bits: by how many, 1 to 31
 */
static inline uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

/**
 * final_mix - mix the last three words of lookup3
 * @a, @b, @c: the words
 *
 * Returns the hash.
 */
static inline uint32_t final_mix(uint32_t a, uint32_t b, uint32_t c)
{
	c = (c ^ b) - rotate(b, 14);
	a = (a ^ c) - rotate(c, 11);
	b = (b ^ a) - rotate(a, 25);
	c = (c ^ b) - rotate(b, 16);
	a = (a ^ c) - rotate(c, 4);
	b = (b ^ a) - rotate(a, 14);
	return (c ^ b) - rotate(b, 24);
}

/**
 * hash - hash a group, and words of a MAC
 * @group: as the kernel has it in a register, in the order of the host
 * @mac: from mac_words()
 *
 * Returns what the rule of the kernel computes, scaled.
 */
static inline uint32_t hash(uint32_t group, const uint32_t mac[2])
{
	const uint32_t start = INITIAL + LINK_GROUP_HASHED + LINK_GROUP_SEED;
	uint32_t mixed = final_mix(start + le32toh(group), start + mac[0], start + mac[1]);

	return (uint32_t)((uint64_t)mixed * LINK_GROUP_MODULUS >> 32);
}

/**
 * mac_words - a MAC as it is hashed
 * @mac: borrowed
 * @words: filled
 */
static void mac_words(const struct mac *mac, uint32_t words[2])
{
	uint8_t bytes[LINK_GROUP_HASHED - sizeof(uint32_t)] = { 0 };

	memcpy(bytes, mac->bytes, sizeof(mac->bytes));
	memcpy(words, bytes, sizeof(bytes));
	words[0] = le32toh(words[0]);
	words[1] = le32toh(words[1]);
}

/**
 * link_group_fits - whether a group was chosen for a MAC
 * @group: of the host end
 * @mac: of the other end, borrowed
 */
bool link_group_fits(uint32_t group, const struct mac *mac)
{
	uint32_t words[2];

	mac_words(mac, words);
	return group & LINK_GROUP_JUDGED && hash(group, words) == 0;
}

/**
 * link_group_random - a group that was not chosen for any MAC
 * @ret_group: even, from 2 on
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int link_group_random(uint32_t *ret_group, struct error *e)
{
	uint32_t group;

	if (getrandom(&group, sizeof(group), 0) != sizeof(group))
		return error_errno(e, errno, "cannot choose a group of links");
	*ret_group = (group & GROUP_MAX & ~LINK_GROUP_JUDGED) | 2;
	return 0;
}

/**
 * link_group_choose - choose a group for a MAC
 * @mac: borrowed
 * @ret_group: the group
 * @e: filled on failure
 *
 * Of as many as there are about 16,000 fit, so that one is found behind any number, most often among the
 * next 65,536 that are odd.
 *
 * Returns 0 or -errno.
 */
int link_group_choose(const struct mac *mac, uint32_t *ret_group, struct error *e)
{
	uint32_t words[2], group;
	int r = link_group_random(&group, e);

	if (r < 0)
		return r;
	mac_words(mac, words);
	group |= LINK_GROUP_JUDGED;
	while (hash(group, words) != 0)
		group = (group + 2) & GROUP_MAX;
	*ret_group = group;
	return 0;
}
