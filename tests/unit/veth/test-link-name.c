/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "veth/veth.h"

/* Shortened names as systemd-nspawn 252 has been seen to make them. */
static const struct {
	const char *container;
	bool bridged;
	const char *link;
	const char *altname;
} vectors[] = {
	{ "foo", false, "ve-foo", "" },
	{ "foo", true, "vb-foo", "" },
	{ "twelve-chars", false, "ve-twelve-chars", "" },
	{ "really-long-name", false, "ve-really-l3QgY", "ve-really-long-name" },
	{ "really-long-long-name-2", false, "ve-really-lFYWO", "ve-really-long-long-name-2" },
};

/** test_vectors - names come out as nspawn makes them, 15 bytes being the most that stays whole */
static void test_vectors(void **state)
{
	char link[IFNAMSIZ], altname[VETH_ALTNAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		bool cut = veth_link_name(vectors[i].container, vectors[i].bridged, link, altname);

		assert_string_equal(link, vectors[i].link);
		assert_string_equal(altname, vectors[i].altname);
		assert_int_equal(cut, vectors[i].altname[0] != '\0');
	}
}

/** test_longest - the longest container name fits everywhere, and its prefix goes into the hash */
static void test_longest(void **state)
{
	char name[VETH_NAME_MAX], link[IFNAMSIZ], bridged[IFNAMSIZ], altname[VETH_ALTNAME_MAX];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_true(veth_link_name(name, false, link, altname));
	assert_int_equal(strlen(link), IFNAMSIZ - 1);
	assert_int_equal(strlen(altname), strlen("ve-") + strlen(name));
	assert_true(veth_link_name(name, true, bridged, altname));
	assert_memory_equal(bridged, "vb-xxxxxxxx", 11);
	assert_string_not_equal(link + 11, bridged + 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests_name("link-name", tests, NULL, NULL);
}
