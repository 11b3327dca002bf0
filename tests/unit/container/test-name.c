/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/container.h"

static void good_names_pass(void **state)
{
	static const char *const names[] = { "a",  "0",       "foo",         "a-b_c.d",
					     "Z9", "a.b.c.d", "web-server-1" };
	char longest[CONTAINER_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(name_check(names[i], NULL), 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(name_check(longest, NULL), 0);
}

static void bad_names_say_which_rule_they_break(void **state)
{
	static const struct {
		const char *name;
		const char *why;
	} cases[] = {
		{ "", "empty" },
		{ "-foo", "begin" },
		{ ".foo", "begin" },
		{ "_foo", "begin" },
		{ "..", "begin" },
		{ "a..b", "'..'" },
		{ "a/b", "allowed" },
		{ "a b", "allowed" },
		{ "foo\n", "allowed" },
		{ "f\001", "allowed" },
		{ "caf\xc3\xa9", "allowed" },
		{ "a:b", "allowed" },
		{ "0123456789012345678901234567890123456789012345678901234567890123", "63 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error e = ERROR_INIT;

		assert_int_equal(name_check(cases[i].name, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, cases[i].why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names_pass),
		cmocka_unit_test(bad_names_say_which_rule_they_break),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
