/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/netns.h"
#include "base/sysctl.h"
#include "fixture.h"

/** ensure - veth_ensure() on the fixture */
static int ensure(struct fixture *f)
{
	return veth_ensure(f->veth, f->ns_fd, &f->spec, &f->error);
}

/** assert_switch - a switch of the host end has this value */
static void assert_switch(const struct fixture *f, const char *family, const char *key, int wanted)
{
	int value = -1;

	assert_int_equal(sysctl_read(family, f->spec.link, key, &value, NULL), 0);
	assert_int_equal(value, wanted);
}

/** assert_address - one end has this address with this peer and length */
static void assert_address(const json_t *link, const char *local, const char *peer, int length)
{
	json_t *all = json_object_get(link, "addr_info");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *address = json_array_get(all, i);

		if (strcmp(text_of(address, "local"), local) != 0)
			continue;
		assert_string_equal(text_of(address, "address"), peer);
		assert_int_equal(number_of(address, "prefixlen"), length);
		assert_false(json_is_true(json_object_get(address, "tentative")));
		return;
	}
	fail_msg("address %s is missing", local);
}

/** assert_link - what both ends of every cable have */
static void assert_link(const json_t *link, const struct mac *mac, unsigned mtu)
{
	char text[MAC_TEXT];

	assert_non_null(link);
	assert_true(has_flag(link, "UP"));
	assert_int_equal(number_of(link, "mtu"), mtu);
	assert_string_equal(text_of(link, "address"), mac_format(mac, text));
	assert_int_equal(number_of(link, "num_tx_queues"), 1);
	assert_int_equal(number_of(link, "num_rx_queues"), 1);
}

/** test_plain - both ends, addresses, routes, switches and the way there and back */
static void test_plain(void **state)
{
	struct fixture *f = *state;
	json_t *host, *inside, *route;

	assert_done(f, ensure(f), 1);
	host = ip_link("address show dev ve-foo");
	inside = ip_link("-n " CONTAINER_NS " address show dev eth0");
	assert_link(host, &f->spec.host_mac, 1400);
	assert_link(inside, &f->spec.local_mac, 1400);
	assert_string_equal(text_of(host, "ifalias"), "nixctr-net container foo");
	assert_address(host, "10.233.1.1", "10.233.1.2", 32);
	assert_address(inside, "10.233.1.2", "10.233.1.1", 32);
	json_decref(host);
	json_decref(inside);
	route = ip_link("-n " CONTAINER_NS " route show default");
	assert_string_equal(text_of(route, "gateway"), "10.233.1.1");
	json_decref(route);
	inside = ip_link("-n " CONTAINER_NS " link show dev lo");
	assert_true(has_flag(inside, "UP"));
	json_decref(inside);
	assert_true(ping(f, true, "10.233.1.1"));
	assert_true(ping(f, false, "10.233.1.2"));
	assert_no_drift(f);
}

/** test_safe - the host end listens to nothing that the container might tell it */
static void test_safe(void **state)
{
	struct fixture *f = *state;

	assert_done(f, ensure(f), 1);
	assert_switch(f, "ipv4", "forwarding", 0);
	assert_switch(f, "ipv4", "rp_filter", 1);
	assert_switch(f, "ipv4", "accept_redirects", 0);
	assert_switch(f, "ipv4", "send_redirects", 0);
	assert_switch(f, "ipv4", "accept_source_route", 0);
	assert_switch(f, "ipv6", "disable_ipv6", 1);
}

/** test_v6 - both families; addresses can be used at once, and advertisements are not heeded */
static void test_v6(void **state)
{
	struct fixture *f = *state;
	json_t *host, *inside, *route;

	spec_add_v6(&f->spec);
	f->spec.forwarding = true;
	assert_done(f, ensure(f), 1);
	host = ip_link("address show dev ve-foo");
	inside = ip_link("-n " CONTAINER_NS " address show dev eth0");
	assert_address(host, "fd00:233::1", "fd00:233::2", 128);
	assert_address(inside, "fd00:233::2", "fd00:233::1", 128);
	assert_address(inside, "10.233.1.2", "10.233.1.1", 32);
	json_decref(host);
	json_decref(inside);
	route = ip_link("-n " CONTAINER_NS " -6 route show default");
	assert_string_equal(text_of(route, "gateway"), "fd00:233::1");
	json_decref(route);
	assert_switch(f, "ipv6", "disable_ipv6", 0);
	assert_switch(f, "ipv6", "accept_ra", 0);
	assert_switch(f, "ipv6", "accept_redirects", 0);
	assert_switch(f, "ipv4", "forwarding", 1);
	assert_true(ping(f, true, "fd00:233::1"));
	assert_true(ping(f, false, "fd00:233::2"));
	assert_no_drift(f);
}

/** test_v6_at_once - nothing is left to the kernel's work queues: no drift right after, ever */
static void test_v6_at_once(void **state)
{
	struct fixture *f = *state;

	spec_add_v6(&f->spec);
	for (int i = 0; i < 50; i++) {
		assert_done(f, ensure(f), 1);
		assert_done(f, ensure(f), 0);
		assert_done(f, veth_remove(f->veth, &f->spec, &f->error), 1);
		fixture_new_namespace(f);
	}
}

/** test_bridge - a port, whose container has its address on the bridge's subnet */
static void test_bridge(void **state)
{
	struct fixture *f = *state;
	json_t *host, *inside, *route;

	assert_int_equal(ip("link add br0 type bridge"), 0);
	assert_int_equal(ip("address add 192.168.7.1/24 dev br0"), 0);
	assert_int_equal(ip("link set br0 up"), 0);
	spec_bridge(&f->spec, "br0");
	assert_done(f, ensure(f), 1);
	host = ip_link("address show dev vb-foo");
	assert_link(host, &f->spec.host_mac, 1400);
	assert_string_equal(text_of(host, "master"), "br0");
	assert_int_equal(json_array_size(json_object_get(host, "addr_info")), 0);
	json_decref(host);
	inside = ip_link("-n " CONTAINER_NS " address show dev eth0");
	assert_address(inside, "192.168.7.2", "", 24);
	json_decref(inside);
	route = ip_link("-n " CONTAINER_NS " route show default");
	assert_string_equal(text_of(route, "gateway"), "192.168.7.1");
	json_decref(route);
	assert_true(ping(f, true, "192.168.7.1"));
	assert_no_drift(f);
	assert_done(f, ensure(f), 0);
}

/** test_bridge_bare - a port without addresses: eth0 is up, and that is all */
static void test_bridge_bare(void **state)
{
	struct fixture *f = *state;
	json_t *inside;

	assert_int_equal(ip("link add br0 type bridge"), 0);
	spec_bridge(&f->spec, "br0");
	f->spec.v4 = (struct veth_pair){ 0 };
	assert_done(f, ensure(f), 1);
	inside = ip_link("-n " CONTAINER_NS " -4 address show dev eth0");
	assert_null(inside);
	inside = ip_link("-n " CONTAINER_NS " link show dev eth0");
	assert_true(has_flag(inside, "UP"));
	json_decref(inside);
	assert_no_drift(f);
}

/** test_long_name - the full name finds the link too */
static void test_long_name(void **state)
{
	struct fixture *f = *state;
	json_t *host;

	spec_name(&f->spec, "really-long-name");
	assert_done(f, ensure(f), 1);
	host = ip_link("link show dev ve-really-long-name");
	assert_string_equal(text_of(host, "ifname"), "ve-really-l3QgY");
	json_decref(host);
	assert_no_drift(f);
	assert_done(f, veth_remove(f->veth, &f->spec, &f->error), 1);
	assert_null(ip_link("link show dev ve-really-long-name"));
}

/** test_defaults - no MTU and no MACs asked for: the kernel's */
static void test_defaults(void **state)
{
	struct fixture *f = *state;
	json_t *host;

	f->spec.mtu = 0;
	f->spec.host_mac = f->spec.local_mac = (struct mac){ 0 };
	assert_done(f, ensure(f), 1);
	host = ip_link("link show dev ve-foo");
	assert_int_equal(number_of(host, "mtu"), 1500);
	json_decref(host);
	assert_done(f, ensure(f), 0);
}

/** test_no_bridge - says which bridge, and how to make it; leaves nothing */
static void test_no_bridge(void **state)
{
	struct fixture *f = *state;

	spec_bridge(&f->spec, "br9");
	assert_refused(f, ensure(f), ENODEV, "bridge br9 does not exist");
	assert_string_equal(f->error.remedy, "create it: ip link add br9 type bridge");
	assert_null(ip_link("link show dev vb-foo"));
}

/** test_not_a_bridge - a link that is something else */
static void test_not_a_bridge(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ip("link add d0 type veth peer name d1"), 0);
	spec_bridge(&f->spec, "d0");
	assert_refused(f, ensure(f), ENOTSUP,
		       "d0, the bridge of container foo, is not a bridge but a veth");
	assert_null(ip_link("link show dev vb-foo"));
}

/** test_bad_mtu - the kernel refuses; nothing is left */
static void test_bad_mtu(void **state)
{
	struct fixture *f = *state;

	f->spec.mtu = 20;
	assert_refused(f, ensure(f), EINVAL, "link ve-foo of container foo: cannot make the pair");
	assert_null(ip_link("link show dev ve-foo"));
}

/** test_half_way - a request inside fails: its words come out, and the pair is unmade */
static void test_half_way(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(addr_parse("10.233.1.2", &f->spec.v4.host, NULL), 0);
	assert_refused(f, ensure(f), EINVAL, "cannot set the default route");
	assert_true(f->error.kernel[0] != '\0');
	assert_null(ip_link("link show dev ve-foo"));
	assert_null(ip_link("-n " CONTAINER_NS " link show dev eth0"));
}

/** test_no_namespace - a descriptor that is none, and one of something else */
static void test_no_namespace(void **state)
{
	struct fixture *f = *state;
	_cleanup_(fd_closep) int other = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(other >= 0);
	assert_true(veth_ensure(f->veth, 1000, &f->spec, &f->error) < 0);
	assert_non_null(strstr(f->error.text, "link ve-foo of container foo"));
	assert_true(veth_ensure(f->veth, other, &f->spec, &f->error) < 0);
	assert_null(ip_link("link show dev ve-foo"));
}

/** test_foreign - links of other origin are refused by name and not touched */
static void test_foreign(void **state)
{
	static const char *const links[] = {
		"link add ve-foo type veth peer name other",
		"link add ve-foo type bridge",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		json_t *before, *after;

		assert_int_equal(ip("%s", links[i]), 0);
		assert_int_equal(ip("link set ve-foo alias somebody"), 0);
		before = ip_link("address show dev ve-foo");
		assert_non_null(before);
		assert_refused(f, ensure(f), EEXIST, "link ve-foo is not that of container foo");
		assert_int_equal(f->error.class, ERROR_CONFLICT);
		assert_non_null(strstr(f->error.text, "somebody"));
		assert_true(f->error.remedy[0] != '\0');
		assert_refused(f, veth_remove(f->veth, &f->spec, &f->error), EEXIST, "ve-foo");
		assert_refused(f, veth_set_forwarding(f->veth, &f->spec, &f->error), EEXIST,
			       "ve-foo");
		after = ip_link("address show dev ve-foo");
		assert_true(json_equal(before, after));
		json_decref(before);
		json_decref(after);
		assert_int_equal(ip("link delete ve-foo"), 0);
	}
}

/** test_foreign_inside - an eth0 of other origin in the container is refused and not touched */
static void test_foreign_inside(void **state)
{
	struct fixture *f = *state;
	json_t *inside;

	assert_int_equal(ip("-n " CONTAINER_NS " link add eth0 type veth peer name other"), 0);
	assert_refused(f, ensure(f), EEXIST, "the namespace of container foo has an eth0");
	assert_int_equal(f->error.class, ERROR_CONFLICT);
	inside = ip_link("-n " CONTAINER_NS " link show dev eth0");
	assert_string_equal(text_of(inside, "link"), "other");
	json_decref(inside);
	assert_null(ip_link("link show dev ve-foo"));
}

/** test_not_root - says which capability is missing */
static void test_not_root(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(seteuid(65534), 0);
	(void)ensure(f);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(f->error.class, ERROR_DENIED);
	assert_string_equal(f->error.remedy, "run it as root (it takes CAP_NET_ADMIN)");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plain),        TEST(test_safe),     TEST(test_v6),
		TEST(test_v6_at_once),   TEST(test_bridge),   TEST(test_bridge_bare),
		TEST(test_long_name),    TEST(test_defaults), TEST(test_no_bridge),
		TEST(test_not_a_bridge), TEST(test_bad_mtu),  TEST(test_half_way),
		TEST(test_no_namespace), TEST(test_foreign),  TEST(test_foreign_inside),
		TEST(test_not_root),
	};

	return cmocka_run_group_tests_name("create", tests, world_enter, NULL);
}
