/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "declare/declare.h"

static void settings_become_keys(void **state)
{
	static const struct {
		const char *text, *key, *value;
	} cases[] = {
		{ "autoStart=true", "AUTO_START", "1" },
		{ "AUTO_START=off", "AUTO_START", "0" },
		{ "pinned=false", "PINNED", "0" },
		{ "pinned=true", "PINNED", "" },
		{ "forwardPorts=80:8080 443", "HOST_PORT", "80:8080,443" },
		{ "linkedTo=bar,baz", "LINKED_TO", "bar baz" },
		{ "hostAddress=", "HOST_ADDRESS", "" },
		{ "extraVeths=db,host=10.0.0.1", "EXTRA_VETHS", "db,host=10.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(words_deinit) struct words assignments = { 0 };

		assert_int_equal(declared_setting(cases[i].text, &assignments, NULL), 0);
		assert_int_equal(assignments.count, 2);
		assert_string_equal(assignments.list[0], cases[i].key);
		assert_string_equal(assignments.list[1], cases[i].value);
	}
}

static void what_cannot_be_set_is_refused(void **state)
{
	static const struct {
		const char *text, *remedy;
	} cases[] = {
		{ "autoStart", "" },         { "=1", "" },
		{ "autoStart=maybe", "" },   { "hostAdress=1", "write hostAddress" },
		{ "APPLIED=/x", "" },        { "config=x", "" },
		{ "hostBridge=a\nB=c", "" }, { "timeoutStartSec=garbage", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(words_deinit) struct words assignments = { 0 };
		struct error e = ERROR_INIT;

		assert_true(declared_setting(cases[i].text, &assignments, &e) < 0);
		assert_true(e.class == ERROR_USAGE);
		if (cases[i].remedy[0])
			assert_string_equal(e.remedy, cases[i].remedy);
		assert_int_equal(assignments.count, 0);
	}
}

/**
 * main - run the tests of declare/setting.c
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_become_keys),
		cmocka_unit_test(what_cannot_be_set_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
