/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/column.h"
#include "container/container.h"
#include "ipam/ipam.h"

/* The tables there are, and the rows they are made of. */

#define LISTING_WORD 16 /* room for one word of a state */
#define UUID_TEXT    37 /* room for a boot id */

/* A container as its definition has it. */
struct container_row {
	struct definition definition;
	char status[LISTING_WORD]; /* up, down or broken */
	char kind[LISTING_WORD];   /* declarative or imperative */
	char link[IFNAMSIZ];
};

extern const struct listing container_listing;

int container_row_read(const struct paths *paths, const char *name, struct container_row *ret_row,
		       struct error *e);
int container_row_fill(const struct paths *paths, const struct definition *definition,
		       struct container_row *ret_row, struct error *e);

/* A container's network as it is. */
struct network_row {
	char name[CONTAINER_NAME_MAX];
	char status[LISTING_WORD]; /* attached, detached, host or broken */
	char namespace[400];
	char link[IFNAMSIZ];
	char bridge[IFNAMSIZ];
	struct addr host_address, host_address6;
	struct prefix local_address, local_address6;
	struct mac mac;
	uint32_t mtu;
	uint64_t rx_bytes, tx_bytes;
	uint32_t differences; /* from what should be */
};

extern const struct listing network_listing;

const char *network_status(const struct network_state *state);
void network_row_fill(const struct network_state *state, struct network_row *row);

#define LISTING_PHRASE 64 /* room for a few words */

/* Published ports in a row. */
struct forward_row {
	char container[CONTAINER_NAME_MAX];
	char protocol[LISTING_WORD];
	uint32_t port;             /* of the host, the first of them */
	uint32_t count;            /* how many there are */
	char ports[RANGE_TEXT];    /* of the host */
	struct addr host_address;  /* by which it is called, none: by any */
	char host_link[IFNAMSIZ];  /* through which it is called, "": through any */
	struct addr address;       /* of the container */
	uint32_t to_port;          /* the first of them */
	char to_ports[RANGE_TEXT]; /* inside */
	char state[LISTING_PHRASE];
	char reached_by[LISTING_PHRASE];
	struct nat_counter traffic; /* forwarded, both ways */
};

extern const struct listing forward_listing;

int forward_rows_read(const struct paths *paths, const char *name, struct forward_row **ret_rows,
		      size_t *ret_count, struct error *e);

/* A lease of the address book; the rows are struct ipam_lease. */
extern const struct listing lease_listing;

/* What came of a lease of a document; rows of their own in verb-ipam-import.c. */
extern const struct listing import_listing;

/* In what a backup differs from the book; rows of their own in verb-ipam-restore.c. */
extern const struct listing restore_listing;

/* A container of nixos-container; rows of their own in verb-migrate.c. */
extern const struct listing migrate_listing;

/* An address or pool with what it meets on the host; rows of their own in verb-ipam-conflicts.c. */
extern const struct listing conflict_listing;

/* Where book, definitions and kernel do not agree; rows of their own in verb-ipam-check.c. */
extern const struct listing audit_listing;

/* A pool and how full it is. */
struct pool_row {
	struct ipam_usage usage;
	char kind[LISTING_WORD];
	uint32_t utilisation; /* percent that is not free, rounded up */
};

extern const struct listing pool_listing;

void pool_row_fill(const struct ipam_usage *usage, struct pool_row *row);

int pool_rows_read(struct ipam *ipam, struct pool_row **ret_rows, size_t *ret_count,
		   struct error *e);

/* What happened to addresses. */
struct event_row {
	int64_t time;
	char act[LISTING_WORD];
	char container[IPAM_NAME_MAX];
	char pool[IPAM_NAME_MAX];
	struct addr host_address, local_address, host_address6, local_address6;
	uint32_t uid;
	char command[IPAM_COMMAND_MAX];
	char unit[IPAM_UNIT_MAX];
	char reason[IPAM_REASON_MAX];
	char boot[UUID_TEXT];
};

extern const struct listing event_listing;

int event_rows_read(struct ipam *ipam, const struct ipam_period *period,
		    struct event_row **ret_rows, size_t *ret_count, struct error *e);
