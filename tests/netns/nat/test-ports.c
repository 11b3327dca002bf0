/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the table that published ports take: made with it, mended with it, owned by containers. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/nat.h"

static struct nat *nat;
static struct nat_spec spec;

/** world_begin - an empty host, and one external link to want */
static int world_begin(void **state)
{
	(void)state;
	if (world_isolate() < 0)
		return -1;
	assert_int_equal(nat_spec_add(&spec, "eth0", NULL), 1);
	return nat_open(&nat, NULL);
}

/** world_end - end the session */
static int world_end(void **state)
{
	(void)state;
	nat_close(nat);
	return 0;
}

/** table_begin - every test starts without our table */
static int table_begin(void **state)
{
	(void)state;
	return nat_remove(nat, NULL) < 0 ? -1 : 0;
}

/* Ports of two containers; the last is called by one address through one link. */
static struct nat_forward forwards[] = {
	{ .protocol = IPPROTO_TCP, .port = 8080, .to_port = 80, .link = "ve-a", .container = "a" },
	{ .protocol = IPPROTO_UDP, .port = 53, .to_port = 53, .link = "ve-b", .container = "b" },
	{ .protocol = IPPROTO_TCP,
	  .port = 9000,
	  .to_port = 90,
	  .host_link = "eth0",
	  .link = "ve-b",
	  .container = "b" },
};

/** forwards_give - what a source knows: all forwards */
static int forwards_give(void *data, struct nat_forwards *ret_forwards, struct error *e)
{
	(void)data;
	(void)e;
	ret_forwards->list = malloc(sizeof(forwards));
	assert_non_null(ret_forwards->list);
	assert_int_equal(addr_parse("10.233.1.2", &forwards[0].to, NULL), 0);
	assert_int_equal(addr_parse("fd00::2", &forwards[1].to, NULL), 0);
	assert_int_equal(addr_parse("192.0.2.1", &forwards[2].host, NULL), 0);
	assert_int_equal(addr_parse("10.233.2.2", &forwards[2].to, NULL), 0);
	memcpy(ret_forwards->list, forwards, sizeof(forwards));
	ret_forwards->count = ARRAY_SIZE(forwards);
	return 0;
}

/** forwards_are - how many forwards the kernel has */
static size_t forwards_are(void)
{
	struct nat_forwards present = { .count = 0 };

	assert_int_equal(nat_forwards_read(nat, &present, NULL), 0);
	free(present.list);
	return present.count;
}

/* What can be done to the part of the table that published ports take. */
static const char *const port_damages[] = {
	"nft flush chain inet nixctr-net publish",
	"nft flush chain inet nixctr-net output",
	"nft flush chain inet nixctr-net loopback-out",
	"nft flush chain inet nixctr-net loopback-back",
	"nft flush chain inet nixctr-net loopback-in",
	"nft insert rule inet nixctr-net prerouting accept",
	"nft add rule inet nixctr-net publish drop",
	"nft flush chain inet nixctr-net postrouting",
	"nft add chain inet nixctr-net extra",
	"nft flush chain inet nixctr-net to-container",
	"nft add chain inet nixctr-net prerouting { policy drop ; }",
	"nft delete set inet nixctr-net bindings",
	"nft add rule inet nixctr-net loopback-out accept",
	"nft flush ruleset",
};

/** ports_come_with_the_table - made when wanted, kept when not, mended with all forwards */
static void ports_come_with_the_table(void **state)
{
	struct nat_spec ports = spec;
	struct nat_state is;

	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_int_equal(nat_read(nat, &is, NULL), 1);
	assert_false(is.ports);
	ports.ports = true;
	ports.source.forwards = forwards_give;
	assert_int_equal(nat_ensure(nat, &ports, NULL), 1);
	assert_int_equal(nat_ensure(nat, &ports, NULL), 0);
	assert_int_equal(nat_ensure(nat, &spec, NULL), 0);
	assert_int_equal(nat_read(nat, &is, NULL), 1);
	assert_true(is.intact && is.ports);
	assert_int_equal(forwards_are(), ARRAY_SIZE(forwards));
	ports.ports = false;
	for (size_t i = 0; i < ARRAY_SIZE(port_damages); i++) {
		struct nat_drift drift;

		must_run(port_damages[i]);
		assert_true(nat_read(nat, &is, NULL) == 0 || nat_compare(&spec, &is, &drift) > 0);
		assert_int_equal(nat_ensure(nat, &ports, NULL), 1);
		assert_int_equal(nat_ensure(nat, &ports, NULL), 0);
		assert_int_equal(forwards_are(), ARRAY_SIZE(forwards));
	}
}

#define MANY 300 /* for which a map has a bound when it is made with them */

/**
 * many_make - so many forwards and more
 * @ret_forwards: the caller frees the list
 * @count: how many
 */
static void many_make(struct nat_forwards *ret_forwards, size_t count)
{
	ret_forwards->list = calloc(count, sizeof(*ret_forwards->list));
	assert_non_null(ret_forwards->list);
	assert_int_equal(addr_parse("10.233.1.2", &forwards[0].to, NULL), 0);
	ret_forwards->count = count;
	for (size_t i = 0; i < count; i++) {
		ret_forwards->list[i] = forwards[0];
		ret_forwards->list[i].port = (uint16_t)(20000 + i);
	}
}

/** many_give - struct nat_source: as many as @data says */
static int many_give(void *data, struct nat_forwards *ret_forwards, struct error *e)
{
	(void)e;
	many_make(ret_forwards, *(const size_t *)data);
	return 0;
}

/** map_says - whether nft(8) says something of a map */
static bool map_says(const char *map, const char *text)
{
	char command[80];
	char *listing;
	bool says;

	(void)snprintf(command, sizeof(command), "nft list map inet nixctr-net %s", map);
	listing = output_of(command);
	assert_non_null(listing);
	says = strstr(listing, text);
	free(listing);
	return says;
}

/** full_maps_are_made_anew - a map made for many takes as many more, and then more room */
static void full_maps_are_made_anew(void **state)
{
	struct nat_forwards more = { .count = 0 };
	struct nat_spec ports = spec;
	size_t count = MANY;
	struct nat_state is;

	(void)state;
	ports.ports = true;
	ports.source = (struct nat_source){ .forwards = many_give, .data = &count };
	assert_int_equal(nat_ensure(nat, &ports, NULL), 1);
	assert_int_equal(nat_ensure(nat, &ports, NULL), 0);
	assert_true(map_says("forwards4", "size 1024\n"));
	assert_false(map_says("forwards6", "size"));
	many_make(&more, 1024);
	assert_int_equal(nat_forwards_add(nat, &more, NULL, NULL), 1);
	free(more.list);
	many_make(&more, 1025);
	assert_int_equal(nat_forwards_add(nat, &more, NULL, NULL), -ENFILE);
	assert_int_equal(forwards_are(), 1024);
	count = more.count;
	ports.crowded = true;
	assert_int_equal(nat_ensure(nat, &ports, NULL), 1);
	ports.crowded = false;
	assert_int_equal(nat_ensure(nat, &ports, NULL), 0);
	assert_int_equal(nat_forwards_add(nat, &more, NULL, NULL), 0);
	assert_true(map_says("forwards4", "size 4096\n"));
	assert_int_equal(nat_read(nat, &is, NULL), 1);
	assert_true(is.intact);
	free(more.list);
}

/** ports_belong_to_somebody - another container neither gets nor withdraws them */
static void ports_belong_to_somebody(void **state)
{
	struct nat_forward thief;
	struct nat_forwards all = { .count = 0 }, one = { .count = 1, .list = &thief };
	struct nat_spec ports = spec;
	struct nat_looks *looks = NULL;
	struct error e = ERROR_INIT;

	(void)state;
	ports.ports = ports.bound = true;
	assert_int_equal(nat_ensure(nat, &ports, NULL), 1);
	assert_int_equal(forwards_give(NULL, &all, NULL), 0);
	assert_int_equal(nat_forwards_add(nat, &all, NULL, &e), 1);
	assert_int_equal(nat_forwards_add(nat, &all, NULL, &e), 0);
	thief = all.list[0];
	memcpy(thief.container, "thief", sizeof("thief"));
	assert_int_equal(nat_forwards_check(nat, &one, &looks, &e), -EADDRINUSE);
	assert_int_equal(nat_forwards_add(nat, &one, NULL, &e), -EADDRINUSE);
	assert_int_equal(e.class, ERROR_CONFLICT);
	assert_non_null(strstr(e.text, "tcp port 8080 of the host belongs to container 'a'"));
	assert_int_equal(nat_forwards_remove(nat, &one, NAT_REMOVE_ALL, NULL), 0);
	assert_int_equal(forwards_are(), ARRAY_SIZE(forwards));
	assert_int_equal(nat_forwards_remove(nat, &all, NAT_REMOVE_ALL, NULL), 1);
	assert_int_equal(nat_forwards_remove(nat, &all, NAT_REMOVE_ALL, NULL), 0);
	assert_int_equal(forwards_are(), 0);
	free(all.list);
}

/** bound_ports_overlap - a port that is not bound is refused to whoever another one's is part of */
static void bound_ports_overlap(void **state)
{
	struct nat_forward other;
	struct nat_forwards all = { .count = 0 }, one = { .count = 1, .list = &other };
	struct nat_spec ports = spec;
	struct nat_looks *looks = NULL;
	struct error e = ERROR_INIT;

	(void)state;
	ports.ports = ports.bound = true;
	assert_int_equal(nat_ensure(nat, &ports, NULL), 1);
	assert_int_equal(forwards_give(NULL, &all, NULL), 0);
	assert_int_equal(nat_forwards_add(nat, &all, NULL, NULL), 1);
	other = all.list[2];
	memcpy(other.container, "other", sizeof("other"));
	memset(other.host_link, 0, sizeof(other.host_link));
	assert_int_equal(nat_forwards_check(nat, &one, &looks, &e), -EADDRINUSE);
	assert_non_null(strstr(e.text, "9000 of the host by 192.0.2.1 through eth0 belongs to"));
	other.host.family = AF_UNSPEC;
	assert_int_equal(nat_forwards_add(nat, &one, NULL, NULL), -EADDRINUSE);
	memcpy(other.host_link, "eth1", sizeof("eth1"));
	assert_int_equal(nat_forwards_add(nat, &one, NULL, NULL), 1);
	assert_int_equal(forwards_are(), ARRAY_SIZE(forwards) + 1);
	memcpy(other.container, "b", sizeof("b"));
	assert_int_equal(nat_forwards_remove(nat, &one, NAT_REMOVE_SOME, NULL), 0);
	assert_int_equal(nat_forwards_remove(nat, &all, NAT_REMOVE_SOME, NULL), 1);
	assert_int_equal(forwards_are(), 1);
	free(all.list);
}

/** what_was_found_is_of_use_until_something_changes - then others' ports are seen nevertheless */
static void what_was_found_is_of_use_until_something_changes(void **state)
{
	_cleanup_(nat_looks_freep) struct nat_looks *looks = NULL, *later = NULL;
	struct nat_forward quick;
	struct nat_forwards all = { .count = 0 }, one = { .count = 1, .list = &quick };
	struct nat_spec ports = spec;

	(void)state;
	ports.ports = ports.bound = true;
	assert_int_equal(nat_ensure(nat, &ports, NULL), 1);
	assert_int_equal(forwards_give(NULL, &all, NULL), 0);
	quick = all.list[0];
	memcpy(quick.container, "quick", sizeof("quick"));
	assert_int_equal(nat_forwards_check(nat, &all, &looks, NULL), 0);
	assert_int_equal(nat_forwards_add(nat, &one, NULL, NULL), 1);
	assert_int_equal(nat_forwards_add(nat, &all, looks, NULL), -EADDRINUSE);
	assert_int_equal(forwards_are(), 1);
	assert_int_equal(nat_forwards_remove(nat, &one, NAT_REMOVE_ALL, NULL), 1);
	assert_int_equal(nat_forwards_add(nat, &all, looks, NULL), 1);
	assert_int_equal(forwards_are(), ARRAY_SIZE(forwards));
	assert_int_equal(nat_forwards_remove(nat, &all, NAT_REMOVE_ALL, NULL), 1);
	assert_int_equal(nat_forwards_check(nat, &all, &later, NULL), 0);
	assert_int_equal(nat_forwards_add(nat, &all, later, NULL), 1);
	assert_int_equal(nat_forwards_add(nat, &all, NULL, NULL), 0);
	free(all.list);
}

/** main - run the tests of published ports */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ports_come_with_the_table, table_begin),
		cmocka_unit_test_setup(full_maps_are_made_anew, table_begin),
		cmocka_unit_test_setup(ports_belong_to_somebody, table_begin),
		cmocka_unit_test_setup(bound_ports_overlap, table_begin),
		cmocka_unit_test_setup(what_was_found_is_of_use_until_something_changes,
				       table_begin),
	};

	return cmocka_run_group_tests_name("ports", tests, world_begin, world_end);
}
