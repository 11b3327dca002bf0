/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "veth/veth.h"

static const uint8_t machine_a[16] = "0123456789abcde";
static const uint8_t machine_b[16] = "0123456789abcdf";

/** test_kind - every address is locally administered and of one interface */
static void test_kind(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		char name[16];
		struct mac local, host;

		(void)snprintf(name, sizeof(name), "c%d", i);
		local = veth_mac_local(machine_a, name);
		host = veth_mac_host(&local, name);
		assert_int_equal(local.bytes[0] & 3, 2);
		assert_int_equal(host.bytes[0] & 3, 2);
		assert_false(mac_equal(&local, &host));
	}
}

/** test_identity - the same container keeps its address, another one or another machine differs */
static void test_identity(void **state)
{
	struct mac a = veth_mac_local(machine_a, "foo");
	struct mac again = veth_mac_local(machine_a, "foo");
	struct mac other = veth_mac_local(machine_a, "fop");
	struct mac elsewhere = veth_mac_local(machine_b, "foo");
	struct mac host = veth_mac_host(&a, "foo"), host_other = veth_mac_host(&other, "foo");

	(void)state;
	assert_true(mac_equal(&a, &again));
	assert_false(mac_equal(&a, &other));
	assert_false(mac_equal(&a, &elsewhere));
	assert_false(mac_equal(&host, &host_other));
}

/** test_stable - releases do not change addresses: what is stored must stay what is computed */
static void test_stable(void **state)
{
	struct mac local = veth_mac_local(machine_a, "foo");
	struct mac host = veth_mac_host(&local, "foo");
	char text[MAC_TEXT];

	(void)state;
	assert_string_equal(mac_format(&local, text), "b6:ba:70:b2:c6:46");
	assert_string_equal(mac_format(&host, text), "6e:c3:27:96:65:d4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_stable),
	};

	return cmocka_run_group_tests_name("mac", tests, NULL, NULL);
}
