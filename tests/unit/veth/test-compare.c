/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "veth/veth.h"

static const struct mac host_mac = { { 2, 0, 0, 0, 0, 1 } };
static const struct mac local_mac = { { 2, 0, 0, 0, 0, 2 } };

#define GROUP 195635 /* one that goes with this MAC */

/** prefix_of - an address from text that is known to be right */
static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, NULL), 0);
	return prefix;
}

/** spec_make - a cable with everything, as it should be */
static struct veth_spec spec_make(void)
{
	return (struct veth_spec){
		.container = "foo",
		.link = "ve-foo",
		.altname = "ve-foo-in-full",
		.host_mac = host_mac,
		.local_mac = local_mac,
		.mtu = 1400,
		.forwarding = true,
		.sealed = true,
		.v4 = { .host = prefix_of("10.0.0.1").addr, .local = prefix_of("10.0.0.2") },
		.v6 = { .host = prefix_of("fd00::1").addr, .local = prefix_of("fd00::2") },
	};
}

/** state_make - the same cable, as it is */
static struct veth_state state_make(void)
{
	struct veth_state state = {
		.ours = true,
		.altname = true,
		.forwarding_v4 = true,
		.forwarding_v6 = true,
		.strict_source = true,
		.loopback_up = true,
		.group = GROUP,
		.known_v4 = local_mac,
		.known_v6 = local_mac,
		.host = { .present = true, .up = true, .mtu = 1400, .mac = host_mac },
		.local = { .present = true, .up = true, .mtu = 1400, .mac = local_mac },
	};

	state.host.v4 = state.local.v4 = prefix_of("10.0.0.1");
	state.local.v4 = prefix_of("10.0.0.2");
	state.host.v4_peer = state.local.v4.addr;
	state.local.v4_peer = state.local.v4_gateway = state.host.v4.addr;
	state.host.v6 = prefix_of("fd00::1");
	state.local.v6 = prefix_of("fd00::2");
	state.host.v6_peer = state.local.v6.addr;
	state.local.v6_peer = state.local.v6_gateway = state.host.v6.addr;
	return state;
}

/* One difference: a byte range of the state that is flipped or cleared, and what is said of it. */
static const struct {
	size_t offset, size;
	const char *line;
} cases[] = {
#define FIELD(field) offsetof(struct veth_state, field), sizeof(((struct veth_state *)0)->field)
	{ FIELD(ours), "host end does not carry the tag of container foo" },
	{ FIELD(altname), "host end has no alternative name ve-foo-in-full" },
	{ FIELD(forwarding_v4), "host end: ipv4 forwarding is off, should be on" },
	{ FIELD(forwarding_v6), "host end: ipv6 forwarding is off, should be on" },
	{ FIELD(strict_source), "host end: strict source check is off, should be on" },
	{ FIELD(v6_disabled), "host end: ipv6 is off, should be on" },
	{ FIELD(accept_ra), "host end: acceptance of router advertisements is on, should be off" },
	{ FIELD(accept_redirects), "host end: acceptance of redirects is on, should be off" },
	{ FIELD(loopback_up), "loopback inside is off, should be on" },
	{ FIELD(host.up), "host end is down, should be up" },
	{ FIELD(local.up), "eth0 is down, should be up" },
	{ FIELD(host.mtu), "host end: mtu is 0, should be 1400" },
	{ FIELD(local.mtu), "eth0: mtu is 0, should be 1400" },
	{ FIELD(host.mac), "host end: mac is 00:00:00:00:00:00, should be 02:00:00:00:00:01" },
	{ FIELD(local.mac), "eth0: mac is 00:00:00:00:00:00, should be 02:00:00:00:00:02" },
	{ FIELD(host.v4), "host end: address is none, should be 10.0.0.1" },
	{ FIELD(host.v6), "host end: address is none, should be fd00::1" },
	{ FIELD(host.v4_peer), "host end: route to the container is none, should be 10.0.0.2" },
	{ FIELD(host.v6_peer), "host end: route to the container is none, should be fd00::2" },
	{ FIELD(local.v4), "eth0: address is none, should be 10.0.0.2" },
	{ FIELD(local.v6), "eth0: address is none, should be fd00::2" },
	{ FIELD(local.v4_peer), "eth0: peer is none, should be 10.0.0.1" },
	{ FIELD(local.v6_peer), "eth0: peer is none, should be fd00::1" },
	{ FIELD(local.v4_gateway), "eth0: default route is none, should be 10.0.0.1" },
	{ FIELD(local.v6_gateway), "eth0: default route is none, should be fd00::1" },
	{ FIELD(group),
	  "host end: group is 0, should be one that goes with mac 02:00:00:00:00:02" },
	{ FIELD(known_v4), "host end: 10.0.0.2 is not fixed at mac 02:00:00:00:00:02" },
	{ FIELD(known_v6), "host end: fd00::2 is not fixed at mac 02:00:00:00:00:02" },
#undef FIELD
};

/** test_same - a cable that is as it should be has no difference */
static void test_same(void **state)
{
	struct veth_spec spec = spec_make();
	struct veth_state is = state_make();
	struct veth_drift drift;

	(void)state;
	assert_int_equal(veth_compare(&spec, &is, &drift), 0);
}

/** test_each - every single difference is seen, alone, and said in words */
static void test_each(void **state)
{
	struct veth_spec spec = spec_make();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct veth_state is = state_make();
		char *field = (char *)&is + cases[i].offset;
		struct veth_drift drift;

		if (cases[i].size == sizeof(bool))
			*(bool *)field = !*(bool *)field;
		else
			memset(field, 0, cases[i].size);
		assert_int_equal(veth_compare(&spec, &is, &drift), 1);
		assert_string_equal(drift.line[0], cases[i].line);
	}
}

/** test_not_asked - what the specification does not ask for is nobody's difference */
static void test_not_asked(void **state)
{
	struct veth_spec spec = spec_make();
	struct veth_state is = state_make();
	struct veth_drift drift;

	(void)state;
	spec.mtu = 0;
	spec.altname[0] = '\0';
	spec.host_mac = spec.local_mac = (struct mac){ 0 };
	spec.v4 = spec.v6 = (struct veth_pair){ 0 };
	is.v6_disabled = true;
	is.accept_ra = is.forwarding_v6 = true;
	is.host.mtu = 9000;
	assert_int_equal(veth_compare(&spec, &is, &drift), 0);
}

/** test_bridge - on a bridge the gateway is on no link, and the length of the subnet counts */
static void test_bridge(void **state)
{
	struct veth_spec spec = spec_make();
	struct veth_state is = state_make();
	struct veth_drift drift;

	(void)state;
	memcpy(spec.bridge, "br0", 4);
	spec.v4.local.length = 24;
	spec.v6 = (struct veth_pair){ 0 };
	is.v6_disabled = true;
	is.host.v4 = (struct prefix){ 0 };
	is.local.v4.length = 24;
	assert_int_equal(veth_compare(&spec, &is, &drift), 1);
	assert_string_equal(drift.line[0], "host end: bridge is none, should be br0");
	memcpy(is.bridge, "br0", 4);
	assert_int_equal(veth_compare(&spec, &is, &drift), 0);
	is.guarded = is.cut = true;
	assert_int_equal(veth_compare(&spec, &is, &drift), 2);
	spec.guarded = true;
	assert_int_equal(veth_compare(&spec, &is, &drift), 1);
	assert_non_null(strstr(drift.line[0], "the bridge has cut it off"));
	is.cut = false;
	assert_int_equal(veth_compare(&spec, &is, &drift), 0);
	is.local.v4.length = 32;
	assert_int_equal(veth_compare(&spec, &is, &drift), 1);
	assert_string_equal(drift.line[0], "eth0: address is 10.0.0.2, should be 10.0.0.2/24");
}

/** test_unsealed - what may be sent under any MAC has no group that says otherwise; a port any */
static void test_unsealed(void **state)
{
	struct veth_spec spec = spec_make();
	struct veth_state is = state_make();
	struct veth_drift drift;

	(void)state;
	spec.sealed = false;
	assert_int_equal(veth_compare(&spec, &is, &drift), 1);
	assert_string_equal(drift.line[0], "host end: group is 195635, should be 0");
	is.group = 2;
	assert_int_equal(veth_compare(&spec, &is, &drift), 0);
	memcpy(spec.bridge, "br0", 4);
	memcpy(is.bridge, "br0", 4);
	spec.v4 = spec.v6 = (struct veth_pair){ 0 };
	is.v6_disabled = true;
	is.group = 1;
	assert_int_equal(veth_compare(&spec, &is, &drift), 0);
	spec.sealed = true;
	assert_int_equal(veth_compare(&spec, &is, &drift), 0);
}

/** test_missing - a cable without one of its ends has that one difference */
static void test_missing(void **state)
{
	struct veth_spec spec = spec_make();
	struct veth_state is = state_make();
	struct veth_drift drift;

	(void)state;
	is.local = (struct veth_end){ 0 };
	assert_int_equal(veth_compare(&spec, &is, &drift), 1);
	assert_string_equal(drift.line[0],
			    "the other end of ve-foo is not in the container's namespace");
	is = (struct veth_state){ 0 };
	assert_int_equal(veth_compare(&spec, &is, &drift), 1);
	assert_string_equal(drift.line[0], "there is no link ve-foo");
}

/** test_everything - a cable of which everything differs fits into the report */
static void test_everything(void **state)
{
	struct veth_spec spec = spec_make();
	struct veth_state is = { .host.present = true, .local.present = true };
	struct veth_drift drift;

	(void)state;
	is.accept_ra = is.accept_redirects = true;
	memcpy(is.bridge, "br0", 4);
	assert_int_equal(veth_compare(&spec, &is, &drift), VETH_DRIFT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),       cmocka_unit_test(test_each),
		cmocka_unit_test(test_not_asked),  cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_unsealed),   cmocka_unit_test(test_missing),
		cmocka_unit_test(test_everything),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
