/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/netns.h"
#include "fixture.h"

#define COMINGS  100 /* of a link, to meet the moment in which it goes */
#define PATIENCE 30  /* seconds for the kernel to destroy what has been removed */

/** ensure - veth_ensure() on the fixture */
static int ensure(struct fixture *f)
{
	return veth_ensure(f->veth, f->ns_fd, &f->spec, &f->error);
}

/** take_away - veth_remove() on the fixture */
static int take_away(struct fixture *f)
{
	return veth_remove(f->veth, &f->spec, &f->error);
}

/** links - how many links the host has, loopback included */
static size_t links(void)
{
	json_t *all = ip_json("link show");
	size_t count = json_array_size(all);

	json_decref(all);
	return count;
}

/** wait_for_destruction - until the kernel has destroyed all cables that have been removed */
static void wait_for_destruction(void)
{
	time_t deadline = time(NULL) + PATIENCE;

	while (links() > 1)
		if (time(NULL) > deadline)
			fail_msg("removed cables are never destroyed");
}

/** test_gone - nothing to remove */
static void test_gone(void **state)
{
	struct fixture *f = *state;

	assert_done(f, take_away(f), 0);
	assert_done(f, ensure(f), 1);
	assert_done(f, take_away(f), 1);
	assert_null(ip_link("link show dev ve-foo"));
	assert_done(f, take_away(f), 0);
	fixture_new_namespace(f);
	wait_for_destruction();
}

/** test_again - the name is free at once, however many of its predecessors are still dying */
static void test_again(void **state)
{
	struct fixture *f = *state;

	spec_name(&f->spec, "really-long-name");
	for (int i = 0; i < 100; i++) {
		assert_done(f, ensure(f), 1);
		assert_done(f, take_away(f), 1);
		fixture_new_namespace(f);
	}
	assert_done(f, ensure(f), 1);
	assert_true(ping(f, true, "10.233.1.1"));
	assert_true(ping(f, false, "10.233.1.2"));
	assert_no_drift(f);
	assert_done(f, take_away(f), 1);
	fixture_new_namespace(f);
	wait_for_destruction();
}

/** test_held - a process keeps the old namespace: its link is down and in nobody's way */
static void test_held(void **state)
{
	struct fixture *f = *state;
	__attribute__((unused)) _cleanup_(fd_closep) int held = -1;
	char retired[IFNAMSIZ];
	json_t *link;

	assert_done(f, ensure(f), 1);
	link = ip_link("link show dev ve-foo");
	(void)snprintf(retired, sizeof(retired), "ve-.%x", (unsigned)number_of(link, "ifindex"));
	json_decref(link);
	assert_done(f, take_away(f), 1);
	held = TAKE_FD(f->ns_fd);
	fixture_new_namespace(f);
	assert_done(f, ensure(f), 1);
	link = ip_link("link show dev %s", retired);
	assert_non_null(link);
	assert_false(has_flag(link, "UP"));
	json_decref(link);
	assert_true(ping(f, true, "10.233.1.1"));
	assert_true(ping(f, false, "10.233.1.2"));
}

/** test_many - more than one batch of them, all gone when the call returns; a stranger stays */
static void test_many(void **state)
{
	struct fixture *f = *state;
	struct veth_spec spec = f->spec;
	char mac[MAC_TEXT];
	json_t *stranger;

	assert_done(f, veth_remove_noted(f->veth, &f->error), 0);
	for (int i = 0; i < 25; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "many-%d", i);
		spec_name(&spec, name);
		assert_int_equal(ip("link add %s address %s type veth peer name far-%d", spec.link,
				    mac_format(&spec.host_mac, mac), i),
				 0);
		assert_done(f, veth_remove_note(f->veth, &spec, &f->error), 1);
		if (i == 12) /* noted, and gone when its turn comes */
			assert_int_equal(ip("link delete %s", spec.link), 0);
	}
	assert_int_equal(ip("link add ve-foo type bridge"), 0);
	assert_refused(f, veth_remove_note(f->veth, &f->spec, &f->error), EEXIST, "ve-foo");
	spec_name(&spec, "absent");
	assert_done(f, veth_remove_note(f->veth, &spec, &f->error), 0);
	assert_int_equal(links(), 2 * 24 + 2);

	assert_done(f, veth_remove_noted(f->veth, &f->error), 1);
	assert_int_equal(links(), 2);
	stranger = ip_link("link show dev ve-foo");
	assert_string_equal(text_of(stranger, "group"), "default");
	json_decref(stranger);
	assert_done(f, veth_remove_noted(f->veth, &f->error), 0);
}

/** test_same_namespace - a run killed between the cable and its namespace: it gets a new cable */
static void test_same_namespace(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++) {
		assert_done(f, ensure(f), 1);
		assert_done(f, take_away(f), 1);
	}
	assert_done(f, ensure(f), 1);
	assert_int_equal(links(), 2);
	assert_true(ping(f, true, "10.233.1.1"));
}

/** test_other_namespace - the cable leads into another namespace, which is still held: replaced */
static void test_other_namespace(void **state)
{
	struct fixture *f = *state;
	__attribute__((unused)) _cleanup_(fd_closep) int held = -1;
	struct veth_state cable;
	struct veth_drift drift;

	assert_done(f, ensure(f), 1);
	held = TAKE_FD(f->ns_fd);
	fixture_new_namespace(f);
	assert_done(f, veth_read(f->veth, f->ns_fd, &f->spec, &cable, &f->error), 1);
	assert_false(cable.local.present);
	assert_int_equal(veth_compare(&f->spec, &cable, &drift), 1);
	assert_done(f, ensure(f), 1);
	assert_true(ping(f, true, "10.233.1.1"));
	assert_no_drift(f);
}

/** test_killed_bare - a run killed right after the pair was made: completed, known by its MAC */
static void test_killed_bare(void **state)
{
	struct fixture *f = *state;
	char host[MAC_TEXT], local[MAC_TEXT];

	assert_int_equal(ip("link add ve-foo address %s mtu 1400 type veth peer name eth0 netns %s "
			    "address %s mtu 1400",
			    mac_format(&f->spec.host_mac, host), CONTAINER_NS,
			    mac_format(&f->spec.local_mac, local)),
			 0);
	assert_done(f, ensure(f), 2);
	assert_no_drift(f);
	assert_true(ping(f, true, "10.233.1.1"));
	assert_done(f, ensure(f), 0);
}

/** test_read - counters and presence, with and without a namespace to look into */
static void test_read(void **state)
{
	struct fixture *f = *state;
	struct veth_state cable;

	assert_done(f, veth_read(f->veth, f->ns_fd, &f->spec, &cable, &f->error), 0);
	assert_false(cable.host.present);
	assert_done(f, ensure(f), 1);
	assert_true(ping(f, true, "10.233.1.1"));
	assert_done(f, veth_read(f->veth, f->ns_fd, &f->spec, &cable, &f->error), 1);
	assert_true(cable.ours && cable.host.present && cable.local.present);
	assert_true(cable.host.carrier && cable.local.carrier);
	assert_true(cable.host.rx_bytes >= 84 && cable.host.tx_bytes >= 84);
	assert_true(cable.local.tx_bytes >= 84 && cable.host.rx_packets > 0);
	assert_done(f, veth_read(f->veth, -1, &f->spec, &cable, &f->error), 1);
	assert_true(cable.host.present);
	assert_false(cable.local.present);
}

/* The way to the world, in words for ip(8), and the link and MTU that are found. */
static const struct {
	const char *commands[2];
	sa_family_t family;
	const char *link;
} uplinks[] = {
	{ { NULL }, AF_INET, NULL },
	{ { NULL }, AF_INET6, NULL },
	{ { "route add default via 10.0.0.1" }, AF_INET, "up0" },
	{ { "route add default via 10.0.0.1 table 9", "rule add table 9" }, AF_INET, "up0" },
	{ { "route add default via 10.0.0.1", "route add blackhole 192.0.2.0/24" },
	  AF_INET,
	  "up0" },
	{ { "route add default via 10.0.0.1", "route add prohibit 192.0.2.0/24" }, AF_INET, "up0" },
	{ { "route add unreachable default" }, AF_INET, NULL },
	{ { "-6 route add default via fd00::9" }, AF_INET6, "up0" },
	{ { "-6 route add default via fd00::9", "-6 route add unreachable 2001:db8::/32" },
	  AF_INET6,
	  "up0" },
	{ { "-6 route add unreachable default" }, AF_INET6, NULL },
};

/** test_uplink - every way the world can be reached, or not */
static void test_uplink(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uplinks); i++) {
		void *fresh = NULL;
		struct veth_uplink uplink;
		struct fixture *f;

		fixture_setup(&fresh);
		f = fresh;
		assert_int_equal(ip("link add up0 mtu 1380 type veth peer name far0"), 0);
		assert_int_equal(ip("link set far0 up"), 0);
		assert_int_equal(ip("link set up0 up"), 0);
		assert_int_equal(ip("address add 10.0.0.2/24 dev up0"), 0);
		assert_int_equal(ip("address add fd00::2/64 dev up0 nodad"), 0);
		for (size_t j = 0; j < 2 && uplinks[i].commands[j]; j++)
			assert_int_equal(ip("%s", uplinks[i].commands[j]), 0);
		assert_done(f, veth_uplink(f->veth, uplinks[i].family, &uplink, &f->error),
			    uplinks[i].link != NULL);
		assert_string_equal(uplink.link, uplinks[i].link ? uplinks[i].link : "");
		assert_int_equal(uplink.mtu, uplinks[i].link ? 1380 : 0);
		fixture_teardown(&fresh);
	}
}

/** links_come_and_go - a process that makes and deletes a link with 10.9.0.1 again and again */
static pid_t links_come_and_go(void)
{
	pid_t pid = fork();
	int failed = 0;

	if (pid != 0)
		return pid;
	for (int i = 0; failed == 0 && i < COMINGS; i++)
		failed = ip("link add d0 type veth peer name d1") || ip("link set d0 up") ||
			 ip("address add 10.9.0.1/32 dev d0") || ip("link delete d0");
	_exit(failed);
}

/** test_used_by_what_goes - a link that goes away while uses are told is not told without its name */
static void test_used_by_what_goes(void **state)
{
	struct fixture *f = *state;
	struct addr addr;
	size_t seen = 0;
	pid_t child = links_come_and_go();
	int status;

	assert_true(child > 0);
	assert_int_equal(addr_parse("10.9.0.1", &addr, NULL), 0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct veth_uses uses = { .count = 0 };

		assert_done(f, veth_uses_find(f->veth, &addr, 1, &uses, &f->error), 0);
		assert_done(f, veth_uses_read(f->veth, &uses, &f->error), 0);
		for (size_t i = 0; i < uses.count; i++) {
			if (!addr_equal(&uses.list[i].prefix.addr, &addr))
				continue;
			assert_string_equal(uses.list[i].link, "d0");
			seen++;
		}
		free(uses.list);
	}
	assert_int_equal(status, 0);
	assert_true(seen > 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gone),
		TEST(test_again),
		TEST(test_held),
		TEST(test_many),
		TEST(test_same_namespace),
		TEST(test_other_namespace),
		TEST(test_killed_bare),
		TEST(test_read),
		cmocka_unit_test(test_uplink),
		TEST(test_used_by_what_goes),
	};

	return cmocka_run_group_tests_name("remove", tests, world_enter, NULL);
}
