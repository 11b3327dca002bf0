/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/container.h"
#include "ipam/ipam.h"

/*
 * Definitions that others have written, entered in the book. All under definitions_lock(). Whoever
 * changes the definitions asks adopt_is_current() or adopt_definitions() before, and if all were in
 * the book calls adopt_remember() behind the change.
 */

#define HINT_TEXT 96

bool adopt_hint(const struct paths *paths, char text[HINT_TEXT]);
bool adopt_is_current(const struct paths *paths);
int adopt_lease(struct ipam *ipam, const struct definition *definition, struct error *e);
int adopt_definitions(const struct paths *paths, struct ipam *ipam, struct error *e);
void adopt_remember(const struct paths *paths);
