/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "container/rules/host.h"
#include "container/rules/rules.h"

/* Rules and the forwarding switches of external links together. Returns 1, 0 or -errno. */
int masquerade_ensure(struct host *host, struct error *e);
/* The same in a session that is open already. */
int masquerade_ensure_by(struct nat *nat, struct host *host, struct error *e);

/*
 * Completes what @host knows of the table when that was found as it had been and the rest not looked at.
 * Returns 0 or -errno.
 */
int masquerade_complete(struct host *host, struct error *e);

/* Has forwards that are recorded in the table, however many it has. Returns 1, 0 or -errno. */
int masquerade_publish(struct nat *nat, struct host *host, const struct nat_forwards *forwards,
		       const struct nat_looks *looks, struct error *e);

/* Where the former values of the switches that were changed are kept. Returns 0 or -errno. */
int masquerade_record(const struct paths *paths, char path[PATH_MAX], struct error *e);

/* Lets external links stay while there is no default route to follow. Returns 0 or -errno. */
int masquerade_keep_external(struct nat *nat, struct host *host, struct error *e);

/* What is said where own_table is set and the kernel cannot do it. */
#define UNOWNABLE                                                                               \
	"[nat] own_table has no effect: that takes kernel 6.9; what is flushed comes back all " \
	"the same"

/* Whether rules are needed: NAT is enabled, or a container is attached. Returns 1, 0 or -errno. */
int masquerade_is_needed(const struct paths *paths, const struct settings *settings,
			 struct error *e);

/* What "nat enable" was asked for, as settings. Returns 0 or -errno naming the word that is wrong. */
int masquerade_request_take(const struct masquerade_request *request, struct settings *ret_settings,
			    struct error *e);

/* Takes the rules away when nothing needs them any more. Returns 1, 0 or -errno. */
int masquerade_collect(const struct paths *paths, struct error *e);

/* The switches of links alone, without the rules. Returns 1, 0 or -errno. */
int masquerade_switch(struct host *host, struct error *e);

/* Sets forwarding of every attached cable as NAT and published ports want it. Returns 0 or -errno. */
int cables_apply(struct host *host, struct error *e);
