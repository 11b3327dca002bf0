/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/*
 * The group of a cable's host end, which tells the one MAC that may be sent under; see link-group.c. A rule
 * in the kernel says the same in the words of nft(8), with these numbers:
 *
 *	iifgroup & 1 == 1 jhash iifgroup . ether saddr mod 65536 seed 0x6e697863 != 0 drop
 */

#define LINK_GROUP_JUDGED  1U          /* the bit of a group that has been chosen */
#define LINK_GROUP_HASHED  12U         /* bytes: the group, the MAC, and two of zero behind it */
#define LINK_GROUP_MODULUS 65536U      /* one of so many MACs fits by chance */
#define LINK_GROUP_SEED    0x6e697863U /* "nixc" */

/* Whether a group was chosen for this MAC. */
bool link_group_fits(uint32_t group, const struct mac *mac);

/* Chooses one; which, nobody can foretell. Returns 0 or -errno. */
int link_group_choose(const struct mac *mac, uint32_t *ret_group, struct error *e);

/* A group by which no link is judged, and that is not that of links without one. Returns 0 or -errno. */
int link_group_random(uint32_t *ret_group, struct error *e);
