/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/words.h"
#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/*
 * The names that a container knows: the host, and whom it is linked with. Written below the root
 * directory @tree. Returns 1, 0 when it was so or is not our affair, or -errno.
 */
int hosts_give(const struct paths *paths, const struct definition *definition, int tree,
	       struct error *e);

/* What a hosts file shall say: behind @own, which the container says itself; NULL: as one of its own. */
int hosts_text(const struct paths *paths, const struct definition *definition, const char *own,
	       char **ret_text, struct error *e);

/* The same for one that may be running, after it was linked. What cannot be done is logged. */
void hosts_refresh(const struct paths *paths, const char *name);

/* Whether a container, which may be running, knows one of @others by its name. */
bool hosts_know(const struct paths *paths, const char *name, const struct words *others);
/* Whether a hosts file has one of these names; of a root directory; of the copies for a container. */
bool hosts_mention(const char *text, const struct words *names);
bool hosts_tell_of(int tree, const struct words *names);

/* The same for one that runs, after it was switched to the system @toplevel, a path on the host. */
void hosts_follow(const struct paths *paths, const struct definition *definition,
		  const char *toplevel);
