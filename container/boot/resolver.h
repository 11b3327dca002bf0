/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "container/boot/launch.h"
#include "container/settings/settings.h"

/* The files of the host that name its resolvers, the first that is of use first; ends with NULL. */
extern const char *const resolver_sources[];

/*
 * What a container's /etc/resolv.conf says: the resolvers of the host, as far as a container can
 * reach them. Returns 1, 0 when there is none that it could reach, or -errno.
 */
int resolver_text(const struct paths *paths, char **ret_text, size_t *ret_length, struct error *e);

/* Writes it below the root directory @tree. Returns 1, 0 when it was so or is not our affair. */
int resolver_give(const struct paths *paths, enum resolver_policy policy, int tree,
		  struct error *e);
