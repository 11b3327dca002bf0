/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/*
 * The table "inet nixctr-net": constant chains and rules, and one set of external links. Without
 * external links a container reaches the host and nothing else; with them, connections from
 * containers leave through those links, masqueraded, and only replies come back. Nothing in it grows
 * with the number of containers; what grows with the number of published ports is elements of maps.
 *
 * struct nat_spec says what it should be; it is ensured, read back, compared and removed.
 */

struct nat;
struct process;

#define NAT_TABLE          "nixctr-net"
#define NAT_PREFIX         "ve-"
#define NAT_PREFIX_BRIDGED "vb-" /* a container's on a bridge */
#define NAT_EXTERNAL_MAX   32
#define NAT_INTERNAL_MAX   32
#define NAT_OPENED_MAX     128
#define NAT_CONTAINER_MAX  64 /* a container's name with its NUL */

struct nat_counter {
	uint64_t packets;
	uint64_t bytes;
};

/* A port of the host that is a container's. */
struct nat_forward {
	uint8_t protocol;         /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;            /* of the host */
	struct addr host;         /* the address by which the host is called; none: any */
	char host_link[IFNAMSIZ]; /* the link through which it is called; "": any */
	struct addr to;           /* the container's address */
	uint16_t to_port;
	char link[IFNAMSIZ]; /* through which the container is reached */
	char container[NAT_CONTAINER_MAX];
	struct nat_counter traffic; /* forwarded both ways; only when it was read back */
};

/* Some of them, in a block that the caller frees. */
struct nat_forwards {
	size_t count;
	struct nat_forward *list;
};

/* By protocol, port, family, and what the host is called by: the comparison of qsort(). */
int nat_forward_order(const void *a, const void *b);

/* A port of a bridge that leads to a container, and what may come out of it. */
struct nat_pin {
	char link[IFNAMSIZ];
	struct mac mac;
	struct addr v4, v6;    /* none: what no other container was leased */
	bool trusted;          /* anything */
	bool routed;           /* reached from everywhere, but for other containers */
	char bridge[IFNAMSIZ]; /* by which it is reached; "": routed, in records of before */
	char container[NAT_CONTAINER_MAX];
};

/* Two containers that may talk, by their links. */
struct nat_peer {
	bool bridged;
	char links[2][IFNAMSIZ];
	char container[NAT_CONTAINER_MAX]; /* whose definition says so */
};

/* A port of a container on a bridge that is published, also to its neighbours. */
struct nat_call {
	struct addr to;
	uint8_t protocol;
	uint16_t port;
	char container[NAT_CONTAINER_MAX];
};

/* Some of all, in blocks that nat_pins_free() frees. */
struct nat_pins {
	size_t n_pins, n_peers, n_calls;
	struct nat_pin *pins;
	struct nat_peer *peers;
	struct nat_call *calls;
};

/*
 * Who knows all forwards there should be. It is asked only when the table has to be made, for who
 * starts a container should not have to look at all others. What it hands out is freed by nat/.
 */
struct nat_source {
	int (*forwards)(void *data, struct nat_forwards *ret_forwards, struct error *e);
	int (*pins)(void *data, struct nat_pins *ret_pins, struct error *e);
	void *data;
};

/* A link that internal networks are behind. */
struct nat_inside {
	char link[IFNAMSIZ];
	bool v4, v6; /* of which families */
};

/* Links that forward only because of us, of each family. */
struct nat_opened {
	size_t n_v4, n_v6;
	char v4[NAT_OPENED_MAX][IFNAMSIZ];
	char v6[NAT_OPENED_MAX][IFNAMSIZ];
};

/* What the table should be. */
struct nat_spec {
	size_t n_external; /* 0: NAT is not enabled, containers are isolated */
	char external[NAT_EXTERNAL_MAX][IFNAMSIZ]; /* "wl*": all that begin with "wl" */
	bool ipv6; /* a container has IPv6: before 6.17 the kernel forwards that for all links or none */
	bool ports;    /* a port is about to be published: what that takes has to be there */
	bool bound;    /* ... by one address or through one link */
	bool peers;    /* containers are about to be linked: what that takes has to be there */
	bool open;     /* containers are not isolated from each other */
	bool bridges;  /* a container is about to be attached to a bridge: what that takes */
	bool crowded;  /* a map is full: the table is made anew with more room */
	bool owned;    /* the tables persist, and belong to the keeper where there is one */
	bool quiet;    /* who asks finds out which links are not there, and says so */
	bool unjudged; /* who compares has found out that the kernel cannot hash */
	struct nat_source source; /* none: there are no forwards and pins */
	bool callers_known; /* the links below are; else the switches they need stay as they are */
	size_t n_callers;   /* links on which published ports are called */
	char callers[NAT_EXTERNAL_MAX][IFNAMSIZ];
	size_t n_internal; /* networks that get out as containers do */
	struct prefix internal[NAT_INTERNAL_MAX];
	size_t n_inside; /* links they are behind */
	struct nat_inside inside[NAT_EXTERNAL_MAX];
	struct addr address4, address6; /* they all leave with; none: with that of the link */
	bool opened_known;              /* what follows is; see nat_forwarding_opened() */
	struct nat_opened opened;
};

/* What the kernel has. */
struct nat_state {
	bool intact;          /* chains and rules are just what they should be */
	char difference[128]; /* the first that was found, in words, when it is not intact */
	bool persistent;      /* it can belong to somebody and outlive him */
	bool owned;           /* it belongs to somebody now: nobody else can change it */
	size_t n_external;
	char external[NAT_EXTERNAL_MAX][IFNAMSIZ];
	size_t n_internal;
	struct prefix internal[NAT_INTERNAL_MAX];
	struct addr address4, address6;
	struct nat_opened opened;
	struct nat_counter masqueraded; /* connections: first packets only */
	struct nat_counter outgoing;    /* forwarded from containers to external links */
	struct nat_counter incoming;    /* replies forwarded to containers */
	struct nat_counter dropped;     /* everything else from or to a container */
	struct nat_counter spoofed;     /* sent under somebody else's address */
	struct nat_counter rogue;       /* of routers and DHCP servers, which no container is */
	bool ports;                     /* what published ports take is there */
	struct nat_counter published;   /* forwarded to published ports, and back */
	bool peers;                     /* what linked containers take is there */
	struct nat_counter linked;      /* between linked containers */
	bool unjudged;                  /* nothing tells the MACs of containers on cables */
	bool open;                      /* containers are not isolated */
	struct nat_counter between;     /* between any, while they are not */
};

#define NAT_DRIFT_MAX 40

/* How the table differs from what it should be, in words. */
struct nat_drift {
	size_t count;
	char line[NAT_DRIFT_MAX][160];
};

/* Opens a session in the namespace of the calling thread, the host's. nat_close() accepts NULL. */
int nat_open(struct nat **ret_nat, struct error *e);
void nat_close(struct nat *nat);
void nat_closep(struct nat **nat);

/*
 * Adds an external link to @spec, once; "wl*" and "wl+" are all links whose names begin with "wl".
 * "ve-..." is refused: it would be inside and outside at the same time. Returns 1, 0 when it is
 * there already, -EINVAL (ERROR_USAGE) or -ENOSPC.
 */
int nat_spec_add(struct nat_spec *spec, const char *link, struct error *e);

/* Whether a name of an external link, as it is in a spec, stands for this link. */
bool nat_external_is(const char *external, const char *link);

/*
 * Adds a network to those that get out as containers do: "192.168.7.0/24" or an address. Returns 1,
 * 0 when it is there already, -EINVAL (ERROR_USAGE), also for one that overlaps, or -ENOSPC.
 */
int nat_spec_add_internal(struct nat_spec *spec, const char *text, struct error *e);

/* Notes that internal networks of a family are behind a link. Returns 1, 0, or -ENOSPC. */
int nat_spec_add_inside(struct nat_spec *spec, const char *link, sa_family_t family,
			struct error *e);

/*
 * Sets the address all of them leave with, one for each family; AF_UNSPEC: either family. Returns 1, 0
 * when it is so already, or -EINVAL (ERROR_USAGE).
 */
int nat_spec_set_address(struct nat_spec *spec, const char *text, sa_family_t family,
			 struct error *e);

/* Whether two specs say the same of links, networks and addresses. */
bool nat_spec_same(const struct nat_spec *a, const struct nat_spec *b);

/* The links of the host that are external now. The caller frees *ret_names. */
int nat_external_now(const struct nat_spec *spec, char (**ret_names)[IFNAMSIZ], size_t *ret_count,
		     struct error *e);

/* Adds to @drift what addresses of @spec the host does not have. Returns 0 or -errno. */
int nat_address_compare(const struct nat_spec *spec, struct nat_drift *drift, struct error *e);

/* Whether the host has an address now. What cannot be found out counts as if it had. */
bool nat_address_is_here(const struct addr *address);

/*
 * Makes the table what @spec says, in one atomic batch. An intact table is left alone, a changed set
 * of external links costs its elements, anything else is made anew. Returns 1 when something was
 * done, 0 when all was right.
 */
int nat_ensure(struct nat *nat, const struct nat_spec *spec, struct error *e);

/* Makes a table that went with the last change of anybody, without a look. -ERESTART: it was not. */
int nat_make(struct nat *nat, const struct nat_spec *spec, uint32_t generation, struct error *e);

/* Reads the table back. Returns 1, or 0 when there is none. */
int nat_read(struct nat *nat, struct nat_state *ret_state, struct error *e);

/* Compares what is with what should be; @state NULL: there is no table. Returns the differences. */
size_t nat_compare(const struct nat_spec *spec, const struct nat_state *state,
		   struct nat_drift *ret_drift);

/*
 * Has forwards in the table, which is as it should be, in one atomic batch: all of them or none.
 * Returns 1, or 0 when all were there. -EADDRINUSE (ERROR_CONFLICT) names the container that has the
 * port, -ENFILE is for a full map. nat_forwards_check() only says whether the port is taken; with what it
 * has found nobody has to look again, if nothing has changed since.
 */
struct nat_looks;
int nat_forwards_add(struct nat *nat, const struct nat_forwards *forwards,
		     const struct nat_looks *looks, struct error *e);
int nat_forwards_check(struct nat *nat, const struct nat_forwards *forwards,
		       struct nat_looks **ret_looks, struct error *e);
void nat_looks_freep(struct nat_looks **looks);

/* What becomes of the containers whose forwards are taken away. */
enum nat_removal {
	NAT_REMOVE_ALL,  /* they have no others */
	NAT_REMOVE_SOME, /* they have others, and may go on calling themselves by them */
};

/*
 * Takes forwards away, and the connections that came through them: those of other containers, to
 * another address, or through another forward, are left alone. Returns 1, or 0 when none was there.
 */
int nat_forwards_remove(struct nat *nat, const struct nat_forwards *forwards,
			enum nat_removal removal, struct error *e);

/* Reads all forwards back, in their order. The caller frees ret_forwards->list. */
int nat_forwards_read(struct nat *nat, struct nat_forwards *ret_forwards, struct error *e);

/* A port that a program of the host listens on. */
struct nat_listener {
	struct addr
		address; /* none: any of both families; the unspecified one: any of its family */
	uint16_t port;
	uint32_t inode; /* of the socket */
};

/* Some of them, in a block that the caller frees. */
struct nat_listeners {
	size_t count;
	struct nat_listener *list;
};

/* @protocol: IPPROTO_TCP or IPPROTO_UDP. Returns 0 or -errno. */
int nat_listeners_read(uint8_t protocol, struct nat_listeners *ret_listeners, struct error *e);

/*
 * The table "bridge nixctr-net", for containers on bridges: as nat_ensure() and nat_read(). Of the
 * state only what is about it is filled.
 */
int nat_bridge_ensure(struct nat *nat, const struct nat_spec *spec, struct error *e);
int nat_bridge_read(struct nat *nat, struct nat_state *ret_state, struct error *e);
/* Adds to @drift how it differs; @state NULL: there is none. */
void nat_bridge_compare(const struct nat_spec *spec, const struct nat_state *state,
			struct nat_drift *drift);

/*
 * Have pins and peers in the tables, which are as they should be, or be without them; what other
 * containers have stays. Return 1, or 0 when all was so.
 */
int nat_pins_add(struct nat *nat, const struct nat_pins *pins, struct error *e);
int nat_pins_remove(struct nat *nat, const struct nat_pins *pins, struct error *e);

/* Adds to @drift which of them are missing. Returns 0. */
int nat_pins_compare(struct nat *nat, const struct nat_pins *pins, struct nat_drift *drift,
		     struct error *e);
void nat_pins_free(struct nat_pins *pins);

/* Fills in on which links published ports can be called: all with an address, but containers'. */
int nat_spec_find_callers(struct nat_spec *spec, struct error *e);

/* By what the kernel's count of all commits and the table tell that nothing was changed. */
struct nat_mark {
	uint64_t netns; /* cookie of the network namespace */
	uint64_t table; /* its handle in there */
	bool owned;     /* it belongs to somebody; what it is known by does not change with that */
	uint32_t generation; /* of the ruleset */
};

/* Reads it. Returns 1, or 0 when there is no table or the kernel is older than 5.14. */
int nat_mark_read(struct nat *nat, struct nat_mark *ret_mark, struct error *e);

/* Removes the tables. Returns 1, or 0 when they were gone. */
int nat_remove(struct nat *nat, struct error *e);

/*
 * Lets the kernel forward packets that arrive on the external links of @spec, per link where it can,
 * and writes what was there before into the file @record, once. Returns 1, or 0 when all was so.
 */
int nat_forwarding_ensure(const struct nat_spec *spec, const char *record, struct error *e);

/*
 * Finds out which links forward only because of us, or will when the above is called; that has to be in
 * the table before, and out of it afterwards. Returns 1 when @spec said otherwise, or 0.
 */
int nat_forwarding_opened(struct nat_spec *spec, const char *record, struct error *e);

/* Adds to @drift how the switches differ from what @spec needs. Returns 0. */
int nat_forwarding_compare(const struct nat_spec *spec, const char *record, struct nat_drift *drift,
			   struct error *e);

/* Puts every switch recorded in @record back and removes the file. Returns 1, 0 without a record. */
int nat_forwarding_restore(const char *record, struct error *e);

/*
 * Whether the kernel can hash in rules (CONFIG_NFT_HASH), without which nothing tells under which MAC a
 * container on a cable of its own sends. Returns 1, 0 or -errno.
 */
int nat_hashable(struct nat *nat, struct error *e);

/* Whether that was asked for in this session, and it cannot. */
bool nat_lacks(const struct nat *nat);

/* ------------------------------------------------------------- who owns the tables */

/*
 * Starts the process that the tables can belong to, and that lends the socket they are changed through;
 * it is found in @directory, ends with the calling thread, and is ended by process_kill(). Only one at a
 * time. Returns 0 or -errno.
 */
int nat_keeper_start(const char *directory, struct process *ret_keeper, struct error *e);

/* Has tables that belong to the keeper in @directory, borrowed, changed through it in this session. */
void nat_keep(struct nat *nat, const char *directory);
bool nat_is_kept(struct nat *nat);

/* Whether the kernel can have such tables, as from 6.9 on. Returns 1, 0 or -errno. */
int nat_ownable(struct nat *nat, struct error *e);

/* ------------------------------------------------------------- rules of others */

/* Whose rules they are, as far as names tell. */
enum nat_owner {
	NAT_OWNER_UNKNOWN,
	NAT_OWNER_FIREWALLD,
	NAT_OWNER_DOCKER,
	NAT_OWNER_UFW,
	NAT_OWNER_NIXOS,
	NAT_OWNER_LIBVIRT,
	NAT_OWNER_PODMAN,
	NAT_OWNER_KUBERNETES,
	NAT_OWNER_IPTABLES, /* nobody's that we know, made by iptables */
};

/* The ways of packets through the host. */
enum nat_passage {
	NAT_PASSAGE_OUT = 1,       /* a container calls */
	NAT_PASSAGE_BACK = 2,      /* it is answered */
	NAT_PASSAGE_PUBLISHED = 4, /* a published port is called */
};

/* An internal network, and the link that it is behind. */
struct nat_network {
	struct prefix prefix;
	char link[IFNAMSIZ];
};

/* Which packets of containers and internal networks should pass. */
struct nat_traffic {
	char (*links)[IFNAMSIZ]; /* to the outside, borrowed */
	size_t n_links;
	struct addr sender; /* an address that a container could have and none has; or none */
	bool ipv6;          /* some have IPv6 */
	bool ports;         /* some publish ports */
	const struct nat_network *networks; /* which get out as containers do, borrowed */
	size_t n_networks;
};

#define NAT_FOREIGN_NAME_MAX 128

/* A base chain of somebody else that drops them. */
struct nat_blocker {
	enum nat_owner owner;
	bool legacy; /* iptables-legacy has it, not nf_tables */
	bool unsure; /* something before that we do not know may have let them through */
	char unknown[48];
	char family[8]; /* "ip", "ip6", "inet" */
	char table[NAT_FOREIGN_NAME_MAX];
	char chain[NAT_FOREIGN_NAME_MAX]; /* the base chain */
	char hook[16];                    /* "forward" */
	int priority;
	char dropper[NAT_FOREIGN_NAME_MAX]; /* the chain whose rule or policy it is */
	size_t rule;                        /* number of the rule in it, 0: the policy */
	bool rejects;
	unsigned passages;     /* which are dropped */
	struct prefix network; /* of the internal network whose they are; none: containers' */
	bool ipv4, ipv6;
};

#define NAT_BLOCKERS_MAX 32

struct nat_blockers {
	size_t count;
	struct nat_blocker list[NAT_BLOCKERS_MAX];
};

/* Reads the rules of all others and finds those that drop what should pass. Returns 0 or -errno. */
int nat_blockers_find(struct nat *nat, const struct nat_traffic *traffic,
		      struct nat_blockers *ret_blockers, struct error *e);

/* The chains of iptables, in nf_tables, into which containers' packets can be let. */
struct nat_place {
	const char *table, *chain; /* "filter", "DOCKER-USER" */
};

/*
 * Puts two rules at the head of that chain, for IPv4 and IPv6 where there is such a chain: what comes
 * from containers, and what belongs to it or to published ports. iptables shows them with the comment
 * "nixctr-net". Returns 1, 0 when they are there or there is no such chain, or -errno.
 */
int nat_place_ensure(struct nat *nat, const struct nat_place *place, struct error *e);
/* Takes them away. Returns 1, 0 when they were not there, or -errno. */
int nat_place_clear(struct nat *nat, const struct nat_place *place, struct error *e);
/* Returns how many chains of that name there are and lack them, or -errno. */
int nat_place_missing(struct nat *nat, const struct nat_place *place, size_t *ret_chains,
		      struct error *e);

/* ------------------------------------------------------------- watching */

/* What others have done to the ruleset since that was last asked. */
struct nat_changes {
	unsigned commits;    /* of anybody, to any table */
	bool touched;        /* one of them changed a table of ours; without, the rest is empty */
	bool elements;       /* what a set or map holds was changed, and not by a command of ours */
	bool gone;           /* only one commit did, and took table "inet" away with it */
	uint32_t generation; /* of the ruleset after that commit */
	bool lost;           /* there were more events than could be kept: nobody knows what */
	bool own;            /* only commands of ours did */
	uint32_t pid;        /* who was the first, by the kernel's own count; 0: not told */
	char process[16];    /* its name */
	char what[96];       /* what it did first: "deleted table inet nixctr-net" */
};

struct nat_watch;

/*
 * A watch in the namespace of the calling thread, the host's. What is changed in the session @nat, which
 * stays open, is not told; what is read in it need not be of one moment, for whoever watches looks again
 * when he is told of a change. nat_watch_close() accepts NULL.
 */
int nat_watch_open(struct nat *nat, struct nat_watch **ret_watch, struct error *e);
void nat_watch_close(struct nat_watch *watch);
void nat_watch_closep(struct nat_watch **watch);
int nat_watch_fd(const struct nat_watch *watch);

/* Never waits. Returns 1 when a table of ours was touched or events were lost, 0 when not. */
int nat_watch_read(struct nat_watch *watch, struct nat_changes *ret_changes, struct error *e);

/* Commits up to this generation are no news any more: what they did has been looked at. */
void nat_watch_cover(struct nat_watch *watch, uint32_t generation);
int nat_generation_read(struct nat *nat, uint32_t *ret_generation, struct error *e);
