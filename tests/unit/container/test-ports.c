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
#include "container/definitions/ports.h"

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
		{ "8000-8010", "tcp:8000-8010:8000-8010" },
		{ "tcp:8000-8010:9000-9010", "tcp:8000-8010:9000-9010" },
		{ "80-80", "tcp:80:80" },
		{ "1-4096", "tcp:1-4096:1-4096" },
		{ "65535-65535:1-1", "tcp:65535:1" },
		{ "127.0.0.1:8080:80", "tcp:127.0.0.1:8080:80" },
		{ "udp:192.0.2.1:53", "udp:192.0.2.1:53:53" },
		{ "[2001:db8::1]:80", "tcp:[2001:db8::1]:80:80" },
		{ "udp:[::1]:8000-8001:80-81", "udp:[::1]:8000-8001:80-81" },
		{ "%eth0:8080:80", "tcp:%eth0:8080:80" },
		{ "192.0.2.1%eth0:80", "tcp:192.0.2.1%eth0:80:80" },
		{ "[2001:db8::1]%eth0:80", "tcp:[2001:db8::1]%eth0:80:80" },
		{ "%a-link.of-15-by:1", "tcp:%a-link.of-15-by:1:1" },
		{ "127.0.0.1:80,%eth0:80", "tcp:127.0.0.1:80:80,tcp:%eth0:80:80" },
		{ "127.0.0.1:80,192.0.2.1:80,[::1]:80", "tcp:127.0.0.1:80:80,tcp:192.0.2.1:80:80,"
							"tcp:[::1]:80:80" },
		{ "%eth0:80,%eth1:80,192.0.2.1%eth2:80",
		  "tcp:%eth0:80:80,tcp:%eth1:80:80,tcp:192.0.2.1%eth2:80:80" },
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

static const char *const bad_words[] = {
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
	"80-",
	"-80",
	"80-81-82",
	"0-80",
	"80-65536",
	"8010-8000",
	"8000-8010:9000-9005",
	"8000-8010:80",
	"80:8000-8010",
	"127.0.0.1",
	"127.0.0.1:",
	"127.0.0:80",
	"127.0.0.1.1:80",
	"300.1.1.1:80",
	"0.0.0.0:80",
	"255.255.255.255:80",
	"224.0.0.1:80",
	"169.254.1.1:80",
	"0.1.2.3:80",
	"[]:80",
	"[::]:80",
	"[fe80::1]:80",
	"[ff02::1]:80",
	"[2001:db8::1:80",
	"2001:db8::1:80",
	"::1:80",
	"[2001:db8::g]:80",
	"[2001:db8:1]:80",
	"[192.0.2.1]:80",
	"[2001:db8::1]80",
	"[2001:db8::1]",
	"[2001:db8::1%eth0]:80",
	"[2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:80",
	"%:80",
	"%eth0",
	"%eth0:",
	"%lo:80",
	"%a/b:80",
	"%a b:80",
	"%a-link-of-16-by:80:",
	"%a-link.of-16-byt:80",
	"127.0.0.1%eth0:80",
	"[::1]%eth0:80",
	"192.0.2.1%:80",
	"eth0:80",
	"%eth0:tcp:80",
	"192.0.2.1:udp:80",
};

static void bad_words_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_words); i++) {
		struct ports ports = { 0 };
		struct error e = ERROR_INIT;

		assert_int_equal(ports_parse(&ports, bad_words[i], &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, "publishes no port"));
		assert_true(e.remedy[0] != '\0');
	}
}

/* What is wrong is said, and what mends it. */
static void mistakes_have_their_own_words(void **state)
{
	static const struct {
		const char *word, *text, *remedy;
	} cases[] = {
		{ "0", "'0' is no port from 1 to 65535", "[tcp|udp:]" },
		{ "65536", "'65536' is no port from 1 to 65535", "[tcp|udp:]" },
		{ "8010-8000", "8010-8000 runs backwards", "write it as 8000-8010" },
		{ "8000-8010:9000-9005", "8000-8010 are 11 ports and 9000-9005 are 6",
		  "as many ports inside" },
		{ "2001:db8::1:80", "stands in brackets", "in brackets" },
		{ "[2001:db8::g]:80", "'2001:db8::g' is no IPv6 address", "in brackets" },
		{ "sctp:80", "'sctp' is neither tcp nor udp, nor an address", "[tcp|udp:]" },
		{ "localhost:80", "'localhost' is neither tcp nor udp", "ADDRESS" },
		{ "300.1.1.1:80", "'300.1.1.1' is no IPv4 address", "ADDRESS" },
		{ "[::]:80", ":: is any address", "leave ADDRESS out" },
		{ "%lo:80", "nobody calls through the loopback", "127.0.0.1 or [::1]" },
		{ "127.0.0.1%eth0:80", "called through no link", "leave %LINK out" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ports ports = { 0 };
		struct error e = ERROR_INIT;

		assert_int_equal(ports_parse(&ports, cases[i].word, &e), -EINVAL);
		assert_non_null(strstr(e.text, cases[i].text));
		assert_non_null(strstr(e.remedy, cases[i].remedy));
		assert_null(strchr(e.text, '\n'));
	}
}

static void one_port_leads_to_one_place(void **state)
{
	static const char *const cases[][2] = {
		{ "80:1", "80:2" },
		{ "80:1", "tcp:192.0.2.1:80:1" },
		{ "80:1", "%eth0:80:1" },
		{ "%eth0:80", "192.0.2.1:80" },
		{ "%eth0:80", "192.0.2.1%eth0:80" },
		{ "[::1]:80", "80" },
		{ "udp:8000-8010", "udp:8010-8020" },
		{ "8000-8010", "8000-8010:9000-9010" },
		{ "1-3", "2" },
		{ "65535", "65000-65535" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const char *const *words = cases[i / 2];
		struct ports ports = { 0 };
		struct error e = ERROR_INIT;
		char text[80];

		/* Whichever comes first. */
		(void)snprintf(text, sizeof(text), "%s,udp:80,%s", words[i % 2], words[1 - i % 2]);
		assert_int_equal(ports_parse(&ports, text, &e), -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, "of one container overlap"));
		assert_true(e.remedy[0] != '\0');
	}
}

static void ports_of_different_places_do_not_meet(void **state)
{
	struct ports ports = { 0 }, others = { 0 };
	const struct port *one, *other;

	(void)state;
	assert_int_equal(ports_parse(&ports, "127.0.0.1:80,192.0.2.1%eth0:81,%eth0:82", NULL), 0);
	assert_int_equal(ports_parse(&others,
				     "udp:80,192.0.2.1:80,[::1]:80,192.0.2.1%eth1:81,192.0.2.2:81,"
				     "%eth1:82,83-90",
				     NULL),
			 0);
	assert_false(ports_overlap(&ports, &others, &one, &other));
	others.count = 0;
	assert_int_equal(ports_parse(&others, "192.0.2.1%eth0:70-82", NULL), 0);
	assert_true(ports_overlap(&ports, &others, &one, &other));
	assert_int_equal(one->host, 81);
	assert_int_equal(other->host, 70);
}

static void what_is_removed_leaves_the_rest(void **state)
{
	static const struct {
		const char *ports, *removed, *left;
	} cases[] = {
		{ "80", "80", "" },
		{ "8080:80,81", "8080", "tcp:81:81" },
		{ "8080:80,81", "8080:80", "tcp:81:81" },
		{ "8000-8010:9000-9010", "8003",
		  "tcp:8000-8002:9000-9002,tcp:8004-8010:9004-9010" },
		{ "8000-8010:9000-9010", "8000:9000", "tcp:8001-8010:9001-9010" },
		{ "8000-8010", "8009-8020", "tcp:8000-8008:8000-8008" },
		{ "8000-8010", "1-65535", "" },
		{ "80,81,82,udp:80", "80-82", "udp:80:80" },
		{ "%eth0:80,127.0.0.1:80", "%eth0:80", "tcp:127.0.0.1:80:80" },
		{ "65535", "65535", "" },
	};
	static const char *const absent[] = { "81", "udp:80", "127.0.0.1:80", "%eth0:80", "80:80" };
	char text[PORTS_TEXT];
	enum port_form form;
	struct port port;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ports ports = { 0 };

		assert_int_equal(ports_parse(&ports, cases[i].ports, NULL), 0);
		assert_int_equal(port_parse(cases[i].removed, &port, &form, NULL), 0);
		assert_int_equal(ports_remove(&ports, &port, form, NULL), 1);
		assert_string_equal(ports_format(&ports, text), cases[i].left);
		assert_int_equal(ports_remove(&ports, &port, form, NULL), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		struct ports ports = { 0 };

		assert_int_equal(ports_parse(&ports, "80:8080", NULL), 0);
		assert_int_equal(port_parse(absent[i], &port, &form, NULL), 0);
		assert_int_equal(ports_remove(&ports, &port, form, NULL), 0);
		assert_string_equal(ports_format(&ports, text), "tcp:80:8080");
	}
}

static void families_have_to_fit(void **state)
{
	struct ports v4 = { 0 }, v6 = { 0 }, any = { 0 };
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(ports_parse(&v4, "80,192.0.2.1:81", NULL), 0);
	assert_int_equal(ports_parse(&v6, "80,[2001:db8::1]:81", NULL), 0);
	assert_int_equal(ports_parse(&any, "80,%eth0:81", NULL), 0);
	assert_int_equal(ports_check_families(&v4, true, false, NULL), 0);
	assert_int_equal(ports_check_families(&v6, false, true, NULL), 0);
	assert_int_equal(ports_check_families(&any, false, false, NULL), 0);
	assert_int_equal(ports_check_families(&v4, false, true, &e), -EINVAL);
	assert_non_null(strstr(e.text, "tcp:192.0.2.1:81:81 is an IPv4 address"));
	assert_int_equal(ports_check_families(&v6, true, false, &e), -EINVAL);
	assert_int_equal(e.class, ERROR_USAGE);
	assert_non_null(strstr(e.remedy, "--local-address6"));
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
	assert_non_null(strstr(e.remedy, "FIRST-LAST"));
	assert_true(strlen(ports_format(&ports, text)) < sizeof(text) - 1);
	assert_non_null(strstr(text, "udp:65408:65535"));
	ports.count = 0;
	assert_int_equal(ports_parse(&ports, "1-4000,udp:1-96", NULL), 0);
	assert_int_equal(ports_parse(&ports, "udp:97", &e), -E2BIG);
	assert_non_null(strstr(e.text, "more than 4096 ports"));
	ports.count = 0;
	assert_int_equal(ports_parse(&ports, "1-65535", &e), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lists_are_read_and_written),
		cmocka_unit_test(bad_words_are_named),
		cmocka_unit_test(mistakes_have_their_own_words),
		cmocka_unit_test(one_port_leads_to_one_place),
		cmocka_unit_test(ports_of_different_places_do_not_meet),
		cmocka_unit_test(what_is_removed_leaves_the_rest),
		cmocka_unit_test(families_have_to_fit),
		cmocka_unit_test(the_number_of_ports_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
