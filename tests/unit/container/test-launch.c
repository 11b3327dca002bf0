/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/cleanup.h"
#include "container/boot/launch.h"
#include "tree.h"

/* Reads a definition of "foo" that says @text. Returns what launch_read() does. */
static int read_text(const struct tree *tree, const char *text, struct launch *launch,
		     struct error *e)
{
	tree_write(tree->paths.definitions, "foo.conf", text, strlen(text));
	return launch_read(&tree->paths, "foo", launch, e);
}

/* The words of a list with a blank behind each. */
static const char *joined(const struct words *words)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < words->count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
			       words->list[i]);
	return text;
}

static void nothing_said_is_nothing_set(void **state)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };

	assert_int_equal(read_text(*state, "PRIVATE_NETWORK=1\n", &launch, NULL), 1);
	assert_string_equal(launch.system_path, "");
	assert_string_equal(launch.definition.root_tree, "");
	assert_string_equal(launch.users, "");
	assert_false(launch.ephemeral || launch.definition.incomplete);
	assert_int_equal(launch.resolver, RESOLVER_IF_NONE);
	assert_int_equal(launch.flags.count, 0);
	assert_string_equal(joined(&launch.environment), "PRIVATE_NETWORK=1 ");
}

static void every_key_is_taken(void **state)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };

	assert_int_equal(
		read_text(*state,
			  "SYSTEM_PATH=/nix/store/abc-system\nROOT_TREE=/srv/tree\nEPHEMERAL=1\n"
			  "PRIVATE_USERS=pick\nINCOMPLETE=1\n"
			  "COPY_RESOLV_CONF=0\nBIND=\"/a /b:/c\"\nBIND_RO=/d\nTMPFS=/var:size=1M\n"
			  "ADDITIONAL_CAPABILITIES=\"CAP_SYS_TIME CAP_MKNOD\"\n"
			  "EXTRA_NSPAWN_FLAGS=\" --bind-ro='/x y' --port=80 --setenv=A=$HOME\"\n",
			  &launch, NULL),
		1);
	assert_string_equal(launch.system_path, "/nix/store/abc-system");
	assert_string_equal(launch.definition.root_tree, "/srv/tree");
	assert_string_equal(launch.users, "pick");
	assert_true(launch.ephemeral && launch.definition.incomplete);
	assert_int_equal(launch.resolver, RESOLVER_ITS_OWN);
	assert_string_equal(joined(&launch.flags),
			    "--bind=/a --bind=/b:/c --bind-ro=/d --tmpfs=/var:size=1M "
			    "--capability=CAP_SYS_TIME --capability=CAP_MKNOD "
			    "--bind-ro=/x y --setenv=A=$HOME ");
	assert_int_equal(launch.definition.ports.count, 1);
	assert_true(launch.definition.private_network);
	assert_string_equal(joined(&launch.environment), "PRIVATE_USERS=pick ");
}

static void the_namespace_of_somebody_else_is_taken(void **state)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };

	assert_int_equal(read_text(*state, "NETWORK_NAMESPACE_PATH=/run/netns/x\n", &launch, NULL),
			 1);
	assert_string_equal(launch.namespace, "/run/netns/x");
	assert_false(launch.definition.private_network);
}

static void users_of_the_host_have_several_names(void **state)
{
	static const char *const values[] = { "PRIVATE_USERS=\n", "PRIVATE_USERS=no\n", "\n" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_(launch_deinit) struct launch launch = { 0 };

		assert_int_equal(read_text(*state, values[i], &launch, NULL), 1);
		assert_string_equal(launch.users, "");
	}
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *text, *named;
	} cases[] = {
		{ "SYSTEM_PATH=relative\n", "SYSTEM_PATH" },
		{ "ROOT_TREE=../up\n", "ROOT_TREE" },
		{ "PRIVATE_USERS=some\n", "PRIVATE_USERS" },
		{ "PRIVATE_USERS=--bind=/\n", "PRIVATE_USERS" },
		{ "BIND=relative\n", "BIND" },
		{ "TMPFS=\"/a --bind=/\"\n", "TMPFS" },
		{ "ADDITIONAL_CAPABILITIES=SYS_TIME\n", "ADDITIONAL_CAPABILITIES" },
		{ "EXTRA_NSPAWN_FLAGS=\"it's\"\n", "EXTRA_NSPAWN_FLAGS" },
		{ "EXTRA_NSPAWN_FLAGS=--network-zone=z\n", "EXTRA_NSPAWN_FLAGS" },
		{ "NETWORK_NAMESPACE_PATH=/x\nPRIVATE_NETWORK=1\n", "NETWORK_NAMESPACE_PATH" },
		{ "NETWORK_NAMESPACE_PATH=/x\nHOST_BRIDGE=br0\n", "NETWORK_NAMESPACE_PATH" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(launch_deinit) struct launch launch = { 0 };
		struct error e = ERROR_INIT;

		assert_true(read_text(*state, cases[i].text, &launch, &e) < 0);
		assert_non_null(strstr(e.text, cases[i].named));
		assert_non_null(strstr(e.text, "foo.conf"));
	}
}

static void no_definition_is_no_container(void **state)
{
	const struct tree *tree = *state;
	struct launch launch;

	assert_int_equal(launch_read(&tree->paths, "foo", &launch, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(nothing_said_is_nothing_set),
		TREE_TEST(every_key_is_taken),
		TREE_TEST(the_namespace_of_somebody_else_is_taken),
		TREE_TEST(users_of_the_host_have_several_names),
		TREE_TEST(what_is_wrong_is_named),
		TREE_TEST(no_definition_is_no_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
