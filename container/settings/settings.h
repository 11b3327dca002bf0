/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nat/nat.h"

/* What holds for the whole host: where the files are, what the settings say, who is at it. */

/* ------------------------------------------------------------- where things are */

/* The files of the suite, below one root directory. */
struct paths {
	char root[256];        /* "" for the machine itself, else an absolute directory */
	char definitions[320]; /* ROOT/etc/nixos-containers */
	char settings[320];    /* ROOT/etc/nixctr-net */
	char state[320];       /* ROOT/var/lib/nixctr-net */
	char book[320];        /* ROOT/var/lib/nixctr-net/ipam.db */
	char containers[320];  /* ROOT/var/lib/nixos-containers */
	char runtime[320];     /* ROOT/run/nixctr-net */
	char networks[320];   /* ROOT/run/nixctr-net/networks, a lock for each attached container */
	char namespaces[320]; /* ROOT/run/netns */
	char locks[320];      /* ROOT/run/lock, where nixos-container has its lock as well */
	char profiles[320];   /* ROOT/nix/var/nix/profiles/per-container */
	char gcroots[320];    /* ROOT/nix/var/nix/gcroots/per-container */
	char machine_id[320]; /* ROOT/etc/machine-id */
	char claims[320];   /* ROOT/run/nixctr-net/claims, a lock for each that is being changed */
	char machines[320]; /* ROOT/run/nixos-containers */
	char logs[320];     /* ROOT/var/log/nixctr-net, of containers that systemd does not run */
};

int paths_init(struct paths *paths, const char *root, struct error *e);
int paths_namespace(const struct paths *paths, const char *name, char path[PATH_MAX],
		    struct error *e);
/* Whether the namespace of a container is pinned, or nobody can tell. */
bool container_is_attached(const struct paths *paths, const char *name);

/* ------------------------------------------------------------- settings */

#define SETTINGS_SIZE_MAX ((size_t)64 * 1024) /* of one file */

/* What the files under /etc/nixctr-net say. */
struct settings {
	bool nat;               /* [nat] enable */
	bool external_auto;     /* [nat] external has "auto" */
	struct nat_spec wanted; /* [nat] external, the links named; internal, source, source6 */
	bool open;              /* [nat] isolate is "no": containers reach each other */
	bool own_table;         /* [nat] own_table: nobody else can change our tables */
	uint32_t cooldown;      /* [ipam] cooldown, in seconds */
	uint32_t history_rows;  /* [ipam] history; 0: none is kept */
	uint32_t history_days;  /* [ipam] history-days; 0: of any age */
};

int settings_read(const struct paths *paths, struct settings *ret_settings, struct error *e);
bool settings_equal(const struct settings *a, const struct settings *b);
int settings_write_nat(const struct paths *paths, const struct settings *settings, struct error *e);

/* ------------------------------------------------------------- locks */

/* Keeps everybody else from adding or removing containers, until the descriptor is closed. */
int definitions_lock(const struct paths *paths, int *ret_fd, struct error *e);
