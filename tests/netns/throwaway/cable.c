/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/netns/throwaway/cable.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/veth.h>

#include "tests/bench/rtnetlink.h"

#define LOOPBACK_INDEX 1  /* in every namespace */
#define OUTSIDE_INDEX  77 /* of eth0 there */
#define EXCLUSIVE      (NLM_F_CREATE | NLM_F_EXCL)

/* What one end has: its addresses, and where to it sends what. */
struct plan {
	const char *addr, *addr6;
	const char *via, *via6;
	const char *to, *to6; /* NULL: everything */
	unsigned char to_length, to6_length;
};

static const struct plan host_plan = {
	.addr = "198.51.100.1",
	.addr6 = "2001:db8:51::1",
	.via = "198.51.100.2",
	.via6 = "2001:db8:51::2",
};

/*
 * The outside knows a way back to the containers' addresses: a packet that leaves the host without
 * having been masqueraded is answered, and seen in the server's log, instead of getting lost by luck.
 */
static const struct plan outside_plan = {
	.addr = "198.51.100.2",
	.addr6 = "2001:db8:51::2",
	.via = "198.51.100.1",
	.via6 = "2001:db8:51::1",
	.to = "10.0.0.0",
	.to_length = 8,
	.to6 = "fc00::",
	.to6_length = 7,
};

/* One end: sockets in its namespace, of which the second is for what is reported, and its eth0. */
struct end {
	int requests, news;
	int index;
};

/**
 * put_binary - add an attribute with an address
 * @batch: changed
 * @family: AF_INET or AF_INET6
 * @type: of the attribute
 * @text: the address
 */
static void put_binary(struct batch *batch, unsigned char family, int type, const char *text)
{
	struct in6_addr binary;
	size_t size = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (inet_pton(family, text, &binary) != 1)
		errx(1, "not an address: %s", text);
	batch_put(batch, type, &binary, size);
}

/**
 * put_addr - give a link an address
 * @batch: changed
 * @family: AF_INET or AF_INET6, for which the kernel does not ask whether another machine has it
 * @index: the link
 * @text, @length: the address and the length of its prefix
 */
static void put_addr(struct batch *batch, unsigned char family, int index, const char *text,
		     unsigned char length)
{
	const struct ifaddrmsg header = { .ifa_family = family,
					  .ifa_prefixlen = length,
					  .ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
					  .ifa_index = (uint32_t)index };

	batch_begin(batch, RTM_NEWADDR, EXCLUSIVE, &header, sizeof(header));
	put_binary(batch, family, IFA_LOCAL, text);
	put_binary(batch, family, IFA_ADDRESS, text);
}

/**
 * put_route - make a route
 * @batch: changed
 * @family: AF_INET or AF_INET6
 * @to, @length: where it leads; NULL and 0 for everywhere
 * @via: the next hop
 */
static void put_route(struct batch *batch, unsigned char family, const char *to,
		      unsigned char length, const char *via)
{
	const struct rtmsg header = { .rtm_family = family,
				      .rtm_dst_len = length,
				      .rtm_table = RT_TABLE_MAIN,
				      .rtm_protocol = RTPROT_BOOT,
				      .rtm_type = RTN_UNICAST };

	batch_begin(batch, RTM_NEWROUTE, EXCLUSIVE, &header, sizeof(header));
	if (to)
		put_binary(batch, family, RTA_DST, to);
	put_binary(batch, family, RTA_GATEWAY, via);
}

/**
 * put_mode - leave a link without a link-local address
 * @batch: changed
 * @index: the link
 */
static void put_mode(struct batch *batch, int index)
{
	const struct ifinfomsg header = { .ifi_index = index };
	const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	struct rtattr *families, *family;

	batch_begin(batch, RTM_SETLINK, 0, &header, sizeof(header));
	families = batch_put(batch, IFLA_AF_SPEC, NULL, 0);
	family = batch_put(batch, AF_INET6, NULL, 0);
	batch_put(batch, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
	batch_nest_end(batch, family);
	batch_nest_end(batch, families);
}

/**
 * put_eth0 - name one end of the pair
 * @batch: changed
 * @last: of its Ethernet address, which is fixed, so that two hosts look the same
 */
static void put_eth0(struct batch *batch, uint8_t last)
{
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, last };

	batch_put(batch, IFLA_IFNAME, "eth0", sizeof("eth0"));
	batch_put(batch, IFLA_ADDRESS, mac, sizeof(mac));
}

/**
 * pair_make - make the pair
 * @outside: a socket outside
 * @host: the host's namespace, borrowed
 *
 * The ends' indices differ. Of a link that has its peer's the kernel thinks that it is no pair, and does
 * not hurry to notice a carrier: it takes up to a second.
 */
static void pair_make(int outside, int host)
{
	const struct ifinfomsg end = { .ifi_index = OUTSIDE_INDEX }, peer_end = { .ifi_index = 0 };
	struct batch batch = { .length = 0 };
	struct rtattr *info, *data, *peer;

	batch_begin(&batch, RTM_NEWLINK, EXCLUSIVE, &end, sizeof(end));
	put_eth0(&batch, 2);
	info = batch_put(&batch, IFLA_LINKINFO, NULL, 0);
	batch_put(&batch, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = batch_put(&batch, IFLA_INFO_DATA, NULL, 0);
	peer = batch_put(&batch, VETH_INFO_PEER, NULL, 0);
	memcpy(batch_room(&batch, sizeof(peer_end)), &peer_end, sizeof(peer_end));
	put_eth0(&batch, 1);
	batch_put(&batch, IFLA_NET_NS_FD, &host, sizeof(host));
	batch_nest_end(&batch, peer);
	batch_nest_end(&batch, data);
	batch_nest_end(&batch, info);
	rtnl_exchange(outside, &batch, "make the cable", NULL);
}

/**
 * link_is_up - whether a link is reported to have a carrier, as the kernel has noticed
 * @message: borrowed
 * @index: of the link
 */
static bool link_is_up(struct nlmsghdr *message, int index)
{
	struct ifinfomsg *info = NLMSG_DATA(message);
	size_t left = IFLA_PAYLOAD(message);

	if (message->nlmsg_type != RTM_NEWLINK || info->ifi_index != index)
		return false;
	for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_OPERSTATE)
			return *(uint8_t *)RTA_DATA(a) == IF_OPER_UP;
	return false;
}

/**
 * addr_is_there - whether an IPv6 address is reported to be in use
 * @message: borrowed
 * @index: of the link
 *
 * An address that the kernel need not ask for is reported once, when the link listens to who looks for it:
 * a while after it was made.
 */
static bool addr_is_there(struct nlmsghdr *message, int index)
{
	struct ifaddrmsg *info = NLMSG_DATA(message);

	return message->nlmsg_type == RTM_NEWADDR && (int)info->ifa_index == index;
}

/**
 * end_await - wait for a report
 * @end: borrowed
 * @is_it: whether a message about a link is that
 */
static void end_await(const struct end *end, bool (*is_it)(struct nlmsghdr *message, int index))
{
	_Alignas(struct nlmsghdr) char news[8192];

	for (;;) {
		ssize_t got = recv(end->news, news, sizeof(news), 0);

		if (got < 0)
			err(1, "cannot wait for a link");
		for (struct nlmsghdr *one = (struct nlmsghdr *)news; NLMSG_OK(one, got);
		     one = NLMSG_NEXT(one, got))
			if (is_it(one, end->index))
				return;
	}
}

/**
 * end_open - begin with an end, in the namespace that we are in
 *
 * Returns it, without an index.
 */
static struct end end_open(void)
{
	return (struct end){ .requests = rtnl_open(0),
			     .news = rtnl_open(RTMGRP_LINK | RTMGRP_IPV6_IFADDR) };
}

/**
 * end_up - set the links up, in the namespace that we are in
 * @end: is told its index
 */
static void end_up(struct end *end)
{
	struct batch batch = { .length = 0 };

	end->index = (int)if_nametoindex("eth0");
	if (end->index == 0)
		err(1, "cannot find eth0");
	put_mode(&batch, end->index);
	batch_up(&batch, LOOPBACK_INDEX);
	batch_up(&batch, end->index);
	rtnl_exchange(end->requests, &batch, "set the links up", NULL);
}

/**
 * end_furnish - make addresses and routes
 * @end: borrowed
 * @plan: borrowed
 */
static void end_furnish(const struct end *end, const struct plan *plan)
{
	struct batch batch = { .length = 0 };

	end_await(end, link_is_up);
	put_addr(&batch, AF_INET, end->index, plan->addr, 24);
	put_addr(&batch, AF_INET6, end->index, plan->addr6, 64);
	put_route(&batch, AF_INET, plan->to, plan->to_length, plan->via);
	put_route(&batch, AF_INET6, plan->to6, plan->to6_length, plan->via6);
	rtnl_exchange(end->requests, &batch, "make addresses and routes", NULL);
}

/**
 * end_close - be done with an end, once it can be reached
 * @end: borrowed
 */
static void end_close(const struct end *end)
{
	end_await(end, addr_is_there);
	close(end->requests);
	close(end->news);
}

/**
 * namespace_open - a process's network namespace
 * @pid: of the process
 *
 * Returns a descriptor.
 */
static int namespace_open(pid_t pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "cannot open %s", path);
	return fd;
}

/**
 * namespace_enter - go into a network namespace
 * @namespace: a descriptor of it, borrowed
 */
static void namespace_enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET) < 0)
		err(1, "cannot enter a network namespace");
}

/**
 * cable_plug - connect the namespace that we are in to the outside
 * @outside_pid: a process outside
 *
 * A packet that is sent when this is done arrives. One of IPv6 would be lost a moment earlier, and sent
 * again after a second: so addresses come after the kernel knows that both ends are up, and are waited for.
 */
void cable_plug(pid_t outside_pid)
{
	int here = namespace_open(getpid()), there = namespace_open(outside_pid);
	struct end host = end_open(), outside;

	namespace_enter(there);
	outside = end_open();
	pair_make(outside.requests, here);
	end_up(&outside);
	namespace_enter(here);
	end_up(&host);
	end_furnish(&outside, &outside_plan);
	end_furnish(&host, &host_plan);
	end_close(&outside);
	end_close(&host);
	close(here);
	close(there);
}
