/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/definitions/definitions.h"
#include "veth/veth.h"

/* One container's network: made, taken away, read and mended. */

/* What is, beside what should be. */
struct network_state {
	struct definition definition;
	struct veth_spec spec;
	char namespace[400]; /* where it is pinned */
	bool attached;       /* the namespace is there */
	bool has_cable;
	struct veth_state cable;
	struct veth_drift drift; /* of an attached cable */
	bool open;               /* it reaches all other containers */
	size_t n_peers;          /* whom it is linked with, whoever's definition says so */
	char peers[PEERS_MAX][CONTAINER_NAME_MAX];
};

/*
 * A session on the host's network. Opened once for any number of containers.
 * network_open() reads the settings; network_close() accepts NULL.
 */
struct network;

int network_open(const struct paths *paths, struct network **ret_network, struct error *e);
void network_close(struct network *network);
void network_closep(struct network **network);

/*
 * Returns 1 when attached or mended, 0 when all was so or the container shares the host's network.
 * @definition is filled with what was attached; of no use after a failure.
 */
int network_attach(struct network *network, const char *name, struct definition *definition,
		   struct error *e);
/* Returns 1 when detached, 0 when nothing was attached. Needs no definition file. */
int network_detach(struct network *network, const char *name, struct error *e);

/* What came of one of many containers: a return value, and the error when it is below 0. */
struct network_result {
	int r;
	struct error e;
};

/* Detaches many, which is quicker together. @names are in their order, each once. */
int network_detach_many(struct network *network, const char *const *names, size_t count,
			struct network_result *results, struct error *e);
int network_read(struct network *network, const char *name, struct network_state *ret_state,
		 struct error *e);

enum network_patience {
	NETWORK_WAITS,    /* for others who are at the same container */
	NETWORK_GIVES_UP, /* with -EAGAIN (ERROR_BUSY) */
};

/*
 * Puts back what others have changed, and attaches nothing. Return 1, 0 when all was so, nothing needs
 * rules, or the container is not attached. @ret_drift: how its cable differed.
 */
int network_mend_rules(struct network *network, struct error *e);
int network_mend(struct network *network, const char *name, enum network_patience patience,
		 struct veth_drift *ret_drift, struct error *e);

/* The names of all containers with a network, sorted. The caller frees *ret_names, one block. */
int attached_names(const struct paths *paths, char (**ret_names)[CONTAINER_NAME_MAX],
		   size_t *ret_count, struct error *e);

/* Becomes @argv inside the container's network namespace. Returns only on failure. */
int network_exec(struct network *network, const char *name, char *const argv[], struct error *e);

/*
 * Lets two containers reach each other, in both directions, or not any more: written into the
 * definition of one, and done if it is attached. Returns 1, 0 when it was so, or -errno.
 */
int network_link(const struct paths *paths, const char *name, const char *other, struct error *e);
int network_unlink(const struct paths *paths, const char *name, const char *other, struct error *e);

/* ------------------------------------------------------------- published ports */

/*
 * Change what a container publishes, in its definition and, where it is attached (@ret_live), at once.
 * @specs: as port-spec.c reads them, each several with commas. Return 1, 0 when all was so, or -errno.
 */
int container_forward_add(const struct paths *paths, const char *name, const char *const *specs,
			  size_t count, bool *ret_live, struct error *e);
int container_forward_remove(const struct paths *paths, const char *name, const char *const *specs,
			     size_t count, bool *ret_live, struct error *e);

/* ------------------------------------------------------------- the host */

/*
 * For the service of dhcpcd, before it starts: makes the copy of its configuration that it is shown.
 * Returns 1, 0 when there is nothing to copy, or -errno.
 */
int keep_off_dhcpcd(const struct paths *paths, struct error *e);

/* Has the host find all containers by their names, and no others; see nss/nss.h. */
int container_refresh_names(const struct paths *paths, size_t *ret_count, struct error *e);
