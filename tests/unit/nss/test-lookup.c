/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "nss/nss.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Where the links of a test are. */
struct fixture {
	char runtime[64];
	struct nss_place place;
};

/* A path below it; good until the next call. */
static const char *below(const struct fixture *fixture, const char *path)
{
	static char whole[4096];

	(void)snprintf(whole, sizeof(whole), "%s%s", fixture->runtime, path);
	return whole;
}

/* Makes a link below it. */
static void link_make(const struct fixture *fixture, const char *path, const char *text)
{
	(void)unlink(below(fixture, path));
	assert_int_equal(symlink(text, below(fixture, path)), 0);
}

static int setup(void **state)
{
	static const char *const directories[] = { "", "/names", "/names/by-name",
						   "/names/by-address" };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)snprintf(fixture->runtime, sizeof(fixture->runtime), "/tmp/nss-lookup-XXXXXX");
	assert_non_null(mkdtemp(fixture->runtime));
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		(void)mkdir(below(fixture, directories[i]), 0700);
		assert_int_equal(chmod(below(fixture, directories[i]), 0755), 0);
	}
	fixture->place = (struct nss_place){ fixture->runtime, geteuid() };
	link_make(fixture, "/names/by-name/foo", "10.233.1.2 fd00::2");
	link_make(fixture, "/names/by-address/10.233.1.2", "foo");
	link_make(fixture, "/names/by-address/fd00::2", "foo");
	*state = fixture;
	return 0;
}

/* Removes one file or directory, for nftw(). */
static int forget(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(nftw(fixture->runtime, forget, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(fixture);
	return 0;
}

static void test_names(void **state)
{
	static const char *const names[] = {
		"foo", "foo.", "foo.containers", "foo.containers.", "FOO", "Foo.Containers"
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct nss_entry entry = { .count = 0 };
		char text[INET6_ADDRSTRLEN];

		assert_int_equal(nss_find_name(&fixture->place, names[i], &entry), 1);
		assert_string_equal(entry.name, "foo");
		assert_int_equal(entry.count, 2);
		assert_string_equal(
			inet_ntop(AF_INET, entry.addresses[0].bytes, text, sizeof(text)),
			"10.233.1.2");
		assert_string_equal(
			inet_ntop(AF_INET6, entry.addresses[1].bytes, text, sizeof(text)),
			"fd00::2");
	}
}

static void test_domain_comes_first(void **state)
{
	const struct fixture *fixture = *state;
	struct nss_entry entry;

	link_make(fixture, "/names/by-name/foo.containers", "10.233.9.2");
	assert_int_equal(nss_find_name(&fixture->place, "foo.containers", &entry), 1);
	assert_string_equal(entry.name, "foo");
	assert_int_equal(unlink(below(fixture, "/names/by-name/foo")), 0);
	assert_int_equal(nss_find_name(&fixture->place, "foo.containers", &entry), 1);
	assert_string_equal(entry.name, "foo.containers");
}

static void test_names_that_lead_elsewhere(void **state)
{
	static const char *const names[] = { "",
					     "bar",
					     ".",
					     "..",
					     "../foo",
					     "./foo",
					     "a/../foo",
					     "/foo",
					     "foo/",
					     ".foo",
					     "foo..",
					     "foo.containers.x",
					     ".containers",
					     "containers",
					     "f\303\266o",
					     "foo bar",
					     "foo\n",
					     "-foo",
					     "foo\x01" };
	const struct fixture *fixture = *state;
	char name[4096];
	struct nss_entry entry;

	link_make(fixture, "/names/by-name/.foo", "10.233.1.2");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(nss_find_name(&fixture->place, names[i], &entry), 0);
	for (size_t length = 60; length < sizeof(name); length += length < 90 ? 1 : 500) {
		memset(name, 'x', length);
		name[length] = '\0';
		assert_int_equal(nss_find_name(&fixture->place, name, &entry), 0);
	}
}

static void test_longest_name(void **state)
{
	const struct fixture *fixture = *state;
	char path[128], name[NSS_NAME_MAX + 12];
	struct nss_entry entry;

	memset(name, 'x', NSS_NAME_MAX - 1);
	name[NSS_NAME_MAX - 1] = '\0';
	(void)snprintf(path, sizeof(path), "/names/by-name/%.63s", name);
	link_make(fixture, path, "10.233.1.2");
	assert_int_equal(nss_find_name(&fixture->place, name, &entry), 1);
	memcpy(name + NSS_NAME_MAX - 1, ".containers", sizeof(".containers"));
	assert_int_equal(nss_find_name(&fixture->place, name, &entry), 1);
	assert_int_equal(strlen(entry.name), NSS_NAME_MAX - 1);
}

static void test_hostile_texts(void **state)
{
	static const char *const texts[] = {
		" ",
		"x",
		"10.233.1",
		"10.233.1.2 ",
		" 10.233.1.2",
		"10.233.1.2  10.233.1.3",
		"10.233.1.2\n",
		"300.1.1.1",
		"fd00::2%eth0",
		"fd00::2/64",
		"/etc/passwd",
		"10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5",
		"10.233.1.2\t10.233.1.3",
		"00000000000000000000000000000000000000000000000000000010.0.0.1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999"
	};
	const struct fixture *fixture = *state;
	struct nss_entry entry = { .count = 7 };
	char text[4000];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_false(nss_entry_parse(texts[i], &entry));
		link_make(fixture, "/names/by-name/foo", texts[i]);
		assert_int_equal(nss_find_name(&fixture->place, "foo", &entry), 0);
	}
	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "10.233.1.2", 10);
	link_make(fixture, "/names/by-name/foo", text);
	assert_int_equal(nss_find_name(&fixture->place, "foo", &entry), 0);
	assert_false(nss_entry_parse("", &entry));
	assert_int_equal(entry.count, 7);
}

static void test_what_is_no_link(void **state)
{
	const struct fixture *fixture = *state;
	struct nss_entry entry;

	assert_int_equal(unlink(below(fixture, "/names/by-name/foo")), 0);
	assert_int_equal(mkfifo(below(fixture, "/names/by-name/foo"), 0644), 0);
	assert_int_equal(nss_find_name(&fixture->place, "foo", &entry), 0);
}

static void test_addresses(void **state)
{
	const struct fixture *fixture = *state;
	struct nss_address v4 = { .family = AF_INET, .bytes = { 10, 233, 1, 2 } };
	struct nss_address v6 = { .family = AF_INET6, .bytes = { 0xfd, [15] = 2 } };
	struct nss_entry entry;

	assert_int_equal(nss_find_address(&fixture->place, &v4, &entry), 1);
	assert_string_equal(entry.name, "foo");
	assert_int_equal(nss_find_address(&fixture->place, &v6, &entry), 1);
	v4.bytes[3] = 3;
	assert_int_equal(nss_find_address(&fixture->place, &v4, &entry), 0);
	link_make(fixture, "/names/by-address/10.233.1.3", "foo"); /* foo has it no more */
	assert_int_equal(nss_find_address(&fixture->place, &v4, &entry), 0);
	link_make(fixture, "/names/by-address/10.233.1.3", "../by-name/foo");
	assert_int_equal(nss_find_address(&fixture->place, &v4, &entry), 0);
}

static void test_places_of_others(void **state)
{
	static const char *const directories[] = { "", "/names", "/names/by-name" };
	const struct fixture *fixture = *state;
	struct nss_place stranger = fixture->place;
	struct nss_entry entry;

	stranger.owner++;
	assert_int_equal(nss_find_name(&stranger, "foo", &entry), 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		static const mode_t wrong[] = { 0775, 0757, 01777 };
		const char *path = below(fixture, directories[i]);

		for (size_t j = 0; j < ARRAY_SIZE(wrong); j++) {
			assert_int_equal(chmod(path, wrong[j]), 0);
			assert_int_equal(nss_find_name(&fixture->place, "foo", &entry), 0);
		}
		assert_int_equal(chmod(path, 0755), 0);
		assert_int_equal(nss_find_name(&fixture->place, "foo", &entry), 1);
	}
}

static void test_linked_directory(void **state)
{
	const struct fixture *fixture = *state;
	struct nss_entry entry;
	char was[128];

	(void)snprintf(was, sizeof(was), "%s/names/by-name", fixture->runtime);
	assert_int_equal(rename(was, below(fixture, "/elsewhere")), 0);
	link_make(fixture, "/names/by-name", "../elsewhere");
	assert_int_equal(nss_find_name(&fixture->place, "foo", &entry), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_domain_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_that_lead_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_linked_directory, setup, teardown),
	};

	return cmocka_run_group_tests_name("nss-lookup", tests, NULL, NULL);
}
