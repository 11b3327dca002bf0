/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"

static void addresses_survive_a_round_trip(void **state)
{
	static const char *const texts[] = { "10.233.1.2", "255.255.255.255",
					     "0.0.0.0",    "2001:db8::1",
					     "::",         "fd00:1:2:3:4:5:6:7" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error e = ERROR_INIT;
		char text[ADDR_TEXT];
		struct addr addr;

		assert_int_equal(addr_parse(texts[i], &addr, &e), 0);
		assert_string_equal(addr_format(&addr, text), texts[i]);
		assert_int_equal(addr_bits(&addr), strchr(texts[i], ':') ? 128 : 32);
	}
}

static void malformed_addresses_are_refused_by_name(void **state)
{
	static const char *const texts[] = {
		"",          "10.233.1",     "300.1.1.1", "10.233.1.2 ", "010.1.1.1",
		"1.2.3.4.5", "10.233.1.2\n", "::g",       "10.0.0.1/24"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct addr addr = { .family = 77 };
		struct error e = ERROR_INIT;

		assert_int_equal(addr_parse(texts[i], &addr, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, texts[i]));
		assert_int_equal(addr.family, 77);
	}
}

static void prefixes_are_read_with_their_length(void **state)
{
	struct error e = ERROR_INIT;
	struct prefix prefix;
	char text[PREFIX_TEXT];

	(void)state;
	assert_int_equal(prefix_parse("192.168.7.5/24", &prefix, &e), 0);
	assert_int_equal(prefix.length, 24);
	assert_string_equal(prefix_format(&prefix, text), "192.168.7.5/24");
	assert_int_equal(prefix_parse("192.168.7.5", &prefix, &e), 0);
	assert_int_equal(prefix.length, 32);
	assert_string_equal(prefix_format(&prefix, text), "192.168.7.5");
	assert_int_equal(prefix_parse("2001:db8::/0", &prefix, &e), 0);
	assert_int_equal(prefix.length, 0);
}

static void malformed_prefixes_are_refused(void **state)
{
	static const char *const texts[] = { "10.0.0.1/",   "10.0.0.1/33",
					     "10.0.0.1/-1", "10.0.0.1/8x",
					     "/24",         "::1/129",
					     "10.0.0/8",    "10.0.0.1/99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error e = ERROR_INIT;
		struct prefix prefix;

		assert_int_equal(prefix_parse(texts[i], &prefix, &e), -EINVAL);
		assert_non_null(strstr(e.text, texts[i]));
	}
}

static void adding_carries_over_bytes(void **state)
{
	struct addr addr, sum;
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(addr_parse("10.233.0.255", &addr, NULL), 0);
	sum = addr_add(&addr, 1);
	assert_string_equal(addr_format(&sum, text), "10.233.1.0");
	sum = addr_add(&addr, 0x10000);
	assert_string_equal(addr_format(&sum, text), "10.234.0.255");
	assert_int_equal(addr_parse("fd00::ffff:ffff", &addr, NULL), 0);
	sum = addr_add(&addr, 1);
	assert_string_equal(addr_format(&sum, text), "fd00::1:0:0");
}

static void offset_is_the_inverse_of_adding(void **state)
{
	static const char *const networks[] = { "10.233.0.0/16", "fd00:1234::/64" };
	static const uint32_t offsets[] = { 0, 1, 254, 255, 256, 511, 65535 };

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(networks); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
			uint32_t offset = 0xdead;
			struct prefix prefix;
			struct addr sum;

			assert_int_equal(prefix_parse(networks[n], &prefix, NULL), 0);
			sum = addr_add(&prefix.addr, offsets[i]);
			assert_true(addr_offset(&prefix, &sum, &offset));
			assert_int_equal(offset, offsets[i]);
		}
	}
}

static void offset_outside_the_network_is_none(void **state)
{
	struct prefix prefix;
	struct addr addr;
	uint32_t offset = 7;

	(void)state;
	assert_int_equal(prefix_parse("10.233.0.0/16", &prefix, NULL), 0);
	assert_int_equal(addr_parse("10.234.0.0", &addr, NULL), 0);
	assert_false(addr_offset(&prefix, &addr, &offset));
	assert_int_equal(addr_parse("fd00::1", &addr, NULL), 0);
	assert_false(addr_offset(&prefix, &addr, &offset));
	assert_int_equal(prefix_parse("fd00::/8", &prefix, NULL), 0);
	assert_int_equal(addr_parse("fd00:0:0:1::", &addr, NULL), 0);
	assert_false(addr_offset(&prefix, &addr, &offset));
	assert_int_equal(offset, 7);
}

static void a_prefix_ends_inside_a_byte(void **state)
{
	struct prefix prefix;
	struct addr addr;

	(void)state;
	assert_int_equal(prefix_parse("10.0.0.128/25", &prefix, NULL), 0);
	assert_true(prefix_is_network(&prefix));
	assert_int_equal(addr_parse("10.0.0.200", &addr, NULL), 0);
	assert_true(prefix_contains(&prefix, &addr));
	assert_int_equal(addr_parse("10.0.0.127", &addr, NULL), 0);
	assert_false(prefix_contains(&prefix, &addr));
	assert_int_equal(prefix_parse("10.0.0.129/25", &prefix, NULL), 0);
	assert_false(prefix_is_network(&prefix));
}

static void networks_have_a_first_and_a_last(void **state)
{
	static const struct {
		const char *prefix, *network, *last;
	} cases[] = {
		{ "10.1.2.3/24", "10.1.2.0/24", "10.1.2.255" },
		{ "10.1.2.3/21", "10.1.0.0/21", "10.1.7.255" },
		{ "10.1.2.3/32", "10.1.2.3", "10.1.2.3" },
		{ "10.1.2.3/0", "0.0.0.0/0", "255.255.255.255" },
		{ "fd00:7::1/64", "fd00:7::/64", "fd00:7::ffff:ffff:ffff:ffff" },
		{ "fd00:7::/63", "fd00:7::/63", "fd00:7:0:1:ffff:ffff:ffff:ffff" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix prefix, network;
		struct addr last;
		char text[PREFIX_TEXT];

		assert_int_equal(prefix_parse(cases[i].prefix, &prefix, NULL), 0);
		network = prefix_network(&prefix);
		assert_string_equal(prefix_format(&network, text), cases[i].network);
		last = prefix_last(&prefix);
		assert_string_equal(addr_format(&last, text), cases[i].last);
	}
}

static void networks_overlap_when_one_is_in_the_other(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{ "10.0.0.0/8", "10.1.0.0/16", true },  { "10.0.0.0/24", "10.0.1.0/24", false },
		{ "10.0.0.0/23", "10.0.1.0/24", true }, { "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.0", false },      { "0.0.0.0/0", "fd00::/8", false },
		{ "fd00::/8", "fd00:7::1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix a, b;

		assert_int_equal(prefix_parse(cases[i].a, &a, NULL), 0);
		assert_int_equal(prefix_parse(cases[i].b, &b, NULL), 0);
		assert_int_equal(prefix_overlaps(&a, &b), cases[i].overlap);
		assert_int_equal(prefix_overlaps(&b, &a), cases[i].overlap);
	}
}

static void special_addresses_are_no_hosts(void **state)
{
	static const char *const no[] = {
		"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "169.254.1.1",
		"::",      "::1",       "ff02::1",   "fe80::1"
	};
	static const char *const yes[] = { "10.233.1.1", "1.1.1.1",     "223.255.255.254",
					   "fd00::1",    "2001:db8::1", "169.253.0.1",
					   "fec0::1" };
	struct addr addr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		assert_int_equal(addr_parse(no[i], &addr, NULL), 0);
		assert_false(addr_is_host(&addr));
	}
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		assert_int_equal(addr_parse(yes[i], &addr, NULL), 0);
		assert_true(addr_is_host(&addr));
	}
}

static void loopback_addresses_are_known(void **state)
{
	static const char *const yes[] = { "127.0.0.1", "127.255.255.255", "::1" };
	static const char *const no[] = { "128.0.0.1", "126.255.255.255", "::", "::2", "1::1" };
	static const struct addr none;
	struct addr addr;

	(void)state;
	assert_false(addr_is_loopback(&none));
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		assert_int_equal(addr_parse(yes[i], &addr, NULL), 0);
		assert_true(addr_is_loopback(&addr));
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		assert_int_equal(addr_parse(no[i], &addr, NULL), 0);
		assert_false(addr_is_loopback(&addr));
	}
}

static void macs_survive_a_round_trip(void **state)
{
	struct error e = ERROR_INIT;
	char text[MAC_TEXT];
	struct mac mac;

	(void)state;
	assert_int_equal(mac_parse("02:aB:cd:EF:09:10", &mac, &e), 0);
	assert_string_equal(mac_format(&mac, text), "02:ab:cd:ef:09:10");
}

static void malformed_macs_are_refused(void **state)
{
	static const char *const texts[] = { "",
					     "02:ab:cd:ef:09",
					     "02:ab:cd:ef:09:1",
					     "02:ab:cd:ef:09:100",
					     "02-ab-cd-ef-09-10",
					     "00:00:00:00:00:00",
					     "01:00:5e:00:00:01",
					     "0g:ab:cd:ef:09:10" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error e = ERROR_INIT;
		struct mac mac;

		assert_int_equal(mac_parse(texts[i], &mac, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
	}
}

static void unique_local_networks_have_their_identifier(void **state)
{
	const struct prefix prefix = prefix_ula((const uint8_t[5]){ 0x12, 0x34, 0x56, 0x78, 0x9a });
	char text[PREFIX_TEXT];

	(void)state;
	assert_string_equal(prefix_format(&prefix, text), "fd12:3456:789a::/64");
	assert_true(prefix_is_network(&prefix));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_survive_a_round_trip),
		cmocka_unit_test(malformed_addresses_are_refused_by_name),
		cmocka_unit_test(prefixes_are_read_with_their_length),
		cmocka_unit_test(malformed_prefixes_are_refused),
		cmocka_unit_test(adding_carries_over_bytes),
		cmocka_unit_test(offset_is_the_inverse_of_adding),
		cmocka_unit_test(offset_outside_the_network_is_none),
		cmocka_unit_test(a_prefix_ends_inside_a_byte),
		cmocka_unit_test(networks_have_a_first_and_a_last),
		cmocka_unit_test(unique_local_networks_have_their_identifier),
		cmocka_unit_test(networks_overlap_when_one_is_in_the_other),
		cmocka_unit_test(special_addresses_are_no_hosts),
		cmocka_unit_test(loopback_addresses_are_known),
		cmocka_unit_test(macs_survive_a_round_trip),
		cmocka_unit_test(malformed_macs_are_refused),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
