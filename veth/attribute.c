/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/attribute.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

/**
 * attribute_u8 - the value of an attribute of one byte
 * @attribute: borrowed, may be NULL
 */
uint8_t attribute_u8(const struct nlattr *attribute)
{
	return attribute && nla_len(attribute) >= 1 ? nla_get_u8(attribute) : 0;
}

/**
 * attribute_u32 - the value of an attribute that is a number in host order
 * @attribute: borrowed, may be NULL
 */
uint32_t attribute_u32(const struct nlattr *attribute)
{
	return attribute && nla_len(attribute) >= 4 ? nla_get_u32(attribute) : 0;
}

/**
 * attribute_text - the text of an attribute, cut where the room ends
 * @attribute: borrowed, may be NULL
 * @text, @size: the caller's buffer
 */
void attribute_text(const struct nlattr *attribute, char *text, size_t size)
{
	text[0] = '\0';
	if (attribute)
		nla_strlcpy(text, attribute, size);
}

/**
 * attribute_addr - the address in an attribute
 * @attribute: borrowed, may be NULL
 * @family: AF_INET or AF_INET6
 *
 * Returns none when it has another size.
 */
struct addr attribute_addr(const struct nlattr *attribute, sa_family_t family)
{
	struct addr none = { .family = AF_UNSPEC };
	struct addr any = { .family = family };

	if (!attribute || (size_t)nla_len(attribute) != addr_size(&any))
		return none;
	return addr_from_bytes(family, nla_data(attribute));
}

/**
 * attribute_find - an attribute inside another
 * @nest: borrowed, may be NULL
 * @type: which one
 *
 * Returns it, borrowed, or NULL.
 */
const struct nlattr *attribute_find(const struct nlattr *nest, int type)
{
	return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}

/* The attributes that we send; the kernel points at no others. */
static const char *const link_names[] = {
	[IFLA_ADDRESS] = "IFLA_ADDRESS",
	[IFLA_IFNAME] = "IFLA_IFNAME",
	[IFLA_MTU] = "IFLA_MTU",
	[IFLA_MASTER] = "IFLA_MASTER",
	[IFLA_LINKINFO] = "IFLA_LINKINFO",
	[IFLA_IFALIAS] = "IFLA_IFALIAS",
	[IFLA_AF_SPEC] = "IFLA_AF_SPEC",
	[IFLA_NUM_TX_QUEUES] = "IFLA_NUM_TX_QUEUES",
	[IFLA_NUM_RX_QUEUES] = "IFLA_NUM_RX_QUEUES",
	[IFLA_PROP_LIST] = "IFLA_PROP_LIST",
};

static const char *const address_names[] = {
	[IFA_ADDRESS] = "IFA_ADDRESS",
	[IFA_LOCAL] = "IFA_LOCAL",
	[IFA_FLAGS] = "IFA_FLAGS",
};

static const char *const route_names[] = {
	[RTA_DST] = "RTA_DST",
	[RTA_OIF] = "RTA_OIF",
	[RTA_GATEWAY] = "RTA_GATEWAY",
	[RTA_TABLE] = "RTA_TABLE",
};

/**
 * attribute_names - what the attributes of a kind of message are called
 * @message_type: RTM_...
 * @request: its header size and names are filled, an unknown type counts as one of links
 */
void attribute_names(uint16_t message_type, struct extack_request *request)
{
	switch (message_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_GETADDR:
		request->header = sizeof(struct ifaddrmsg);
		request->names = address_names;
		request->n_names = ARRAY_SIZE(address_names);
		break;
	case RTM_NEWROUTE:
	case RTM_GETROUTE:
		request->header = sizeof(struct rtmsg);
		request->names = route_names;
		request->n_names = ARRAY_SIZE(route_names);
		break;
	case RTM_GETNSID:
		request->header = sizeof(struct rtgenmsg);
		break;
	default:
		request->header = sizeof(struct ifinfomsg);
		request->names = link_names;
		request->n_names = ARRAY_SIZE(link_names);
	}
}
