/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/settings/settings.h"
#include "ipam/ipam.h"
#include "nat/nat.h"
#include "veth/veth.h"

/* What others change, and what is counted. */

/*
 * Sees what others change of rules, links, addresses and routes, and puts it back, until it is told to
 * stop by SIGTERM. There is one of them: -EEXIST (ERROR_CONFLICT) names it.
 */
int network_watch(const struct paths *paths, struct error *e);

/* ------------------------------------------------------------- metrics */

/* What they are read from. */
enum metrics_part {
	METRICS_ADDRESSES, /* the address book */
	METRICS_CONTAINERS,
	METRICS_CABLES,
	METRICS_NAT,
};

#define METRICS_PARTS 4

/* What is counted on this host. */
struct metrics {
	struct error errors[METRICS_PARTS]; /* of parts that could not be read; number 0: it was */
	size_t n_pools;
	size_t bound, reserved; /* leases */
	struct ipam_usage *pools;
	size_t containers;        /* that are defined */
	struct veth_links cables; /* with what went through them */
	bool has_table, has_bridge;
	struct nat_state table, bridge;
	size_t tcp_ports, udp_ports; /* published, by family and what they are called by */
};

const char *metrics_part_name(size_t part);
void metrics_read(const struct paths *paths, struct metrics *metrics);
void metrics_free(struct metrics *metrics);
