/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define PAGE   ((size_t)4096)
#define LEASES 200
#define TRIES  400

/* A good book as bytes, to be damaged again and again. */
struct original {
	char *bytes;
	size_t size;
};

/**
 * original_read - make a book with some leases and take its bytes
 * @fixture: the book
 */
static struct original original_read(struct fixture *fixture)
{
	struct original original;
	char name[32];

	for (int i = 0; i < LEASES; i++) {
		(void)snprintf(name, sizeof(name), "c%03d", i);
		assert_int_equal(fixture_automatic(fixture, name, NULL), 1);
	}
	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	assert_int_equal(file_read(fixture->path, 1 << 24, &original.bytes, &original.size, NULL),
			 0);
	assert_true(original.size >= 8 * PAGE);
	return original;
}

/**
 * book_write - put bytes where the book is
 * @fixture: the book
 * @bytes, @size: its new content
 */
static void book_write(const struct fixture *fixture, const char *bytes, size_t size)
{
	assert_int_equal(file_replace(fixture->path, bytes, size, 0600, NULL), 0);
}

/**
 * book_use - do everything there is to do with a book that may be damaged
 * @fixture: the book
 *
 * Fails the test when an error has no text. Returns 0, or the first error.
 */
static int book_use(struct fixture *fixture)
{
	_cleanup_(freep) struct ipam_lease *leases = NULL;
	_cleanup_(freep) struct ipam_usage *usage = NULL;
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct ipam_lease request = request_make("new", NULL, NULL), lease;
	size_t count;
	int r;

	fixture->e = ERROR_INIT;
	r = ipam_open(fixture->path, IPAM_WRITE, &ipam, &fixture->e);
	if (r == 0)
		r = ipam_list(ipam, &leases, &count, &fixture->e);
	if (r == 0)
		r = ipam_usage(ipam, &usage, &count, &fixture->e);
	if (r >= 0)
		r = ipam_lease(ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e);
	if (r >= 0)
		r = ipam_release(ipam, "c100", "", &fixture->e);
	if (r < 0 && (!fixture->e.text[0] || fixture->e.number != -r))
		fail_msg("%d without a reason", r);
	return r < 0 ? r : 0;
}

static void test_random_bytes(void **state)
{
	struct fixture *fixture = *state;
	char bytes[3 * PAGE];

	ipam_close(fixture->ipam);
	fixture->ipam = NULL;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)random();
	for (size_t size = 2; size <= sizeof(bytes); size += 1111) {
		book_write(fixture, bytes, size);
		assert_int_equal(book_use(fixture), -EUCLEAN);
		assert_error(fixture, ERROR_FAILED, "ipam.db is not a nixctr-net address book",
			     "backup");
	}
}

static void test_truncated(void **state)
{
	struct fixture *fixture = *state;
	struct original original = original_read(fixture);

	for (size_t size = PAGE; size < original.size; size += PAGE) {
		book_write(fixture, original.bytes, size);
		assert_int_equal(book_use(fixture), -EUCLEAN);
		assert_error(fixture, ERROR_FAILED, "is damaged", "restore");
	}
	book_write(fixture, original.bytes, original.size);
	assert_int_equal(book_use(fixture), 0);
	free(original.bytes);
}

/* Whole pages of noise, which no header tells of: an error or an answer, never a crash. */
static void test_noise(void **state)
{
	struct fixture *fixture = *state;
	struct original original = original_read(fixture);
	_cleanup_(freep) char *bytes = malloc(original.size);
	int failed = 0;

	assert_non_null(bytes);
	for (int try = 0; try < TRIES; try++) {
		size_t at = PAGE + (size_t)random() % (original.size - PAGE);
		size_t length = try % 2 ? 1 : PAGE;

		memcpy(bytes, original.bytes, original.size);
		for (size_t i = at; i < original.size && i < at + length; i++)
			bytes[i] = (char)random();
		book_write(fixture, bytes, original.size);
		failed += book_use(fixture) < 0;
	}
	assert_in_range(failed, TRIES / 4, TRIES);
	free(original.bytes);
}

/* Values no version of the program writes, in a file that is sound as such. */
static void test_wrong_values(void **state)
{
	static const char *const sql[] = {
		"UPDATE pool SET rover = capacity",
		"UPDATE lease SET name = printf('%.*c', 64, 'x') WHERE name = 'c007'",
		"UPDATE lease SET mac = x'0000' WHERE name = 'c007'",
		"UPDATE lease SET host4 = x'0ae9' WHERE name = 'c000'",
		"UPDATE lease SET boot = x'00' WHERE name = 'c007'",
		"UPDATE pool SET ranges = '7'",
		"UPDATE pool SET ranges = '1-2'",
		"UPDATE pool SET network = x''",
	};
	struct fixture *fixture = *state;
	struct original original = original_read(fixture);
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(sql); i++) {
		book_write(fixture, original.bytes, original.size);
		(void)snprintf(
			text, sizeof(text),
			"PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; %s",
			sql[i]);
		fixture_sql(fixture, text);
		assert_int_equal(book_use(fixture), -EUCLEAN);
		assert_error(fixture, ERROR_FAILED, "is damaged: ", "restore");
	}
	free(original.bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random_bytes),
		TEST(test_truncated),
		TEST(test_noise),
		TEST(test_wrong_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
