/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/words.h"
#include "container/definitions/definitions.h"
#include "container/definitions/environment-file.h"
#include "container/settings/settings.h"

/* Whose affair a container's /etc/resolv.conf is. */
enum resolver_policy {
	RESOLVER_IF_NONE, /* ours, where there is none or one of ours */
	RESOLVER_OURS,    /* COPY_RESOLV_CONF=1: ours, whatever is there */
	RESOLVER_ITS_OWN, /* COPY_RESOLV_CONF=0: the container's */
};

/* All that a definition says: about the network, and about running the container. */
struct launch {
	struct definition definition;
	char system_path[PATH_MAX]; /* SYSTEM_PATH, or "": that of the profile */
	char namespace[PATH_MAX];   /* NETWORK_NAMESPACE_PATH, or "" */
	char users[32];             /* PRIVATE_USERS, or "": those of the host */
	bool ephemeral;             /* EPHEMERAL */
	enum resolver_policy resolver;
	struct words flags;       /* BIND, BIND_RO, TMPFS, ADDITIONAL_CAPABILITIES and
				     * EXTRA_NSPAWN_FLAGS as options of systemd-nspawn */
	struct words environment; /* what the first program is told of the definition */
};

/* Returns 1, 0 when there is no such container, or -errno naming the file and the key. */
int launch_read(const struct paths *paths, const char *name, struct launch *ret_launch,
		struct error *e);
int launch_check(const struct environment_file *file, struct error *e);
void launch_deinit(struct launch *launch);
