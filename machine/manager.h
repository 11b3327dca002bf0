/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine/machine.h"

/*
 * What systemd and the supervisor have in common. manager.c opens the one that fits this host and
 * hands every call on; names are checked before they come here.
 *
 * When a container cannot be started, each of its last lines goes to the error with error_detail().
 */

/* The functions behind manager_start() and the others, with their contracts. */
struct manager_ops {
	enum manager_kind kind;
	void (*close)(struct manager *manager); /* frees @manager; never NULL */
	int (*start)(struct manager *manager, const char *name, struct error *e);
	int (*stop)(struct manager *manager, const char *name, struct error *e);
	int (*terminate)(struct manager *manager, const char *name, struct error *e);
	int (*reload)(struct manager *manager, const char *name, struct error *e);
	int (*status)(struct manager *manager, const char *name, struct machine_status *ret_status,
		      struct error *e);
	int (*refresh)(struct manager *manager, struct error *e);                 /* or NULL */
	int (*login)(struct manager *manager, const char *name, struct error *e); /* or NULL */
};

/* The first member of what an implementation allocates. */
struct manager {
	const struct manager_ops *ops;
};

int systemd_open(struct manager **ret_manager, struct error *e);
int supervisor_open(const struct supervisor_settings *settings, struct manager **ret_manager,
		    struct error *e);
