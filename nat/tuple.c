/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/tuple.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "nat/match.h"

/**
 * tuple_message - begin a message to connection tracking
 * @buffer: where, of MNL_SOCKET_BUFFER_SIZE
 * @type: IPCTNL_MSG_CT_...
 * @flags: of netlink, beside NLM_F_REQUEST
 * @family: AF_INET or AF_INET6
 * @sequence: its number
 *
 * Returns the message.
 */
struct nlmsghdr *tuple_message(uint8_t *buffer, uint8_t type, uint16_t flags, sa_family_t family,
			       uint32_t sequence)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = sequence;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = (uint8_t)family;
	header->version = NFNETLINK_V0;
	return message;
}

/**
 * tuple_port - one of the ports of a tuple
 * @tuple: borrowed, or NULL
 * @type: CTA_PROTO_SRC_PORT or CTA_PROTO_DST_PORT
 *
 * Returns it in the host's byte order, 0 when there is none.
 */
uint16_t tuple_port(const struct nlattr *tuple, unsigned type)
{
	const struct nlattr *port =
		nested_attribute(nested_attribute(tuple, CTA_TUPLE_PROTO), type);

	return port ? ntohs(mnl_attr_get_u16(port)) : 0;
}

/**
 * tuple_address - one of the addresses of a tuple
 * @tuple: borrowed, or NULL
 * @v4, @v6: CTA_IP_V4_SRC and the like, of which it has one
 *
 * Returns it, or none.
 */
struct addr tuple_address(const struct nlattr *tuple, unsigned v4, unsigned v6)
{
	const struct nlattr *addresses = nested_attribute(tuple, CTA_TUPLE_IP);
	const struct nlattr *address = nested_attribute(addresses, v4);
	sa_family_t family = address ? AF_INET : AF_INET6;
	struct addr none = { .family = AF_UNSPEC }, size = { .family = family };

	if (!address)
		address = nested_attribute(addresses, v6);
	if (!address || mnl_attr_get_payload_len(address) != addr_size(&size))
		return none;
	return addr_from_bytes(family, mnl_attr_get_payload(address));
}

/**
 * tuple_put - put what a tuple is recognised by into a message
 * @message: changed
 * @type: CTA_TUPLE_ORIG or CTA_TUPLE_REPLY
 * @address_type: CTA_IP_V4_SRC or CTA_IP_V4_DST
 * @address: borrowed; none: any
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @port_type: CTA_PROTO_SRC_PORT or CTA_PROTO_DST_PORT
 * @port: in the host's byte order
 */
void tuple_put(struct nlmsghdr *message, uint16_t type, uint16_t address_type,
	       const struct addr *address, uint8_t protocol, uint16_t port_type, uint16_t port)
{
	struct nlattr *tuple = mnl_attr_nest_start(message, type), *nest;

	if (addr_is_set(address)) {
		nest = mnl_attr_nest_start(message, CTA_TUPLE_IP);
		mnl_attr_put(message, address_type, addr_size(address), address->bytes);
		mnl_attr_nest_end(message, nest);
	}
	nest = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, protocol);
	mnl_attr_put_u16(message, port_type, htons(port));
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, tuple);
}

/**
 * tuple_filter - have a message be about connections of some marks only
 * @message: changed
 * @original, @reply: FILTER_... of the two tuples
 */
void tuple_filter(struct nlmsghdr *message, uint32_t original, uint32_t reply)
{
	struct nlattr *filter = mnl_attr_nest_start(message, CTA_FILTER);

	mnl_attr_put_u32(message, CTA_FILTER_ORIG_FLAGS, original);
	mnl_attr_put_u32(message, CTA_FILTER_REPLY_FLAGS, reply);
	mnl_attr_nest_end(message, filter);
}
