/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"
#include "nat/element.h"
#include "nat/pin.h"
#include "nat/ruleset.h"

#define TEXT_MAX 4096

/* A key in hexadecimal begins with a link, padded to sixteen bytes. */
#define VB_A "76622d61000000000000000000000000"
#define VB_B "76622d62000000000000000000000000"
#define BR0  "62723000000000000000000000000000"
#define VE_A "76652d61000000000000000000000000"
#define VE_B "76652d62000000000000000000000000"

static struct nat_pin pins[] = {
	{ .link = "vb-a", .mac = { { 2, 1, 2, 3, 4, 5 } }, .bridge = "br0", .container = "a" },
	{ .link = "vb-b", .mac = { { 2, 1, 2, 3, 4, 6 } }, .trusted = true, .container = "b" },
};
static struct nat_peer peers[] = {
	{ .bridged = false, .links = { "ve-a", "ve-b" }, .container = "a" },
	{ .bridged = true, .links = { "vb-a", "vb-b" }, .container = "b" },
};
static struct nat_call calls[] = {
	{ .protocol = IPPROTO_TCP, .port = 0x1f90, .container = "a" },
	{ .protocol = IPPROTO_UDP, .port = 53, .container = "a" },
};
static const struct nat_pins all = { .n_pins = ARRAY_SIZE(pins),
				     .n_peers = ARRAY_SIZE(peers),
				     .n_calls = ARRAY_SIZE(calls),
				     .pins = pins,
				     .peers = peers,
				     .calls = calls };

/** pins_begin - the addresses of what is described above */
static int pins_begin(void **state)
{
	(void)state;
	assert_int_equal(addr_parse("10.7.0.2", &pins[0].v4, NULL), 0);
	assert_int_equal(addr_parse("fd07::2", &pins[0].v6, NULL), 0);
	calls[0].to = pins[0].v4;
	calls[1].to = pins[0].v6;
	return 0;
}

/* Which set is asked for, and what it has. */
struct question {
	const char *set;
	char text[TEXT_MAX];
};

/** element_text - add "key container" as a line, if an element is in the set; for elements_take() */
static int element_text(void *data, const struct element *element, struct error *e)
{
	struct question *question = data;
	char *text = question->text;
	size_t length = strlen(text);

	(void)e;
	assert_int_equal(element->data_size, 0);
	if (strcmp(element->set, question->set) != 0)
		return 0;
	for (size_t i = 0; i < element->key_size; i++)
		length +=
			(size_t)snprintf(text + length, TEXT_MAX - length, "%02x", element->key[i]);
	(void)snprintf(text + length, TEXT_MAX - length, " %s\n", element->container);
	return 0;
}

/** elements_of - the elements of a set in a batch that makes a table, one a line */
static void elements_of(uint8_t family, const struct nat_pins *from, struct question *question)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;

	nft_batch_init(&batch, 1);
	batch.family = family;
	question->text[0] = '\0';
	assert_int_equal(batch_add_pins(&batch, from, NULL), 0);
	for (size_t i = 0; i < batch.count; i++) {
		if (batch.messages[i].kind != NFT_ELEMENT)
			continue;
		assert_int_equal(batch.messages[i].family, family);
		assert_int_equal(elements_take(nft_request_message(&batch, i),
					       batch.messages[i].name, element_text, question,
					       NULL),
				 0);
	}
}

/* What each set of a table has for what is described above. */
static const struct element_case {
	uint8_t family;
	const char *set, *text;
} element_cases[] = {
	{ NFPROTO_BRIDGE, SET_MACS, VB_A "0201020304050000 a\n" VB_B "0201020304060000 b\n" },
	{ NFPROTO_BRIDGE, SET_SOURCES, VB_A "0a070002 a\n" },
	/* RFC 4291, appendix A: the MAC with ff:fe in its middle and one bit turned round. */
	{ NFPROTO_BRIDGE, SET_SOURCES6,
	  VB_A "fe80000000000000000102fffe030405 a\n" VB_A
	       "fd070000000000000000000000000002 a\n" VB_B "fe80000000000000000102fffe030406 b\n" },
	{ NFPROTO_BRIDGE, SET_LEASED, "0a070002 a\n" },
	{ NFPROTO_BRIDGE, SET_LEASED6, "fd070000000000000000000000000002 a\n" },
	{ NFPROTO_BRIDGE, SET_FREE, VB_B " b\n" },
	{ NFPROTO_BRIDGE, SET_FREE6, VB_B " b\n" },
	{ NFPROTO_BRIDGE, SET_TRUSTED, VB_B " b\n" },
	{ NFPROTO_BRIDGE, SET_LINKED, VB_A VB_B " b\n" VB_B VB_A " b\n" },
	{ NFPROTO_BRIDGE, SET_CALLED, "0a070002060000001f900000 a\n" },
	{ NFPROTO_BRIDGE, SET_CALLED6, "fd0700000000000000000000000000021100000000350000 a\n" },
	{ NFPROTO_INET, SET_LINKED, VE_A VE_B " a\n" VE_B VE_A " a\n" },
	{ NFPROTO_INET, SET_LEASED, "0a070002 a\n" },
	{ NFPROTO_INET, SET_LEASED6, "fd070000000000000000000000000002 a\n" },
	{ NFPROTO_INET, SET_HOMES, BR0 "0a070002 a\n" },
	{ NFPROTO_INET, SET_HOMES6, BR0 "fd070000000000000000000000000002 a\n" },
	{ NFPROTO_INET, SET_ROUTED, "" },
	{ NFPROTO_INET, SET_ROUTED6, "" },
	{ NFPROTO_INET, SET_MACS, "" },
	{ NFPROTO_INET, SET_CALLED, "" },
};

/** each_set_has_its_elements - as bytes of the kernel's */
static void each_set_has_its_elements(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(element_cases); i++) {
		struct question question = { .set = element_cases[i].set };

		elements_of(element_cases[i].family, &all, &question);
		if (strcmp(question.text, element_cases[i].text) != 0)
			fail_msg("set %s has\n%sand not\n%s", element_cases[i].set, question.text,
				 element_cases[i].text);
	}
}

/** who_is_routed_to_has_a_home_too - on its bridge it is as all others, if that is known */
static void who_is_routed_to_has_a_home_too(void **state)
{
	struct nat_pin routed = pins[0];
	const struct nat_pins one = { .n_pins = 1, .pins = &routed };
	struct question homes = { .set = SET_HOMES }, question = { .set = SET_ROUTED },
			question6 = { .set = SET_ROUTED6 }, no_homes = homes, of_before = question;

	(void)state;
	routed.routed = true;
	elements_of(NFPROTO_INET, &one, &homes);
	elements_of(NFPROTO_INET, &one, &question);
	elements_of(NFPROTO_INET, &one, &question6);
	assert_string_equal(homes.text, BR0 "0a070002 a\n");
	assert_string_equal(question.text, "0a070002 a\n");
	assert_string_equal(question6.text, "fd070000000000000000000000000002 a\n");
	routed.routed = false;
	routed.bridge[0] = '\0';
	elements_of(NFPROTO_INET, &one, &no_homes);
	elements_of(NFPROTO_INET, &one, &of_before);
	assert_string_equal(no_homes.text, "");
	assert_string_equal(of_before.text, question.text);
}

/** all_that_pins_can_have_fits - trusted, with addresses of both families, and more than one of them */
static void all_that_pins_can_have_fits(void **state)
{
	struct nat_pin some[3] = { pins[0], pins[0], pins[0] };
	const struct nat_pins three = { .n_pins = ARRAY_SIZE(some), .pins = some };
	struct question question = { .set = SET_TRUSTED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		some[i].trusted = some[i].routed = true;
	elements_of(NFPROTO_BRIDGE, &three, &question);
	assert_string_equal(question.text, VB_A " a\n" VB_A " a\n" VB_A " a\n");
}

/** the_longest_names_fit - a link of fifteen bytes, a container of sixty-three */
static void the_longest_names_fit(void **state)
{
	struct nat_pin longest = { .link = "vb-really-3QgYx" };
	const struct nat_pins one = { .n_pins = 1, .pins = &longest };
	struct question question = { .set = SET_FREE };
	char wanted[TEXT_MAX];

	(void)state;
	memset(longest.container, 'n', sizeof(longest.container) - 1);
	elements_of(NFPROTO_BRIDGE, &one, &question);
	(void)snprintf(wanted, sizeof(wanted), "76622d7265616c6c792d335167597800 %s\n",
		       longest.container);
	assert_string_equal(question.text, wanted);
}

/** tables_do_not_mix - elements of sets that both tables have are in messages of their own */
static void tables_do_not_mix(void **state)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	const struct element element = { .set = SET_LINKED,
					 .key_size = (size_t)2 * IFNAMSIZ,
					 .container = "a" };
	static const uint8_t families[] = { NFPROTO_INET, NFPROTO_INET, NFPROTO_BRIDGE };
	size_t before;

	(void)state;
	nft_batch_init(&batch, 1);
	before = batch.count;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		batch.family = families[i];
		batch_add_element(&batch, NFT_ADD, &element);
	}
	assert_int_equal(batch.count - before, 2);
	assert_int_equal(batch.messages[before].family, NFPROTO_INET);
	assert_int_equal(batch.messages[before + 1].family, NFPROTO_BRIDGE);
}

/** peers_are_of_one_table - whose peers are linked in which table */
static void peers_are_of_one_table(void **state)
{
	const struct nat_pins cable = { .n_peers = 1, .peers = &peers[0] };
	const struct nat_pins none = { .n_peers = 0 };

	(void)state;
	assert_true(pins_have_peers(&cable, NFPROTO_INET));
	assert_false(pins_have_peers(&cable, NFPROTO_BRIDGE));
	assert_true(pins_have_peers(&all, NFPROTO_BRIDGE));
	assert_false(pins_have_peers(&none, NFPROTO_INET));
}

/** main - run the tests of pin.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_set_has_its_elements),
		cmocka_unit_test(who_is_routed_to_has_a_home_too),
		cmocka_unit_test(all_that_pins_can_have_fits),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(tables_do_not_mix),
		cmocka_unit_test(peers_are_of_one_table),
	};

	return cmocka_run_group_tests_name("pin", tests, pins_begin, NULL);
}
