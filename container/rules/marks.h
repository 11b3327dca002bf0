/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/* Empty files in /run/nixctr-net that say that something has been done: "forwards/.open". */

int mark_set(const struct paths *paths, const char *mark, struct error *e);
/* Returns 1, 0 when there was none, or -errno. */
int mark_remove(const struct paths *paths, const char *mark, struct error *e);
bool mark_is_set(const struct paths *paths, const char *mark);
