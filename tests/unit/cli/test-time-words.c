/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/time-words.h"

#define NOW INT64_C(1800000000)

static void what_is_a_time(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} times[] = {
		{ "0s", NOW },
		{ "90s", NOW - 90 },
		{ "5m", NOW - 300 },
		{ "2h", NOW - 7200 },
		{ "7d", NOW - 604800 },
		{ "1w", NOW - 604800 },
		{ "@0", 0 },
		{ "@1769860800", 1769860800 },
		{ "2026-01-31", 1769817600 },
		{ "2026-01-31T12:00", 1769860800 },
		{ "2026-01-31 12:00", 1769860800 },
		{ "2026-01-31T12:00:05Z", 1769860805 },
		{ "2026-01-31 12:00:05", 1769860805 },
	};
	int64_t time;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		if (time_parse(times[i].text, NOW, &time, NULL) < 0)
			fail_msg("%s", times[i].text);
		assert_int_equal(time, times[i].time);
	}
}

static void what_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"d",
		"5",
		"5y",
		"-5d",
		"5dd",
		"@",
		"@x",
		"@-1",
		"2026",
		"2026-13-01",
		"2026-01-31T",
		"noon",
		"2026-01-31T25:00",
		"9999999999d",
		"2026-01-31Zx",
		"@99999999999999",
	};
	struct error e;
	int64_t time = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (time_parse(texts[i], NOW, &time, &e) != -EINVAL)
			fail_msg("%s", texts[i]);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.remedy, "2026-01-31"));
	}
	assert_int_equal(time, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_a_time),
		cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
