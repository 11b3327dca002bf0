/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/* What a container has beside its network and its definition. */

enum remnants_extent {
	REMNANTS_ALL,
	REMNANTS_BUT_ROOT, /* the root directory stays */
};

int remnants_remove(const struct paths *paths, const char *name, enum remnants_extent extent,
		    struct error *e);

/* What systemd-nspawn leaves behind: locks when it is killed, and the link to the journal. */
int remnants_unlock(const struct paths *paths, const char *name, struct error *e);

/* Roots of garbage collection, of what the options of a declared container mention. */
int remnants_unroot(const struct paths *paths, const char *name, struct error *e);
