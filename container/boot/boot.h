/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/settings/settings.h"

/* What a container boots, and what its root directory is given for that. */

struct words;

/* What a container is to boot, as "create" and "update" were asked; NULL where not given. */
struct system_request {
	const char *path;        /* --system-path: a system that is built already */
	const char *config;      /* --config: what stands in its configuration */
	const char *config_file; /* --config-file: what its configuration imports */
	const char *flake;       /* --flake REF[#ATTR] */
	const char *nixos;       /* --nixos-path; NULL: <nixpkgs/nixos> */
	const char *tree;        /* --root-tree: an operating system's tree, used in place */
	bool none;               /* --no-system: a network and nothing to boot */
	const struct words *nix; /* options that are passed on to Nix; NULL: none */
};

/* Brings the resolvers of the host into a container. Returns 1, 0 when it has them, or -errno. */
int container_refresh_resolver(const struct paths *paths, const char *name, struct error *e);

/* Brings the resolvers of the host into all containers; one failing does not keep the others from it. */
int container_refresh_resolvers(const struct paths *paths, size_t *ret_count, struct error *e);

/* @ret_key: one line, freed by the caller. Returns 1, 0 when it has none, or -errno. */
int container_host_key(const struct paths *paths, const char *name, char **ret_key,
		       struct error *e);
