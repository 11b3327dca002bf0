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
#include "tree.h"

/* Writes a file of conf.d. */
static void drop_in(const struct tree *tree, const char *name, const char *text)
{
	char path[400];

	assert_int_equal(path_format(path, sizeof(path), NULL, "%s/conf.d", tree->paths.settings),
			 0);
	tree_write(path, name, text, strlen(text));
}

static void without_files_nat_is_off(void **state)
{
	const struct tree *tree = *state;
	struct settings settings = { .nat = true };

	assert_int_equal(settings_read(&tree->paths, &settings, NULL), 0);
	assert_false(settings.nat);
	assert_false(settings.external_auto);
	assert_int_equal(settings.external.n_external, 0);
}

static void later_files_win(void **state)
{
	static const char first[] = "[nat]\nenable = yes\nexternal = eth0, eth1\nexternal=eth2\n";
	const struct tree *tree = *state;
	struct settings settings;

	tree_write(tree->paths.settings, "nixctr-net.conf", first, strlen(first));
	assert_int_equal(settings_read(&tree->paths, &settings, NULL), 0);
	assert_true(settings.nat);
	assert_int_equal(settings.external.n_external, 3);
	drop_in(tree, "90-b.conf", "[nat]\nexternal = wlan0\n");
	drop_in(tree, "10-a.conf", "[nat]\nexternal = auto\n");
	drop_in(tree, "95-c.txt", "[nat]\nenable = no\n");
	drop_in(tree, ".96-d.conf", "[nat]\nenable = no\n");
	assert_int_equal(settings_read(&tree->paths, &settings, NULL), 0);
	assert_true(settings.nat);
	assert_false(settings.external_auto);
	assert_int_equal(settings.external.n_external, 1);
	assert_string_equal(settings.external.external[0], "wlan0");
}

static void what_is_written_is_read(void **state)
{
	const struct tree *tree = *state;
	struct settings settings = { .nat = true, .external_auto = true }, back;

	assert_int_equal(nat_spec_add(&settings.external, "eth0", NULL), 1);
	assert_int_equal(nat_spec_add(&settings.external, "wlan0", NULL), 1);
	assert_int_equal(settings_write_nat(&tree->paths, &settings, NULL), 0);
	assert_int_equal(settings_read(&tree->paths, &back, NULL), 0);
	assert_true(settings_equal(&back, &settings));
}

static void a_file_that_overrides_ours_is_reported(void **state)
{
	const struct tree *tree = *state;
	struct settings settings = { .nat = true, .external_auto = true };
	struct error e = ERROR_INIT;

	drop_in(tree, "99-admin.conf", "[nat]\nenable = no\n");
	assert_int_equal(settings_write_nat(&tree->paths, &settings, &e), -EEXIST);
	assert_int_equal(e.class, ERROR_CONFLICT);
	/* Once the other file is gone, nothing that was refused comes into force. */
	drop_in(tree, "99-admin.conf", "");
	assert_int_equal(settings_read(&tree->paths, &settings, &e), 0);
	assert_false(settings.nat);
}

static void mistakes_name_file_and_line(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "[nat]\nenable = maybe\n", "line 2: [nat] enable is 'maybe'" },
		{ "[nat]\n\nexternal = ve-foo\n", "line 3" },
		{ "[nat]\nexternal = a/b\n", "line 2" },
		{ "[nat]\nexternal = eth0 # the uplink\n", "line 2: a comment" },
		{ "[nat]\njunk\n", "line 2: neither" },
	};
	const struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings settings = { .external_auto = true };
		struct error e = ERROR_INIT;

		tree_write(tree->paths.settings, "nixctr-net.conf", cases[i].text,
			   strlen(cases[i].text));
		assert_true(settings_read(&tree->paths, &settings, &e) < 0);
		assert_non_null(strstr(e.text, "nixctr-net.conf"));
		assert_non_null(strstr(e.text, cases[i].error));
		assert_true(e.remedy[0]);
		assert_true(settings.external_auto);
	}
}

static void nul_bytes_and_directories_are_named_errors(void **state)
{
	const struct tree *tree = *state;
	struct settings settings;
	struct error e = ERROR_INIT;
	char path[400];

	tree_write(tree->paths.settings, "nixctr-net.conf", "[nat]\n\0\n", 8);
	assert_int_equal(settings_read(&tree->paths, &settings, &e), -EINVAL);
	assert_int_equal(
		path_format(path, sizeof(path), NULL, "%s/nixctr-net.conf", tree->paths.settings),
		0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(settings_read(&tree->paths, &settings, &e), -EISDIR);
	assert_non_null(strstr(e.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(without_files_nat_is_off),
		TREE_TEST(later_files_win),
		TREE_TEST(what_is_written_is_read),
		TREE_TEST(a_file_that_overrides_ours_is_reported),
		TREE_TEST(mistakes_name_file_and_line),
		TREE_TEST(nul_bytes_and_directories_are_named_errors),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
