/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "veth/siphash.h"

/*
 * The vectors of the reference implementation (vectors_sip64): key 00 01 ... 0f, input 00 01 ... of
 * the given length. They cover no word, part of one, a whole one, and more.
 */
static const struct {
	size_t length;
	uint64_t hash;
} vectors[] = {
	{ 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd }, { 2, 0x0d6c8009d9a94f5a },
	{ 3, 0x85676696d7fb7e2d },  { 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 },
	{ 15, 0xa129ca6149be45e5 },
};

/** test_reference_vectors - the hash is SipHash-2-4 and no relative of it */
static void test_reference_vectors(void **state)
{
	uint8_t key[SIPHASH_KEY], input[16];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = input[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		assert_int_equal(siphash24(key, input, vectors[i].length), vectors[i].hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reference_vectors) };

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
