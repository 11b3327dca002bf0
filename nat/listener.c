/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ports programs of the host listen on, as the kernel's sock_diag(7) tells. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "nat/nat.h"
#include "nat/nft.h"

/**
 * listener_address - the address somebody listens on
 * @answer: borrowed
 * @message: what is in it, borrowed
 *
 * Returns none when it is any address of both families, and the unspecified one of a family when it is
 * any of that.
 */
static struct addr listener_address(const struct nlmsghdr *answer,
				    const struct inet_diag_msg *message)
{
	struct addr address = addr_from_bytes(message->idiag_family, message->id.idiag_src);
	struct addr any = { .family = AF_INET6 };
	const struct nlattr *attribute = mnl_nlmsg_get_payload_offset(answer, sizeof(*message));
	const char *end = mnl_nlmsg_get_payload_tail(answer);
	bool only = false;

	for (; mnl_attr_ok(attribute, (int)(end - (const char *)attribute));
	     attribute = mnl_attr_next(attribute))
		if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY)
			only = mnl_attr_get_u8(attribute);
	if (addr_equal(&address, &any) && !only)
		address.family = AF_UNSPEC;
	return address;
}

/**
 * listeners_take - take one socket; the callback of libmnl
 * @answer: borrowed
 * @data: the listeners, a block with room for a multiple of 64
 *
 * Returns MNL_CB_OK, or MNL_CB_ERROR with errno.
 */
static int listeners_take(const struct nlmsghdr *answer, void *data)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(answer);
	struct nat_listeners *listeners = data;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*message))
		return MNL_CB_OK;
	if (listeners->count % 64 == 0) {
		void *grown = reallocarray(listeners->list, listeners->count + 64,
					   sizeof(*listeners->list));

		if (!grown)
			return MNL_CB_ERROR;
		listeners->list = grown;
	}
	listeners->list[listeners->count++] = (struct nat_listener){
		.address = listener_address(answer, message),
		.port = ntohs(message->id.idiag_sport),
		.inode = message->idiag_inode,
	};
	return MNL_CB_OK;
}

/**
 * family_ask - ask for the sockets of one family
 * @socket: borrowed
 * @family: AF_INET or AF_INET6
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @listeners: added to
 *
 * A socket of UDP that waits for anybody is in the state that TCP calls closed.
 *
 * Returns 0 or -errno.
 */
static int family_ask(struct mnl_socket *socket, uint8_t family, uint8_t protocol,
		      struct nat_listeners *listeners)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[8192] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *asked;
	uint32_t sequence = (uint32_t)time(NULL) + family;
	ssize_t n;
	int r = 1;

	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = sequence;
	asked = mnl_nlmsg_put_extra_header(message, sizeof(*asked));
	asked->sdiag_family = family;
	asked->sdiag_protocol = protocol;
	asked->idiag_states = 1U << (protocol == IPPROTO_TCP ? TCP_LISTEN : TCP_CLOSE);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	while (r > 0) {
		n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(socket),
			       listeners_take, listeners);
	}
	return r < 0 ? -errno : 0;
}

/**
 * nat_listeners_read - read on which ports programs of the host listen
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @ret_listeners: the caller frees the list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_listeners_read(uint8_t protocol, struct nat_listeners *ret_listeners, struct error *e)
{
	_cleanup_(socket_closep) struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	struct nat_listeners listeners = { .count = 0 };
	int r = socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;

	if (r == 0)
		r = family_ask(socket, AF_INET, protocol, &listeners);
	if (r == 0)
		r = family_ask(socket, AF_INET6, protocol, &listeners);
	if (r < 0) {
		free(listeners.list);
		return error_errno(e, -r, "cannot list the ports that are listened on");
	}
	*ret_listeners = listeners;
	return 0;
}
