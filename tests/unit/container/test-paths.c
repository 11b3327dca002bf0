/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "container/container.h"

static void the_machine_itself_has_no_root(void **state)
{
	static const char *const roots[] = { NULL, "", "/", "///" };

	(void)state;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		struct paths paths;

		assert_int_equal(paths_init(&paths, roots[i], NULL), 0);
		assert_string_equal(paths.definitions, "/etc/nixos-containers");
		assert_string_equal(paths.state, "/var/lib/nixctr-net");
		assert_string_equal(paths.namespaces, "/run/netns");
	}
}

static void every_path_is_below_the_root(void **state)
{
	struct paths paths;

	(void)state;
	assert_int_equal(paths_init(&paths, "/mnt/image/", NULL), 0);
	assert_string_equal(paths.definitions, "/mnt/image/etc/nixos-containers");
	assert_string_equal(paths.settings, "/mnt/image/etc/nixctr-net");
	assert_string_equal(paths.state, "/mnt/image/var/lib/nixctr-net");
	assert_string_equal(paths.containers, "/mnt/image/var/lib/nixos-containers");
	assert_string_equal(paths.runtime, "/mnt/image/run/nixctr-net");
	assert_string_equal(paths.networks, "/mnt/image/run/nixctr-net/networks");
	assert_string_equal(paths.namespaces, "/mnt/image/run/netns");
	assert_string_equal(paths.locks, "/mnt/image/run/lock");
	assert_string_equal(paths.machine_id, "/mnt/image/etc/machine-id");
}

static void a_relative_or_endless_root_is_refused(void **state)
{
	struct paths paths = { .root = "kept" };
	char endless[1000];

	(void)state;
	assert_int_equal(paths_init(&paths, "mnt", NULL), -EINVAL);
	memset(endless, 'x', sizeof(endless) - 1);
	endless[0] = '/';
	endless[sizeof(endless) - 1] = '\0';
	assert_int_equal(paths_init(&paths, endless, NULL), -EINVAL);
	assert_string_equal(paths.root, "kept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_itself_has_no_root),
		cmocka_unit_test(every_path_is_below_the_root),
		cmocka_unit_test(a_relative_or_endless_root_is_refused),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
