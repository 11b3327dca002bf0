/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/rules/rules.h"
#include "container/settings/settings.h"

/* Rules of others that drop packets of containers, and what is to be said about them. */

/* Returns 1, 0 when there is nothing to look for since nothing should pass, or -errno. */
int blockers_find(const struct paths *paths, struct nat_blockers *ret_blockers, struct error *e);

/* Fills what it is, by what it is known, why it is so and what mends it. */
void blocker_explain(const struct nat_blocker *blocker, struct finding *finding);

/* Which party to coexist with in order to mend it. Returns whether there is one. */
bool blocker_party(const struct nat_blocker *blocker, enum coexist_party *ret_party);
