/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/element.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/expression.h"
#include "nat/match.h"

#define WORD_SIZE ((size_t)4) /* a value among several is padded to that */

/* What stands before protocol and port in the keys of a map. */
enum bound {
	BOUND_NOT,
	BOUND_ADDRESS,
	BOUND_LINK,
	BOUND_BOTH,
	BOUND_KINDS,
};

const char *const target_maps[TARGET_MAPS] = { MAP_FORWARDS, MAP_FORWARDS6, MAP_ADDRESS,
					       MAP_ADDRESS6, MAP_LINK,      MAP_LINK6,
					       MAP_BOTH,     MAP_BOTH6 };

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
 * forward_bound - what a forward is bound to
 * @forward: borrowed
 */
static enum bound forward_bound(const struct nat_forward *forward)
{
	bool address = addr_is_set(&forward->host);

	if (forward->host_link[0])
		return address ? BOUND_BOTH : BOUND_LINK;
	return address ? BOUND_ADDRESS : BOUND_NOT;
}

/**
 * forward_map - which of target_maps a forward is in
 * @forward: borrowed
 */
unsigned forward_map(const struct nat_forward *forward)
{
	return 2 * forward_bound(forward) + (forward->to.family == AF_INET6);
}

/**
 * key_add - put bytes behind those of a key
 * @element: changed
 * @bytes, @size: of the value, borrowed
 * @room: how many it takes up
 */
static void key_add(struct element *element, const void *bytes, size_t size, size_t room)
{
	memcpy(element->key + element->key_size, bytes, size);
	element->key_size += room;
}

/**
 * link_add - put the name of a link behind a key
 * @element: changed
 * @link: borrowed
 */
static void link_add(struct element *element, const char link[IFNAMSIZ])
{
	key_add(element, link, strnlen(link, IFNAMSIZ - 1), IFNAMSIZ);
}

/**
 * port_key_make - the key under which a forward is found
 * @forward: borrowed
 * @element: its key is set
 */
static void port_key_make(const struct nat_forward *forward, struct element *element)
{
	size_t size = addr_size(&forward->host);

	if (forward->host_link[0])
		link_add(element, forward->host_link);
	key_add(element, forward->host.bytes, size, size);
	key_add(element, &forward->protocol, sizeof(forward->protocol), WORD_SIZE);
	port_write(element->key + element->key_size, forward->port);
	element->key_size += WORD_SIZE;
}

/**
 * binding_make - the element that says that something is bound like this
 * @forward: borrowed
 * @element: filled
 *
 * An IPv4 address is written as the IPv6 address that stands for it (RFC 4291, 2.5.5.2).
 *
 * Returns whether it is bound at all.
 */
static bool binding_make(const struct nat_forward *forward, struct element *element)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	element->set = SET_BINDINGS;
	element->container[0] = '\0';
	link_add(element, forward->host_link);
	if (forward->host.family == AF_INET)
		key_add(element, mapped, sizeof(mapped), sizeof(mapped));
	key_add(element, forward->host.bytes, addr_size(&forward->host),
		forward->host.family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr));
	return forward_bound(forward) != BOUND_NOT;
}

/**
 * traffic_make - the element that counts what is forwarded
 * @forward: borrowed
 * @element: filled
 *
 * By where it leads, for that is told of each packet, and the port by which it is called.
 */
static void traffic_make(const struct nat_forward *forward, struct element *element)
{
	size_t size = addr_size(&forward->to);

	element->set = forward->to.family == AF_INET6 ? SET_TRAFFIC6 : SET_TRAFFIC;
	element->container[0] = '\0';
	key_add(element, forward->to.bytes, size, size);
	key_add(element, &forward->protocol, sizeof(forward->protocol), WORD_SIZE);
	port_write(element->key + element->key_size, forward->port);
	element->key_size += WORD_SIZE;
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
	struct element *element = ret_element;

	*element = (struct element){ .key_size = 0 };
	memcpy(element->container, forward->container, sizeof(element->container));
	switch (kind) {
	case ELEMENT_TARGET:
		element->set = target_maps[forward_map(forward)];
		port_key_make(forward, element);
		element->data_size = addr_size(&forward->to) + WORD_SIZE;
		memcpy(element->data, forward->to.bytes, addr_size(&forward->to));
		port_write(element->data + addr_size(&forward->to), forward->to_port);
		return true;
	case ELEMENT_HAIRPIN:
		element->set = SET_HAIRPIN;
		link_add(element, forward->link);
		link_add(element, forward->link);
		return forward->link[0];
	case ELEMENT_BINDING:
		return binding_make(forward, element);
	case ELEMENT_TRAFFIC:
		traffic_make(forward, element);
		return true;
	case FORWARD_ELEMENTS:
		break;
	}
	return false;
}

/**
 * element_repeats - whether an element of a forward is one of the forward before it as well
 * @forwards: borrowed
 * @index: of the forward
 * @kind: of the element
 */
bool element_repeats(const struct nat_forwards *forwards, size_t index, enum forward_element kind)
{
	const struct nat_forward *one = &forwards->list[index], *before = one - 1;

	if (index == 0)
		return false;
	if (kind == ELEMENT_HAIRPIN)
		return strcmp(one->link, before->link) == 0;
	return kind == ELEMENT_BINDING && addr_equal(&one->host, &before->host) &&
	       strcmp(one->host_link, before->host_link) == 0;
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
 * attribute_write - write an attribute
 * @at: where; there is room
 * @type: of it
 * @bytes, @size: what is in it, borrowed; NULL: that is there already
 *
 * The same as mnl_attr_put(), ten times as fast: of a table with thousands of ports it is most of what is
 * done here.
 *
 * Returns where the next one goes.
 */
static uint8_t *attribute_write(uint8_t *at, unsigned type, const void *bytes, size_t size)
{
	const struct nlattr head = { .nla_len = (uint16_t)(sizeof(struct nlattr) + size),
				     .nla_type = (uint16_t)type };
	uint8_t *end = at + sizeof(struct nlattr) + size;

	memcpy(at, &head, sizeof(head));
	if (bytes)
		memcpy(at + sizeof(struct nlattr), bytes, size);
	for (; (size_t)(end - at) % NLA_ALIGNTO; end++)
		*end = 0;
	return end;
}

/**
 * value_write - write a key or data
 * @at: where; there is room
 * @type: which
 * @bytes, @size: what it is, borrowed
 *
 * Returns where the next attribute goes.
 */
static uint8_t *value_write(uint8_t *at, unsigned type, const void *bytes, size_t size)
{
	uint8_t *end = attribute_write(at + sizeof(struct nlattr), NFTA_DATA_VALUE, bytes, size);

	return attribute_write(at, NLA_F_NESTED | type, NULL,
			       (size_t)(end - at) - sizeof(struct nlattr));
}

/**
 * entry_put - put an element into the list that a message ends with
 * @message: changed
 * @element: borrowed
 * @whole: with all there is to it, to add it; else its key, by which it is known
 */
void entry_put(struct nlmsghdr *message, const struct element *element, bool whole)
{
	uint8_t *entry = mnl_nlmsg_get_payload_tail(message), comment[COMMENT_MAX];
	uint8_t *at = value_write(entry + sizeof(struct nlattr), NFTA_SET_ELEM_KEY, element->key,
				  element->key_size);

	if (whole && element->data_size)
		at = value_write(at, NFTA_SET_ELEM_DATA, element->data, element->data_size);
	if (whole && element->container[0]) {
		size_t size =
			comment_format(comment, NFTNL_UDATA_SET_ELEM_COMMENT, element->container);

		at = attribute_write(at, NFTA_SET_ELEM_USERDATA, comment, size);
	}
	attribute_write(entry, NLA_F_NESTED | NFTA_LIST_ELEM, NULL,
			(size_t)(at - entry) - sizeof(struct nlattr));
	message->nlmsg_len += (uint32_t)(at - entry);
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
	const struct nlattr *counter = nested_attribute(attribute, NFTA_SET_ELEM_EXPR);
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
	counter_take(nested_attribute(counter, NFTA_EXPR_DATA), &element.counter);
	*ret_element = element;
	return true;
}

/**
 * key_take - take what a forward is called by out of the key of its element
 * @element: borrowed
 * @map: which of target_maps it is in
 * @forward: its protocol, port, and what it is bound to are set
 *
 * Returns whether the key has the size that it should have.
 */
static bool key_take(const struct element *element, unsigned map, struct nat_forward *forward)
{
	enum bound bound = map / 2;
	sa_family_t family = map % 2 ? AF_INET6 : AF_INET;
	const uint8_t *at = element->key;
	const uint8_t *end = at + element->key_size - 2 * WORD_SIZE;

	if (bound == BOUND_LINK || bound == BOUND_BOTH) {
		memcpy(forward->host_link, at, IFNAMSIZ - 1);
		at += IFNAMSIZ;
	}
	if (bound == BOUND_ADDRESS || bound == BOUND_BOTH) {
		forward->host = addr_from_bytes(family, at);
		at += addr_size(&forward->host);
	}
	forward->protocol = at[0];
	forward->port = port_read(at + WORD_SIZE);
	return at == end;
}

/**
 * element_forward - the forward that an element of one of target_maps stands for
 * @element: borrowed
 * @ret_forward: filled but for what other elements say
 *
 * Returns whether it is one.
 */
bool element_forward(const struct element *element, struct nat_forward *ret_forward)
{
	struct nat_forward forward = { .port = 0 };
	unsigned map = 0;
	size_t size;

	while (map < TARGET_MAPS && strcmp(target_maps[map], element->set) != 0)
		map++;
	if (map == TARGET_MAPS || !key_take(element, map, &forward))
		return false;
	size = map % 2 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	if (element->data_size != size + WORD_SIZE)
		return false;
	forward.to = addr_from_bytes(map % 2 ? AF_INET6 : AF_INET, element->data);
	forward.to_port = port_read(element->data + size);
	memcpy(forward.container, element->container, sizeof(forward.container));
	*ret_forward = forward;
	return true;
}

/**
 * element_traffic - what an element that counts tells of a forward
 * @element: borrowed
 * @ret_forward: its protocol, port and target are set, and nothing else
 *
 * Returns whether it is one.
 */
bool element_traffic(const struct element *element, struct nat_forward *ret_forward)
{
	bool v6 = strcmp(element->set, SET_TRAFFIC6) == 0;
	size_t size = v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);

	*ret_forward = (struct nat_forward){ .port = 0 };
	if (element->key_size != size + 2 * WORD_SIZE)
		return false;
	ret_forward->to = addr_from_bytes(v6 ? AF_INET6 : AF_INET, element->key);
	ret_forward->protocol = element->key[size];
	ret_forward->port = port_read(element->key + size + WORD_SIZE);
	return true;
}

/**
 * elements_take - take the elements in an answer, one by one
 * @answer: borrowed; NULL: there is no such set
 * @set: its name, borrowed
 * @take: is handed each that can be one of ours
 * @data: for it
 * @e: filled on failure
 *
 * Returns 0, or what @take has failed with.
 */
int elements_take(const struct nlmsghdr *answer, const char *set,
		  int (*take)(void *data, const struct element *element, struct error *e),
		  void *data, struct error *e)
{
	const struct nlattr *list = answer ? message_elements(answer) : NULL;
	const struct nlattr *entry;
	struct element element;
	const char *end;
	int r = 0;

	if (!list)
		return 0;
	end = (const char *)list + mnl_attr_get_len(list);
	for (entry = mnl_attr_get_payload(list);
	     r == 0 && mnl_attr_ok(entry, (int)(end - (const char *)entry));
	     entry = mnl_attr_next(entry))
		if (element_take(entry, set, &element))
			r = take(data, &element, e);
	return r;
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
