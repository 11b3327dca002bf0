/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "container/settings/settings.h"
#include "nat/nat.h"

/* What the kernel is to do for all containers: NAT, published ports, and beside firewalls of others. */

/* ------------------------------------------------------------- NAT of the whole host */

/* NAT as set, as it would be now, and as the kernel has it. */
struct masquerade_state {
	struct settings settings;
	struct nat_spec spec; /* with "auto" resolved */
	size_t n_links;       /* that are external now, as far as they fit */
	char links[NAT_EXTERNAL_MAX][IFNAMSIZ];
	bool present;
	struct nat_state table;
	bool unownable; /* they should be owned, which the kernel cannot do */
	bool unjudged;  /* nothing tells MACs on cables: the kernel cannot hash */
	bool bridged;   /* there is a table for bridges */
	struct nat_state bridge;
	struct nat_drift drift; /* of what should be there */
};

/* What "nat enable" was asked for, as it was typed. */
struct masquerade_request {
	const char *const *externals; /* names, or "auto" */
	const char *const *internals; /* networks or addresses */
	const char *const *sources;   /* addresses to leave with */
	size_t n_externals, n_internals, n_sources;
};

/* Writes the setting, all of it, then makes it so for all that is attached. */
int masquerade_enable(const struct paths *paths, const struct masquerade_request *request,
		      struct error *e);
int masquerade_disable(const struct paths *paths, struct error *e);
/* Whether containers are isolated from each other, but for those that are linked. */
int masquerade_isolate(const struct paths *paths, bool isolate, struct error *e);
int masquerade_read(const struct paths *paths, struct masquerade_state *ret_state, struct error *e);

/* ------------------------------------------------------------- published ports */

enum publication_state {
	PUBLICATION_LIVE,     /* in the kernel, as the definition has it */
	PUBLICATION_DETACHED, /* the container is not attached */
	PUBLICATION_MISSING,  /* it is, and the port does not lead to it */
	PUBLICATION_STRAY,    /* in the kernel, and no definition asks for it */
};

/* Ports in a row of one container and family, all in one state. */
struct publication {
	struct nat_forward first;
	uint16_t length;
	enum publication_state state;
	struct nat_counter traffic; /* of all of them */
};

/*
 * All that is published or should be, of one container where @name is given. Sorted by container. The
 * caller frees *ret_list.
 */
int publications_read(const struct paths *paths, const char *name, struct publication **ret_list,
		      size_t *ret_count, struct error *e);

/* ------------------------------------------------------------- beside others */

/* Whom we can have let packets of containers pass. */
enum coexist_party {
	COEXIST_FIREWALLD, /* zone trusted */
	COEXIST_DOCKER,    /* chain DOCKER-USER */
	COEXIST_UFW,       /* route rules */
	COEXIST_IPTABLES,  /* chain FORWARD, of nobody in particular */
};

#define COEXIST_PARTIES 4

struct coexist_request {
	bool named; /* those in .with; else who has to be told */
	bool with[COEXIST_PARTIES];
	bool remove; /* take back what we did */
	bool dry;    /* only say what would be done */
};

struct coexist_report {
	bool concerned[COEXIST_PARTIES];
	bool changed[COEXIST_PARTIES]; /* or would be */
};

const char *coexist_party_name(enum coexist_party party);
const char *coexist_party_action(enum coexist_party party);
int coexist_party_parse(const char *name, enum coexist_party *ret_party, struct error *e);
/* Returns 0 or -errno: it also fails when somebody still drops what should pass. */
int coexist_apply(const struct paths *paths, const struct coexist_request *request,
		  struct coexist_report *ret_report, struct error *e);

/* ------------------------------------------------------------- checks */

/* Something that a check has to say. */
struct finding {
	char id[32]; /* of the check */
	bool unread; /* it could not find out; else it is wrong */
	char what[256];
	char evidence[768]; /* by what it is known, or "" */
	char cause[256];    /* why it is so, or "" */
	char fix[1024];     /* what mends it, or "" */
};

#define FINDINGS_MAX 128

struct findings {
	bool owned;   /* nobody else can change our tables */
	size_t count; /* what is beyond FINDINGS_MAX is left out */
	struct finding *list;
};

#define CHECK_FIREWALL "foreign-firewall" /* whether rules of others drop what should pass */

/*
 * Looks at NAT as it is, by all checks or by the one called @only. The caller frees the list. Returns 0 or
 * -errno when nothing could be looked at.
 */
int check_nat(const struct paths *paths, const char *only, struct findings *ret_findings,
	      struct error *e);

/* ------------------------------------------------------------- the host */

/* machine-id(5). Returns 1, 0 when there is none, or -errno. */
int machine_id_read(const struct paths *paths, uint8_t ret_id[16], struct error *e);

/*
 * The MAC that a container without one in its definition has on this host. Returns 1, 0 when the host
 * has no identity and so the MAC is nobody's in particular, or -errno.
 */
int mac_derive(const struct paths *paths, const char *name, struct mac *ret_mac, struct error *e);
