/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/*
 * The directory a container has below /var/lib/nixos-containers. Whoever is root in the container
 * decides what is in it, so nothing there is reached through a link.
 */

int root_directory_make(const struct paths *paths, const char *name, struct error *e);

enum root_directory_use {
	ROOT_READ,
	ROOT_MAKE, /* what is missing of it */
};

/* The directory of its NixOS configuration, etc/nixos. The caller closes *ret_fd. */
int root_directory_nixos(const struct paths *paths, const char *name, enum root_directory_use use,
			 int *ret_fd, struct error *e);
