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
#include "container/boot/configuration.h"
#include "container/boot/flake.h"
#include "container/boot/system.h"
#include "tree.h"

/* Writes a file of the tree and gives its path. */
static const char *tree_file(const struct tree *tree, const char *name, char path[512])
{
	tree_write(tree->root, name, "{ }", 3);
	assert_int_equal(path_format(path, 512, NULL, "%s/%s", tree->root, name), 0);
	return path;
}

/* Checks the line by which a configuration imports a file of that name. */
static void expect_import(const struct tree *tree, const char *name, const char *escaped)
{
	_cleanup_(freep) char *text = NULL;
	char path[512], line[1024];
	struct system_request request = { .config_file = tree_file(tree, name, path) };

	assert_int_equal(configuration_text("foo", &request, &text, NULL), 0);
	assert_int_equal(path_format(line, sizeof(line), NULL,
				     "\n  imports = [ (/. + \"%s/%s\") ];\n", tree->root, escaped),
			 0);
	assert_non_null(strstr(text, line));
}

static void a_configuration_has_the_form_of_nixos_container(void **state)
{
	struct system_request request = { .config = "a = \"${b}\";\n  c = ''\n$d'';" };
	_cleanup_(freep) char *text = NULL;

	(void)state;
	assert_int_equal(configuration_text("my.con_tainer", &request, &text, NULL), 0);
	assert_string_equal(text, "{ config, lib, pkgs, options ? { }, ... }:\n"
				  "\n"
				  "{ boot.isContainer = true;\n"
				  "  " BOOT_NSPAWN "\n"
				  "  networking.hostName = lib.mkDefault \"my-con_tainer\";\n"
				  "  networking.useDHCP = false;\n"
				  "  a = \"${b}\";\n  c = ''\n$d'';\n"
				  "}\n");
}

static void an_imported_path_stands_for_itself(void **state)
{
	const struct tree *tree = *state;

	expect_import(tree, "plain.nix", "plain.nix");
	expect_import(tree, "a b", "a b");
	expect_import(tree, "q\"uote", "q\\\"uote");
	expect_import(tree, "back\\slash", "back\\\\slash");
	expect_import(tree, "${x}$y$${z}", "\\${x}\\$y\\$\\${z}");
	expect_import(tree, "n\nr\rt\t", "n\\nr\\rt\\t");
}

static void a_missing_file_is_named(void **state)
{
	struct system_request request = { .config_file = "/nonexistent/x.nix" };
	struct error e = ERROR_INIT;
	char *text = NULL;

	(void)state;
	assert_int_equal(configuration_text("foo", &request, &text, &e), -ENOENT);
	assert_int_equal(e.class, ERROR_USAGE);
	assert_non_null(strstr(e.text, "/nonexistent/x.nix"));
}

/* Checks what a flake is taken apart into. */
static void expect_flake(const char *typed, const char *expected, const char *expected_attr)
{
	char flake[FLAKE_MAX], attr[FLAKE_ATTR_MAX];

	assert_int_equal(flake_parse(typed, flake, attr, NULL), 0);
	assert_string_equal(flake, expected);
	assert_string_equal(attr, expected_attr);
}

static void a_flake_is_taken_apart(void **state)
{
	const struct tree *tree = *state;
	char expected[256];

	expect_flake("nixpkgs", "nixpkgs", "");
	expect_flake("nixpkgs#x", "nixpkgs", "x");
	expect_flake("git+https://h/r?dir=a&ref=b#x.y-z", "git+https://h/r?dir=a&ref=b", "x.y-z");
	expect_flake("/a b#c d", "/a b", "c d");
	expect_flake("path:./x", "path:./x", "");
	assert_int_equal(chdir(tree->root), 0);
	expect_flake(".", tree->root, "");
	expect_flake(".#x", tree->root, "x");
	expect_flake("#x", tree->root, "x");
	assert_true(path_format(expected, sizeof(expected), NULL, "%s?dir=a", tree->root) == 0);
	expect_flake("./.?dir=a#x", expected, "x");
	assert_int_equal(chdir("/"), 0);
}

static void what_is_no_flake_is_refused(void **state)
{
	static const char *const cases[] = { "a#b#c", "a#\"b", "a#", "a\nb", "a#b\x7f", "./none" };
	char flake[FLAKE_MAX], attr[FLAKE_ATTR_MAX], long_text[FLAKE_MAX + 8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error e = ERROR_INIT;

		assert_true(flake_parse(cases[i], flake, attr, &e) < 0);
		assert_int_equal(e.class, ERROR_USAGE);
	}
	memset(long_text, 'a', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(flake_parse(long_text, flake, attr, NULL), -ENAMETOOLONG);
}

static void one_system_at_a_time(void **state)
{
	const struct tree *tree = *state;
	char path[512];
	const char *file = tree_file(tree, "x.nix", path);
	const struct system_request cases[] = {
		{ .config = "", .config_file = file }, { .path = "/x", .flake = "y" },
		{ .none = true, .tree = "/x" },        { .config = "a", .none = true },
		{ .config_file = file, .path = "/x" },
	};
	struct system_spec spec;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(system_parse(&tree->paths, &cases[i], &spec, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, "exclude each other"));
	}
	assert_int_equal(system_parse(&tree->paths, &(struct system_request){ .config_file = file },
				      &spec, NULL),
			 0);
	assert_int_equal(spec.kind, SYSTEM_CONFIGURATION);
}

static void a_system_needs_an_init(void **state)
{
	const struct tree *tree = *state;
	struct system_request request = { .path = tree->root };
	struct error e = ERROR_INIT;
	struct system_spec spec;
	char path[512];

	assert_int_equal(system_parse(&tree->paths, &request, &spec, &e), -EINVAL);
	assert_non_null(strstr(e.text, tree->root));
	assert_true(e.remedy[0]);
	assert_int_equal(chmod(tree_file(tree, "init", path), 0755), 0);
	assert_int_equal(system_parse(&tree->paths, &request, &spec, NULL), 0);
	assert_string_equal(spec.path, tree->root);
	assert_int_equal(chdir(tree->root), 0);
	request.path = ".";
	assert_int_equal(system_parse(&tree->paths, &request, &spec, NULL), 0);
	assert_int_equal(spec.path[0], '/');
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_configuration_has_the_form_of_nixos_container),
		TREE_TEST(an_imported_path_stands_for_itself),
		TREE_TEST(a_missing_file_is_named),
		TREE_TEST(a_flake_is_taken_apart),
		TREE_TEST(what_is_no_flake_is_refused),
		TREE_TEST(one_system_at_a_time),
		TREE_TEST(a_system_needs_an_init),
	};

	return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
