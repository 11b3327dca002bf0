/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/element.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/expression.h"
#include "nat/match.h"

#define PROTOCOL_SIZE 4 /* a value among several is padded to that */
#define PORT_AT       PROTOCOL_SIZE
#define PORT_KEY_SIZE (2 * PROTOCOL_SIZE)

/**
 * port_write - write a port as it stands in a key or in data
 * @bytes: where to, zeroed
 * @port: in the host's byte order
 */
static void port_write(uint8_t *bytes, uint16_t port)
{
	const uint16_t value = htons(port);

	memcpy(bytes, &value, sizeof(value));
}

/**
 * port_read - read a port as it stands in a key or in data
 * @bytes: where from
 *
 * Returns it in the host's byte order.
 */
static uint16_t port_read(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return ntohs(value);
}

/**
 * hairpin_make - the element that lets a container call a port of its own
 * @forward: borrowed
 * @element: filled
 */
static void hairpin_make(const struct nat_forward *forward, struct element *element)
{
	element->set = SET_HAIRPIN;
	element->key_size = 2 * IFNAMSIZ;
	memcpy(element->key, forward->link, strnlen(forward->link, IFNAMSIZ - 1));
	memcpy(element->key + IFNAMSIZ, forward->link, strnlen(forward->link, IFNAMSIZ - 1));
}

/**
 * element_make - one of the elements of a forward
 * @forward: borrowed
 * @kind: which
 * @ret_element: filled
 *
 * Returns whether it has such an element.
 */
bool element_make(const struct nat_forward *forward, enum forward_element kind,
		  struct element *ret_element)
{
	bool v6 = forward->to.family == AF_INET6;
	struct element element = { .key_size = PORT_KEY_SIZE, .key = { forward->protocol } };

	memcpy(element.container, forward->container, sizeof(element.container));
	if (kind == ELEMENT_HAIRPIN) {
		hairpin_make(forward, &element);
		*ret_element = element;
		return forward->link[0];
	}
	port_write(element.key + PORT_AT, forward->port);
	if (kind == ELEMENT_TARGET) {
		element.set = v6 ? MAP_FORWARDS6 : MAP_FORWARDS;
		element.data_size = addr_size(&forward->to) + PROTOCOL_SIZE;
		memcpy(element.data, forward->to.bytes, addr_size(&forward->to));
		port_write(element.data + addr_size(&forward->to), forward->to_port);
	} else {
		element.set = v6 ? MAP_LOOPBACK6 : MAP_LOOPBACK;
		element.data_size = addr_size(&forward->to);
		memcpy(element.data, forward->from.bytes, addr_size(&forward->to));
	}
	*ret_element = element;
	return kind == ELEMENT_TARGET || addr_is_set(&forward->from);
}

/**
 * element_same - whether two elements of one key say the same of the same container
 * @a, @b: borrowed
 */
bool element_same(const struct element *a, const struct element *b)
{
	return a->data_size == b->data_size && memcmp(a->data, b->data, a->data_size) == 0 &&
	       strcmp(a->container, b->container) == 0;
}

/**
 * element_put - put an element into a message
 * @message: changed
 * @element: borrowed
 * @whole: with all there is to it, to add it; else its key, by which it is known
 */
void element_put(struct nlmsghdr *message, const struct element *element, bool whole)
{
	uint8_t comment[COMMENT_MAX];
	struct nlattr *list, *entry, *nest;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, element->set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	entry = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
	mnl_attr_put(message, NFTA_DATA_VALUE, element->key_size, element->key);
	mnl_attr_nest_end(message, nest);
	if (whole && element->data_size) {
		nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
		mnl_attr_put(message, NFTA_DATA_VALUE, element->data_size, element->data);
		mnl_attr_nest_end(message, nest);
	}
	if (whole && element->container[0])
		mnl_attr_put(
			message, NFTA_SET_ELEM_USERDATA,
			comment_format(comment, NFTNL_UDATA_SET_ELEM_COMMENT, element->container),
			comment);
	mnl_attr_nest_end(message, entry);
	mnl_attr_nest_end(message, list);
}

/**
 * value_take - take the bytes of a key or of data
 * @attribute: borrowed; NULL: there are none
 * @bytes, @room: where to
 * @ret_size: how many there are
 *
 * Returns whether they fit.
 */
static bool value_take(const struct nlattr *attribute, uint8_t *bytes, size_t room,
		       size_t *ret_size)
{
	const struct nlattr *value = nested_attribute(attribute, NFTA_DATA_VALUE);
	size_t size = value ? mnl_attr_get_payload_len(value) : 0;

	if (size > room)
		return false;
	if (value)
		memcpy(bytes, mnl_attr_get_payload(value), size);
	*ret_size = size;
	return true;
}

/**
 * element_take - take an element out of an answer
 * @attribute: the element, borrowed
 * @set: where it is, borrowed
 * @ret_element: filled; the container is "" when its comment names none
 *
 * Returns whether it can be one of ours.
 */
bool element_take(const struct nlattr *attribute, const char *set, struct element *ret_element)
{
	const struct nlattr *userdata = nested_attribute(attribute, NFTA_SET_ELEM_USERDATA);
	struct element element = { .set = set };
	const uint8_t *bytes;

	if (!value_take(nested_attribute(attribute, NFTA_SET_ELEM_KEY), element.key,
			sizeof(element.key), &element.key_size) ||
	    !value_take(nested_attribute(attribute, NFTA_SET_ELEM_DATA), element.data,
			sizeof(element.data), &element.data_size))
		return false;
	bytes = userdata ? mnl_attr_get_payload(userdata) : NULL;
	if (bytes && mnl_attr_get_payload_len(userdata) > 2 &&
	    bytes[0] == NFTNL_UDATA_SET_ELEM_COMMENT && bytes[1] <= sizeof(element.container) &&
	    mnl_attr_get_payload_len(userdata) >= 2 + bytes[1])
		memcpy(element.container, bytes + 2, bytes[1]);
	element.container[sizeof(element.container) - 1] = '\0';
	*ret_element = element;
	return true;
}

/**
 * element_forward - the forward that an element of forwards4 or forwards6 stands for
 * @element: borrowed
 * @ret_forward: filled but for what other elements say
 *
 * Returns whether it is one.
 */
bool element_forward(const struct element *element, struct nat_forward *ret_forward)
{
	size_t size = element->data_size - PROTOCOL_SIZE;

	if (element->key_size != PORT_KEY_SIZE ||
	    (size != sizeof(struct in_addr) && size != sizeof(struct in6_addr)))
		return false;
	*ret_forward = (struct nat_forward){
		.protocol = element->key[0],
		.port = port_read(element->key + PORT_AT),
		.to = addr_from_bytes(size == sizeof(struct in_addr) ? AF_INET : AF_INET6,
				      element->data),
		.to_port = port_read(element->data + size),
	};
	memcpy(ret_forward->container, element->container, sizeof(ret_forward->container));
	return true;
}

/**
 * message_elements - the list of elements in a message
 * @message: borrowed
 *
 * Returns it, borrowed, or NULL.
 */
const struct nlattr *message_elements(const struct nlmsghdr *message)
{
	return message_attribute(message, NFTA_SET_ELEM_LIST_ELEMENTS);
}

/**
 * batch_add_element - add to a batch that there is an element, or no longer is
 * @batch: changed
 * @action: NFT_ADD or NFT_DELETE; NFT_READ in a query
 * @element: borrowed until the batch is sent
 */
void batch_add_element(struct nft_request *batch, enum nft_action action,
		       const struct element *element)
{
	element_put(nft_request_add(batch, action, NFT_ELEMENT, element->set), element,
		    action == NFT_ADD);
}

/**
 * batch_add_forward - add all elements of a forward to a batch
 * @batch: changed
 * @action: NFT_ADD or NFT_DELETE
 * @forward: borrowed
 */
void batch_add_forward(struct nft_request *batch, enum nft_action action,
		       const struct nat_forward *forward)
{
	struct element element;

	for (enum forward_element kind = ELEMENT_TARGET; kind < FORWARD_ELEMENTS; kind++)
		if (element_make(forward, kind, &element))
			batch_add_element(batch, action, &element);
}
