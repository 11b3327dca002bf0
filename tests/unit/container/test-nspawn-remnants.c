/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/cleanup.h"
#include "container/life/remnants.h"
#include "tree.h"

#define NUMBER "0123456789abcdef"

/* Makes a directory below the root of the tests, and those above it. */
static void make(const struct tree *tree, const char *relative)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", tree->root, relative);
	for (char *slash = strchr(path + strlen(tree->root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(directory_make(path, 0755, NULL) >= 0);
		*slash = '/';
	}
	assert_true(directory_make(path, 0755, NULL) >= 0);
}

/* Whether something is there. */
static bool is_there(const struct tree *tree, const char *relative)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", tree->root, relative);
	return access(path, F_OK) == 0;
}

static void copies_of_a_container_are_forgotten_and_no_others(void **state)
{
	const struct tree *tree = *state;
	static const char *const others[] = {
		"run/nixos-containers/bar",
		"run/nixos-containers/.#machine.bar" NUMBER,
		"run/nixos-containers/.#machine.foobar" NUMBER,
		"run/nixos-containers/.#machine.foo" NUMBER NUMBER, /* of a "foo0123..." */
		"run/nixos-containers/.#machine.foo0123",
	};

	make(tree, "run/nixos-containers/foo");
	make(tree, "run/nixos-containers/.#machine.foo" NUMBER "/etc");
	make(tree, "run/nixos-containers/.#machine.foofedcba9876543210");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		make(tree, others[i]);
	assert_int_equal(container_forget(&tree->paths, "foo", NULL), 1);
	assert_false(is_there(tree, "run/nixos-containers/foo"));
	assert_false(is_there(tree, "run/nixos-containers/.#machine.foo" NUMBER));
	assert_false(is_there(tree, "run/nixos-containers/.#machine.foofedcba9876543210"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_true(is_there(tree, others[i]));
	assert_int_equal(container_forget(&tree->paths, "foo", NULL), 0);
}

static void locks_go_from_where_they_are(void **state)
{
	const struct tree *tree = *state;
	char text[256];

	(void)snprintf(text, sizeof(text), "ROOT_TREE=%s/srv/tree\n", tree->root);
	make(tree, "srv/tree");
	make(tree, "var/lib/nixos-containers");
	tree_write(tree->paths.definitions, "foo.conf", text, strlen(text));
	(void)snprintf(text, sizeof(text), "%s/srv", tree->root);
	tree_write(text, ".#tree.lck", "", 0);
	tree_write(tree->paths.containers, ".#foo.lck", "", 0);
	tree_write(tree->paths.containers, ".#bar.lck", "", 0);
	assert_int_equal(remnants_unlock(&tree->paths, "foo", NULL), 1);
	assert_false(is_there(tree, "srv/.#tree.lck"));
	assert_false(is_there(tree, "var/lib/nixos-containers/.#foo.lck"));
	assert_true(is_there(tree, "var/lib/nixos-containers/.#bar.lck"));
	assert_int_equal(remnants_unlock(&tree->paths, "foo", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(copies_of_a_container_are_forgotten_and_no_others),
		TREE_TEST(locks_go_from_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
