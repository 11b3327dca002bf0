/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/rules/rules.h"
#include "container/settings/settings.h"

/* Where we were let to change what belongs to others: one name of a party on each line. */

/* @ret_has: of each party. Returns 0 or -errno. */
int coexist_record_read(const struct paths *paths, bool ret_has[COEXIST_PARTIES], struct error *e);
int coexist_record_write(const struct paths *paths, const bool has[COEXIST_PARTIES],
			 struct error *e);

#define COEXIST_PATTERN NAT_PREFIX "+" /* links of containers, as iptables and its like write it */

/* The chain of iptables of a party, or NULL when it is told in another way. */
const struct nat_place *coexist_place(enum coexist_party party);

/*
 * Our rules in that chain, in nf_tables and in iptables-legacy, wherever there is one. _has returns 1, 0,
 * -ENOENT when there is no such chain, or another -errno; the others 1, 0 when it was so, or -errno.
 */
int coexist_place_has(struct nat *nat, const struct nat_place *place, struct error *e);
int coexist_place_ensure(struct nat *nat, const struct nat_place *place, struct error *e);
int coexist_place_clear(struct nat *nat, const struct nat_place *place, struct error *e);

/*
 * Puts rules of ours that were in chains of others there again. A failure is logged only: whoever
 * attaches a container has not asked for it. Returns whether something was done.
 */
bool coexist_restore(const struct paths *paths, struct nat *nat);
/* The same of chains of iptables-legacy, for who has been asked to put everything back. */
bool coexist_restore_legacy(const struct paths *paths);
