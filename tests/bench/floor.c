/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the kernel itself charges for a container's network: the same objects that a hook makes,
 * over raw netlink, without a library, a file to read or a question asked. Nothing that does this
 * job can cost less, so the bench prints costs as multiples of this.
 *
 *	floor attach NAME HOST LOCAL	namespace /run/netns/ve-NAME, cable ve-NAME - eth0
 *	floor detach NAME
 *	floor loop N			N attaches, then N detaches; the median of each phase in us
 *	floor settle			returns when the kernel has buried all dropped namespaces
 *
 * A process is in the namespace that it made last and never returns to the host's: its first socket
 * stays there and is enough.
 */

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/veth.h>

#include "tests/bench/rtnetlink.h"

#define PINNED         "/run/netns/ve-"
#define LOOP_MAX       32000
#define LOOPBACK_INDEX 1 /* in every namespace */

/* What one process is asked to make or take away. */
struct cable {
	char name[64];
	char link[IFNAMSIZ];
	struct in_addr host;
	struct in_addr local;
};

/* The parts of an attach, then those of a detach. */
enum phase {
	PHASE_NAMESPACE,
	PHASE_PAIR,
	PHASE_INSIDE,
	PHASE_CUT,
	PHASE_UNPIN,
	N_PHASES,
};

/**
 * put_end - describe one end of a pair
 * @batch: changed
 * @name: of the link
 * @mark: tells the ends' MACs apart
 * @addr: the rest of the MAC
 *
 * One queue each way: the default is one for every CPU, and none is ever used.
 */
static void put_end(struct batch *batch, const char *name, uint8_t mark, struct in_addr addr)
{
	const uint32_t one = 1;
	uint8_t mac[6] = { 2, mark };

	memcpy(mac + 2, &addr, sizeof(addr));
	batch_put(batch, IFLA_IFNAME, name, strlen(name) + 1);
	batch_put(batch, IFLA_ADDRESS, mac, sizeof(mac));
	batch_put(batch, IFLA_NUM_TX_QUEUES, &one, sizeof(one));
	batch_put(batch, IFLA_NUM_RX_QUEUES, &one, sizeof(one));
}

/**
 * pair_make - make the pair, its peer in the current namespace
 * @host: a socket in the host's namespace
 * @cable: borrowed
 *
 * Returns both ends' indices, which the kernel echoes.
 */
static struct link pair_make(int host, const struct cable *cable)
{
	const struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	const struct ifinfomsg down = { .ifi_family = AF_UNSPEC };
	struct batch batch = { .length = 0 };
	struct rtattr *info, *data, *peer;
	struct link link = { 0 };
	int ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (ns < 0)
		err(1, "cannot open the new namespace");
	batch_begin(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO, &up, sizeof(up));
	put_end(&batch, cable->link, 1, cable->local);
	info = batch_put(&batch, IFLA_LINKINFO, NULL, 0);
	batch_put(&batch, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = batch_put(&batch, IFLA_INFO_DATA, NULL, 0);
	peer = batch_put(&batch, VETH_INFO_PEER, NULL, 0);
	memcpy(batch_room(&batch, sizeof(down)), &down, sizeof(down));
	put_end(&batch, "eth0", 2, cable->local);
	batch_put(&batch, IFLA_NET_NS_FD, &ns, sizeof(ns));
	batch_nest_end(&batch, peer);
	batch_nest_end(&batch, data);
	batch_nest_end(&batch, info);
	rtnl_exchange(host, &batch, "make the pair", &link);
	close(ns);
	return link;
}

/**
 * put_addr - give a link an address and the route to its peer
 * @batch: changed
 * @index: the link
 * @own, @peer: the address and that at the other end
 */
static void put_addr(struct batch *batch, int index, struct in_addr own, struct in_addr peer)
{
	const struct ifaddrmsg header = { .ifa_family = AF_INET,
					  .ifa_prefixlen = 32,
					  .ifa_index = (uint32_t)index };

	batch_begin(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	batch_put(batch, IFA_LOCAL, &own, sizeof(own));
	batch_put(batch, IFA_ADDRESS, &peer, sizeof(peer));
}

/**
 * inside_make - set up the container's end, in the current namespace
 * @cable: borrowed
 * @index: of eth0
 */
static void inside_make(const struct cable *cable, int index)
{
	const struct rtmsg route = { .rtm_family = AF_INET,
				     .rtm_table = RT_TABLE_MAIN,
				     .rtm_protocol = RTPROT_BOOT,
				     .rtm_type = RTN_UNICAST };
	struct batch batch = { .length = 0 };
	int fd = rtnl_open(0);

	batch_up(&batch, LOOPBACK_INDEX);
	batch_up(&batch, index);
	put_addr(&batch, index, cable->local, cable->host);
	batch_begin(&batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route, sizeof(route));
	batch_put(&batch, RTA_GATEWAY, &cable->host, sizeof(cable->host));
	batch_put(&batch, RTA_OIF, &index, sizeof(index));
	rtnl_exchange(fd, &batch, "set up the container's end", NULL);
	close(fd);
}

/**
 * pin_path - where a cable's namespace is pinned
 * @cable: borrowed
 * @path: filled
 */
static void pin_path(const struct cable *cable, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, PINNED "%s", cable->name);
}

/**
 * namespace_make - go into a new namespace and pin it
 * @cable: borrowed
 */
static void namespace_make(const struct cable *cable)
{
	char path[PATH_MAX];
	int fd;

	pin_path(cable, path);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		err(1, "cannot make %s", path);
	close(fd);
	if (unshare(CLONE_NEWNET) < 0)
		err(1, "cannot make a network namespace");
	if (mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL) < 0)
		err(1, "cannot pin %s", path);
}

/**
 * lap - how long the current phase took
 * @since: when it began; becomes now
 *
 * Returns nanoseconds.
 */
static int64_t lap(struct timespec *since)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (now.tv_sec - since->tv_sec) * INT64_C(1000000000) + now.tv_nsec - since->tv_nsec;
	*since = now;
	return ns;
}

/**
 * attach - make a cable
 * @host: a socket in the host's namespace
 * @cable: borrowed
 * @ns: the times of its phases, in nanoseconds, are put here
 */
static void attach(int host, const struct cable *cable, int64_t ns[N_PHASES])
{
	struct batch batch = { .length = 0 };
	struct timespec clock;
	struct link link;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	namespace_make(cable);
	ns[PHASE_NAMESPACE] = lap(&clock);
	link = pair_make(host, cable);
	put_addr(&batch, link.index, cable->host, cable->local);
	rtnl_exchange(host, &batch, "give the host's end its address", NULL);
	ns[PHASE_PAIR] = lap(&clock);
	inside_make(cable, link.peer_index);
	ns[PHASE_INSIDE] = lap(&clock);
}

/**
 * link_cut - set the host's end down under another name, which frees its own
 * @host: a socket in the host's namespace
 * @cable: borrowed
 */
static void link_cut(int host, const struct cable *cable)
{
	const uint32_t brief = RTEXT_FILTER_SKIP_STATS;
	struct ifinfomsg down = { .ifi_change = IFF_UP };
	struct batch ask = { .length = 0 }, cut = { .length = 0 };
	struct link link = { 0 };
	char dying[IFNAMSIZ];

	batch_begin(&ask, RTM_GETLINK, 0, &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg));
	batch_put(&ask, IFLA_IFNAME, cable->link, strlen(cable->link) + 1);
	batch_put(&ask, IFLA_EXT_MASK, &brief, sizeof(brief));
	rtnl_exchange(host, &ask, "find the link", &link);
	down.ifi_index = link.index;
	(void)snprintf(dying, sizeof(dying), "x%d", link.index);
	batch_begin(&cut, RTM_SETLINK, 0, &down, sizeof(down));
	batch_put(&cut, IFLA_IFNAME, dying, strlen(dying) + 1);
	rtnl_exchange(host, &cut, "cut the cable", NULL);
}

/**
 * detach - take a cable away; the kernel destroys it later
 * @host: a socket in the host's namespace
 * @cable: borrowed
 * @ns: the times of its phases, in nanoseconds, are put here
 */
static void detach(int host, const struct cable *cable, int64_t ns[N_PHASES])
{
	struct timespec clock;
	char path[PATH_MAX];

	clock_gettime(CLOCK_MONOTONIC, &clock);
	link_cut(host, cable);
	ns[PHASE_CUT] = lap(&clock);
	pin_path(cable, path);
	if (umount2(path, MNT_DETACH) < 0 || unlink(path) < 0)
		err(1, "cannot unpin %s", path);
	ns[PHASE_UNPIN] = lap(&clock);
}

/**
 * int64_compare - order for qsort()
 * @a, @b: addresses of int64_t
 */
static int int64_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/**
 * cable_init - what to make
 * @name: of the container, short enough for a link
 * @host, @local: addresses as text; NULL when they do not matter
 *
 * Returns it; bad words end the process.
 */
static struct cable cable_init(const char *name, const char *host, const char *local)
{
	struct cable cable = { .name = "" };

	if (strlen(name) >= IFNAMSIZ - strlen("ve-"))
		errx(2, "name '%s' is too long", name);
	memcpy(cable.name, name, strlen(name) + 1);
	(void)snprintf(cable.link, sizeof(cable.link), "ve-%.*s", IFNAMSIZ - 4, name);
	if ((host && inet_pton(AF_INET, host, &cable.host) != 1) ||
	    (local && inet_pton(AF_INET, local, &cable.local) != 1))
		errx(2, "not two addresses: %s %s", host, local);
	return cable;
}

/**
 * loop - attach and detach many from one process and tell what each phase costs
 * @n: how many
 */
static void loop(unsigned n)
{
	static const char *const names[] = { "namespace", "pair", "inside", "cut", "unpin" };
	static int64_t times[N_PHASES][LOOP_MAX];
	int host = rtnl_open(0);
	int64_t ns[N_PHASES], median;

	for (unsigned step = 0; step < 2 * n; step++) {
		unsigned i = step % n;
		struct cable cable = { .host.s_addr = htonl(0x0ae90101 + 2 * i),
				       .local.s_addr = htonl(0x0ae90102 + 2 * i) };

		(void)snprintf(cable.name, sizeof(cable.name), "loop-%u", i);
		(void)snprintf(cable.link, sizeof(cable.link), "ve-loop-%u", i % LOOP_MAX);
		if (step < n)
			attach(host, &cable, ns);
		else
			detach(host, &cable, ns);
		for (int p = step < n ? 0 : PHASE_CUT; p < (step < n ? PHASE_CUT : N_PHASES); p++)
			times[p][i] = ns[p];
	}
	for (int p = 0; p < N_PHASES; p++) {
		qsort(times[p], n, sizeof(times[p][0]), int64_compare);
		median = times[p][n / 2];
		printf("%s %.1f\n", names[p], (double)median / 1000);
	}
}

/**
 * settle - wait until the kernel has destroyed all namespaces that were dropped before
 *
 * It destroys them in the order they were dropped, links last. So the end of one more is the end of
 * all, and the end of its cable is announced.
 */
static void settle(void)
{
	const struct cable cable = { .link = "ve-settle" };
	_Alignas(struct nlmsghdr) char news[16384];
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int host = rtnl_open(0), listener = rtnl_open(RTMGRP_LINK);
	const int room = 64 << 20; /* for the end of thousands of links */
	struct batch poke = { .length = 0 };
	bool gone = false;
	struct link link;

	if (setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		err(1, "cannot make room for news");
	if (unshare(CLONE_NEWNET) < 0)
		err(1, "cannot make a network namespace");
	link = pair_make(host, &cable);
	if (setns(home, CLONE_NEWNET) < 0)
		err(1, "cannot return to the host");
	while (!gone) {
		ssize_t got = recv(listener, news, sizeof(news), 0);
		struct nlmsghdr *one = (struct nlmsghdr *)news;

		if (got < 0)
			err(1, "the kernel does not settle");
		for (; NLMSG_OK(one, got); one = NLMSG_NEXT(one, got))
			gone |= one->nlmsg_type == RTM_DELLINK &&
				((struct ifinfomsg *)NLMSG_DATA(one))->ifi_index == link.index;
	}
	batch_up(&poke, LOOPBACK_INDEX);
	rtnl_exchange(host, &poke, "wait for the lock of all links", NULL);
}

/**
 * main - see the head of this file
 * @argc, @argv: words
 */
int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int64_t ns[N_PHASES];
	struct cable cable;

	if (argc == 5 && strcmp(verb, "attach") == 0) {
		cable = cable_init(argv[2], argv[3], argv[4]);
		attach(rtnl_open(0), &cable, ns);
	} else if (argc == 3 && strcmp(verb, "detach") == 0) {
		cable = cable_init(argv[2], NULL, NULL);
		detach(rtnl_open(0), &cable, ns);
	} else if (argc == 3 && strcmp(verb, "loop") == 0) {
		unsigned long n = strtoul(argv[2], NULL, 10);

		if (n == 0 || n > LOOP_MAX)
			errx(2, "from 1 to %d", LOOP_MAX);
		loop((unsigned)n);
	} else if (argc == 2 && strcmp(verb, "settle") == 0) {
		settle();
	} else {
		errx(2, "attach NAME HOST LOCAL, detach NAME, loop N or settle");
	}
	return 0;
}
