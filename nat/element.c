/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/element.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/expression.h"
#include "nat/match.h"

#define WORD_SIZE        ((size_t)4) /* a value among several is padded to that */
#define ELEMENT_SIZE_MAX 256         /* bytes of an element in a message, and more */

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
 * loopback_make - the element that says as whom the loopback calls
 * @forward: borrowed
 * @element: filled; its container is set
 *
 * Returns whether the loopback calls it at all: not through another link.
 */
static bool loopback_make(const struct nat_forward *forward, struct element *element)
{
	bool v6 = forward->to.family == AF_INET6;
	enum bound bound = forward_bound(forward);

	if (bound == BOUND_NOT)
		element->set = v6 ? MAP_LOOPBACK6 : MAP_LOOPBACK;
	else
		element->set = v6 ? MAP_ADDRESS_LOOPBACK6 : MAP_ADDRESS_LOOPBACK;
	port_key_make(forward, element);
	element->data_size = addr_size(&forward->to);
	memcpy(element->data, forward->from.bytes, addr_size(&forward->to));
	return addr_is_set(&forward->from) && bound != BOUND_LINK && bound != BOUND_BOTH;
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
	unsigned v6 = forward->to.family == AF_INET6;
	struct element *element = ret_element;

	*element = (struct element){ .key_size = 0 };
	memcpy(element->container, forward->container, sizeof(element->container));
	switch (kind) {
	case ELEMENT_TARGET:
		element->set = target_maps[2 * forward_bound(forward) + v6];
		port_key_make(forward, element);
		element->data_size = addr_size(&forward->to) + WORD_SIZE;
		memcpy(element->data, forward->to.bytes, addr_size(&forward->to));
		port_write(element->data + addr_size(&forward->to), forward->to_port);
		return true;
	case ELEMENT_LOOPBACK:
		return loopback_make(forward, element);
	case ELEMENT_HAIRPIN:
		element->set = SET_HAIRPIN;
		link_add(element, forward->link);
		link_add(element, forward->link);
		return forward->link[0];
	case ELEMENT_BINDING:
		return binding_make(forward, element);
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
 * entry_put - put an element into the list that a message ends with
 * @message: changed
 * @element: borrowed
 * @whole: with all there is to it, to add it; else its key, by which it is known
 */
static void entry_put(struct nlmsghdr *message, const struct element *element, bool whole)
{
	uint8_t comment[COMMENT_MAX];
	struct nlattr *entry = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);

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
}

/**
 * element_put - put an element into a message
 * @message: changed
 * @element: borrowed
 * @whole: with all there is to it, to add it; else its key, by which it is known
 */
void element_put(struct nlmsghdr *message, const struct element *element, bool whole)
{
	struct nlattr *list;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, element->set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	entry_put(message, element, whole);
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
 * element_binding - what an element of the set of bindings says
 * @element: borrowed
 * @ret_host: an address of the host, or none
 * @ret_link: a link of the host, or ""
 *
 * Returns whether it is one.
 */
bool element_binding(const struct element *element, struct addr *ret_host, char ret_link[IFNAMSIZ])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	static const uint8_t none[sizeof(struct in6_addr)];
	const uint8_t *address = element->key + IFNAMSIZ;

	if (element->key_size != IFNAMSIZ + sizeof(none))
		return false;
	memset(ret_link, 0, IFNAMSIZ);
	memcpy(ret_link, element->key, IFNAMSIZ - 1);
	if (memcmp(address, none, sizeof(none)) == 0)
		*ret_host = (struct addr){ .family = AF_UNSPEC };
	else if (memcmp(address, mapped, sizeof(mapped)) == 0)
		*ret_host = addr_from_bytes(AF_INET, address + sizeof(mapped));
	else
		*ret_host = addr_from_bytes(AF_INET6, address);
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

/**
 * batch_last - the message behind which a batch grows, if one more element fits in it
 * @batch: borrowed
 * @action: what is to be done with the element
 * @set: its set
 *
 * Returns it, or NULL when another message has to begin.
 */
static struct nlmsghdr *batch_last(struct nft_request *batch, enum nft_action action,
				   const char *set)
{
	const struct nft_message *last = batch->messages + batch->count - 1;
	struct nlmsghdr *message;

	if (!batch->count || last->kind != NFT_ELEMENT || last->action != action ||
	    last->family != batch->family || strcmp(last->name, set) != 0)
		return NULL;
	message = nft_request_message(batch, batch->count - 1);
	return message->nlmsg_len + ELEMENT_SIZE_MAX <= NFT_MESSAGE_SIZE ? message : NULL;
}

/**
 * batch_add_element - add to a batch that there is an element, or no longer is
 * @batch: changed
 * @action: NFT_ADD or NFT_DELETE; NFT_READ in a query
 * @element: borrowed until the batch is sent
 *
 * Elements of one set, one behind the other, share a message, as long as they are not asked for: of
 * those the first that is missing would end the answers.
 */
void batch_add_element(struct nft_request *batch, enum nft_action action,
		       const struct element *element)
{
	struct nlmsghdr *message =
		action == NFT_READ ? NULL : batch_last(batch, action, element->set);
	struct nlattr *list;

	if (!message) {
		element_put(nft_request_add(batch, action, NFT_ELEMENT, element->set), element,
			    action == NFT_ADD);
		return;
	}
	list = (void *)((char *)message +
			((const char *)message_elements(message) - (const char *)message));
	entry_put(message, element, action == NFT_ADD);
	mnl_attr_nest_end(message, list);
}

/**
 * batch_add_forwards - add to a batch that there are forwards
 * @batch: changed
 * @forwards: borrowed
 */
void batch_add_forwards(struct nft_request *batch, const struct nat_forwards *forwards)
{
	struct element element;

	for (enum forward_element kind = ELEMENT_TARGET; kind < FORWARD_ELEMENTS; kind++)
		for (size_t i = 0; i < forwards->count; i++)
			if (!element_repeats(forwards, i, kind) &&
			    element_make(&forwards->list[i], kind, &element))
				batch_add_element(batch, NFT_ADD, &element);
}
