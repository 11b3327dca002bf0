/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/json.h"

/* A row with a field of each kind that has its own form in JSON. */
struct row {
	char text[8];
	struct addr addr;
	bool flag;
	uint32_t count;
	uint64_t bytes;
	int64_t time;
};

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, offsetof(struct row, text), true, "text" },
	{ "HOST-ADDRESS", COLUMN_ADDR, offsetof(struct row, addr), true, "address" },
	{ "FLAG", COLUMN_FLAG, offsetof(struct row, flag), true, "flag" },
	{ "COUNT", COLUMN_COUNT, offsetof(struct row, count), true, "count" },
	{ "SIZE", COLUMN_BYTES, offsetof(struct row, bytes), true, "bytes" },
	{ "SINCE", COLUMN_TIME, offsetof(struct row, time), true, "time" },
};

static const struct listing listing = {
	.key = "rows",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct row),
};

/**
 * expect_json - check a value, and end it
 * @value: taken
 * @text: what it should be
 */
static void expect_json(json_t *value, const char *text)
{
	char *dump;

	assert_non_null(value);
	dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_non_null(dump);
	assert_string_equal(dump, text);
	free(dump);
	json_decref(value);
}

/**
 * rows_have_typed_values - numbers as numbers, what is not there as null
 * @state: not used
 */
static void rows_have_typed_values(void **state)
{
	struct row rows[2] = {
		{ .text = "foo", .flag = true, .count = 7, .bytes = 1536, .time = 86400 }
	};
	struct selection selection;

	(void)state;
	assert_int_equal(selection_make(&listing, NULL, SELECT_ALL, &selection, NULL), 0);
	assert_int_equal(addr_parse("10.233.1.1", &rows[0].addr, NULL), 0);
	expect_json(json_rows(&listing, &selection, rows, 2),
		    "[{\"name\":\"foo\",\"host_address\":\"10.233.1.1\",\"flag\":true,"
		    "\"count\":7,\"size\":1536,\"since\":\"1970-01-02T00:00:00Z\"},"
		    "{\"name\":null,\"host_address\":null,\"flag\":false,"
		    "\"count\":0,\"size\":0,\"since\":null}]");
	expect_json(json_rows(&listing, &selection, rows, 0), "[]");
}

/**
 * text_need_not_be_utf8 - what is not is escaped
 * @state: not used
 */
static void text_need_not_be_utf8(void **state)
{
	(void)state;
	expect_json(json_text(""), "null");
	expect_json(json_text("a\nb"), "\"a\\nb\"");
	expect_json(json_text("a\xff"), "\"a\\\\xff\"");
}

/**
 * errors_have_every_field - named and typed
 * @state: not used
 */
static void errors_have_every_field(void **state)
{
	struct session session = { .program = "x" };
	struct error e = ERROR_INIT;

	(void)state;
	(void)error_set_at(&e, "../cli/x.c", 3, ERROR_EXHAUSTED, 28, "pool is full");
	expect_json(json_error(&session, &e),
		    "{\"class\":\"exhausted\",\"code\":5,\"errno\":28,\"text\":\"pool is full\","
		    "\"kernel\":null,\"attribute\":null,\"remedy\":null,\"log\":[]}");
	session.debug = true;
	(void)error_remedy(&e, -28, "destroy one");
	expect_json(json_error(&session, &e),
		    "{\"class\":\"exhausted\",\"code\":5,\"errno\":28,\"text\":\"pool is full\","
		    "\"kernel\":null,\"attribute\":null,\"remedy\":\"destroy one\",\"log\":[],"
		    "\"origin\":\"cli/x.c:3\"}");
}

/**
 * lines_are_strings - taken out of char arrays
 * @state: not used
 */
static void lines_are_strings(void **state)
{
	static const char lines[2][8] = { "one", "two" };

	(void)state;
	expect_json(json_lines(lines[0], sizeof(lines[0]), 2), "[\"one\",\"two\"]");
}

/**
 * missing_memory_is_an_error - a value that could not be made is reported once, at the end
 * @state: not used
 */
static void missing_memory_is_an_error(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	assert_true(json_print(json_pack("{s:o}", "a", NULL), &e) < 0);
	assert_int_equal(e.class, ERROR_FAILED);
}

/**
 * main - run the tests of cli/json.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_have_typed_values),
		cmocka_unit_test(text_need_not_be_utf8),
		cmocka_unit_test(errors_have_every_field),
		cmocka_unit_test(lines_are_strings),
		cmocka_unit_test(missing_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
