/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/siphash.h"

/* The four words the hash is made in. */
struct siphash {
	uint64_t v0, v1, v2, v3;
};

/**
 * rotate - the bits of a word moved left, those that fall out coming back on the right
 * @word: any
 * @bits: 1 to 63
 */
static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

/**
 * load_word - up to eight bytes as a number, the first one lowest
 * @bytes: borrowed
 * @count: 0 to 8
 */
static uint64_t load_word(const uint8_t *bytes, size_t count)
{
	uint64_t word = 0;

	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

/**
 * siphash_rounds - SipRound, a number of times
 * @s: changed
 * @rounds: how often
 *
 * Source: section 2.2 of the paper.
 */
static void siphash_rounds(struct siphash *s, unsigned rounds)
{
	while (rounds-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 = rotate(s->v0, 32) + s->v3;
		s->v2 += s->v1;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 = rotate(s->v2, 32);
	}
}

/**
 * siphash_word - take one word of the input in
 * @s: changed
 * @word: the input
 */
static void siphash_word(struct siphash *s, uint64_t word)
{
	s->v3 ^= word;
	siphash_rounds(s, 2);
	s->v0 ^= word;
}

/**
 * siphash24 - the keyed hash of some bytes
 * @key: borrowed
 * @data, @size: borrowed
 *
 * Source: the paper's section 2; the reference vectors are in the unit test.
 */
uint64_t siphash24(const uint8_t key[SIPHASH_KEY], const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t k0 = load_word(key, 8), k1 = load_word(key + 8, 8);
	struct siphash s = { .v0 = k0 ^ 0x736f6d6570736575,
			     .v1 = k1 ^ 0x646f72616e646f6d,
			     .v2 = k0 ^ 0x6c7967656e657261,
			     .v3 = k1 ^ 0x7465646279746573 };
	size_t whole = size - size % 8;

	for (size_t i = 0; i < whole; i += 8)
		siphash_word(&s, load_word(bytes + i, 8));
	siphash_word(&s, load_word(bytes + whole, size % 8) | (uint64_t)size << 56);
	s.v2 ^= 0xff;
	siphash_rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
