/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Packets go by the most specific route. So an address that is to be had by a container is taken when
 * something on the host is just as specific, or more so: it, or the container, would not be reached any
 * more. Something wider is not in the way, be it a network that the whole pool lies in, and whoever
 * refuses that refuses what works; it is worth a note. Routes that have all of the internet, or half
 * of it as those of VPNs do, are worth nothing.
 *
 * How specific is asked of what stands behind the address: of one that somebody has chosen, itself; of
 * one that we choose, its pool, for there are others that are in nobody's way; on a bridge, its network.
 */
#include "container/addresses/conflict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define DEFAULT_V4 1 /* lengths up to which a route has all of the internet, or half of it */
#define DEFAULT_V6 3 /* 2000::/3 are all addresses there are */

/**
 * engines_tell - warn of the files of engines that nothing could be learned from
 * @engines: borrowed
 */
void engines_tell(const struct engine_networks *engines)
{
	for (size_t i = 0; i < engines->n_troubles; i++)
		log_warning("%s is not understood, so nothing is known of the addresses it gives "
			    "away: %s",
			    engines->troubles[i].file, engines->troubles[i].what);
}

/**
 * conflict_grade_name - a grade in a word
 * @grade: the grade
 */
const char *conflict_grade_name(enum conflict_grade grade)
{
	switch (grade) {
	case CONFLICT_NOTHING:
		return "nothing";
	case CONFLICT_NOTE:
		return "note";
	case CONFLICT_REFUSED:
		return "conflict";
	}
	return "";
}

/**
 * occupancy_deinit - let go of what was read
 * @occupancy: empty afterwards
 */
void occupancy_deinit(struct occupancy *occupancy)
{
	free(occupancy->uses.list);
	free(occupancy->engines.list);
	*occupancy = (struct occupancy){ .uses = { .count = 0 } };
}

/**
 * grade_of - how a network stands to what is to be had
 * @prefix: borrowed
 * @wish: borrowed
 */
static enum conflict_grade grade_of(const struct prefix *prefix, const struct wish *wish)
{
	uint8_t nothing = prefix->addr.family == AF_INET ? DEFAULT_V4 : DEFAULT_V6;

	if (prefix->length <= nothing || !prefix_contains(prefix, &wish->addr))
		return CONFLICT_NOTHING;
	return prefix->length < wish->scope ? CONFLICT_NOTE : CONFLICT_REFUSED;
}

/**
 * link_is_of - whether a link is the host end of a container's cable
 * @use: with the link, borrowed
 * @container: its name, borrowed
 *
 * By its tag, or by its name where systemd-nspawn has made it.
 */
static bool link_is_of(const struct veth_use *use, const char *container)
{
	char link[IFNAMSIZ], altname[VETH_ALTNAME_MAX];

	if (use->container[0] || !use->link[0])
		return strcmp(use->container, container) == 0 && use->link[0];
	(void)veth_link_name(container, false, link, altname);
	if (strcmp(link, use->link) == 0)
		return true;
	(void)veth_link_name(container, true, link, altname);
	return strcmp(link, use->link) == 0;
}

/**
 * use_grade - how what the kernel does stands to what is to be had
 * @use: borrowed
 * @wish: borrowed
 */
static enum conflict_grade use_grade(const struct veth_use *use, const struct wish *wish)
{
	enum conflict_grade grade = grade_of(&use->prefix, wish);

	if (grade == CONFLICT_NOTHING || link_is_of(use, wish->container) ||
	    (wish->booked && use->container[0]))
		return CONFLICT_NOTHING;
	if (use->kind != VETH_USE_ADDRESS && wish->bridge[0] &&
	    strcmp(use->link, wish->bridge) == 0)
		return CONFLICT_NOTHING;
	return grade;
}

/**
 * engine_grade - how a network of an engine stands to what is to be had
 * @network: borrowed
 * @wish: borrowed
 *
 * A network that is there may give the very address away; of a pool no more is known than that some day
 * a network comes out of it.
 */
static enum conflict_grade engine_grade(const struct engine_network *network,
					const struct wish *wish)
{
	enum conflict_grade grade = grade_of(&network->prefix, wish);

	if (grade == CONFLICT_NOTE && network->grant == ENGINE_NETWORK && !wish->automatic &&
	    !wish->bridge[0])
		return CONFLICT_REFUSED;
	return grade;
}

/**
 * use_describe - what the kernel does, in words
 * @use: borrowed
 * @text: filled
 */
static void use_describe(const struct veth_use *use, char text[CONFLICT_HOLDER])
{
	const char *const kinds[] = { [VETH_USE_ADDRESS] = "address",
				      [VETH_USE_SPECIAL] = "broadcast or group address",
				      [VETH_USE_ROUTE] = "route",
				      [VETH_USE_REFUSAL] = "refusing route" };
	const char *between = use->kind == VETH_USE_ROUTE ? "through" : "of link";
	char prefix[PREFIX_TEXT], table[32] = "";
	bool linked = use->link[0] && use->kind != VETH_USE_REFUSAL;

	if (use->table > 255 || (use->table != 0 && use->table < 253))
		(void)snprintf(table, sizeof(table), " in table %u", use->table);
	(void)snprintf(text, CONFLICT_HOLDER, "%s %s%s%s%s%s%s%s", kinds[use->kind],
		       prefix_format(&use->prefix, prefix), linked ? " " : "",
		       linked ? between : "", linked ? " " : "", linked ? use->link : "", table,
		       use->container[0] ? ", a container's cable" : "");
}

/**
 * engine_describe - a network of an engine in words
 * @network: borrowed
 * @text: filled
 */
static void engine_describe(const struct engine_network *network, char text[CONFLICT_HOLDER])
{
	char prefix[PREFIX_TEXT];

	(void)snprintf(text, CONFLICT_HOLDER, "%s's %s %s%s%s%s in %s", network->engine,
		       network->grant == ENGINE_POOL ? "address pool" : "network",
		       prefix_format(&network->prefix, prefix), network->name[0] ? " (" : "",
		       network->name, network->name[0] ? ")" : "", network->file);
}

/**
 * wish_of_pair - the wish for the address inside of a lease
 * @lease: borrowed while the wish is used
 * @pair: of it, set, borrowed
 * @pools, @n_pools: all there are, borrowed
 *
 * Of a pair that a pool gives out any other would do.
 */
struct wish wish_of_pair(const struct ipam_lease *lease, const struct ipam_pair *pair,
			 const struct ipam_usage *pools, size_t n_pools)
{
	struct wish wish = { .container = lease->container,
			     .bridge = lease->bridge,
			     .addr = pair->local.addr,
			     .scope = pair->local.length };

	for (size_t i = 0; pair->automatic && i < n_pools; i++) {
		if (!prefix_contains(&pools[i].prefix, &wish.addr))
			continue;
		wish.scope = pools[i].prefix.length;
		wish.automatic = true;
		break;
	}
	return wish;
}

/**
 * conflict_begin - a conflict with nothing yet
 * @wish: what is to be had, borrowed
 */
struct conflict conflict_begin(const struct wish *wish)
{
	struct conflict conflict = { .grade = CONFLICT_NOTHING,
				     .subject = { wish->addr, addr_bits(&wish->addr) } };

	(void)snprintf(conflict.container, sizeof(conflict.container), "%s", wish->container);
	return conflict;
}

/**
 * conflict_weigh_use - take in what the kernel does, if it is worse than what was known
 * @worst: changed
 * @use: borrowed
 * @wish: borrowed
 */
void conflict_weigh_use(struct conflict *worst, const struct veth_use *use, const struct wish *wish)
{
	enum conflict_grade grade = use_grade(use, wish);

	if (grade <= worst->grade)
		return;
	worst->grade = grade;
	worst->prefix = use->prefix;
	use_describe(use, worst->holder);
}

/**
 * conflict_weigh_engine - the same of a network of an engine
 * @worst: changed
 * @network: borrowed
 * @wish: borrowed
 */
void conflict_weigh_engine(struct conflict *worst, const struct engine_network *network,
			   const struct wish *wish)
{
	enum conflict_grade grade = engine_grade(network, wish);

	if (grade <= worst->grade)
		return;
	worst->grade = grade;
	worst->prefix = network->prefix;
	engine_describe(network, worst->holder);
}

/**
 * occupancy_meet - what is worst in the way of an address
 * @occupancy: borrowed
 * @wish: borrowed
 *
 * Returns it; its grade is CONFLICT_NOTHING when nothing is.
 */
struct conflict occupancy_meet(const struct occupancy *occupancy, const struct wish *wish)
{
	struct conflict worst = conflict_begin(wish);

	for (size_t i = 0; i < occupancy->uses.count; i++)
		conflict_weigh_use(&worst, &occupancy->uses.list[i], wish);
	for (size_t i = 0; i < occupancy->engines.count; i++)
		conflict_weigh_engine(&worst, &occupancy->engines.list[i], wish);
	return worst;
}
