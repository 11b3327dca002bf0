/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "container/rules/host.h"
#include "container/settings/locks.h"

/* The session on the host's network, as the rest of container/ uses it. */

struct network {
	struct host host;
	int rules_fd;       /* the shared lock; -1 before the first attach of the session */
	bool rules_ensured; /* in this session */
};

/* Attaches to a namespace that systemd-nspawn has made; what was attached before goes. */
int network_attach_to(struct network *network, const char *name, int ns, struct error *e);
/* Takes away what @was has and @now has not, under the lock, before @now is written. */
int network_withdraw(struct network *network, const struct definition *was,
		     const struct definition *now, struct error *e);
/* network_detach() for a caller that holds the lock. */
int network_detach_locked(struct network *network, const char *name, struct error *e);
