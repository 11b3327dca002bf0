/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sets and maps hold: wildcards, internal networks, the address that all leave with. */
#include "listing.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/nat.h"

#define RULES 51 /* of a table with all that this is about */

static struct nat *nat;
static struct nat_spec spec;
static const char *golden_path;

/** spec_of - what the golden listing has */
static struct nat_spec spec_of(void)
{
	static const char *const links[] = { "eth0", "wl*", "enp+" };
	static const char *const networks[] = { "192.168.7.0/24", "10.20.30.40", "fd00:7::/64" };
	struct nat_spec made = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(nat_spec_add(&made, links[i], NULL), 1);
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		assert_int_equal(nat_spec_add_internal(&made, networks[i], NULL), 1);
	assert_int_equal(nat_spec_set_address(&made, "198.51.100.1", AF_UNSPEC, NULL), 1);
	assert_int_equal(nat_spec_set_address(&made, "2001:db8:51::1", AF_UNSPEC, NULL), 1);
	made.opened = (struct nat_opened){
		.n_v4 = 2, .n_v6 = 2, .v4 = { "eth0", "lo" }, .v6 = { "eth0", "wlan0" }
	};
	return made;
}

/** world_begin - an empty host */
static int world_begin(void **state)
{
	(void)state;
	if (world_isolate() < 0)
		return -1;
	spec = spec_of();
	return nat_open(&nat, NULL);
}

/** world_end - end the session */
static int world_end(void **state)
{
	(void)state;
	nat_close(nat);
	return 0;
}

/** table_begin - every test starts without our table */
static int table_begin(void **state)
{
	(void)state;
	return nat_remove(nat, NULL) < 0 ? -1 : 0;
}

/** assert_is - the table is what a description says; and ensuring it once more does nothing */
static void assert_is(const struct nat_spec *wanted)
{
	struct nat_drift drift;
	struct nat_state is;

	assert_int_equal(nat_read(nat, &is, NULL), 1);
	if (nat_compare(wanted, &is, &drift) != 0)
		fail_msg("%s", drift.line[0]);
	assert_int_equal(nat_ensure(nat, wanted, NULL), 0);
}

/** the_listing_is_documentation - of what is there only when it is set as well */
static void the_listing_is_documentation(void **state)
{
	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_listing(golden_path);
	assert_is(&spec);
}

/* What can be done to it, and how that is told. nft 1.0.6 adds no name to a set with wildcards. */
static const struct drift_case {
	const char *command, *told;
} drift_cases[] = {
	{ "nft flush set inet nixctr-net external", "link eth0 is not external" },
	{ "nft delete element inet nixctr-net external { eth0 }", "link eth0 is not external" },
	{ "nft delete element inet nixctr-net internal4 { 192.168.7.0/24 }",
	  "network 192.168.7.0/24 is not internal" },
	{ "nft add element inet nixctr-net internal4 { 10.1.0.0/16 }",
	  "network 10.1.0.0/16 is internal" },
	{ "nft add element inet nixctr-net internal4 { 10.1.0.1-10.1.0.6 }",
	  "set internal4 has an element" },
	{ "nft flush set inet nixctr-net internal6", "network fd00:7::/64 is not internal" },
	{ "nft add element inet nixctr-net internal6 { fd00:8::1 }", "network fd00:8::1 is" },
	{ "nft flush map inet nixctr-net address4",
	  "the address IPv4 leaves with is that of the link, should be 198.51.100.1" },
	{ "nft flush map inet nixctr-net address6", "should be 2001:db8:51::1" },
	{ "nft add element inet nixctr-net address4 { ipv6 : 192.0.2.1 }",
	  "set address4 has an element" },
	{ "nft flush set inet nixctr-net opened4", "set turning has an element" },
	{ "nft delete element inet nixctr-net opened6 { wlan0 }", "set turning has an element" },
	{ "nft add element inet nixctr-net opened6 { lo }",
	  "IPv6 of link lo is forwarded for containers only, should be" },
	{ "nft flush set inet nixctr-net turning", "set turning lacks an element" },
	{ "nft add element inet nixctr-net turning { lo . eth0 }", "set turning has an element" },
	{ "nft flush chain inet nixctr-net strangers", "chain strangers lacks a rule" },
	{ "nft flush chain inet nixctr-net to-internal", "chain to-internal lacks a rule" },
	{ "nft flush chain inet nixctr-net leave", "chain leave lacks a rule" },
	{ "nft flush ruleset", "there is no table" },
};

/** every_drift_is_seen_and_mended - told, mended once, and then right */
static void every_drift_is_seen_and_mended(void **state)
{
	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	for (size_t i = 0; i < ARRAY_SIZE(drift_cases); i++) {
		struct nat_drift drift;
		struct nat_state is;
		int r;

		must_run(drift_cases[i].command);
		r = nat_read(nat, &is, NULL);
		assert_true(r >= 0);
		if (nat_compare(&spec, r ? &is : NULL, &drift) == 0 ||
		    !strstr(drift.line[0], drift_cases[i].told))
			fail_msg("'%s' was told as '%s'", drift_cases[i].command,
				 drift.count ? drift.line[0] : "");
		assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
		assert_is(&spec);
		assert_listing(golden_path);
	}
}

/** each_single_rule_counts - deleted, it is missed and comes back */
static void each_single_rule_counts(void **state)
{
	char command[160], chain[64];
	int place = 0;

	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	for (; rule_find(place, chain) >= 0; place++) {
		struct nat_drift drift;
		struct nat_state is;

		(void)snprintf(command, sizeof(command),
			       "nft delete rule inet nixctr-net %s handle %lld", chain,
			       rule_find(place, chain));
		must_run(command);
		assert_int_equal(nat_read(nat, &is, NULL), 1);
		assert_int_equal(nat_compare(&spec, &is, &drift), 1);
		assert_non_null(strstr(drift.line[0], chain));
		assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
		assert_is(&spec);
	}
	assert_int_equal(place, RULES);
}

/** all_of_it_changes_by_elements - rules keep their handles, whatever overlaps what was there */
static void all_of_it_changes_by_elements(void **state)
{
	static const char *const steps[][3] = {
		/* link, network, address */
		{ "w*", "192.168.0.0/16", "198.51.100.2" },
		{ "wlan0", "192.168.7.128/25", "198.51.100.3" },
		{ "wlan*", "192.168.7.129", "2001:db8:51::9" },
		{ "wlan", "192.0.0.0/9", "198.51.100.2" },
		{ "wlan0123456789a", "fd00::/8", "2001:db8:51::a" },
		{ "wlan0123456789*", "fd00:7::1", "2001:db8:51::a" },
	};
	char chain[64];
	long long handle;

	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	handle = rule_find(0, chain);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct nat_spec other = { 0 };

		assert_int_equal(nat_spec_add(&other, steps[i][0], NULL), 1);
		assert_int_equal(nat_spec_add_internal(&other, steps[i][1], NULL), 1);
		assert_int_equal(nat_spec_set_address(&other, steps[i][2], AF_UNSPEC, NULL), 1);
		assert_int_equal(nat_ensure(nat, &other, NULL), 1);
		assert_is(&other);
		assert_int_equal(rule_find(0, chain), handle);
	}
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_int_equal(rule_find(0, chain), handle);
	assert_listing(golden_path);
}

/** neighbours_in_a_set_are_apart - intervals that touch each other */
static void neighbours_in_a_set_are_apart(void **state)
{
	static const char *const links[] = { "wl*", "wm*", "wn", "wn0", "wn1" };
	static const char *const networks[] = { "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0",
						"10.0.2.1",    "10.0.2.2/31", "fd00::/16",
						"fd01::/16" };
	_cleanup_(freep) char *listing = NULL;
	struct nat_spec touching = { 0 };
	char quoted[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(nat_spec_add(&touching, links[i], NULL), 1);
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		assert_int_equal(nat_spec_add_internal(&touching, networks[i], NULL), 1);
	assert_int_equal(nat_ensure(nat, &touching, NULL), 1);
	assert_is(&touching);
	listing = output_of("nft list table inet nixctr-net");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		(void)snprintf(quoted, sizeof(quoted), "\"%s\"", links[i]);
		assert_non_null(strstr(listing, quoted));
	}
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		assert_non_null(strstr(listing, networks[i]));
}

/** as_many_as_can_be - the most of each, in one batch, there and back */
static void as_many_as_can_be(void **state)
{
	struct nat_spec most = { 0 }, none = { 0 };
	char text[32];

	(void)state;
	for (int i = 0; i < NAT_EXTERNAL_MAX; i++) {
		(void)snprintf(text, sizeof(text), "verylongname%02d%s", i, i % 2 ? "*" : "");
		assert_int_equal(nat_spec_add(&most, text, NULL), 1);
	}
	for (int i = 0; i < NAT_INTERNAL_MAX; i++) {
		(void)snprintf(text, sizeof(text), i % 2 ? "10.%d.0.0/16" : "fd00:%d::/32", i);
		assert_int_equal(nat_spec_add_internal(&most, text, NULL), 1);
	}
	assert_int_equal(nat_ensure(nat, &most, NULL), 1);
	assert_is(&most);
	assert_int_equal(nat_ensure(nat, &none, NULL), 1);
	assert_is(&none);
	assert_int_equal(nat_ensure(nat, &most, NULL), 1);
	assert_is(&most);
}

/** nobody_pays_for_what_is_not_set - a table without it has nothing of it */
static void nobody_pays_for_what_is_not_set(void **state)
{
	static const char *const names[] = { "internal", "address4", "address6", "snat" };
	_cleanup_(freep) char *listing = NULL;
	struct nat_spec plain = { 0 };

	(void)state;
	assert_int_equal(nat_spec_add(&plain, "eth0", NULL), 1);
	assert_int_equal(nat_ensure(nat, &plain, NULL), 1);
	listing = output_of("nft list table inet nixctr-net");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_null(strstr(listing, names[i]));
}

/** main - run the tests of what the table holds; the argument is the golden listing */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_listing_is_documentation, table_begin),
		cmocka_unit_test_setup(every_drift_is_seen_and_mended, table_begin),
		cmocka_unit_test_setup(each_single_rule_counts, table_begin),
		cmocka_unit_test_setup(all_of_it_changes_by_elements, table_begin),
		cmocka_unit_test_setup(neighbours_in_a_set_are_apart, table_begin),
		cmocka_unit_test_setup(as_many_as_can_be, table_begin),
		cmocka_unit_test_setup(nobody_pays_for_what_is_not_set, table_begin),
	};

	if (argc != 2)
		return 2;
	golden_path = argv[1];
	return cmocka_run_group_tests_name("networks", tests, world_begin, world_end);
}
