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
	assert_int_equal(settings.wanted.n_external, 0);
}

static void later_files_win(void **state)
{
	static const char first[] = "[nat]\nenable = yes\nexternal = eth0, eth1\nexternal=eth2\n";
	const struct tree *tree = *state;
	struct settings settings;

	tree_write(tree->paths.settings, "nixctr-net.conf", first, strlen(first));
	assert_int_equal(settings_read(&tree->paths, &settings, NULL), 0);
	assert_true(settings.nat);
	assert_int_equal(settings.wanted.n_external, 3);
	drop_in(tree, "90-b.conf", "[nat]\nexternal = wlan0\n");
	drop_in(tree, "10-a.conf", "[nat]\nexternal = auto\n");
	drop_in(tree, "95-c.txt", "[nat]\nenable = no\n");
	drop_in(tree, ".96-d.conf", "[nat]\nenable = no\n");
	assert_int_equal(settings_read(&tree->paths, &settings, NULL), 0);
	assert_true(settings.nat);
	assert_false(settings.external_auto);
	assert_int_equal(settings.wanted.n_external, 1);
	assert_string_equal(settings.wanted.external[0], "wlan0");
}

static void what_is_written_is_read(void **state)
{
	const struct tree *tree = *state;
	struct settings settings = { .nat = true, .external_auto = true }, back;

	assert_int_equal(nat_spec_add(&settings.wanted, "eth0", NULL), 1);
	assert_int_equal(nat_spec_add(&settings.wanted, "wlan0", NULL), 1);
	assert_int_equal(settings_write_nat(&tree->paths, &settings, NULL), 0);
	assert_int_equal(settings_read(&tree->paths, &back, NULL), 0);
	assert_true(settings_equal(&back, &settings));
}

/* An empty line of a drop-in takes back what an earlier file said, and what is written says all. */
static void lists_replace_each_other(void **state)
{
	static const char first[] = "[nat]\nenable = yes\nexternal = eth0 wl+\n"
				    "internal = 192.168.7.0/24, fd00:7::/64\ninternal=10.9.0.1\n"
				    "source = 198.51.100.1\nsource6 = 2001:db8::1\n";
	const struct tree *tree = *state;
	struct settings settings = { .nat = true }, back;

	tree_write(tree->paths.settings, "nixctr-net.conf", first, strlen(first));
	assert_int_equal(settings_read(&tree->paths, &back, NULL), 0);
	assert_string_equal(back.wanted.external[1], "wl*");
	assert_int_equal(back.wanted.n_internal, 3);
	assert_int_equal(back.wanted.address4.family, AF_INET);
	assert_int_equal(back.wanted.address6.family, AF_INET6);
	assert_int_equal(nat_spec_add(&settings.wanted, "eth0", NULL), 1);
	assert_int_equal(settings_write_nat(&tree->paths, &settings, NULL), 0);
	assert_int_equal(settings_read(&tree->paths, &back, NULL), 0);
	assert_true(settings_equal(&back, &settings));
	assert_int_equal(back.wanted.n_internal, 0);
	assert_false(addr_is_set(&back.wanted.address4));
	assert_false(addr_is_set(&back.wanted.address6));
	assert_int_equal(nat_spec_add(&settings.wanted, "wl*", NULL), 1);
	assert_int_equal(nat_spec_add_internal(&settings.wanted, "fd00:8::/64", NULL), 1);
	assert_int_equal(nat_spec_set_address(&settings.wanted, "2001:db8::2", AF_UNSPEC, NULL), 1);
	assert_int_equal(settings_write_nat(&tree->paths, &settings, NULL), 0);
	assert_int_equal(settings_read(&tree->paths, &back, NULL), 0);
	assert_true(settings_equal(&back, &settings));
	assert_int_equal(back.wanted.n_internal, 1);
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
		{ "[nat]\nexternal = ve*\n", "line 2: link ve* cannot" },
		{ "[nat]\ninternal = 192.168.7.1/24\n", "line 2: '192.168.7.1/24' cannot" },
		{ "[nat]\ninternal = 10.0.0.0/8\ninternal = 10.1.0.0/16\n",
		  "line 3: '10.1.0.0/16'" },
		{ "[nat]\ninternal = 10.0.0.0/8 # the LAN\n", "line 2: a comment" },
		{ "[nat]\nsource = 2001:db8::1\n",
		  "line 2: '2001:db8::1' is not an address of IPv4" },
		{ "[nat]\nsource6 = 192.0.2.1\n", "line 2: '192.0.2.1' is not an address of IPv6" },
		{ "[nat]\nsource = 192.0.2.1, 192.0.2.2\n", "line 2: '192.0.2.2' is a second" },
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

/* [ipam]: numbers, and nothing else where one belongs. */
static void the_book_has_numbers(void **state)
{
	static const char *const wrong[] = { "cooldown = soon",
					     "cooldown = -1",
					     "cooldown = 5 minutes",
					     "history = 1e9",
					     "history = 10000001",
					     "history-days =",
					     "cooldown = 99999999999999999999" };
	static const char right[] = "[ipam]\ncooldown = 0\nhistory = 50\nhistory-days = 7\n";
	const struct tree *tree = *state;
	struct settings settings;
	struct error e;
	char text[64];

	assert_int_equal(settings_read(&tree->paths, &settings, NULL), 0);
	assert_int_equal(settings.cooldown, 60);
	assert_int_equal(settings.history_rows, 100000);
	assert_int_equal(settings.history_days, 0);
	tree_write(tree->paths.settings, "nixctr-net.conf", right, strlen(right));
	assert_int_equal(settings_read(&tree->paths, &settings, NULL), 0);
	assert_int_equal(settings.cooldown, 0);
	assert_int_equal(settings.history_rows, 50);
	assert_int_equal(settings.history_days, 7);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		(void)path_format(text, sizeof(text), NULL, "[ipam]\n%s\n", wrong[i]);
		tree_write(tree->paths.settings, "nixctr-net.conf", text, strlen(text));
		if (settings_read(&tree->paths, &settings, &e) != -EINVAL)
			fail_msg("%s", wrong[i]);
		assert_non_null(strstr(e.text, "line 2: [ipam] "));
		assert_non_null(strstr(e.text, "not a number of "));
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
		TREE_TEST(lists_replace_each_other),
		TREE_TEST(a_file_that_overrides_ours_is_reported),
		TREE_TEST(mistakes_name_file_and_line),
		TREE_TEST(the_book_has_numbers),
		TREE_TEST(nul_bytes_and_directories_are_named_errors),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
