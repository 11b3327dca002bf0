/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/machine.h"

static const struct words nothing;

/* Whether nspawn_words() has this word. */
static bool has(const struct nspawn_spec *spec, const char *word)
{
	_cleanup_(words_deinit) struct words argv = { 0 };

	assert_int_equal(nspawn_words(spec, &argv, NULL), 0);
	for (size_t i = 0; i < argv.count; i++)
		if (strcmp(argv.list[i], word) == 0)
			return true;
	return false;
}

/* A spec that says as little as possible. */
static struct nspawn_spec plain(void)
{
	return (struct nspawn_spec){
		.name = "foo", .root = "/srv/foo", .flags = &nothing, .environment = &nothing
	};
}

static void a_tree_boots_by_itself(void **state)
{
	struct nspawn_spec spec = plain();

	(void)state;
	assert_true(has(&spec, "--machine=foo"));
	assert_true(has(&spec, "--directory=/srv/foo"));
	assert_true(has(&spec, "--boot"));
	assert_true(has(&spec, "--keep-unit"));
	assert_true(has(&spec, "--notify-ready=yes"));
	assert_true(has(&spec, "--register=no"));
	spec.registered = true;
	assert_false(has(&spec, "--register=no"));
}

static void the_init_comes_last_and_cannot_be_an_option(void **state)
{
	_cleanup_(words_deinit) struct words argv = { 0 }, flags = { 0 };
	struct nspawn_spec spec = plain();

	(void)state;
	assert_int_equal(words_split(&flags, "--bind=/a --setenv=X=1", NULL), 0);
	spec.flags = &flags;
	spec.init = "/nix/store/x/init";
	assert_int_equal(nspawn_words(&spec, &argv, NULL), 0);
	assert_string_equal(argv.list[0], "systemd-nspawn");
	assert_string_equal(argv.list[argv.count - 1], "/nix/store/x/init");
	assert_string_equal(argv.list[argv.count - 2], "--");
	assert_string_equal(argv.list[argv.count - 3], "--setenv=X=1");
	assert_false(has(&spec, "--boot"));
}

static void only_a_network_of_its_own_may_be_administered(void **state)
{
	struct nspawn_spec spec = plain();

	(void)state;
	assert_false(has(&spec, "--private-network"));
	spec.namespace = "/run/netns/other";
	assert_true(has(&spec, "--network-namespace-path=/run/netns/other"));
	assert_false(has(&spec, "--private-network"));
	spec.own_network = true;
	assert_true(has(&spec, "--private-network"));
}

static void colons_in_paths_are_no_separators(void **state)
{
	struct nspawn_spec spec = plain();

	(void)state;
	spec.n_binds = 2;
	spec.binds[0] = (struct nspawn_bind){ "/a:b\\c", "/d", NSPAWN_WRITABLE };
	spec.binds[1] = (struct nspawn_bind){ "/e", "/f:g", NSPAWN_READ_ONLY };
	assert_true(has(&spec, "--bind=/a\\:b\\\\c:/d"));
	assert_true(has(&spec, "--bind-ro=/e:/f\\:g"));
}

static void shifted_users_own_what_is_bound(void **state)
{
	static const struct {
		const char *users, *bind;
	} cases[] = {
		{ NULL, "--bind-ro=/a:/b" },          { "identity", "--bind-ro=/a:/b" },
		{ "0", "--bind-ro=/a:/b" },           { "pick", "--bind-ro=/a:/b:idmap" },
		{ "65536", "--bind-ro=/a:/b:idmap" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nspawn_spec spec = plain();

		spec.users = cases[i].users;
		spec.n_binds = 1;
		spec.binds[0] = (struct nspawn_bind){ "/a", "/b", NSPAWN_READ_ONLY };
		assert_true(has(&spec, cases[i].bind));
		assert_int_equal(has(&spec, "--private-users-ownership=auto"),
				 strstr(cases[i].bind, ":idmap") != NULL);
		spec.binds[0].access = NSPAWN_FOR_ALL;
		assert_true(has(&spec, "--bind-ro=/a:/b"));
	}
}

static void a_forgotten_tree_links_no_journal(void **state)
{
	struct nspawn_spec spec = plain();

	(void)state;
	assert_true(has(&spec, "--link-journal=try-guest"));
	spec.ephemeral = true;
	assert_true(has(&spec, "--ephemeral"));
	assert_false(has(&spec, "--link-journal=try-guest"));
}

static void a_name_that_is_no_host_name_becomes_one(void **state)
{
	static const struct {
		const char *name, *host;
	} cases[] = {
		{ "a_b", "a-b" },  { "a__b", "a--b" }, { "a.", "a" },
		{ "a-", "a" },     { "a_", "a" },      { "a.-b", "a.b" },
		{ "a-.b", "a.b" }, { "a._.b", "a.b" }, { "a.b_c-d", "a.b-c-d" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char machine[MACHINE_NAME_MAX], host[MACHINE_NAME_MAX];
		size_t length = strlen(cases[i].host);

		assert_true(machine_name(cases[i].name, machine, host));
		assert_string_equal(host, cases[i].host);
		assert_memory_equal(machine, host, length);
		assert_int_equal(machine[length], '-');
		assert_int_equal(strspn(machine + length + 1, "0123456789abcdef"), 8);
		assert_int_equal(strlen(machine), length + 9);
	}
}

static void names_of_machines_differ_as_those_of_containers_do(void **state)
{
	char one[MACHINE_NAME_MAX], other[MACHINE_NAME_MAX], host[MACHINE_NAME_MAX];
	char longest[MACHINE_NAME_MAX];

	(void)state;
	assert_false(machine_name("a-b", one, host));
	assert_string_equal(one, "a-b");
	assert_true(machine_name("a_b", other, host));
	assert_string_not_equal(one, other);
	assert_true(machine_name("a-b_", one, host));
	assert_string_not_equal(one, other);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(machine_name(longest, one, host));
	longest[sizeof(longest) - 2] = '_';
	assert_true(machine_name(longest, one, host));
	assert_int_equal(strlen(one), sizeof(one) - 1);
}

static void such_a_machine_calls_itself_by_a_plain_name(void **state)
{
	struct nspawn_spec spec = plain();

	(void)state;
	spec.name = "a_b";
	assert_true(has(&spec, "--hostname=a-b"));
	assert_false(has(&spec, "--machine=a_b"));
	spec.name = "a-b";
	assert_true(has(&spec, "--machine=a-b"));
	assert_false(has(&spec, "--hostname=a-b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_boots_by_itself),
		cmocka_unit_test(the_init_comes_last_and_cannot_be_an_option),
		cmocka_unit_test(only_a_network_of_its_own_may_be_administered),
		cmocka_unit_test(colons_in_paths_are_no_separators),
		cmocka_unit_test(shifted_users_own_what_is_bound),
		cmocka_unit_test(a_forgotten_tree_links_no_journal),
		cmocka_unit_test(a_name_that_is_no_host_name_becomes_one),
		cmocka_unit_test(names_of_machines_differ_as_those_of_containers_do),
		cmocka_unit_test(such_a_machine_calls_itself_by_a_plain_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
