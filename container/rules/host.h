/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/*
 * What is the same for all containers of a host at one moment, and from it and a definition what the
 * kernel should have: the one description from which a container's network is made, checked and
 * taken away.
 */
struct host {
	const struct paths *paths; /* borrowed */
	struct veth *veth;         /* owned */
	bool looked;               /* whether the rest is filled */
	struct settings settings;
	struct veth_uplink uplink_v4, uplink_v6;
	struct nat_spec nat; /* external links, "auto" resolved; none: NAT is not enabled */
	bool unresolved;     /* there is no default route now that "auto" could follow */
	bool publishes; /* ports are published, or containers linked: cables forward, even without NAT */
	bool forwards_held;    /* we hold the lock of the forwards */
	bool ports_only;       /* only ports change: links that let others be called need no look */
	struct nat_mark rules; /* by what the rules are known to be right; no table: they are not */
};

int host_open(const struct paths *paths, struct host *ret_host, struct error *e);
void host_close(struct host *host);
int host_look(struct host *host, struct error *e);
int host_find_inside(struct host *host, struct error *e);
int host_identify(const struct host *host, const struct definition *definition,
		  struct veth_spec *ret_spec, struct error *e);
int host_describe(struct host *host, const struct definition *definition,
		  struct veth_spec *ret_spec, struct error *e);
