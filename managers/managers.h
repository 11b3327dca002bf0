/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"

/*
 * Other programs that manage the network of this host: firewalls that have to let packets of
 * containers pass, and managers of links that have to keep off theirs. They are asked and told by the
 * interface that each has for that. Nothing here knows a container.
 */

/* A connection to the system bus. */
struct managers;

int managers_open(struct managers **ret_managers, struct error *e);
void managers_close(struct managers *managers);
void managers_closep(struct managers **managers);

/* ------------------------------------------------------------- firewalls */

/*
 * firewalld: links whose names begin with the prefix of @pattern ("ve-+") are in zone "trusted", now and
 * permanently.
 *
 * _running returns 1, 0 or -errno. _admits returns 1, 0 or -errno. The others return 1, 0 when it was
 * so, or -errno: -EEXIST (ERROR_CONFLICT) when they are in another zone.
 */
int firewalld_running(struct managers *managers, struct error *e);
int firewalld_admits(struct managers *managers, const char *pattern, struct error *e);
int firewalld_admit(struct managers *managers, const char *pattern, struct error *e);
int firewalld_dismiss(struct managers *managers, const char *pattern, struct error *e);

/*
 * ufw: a route rule that allows what comes in from links of @pattern, and one for what goes out to them.
 * Returns as those of firewalld; -ENOENT when there is no ufw.
 */
int ufw_admits(const char *pattern, struct error *e);
int ufw_admit(const char *pattern, struct error *e);
int ufw_dismiss(const char *pattern, struct error *e);

/* A chain of iptables-legacy, and the links that are to be let pass in it. */
struct iptables_chain {
	const char *table, *name; /* "filter", "DOCKER-USER" */
	const char *pattern;      /* "ve-+" */
};

/*
 * Two rules at the head of that chain, for IPv4 and IPv6 where there is one: what comes from those links,
 * and what belongs to it or to published ports. Nothing is made that is not there. _missing returns how
 * many chains lack them. The others return 1, 0 when it was so or there is no such chain, or -errno.
 */
int iptables_missing(const struct iptables_chain *chain, size_t *ret_chains, struct error *e);
int iptables_ensure(const struct iptables_chain *chain, struct error *e);
int iptables_clear(const struct iptables_chain *chain, struct error *e);

/* ------------------------------------------------------------- managers of links */

/* What a manager says of a link. */
struct manager_claim {
	char state[48]; /* in its own words */
	char file[256]; /* of its configuration that makes it so, or "" */
};

/* Each returns 1 when it manages the link, 0 when it does not, or does not run, or -errno. */
int networkmanager_manages(struct managers *managers, const char *link,
			   struct manager_claim *ret_claim, struct error *e);
int networkd_manages(struct managers *managers, const char *link, struct manager_claim *ret_claim,
		     struct error *e);

/*
 * Whether a dhcpcd runs that would take links called @links for its own: its configuration below @root
 * denies them to it, or not. Returns 1, 0 or -errno.
 */
int dhcpcd_manages(const char *root, const char *const *links, size_t count, struct error *e);

/*
 * Makes @copy, a copy of dhcpcd's configuration that keeps it off links of @patterns ("ve-* vb-*"): its
 * service has that mounted in the place of the file. Returns 1, 0 when there is none, or -errno.
 */
int dhcpcd_copy(const char *root, const char *patterns, const char *copy, struct error *e);

/* ------------------------------------------------------------- other engines */

enum engine_grant {
	ENGINE_NETWORK, /* a network that it has and gives addresses out of */
	ENGINE_POOL,    /* it takes networks out of it when it needs them */
};

/* Addresses that another engine of containers or machines gives away. */
struct engine_network {
	const char *engine; /* "Docker", a literal */
	char name[64];      /* what it calls the network, or "" */
	char file[256];     /* which says so */
	enum engine_grant grant;
	struct prefix prefix;
};

/* A file of an engine that could not be understood. */
struct engine_trouble {
	char file[256];
	char what[256];
};

#define ENGINE_TROUBLES_MAX 8

struct engine_networks {
	size_t count, room;
	struct engine_network *list; /* the caller frees it */
	size_t n_troubles;           /* those that do not fit are left out */
	struct engine_trouble troubles[ENGINE_TROUBLES_MAX];
};

/*
 * Reads what Docker, podman, CNI and libvirt give away, from their configuration below @root. No engine is
 * asked or started. Returns 0 or -errno: without memory.
 */
int engines_read(const char *root, struct engine_networks *ret_networks, struct error *e);
