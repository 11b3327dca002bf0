/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "transfer/document.h"

#define LEASES 500

/**
 * bytes_draw - draw random bytes, the same in each run
 * @bytes: filled
 * @size: how many
 */
static void bytes_draw(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(random() >> 4);
}

/**
 * prefix_draw - draw an address with a length, or none
 * @family: AF_INET or AF_INET6
 * @number: makes it one that no other lease has
 */
static struct prefix prefix_draw(sa_family_t family, uint32_t number)
{
	uint8_t bytes[16];
	struct prefix prefix;

	bytes_draw(bytes, sizeof(bytes));
	bytes[2] = (uint8_t)(number >> 8);
	bytes[3] = (uint8_t)number;
	prefix.addr = addr_from_bytes(family, bytes);
	prefix.length = (uint8_t)(random() % 8 ? addr_bits(&prefix.addr)
					       : random() % (addr_bits(&prefix.addr) + 1));
	return random() % 5 ? prefix : (struct prefix){ 0 };
}

/**
 * reason_draw - draw a reason with all that quoting has to get right
 * @reason: filled
 */
static void reason_draw(char reason[IPAM_REASON_MAX])
{
	static const char letters[] = "ab,;\"'\\ =\xc3\xa9#/{}[]:";
	size_t length = (size_t)random() % 20, used = 0;

	for (size_t i = 0; i < length; i++) {
		char letter = letters[(size_t)random() % (sizeof(letters) - 1)];

		/* A letter of two bytes comes whole. Blanks at the edges of quotes stay as well. */
		if (letter == '\xc3' || letter == '\xa9') {
			reason[used++] = '\xc3';
			reason[used++] = '\xa9';
		} else {
			reason[used++] = letter;
		}
	}
	reason[used] = '\0';
}

/**
 * lease_draw - draw a lease
 * @number: of it
 */
static struct ipam_lease lease_draw(uint32_t number)
{
	struct ipam_lease lease = { .state = random() % 2 ? IPAM_BOUND : IPAM_RESERVED,
				    .since = random() };

	(void)snprintf(lease.container, sizeof(lease.container), "c%u-%ld", number,
		       random() % 100000);
	if (random() % 3 == 0)
		(void)snprintf(lease.bridge, sizeof(lease.bridge), "br%ld", random() % 10);
	if (random() % 3) {
		bytes_draw(lease.mac.bytes, sizeof(lease.mac.bytes));
		lease.mac.bytes[0] = 2;
		lease.mac.bytes[4] = (uint8_t)(number >> 8);
		lease.mac.bytes[5] = (uint8_t)number;
	}
	lease.v4.local = prefix_draw(AF_INET, 2 * number);
	lease.v6.local = prefix_draw(AF_INET6, 2 * number);
	if (!lease.bridge[0]) {
		lease.v4.host = prefix_draw(AF_INET, 2 * number + 1).addr;
		lease.v6.host = prefix_draw(AF_INET6, 2 * number + 1).addr;
	}
	lease.v4.automatic = random() % 2;
	lease.v6.automatic = random() % 2;
	reason_draw(lease.reason);
	return lease;
}

/**
 * assert_prefix_equal - fail unless two addresses with their lengths are the same
 * @a, @b: borrowed
 */
static void assert_prefix_equal(const struct prefix *a, const struct prefix *b)
{
	assert_true(addr_equal(&a->addr, &b->addr));
	if (addr_is_set(&a->addr))
		assert_int_equal(a->length, b->length);
}

/**
 * assert_same - fail unless two leases are the same in all that a document has
 * @a, @b: borrowed
 */
static void assert_same(const struct ipam_lease *a, const struct ipam_lease *b)
{
	assert_string_equal(a->container, b->container);
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->bridge, b->bridge);
	assert_true(mac_equal(&a->mac, &b->mac));
	assert_true(addr_equal(&a->v4.host, &b->v4.host));
	assert_true(addr_equal(&a->v6.host, &b->v6.host));
	assert_prefix_equal(&a->v4.local, &b->v4.local);
	assert_prefix_equal(&a->v6.local, &b->v6.local);
	assert_int_equal(a->v4.automatic, b->v4.automatic);
	assert_int_equal(a->v6.automatic, b->v6.automatic);
	assert_int_equal(a->since, b->since);
	assert_string_equal(a->reason, b->reason);
}

/**
 * read_text - document_read() of a text
 * @document: zero; its format may be set
 * @text, @length: borrowed
 * @e: filled on failure
 */
static int read_text(struct document *document, const char *text, size_t length, struct error *e)
{
	(void)snprintf(document->source, sizeof(document->source), "F");
	*e = ERROR_INIT;
	return document_read(document, text, length, e);
}

/**
 * round_trip - write many leases in a format, and read them again
 * @format: the format
 */
static void round_trip(enum document_format format)
{
	_cleanup_(document_deinit) struct document out = { .format = format, .host = "alpha" };
	_cleanup_(document_deinit) struct document in = { .format = DOCUMENT_GUESSED };
	_cleanup_(freep) char *text = NULL;
	struct error e;
	size_t length;
	FILE *stream;

	srandom(7);
	for (uint32_t i = 0; i < LEASES; i++) {
		const struct ipam_lease lease = lease_draw(i);

		assert_int_equal(document_append(&out, &lease, i, &e), 0);
	}
	stream = open_memstream(&text, &length);
	assert_non_null(stream);
	assert_int_equal(document_write(&out, stream, &e), 0);
	assert_int_equal(fclose(stream), 0);
	if (read_text(&in, text, length, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(in.format, format);
	assert_int_equal(in.count, LEASES);
	for (size_t i = 0; i < LEASES; i++)
		assert_same(&out.leases[i], &in.leases[i]);
	if (format == DOCUMENT_JSON)
		assert_string_equal(in.host, "alpha");
}

/* What is written is read again, whatever is in it. */
static void test_round_trip(void **state)
{
	(void)state;
	round_trip(DOCUMENT_JSON);
	round_trip(DOCUMENT_CSV);
}

/* Cut off anywhere, JSON is no document; CSV is one only where a record, or all but its last value, ends. */
static void test_cut(void **state)
{
	static const char json[] = "{\"version\": 1, \"leases\": [{\"container\": \"a\", "
				   "\"local_address\": \"192.0.2.1\"}]}";
	static const char csv[] = "container,local_address,reason\r\n\"a\",\"192.0.2.1\",\"why\"";
	struct error e;

	(void)state;
	for (size_t size = 0; size < sizeof(json) - 1; size++) {
		_cleanup_(document_deinit) struct document document = { .format = DOCUMENT_JSON };

		assert_int_equal(read_text(&document, json, size, &e), -EINVAL);
	}
	for (size_t size = 0; size < sizeof(csv) - 1; size++) {
		_cleanup_(document_deinit) struct document document = { .format = DOCUMENT_CSV };
		int r = read_text(&document, csv, size, &e);

		if (r < 0)
			assert_int_equal(r, -EINVAL);
		else if (document.count)
			assert_int_equal(size, strlen(csv) - strlen("\"why\""));
	}
}

/* Other programs end lines otherwise, mark the order of bytes, quote or not, and turn columns round. */
static void test_csv_of_others(void **state)
{
	static const char *const texts[] = {
		"\xef\xbb\xbflocal_address,container\r\n192.0.2.1,a\r\n\r\n192.0.2.2,b\r\n",
		"local_address,container\n192.0.2.1,a\n192.0.2.2,b",
		"\"local_address\",\"container\"\r192.0.2.1, a\r\"192.0.2.2\",\"b\"\r",
	};
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(document_deinit) struct document document = { .format = 0 };
		char text[ADDR_TEXT];

		if (read_text(&document, texts[i], strlen(texts[i]), &e) < 0)
			fail_msg("%zu: %s", i, e.text);
		assert_int_equal(document.format, DOCUMENT_CSV);
		assert_int_equal(document.count, 2);
		assert_string_equal(document.leases[0].container, "a");
		assert_string_equal(addr_format(&document.leases[1].v4.local.addr, text),
				    "192.0.2.2");
		assert_int_equal(document.leases[1].state, IPAM_RESERVED);
	}
}

/* A wrong document, and what is said of it. */
struct wrong {
	const char *text;
	const char *said;
};

#define J(leases) "{\"version\": 1, \"leases\": [" leases "]}"

static const struct wrong wrongs[] = {
	{ "", "F: it is empty" },
	{ "\n\n", "F: it is empty" },
	{ "a,b\n", "F: line 1: there is no column 'a'" },
	{ "container,mac,mac\n", "F: line 1: column 'mac' is there twice" },
	{ "mac\n", "F: line 1: there is no column 'container'" },
	{ "container,mac\na,x\n", "F: line 2: mac: 'x' is not a MAC address" },
	{ "container,mac\na\n", "F: line 2: it has 1 values, and there are 2 columns" },
	{ "container,mac\na,,\n", "F: line 2: it has 3 values" },
	{ "container,mac\na,\n\n,\n", "F: line 4: container: it is not given" },
	{ "container\n\"a\n", "F: line 2: a quote" },
	{ "container\nx\"y\n", "F: line 2: a quote" },
	{ "container,local_address\na,192.0.2.1\nb,192.0.2.1\n",
	  "F: line 3: local_address: 192.0.2.1 of container 'b' is also in line 2, "
	  "local_address of 'a'" },
	{ "container,host_address,local_address\na,192.0.2.1,192.0.2.2\nb,192.0.2.2,192.0.2.3\n",
	  "F: line 3: host_address: 192.0.2.2 of container 'b' is also in line 2" },
	{ "container,mac\na,02:00:00:00:00:01\nb,02:00:00:00:00:01\n",
	  "F: line 3: mac: 02:00:00:00:00:01 of container 'b'" },
	{ "container,mac\na,\na,\n", "F: line 3: container: a of container 'a'" },
	{ "container,automatic\na,maybe\n", "F: line 2: automatic: 'maybe' is neither" },
	{ "container,since\na,-1\n", "F: line 2: since: '-1' is no number" },
	{ "container,since\na,99999999999999999999\n", "F: line 2: since:" },
	{ "container,reason\na,\"two\nlines\"\n", "F: line 3: reason: a reason is one line" },
	{ "{", "F: line 1: the file ends in the middle" },
	{ "{\"leases\": []}", "F: there is no \"version\"" },
	{ "{\"version\": \"1\", \"leases\": []}", "F: there is no \"version\"" },
	{ "{\"version\": 2, \"leases\": []}", "F: it has version 2, this program knows version 1" },
	{ "{\"version\": 1}", "F: \"leases\" has to be an array" },
	{ "{\"version\": 1, \"leases\": [], \"extra\": 1}", "F: there is no field 'extra'" },
	{ "{\"version\": 1, \"leases\": [], \"version\": 1}", "F: line 1: duplicate" },
	{ "{\"version\": 1, \"pools\": [1], \"leases\": []}", "F: pools[0]: it needs" },
	{ J("7"), "F: leases[0]: it has to be an object" },
	{ J("{}"), "F: leases[0]: container: it is not given" },
	{ J("{\"container\": 7}"), "F: leases[0]: container: it has to be a text or null" },
	{ J("{\"container\": \"../x\"}"), "F: leases[0]: container: '../x' is no container name" },
	{ J("{\"container\": \"a\", \"colour\": 1}"), "F: leases[0]: there is no field 'colour'" },
	{ J("{\"container\": \"a\"}, {\"container\": \"b\", \"automatic\": \"true\"}"),
	  "F: leases[1]: automatic: it has to be true or false" },
	{ J("{\"container\": \"a\", \"since\": \"x\"}"), "F: leases[0]: since: it has to be a" },
	{ J("{\"container\": \"a\", \"state\": \"gone\"}"), "F: leases[0]: state: 'gone' is" },
	{ J("{\"container\": \"a\", \"bridge\": \"a/b\"}"), "F: leases[0]: bridge: " },
	{ J("{\"container\": \"a\", \"local_address\": \"10.0.0\"}"), "F: leases[0]: local_addr" },
	{ J("{\"container\": \"a\", \"local_address\": \"fd00::1\"}"),
	  "F: leases[0]: local_address: fd00::1 is no IPv4 address" },
	{ J("{\"container\": \"a\", \"host_address\": \"10.0.0.1/24\"}"), "F: leases[0]: host_ad" },
	{ J("{\"container\": \"a\", \"bridge\": \"br0\", \"host_address\": \"10.0.0.1\"}"),
	  "F: leases[0]: host_address: on bridge br0 the gateway" },
	{ J("{\"container\": \"a\", \"mac\": \"01:00:00:00:00:01\"}"), "F: leases[0]: mac: " },
	{ J("{\"container\": \"a\", \"local_address\": \"192.0.2.1\"}, "
	    "{\"container\": \"b\", \"local_address\": \"192.0.2.1\"}"),
	  "F: leases[1]: local_address: 192.0.2.1 of container 'b' is also in leases[0]" },
};

/* Everything that is wrong is said with its place and field, in one line. */
static void test_wrong(void **state)
{
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		_cleanup_(document_deinit) struct document document = { .format = 0 };
		const char *text = wrongs[i].text;
		int r = read_text(&document, text, strlen(text), &e);

		if (r != -EINVAL && r != -EPROTO)
			fail_msg("%s gives %d", text, r);
		assert_int_equal(e.class, ERROR_USAGE);
		if (strncmp(e.text, wrongs[i].said, strlen(wrongs[i].said)) != 0 ||
		    strchr(e.text, '\n'))
			fail_msg("%s gives '%s'", text, e.text);
	}
}

/* A NUL is not the end of a value. */
static void test_nul(void **state)
{
	static const char csv[] = "container\na\0b\n", json[] = J("{\"container\": \"a\\u0000\"}");
	_cleanup_(document_deinit) struct document first = { .format = 0 }, second = first;
	struct error e;

	(void)state;
	assert_int_equal(read_text(&first, csv, sizeof(csv) - 1, &e), -EINVAL);
	assert_non_null(strstr(e.text, "line 2: there is a NUL"));
	assert_int_equal(read_text(&second, json, sizeof(json) - 1, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_cut),
		cmocka_unit_test(test_csv_of_others), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
