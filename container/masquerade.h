/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "container/host.h"

/* Rules and the forwarding switches of external links together. Returns 1, 0 or -errno. */
int masquerade_ensure(struct host *host, struct error *e);
/* The same in a session that is open already. */
int masquerade_ensure_by(struct nat *nat, struct host *host, struct error *e);

/* Has forwards that are recorded in the table, however many it has. Returns 1, 0 or -errno. */
int masquerade_publish(struct nat *nat, struct host *host, const struct nat_forwards *forwards,
		       struct error *e);

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
/* Whether the namespace of a container is pinned, or nobody can tell. */
bool container_is_attached(const struct paths *paths, const char *name);

/* What "nat enable" was asked for, as settings. Returns 0 or -errno naming the word that is wrong. */
int masquerade_request_take(const struct masquerade_request *request, struct settings *ret_settings,
			    struct error *e);

/* Takes the rules away when nothing needs them any more. Returns 1, 0 or -errno. */
int masquerade_collect(const struct paths *paths, struct error *e);

/* The switches of links alone, without the rules. Returns 1, 0 or -errno. */
int masquerade_switch(struct host *host, struct error *e);

/* Sets forwarding of every attached cable as NAT and published ports want it. Returns 0 or -errno. */
int cables_apply(struct host *host, struct error *e);

/*
 * All that containers publish, for struct nat_source, which has a struct forwards_reader as its data;
 * forwards.c is where they are.
 */
struct forwards_reader {
	const struct paths *paths;
	bool locked; /* by the caller */
	int fd;      /* else the lock, to be closed once what was read is in the kernel */
};

int forwards_load(void *data, struct nat_forwards *ret_forwards, struct error *e);
bool forwards_any(const struct paths *paths);

/* The same of all pins and peers; pins.c is where they are. */
int pins_load(void *data, struct nat_pins *ret_pins, struct error *e);
bool pins_any(const struct paths *paths);
bool peers_any(const struct paths *paths);

/* Adds to @drift what is recorded as published and is not. Returns 0 or -errno. */
int forwards_compare(const struct paths *paths, struct nat *nat, struct nat_drift *drift,
		     struct error *e);
/* The same of pins and peers, and of the table for bridges. */
int pins_compare(const struct host *host, struct nat *nat, struct nat_drift *drift,
		 struct error *e);
