/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/addresses/choice.h"
#include "container/addresses/conflict.h"

/*
 * The same questions as for a container that is made (choice.c), for one whose definition is
 * changed: before anything of it is, and with nothing leased. Its neighbours among the containers may be
 * about to give up what it gets, so what they have is left to the book, which is asked when it is written.
 */

/**
 * addresses_refuse_probed - say that another machine has an address
 * @definition: borrowed
 * @addr: borrowed
 * @mac: of the machine, borrowed
 * @e: filled
 *
 * Returns -EADDRINUSE.
 */
int addresses_refuse_probed(const struct definition *definition, const struct addr *addr,
			    const struct mac *mac, struct error *e)
{
	char text[ADDR_TEXT], who[MAC_TEXT];
	int r = error_set(e, ERROR_CONFLICT, EADDRINUSE,
			  "%s is in use on bridge %s by the machine with the MAC address %s",
			  addr_format(addr, text), definition->bridge, mac_format(mac, who));

	return error_remedy(e, r, "choose another address, or take it with --force");
}

/**
 * addresses_refuse - say what is in the way of an address
 * @conflict: borrowed
 * @e: filled
 *
 * Returns -EADDRINUSE.
 */
int addresses_refuse(const struct conflict *conflict, struct error *e)
{
	char text[PREFIX_TEXT];
	int r = error_set(e, ERROR_CONFLICT, EADDRINUSE, "%s is in use on this host: %s",
			  prefix_format(&conflict->subject, text), conflict->holder);

	return error_remedy(e, r, "choose another address, or take it with --force");
}

/**
 * is_held - whether the book says that a container has an address
 * @paths: borrowed
 * @addr: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
static int is_held(const struct paths *paths, const struct addr *addr, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct ipam_standing standing;
	int r = book_open(paths, IPAM_READ, &ipam, e);

	if (r >= 0)
		r = ipam_standing(ipam, addr, &standing, e);
	return r < 0 ? r : standing.state == IPAM_BOUND;
}

/**
 * judge_probe - ask on the bridge whether a machine has the addresses
 * @paths: borrowed
 * @definition: borrowed
 * @e: names the machine
 *
 * Containers answer too: an answer counts only when the book knows of nobody.
 *
 * Returns 0 or -errno: -EADDRINUSE.
 */
static int judge_probe(const struct paths *paths, const struct definition *definition,
		       struct error *e)
{
	const struct addr *v4 = &definition->v4.local.addr, *v6 = &definition->v6.local.addr;
	struct probed probed;
	int r = addresses_probe(paths, definition, &probed, e);

	if (r == 0 && probed.v4)
		r = is_held(paths, v4, e);
	if (r == 0 && probed.v4)
		return addresses_refuse_probed(definition, v4, &probed.mac_v4, e);
	if (r >= 0 && probed.v6)
		r = is_held(paths, v6, e);
	if (r == 0 && probed.v6)
		return addresses_refuse_probed(definition, v6, &probed.mac_v6, e);
	return r < 0 ? r : 0;
}

/**
 * judge_pair - hold a pair of addresses against what the host has
 * @paths: borrowed
 * @definition: whose it is, borrowed
 * @pair: borrowed
 * @e: says what is in the way
 *
 * Returns 0 or -errno: -EADDRINUSE.
 */
static int judge_pair(const struct paths *paths, const struct definition *definition,
		      const struct veth_pair *pair, struct error *e)
{
	_cleanup_(occupancy_deinit) struct occupancy occupancy = { .uses = { .count = 0 } };
	const struct addr addrs[] = { pair->local.addr, pair->host };
	size_t count = definition->bridge[0] || !addr_is_set(&pair->host) ? 1 : 2;
	struct wish wish = { .container = definition->name,
			     .bridge = definition->bridge,
			     .scope = pair->local.length,
			     .booked = true };
	struct veth *veth = NULL;
	int r = engines_read(paths->root, &occupancy.engines, e);

	if (r == 0 && !paths->root[0])
		r = veth_open(&veth, e);
	if (r == 0 && veth)
		r = veth_uses_find(veth, addrs, count, &occupancy.uses, e);
	veth_close(veth);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct conflict conflict;

		wish.addr = addrs[i];
		conflict = occupancy_meet(&occupancy, &wish);
		if (conflict.grade == CONFLICT_REFUSED)
			r = addresses_refuse(&conflict, e);
	}
	return r < 0 ? r : 0;
}

/**
 * pair_is_new - whether a pair of addresses has to be judged
 * @pair: borrowed
 * @was: that there was, borrowed; NULL: none
 */
static bool pair_is_new(const struct veth_pair *pair, const struct veth_pair *was)
{
	return addr_is_set(&pair->local.addr) &&
	       (!was || !addr_equal(&pair->local.addr, &was->local.addr) ||
		!addr_equal(&pair->host, &was->host));
}

/**
 * addresses_judge - look whether addresses that somebody has chosen are in the way of anything
 * @paths: borrowed
 * @definition: as it is to be, borrowed
 * @was: as it is, whose addresses it has already, borrowed; NULL: there is none
 * @e: says what is in the way
 *
 * Returns 0 or -errno: -EADDRINUSE.
 */
int addresses_judge(const struct paths *paths, const struct definition *definition,
		    const struct definition *was, struct error *e)
{
	bool v4 = pair_is_new(&definition->v4, was ? &was->v4 : NULL);
	bool v6 = pair_is_new(&definition->v6, was ? &was->v6 : NULL);
	int r = v4 || v6 ? judge_probe(paths, definition, e) : 0;

	if (r == 0 && v4)
		r = judge_pair(paths, definition, &definition->v4, e);
	if (r == 0 && v6)
		r = judge_pair(paths, definition, &definition->v6, e);
	return r;
}
