/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/interval.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "nat/match.h"
#include "nat/nat.h"

/**
 * key_step - make a key the one behind all that begin with it
 * @key: changed
 * @length: how many of its bytes count
 */
static void key_step(uint8_t *key, size_t length)
{
	while (length > 0 && ++key[length - 1] == 0)
		length--;
}

/**
 * interval_of_link - the interval of a link's name
 * @name: padded; one that ends in "*" means all that begin so
 *
 * The kernel compares names byte by byte, with the zeros behind them.
 */
struct interval interval_of_link(const char name[IFNAMSIZ])
{
	struct interval interval = { .size = IFNAMSIZ };
	size_t length = strnlen(name, IFNAMSIZ - 1);
	bool wildcard = length > 0 && name[length - 1] == '*';

	if (wildcard)
		length--;
	memcpy(interval.begin, name, length);
	memcpy(interval.end, name, length);
	key_step(interval.end, wildcard ? length : IFNAMSIZ);
	return interval;
}

/**
 * interval_of_prefix - the interval of a network's addresses
 * @prefix: a network that does not end with the last address there is
 */
struct interval interval_of_prefix(const struct prefix *prefix)
{
	struct interval interval = { .size = addr_size(&prefix->addr) };
	struct addr last = prefix_last(prefix), next = addr_add(&last, 1);

	memcpy(interval.begin, prefix->addr.bytes, interval.size);
	memcpy(interval.end, next.bytes, interval.size);
	return interval;
}

/**
 * interval_equal - whether two intervals are the same
 * @a, @b: borrowed
 */
static bool interval_equal(const struct interval *a, const struct interval *b)
{
	return a->size == b->size && memcmp(a->begin, b->begin, a->size) == 0 &&
	       memcmp(a->end, b->end, a->size) == 0;
}

/**
 * interval_link - the name that an interval stands for
 * @interval: borrowed
 * @ret_name: padded
 *
 * Returns whether it stands for one link, or for all that begin with something.
 */
bool interval_link(const struct interval *interval, char ret_name[IFNAMSIZ])
{
	char name[IFNAMSIZ] = "";
	size_t length = strnlen((const char *)interval->begin, IFNAMSIZ - 1);
	struct interval meant;

	memcpy(name, interval->begin, length);
	meant = interval_of_link(name);
	if (!interval_equal(interval, &meant) && length < IFNAMSIZ - 1) {
		name[length] = '*';
		meant = interval_of_link(name);
	}
	if (length == 0 || !interval_equal(interval, &meant))
		return false;
	memcpy(ret_name, name, IFNAMSIZ);
	return true;
}

/**
 * interval_prefix - the network that an interval stands for
 * @interval: borrowed
 * @ret_prefix: the network
 *
 * Returns whether it stands for one.
 */
bool interval_prefix(const struct interval *interval, struct prefix *ret_prefix)
{
	sa_family_t family = interval->size == sizeof(struct in_addr) ? AF_INET : AF_INET6;
	struct prefix prefix = { .addr = addr_from_bytes(family, interval->begin) };

	for (unsigned length = 1; length <= interval->size * 8; length++) {
		struct interval meant;

		prefix.length = (uint8_t)length;
		meant = interval_of_prefix(&prefix);
		if (!prefix_is_network(&prefix) || !interval_equal(interval, &meant))
			continue;
		*ret_prefix = prefix;
		return true;
	}
	return false;
}

/**
 * end_put - put one end of an interval into a message
 * @message: changed, inside of the list of elements
 * @key, @size: the key
 * @flags: NFT_SET_ELEM_INTERVAL_END, or 0 for the beginning
 */
static void end_put(struct nlmsghdr *message, const uint8_t *key, size_t size, uint32_t flags)
{
	struct nlattr *entry = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	struct nlattr *nest;

	if (flags)
		mnl_attr_put_u32(message, NFTA_SET_ELEM_FLAGS, htonl(flags));
	nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
	mnl_attr_put(message, NFTA_DATA_VALUE, size, key);
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, entry);
}

/**
 * batch_add_interval - add to a batch that a set has an interval, or no longer has it
 * @batch: changed
 * @action: NFT_ADD or NFT_DELETE
 * @set: its name, borrowed until the batch is sent
 * @interval: borrowed
 */
void batch_add_interval(struct nft_request *batch, enum nft_action action, const char *set,
			const struct interval *interval)
{
	struct nlmsghdr *message = nft_request_add(batch, action, NFT_ELEMENT, set);
	struct nlattr *list;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	end_put(message, interval->begin, interval->size, 0);
	end_put(message, interval->end, interval->size, NFT_SET_ELEM_INTERVAL_END);
	mnl_attr_nest_end(message, list);
}

/**
 * interval_ends_take - take one element of a listing
 * @ends: changed
 * @element: borrowed
 *
 * nft(8) begins a set with an end at zero, which means nothing.
 */
void interval_ends_take(struct interval_ends *ends, const struct nlattr *element)
{
	static const uint8_t zero[INTERVAL_KEY_MAX];
	const struct nlattr *flags = nested_attribute(element, NFTA_SET_ELEM_FLAGS);
	const struct nlattr *key = nested_attribute(element, NFTA_SET_ELEM_KEY);
	const struct nlattr *value = nested_attribute(key, NFTA_DATA_VALUE);
	bool end = flags && ntohl(mnl_attr_get_u32(flags)) & NFT_SET_ELEM_INTERVAL_END;
	size_t *count = end ? &ends->n_ends : &ends->n_begins;

	if (!value || mnl_attr_get_payload_len(value) != ends->size || *count == INTERVALS_MAX)
		ends->odd = true;
	else if (!end || memcmp(mnl_attr_get_payload(value), zero, ends->size) != 0)
		memcpy((end ? ends->ends : ends->begins)[(*count)++], mnl_attr_get_payload(value),
		       ends->size);
}

/**
 * key_order - the order of keys; the comparison of qsort()
 * @a, @b: the keys, padded
 */
static int key_order(const void *a, const void *b)
{
	return memcmp(a, b, INTERVAL_KEY_MAX);
}

/**
 * interval_ends_join - put the ends of intervals together
 * @ends: sorted by it
 * @ret: the intervals, as many as there are beginnings
 *
 * As no two intervals of a set overlap, the first end belongs to the first beginning.
 *
 * Returns whether each has two ends, and there is nothing else.
 */
bool interval_ends_join(struct interval_ends *ends, struct interval ret[INTERVALS_MAX])
{
	if (ends->odd || ends->n_begins != ends->n_ends)
		return false;
	qsort(ends->begins, ends->n_begins, INTERVAL_KEY_MAX, key_order);
	qsort(ends->ends, ends->n_ends, INTERVAL_KEY_MAX, key_order);
	for (size_t i = 0; i < ends->n_begins; i++) {
		struct interval interval = { .size = ends->size };

		memcpy(interval.begin, ends->begins[i], INTERVAL_KEY_MAX);
		memcpy(interval.end, ends->ends[i], INTERVAL_KEY_MAX);
		ret[i] = interval;
	}
	return true;
}
