/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/sysctl.h"
#include "fixture.h"

/*
 * Somebody changes one thing. It is seen and said, mended, and everything looks as before; a second
 * run finds nothing to do.
 */

enum kind {
	KIND_V4,
	KIND_BOTH,   /* IPv6 as well */
	KIND_BRIDGE, /* a port of br0; br1 is there too */
	KIND_LONG,   /* a shortened name */
	KIND_OPEN,   /* that may be sent under any MAC */
};

struct drift_case {
	const char *name;
	enum kind kind;
	const char *command;      /* words for ip(8), or */
	const char *family, *key; /* a switch of the host end */
	int value;
	const char *line; /* what is said */
};

#define INSIDE "-n " CONTAINER_NS " "

static struct drift_case cases[] = {
	{ "host address", KIND_V4, .command = "address flush dev ve-foo",
	  .line = "host end: address is none, should be 10.233.1.1" },
	{ "host route", KIND_V4, .command = "route delete 10.233.1.2 dev ve-foo",
	  .line = "host end: route to the container is none, should be 10.233.1.2" },
	{ "host mtu", KIND_V4, .command = "link set ve-foo mtu 1300",
	  .line = "host end: mtu is 1300, should be 1400" },
	{ "host mac", KIND_V4, .command = "link set ve-foo address 02:00:00:00:00:01",
	  .line = "host end: mac is 02:00:00:00:00:01" },
	{ "host down", KIND_V4, .command = "link set ve-foo down",
	  .line = "host end is down, should be up" },
	{ "alias", KIND_V4, .command = "link set ve-foo alias other",
	  .line = "host end does not carry the tag of container foo" },
	{ "alternative name", KIND_LONG,
	  .command = "link property del dev ve-really-l3QgY altname ve-really-long-name",
	  .line = "host end has no alternative name ve-really-long-name" },
	{ "group", KIND_V4, .command = "link set ve-foo group 0",
	  .line = "host end: group is 0, should be one that goes with mac " },
	{ "group of another mac", KIND_V4, .command = "link set ve-foo group 7",
	  .line = "host end: group is 7, should be one that goes with mac " },
	{ "a group where none is wanted", KIND_OPEN, .command = "link set ve-foo group 7",
	  .line = "host end: group is 7, should be 0" },
	{ "forwarding", KIND_V4, .family = "ipv4", .key = "forwarding", .value = 1,
	  .line = "host end: ipv4 forwarding is on, should be off" },
	{ "rp_filter", KIND_V4, .family = "ipv4", .key = "rp_filter", .value = 2,
	  .line = "host end: strict source check is off, should be on" },
	{ "redirects", KIND_V4, .family = "ipv4", .key = "accept_redirects", .value = 1,
	  .line = "host end: acceptance of redirects is on, should be off" },
	{ "ipv6 on", KIND_V4, .family = "ipv6", .key = "disable_ipv6", .value = 0,
	  .line = "host end: ipv6 is on, should be off" },
	{ "into a bridge", KIND_V4, .command = "link set ve-foo master br1",
	  .line = "host end: bridge is br1, should be none" },
	{ "loopback down", KIND_V4, .command = INSIDE "link set lo down",
	  .line = "loopback inside is off, should be on" },
	{ "eth0 down", KIND_V4, .command = INSIDE "link set eth0 down",
	  .line = "eth0 is down, should be up" },
	{ "eth0 mtu", KIND_V4, .command = INSIDE "link set eth0 mtu 1300",
	  .line = "eth0: mtu is 1300, should be 1400" },
	{ "eth0 mac", KIND_V4, .command = INSIDE "link set eth0 address 02:00:00:00:00:01",
	  .line = "eth0: mac is 02:00:00:00:00:01" },
	{ "eth0 address", KIND_V4, .command = INSIDE "address flush dev eth0",
	  .line = "eth0: address is none, should be 10.233.1.2" },
	{ "default route", KIND_V4, .command = INSIDE "route delete default",
	  .line = "eth0: default route is none, should be 10.233.1.1" },
	{ "another gateway", KIND_V4,
	  .command = INSIDE "route replace default via 10.233.1.9 dev eth0 onlink",
	  .line = "eth0: default route is 10.233.1.9, should be 10.233.1.1" },
	{ "host address of ipv6", KIND_BOTH, .command = "-6 address flush dev ve-foo scope global",
	  .line = "host end: address is none, should be fd00:233::1" },
	{ "host route of ipv6", KIND_BOTH, .command = "-6 route delete fd00:233::2 dev ve-foo",
	  .line = "host end: route to the container is none, should be fd00:233::2" },
	{ "ipv6 off", KIND_BOTH, .family = "ipv6", .key = "disable_ipv6", .value = 1,
	  .line = "host end: ipv6 is off, should be on" },
	{ "advertisements", KIND_BOTH, .family = "ipv6", .key = "accept_ra", .value = 2,
	  .line = "host end: acceptance of router advertisements is on, should be off" },
	{ "redirects of ipv6", KIND_BOTH, .family = "ipv6", .key = "accept_redirects", .value = 1,
	  .line = "host end: acceptance of redirects is on, should be off" },
	{ "eth0 down with ipv6", KIND_BOTH, .command = INSIDE "link set eth0 down",
	  .line = "eth0 is down, should be up" },
	{ "default route of ipv6", KIND_BOTH, .command = INSIDE "-6 route delete default",
	  .line = "eth0: default route is none, should be fd00:233::1" },
	{ "out of the bridge", KIND_BRIDGE, .command = "link set vb-foo nomaster",
	  .line = "host end: bridge is none, should be br0" },
	{ "another bridge", KIND_BRIDGE, .command = "link set vb-foo master br1",
	  .line = "host end: bridge is br1, should be br0" },
	{ "no guard", KIND_BRIDGE, .command = "link set vb-foo type bridge_slave guard off",
	  .line = "host end: guard against spanning tree frames is off, should be on" },
	{ "subnet", KIND_BRIDGE, .command = INSIDE "address flush dev eth0",
	  .line = "eth0: address is none, should be 192.168.7.2/24" },
};

/** prepare - a cable of the kind the case is about */
static void prepare(struct fixture *f, enum kind kind)
{
	assert_int_equal(ip("link add br0 type bridge"), 0);
	assert_int_equal(ip("link add br1 type bridge"), 0);
	switch (kind) {
	case KIND_V4:
		break;
	case KIND_BOTH:
		spec_add_v6(&f->spec);
		break;
	case KIND_BRIDGE:
		spec_bridge(&f->spec, "br0");
		break;
	case KIND_OPEN:
		f->spec.sealed = false;
		break;
	case KIND_LONG:
		spec_name(&f->spec, "really-long-name");
		break;
	}
	assert_done(f, veth_ensure(f->veth, f->ns_fd, &f->spec, &f->error), 1);
}

/** assert_said - the difference is among those that are found */
static void assert_said(struct fixture *f, const char *line)
{
	struct veth_state state;
	struct veth_drift drift;
	size_t count;

	assert_done(f, veth_read(f->veth, f->ns_fd, &f->spec, &state, &f->error), 1);
	count = veth_compare(&f->spec, &state, &drift);
	for (size_t i = 0; i < count; i++)
		if (strncmp(drift.line[i], line, strlen(line)) == 0)
			return;
	for (size_t i = 0; i < count; i++)
		print_error("%s\n", drift.line[i]);
	fail_msg("nothing says '%s'", line);
}

/** change - what somebody does */
static void change(const struct fixture *f, const struct drift_case *c)
{
	if (c->command)
		assert_int_equal(ip("%s", c->command), 0);
	else
		assert_int_equal(sysctl_write(c->family, f->spec.link, c->key, c->value, NULL), 0);
}

/** test_drift - one case */
static void test_drift(void **state)
{
	struct fixture *f = *state;
	const struct drift_case *c = f->parameter;
	json_t *before;

	prepare(f, c->kind);
	wait_for_carrier(f);
	before = snapshot(f);
	assert_no_drift(f);
	change(f, c);
	assert_said(f, c->line);
	assert_done(f, veth_ensure(f->veth, f->ns_fd, &f->spec, &f->error), 2);
	assert_no_drift(f);
	assert_done(f, veth_ensure(f->veth, f->ns_fd, &f->spec, &f->error), 0);
	wait_for_snapshot(f, before);
	json_decref(before);
}

/** test_tolerated - what somebody adds beside ours is left alone and hides nothing */
static void test_tolerated(void **state)
{
	struct fixture *f = *state;

	prepare(f, KIND_BOTH);
	assert_int_equal(ip(INSIDE "address add 10.9.9.9/24 dev eth0"), 0);
	assert_int_equal(ip(INSIDE "address add fd00:9::9/64 dev eth0"), 0);
	assert_int_equal(ip(INSIDE "link add d0 type veth peer name d1"), 0);
	assert_int_equal(ip(INSIDE "route add 10.8.0.0/16 via 10.233.1.1"), 0);
	assert_int_equal(ip("link property add dev ve-foo altname another"), 0);
	assert_done(f, veth_ensure(f->veth, f->ns_fd, &f->spec, &f->error), 0);
}

/** test_new_addresses - another pair takes the place of the first, and its route goes with it */
static void test_new_addresses(void **state)
{
	struct fixture *f = *state;
	json_t *routes;

	prepare(f, KIND_BOTH);
	assert_int_equal(addr_parse("10.233.5.1", &f->spec.v4.host, NULL), 0);
	assert_int_equal(prefix_parse("10.233.5.2", &f->spec.v4.local, NULL), 0);
	assert_int_equal(addr_parse("fd00:5::1", &f->spec.v6.host, NULL), 0);
	assert_int_equal(prefix_parse("fd00:5::2", &f->spec.v6.local, NULL), 0);
	assert_done(f, veth_ensure(f->veth, f->ns_fd, &f->spec, &f->error), 2);
	assert_no_drift(f);
	routes = ip_json("route show 10.233.1.2");
	assert_int_equal(json_array_size(routes), 0);
	json_decref(routes);
	routes = ip_json("-6 route show fd00:233::2");
	assert_int_equal(json_array_size(routes), 0);
	json_decref(routes);
	assert_true(ping(f, true, "10.233.5.1"));
	assert_true(ping(f, true, "fd00:5::1"));
}

/** test_forwarding - is set alone, both families, and can be taken back */
static void test_forwarding(void **state)
{
	struct fixture *f = *state;

	assert_done(f, veth_set_forwarding(f->veth, &f->spec, &f->error), 0);
	prepare(f, KIND_BOTH);
	for (int on = 1; on >= 0; on--) {
		int v4 = -1, v6 = -1;

		f->spec.forwarding = on;
		assert_done(f, veth_set_forwarding(f->veth, &f->spec, &f->error), 1);
		assert_int_equal(sysctl_read("ipv4", "ve-foo", "forwarding", &v4, NULL), 0);
		assert_int_equal(v4, on);
		if (sysctl_read("ipv6", "ve-foo", "force_forwarding", &v6, NULL) < 0)
			assert_int_equal(sysctl_read("ipv6", "ve-foo", "forwarding", &v6, NULL), 0);
		assert_int_equal(v6, on);
		assert_no_drift(f);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 3] = {
		TEST(test_tolerated),
		TEST(test_new_addresses),
		TEST(test_forwarding),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[3 + i] = (struct CMUnitTest){ cases[i].name, test_drift, fixture_setup,
						    fixture_teardown, &cases[i] };
	return cmocka_run_group_tests_name("drift", tests, world_enter, NULL);
}
