/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/words.h"
#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/* The hosts file of a system in the store, with our lines, as one container sees it. */
struct store_hosts {
	char copy[PATH_MAX];   /* on the host */
	char inside[PATH_MAX]; /* the file of the store in whose place it stands */
};

/*
 * Makes it for the system @toplevel, a path on the host. Returns 1, 0 when the system has no such file
 * or the container has nobody to know, or -errno.
 */
int store_hosts_give(const struct paths *paths, const struct definition *definition,
		     const char *toplevel, struct store_hosts *ret_hosts, struct error *e);

/* Brings all that were made for a container up to date. Returns 1, 0 when all were, or -errno. */
int store_hosts_refresh(const struct paths *paths, const struct definition *definition,
			struct error *e);

/* Whether one of them has one of these names of containers. */
bool store_hosts_tell_of(const struct paths *paths, const char *name, const struct words *names);

/* Forgets them: nothing of the container runs. Returns 1, 0 when there were none, or -errno. */
int store_hosts_drop(const struct paths *paths, const char *name, struct error *e);
