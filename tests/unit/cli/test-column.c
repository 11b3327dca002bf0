/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "cli/column.h"

/* A row with a field of each kind. */
struct row {
	char text[8];
	struct addr addr;
	struct prefix prefix;
	struct mac mac;
	bool flag;
	uint32_t count, percent;
	uint64_t bytes;
	int64_t time;
};

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, offsetof(struct row, text), true, "text" },
	{ "HOST-ADDRESS", COLUMN_ADDR, offsetof(struct row, addr), true, "address" },
	{ "NET", COLUMN_PREFIX, offsetof(struct row, prefix), false, "prefix" },
	{ "MAC", COLUMN_MAC, offsetof(struct row, mac), false, "mac" },
	{ "FLAG", COLUMN_FLAG, offsetof(struct row, flag), false, "flag" },
	{ "COUNT", COLUMN_COUNT, offsetof(struct row, count), false, "count" },
	{ "USED", COLUMN_PERCENT, offsetof(struct row, percent), false, "percent" },
	{ "SIZE", COLUMN_BYTES, offsetof(struct row, bytes), false, "bytes" },
	{ "SINCE", COLUMN_TIME, offsetof(struct row, time), false, "time" },
};

static const struct listing listing = {
	.key = "rows",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct row),
};

/**
 * values_are_text - each kind in its own form
 * @state: not used
 */
static void values_are_text(void **state)
{
	static const char *const expected[] = {
		"foo", "10.233.1.1", "fd00::/64", "02:00:00:00:00:01",   "yes",
		"7",   "12%",        "1.5K",      "1970-01-02T00:00:00Z"
	};
	struct row row = {
		.text = "foo", .flag = true, .count = 7, .percent = 12, .bytes = 1536, .time = 86400
	};
	char cell[COLUMN_CELL];

	(void)state;
	assert_int_equal(addr_parse("10.233.1.1", &row.addr, NULL), 0);
	assert_int_equal(prefix_parse("fd00::/64", &row.prefix, NULL), 0);
	assert_int_equal(mac_parse("02:00:00:00:00:01", &row.mac, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		assert_string_equal(column_text(&columns[i], &row, cell), expected[i]);
}

/**
 * missing_values_are_empty - not "none", which a script would take for a value
 * @state: not used
 */
static void missing_values_are_empty(void **state)
{
	const struct row row = { .count = 0 };
	char cell[COLUMN_CELL];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(column_text(&columns[i], &row, cell), "");
	assert_string_equal(column_text(&columns[ARRAY_SIZE(columns) - 1], &row, cell), "");
}

/**
 * values_have_tones - what works, what is on its way or nearly full, and what does not work
 * @state: not used
 */
static void values_have_tones(void **state)
{
	const struct column word = { "X", COLUMN_WORD, offsetof(struct row, text), COLUMN_KEPT,
				     "" };
	const struct column faults = { "X", COLUMN_FAULTS, offsetof(struct row, count), COLUMN_KEPT,
				       "" };
	const struct column percent = { "X", COLUMN_PERCENT, offsetof(struct row, percent),
					COLUMN_KEPT, "" };

	(void)state;
	assert_int_equal(column_tone(&word, &(struct row){ .text = "up" }), TONE_GOOD);
	assert_int_equal(column_tone(&word, &(struct row){ .text = "starting" }), TONE_WARN);
	assert_int_equal(column_tone(&word, &(struct row){ .text = "broken" }), TONE_BAD);
	assert_int_equal(column_tone(&word, &(struct row){ .text = "down" }), TONE_PLAIN);
	assert_int_equal(column_tone(&faults, &(struct row){ .count = 0 }), TONE_PLAIN);
	assert_int_equal(column_tone(&faults, &(struct row){ .count = 1 }), TONE_BAD);
	assert_int_equal(column_tone(&percent, &(struct row){ .percent = 89 }), TONE_PLAIN);
	assert_int_equal(column_tone(&percent, &(struct row){ .percent = 90 }), TONE_WARN);
	assert_int_equal(column_tone(&percent, &(struct row){ .percent = 100 }), TONE_BAD);
}

/**
 * columns_are_chosen - by heading or key, in any case and order
 * @state: not used
 */
static void columns_are_chosen(void **state)
{
	const struct option_list names = { .values = { "size", "host_address", "Host-Address" },
					   .count = 3 };
	struct selection selection;

	(void)state;
	assert_int_equal(selection_make(&listing, &names, SELECT_STANDARD, &selection, NULL), 0);
	assert_int_equal(selection.count, 3);
	assert_ptr_equal(selection.columns[0], &columns[7]);
	assert_ptr_equal(selection.columns[1], &columns[1]);
	assert_ptr_equal(selection.columns[2], &columns[1]);
}

/**
 * columns_have_defaults - the usual ones, or all
 * @state: not used
 */
static void columns_have_defaults(void **state)
{
	const struct option_list none = { .count = 0 };
	struct selection selection;

	(void)state;
	assert_int_equal(selection_make(&listing, &none, SELECT_STANDARD, &selection, NULL), 0);
	assert_int_equal(selection.count, 2);
	assert_int_equal(selection_make(&listing, NULL, SELECT_ALL, &selection, NULL), 0);
	assert_int_equal(selection.count, ARRAY_SIZE(columns));
}

/**
 * unknown_columns_are_named - with the one that was perhaps meant
 * @state: not used
 */
static void unknown_columns_are_named(void **state)
{
	struct option_list names = { .values = { "nmae" }, .count = 1 };
	struct selection selection;
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(selection_make(&listing, &names, SELECT_ALL, &selection, &e), -EINVAL);
	assert_int_equal(e.class, ERROR_USAGE);
	assert_string_equal(e.text, "there is no column 'nmae'; did you mean 'NAME'?");
	names.values[0] = "frobnicate";
	assert_int_equal(selection_make(&listing, &names, SELECT_ALL, &selection, &e), -EINVAL);
	assert_string_equal(e.text, "there is no column 'frobnicate'; --help names them");
}

/**
 * columns_are_limited - instead of written past their end
 * @state: not used
 */
static void columns_are_limited(void **state)
{
	struct option_list names = { .count = COLUMNS_MAX };
	struct selection selection;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names.values); i++)
		names.values[i] = "name";
	assert_int_equal(selection_make(&listing, &names, SELECT_ALL, &selection, NULL), 0);
	names.count++;
	assert_int_equal(selection_make(&listing, &names, SELECT_ALL, &selection, NULL), -E2BIG);
}

/**
 * keys_are_snake_case - whatever the heading
 * @state: not used
 */
static void keys_are_snake_case(void **state)
{
	char key[32];

	(void)state;
	assert_string_equal(column_key(&columns[1], key), "host_address");
}

/**
 * main - run the tests of cli/column.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_text),
		cmocka_unit_test(missing_values_are_empty),
		cmocka_unit_test(values_have_tones),
		cmocka_unit_test(columns_are_chosen),
		cmocka_unit_test(columns_have_defaults),
		cmocka_unit_test(unknown_columns_are_named),
		cmocka_unit_test(columns_are_limited),
		cmocka_unit_test(keys_are_snake_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
