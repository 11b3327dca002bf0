/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table for containers on bridges: what it looks like, and that every part of it counts. */
#include "listing.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/nat.h"

#define RULES 104 /* of a table with published ports */

static struct nat *nat;
static const struct nat_spec spec = { .bridges = true, .ports = true };
static const char *golden_path;

/** address - an address of a text */
static struct addr address(const char *text)
{
	struct addr made;

	assert_int_equal(addr_parse(text, &made, NULL), 0);
	return made;
}

/** pins_make - c1 with both families and a published port, c2 with none, c3 that is trusted */
static struct nat_pins pins_make(void)
{
	struct nat_pins pins = { .n_pins = 3,
				 .n_peers = 1,
				 .n_calls = 1,
				 .pins = calloc(3, sizeof(*pins.pins)),
				 .peers = calloc(1, sizeof(*pins.peers)),
				 .calls = calloc(1, sizeof(*pins.calls)) };

	assert_true(pins.pins && pins.peers && pins.calls);
	for (int i = 0; i < 3; i++) {
		struct nat_pin *pin = &pins.pins[i];

		(void)snprintf(pin->container, sizeof(pin->container), "c%d", i + 1);
		(void)snprintf(pin->link, sizeof(pin->link), "vb-c%d", i + 1);
		pin->mac = (struct mac){ { 2, 0, 0, 0, 0, (uint8_t)(i + 1) } };
	}
	(void)snprintf(pins.pins[0].bridge, sizeof(pins.pins[0].bridge), "br0");
	pins.pins[0].v4 = address("10.7.0.2");
	pins.pins[0].v6 = address("fd07::2");
	pins.pins[2].trusted = true;
	pins.peers[0] = (struct nat_peer){ .bridged = true,
					   .links = { "vb-c1", "vb-c3" },
					   .container = "c3" };
	pins.calls[0] = (struct nat_call){
		.to = pins.pins[0].v4, .protocol = IPPROTO_TCP, .port = 80, .container = "c1"
	};
	return pins;
}

/** pins_of_host - tell whoever makes the table anew what belongs into it; for struct nat_source */
static int pins_of_host(void *data, struct nat_pins *ret_pins, struct error *e)
{
	(void)data;
	(void)e;
	*ret_pins = pins_make();
	return 0;
}

/** world_begin - an empty host */
static int world_begin(void **state)
{
	(void)state;
	if (world_isolate() < 0)
		return -1;
	return nat_open(&nat, NULL);
}

/** world_end - end the session */
static int world_end(void **state)
{
	(void)state;
	nat_close(nat);
	return 0;
}

/** table_begin - every test starts with the table and what is in it */
static int table_begin(void **state)
{
	_cleanup_(nat_pins_free) struct nat_pins pins = pins_make();

	(void)state;
	if (nat_remove(nat, NULL) < 0 || nat_ensure(nat, &spec, NULL) != 1 ||
	    nat_bridge_ensure(nat, &spec, NULL) != 1)
		return -1;
	return nat_pins_add(nat, &pins, NULL) == 1 ? 0 : -1;
}

/** differences - how many there are, the first in @first */
static size_t differences(char first[160])
{
	struct nat_drift drift = { .count = 0 };
	struct nat_state is;
	int r = nat_bridge_read(nat, &is, NULL);

	assert_true(r >= 0);
	nat_bridge_compare(&spec, r ? &is : NULL, &drift);
	(void)snprintf(first, 160, "%s", drift.count ? drift.line[0] : "");
	return drift.count;
}

/** missing - how many elements are, the first in @first */
static size_t missing(char first[160])
{
	_cleanup_(nat_pins_free) struct nat_pins pins = pins_make();
	struct nat_drift drift = { .count = 0 };

	assert_int_equal(nat_pins_compare(nat, &pins, &drift, NULL), 0);
	(void)snprintf(first, 160, "%s", drift.count ? drift.line[0] : "");
	return drift.count;
}

/** the_listing_is_documentation - and to ensure it again does nothing */
static void the_listing_is_documentation(void **state)
{
	_cleanup_(nat_pins_free) struct nat_pins pins = pins_make();
	char first[160];

	(void)state;
	assert_listing_of("bridge", golden_path);
	assert_int_equal(differences(first), 0);
	assert_int_equal(missing(first), 0);
	assert_int_equal(nat_bridge_ensure(nat, &spec, NULL), 0);
	assert_int_equal(nat_pins_add(nat, &pins, NULL), 0);
	assert_listing_of("bridge", golden_path);
	assert_int_equal(nat_pins_remove(nat, &pins, NULL), 1);
	assert_int_equal(nat_pins_remove(nat, &pins, NULL), 0);
	assert_int_equal(missing(first), 22);
}

/* What can be done to the table, and how that is told. */
static const struct drift_case {
	const char *command, *told;
} drift_cases[] = {
	{ "nft delete table bridge nixctr-net", "there is no table" },
	{ "nft flush chain bridge nixctr-net prerouting", "chain prerouting lacks a rule" },
	{ "nft flush chain bridge nixctr-net to-neighbour", "chain to-neighbour lacks a rule" },
	{ "nft insert rule bridge nixctr-net pin accept", "rule 1 of chain pin" },
	{ "nft add rule bridge nixctr-net forward accept", "rule 2 of chain forward" },
	{ "nft add chain bridge nixctr-net extra", "too many" },
	{ "nft add table bridge nixctr-net { flags dormant ; }",
	  "table nixctr-net has been changed" },
};

/** every_drift_is_seen_and_mended - told, mended once, elements included, and then right */
static void every_drift_is_seen_and_mended(void **state)
{
	struct nat_spec whole = spec;
	char first[160];

	(void)state;
	whole.source.pins = pins_of_host;
	for (size_t i = 0; i < ARRAY_SIZE(drift_cases); i++) {
		must_run(drift_cases[i].command);
		if (differences(first) == 0 || !strstr(first, drift_cases[i].told))
			fail_msg("'%s' was told as '%s'", drift_cases[i].command, first);
		assert_int_equal(nat_bridge_ensure(nat, &whole, NULL), 1);
		assert_listing_of("bridge", golden_path);
	}
}

/** each_single_rule_counts - deleted, it is missed and comes back */
static void each_single_rule_counts(void **state)
{
	char command[160], chain[64], first[160];
	int place = 0;

	(void)state;
	for (; rule_find_in("bridge", place, chain) >= 0; place++) {
		(void)snprintf(command, sizeof(command),
			       "nft delete rule bridge nixctr-net %s handle %lld", chain,
			       rule_find_in("bridge", place, chain));
		must_run(command);
		assert_int_equal(differences(first), 1);
		assert_non_null(strstr(first, chain));
		assert_int_equal(nat_bridge_ensure(nat, &spec, NULL), 1);
		assert_int_equal(differences(first), 0);
	}
	assert_int_equal(place, RULES);
}

/* Elements that somebody takes away, and the set in which one is missed. */
static const char *const element_cases[][2] = {
	{ "macs { vb-c2 . 02:00:00:00:00:02 }", "'c2' lacks its element in set macs" },
	{ "sources4 { vb-c1 . 10.7.0.2 }", "'c1' lacks its element in set sources4" },
	{ "sources6 { vb-c1 . fd07::2 }", "'c1' lacks its element in set sources6" },
	{ "sources6 { vb-c2 . fe80::ff:fe00:2 }", "'c2' lacks its element in set sources6" },
	{ "leased4 { 10.7.0.2 }", "'c1' lacks its element in set leased4" },
	{ "leased6 { fd07::2 }", "'c1' lacks its element in set leased6" },
	{ "free4 { vb-c2 }", "'c2' lacks its element in set free4" },
	{ "free6 { vb-c3 }", "'c3' lacks its element in set free6" },
	{ "trusted { vb-c3 }", "'c3' lacks its element in set trusted" },
	{ "linked { vb-c3 . vb-c1 }", "'c3' lacks its element in set linked" },
	{ "called4 { 10.7.0.2 . tcp . 80 }", "'c1' lacks its element in set called4" },
};

/** each_element_counts - taken away, it is missed, told, and comes back */
static void each_element_counts(void **state)
{
	_cleanup_(nat_pins_free) struct nat_pins pins = pins_make();
	char command[160], first[160];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(element_cases); i++) {
		(void)snprintf(command, sizeof(command), "nft delete element bridge nixctr-net %s",
			       element_cases[i][0]);
		must_run(command);
		assert_int_equal(missing(first), 1);
		if (!strstr(first, element_cases[i][1]))
			fail_msg("'%s' was told as '%s'", command, first);
		assert_int_equal(nat_pins_add(nat, &pins, NULL), 1);
		assert_listing_of("bridge", golden_path);
	}
}

/** what_others_have_stays - who goes takes away no element that is another's */
static void what_others_have_stays(void **state)
{
	_cleanup_(nat_pins_free) struct nat_pins pins = pins_make();
	char first[160];

	(void)state;
	for (size_t i = 0; i < pins.n_pins; i++)
		(void)snprintf(pins.pins[i].container, sizeof(pins.pins[i].container), "other%zu",
			       i);
	pins.n_peers = pins.n_calls = 0;
	assert_int_equal(nat_pins_remove(nat, &pins, NULL), 0);
	assert_int_equal(missing(first), 0);
	assert_listing_of("bridge", golden_path);
}

/** main - run the tests of the table for bridges; the argument is the golden listing */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_listing_is_documentation, table_begin),
		cmocka_unit_test_setup(every_drift_is_seen_and_mended, table_begin),
		cmocka_unit_test_setup(each_single_rule_counts, table_begin),
		cmocka_unit_test_setup(each_element_counts, table_begin),
		cmocka_unit_test_setup(what_others_have_stays, table_begin),
	};

	if (argc != 2)
		return 2;
	golden_path = argv[1];
	return cmocka_run_group_tests_name("bridges", tests, world_begin, world_end);
}
