/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of the host. getifaddrs(3) has the kernel describe all links for that, each in more than
 * a kilobyte, and every container is one.
 */
#include "nat/host-address.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "nat/nft.h"

#define ANSWER_SIZE 32768 /* the kernel makes a dump's parts no larger */
#define TRIES_MAX   16    /* when addresses come and go while they are read */

/**
 * host_addresses_deinit - free addresses, for _cleanup_()
 * @addresses: not usable afterwards
 */
void host_addresses_deinit(struct host_addresses *addresses)
{
	free(addresses->list);
}

/**
 * address_parse - what the kernel says of an address
 * @answer: borrowed
 * @ret: filled
 *
 * On a link with a peer the host's own address is not the one that the link is called by.
 *
 * Returns whether it is one of IPv4 or IPv6.
 */
static bool address_parse(const struct nlmsghdr *answer, struct host_address *ret)
{
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(answer);
	const struct nlattr *attribute = mnl_nlmsg_get_payload_offset(answer, sizeof(*message));
	const struct nlattr *address = NULL, *local = NULL;
	const char *end = mnl_nlmsg_get_payload_tail(answer);
	size_t size =
		message->ifa_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	*ret = (struct host_address){ .ifindex = message->ifa_index };
	for (; mnl_attr_ok(attribute, (int)(end - (const char *)attribute));
	     attribute = mnl_attr_next(attribute)) {
		if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
			address = attribute;
		else if (mnl_attr_get_type(attribute) == IFA_LOCAL)
			local = attribute;
		else if (mnl_attr_get_type(attribute) == IFA_LABEL)
			memcpy(ret->label, mnl_attr_get_str(attribute),
			       strnlen(mnl_attr_get_str(attribute), IFNAMSIZ - 1));
	}
	address = local ? local : address;
	if ((message->ifa_family != AF_INET && message->ifa_family != AF_INET6) || !address ||
	    mnl_attr_get_payload_len(address) != size)
		return false;
	ret->address = addr_from_bytes(message->ifa_family, mnl_attr_get_payload(address));
	return true;
}

/**
 * addresses_take - take one address; the callback of libmnl
 * @answer: borrowed
 * @data: the addresses, a block with room for a multiple of 64
 *
 * Returns MNL_CB_OK, or MNL_CB_ERROR with errno.
 */
static int addresses_take(const struct nlmsghdr *answer, void *data)
{
	struct host_addresses *addresses = data;
	struct host_address address;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(struct ifaddrmsg) ||
	    !address_parse(answer, &address))
		return MNL_CB_OK;
	if (addresses->count % 64 == 0) {
		void *grown = reallocarray(addresses->list, addresses->count + 64,
					   sizeof(*addresses->list));

		if (!grown)
			return MNL_CB_ERROR;
		addresses->list = grown;
	}
	addresses->list[addresses->count++] = address;
	return MNL_CB_OK;
}

/**
 * addresses_ask - read all addresses once
 * @socket: borrowed
 * @buffer: for the answers, ANSWER_SIZE bytes
 * @addresses: added to
 *
 * Returns 0, -EINTR when they were changed meanwhile, or another -errno.
 */
static int addresses_ask(struct mnl_socket *socket, uint8_t *buffer,
			 struct host_addresses *addresses)
{
	uint32_t sequence = (uint32_t)time(NULL);
	struct nlmsghdr *message;
	int r = 1;

	memset(buffer, 0, NLMSG_HDRLEN + sizeof(struct ifaddrmsg));
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_GETADDR;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = sequence;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	while (r > 0) {
		ssize_t n = mnl_socket_recvfrom(socket, buffer, ANSWER_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(socket),
			       addresses_take, addresses);
	}
	return r < 0 ? -errno : 0;
}

/**
 * host_addresses_read - read all addresses of the host
 * @ret_addresses: the caller ends with host_addresses_deinit()
 * @e: filled on failure
 *
 * Each try has a socket of its own: in that of an interrupted one the rest of the answer may wait.
 *
 * Returns 0 or -errno.
 */
int host_addresses_read(struct host_addresses *ret_addresses, struct error *e)
{
	_cleanup_(freep) uint8_t *buffer = malloc(ANSWER_SIZE);
	struct host_addresses addresses = { .count = 0 };
	int r = buffer ? -EINTR : -ENOMEM;

	for (unsigned tries = 0; r == -EINTR && tries < TRIES_MAX; tries++) {
		_cleanup_(socket_closep) struct mnl_socket *socket =
			mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

		addresses.count = 0;
		r = socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;
		if (r == 0)
			r = addresses_ask(socket, buffer, &addresses);
	}
	if (r < 0) {
		host_addresses_deinit(&addresses);
		return error_errno(e, -r, "cannot list the addresses of the host");
	}
	*ret_addresses = addresses;
	return 0;
}
