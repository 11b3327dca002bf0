/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/ports.h"

static void good_lists_are_read_and_written(void **state)
{
	static const struct {
		const char *text, *again;
	} cases[] = {
		{ "80", "tcp:80:80" },
		{ "8080:80", "tcp:8080:80" },
		{ "tcp:1:65535", "tcp:1:65535" },
		{ "udp:53", "udp:53:53" },
		{ "80,udp:80,443:8443", "tcp:80:80,udp:80:80,tcp:443:8443" },
		{ "80,tcp:80:80", "tcp:80:80" },
		{ "0080", "tcp:80:80" },
	};
	char text[PORTS_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ports ports = { 0 }, again = { 0 };

		assert_int_equal(ports_parse(&ports, cases[i].text, NULL), 0);
		assert_string_equal(ports_format(&ports, text), cases[i].again);
		assert_int_equal(ports_parse(&again, text, NULL), 0);
		assert_memory_equal(&ports, &again, sizeof(ports));
	}
}

static void bad_words_are_named(void **state)
{
	static const char *const cases[] = {
		"",
		"0",
		"65536",
		"99999",
		"100000000000000000000",
		":80",
		"80:",
		"80x",
		"tcp",
		"tcp:",
		"tcp80",
		"tcp::80",
		" 80",
		"80 ",
		"-1",
		"+80",
		"0x50",
		"sctp:80",
		"TCP:80",
		"1:2:3",
		"80,",
		",80",
		"80,,81",
		"80\n",
		"udp:tcp:80",
		"127.0.0.1:80:80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ports ports = { 0 };
		struct error e = ERROR_INIT;

		assert_int_equal(ports_parse(&ports, cases[i], &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, "publishes no port"));
		assert_true(e.remedy[0] != '\0');
	}
}

static void one_port_leads_to_one_place(void **state)
{
	struct ports ports = { 0 };
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(ports_parse(&ports, "80:1,udp:80:2,80:3", &e), -EINVAL);
	assert_non_null(strstr(e.text, "tcp port 80 is published twice, as 1 and 3"));
}

static void the_number_of_ports_is_bounded(void **state)
{
	struct ports ports = { 0 };
	struct error e = ERROR_INIT;
	char word[16], text[PORTS_TEXT];

	(void)state;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		(void)snprintf(word, sizeof(word), "udp:%u:65535", 65535 - i);
		assert_int_equal(ports_parse(&ports, word, NULL), 0);
	}
	assert_int_equal(ports_parse(&ports, "1", &e), -E2BIG);
	assert_non_null(strstr(e.text, "128"));
	assert_true(strlen(ports_format(&ports, text)) < sizeof(text) - 1);
	assert_non_null(strstr(text, "udp:65408:65535"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lists_are_read_and_written),
		cmocka_unit_test(bad_words_are_named),
		cmocka_unit_test(one_port_leads_to_one_place),
		cmocka_unit_test(the_number_of_ports_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
