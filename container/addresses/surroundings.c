/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What on the host has an address is asked of the kernel for both ends of a pair at once, and of the files of
 * the engines with the first question. With force nothing of it counts.
 */
#include "container/addresses/surroundings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/addresses/adopt.h"

/**
 * surroundings_begin - prepare to ask what is in the way of addresses
 * @paths: borrowed until surroundings_end()
 * @ipam: the same
 * @force: nothing is in their way
 */
struct surroundings surroundings_begin(const struct paths *paths, struct ipam *ipam, bool force)
{
	return (struct surroundings){ .paths = paths, .ipam = ipam, .force = force };
}

/**
 * surroundings_read_claims - find out what definitions claim that the book may not know
 * @around: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int surroundings_read_claims(struct surroundings *around, struct error *e)
{
	int r = adopt_is_current(around->paths) ? 0
						: claims_read(around->paths, &around->claims, e);

	return r < 0 ? r : 0;
}

/**
 * surroundings_end - tell what could not be looked at, and let go of what was read
 * @around: not used again
 */
void surroundings_end(struct surroundings *around)
{
	engines_tell(&around->engines);
	veth_close(around->veth);
	free(around->engines.list);
	free(around->claims.list);
}

/**
 * pool_find - find the pool that an address comes from
 * @ipam: the book
 * @addr: borrowed
 * @ret_pool: the pool
 * @e: filled on failure
 *
 * Returns 1, 0 when it comes from none, or -errno.
 */
static int pool_find(struct ipam *ipam, const struct addr *addr, struct prefix *ret_pool,
		     struct error *e)
{
	_cleanup_(freep) struct ipam_usage *pools = NULL;
	size_t count;
	int r = ipam_usage(ipam, &pools, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!prefix_contains(&pools[i].prefix, addr))
			continue;
		*ret_pool = pools[i].prefix;
		return 1;
	}
	return r;
}

/**
 * look - find out what on the host has to do with addresses
 * @around: changed
 * @addrs, @count: of one family, borrowed
 * @ret_occupancy: filled; its engines are borrowed from @around
 * @e: filled on failure
 *
 * With force nothing of it counts.
 *
 * Returns 0 or -errno.
 */
static int look(struct surroundings *around, const struct addr *addrs, size_t count,
		struct occupancy *ret_occupancy, struct error *e)
{
	struct occupancy occupancy = { .uses = { .count = 0 } };
	bool here = !around->paths->root[0];
	int r = 0;

	*ret_occupancy = occupancy;
	if (around->force)
		return 0;
	if (!around->looked)
		r = engines_read(around->paths->root, &around->engines, e);
	around->looked = true;
	if (r == 0 && here && !around->veth)
		r = veth_open(&around->veth, e);
	if (r == 0 && here)
		r = veth_uses_find(around->veth, addrs, count, &occupancy.uses, e);
	occupancy.engines = around->engines;
	*ret_occupancy = occupancy;
	return r;
}

/**
 * addresses_meet - what is worst in the way of some addresses
 * @occupancy: borrowed
 * @wish: for any of them; its address is set
 * @addrs, @count: borrowed
 *
 * Returns it, or nothing.
 */
static struct conflict addresses_meet(const struct occupancy *occupancy, struct wish *wish,
				      const struct addr *addrs, size_t count)
{
	struct conflict worst = { .grade = CONFLICT_NOTHING };

	for (size_t i = 0; i < count; i++) {
		struct conflict conflict;

		wish->addr = addrs[i];
		conflict = occupancy_meet(occupancy, wish);
		if (conflict.grade > worst.grade)
			worst = conflict;
	}
	return worst;
}

/**
 * defined_meet - whether the definition of another container claims the address of a pair
 * @around: borrowed
 * @definition: whose pair it is, borrowed
 * @pair: borrowed, set
 * @conflict: filled when one does
 *
 * Several may have the same host end.
 */
static void defined_meet(const struct surroundings *around, const struct definition *definition,
			 const struct veth_pair *pair, struct conflict *conflict)
{
	const struct addr *local = &pair->local.addr;
	const char *holder = claims_holder(&around->claims, local, definition->name);

	if (!holder)
		return;
	*conflict = (struct conflict){ .grade = CONFLICT_REFUSED,
				       .subject = { *local, addr_bits(local) },
				       .prefix = { *local, addr_bits(local) } };
	(void)snprintf(conflict->holder, sizeof(conflict->holder),
		       "the definition of container '%s'", holder);
}

/**
 * pair_meet - what is worst in the way of a pair
 * @around: changed
 * @definition: whose it is, borrowed
 * @pair: borrowed; may be none
 * @automatic: whether it is from a pool, and not chosen by somebody
 * @ret_conflict: filled
 * @ret_pool: the pool, where something has to do with the pair at all
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pair_meet(struct surroundings *around, const struct definition *definition,
	      const struct veth_pair *pair, bool automatic, struct conflict *ret_conflict,
	      struct prefix *ret_pool, struct error *e)
{
	bool bridged = definition->bridge[0];
	struct addr addrs[] = { pair->local.addr, pair->host };
	size_t count = bridged || !addr_is_set(&pair->host) ? 1 : 2;
	struct occupancy occupancy;
	struct wish wish = { .container = definition->name,
			     .bridge = definition->bridge,
			     .scope = pair->local.length,
			     .automatic = automatic };
	int r;

	*ret_conflict = (struct conflict){ .grade = CONFLICT_NOTHING };
	if (!addr_is_set(&pair->local.addr))
		return 0;
	r = look(around, addrs, count, &occupancy, e);
	if (r == 0)
		*ret_conflict = addresses_meet(&occupancy, &wish, addrs, count);
	if (automatic && ret_conflict->grade != CONFLICT_NOTHING) {
		r = pool_find(around->ipam, &pair->local.addr, ret_pool, e);
		if (r > 0) {
			wish.scope = ret_pool->length;
			*ret_conflict = addresses_meet(&occupancy, &wish, addrs, count);
		}
	}
	free(occupancy.uses.list);
	if (r >= 0)
		defined_meet(around, definition, pair, ret_conflict);
	return r < 0 ? r : 0;
}

/**
 * addresses_note - say that something wider has an address too
 * @conflict: borrowed
 * @automatic: whether nobody has chosen it
 */
void addresses_note(const struct conflict *conflict, bool automatic)
{
	char text[PREFIX_TEXT];

	if (conflict->grade == CONFLICT_NOTE)
		log_line(automatic ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE,
			 "%s lies within %s; the container's is more specific and goes first",
			 prefix_format(&conflict->subject, text), conflict->holder);
}
