/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/definitions/definition.h"
#include "tree.h"

/* Writes the definition of "foo". */
static void define(const struct tree *tree, const char *text)
{
	tree_write(tree->paths.definitions, "foo.conf", text, strlen(text));
}

static void a_file_of_nixos_container_is_read(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	char text[PREFIX_TEXT];

	define(tree, "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.4.1\nLOCAL_ADDRESS=10.233.4.2\n"
		     "HOST_BRIDGE=\nHOST_PORT=\nAUTO_START=1\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_string_equal(definition.name, "foo");
	assert_true(definition.private_network);
	assert_true(definition.auto_start);
	assert_false(definition.declarative);
	assert_string_equal(definition.bridge, "");
	assert_string_equal(addr_format(&definition.v4.host, text), "10.233.4.1");
	assert_string_equal(prefix_format(&definition.v4.local, text), "10.233.4.2");
	assert_false(addr_is_set(&definition.v6.local.addr));
}

static void a_bridged_one_keeps_its_prefix_length(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	char text[PREFIX_TEXT];

	define(tree, "PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\nLOCAL_ADDRESS=192.168.7.5/24\n"
		     "LOCAL_ADDRESS6=fd00::5/64\nHOST_ADDRESS6=fd00::1\n"
		     "LOCAL_MAC_ADDRESS=02:00:00:00:00:05\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_string_equal(definition.bridge, "br0");
	assert_string_equal(prefix_format(&definition.v4.local, text), "192.168.7.5/24");
	assert_false(addr_is_set(&definition.v4.host));
	assert_string_equal(prefix_format(&definition.v6.local, text), "fd00::5/64");
	assert_true(mac_is_set(&definition.mac));
}

static void lengths_on_a_point_to_point_link_mean_nothing(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	char text[PREFIX_TEXT];

	define(tree, "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.1.0.1/24\nLOCAL_ADDRESS=10.1.0.2/24\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_string_equal(prefix_format(&definition.v4.local, text), "10.1.0.2");
}

static void either_end_may_go_without_an_address(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	char text[PREFIX_TEXT];

	define(tree, "PRIVATE_NETWORK=1\nLOCAL_ADDRESS=10.1.0.2\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_string_equal(prefix_format(&definition.v4.local, text), "10.1.0.2");
	assert_false(addr_is_set(&definition.v4.host));
	define(tree, "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.1.0.1\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_false(addr_is_set(&definition.v4.local.addr));
	assert_string_equal(addr_format(&definition.v4.host, text), "10.1.0.1");
}

static void a_declared_one_shares_the_host_network_by_default(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	char path[400];

	tree_write(tree->root, "store", "AUTO_START=1\n", 13);
	assert_int_equal(path_format(path, sizeof(path), NULL, "%s/store", tree->root), 0);
	assert_true(directory_make(tree->paths.definitions, 0755, NULL) >= 0);
	assert_int_equal(chdir(tree->paths.definitions), 0);
	assert_int_equal(symlink(path, "foo.conf"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_true(definition.declarative);
	assert_false(definition.private_network);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), -ENOENT);
}

static void no_private_network_is_none_whatever_addresses_are_there(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;

	define(tree, "PRIVATE_NETWORK=0\nHOST_ADDRESS=10.1.0.1\nLOCAL_ADDRESS=10.1.0.2\n"
		     "HOST_BRIDGE=br0\nLOCAL_MAC_ADDRESS=02:00:00:00:00:05\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_false(definition.private_network);
	assert_false(definition.cable);
	assert_false(addr_is_set(&definition.v4.local.addr));
	/* Without that word an address makes it private. */
	define(tree, "HOST_ADDRESS=10.1.0.1\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_true(definition.private_network);
	/* And so does a link, as with NixOS. */
	define(tree, "PRIVATE_NETWORK=0\nMACVLANS=lan0\n");
	assert_int_equal(definition_read(&tree->paths, "foo", &definition, NULL), 1);
	assert_true(definition.private_network);
	assert_false(definition.cable);
}

static void mistakes_name_container_file_and_value(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "LOCAL_ADDRESS=300.1.1.1\nHOST_ADDRESS=10.1.1.1\n",
		  "LOCAL_ADDRESS: '300.1.1.1'" },
		{ "LOCAL_ADDRESS=fd00::1\nHOST_ADDRESS=fd00::2\n", "IPv4" },
		{ "LOCAL_ADDRESS6=10.1.1.1\nHOST_ADDRESS6=10.1.1.2\n", "IPv6" },
		{ "HOST_BRIDGE=../../x\n", "HOST_BRIDGE '../../x'" },
		{ "HOST_BRIDGE=0123456789abcdef\n", "HOST_BRIDGE" },
		{ "LOCAL_MAC_ADDRESS=zz\n", "'zz'" },
	};
	const struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct definition definition = { .auto_start = true };
		struct error e = ERROR_INIT;

		define(tree, cases[i].text);
		assert_int_equal(definition_read(&tree->paths, "foo", &definition, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_FAILED);
		assert_non_null(strstr(e.text, "container 'foo'"));
		assert_non_null(strstr(e.text, "foo.conf"));
		assert_non_null(strstr(e.text, cases[i].error));
		assert_true(definition.auto_start);
	}
}

static void files_that_are_none_are_named_errors(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	struct error e = ERROR_INIT;
	_cleanup_(freep) char *line = malloc(1 << 20);
	char path[400];

	memset(line, 'x', 1 << 20);
	tree_write(tree->paths.definitions, "long.conf", line, 1 << 20);
	tree_write(tree->paths.definitions, "nul.conf", "A=1\0\n", 5);
	assert_int_equal(
		path_format(path, sizeof(path), NULL, "%s/dir.conf", tree->paths.definitions), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(definition_read(&tree->paths, "long", &definition, &e), -EFBIG);
	assert_non_null(strstr(e.text, "long.conf"));
	assert_int_equal(definition_read(&tree->paths, "nul", &definition, &e), -EINVAL);
	assert_non_null(strstr(e.text, "nul.conf: it contains a NUL byte"));
	assert_int_equal(definition_read(&tree->paths, "dir", &definition, &e), -EISDIR);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(definition_read(&tree->paths, "none", &definition, &e), 0);
	assert_int_equal(definition_read(&tree->paths, "../x", &definition, &e), -EINVAL);
}

static void only_names_of_containers_are_listed(void **state)
{
	const struct tree *tree = *state;
	char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count = 9;

	assert_int_equal(definition_names(&tree->paths, &names, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_null(names);
	tree_write(tree->paths.definitions, "b.conf", "", 0);
	tree_write(tree->paths.definitions, "a.conf", "", 0);
	tree_write(tree->paths.definitions, "B.conf", "", 0);
	tree_write(tree->paths.definitions, "a-0.conf", "", 0);
	tree_write(tree->paths.definitions, "-x.conf", "", 0);
	tree_write(tree->paths.definitions, "c.conf.bak", "", 0);
	tree_write(tree->paths.definitions, ".conf", "", 0);
	assert_int_equal(definition_names(&tree->paths, &names, &count, NULL), 0);
	assert_int_equal(count, 4);
	assert_string_equal(names[0], "B");
	assert_string_equal(names[1], "a");
	assert_string_equal(names[2], "a-0");
	assert_string_equal(names[3], "b");
	free(names);
}

static void what_is_incomplete_says_so_until_it_is_not(void **state)
{
	static const char more[] = "SOMEBODY=\"else\"\n# a remark\n";
	const struct tree *tree = *state;
	struct definition definition = { .name = "x", .private_network = true, .incomplete = true };
	_cleanup_(freep) char *text = NULL;
	struct error e = ERROR_INIT;
	struct definition read;
	char path[PATH_MAX], changed[1024];
	size_t length;

	definition.keeps_root = true;
	memcpy(definition.flake, "git+file:///a b?x=y", sizeof("git+file:///a b?x=y"));
	memcpy(definition.flake_attr, "attr", sizeof("attr"));
	memcpy(definition.root_tree, "/srv/tree", sizeof("/srv/tree"));
	assert_int_equal(definition_write(&tree->paths, &definition, NULL), 0);
	assert_int_equal(definition_read(&tree->paths, "x", &read, NULL), 1);
	assert_true(read.incomplete);
	assert_true(read.keeps_root);
	assert_string_equal(read.flake, definition.flake);
	assert_string_equal(read.flake_attr, "attr");
	assert_string_equal(read.root_tree, "/srv/tree");
	assert_int_equal(definition_check_complete(&read, &e), -EBUSY);
	assert_non_null(strstr(e.remedy, "destroy x"));

	/* What somebody adds meanwhile stays. */
	assert_int_equal(definition_path(&tree->paths, "x", path, NULL), 0);
	assert_int_equal(file_read(path, 4096, &text, &length, NULL), 0);
	assert_int_equal(path_format(changed, sizeof(changed), NULL, "%s%s", text, more), 0);
	assert_int_equal(file_replace(path, changed, strlen(changed), 0644, NULL), 0);
	assert_int_equal(definition_complete(&tree->paths, "x", NULL), 1);
	assert_int_equal(definition_complete(&tree->paths, "x", NULL), 0);
	assert_int_equal(definition_read(&tree->paths, "x", &read, NULL), 1);
	assert_false(read.incomplete);
	assert_false(read.keeps_root);
	assert_int_equal(definition_check_complete(&read, NULL), 0);
	freep(&text);
	assert_int_equal(file_read(path, 4096, &text, &length, NULL), 0);
	assert_non_null(strstr(text, more));
	assert_null(strstr(text, "INCOMPLETE"));
}

static void a_tree_is_absolute(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	struct error e = ERROR_INIT;

	tree_write(tree->paths.definitions, "x.conf", "ROOT_TREE=srv\n", 14);
	assert_int_equal(definition_read(&tree->paths, "x", &definition, &e), -EINVAL);
	assert_non_null(strstr(e.text, "ROOT_TREE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_file_of_nixos_container_is_read),
		TREE_TEST(a_bridged_one_keeps_its_prefix_length),
		TREE_TEST(lengths_on_a_point_to_point_link_mean_nothing),
		TREE_TEST(either_end_may_go_without_an_address),
		TREE_TEST(a_declared_one_shares_the_host_network_by_default),
		TREE_TEST(no_private_network_is_none_whatever_addresses_are_there),
		TREE_TEST(mistakes_name_container_file_and_value),
		TREE_TEST(files_that_are_none_are_named_errors),
		TREE_TEST(only_names_of_containers_are_listed),
		TREE_TEST(what_is_incomplete_says_so_until_it_is_not),
		TREE_TEST(a_tree_is_absolute),
	};

	return cmocka_run_group_tests_name("definition", tests, NULL, NULL);
}
