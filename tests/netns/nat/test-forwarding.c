/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switches of the kernel: what is recorded, what is set, and what comes back. */
#include "world.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sysctl.h"
#include "nat/nat.h"

#define RECORD "/run/nixctr-net/forwarding"

/** world_begin - a host with two links */
static int world_begin(void **state)
{
	(void)state;
	if (world_isolate() < 0)
		return -1;
	must_run("ip link add eth0 type veth peer name peer0");
	must_run("ip link add eth1 type veth peer name peer1");
	return 0;
}

/** switch_of - what a switch is */
static int switch_of(const char *family, const char *link, const char *key)
{
	int value;

	assert_int_equal(sysctl_read(family, link, key, &value, NULL), 0);
	return value;
}

/** switches_begin - every test starts with all switches off and no record */
static int switches_begin(void **state)
{
	static const char *const links[] = { "eth0", "eth1" };

	(void)state;
	unlink(RECORD);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		assert_int_equal(sysctl_write("ipv4", links[i], "forwarding", 0, NULL), 0);
		assert_int_equal(sysctl_write("ipv6", links[i], "force_forwarding", 0, NULL), 0);
	}
	return 0;
}

/** record_unnumbered - take the numbers of links out of a record; they are those of its links */
static void record_unnumbered(char *text)
{
	static const char word[] = " ifindex ";

	for (char *at = strstr(text, word); at; at = strstr(at, word)) {
		const char *line = at;
		char link[IFNAMSIZ], *rest;
		unsigned long number = strtoul(at + strlen(word), &rest, 10);

		while (line > text && line[-1] != '\n')
			line--;
		assert_int_equal(sscanf(line, "%*s %15s", link), 1);
		assert_int_equal(number, if_nametoindex(link));
		memmove(at, rest, strlen(rest) + 1);
	}
}

/** assert_record - what is in the record, but for numbers of links; "" means that there is none */
static void assert_record(const char *expected)
{
	_cleanup_(freep) char *text = NULL;
	size_t length;
	int r = file_read(RECORD, 65536, &text, &length, NULL);

	assert_int_equal(r, expected[0] ? 0 : -ENOENT);
	if (text)
		record_unnumbered(text);
	assert_string_equal(text ? text : "", expected);
	assert_int_equal(access(RECORD ".lock", F_OK), -1);
}

/** spec_of - a description with up to two external links */
static struct nat_spec spec_of(const char *first, const char *second)
{
	struct nat_spec spec = { 0 };

	assert_int_equal(nat_spec_add(&spec, first, NULL), 1);
	if (second)
		assert_int_equal(nat_spec_add(&spec, second, NULL), 1);
	return spec;
}

/** only_external_links_forward - not the whole host; and it all comes back */
static void only_external_links_forward(void **state)
{
	struct nat_spec spec = spec_of("eth0", NULL);

	(void)state;
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 1);
	assert_int_equal(switch_of("ipv6", "eth0", "force_forwarding"), 1);
	assert_int_equal(switch_of("ipv4", "all", "forwarding"), 0);
	assert_int_equal(switch_of("ipv6", "all", "forwarding"), 0);
	assert_int_equal(switch_of("ipv4", "eth1", "forwarding"), 0);
	assert_record("ipv4 eth0 forwarding 0 1\nipv6 eth0 force_forwarding 0 1\n");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 0);
	assert_record("ipv4 eth0 forwarding 0 1\nipv6 eth0 force_forwarding 0 1\n");
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 0);
	assert_int_equal(switch_of("ipv6", "eth0", "force_forwarding"), 0);
	assert_record("");
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 0);
}

/** what_was_right_is_not_ours - and is not put back */
static void what_was_right_is_not_ours(void **state)
{
	struct nat_spec spec = spec_of("eth0", NULL);

	(void)state;
	assert_int_equal(sysctl_write("ipv4", "eth0", "forwarding", 1, NULL), 0);
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_record("ipv6 eth0 force_forwarding 0 1\n");
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 1);
}

/** links_that_are_dropped_come_back - the others stay as they are */
static void links_that_are_dropped_come_back(void **state)
{
	struct nat_spec both = spec_of("eth0", "eth1"), one = spec_of("eth1", NULL);
	struct nat_spec none = { 0 };

	(void)state;
	assert_int_equal(nat_forwarding_ensure(&both, RECORD, NULL), 1);
	assert_int_equal(nat_forwarding_ensure(&one, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 0);
	assert_int_equal(switch_of("ipv4", "eth1", "forwarding"), 1);
	assert_record("ipv4 eth1 forwarding 0 1\nipv6 eth1 force_forwarding 0 1\n");
	assert_int_equal(nat_forwarding_ensure(&none, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth1", "forwarding"), 0);
	assert_record("");
}

/** the_killed_are_taken_up - between the record and the switch, and between two switches */
static void the_killed_are_taken_up(void **state)
{
	static const char record[] = "ipv4 eth0 forwarding 0 1\nipv6 eth0 force_forwarding 0 1\n";
	struct nat_spec spec = spec_of("eth0", NULL);

	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		assert_int_equal(sysctl_write("ipv4", "eth0", "forwarding", switched, NULL), 0);
		assert_int_equal(file_replace(RECORD, record, strlen(record), 0644, NULL), 0);
		assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
		assert_record(record);
		assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
		assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 0);

		assert_int_equal(sysctl_write("ipv4", "eth0", "forwarding", switched, NULL), 0);
		assert_int_equal(file_replace(RECORD, record, strlen(record), 0644, NULL), 0);
		assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
		assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 0);
		assert_record("");
	}
}

/** the_record_comes_first - when it cannot be written, nothing is switched */
static void the_record_comes_first(void **state)
{
	struct nat_spec spec = spec_of("eth0", NULL);
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(mkdir(RECORD, 0755) == 0 || errno == EEXIST, 1);
	assert_true(nat_forwarding_ensure(&spec, RECORD, &e) < 0);
	assert_non_null(strstr(e.text, RECORD));
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 0);
	assert_int_equal(rmdir(RECORD), 0);
	must_run("mkdir -p /run/full");
	assert_int_equal(mount("tmpfs", "/run/full", "tmpfs", 0, "nr_inodes=2"), 0);
	assert_true(nat_forwarding_ensure(&spec, "/run/full/forwarding", &e) < 0);
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 0);
	assert_int_equal(umount("/run/full"), 0);
}

/** what_somebody_changed_is_theirs - left alone, and the record is gone nevertheless */
static void what_somebody_changed_is_theirs(void **state)
{
	static const char record[] = "ipv4 eth0 rp_filter 0 1\n";

	(void)state;
	assert_int_equal(sysctl_write("ipv4", "eth0", "rp_filter", 2, NULL), 0);
	assert_int_equal(file_replace(RECORD, record, strlen(record), 0644, NULL), 0);
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth0", "rp_filter"), 2);
	assert_record("");
	assert_int_equal(sysctl_write("ipv4", "eth0", "rp_filter", 0, NULL), 0);
}

/** links_come_and_go - one that is not there yet, and one that is gone by now */
static void links_come_and_go(void **state)
{
	struct nat_spec spec = spec_of("eth0", "usb0");

	(void)state;
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_record("ipv4 eth0 forwarding 0 1\nipv6 eth0 force_forwarding 0 1\n");
	must_run("ip link add usb0 type veth peer name peer2");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "usb0", "forwarding"), 1);
	must_run("ip link del usb0");
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 0);
	assert_record("");
}

/** wildcards_are_the_links_there_are - now, and at the next look */
static void wildcards_are_the_links_there_are(void **state)
{
	struct nat_spec spec = spec_of("eth*", "zzz*");
	_cleanup_(freep) char(*names)[IFNAMSIZ] = NULL;
	size_t count;

	(void)state;
	must_run("ip link add nether type veth peer name other");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_record("ipv4 eth0 forwarding 0 1\nipv6 eth0 force_forwarding 0 1\n"
		      "ipv4 eth1 forwarding 0 1\nipv6 eth1 force_forwarding 0 1\n");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 0);
	must_run("ip link set other name eth7");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth7", "forwarding"), 1);
	assert_int_equal(switch_of("ipv4", "nether", "forwarding"), 0);
	assert_int_equal(nat_external_now(&spec, &names, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_string_equal(names[2], "eth7");
	must_run("ip link set eth7 name other");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "other", "forwarding"), 0);
	must_run("ip link del nether");
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth1", "forwarding"), 0);
	assert_record("");
}

/** the_loopback_leads_nowhere - also where a wildcard stands for it */
static void the_loopback_leads_nowhere(void **state)
{
	struct nat_spec spec = spec_of("l*", NULL);

	(void)state;
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 0);
	assert_record("");
}

/** switches_follow_a_renamed_link - back to what they were, under the new name */
static void switches_follow_a_renamed_link(void **state)
{
	struct nat_spec before = spec_of("eth0", NULL), after = spec_of("wan0", NULL);
	struct nat_spec both = spec_of("eth0", "wan0");

	(void)state;
	assert_int_equal(nat_forwarding_ensure(&before, RECORD, NULL), 1);
	must_run("ip link set eth0 name wan0");
	assert_int_equal(nat_forwarding_ensure(&both, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "wan0", "forwarding"), 1);
	assert_record("ipv4 wan0 forwarding 0 1\nipv6 wan0 force_forwarding 0 1\n");
	assert_int_equal(nat_forwarding_ensure(&after, RECORD, NULL), 0);
	must_run("ip link set wan0 name wan1");
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "wan1", "forwarding"), 0);
	assert_int_equal(switch_of("ipv6", "wan1", "force_forwarding"), 0);
	assert_record("");
	must_run("ip link set wan1 name eth0");
}

/** a_namesake_is_another_link - that came when ours had gone; it has switches of its own */
static void a_namesake_is_another_link(void **state)
{
	struct nat_spec spec = spec_of("usb0", NULL);

	(void)state;
	must_run("ip link add usb0 type veth peer name peer2");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	must_run("ip link del usb0");
	must_run("ip link add usb0 type veth peer name peer2");
	must_run("sysctl -q net.ipv4.conf.usb0.forwarding=1");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_record("ipv6 usb0 force_forwarding 0 1\n");
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "usb0", "forwarding"), 1);
	must_run("ip link del usb0");
}

/** links_inside_forward_what_is_behind_them - the family that is there, and no other */
static void links_inside_forward_what_is_behind_them(void **state)
{
	struct nat_spec spec = spec_of("eth0", NULL), alone = spec;

	(void)state;
	assert_int_equal(nat_spec_add_internal(&spec, "192.168.7.0/24", NULL), 1);
	assert_int_equal(nat_spec_add_inside(&spec, "eth1", AF_INET, NULL), 1);
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_record("ipv4 eth0 forwarding 0 1\nipv6 eth0 force_forwarding 0 1\n"
		      "ipv4 eth1 forwarding 0 1\n");
	assert_int_equal(switch_of("ipv4", "eth1", "forwarding"), 1);
	assert_int_equal(switch_of("ipv6", "eth1", "force_forwarding"), 0);
	assert_int_equal(nat_spec_add_inside(&spec, "eth1", AF_INET6, NULL), 1);
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv6", "eth1", "force_forwarding"), 1);
	assert_int_equal(nat_forwarding_ensure(&alone, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv4", "eth1", "forwarding"), 0);
	assert_int_equal(switch_of("ipv6", "eth1", "force_forwarding"), 0);
	assert_int_equal(switch_of("ipv4", "eth0", "forwarding"), 1);
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
}

/** old_switch_make - a switch of a kernel before 6.17, as a file */
static void old_switch_make(const char *link, const char *key, const char *value)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s", link);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", link, key);
	assert_int_equal(file_replace(path, value, strlen(value), 0644, NULL), 0);
}

/** old_kernels_become_routers - when a container has IPv6, and keep their own default route */
static void old_kernels_become_routers(void **state)
{
	struct nat_spec spec = spec_of("eth0", "eth1");

	(void)state;
	assert_int_equal(mount("tmpfs", "/proc/sys/net/ipv6/conf", "tmpfs", 0, NULL), 0);
	old_switch_make("all", "forwarding", "0");
	old_switch_make("eth0", "accept_ra", "1");
	old_switch_make("eth1", "accept_ra", "0");
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv6", "all", "forwarding"), 0);
	spec.ipv6 = true;
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv6", "all", "forwarding"), 1);
	assert_int_equal(switch_of("ipv6", "eth0", "accept_ra"), 2);
	assert_int_equal(switch_of("ipv6", "eth1", "accept_ra"), 0);
	assert_record("ipv4 eth0 forwarding 0 1\nipv4 eth1 forwarding 0 1\n"
		      "ipv6 eth0 accept_ra 1 2\nipv6 all forwarding 0 1\n");
	/* The next container, which has none, does not take it away from that one. */
	spec.ipv6 = false;
	assert_int_equal(nat_forwarding_ensure(&spec, RECORD, NULL), 0);
	assert_int_equal(nat_forwarding_restore(RECORD, NULL), 1);
	assert_int_equal(switch_of("ipv6", "all", "forwarding"), 0);
	assert_int_equal(switch_of("ipv6", "eth0", "accept_ra"), 1);
	assert_int_equal(umount("/proc/sys/net/ipv6/conf"), 0);
}

/** ports_are_called_where_addresses_are - by their links, whatever label somebody gave them */
static void ports_are_called_where_addresses_are(void **state)
{
	struct nat_spec spec = { .n_callers = 7 };

	(void)state;
	must_run("ip addr add 127.9.9.9/8 dev lo");
	must_run("ip addr add 192.0.2.7/24 dev eth0 label eth0:more");
	must_run("ip addr add 192.0.2.8/24 dev eth0 label eth0:again");
	must_run("ip -6 addr add fe80::7/64 dev eth1 nodad");
	must_run("ip link add ve-c type veth peer name peer2");
	must_run("ip addr add 10.233.1.1 peer 10.233.1.2 dev ve-c");
	must_run("ip -6 addr add fd00::1/128 dev ve-c nodad");
	assert_int_equal(nat_spec_find_callers(&spec, NULL), 0);
	assert_true(spec.callers_known);
	assert_int_equal(spec.n_callers, 1);
	assert_string_equal(spec.callers[0], "eth0");
	must_run("ip -6 addr add fd00:7::7 peer fd00:7::8 dev eth1 nodad");
	assert_int_equal(nat_spec_find_callers(&spec, NULL), 0);
	assert_int_equal(spec.n_callers, 2);
	assert_string_equal(spec.callers[1], "eth1");
	assert_int_equal(addr_parse("10.233.1.1", &spec.address4, NULL), 0);
	assert_true(nat_address_is_here(&spec.address4));
	assert_int_equal(addr_parse("10.233.1.2", &spec.address4, NULL), 0);
	assert_false(nat_address_is_here(&spec.address4));
	must_run("ip link del ve-c");
	must_run("ip addr flush dev eth0");
	must_run("ip addr flush dev eth1");
}

/** main - run the tests of forwarding.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_external_links_forward, switches_begin),
		cmocka_unit_test_setup(what_was_right_is_not_ours, switches_begin),
		cmocka_unit_test_setup(links_that_are_dropped_come_back, switches_begin),
		cmocka_unit_test_setup(the_killed_are_taken_up, switches_begin),
		cmocka_unit_test_setup(the_record_comes_first, switches_begin),
		cmocka_unit_test_setup(what_somebody_changed_is_theirs, switches_begin),
		cmocka_unit_test_setup(links_come_and_go, switches_begin),
		cmocka_unit_test_setup(wildcards_are_the_links_there_are, switches_begin),
		cmocka_unit_test_setup(the_loopback_leads_nowhere, switches_begin),
		cmocka_unit_test_setup(switches_follow_a_renamed_link, switches_begin),
		cmocka_unit_test_setup(a_namesake_is_another_link, switches_begin),
		cmocka_unit_test_setup(links_inside_forward_what_is_behind_them, switches_begin),
		cmocka_unit_test_setup(old_kernels_become_routers, switches_begin),
		cmocka_unit_test_setup(ports_are_called_where_addresses_are, switches_begin),
	};

	return cmocka_run_group_tests_name("forwarding", tests, world_begin, NULL);
}
