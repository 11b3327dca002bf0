/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/settings/settings.h"

/* What a container boots, what its root directory is given for that, and who runs it. */

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

/* ------------------------------------------------------------- who runs it */

/* Who runs the containers of a root directory. */
struct manager;
struct lifecycle;

int lifecycle_open(const struct paths *paths, struct lifecycle **ret_lifecycle, struct error *e);
void lifecycle_close(struct lifecycle *lifecycle);
void lifecycle_closep(struct lifecycle **lifecycle);
struct manager *lifecycle_manager(struct lifecycle *lifecycle);

/*
 * Each waits until it is so, and returns 1 when that had to be brought about, 0 when it was so, or
 * -errno. A container that is not defined cannot be started; what still runs can be stopped.
 */
int container_start(const struct paths *paths, const char *name, struct error *e);
int container_stop(const struct paths *paths, const char *name, struct error *e);
/* Stops it if it runs, and starts it. */
int container_restart(const struct paths *paths, const char *name, struct error *e);
/* Kills all of it at once. */
int container_terminate(const struct paths *paths, const char *name, struct error *e);
/* Runs its reload step: what "update" needs of a container that runs. */
int container_reload(const struct paths *paths, const char *name, struct error *e);
/* Has systemd read what generators make of the definitions, such as which start with the host. */
int container_refresh(const struct paths *paths, struct error *e);
/* A login prompt of it on our terminal. Returns the exit status or -errno. */
int container_login(const struct paths *paths, const char *name, struct error *e);

/* The supervisor of one container; returns when that has stopped. */
int container_supervise(const struct paths *paths, const char *name, struct error *e);
