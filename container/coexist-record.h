/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/container.h"

/* Where we were let to change what belongs to others: one name of a party on each line. */

/* @ret_has: of each party. Returns 0 or -errno. */
int coexist_record_read(const struct paths *paths, bool ret_has[COEXIST_PARTIES], struct error *e);
int coexist_record_write(const struct paths *paths, const bool has[COEXIST_PARTIES],
			 struct error *e);

/* The chain of iptables of a party, or NULL when it is told in another way. */
const struct nat_place *coexist_place(enum coexist_party party);

/*
 * Puts rules of ours that were in chains of others there again. A failure is logged only: whoever
 * attaches a container has not asked for it. Returns whether something was done.
 */
bool coexist_restore(const struct paths *paths, struct nat *nat);
