/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/addresses/pool-words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "container/addresses/session.h"
#include "container/definitions/definitions.h"
#include "container/definitions/pair-words.h"

/**
 * pool_name_check - whether a text may be the name of a pool
 * @name: borrowed
 * @e: says that it may not
 *
 * What may be the name of a container may be.
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int pool_name_check(const char *name, struct error *e)
{
	if (name_check(name, NULL) == 0)
		return 0;
	return error_set(
		e, ERROR_USAGE, EINVAL,
		"'%.80s' is no name of a pool: letters, digits, '-', '_' and '.', the first "
		"a letter or digit, at most 63",
		name);
}

/**
 * pool_prefix_parse - read the network of a pool
 * @text: as typed, borrowed
 * @ret_prefix: the network, which need not be one
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int pool_prefix_parse(const char *text, struct prefix *ret_prefix, struct error *e)
{
	int r = prefix_parse(text, ret_prefix, e);

	if (r < 0 || strchr(text, '/'))
		return r;
	r = error_set(e, ERROR_USAGE, EINVAL, "'%s' has no prefix length", text);
	return error_remedy(e, r, "give the network as ADDRESS/LENGTH");
}

/**
 * pool_ula_draw - draw a network of unique local addresses (RFC 4193, 3.2)
 * @ret_prefix: a /64 that nobody else has, in all likelihood
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pool_ula_draw(struct prefix *ret_prefix, struct error *e)
{
	uint8_t id[5];

	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return error_errno(e, errno, "cannot draw a random network");
	*ret_prefix = prefix_ula(id);
	return 0;
}

/**
 * range_parse - read addresses in a row
 * @text: "A-B" as typed, or one address, borrowed
 * @ret_range: the addresses
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int range_parse(const char *text, struct ipam_range *ret_range, struct error *e)
{
	struct ipam_range range;
	char first[ADDR_TEXT] = "";
	size_t length = strcspn(text, "-");

	if (length < sizeof(first))
		memcpy(first, text, length);
	if (addr_parse(first, &range.first, NULL) < 0 ||
	    addr_parse(text[length] ? text + length + 1 : first, &range.last, NULL) < 0)
		return error_set(e, ERROR_USAGE, EINVAL, "'%.100s' is no range of addresses, A-B",
				 text);
	*ret_range = range;
	return 0;
}

/**
 * ranges_read - read several ranges
 * @texts, @count: as typed, borrowed
 * @ranges: filled
 * @ret_count: how many there are
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int ranges_read(const char *const *texts, size_t count,
		       struct ipam_range ranges[IPAM_RANGES_MAX], size_t *ret_count,
		       struct error *e)
{
	if (count > IPAM_RANGES_MAX)
		return error_set(e, ERROR_USAGE, EINVAL, "a pool has at most %d ranges",
				 IPAM_RANGES_MAX);
	for (size_t i = 0; i < count; i++) {
		int r = range_parse(texts[i], &ranges[i], e);

		if (r < 0)
			return r;
	}
	*ret_count = count;
	return 0;
}

/**
 * kind_parse - read what kind of pool it is to be
 * @request: borrowed
 * @ret_kind: the kind
 * @e: names what is none
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int kind_parse(const struct pool_request *request, enum ipam_kind *ret_kind, struct error *e)
{
	enum ipam_kind kind = request->bridge ? IPAM_SUBNET : IPAM_PAIRS;

	if (request->kind && strcmp(request->kind, ipam_kind_name(IPAM_PAIRS)) == 0)
		kind = IPAM_PAIRS;
	else if (request->kind && strcmp(request->kind, ipam_kind_name(IPAM_SUBNET)) == 0)
		kind = IPAM_SUBNET;
	else if (request->kind)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%.40s' is no kind of pools; there are pair and subnet",
				 request->kind);
	*ret_kind = kind;
	return 0;
}

/**
 * pool_request_parse - from what was typed to a pool
 * @request: borrowed; its network is read by pool_prefix_parse()
 * @ret_pool: without a network
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int pool_request_parse(const struct pool_request *request, struct ipam_pool *ret_pool,
		       struct error *e)
{
	struct ipam_pool pool = { .kind = IPAM_PAIRS };
	int r = pool_name_check(request->name, e);

	if (r == 0)
		(void)snprintf(pool.name, sizeof(pool.name), "%s", request->name);
	if (r == 0)
		r = kind_parse(request, &pool.kind, e);
	if (r == 0 && request->bridge)
		r = bridge_parse(request->bridge, pool.bridge, e);
	if (r == 0 && request->gateway)
		r = addr_parse(request->gateway, &pool.gateway, e);
	if (r == 0)
		r = ranges_read(request->ranges, request->n_ranges, pool.ranges, &pool.n_ranges, e);
	if (r == 0)
		r = ranges_read(request->excluded, request->n_excluded, pool.excluded,
				&pool.n_excluded, e);
	if (r == 0)
		*ret_pool = pool;
	return r;
}
