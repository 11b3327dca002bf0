/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Connection tracking remembers where a connection was sent, whatever becomes of the map that said so;
 * a flow of UDP that never pauses would go on to a container's address for ever, whoever gets that
 * next. So the connections through a forward are ended with it.
 *
 * They are known by their answers, which come from the container: the kernel is asked for connections
 * answered from its address (CTA_FILTER; kernels before 5.8 do not know it and tell all, and with IPv6
 * addresses 6.18 still tells all but those that match [measured], so that it is not asked for one), and of
 * those the ones that were sent there by one of the forwards are deleted, each by its tuple and its number,
 * so that a new connection with the same tuple is left alone. A list takes a walk through a table of
 * hundreds of thousands of locks, however few connections there are; where a few ports are withdrawn,
 * and the kernel knows CTA_FILTER there as well (6.7), it is asked to delete by the same marks itself. With IPv6 it is then asked for connections of the
 * two ports, whatever their addresses: what it tells are few, and those of others among them are left alone. Those
 * through other forwards of the same container go on.
 */
#include "nat/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/extack.h"
#include "base/log.h"
#include "nat/match.h"
#include "nat/nft.h"
#include "nat/tuple.h"

/* So many forwards of a family are ended one by one; of more, all connections are listed. */
#define FEW 4

#define TUPLE_MAX 128

/* A connection that is to be ended. */
struct victim {
	uint8_t tuple[TUPLE_MAX]; /* CTA_TUPLE_ORIG, what is in it */
	uint16_t size;
	uint32_t id; /* CTA_ID, as it came */
};

/* Connections that are to be ended. */
struct victims {
	const struct nat_forwards *forwards; /* in carrier_order() */
	struct victim *list;
	size_t count, room;
};

/**
 * victims_free - free the list, for _cleanup_()
 * @victims: changed
 */
static void victims_free(struct victims *victims)
{
	free(victims->list);
}

/**
 * addr_order - the order of addresses
 * @a, @b: borrowed
 */
static int addr_order(const struct addr *a, const struct addr *b)
{
	return a->family != b->family ? a->family - b->family
				      : memcmp(a->bytes, b->bytes, addr_size(a));
}

/**
 * carrier_order - the order of forwards by what a connection tells of them; for qsort(), bsearch()
 * @a, @b: the forwards
 */
static int carrier_order(const void *a, const void *b)
{
	const struct nat_forward *one = a, *other = b;
	int order = addr_order(&one->to, &other->to);

	if (order == 0)
		order = one->protocol - other->protocol;
	if (order == 0)
		order = one->port - other->port;
	if (order == 0)
		order = one->to_port - other->to_port;
	return order == 0 ? addr_order(&one->host, &other->host) : order;
}

/**
 * forwards_carried - whether a connection came through one of some forwards
 * @forwards: in carrier_order(), borrowed
 * @connection: as connection tracking tells it, borrowed
 *
 * Through which link it came is not remembered: of ports that only that tells apart all are meant.
 */
static bool forwards_carried(const struct nat_forwards *forwards, const struct nlmsghdr *connection)
{
	const struct nlattr *original = message_attribute(connection, CTA_TUPLE_ORIG);
	const struct nlattr *reply = message_attribute(connection, CTA_TUPLE_REPLY);
	const struct nlattr *status = message_attribute(connection, CTA_STATUS);
	const struct nlattr *protocol =
		nested_attribute(nested_attribute(reply, CTA_TUPLE_PROTO), CTA_PROTO_NUM);
	struct nat_forward key = { .port = tuple_port(original, CTA_PROTO_DST_PORT) };

	if (!protocol || !status || !(ntohl(mnl_attr_get_u32(status)) & IPS_DST_NAT))
		return false;
	key.protocol = mnl_attr_get_u8(protocol);
	key.to = tuple_address(reply, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
	key.to_port = tuple_port(reply, CTA_PROTO_SRC_PORT);
	if (bsearch(&key, forwards->list, forwards->count, sizeof(key), carrier_order))
		return true;
	key.host = tuple_address(original, CTA_IP_V4_DST, CTA_IP_V6_DST);
	return bsearch(&key, forwards->list, forwards->count, sizeof(key), carrier_order);
}

/**
 * victims_add - remember a connection that is to be ended
 * @victims: changed
 * @connection: as connection tracking tells it, borrowed
 *
 * Returns 0, or -ENOMEM.
 */
static int victims_add(struct victims *victims, const struct nlmsghdr *connection)
{
	const struct nlattr *tuple = message_attribute(connection, CTA_TUPLE_ORIG);
	const struct nlattr *id = message_attribute(connection, CTA_ID);
	struct victim *victim;

	if (!tuple || !id || mnl_attr_get_payload_len(tuple) > TUPLE_MAX)
		return 0;
	if (victims->count == victims->room) {
		size_t room = victims->room ? 2 * victims->room : 16;
		void *grown = reallocarray(victims->list, room, sizeof(*victims->list));

		if (!grown)
			return -ENOMEM;
		victims->list = grown;
		victims->room = room;
	}
	victim = &victims->list[victims->count++];
	victim->size = mnl_attr_get_payload_len(tuple);
	memcpy(victim->tuple, mnl_attr_get_payload(tuple), victim->size);
	victim->id = mnl_attr_get_u32(id);
	return 0;
}

/**
 * victims_take - look at one connection; the callback of libmnl
 * @connection: borrowed
 * @data: the victims
 *
 * Returns MNL_CB_OK, or MNL_CB_ERROR with errno.
 */
static int victims_take(const struct nlmsghdr *connection, void *data)
{
	struct victims *victims = data;

	if (forwards_carried(victims->forwards, connection) &&
	    victims_add(victims, connection) < 0) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/**
 * talk - send a message and take its answers
 * @nat: the session
 * @message: finished
 * @victims: where answers go; NULL when there are none but "done"
 *
 * Returns 0 or -errno.
 */
static int talk(struct nat *nat, struct nlmsghdr *message, struct victims *victims)
{
	unsigned port = mnl_socket_get_portid(nat->socket);

	if (mnl_socket_sendto(nat->socket, message, message->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nat->socket, nat->answer, sizeof(nat->answer));
		const struct nlmsghdr *first = (const void *)nat->answer;
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (first->nlmsg_seq != message->nlmsg_seq)
			continue; /* of an earlier conversation that was given up */
		r = mnl_cb_run(nat->answer, (size_t)n, message->nlmsg_seq, port,
			       victims ? victims_take : NULL, victims);
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
}

/**
 * victims_find - find the connections that were sent to an address by forwards
 * @nat: the session
 * @to: the address, borrowed
 * @victims: changed
 *
 * Returns 0 or -errno.
 */
static int victims_find(struct nat *nat, const struct addr *to, struct victims *victims)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[512] = { 0 };
	struct nlmsghdr *message =
		tuple_message(buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, to->family, nat->sequence++);
	struct nlattr *outer, *inner;

	if (to->family == AF_INET) {
		outer = mnl_attr_nest_start(message, CTA_TUPLE_REPLY);
		inner = mnl_attr_nest_start(message, CTA_TUPLE_IP);
		mnl_attr_put(message, CTA_IP_V4_SRC, addr_size(to), to->bytes);
		mnl_attr_nest_end(message, inner);
		mnl_attr_nest_end(message, outer);
		outer = mnl_attr_nest_start(message, CTA_FILTER);
		mnl_attr_put_u32(message, CTA_FILTER_ORIG_FLAGS, 0);
		mnl_attr_put_u32(message, CTA_FILTER_REPLY_FLAGS, FILTER_SOURCE);
		mnl_attr_nest_end(message, outer);
	}
	return talk(nat, message, victims);
}

/**
 * victim_end - end one connection
 * @nat: the session
 * @family: of its addresses
 * @victim: borrowed
 *
 * Returns 0, also when it has ended by itself, or -errno.
 */
static int victim_end(struct nat *nat, sa_family_t family, const struct victim *victim)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[512] = { 0 };
	struct nlmsghdr *message =
		tuple_message(buffer, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family, nat->sequence++);
	int r;

	mnl_attr_put(message, NLA_F_NESTED | CTA_TUPLE_ORIG, victim->size, victim->tuple);
	mnl_attr_put_u32(message, CTA_ID, victim->id);
	r = talk(nat, message, NULL);
	return r == -ENOENT ? 0 : r;
}

/**
 * victims_end - end all that were found
 * @nat: the session
 * @family: of their addresses
 * @victims: borrowed
 *
 * Returns how many, or -errno.
 */
static int victims_end(struct nat *nat, sa_family_t family, const struct victims *victims)
{
	int r = 0;

	for (size_t i = 0; i < victims->count && r == 0; i++)
		r = victim_end(nat, family, &victims->list[i]);
	return r < 0 ? r : (int)victims->count;
}

/**
 * address_end - end the connections that were sent to one address by forwards
 * @nat: the session
 * @forwards: borrowed
 * @to: the address, borrowed
 *
 * Returns how many, or -errno.
 */
static int address_end(struct nat *nat, const struct nat_forwards *forwards, const struct addr *to)
{
	_cleanup_(victims_free) struct victims victims = { .forwards = forwards };
	int r = victims_find(nat, to, &victims);

	return r < 0 ? r : victims_end(nat, to->family, &victims);
}

/**
 * ports_end - end what came through one forward, out of all that has its two ports
 * @nat: the session
 * @forward: with an IPv6 address, borrowed
 *
 * Returns how many, or -errno.
 */
static int ports_end(struct nat *nat, const struct nat_forward *forward)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[512] = { 0 };
	const struct addr any = { .family = AF_UNSPEC };
	struct nat_forward only = *forward;
	const struct nat_forwards forwards = { .count = 1, .list = &only };
	_cleanup_(victims_free) struct victims victims = { .forwards = &forwards };
	struct nlmsghdr *message =
		tuple_message(buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_INET6, nat->sequence++);
	int r;

	tuple_put(message, CTA_TUPLE_ORIG, 0, &any, forward->protocol, CTA_PROTO_DST_PORT,
		  forward->port);
	tuple_put(message, CTA_TUPLE_REPLY, 0, &any, forward->protocol, CTA_PROTO_SRC_PORT,
		  forward->to_port);
	tuple_filter(message, FILTER_PROTOCOL | FILTER_TARGET_PORT,
		     FILTER_PROTOCOL | FILTER_SOURCE_PORT);
	r = talk(nat, message, &victims);
	return r < 0 ? r : victims_end(nat, AF_INET6, &victims);
}

/**
 * forward_end - have the kernel end what came through one forward
 * @nat: the session
 * @forward: with an IPv4 address, borrowed
 *
 * That takes it a fraction of what listing takes. Kernels that do not know it say so.
 *
 * Returns 0, -EINVAL, -EOPNOTSUPP, or another -errno.
 */
static int forward_end(struct nat *nat, const struct nat_forward *forward)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[512] = { 0 };
	struct nlmsghdr *message =
		tuple_message(buffer, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_INET, nat->sequence++);
	uint32_t target = addr_is_set(&forward->host) ? FILTER_TARGET : 0;
	int r;

	tuple_put(message, CTA_TUPLE_ORIG, CTA_IP_V4_DST, &forward->host, forward->protocol,
		  CTA_PROTO_DST_PORT, forward->port);
	tuple_put(message, CTA_TUPLE_REPLY, CTA_IP_V4_SRC, &forward->to, forward->protocol,
		  CTA_PROTO_SRC_PORT, forward->to_port);
	tuple_filter(message, target | FILTER_PROTOCOL | FILTER_TARGET_PORT,
		     FILTER_SOURCE | FILTER_PROTOCOL | FILTER_SOURCE_PORT);
	mnl_attr_put_u32(message, CTA_STATUS, htonl(IPS_DST_NAT));
	mnl_attr_put_u32(message, CTA_STATUS_MASK, htonl(IPS_DST_NAT));
	r = talk(nat, message, NULL);
	return r == -ENOENT ? 0 : r;
}

/**
 * addresses_end - end the connections that were sent by forwards to any address
 * @nat: the session
 * @forwards: in carrier_order(), borrowed
 * @e: filled on failure
 *
 * A kernel that cannot list connections is no reason to keep a port published.
 *
 * Returns how many, or -errno.
 */
static int addresses_end(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	int ended = 0;

	for (size_t i = 0; i < forwards->count; i++) {
		const struct addr *to = &forwards->list[i].to;
		int r = 0;

		if (i == 0 || !addr_equal(&forwards->list[i - 1].to, to))
			r = address_end(nat, forwards, to);
		if (r == -EINVAL || r == -EOPNOTSUPP) {
			log_warning(
				"connections through withdrawn ports go on: the kernel does not "
				"list them (modprobe nf_conntrack_netlink)");
			return ended;
		}
		if (r < 0)
			return error_errno(e, -r, "cannot end connections through withdrawn ports");
		ended += r;
	}
	return ended;
}

/**
 * few_end - end what came through a few forwards, one by one
 * @nat: the session
 * @forwards: changed: those are left whose connections have to be listed
 */
static void few_end(struct nat *nat, struct nat_forwards *forwards)
{
	size_t left = 0;

	for (size_t i = 0; i < forwards->count; i++) {
		const struct nat_forward *one = &forwards->list[i];
		bool v6 = one->to.family == AF_INET6;

		if ((v6 ? ports_end(nat, one) : forward_end(nat, one)) < 0)
			forwards->list[left++] = *one;
	}
	forwards->count = left;
}

/**
 * conntrack_end - end the connections that came through forwards
 * @nat: the session
 * @forwards: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int conntrack_end(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	_cleanup_(freep) struct nat_forward *list = calloc(forwards->count + 1, sizeof(*list));
	struct nat_forwards rest = { .count = forwards->count, .list = list };
	int r;

	if (!list)
		return error_errno(e, ENOMEM, "cannot end connections through withdrawn ports");
	for (size_t i = 0; i < rest.count; i++)
		list[i] = forwards->list[i];
	if (rest.count <= (size_t)2 * FEW) /* in both families */
		few_end(nat, &rest);
	if (!rest.count)
		return 0;
	qsort(list, rest.count, sizeof(*list), carrier_order);
	r = addresses_end(nat, &rest, e);
	return r < 0 ? r : 0;
}
