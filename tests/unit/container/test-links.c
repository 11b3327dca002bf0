/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/container.h"

static void options_about_the_network_are_taken(void **state)
{
	static const char *const words[] = { "--network-interface=lan0:inner",
					     "--network-macvlan=lan1", "--network-ipvlan=lan2:flat",
					     "--network-veth-extra=db:x", "--port=udp:53" };
	struct definition definition = { .name = "foo" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(definition_take_network_flag(&definition, words[i], NULL), 1);
	assert_true(definition.private_network);
	assert_false(definition.cable);
	assert_int_equal(definition.n_extras, 4);
	assert_int_equal(definition.extras[0].kind, VETH_EXTRA_MOVED);
	assert_string_equal(definition.extras[0].link, "lan0");
	assert_string_equal(definition.extras[0].inside, "inner");
	assert_int_equal(definition.extras[1].kind, VETH_EXTRA_MACVLAN);
	assert_string_equal(definition.extras[1].inside, "mv-lan1");
	assert_int_equal(definition.extras[2].kind, VETH_EXTRA_IPVLAN);
	assert_string_equal(definition.extras[2].inside, "flat");
	assert_int_equal(definition.extras[3].kind, VETH_EXTRA_CABLE);
	assert_string_equal(definition.extras[3].link, "db");
	assert_string_equal(definition.extras[3].inside, "x");
	assert_int_equal(definition.ports.count, 1);
	assert_int_equal(definition.ports.list[0].host, 53);
}

static void some_ask_for_the_cable(void **state)
{
	static const struct {
		const char *word;
		bool cable;
	} cases[] = { { "--private-network", false },
		      { "--network-veth", true },
		      { "-n", true },
		      { "--network-bridge=br0", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct definition definition = { .name = "foo" };

		assert_int_equal(definition_take_network_flag(&definition, cases[i].word, NULL), 1);
		assert_true(definition.private_network);
		assert_int_equal(definition.cable, cases[i].cable);
	}
}

static void other_words_are_left(void **state)
{
	static const char *const words[] = { "--bind=/a",      "--network",
					     "--ports=1",      "",
					     "port=80",        "--private-users=pick",
					     "--network-vethx" };
	struct definition definition = { .name = "foo" }, same = definition;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(definition_take_network_flag(&definition, words[i], NULL), 0);
	assert_memory_equal(&definition, &same, sizeof(same));
}

static void what_cannot_be_had_is_named(void **state)
{
	static const struct {
		const char *word;
		int r;
	} cases[] = { { "--network-zone=lan", -ENOTSUP },
		      { "--network-namespace-path=/run/netns/x", -ENOTSUP },
		      { "--port=x", -EINVAL },
		      { "--network-interface=", -EINVAL },
		      { "--network-interface=a:", -EINVAL },
		      { "--network-macvlan=a/b", -EINVAL },
		      { "--network-bridge=much-too-long-a-name", -EINVAL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct definition definition = { .name = "foo" };
		struct error e = ERROR_INIT;

		assert_int_equal(definition_take_network_flag(&definition, cases[i].word, &e),
				 cases[i].r);
		assert_non_null(strstr(e.text, cases[i].word));
		assert_false(definition.private_network);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_about_the_network_are_taken),
		cmocka_unit_test(some_ask_for_the_cable),
		cmocka_unit_test(other_words_are_left),
		cmocka_unit_test(what_cannot_be_had_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
