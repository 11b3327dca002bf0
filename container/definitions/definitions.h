/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "container/settings/settings.h"
#include "ipam/ipam.h"
#include "veth/veth.h"

/* What a container is asked to be: its name, its definition, and all definitions there are. */

#define CONTAINER_NAME_MAX 64 /* with its NUL */
#define FLAKE_MAX          2048
#define FLAKE_ATTR_MAX     256

/* ------------------------------------------------------------- names and definitions */

int name_check(const char *name, struct error *e);
int name_check_new(const char *name, struct error *e);
/* What is said of a container, without its name in front. */
const char *name_strip(const char *name, const char *text);
/* Says that there is no container of that name, and which one was perhaps meant. Returns -ENOENT
 * (ERROR_NO_CONTAINER). */
int name_unknown(const struct paths *paths, const char *name, struct error *e);

#define PORTS_MAX       128  /* words about ports, each for one port or several in a row */
#define PORTS_TOTAL_MAX 4096 /* ports of one container: each is an element of a map */
#define EXTRAS_MAX      16   /* links beside the cable */
#define PEERS_MAX       64   /* containers that one is linked with */

/* Ports of the host in a row that are to be the container's. */
struct port {
	uint8_t protocol;      /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t host, inside; /* the first of them, and the one it leads to */
	uint16_t length;       /* how many */
	struct addr address;   /* by which the host is called; none: by any */
	char link[IFNAMSIZ];   /* through which it is called; "": through any */
};

struct ports {
	size_t count;
	struct port list[PORTS_MAX];
};

/* A definition file, /etc/nixos-containers/NAME.conf: systemd's EnvironmentFile grammar. */
struct definition {
	char name[CONTAINER_NAME_MAX];
	bool declarative;      /* not a command's to change: of NixOS, or of "apply" */
	bool applied;          /* APPLIED: of "apply" */
	bool private_network;  /* PRIVATE_NETWORK, or any link: a namespace of its own */
	bool cable;            /* an address, a bridge or a MAC is given: it has eth0 */
	bool auto_start;       /* AUTO_START */
	char bridge[IFNAMSIZ]; /* HOST_BRIDGE */
	struct mac mac;        /* LOCAL_MAC_ADDRESS */
	struct veth_pair v4;   /* HOST_ADDRESS, LOCAL_ADDRESS */
	struct veth_pair v6;   /* HOST_ADDRESS6, LOCAL_ADDRESS6 */
	struct ports ports;    /* HOST_PORT */
	bool unpinned;         /* PINNED=0: on a bridge it may send under any address */
	bool routed;           /* ROUTED=1: on a bridge, the host routes to its own address */
	size_t n_peers;        /* LINKED_TO: whom it may reach, and who may reach it */
	char peers[PEERS_MAX][CONTAINER_NAME_MAX];
	size_t n_extras; /* INTERFACES, MACVLANS, EXTRA_VETHS */
	struct veth_extra extras[EXTRAS_MAX];
	bool incomplete;       /* INCOMPLETE: "create" has not come to its end */
	bool keeps_root;       /* INCOMPLETE=old-root: its root directory was there before */
	char flake[FLAKE_MAX]; /* FLAKE */
	char flake_attr[FLAKE_ATTR_MAX]; /* FLAKE_ATTR; empty: "container" */
	char root_tree[PATH_MAX];        /* ROOT_TREE: used in place, and never removed */
};

/*
 * Takes one word of EXTRA_NSPAWN_FLAGS, when it is an option about the network. Returns 1 when it was
 * taken, 0 when it is about something else, or -errno naming an option that cannot be had.
 */
int definition_take_network_flag(struct definition *definition, const char *word, struct error *e);

/* Returns 1, 0 when there is no such container, or -errno naming the file and the line. */
int definition_read(const struct paths *paths, const char *name, struct definition *ret_definition,
		    struct error *e);

/* Returns 0, or -EBUSY when it was not completely created: nothing may be started then. */
int definition_check_complete(const struct definition *definition, struct error *e);

/* The names of all definitions, sorted. The caller frees *ret_names, one block. */
int definition_names(const struct paths *paths, char (**ret_names)[CONTAINER_NAME_MAX],
		     size_t *ret_count, struct error *e);

/* ------------------------------------------------------------- all definitions */

/* What a definition says of addresses. */
struct defined {
	struct ipam_lease claim; /* its container; what it claims in the book */
	bool unread;             /* it is there and cannot be understood: nothing is known of it */
	bool elsewhere;          /* it is in the directory of older versions of NixOS */
};

/* One definition that is gone through. */
struct visited {
	const char *name; /* of its file, without the suffix */
	bool named;       /* a container can have that name */
	struct defined defined;
	const struct definition *definition; /* NULL: it cannot be read */
	const struct error *unread;          /* why */
	int r;                               /* the same as -errno, or 1 */
};

/* Returns 0, or -errno to end it. */
typedef int (*defined_visit)(void *data, const struct visited *visited, struct error *e);

/*
 * Goes through all definitions, in both places where they may be, by name, those of the older place last
 * (DEFINITIONS_ELSEWHERE). Of a container that has one in both the newer one counts. Returns 0 or -errno.
 */
int definitions_each(const struct paths *paths, defined_visit visit, void *data, struct error *e);

/* What the definition of one container says, wherever it is. Returns 1, 0 without one, or -errno. */
int defined_find(const struct paths *paths, const char *name, struct defined *ret_defined,
		 struct error *e);

/* Where nixos-container has its definitions on hosts that were installed before NixOS 22.05. */
#define DEFINITIONS_ELSEWHERE "/etc/containers"

/*
 * What a definition claims in the book. On a bridge the host's address is a gateway, which belongs to
 * nobody. Without an address inside there is nothing to claim.
 */
struct ipam_lease definition_lease(const struct definition *definition);

/* ------------------------------------------------------------- words */

#define PLACE_TEXT (ADDR_TEXT + IFNAMSIZ + sizeof("[]%"))
#define RANGE_TEXT sizeof("65535-65535")
#define PORT_TEXT  (PLACE_TEXT + 2 * RANGE_TEXT + sizeof("udp:::"))

const char *protocol_name(uint8_t protocol);
/* "", ADDRESS, %LINK or ADDRESS%LINK, an IPv6 address in brackets. */
const char *place_format(const struct addr *address, const char *link, char text[PLACE_TEXT]);
const char *range_format(uint16_t first, uint16_t length, char text[RANGE_TEXT]);
/* PROTOCOL:[PLACE:]PORTS:PORTS_INSIDE, as port-spec.c reads it. */
const char *port_format(const struct port *port, char text[PORT_TEXT]);

/* As somebody wrote it. Returns 0 or -EINVAL (ERROR_USAGE). */
int bridge_parse(const char *text, char bridge[IFNAMSIZ], struct error *e);
