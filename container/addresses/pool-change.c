/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A network that something else on this host has is no pool: create would pass over all of it, or give
 * out what others have. It is held against what is in use before any lock is taken, for that reads all
 * routes there are. Definitions that others have written are entered in the book first, so that what
 * they have of a new pool is counted in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/addresses/adopt.h"
#include "container/addresses/conflict.h"
#include "container/addresses/pool-words.h"
#include "container/settings/locks.h"

/**
 * pool_judge - look whether a network is one that a pool can have
 * @paths: borrowed
 * @pool: its name, network and bridge are set, borrowed
 * @e: says what else has it
 *
 * What is as specific as the network, or more so, is in its way; what is wider is told.
 *
 * Returns 0, or -EADDRINUSE with class ERROR_CONFLICT, or another -errno.
 */
static int pool_judge(const struct paths *paths, const struct ipam_usage *pool, struct error *e)
{
	struct conflicts conflicts;
	char text[PREFIX_TEXT];
	int r = pool_conflicts(paths, pool, &conflicts, e);

	if (r < 0)
		return r;
	prefix_format(&pool->prefix, text);
	engines_tell(&conflicts.engines);
	for (size_t i = 0; r == 0 && i < conflicts.count; i++) {
		const struct conflict *conflict = &conflicts.list[i];

		if (conflict->grade != CONFLICT_REFUSED) {
			log_notice("%s lies within %s; the pool's addresses are more specific and "
				   "go first",
				   text, conflict->holder);
			continue;
		}
		r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "%s is in use on this host: %s", text,
			      conflict->holder);
		r = error_remedy(e, r, "choose another network, or take it with --force");
	}
	free(conflicts.list);
	return r;
}

/**
 * pool_look - find a pool by its name
 * @paths: borrowed
 * @name: borrowed
 * @ret_view: the pool
 * @e: filled on failure, not when there is none
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int pool_look(const struct paths *paths, const char *name, struct ipam_pool_view *ret_view,
		     struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	int r = book_open(paths, IPAM_READ, &ipam, e);

	if (r < 0)
		return r;
	r = ipam_pool_show(ipam, name, ret_view, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

/**
 * pools_open - open the book to change its pools
 * @paths: borrowed
 * @lock: closed by the caller
 * @ret_ipam: the caller ends with ipam_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int pools_open(const struct paths *paths, int *lock, struct ipam **ret_ipam, struct error *e)
{
	int r = definitions_lock(paths, lock, e);

	if (r == 0)
		r = book_open(paths, IPAM_WRITE, ret_ipam, e);
	if (r == 0)
		r = adopt_definitions(paths, *ret_ipam, e);
	return r < 0 ? r : 0;
}

/**
 * network_choose - find the network that a new pool is to have
 * @request: borrowed
 * @present: the pool of that name, borrowed; NULL when there is none
 * @ret_prefix: the network
 * @e: says what is wrong with it
 *
 * One that has been drawn for it before is not drawn again.
 *
 * Returns 0 or -errno.
 */
static int network_choose(const struct pool_request *request, const struct ipam_pool_view *present,
			  struct prefix *ret_prefix, struct error *e)
{
	static const struct prefix locals = { { .family = AF_INET6, .bytes = { 0xfd } }, 8 };

	if (strcmp(request->prefix, "ula") != 0)
		return pool_prefix_parse(request->prefix, ret_prefix, e);
	if (!present || present->usage.prefix.length != 64 ||
	    !prefix_contains(&locals, &present->usage.prefix.addr))
		return pool_ula_draw(ret_prefix, e);
	*ret_prefix = present->usage.prefix;
	return 0;
}

/**
 * network_judge - look whether a pool that changes can have a network
 * @paths: borrowed
 * @name, @bridge: of the pool, borrowed
 * @prefix: the network, borrowed
 * @present: the pool as it is, borrowed; NULL when it is not there
 * @e: says what else has it
 *
 * The network that it has is not judged again. One that cannot be a pool is refused elsewhere.
 *
 * Returns 0 or -errno.
 */
static int network_judge(const struct paths *paths, const char *name, const char *bridge,
			 const struct prefix *prefix, const struct ipam_pool_view *present,
			 struct error *e)
{
	struct ipam_usage pool = { .prefix = *prefix };
	const struct prefix *has = present ? &present->usage.prefix : NULL;

	if (!prefix_is_network(prefix) ||
	    (has && addr_equal(&has->addr, &prefix->addr) && has->length == prefix->length))
		return 0;
	memcpy(pool.pool, name, strlen(name) + 1);
	memcpy(pool.bridge, bridge, sizeof(pool.bridge));
	return pool_judge(paths, &pool, e);
}

/**
 * address_pool_add - add a pool
 * @paths: borrowed
 * @request: borrowed
 * @e: says what is wrong, or in the way
 *
 * Returns 1, 0 when it is there already, or -errno.
 */
int address_pool_add(const struct paths *paths, const struct pool_request *request, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(fd_closep) int lock = -1;
	struct ipam_pool_view view, *present = NULL;
	struct ipam_pool pool;
	int r = pool_request_parse(request, &pool, e);

	if (r == 0)
		r = pool_look(paths, request->name, &view, e);
	if (r > 0)
		present = &view;
	if (r >= 0)
		r = network_choose(request, present, &pool.prefix, e);
	if (r == 0 && !request->force)
		r = network_judge(paths, pool.name, pool.bridge, &pool.prefix, present, e);
	if (r == 0)
		r = pools_open(paths, &lock, &ipam, e);
	return r < 0 ? r : ipam_pool_add(ipam, &pool, e);
}

/**
 * address_pool_resize - give a pool another network, in which its leases are
 * @paths: borrowed
 * @request: only its name, network and force count, borrowed
 * @e: says what is wrong, or in the way
 *
 * Returns 1, 0 when it has that network, or -errno.
 */
int address_pool_resize(const struct paths *paths, const struct pool_request *request,
			struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(fd_closep) int lock = -1;
	struct ipam_pool_view view;
	struct prefix prefix;
	int r = pool_name_check(request->name, e);

	if (r == 0)
		r = pool_prefix_parse(request->prefix, &prefix, e);
	if (r == 0)
		r = pool_look(paths, request->name, &view, e);
	if (r > 0 && !request->force)
		r = network_judge(paths, request->name, view.usage.bridge, &prefix, &view, e);
	if (r >= 0)
		r = pools_open(paths, &lock, &ipam, e);
	return r < 0 ? r : ipam_pool_resize(ipam, request->name, &prefix, e);
}

/**
 * address_pool_change - change a pool by its name alone
 * @paths: borrowed
 * @name: of the pool, borrowed
 * @change: what is done with it
 * @e: filled on failure
 *
 * Returns what @change returns, or -errno.
 */
static int address_pool_change(const struct paths *paths, const char *name,
			       int (*change)(struct ipam *ipam, const char *name, struct error *e),
			       struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(fd_closep) int lock = -1;
	int r = pool_name_check(name, e);

	if (r == 0)
		r = pools_open(paths, &lock, &ipam, e);
	return r < 0 ? r : change(ipam, name, e);
}

/**
 * address_pool_drain - have a pool give out nothing any more
 * @paths: borrowed
 * @name: of the pool, borrowed
 * @e: says that there is no such pool
 *
 * Returns 1, 0 when it does not, or -errno.
 */
int address_pool_drain(const struct paths *paths, const char *name, struct error *e)
{
	return address_pool_change(paths, name, ipam_pool_drain, e);
}

/**
 * address_pool_fill - have a pool give out addresses again
 * @paths: borrowed
 * @name: of the pool, borrowed
 * @e: says that there is no such pool
 *
 * Returns 1, 0 when it does, or -errno.
 */
int address_pool_fill(const struct paths *paths, const char *name, struct error *e)
{
	return address_pool_change(paths, name, ipam_pool_fill, e);
}

/**
 * address_pool_remove - remove a pool that nobody has an address of
 * @paths: borrowed
 * @name: of the pool, borrowed
 * @e: says that there is no such pool, or who has one
 *
 * Returns 1 or -errno.
 */
int address_pool_remove(const struct paths *paths, const char *name, struct error *e)
{
	return address_pool_change(paths, name, ipam_pool_remove, e);
}
