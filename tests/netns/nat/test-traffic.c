/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table lets through and what it does not, proven by who hears whom. */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sysctl.h"
#include "nat/nat.h"

#define PORT 7000

static struct nat *nat;

/* Where things are, per family. */
static const struct place {
	int family;
	const char *any, *external, *outside, *host, *a, *b, *stranger;
} places[] = {
	{ AF_INET, "0.0.0.0", "198.51.100.1", "198.51.100.2", "10.233.1.1", "10.233.1.2",
	  "10.233.2.2", "203.0.113.9" },
	{ AF_INET6, "::", "2001:db8::1", "2001:db8::2", "fd00:1::1", "fd00:1::2", "fd00:2::2",
	  "2001:db8:bad::9" },
};

/** world_begin - the host, its containers, and forwarding from eth0 */
static int world_begin(void **state)
{
	(void)state;
	if (world_isolate() < 0)
		return -1;
	world_connect();
	assert_int_equal(sysctl_write("ipv4", "eth0", "forwarding", 1, NULL), 0);
	assert_int_equal(sysctl_write("ipv6", "eth0", "force_forwarding", 1, NULL), 0);
	return nat_open(&nat, NULL);
}

/** world_end - end the session */
static int world_end(void **state)
{
	(void)state;
	nat_close(nat);
	return 0;
}

/** table_set - a fresh table with or without eth0 as external link */
static void table_set(int external)
{
	struct nat_spec spec = { 0 };

	if (external)
		assert_int_equal(nat_spec_add(&spec, "eth0", NULL), 1);
	assert_true(nat_remove(nat, NULL) >= 0);
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
}

/** state_now - what the kernel has */
static struct nat_state state_now(void)
{
	struct nat_state now;

	assert_int_equal(nat_read(nat, &now, NULL), 1);
	return now;
}

/** client_in - a datagram socket with an address of its namespace, or of no one */
static int client_in(const char *namespace, const struct place *place, const char *address)
{
	int fd = socket_in(namespace, place->family, SOCK_DGRAM, 0);
	const int on = 1;
	socklen_t size;
	struct sockaddr_storage local = address_of(place->family, address, 0, &size);

	assert_int_equal(setsockopt(fd, place->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
				    place->family == AF_INET ? IP_TRANSPARENT : IPV6_TRANSPARENT,
				    &on, sizeof(on)),
			 0);
	assert_int_equal(bind(fd, (void *)&local, size), 0);
	return fd;
}

/** say - send a word to an address */
static void say(int fd, const struct place *place, const char *address, uint16_t port)
{
	socklen_t size;
	struct sockaddr_storage peer = address_of(place->family, address, port, &size);

	assert_int_equal(sendto(fd, "hello", 5, 0, (void *)&peer, size), 5);
}

/** hear - wait for a word, check from which address it came; @ret_peer may be NULL */
static void hear(int fd, const char *from, struct sockaddr_storage *ret_peer)
{
	struct sockaddr_storage peer;
	const struct sockaddr_in *v4 = (void *)&peer;
	const struct sockaddr_in6 *v6 = (void *)&peer;
	socklen_t size = sizeof(peer);
	char word[8], text[INET6_ADDRSTRLEN];

	if (!readable(fd))
		fail_msg("nothing was heard");
	assert_int_equal(recvfrom(fd, word, sizeof(word), 0, (void *)&peer, &size), 5);
	inet_ntop(peer.ss_family,
		  peer.ss_family == AF_INET ? (const void *)&v4->sin_addr : &v6->sin6_addr, text,
		  sizeof(text));
	assert_string_equal(text, from);
	if (ret_peer)
		*ret_peer = peer;
}

/** hears_nothing - there is not a word for a socket */
static void hears_nothing(int fd)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&event, 1, 0), 0);
}

/** dropped_now - how many packets have been dropped, for lying or for going where they may not */
static uint64_t dropped_now(void)
{
	struct nat_state now = state_now();

	return now.dropped.packets + now.spoofed.packets;
}

/** wait_dropped - wait until more packets have been dropped than @before */
static void wait_dropped(uint64_t before)
{
	time_t deadline = time(NULL) + 5;

	while (dropped_now() <= before)
		if (time(NULL) > deadline)
			fail_msg("nothing was dropped");
}

/** is_dropped - a word from one to the other is dropped, counted, and not heard */
static void is_dropped(const struct place *place, const char *client, const char *source,
		       const char *server, const char *destination)
{
	_cleanup_(fd_closep) int listener =
		server_in(server, place->family, SOCK_DGRAM, place->any, PORT);
	_cleanup_(fd_closep) int speaker = client_in(client, place, source);
	uint64_t before = dropped_now();

	say(speaker, place, destination, PORT);
	wait_dropped(before);
	hears_nothing(listener);
}

/** without_nat_nothing_leaves - a table without external links isolates */
static void without_nat_nothing_leaves(void **state)
{
	(void)state;
	table_set(0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		is_dropped(&places[i], "a", places[i].any, "outside", places[i].outside);
		is_dropped(&places[i], "outside", places[i].any, "a", places[i].a);
	}
	assert_int_equal(state_now().outgoing.packets, 0);
}

/** the_host_is_reached - with NAT and without, both ways */
static void the_host_is_reached(void **state)
{
	(void)state;
	for (int external = 0; external < 2; external++) {
		table_set(external);
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			const struct place *place = &places[i];
			_cleanup_(fd_closep) int host =
				server_in("", place->family, SOCK_DGRAM, place->any, PORT);
			_cleanup_(fd_closep) int inside =
				server_in("a", place->family, SOCK_DGRAM, place->any, PORT);

			say(inside, place, place->external, PORT);
			hear(host, place->a, NULL);
			say(host, place, place->a, PORT);
			if (!readable(inside))
				fail_msg("the host is not heard");
		}
	}
}

/** with_nat_containers_share_the_host - the outside hears the host, and its replies arrive */
static void with_nat_containers_share_the_host(void **state)
{
	(void)state;
	table_set(1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *place = &places[i];
		_cleanup_(fd_closep) int server =
			server_in("outside", place->family, SOCK_DGRAM, place->any, PORT);
		_cleanup_(fd_closep) int client = client_in("a", place, place->any);
		struct sockaddr_storage peer;

		say(client, place, place->outside, PORT);
		hear(server, place->external, &peer);
		assert_int_equal(sendto(server, "reply", 5, 0, (void *)&peer, sizeof(peer)), 5);
		hear(client, place->outside, NULL);
		assert_int_equal(state_now().masqueraded.packets, i + 1);
		assert_int_equal(state_now().outgoing.packets, i + 1);
		assert_int_equal(state_now().incoming.packets, i + 1);
	}
	assert_int_equal(state_now().dropped.packets, 0);
}

/** streams_work - a TCP connection, several packets each way, one masquerade */
static void streams_work(void **state)
{
	(void)state;
	table_set(1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *place = &places[i];
		_cleanup_(fd_closep) int listener =
			server_in("outside", place->family, SOCK_STREAM, place->any, PORT);
		_cleanup_(fd_closep) int client = socket_in("b", place->family, SOCK_STREAM, 0);
		_cleanup_(fd_closep) int server = -1;
		socklen_t size;
		struct sockaddr_storage to = address_of(place->family, place->outside, PORT, &size);
		char word[8];

		assert_int_equal(connect(client, (void *)&to, size), 0);
		server = accept(listener, NULL, NULL);
		assert_true(server >= 0);
		assert_int_equal(send(server, "hello", 5, 0), 5);
		assert_true(readable(client));
		assert_int_equal(recv(client, word, sizeof(word), 0), 5);
		assert_int_equal(state_now().masqueraded.packets, i + 1);
		assert_true(state_now().outgoing.packets >= 3 * (i + 1));
	}
}

/** neighbours_stay_out - who routes to a container through the host is not answered */
static void neighbours_stay_out(void **state)
{
	(void)state;
	table_set(1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		is_dropped(&places[i], "outside", places[i].any, "a", places[i].a);
	assert_int_equal(state_now().incoming.packets, 0);
}

/** containers_do_not_reach_each_other - with NAT and without */
static void containers_do_not_reach_each_other(void **state)
{
	(void)state;
	for (int external = 0; external < 2; external++) {
		table_set(external);
		for (size_t i = 0; i < ARRAY_SIZE(places); i++)
			is_dropped(&places[i], "a", places[i].any, "b", places[i].b);
	}
}

/** liars_are_dropped - a stranger's, the neighbour's and the host's address, to host and outside */
static void liars_are_dropped(void **state)
{
	(void)state;
	table_set(1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *place = &places[i];
		const char *const sources[] = { place->stranger, place->b, place->external };

		for (size_t j = 0; j < ARRAY_SIZE(sources); j++) {
			is_dropped(place, "a", sources[j], "outside", place->outside);
			is_dropped(place, "a", sources[j], "", place->host);
		}
	}
	assert_int_equal(state_now().outgoing.packets, 0);
	assert_int_equal(state_now().masqueraded.packets, 0);
	assert_int_equal(state_now().dropped.packets, 0);
}

/** nobody_outside_is_inside - who has an internal address comes through the link it is behind */
static void nobody_outside_is_inside(void **state)
{
	static const char *const inside[] = { "192.168.7.9", "fd77::9" };
	struct nat_spec spec = { 0 };

	(void)state;
	table_set(1);
	assert_int_equal(nat_spec_add(&spec, "eth0", NULL), 1);
	assert_int_equal(nat_spec_add_internal(&spec, "192.168.7.0/24", NULL), 1);
	assert_int_equal(nat_spec_add_internal(&spec, "fd77::/64", NULL), 1);
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	must_run("ip link add lan0 type bridge");
	must_run("ip link set lan0 up");
	must_run("ip addr add 192.168.7.1/24 dev lan0");
	must_run("ip addr add fd77::1/64 dev lan0 nodad");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		is_dropped(&places[i], "outside", inside[i], "", places[i].external);
	/* One-armed: the network is behind the link to the outside. */
	must_run("ip link del lan0");
	must_run("ip addr add 192.168.7.1/24 dev eth0");
	must_run("ip addr add fd77::1/64 dev eth0 nodad");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *place = &places[i];
		_cleanup_(fd_closep) int host =
			server_in("", place->family, SOCK_DGRAM, place->any, PORT);
		_cleanup_(fd_closep) int neighbour = client_in("outside", place, inside[i]);

		say(neighbour, place, place->external, PORT);
		hear(host, inside[i], NULL);
	}
	must_run("ip addr del 192.168.7.1/24 dev eth0");
	must_run("ip addr del fd77::1/64 dev eth0");
}

/** neighbours_are_found_again - the probe of a known neighbour comes from a link-local address */
static void neighbours_are_found_again(void **state)
{
	time_t deadline = time(NULL) + 10;

	(void)state;
	table_set(1);
	must_run("ip -6 route flush fe80::/64 dev ve-a");
	must_run("ip netns exec a ping -6 -q -c 1 -W 5 fd00:1::1");
	must_run("ip -n a neigh change fd00:1::1 dev eth0 nud probe");
	for (bool found = false; !found;) {
		_cleanup_(freep) char *neighbour = output_of("ip -n a neigh show fd00:1::1");

		found = strstr(neighbour, "REACHABLE");
		if (strstr(neighbour, "FAILED") || time(NULL) > deadline)
			fail_msg("the neighbour is lost: %s", neighbour);
	}
	assert_int_equal(state_now().dropped.packets, 0);
	must_run("ip -6 route add fe80::/64 dev ve-a");
}

/** errors_come_back - a closed port outside is known inside, and the other way round */
static void errors_come_back(void **state)
{
	(void)state;
	table_set(1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *place = &places[i];
		_cleanup_(fd_closep) int server =
			server_in("outside", place->family, SOCK_DGRAM, place->any, PORT);
		_cleanup_(fd_closep) int client = client_in("a", place, place->any);
		_cleanup_(fd_closep) int unlucky = client_in("a", place, place->any);
		struct sockaddr_storage peer;
		socklen_t size;
		char word[8];

		peer = address_of(place->family, place->outside, PORT + 1, &size);
		assert_int_equal(connect(unlucky, (void *)&peer, size), 0);
		assert_int_equal(send(unlucky, "hello", 5, 0), 5);
		assert_true(readable(unlucky));
		assert_int_equal(recv(unlucky, word, sizeof(word), 0), -1);
		assert_int_equal(errno, ECONNREFUSED);

		say(client, place, place->outside, PORT);
		hear(server, place->external, &peer);
		fd_closep(&client);
		assert_int_equal(connect(server, (void *)&peer, sizeof(peer)), 0);
		assert_int_equal(send(server, "hello", 5, 0), 5);
		assert_true(readable(server));
		assert_int_equal(recv(server, word, sizeof(word), 0), -1);
		assert_int_equal(errno, ECONNREFUSED);
	}
	assert_int_equal(state_now().dropped.packets, 0);
}

/** the_unknown_does_not_leak - what no connection knows would leave with the container's address */
static void the_unknown_does_not_leak(void **state)
{
	_cleanup_(fd_closep) int wire = socket_in("outside", AF_INET, SOCK_RAW, IPPROTO_TCP);
	_cleanup_(fd_closep) int raw = socket_in("a", AF_INET, SOCK_RAW, IPPROTO_TCP);
	const struct tcphdr reset = {
		.th_sport = htons(1), .th_dport = htons(2), .th_off = 5, .th_flags = TH_RST
	};
	socklen_t size;
	struct sockaddr_storage peer = address_of(AF_INET, "198.51.100.2", 0, &size);

	(void)state;
	table_set(1);
	assert_int_equal(sendto(raw, &reset, sizeof(reset), 0, (void *)&peer, size), sizeof(reset));
	wait_dropped(0);
	hears_nothing(wire);
}

/** a_link_that_is_taken_away_is_closed - also for what is under way */
static void a_link_that_is_taken_away_is_closed(void **state)
{
	const struct place *place = &places[0];
	_cleanup_(fd_closep) int server =
		server_in("outside", place->family, SOCK_DGRAM, place->any, PORT);
	_cleanup_(fd_closep) int client = client_in("a", place, place->any);
	const struct nat_spec none = { 0 };
	struct sockaddr_storage peer;

	(void)state;
	table_set(1);
	say(client, place, place->outside, PORT);
	hear(server, place->external, &peer);
	assert_int_equal(nat_ensure(nat, &none, NULL), 1);
	assert_int_equal(sendto(server, "reply", 5, 0, (void *)&peer, sizeof(peer)), 5);
	wait_dropped(0);
	say(client, place, place->outside, PORT);
	wait_dropped(1);
	hears_nothing(client);
	hears_nothing(server);
}

/** main - run the tests of traffic */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_nat_nothing_leaves),
		cmocka_unit_test(the_host_is_reached),
		cmocka_unit_test(with_nat_containers_share_the_host),
		cmocka_unit_test(streams_work),
		cmocka_unit_test(neighbours_stay_out),
		cmocka_unit_test(containers_do_not_reach_each_other),
		cmocka_unit_test(liars_are_dropped),
		cmocka_unit_test(nobody_outside_is_inside),
		cmocka_unit_test(neighbours_are_found_again),
		cmocka_unit_test(errors_come_back),
		cmocka_unit_test(the_unknown_does_not_leak),
		cmocka_unit_test(a_link_that_is_taken_away_is_closed),
	};

	return cmocka_run_group_tests_name("traffic", tests, world_begin, world_end);
}
