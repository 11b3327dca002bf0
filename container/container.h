/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "ipam/ipam.h"
#include "managers/managers.h"
#include "nat/nat.h"
#include "veth/veth.h"

/*
 * The only place where an address, an interface and a rule meet.
 *
 *	create   name -> lease -> definition file
 *	attach   definition -> description -> namespace -> cable -> NAT, without the address book
 *	destroy  detach, definition file, lease
 */

#define CONTAINER_NAME_MAX 64 /* with its NUL */
#define FLAKE_MAX          2048
#define FLAKE_ATTR_MAX     256

/* ------------------------------------------------------------- where things are */

/* The files of the suite, below one root directory. */
struct paths {
	char root[256];        /* "" for the machine itself, else an absolute directory */
	char definitions[320]; /* ROOT/etc/nixos-containers */
	char settings[320];    /* ROOT/etc/nixctr-net */
	char state[320];       /* ROOT/var/lib/nixctr-net */
	char book[320];        /* ROOT/var/lib/nixctr-net/ipam.db */
	char containers[320];  /* ROOT/var/lib/nixos-containers */
	char runtime[320];     /* ROOT/run/nixctr-net */
	char networks[320];   /* ROOT/run/nixctr-net/networks, a lock for each attached container */
	char namespaces[320]; /* ROOT/run/netns */
	char locks[320];      /* ROOT/run/lock, where nixos-container has its lock as well */
	char profiles[320];   /* ROOT/nix/var/nix/profiles/per-container */
	char gcroots[320];    /* ROOT/nix/var/nix/gcroots/per-container */
	char machine_id[320]; /* ROOT/etc/machine-id */
	char claims[320];   /* ROOT/run/nixctr-net/claims, a lock for each that is being changed */
	char machines[320]; /* ROOT/run/nixos-containers */
	char logs[320];     /* ROOT/var/log/nixctr-net, of containers that systemd does not run */
};

int paths_init(struct paths *paths, const char *root, struct error *e);
int paths_namespace(const struct paths *paths, const char *name, char path[PATH_MAX],
		    struct error *e);

/* ------------------------------------------------------------- settings */

#define SETTINGS_SIZE_MAX ((size_t)64 * 1024) /* of one file */

/* What the files under /etc/nixctr-net say. */
struct settings {
	bool nat;               /* [nat] enable */
	bool external_auto;     /* [nat] external has "auto" */
	struct nat_spec wanted; /* [nat] external, the links named; internal, source, source6 */
	bool open;              /* [nat] isolate is "no": containers reach each other */
	bool own_table;         /* [nat] own_table: nobody else can change our tables */
	uint32_t cooldown;      /* [ipam] cooldown, in seconds */
	uint32_t history_rows;  /* [ipam] history; 0: none is kept */
	uint32_t history_days;  /* [ipam] history-days; 0: of any age */
};

int settings_read(const struct paths *paths, struct settings *ret_settings, struct error *e);
bool settings_equal(const struct settings *a, const struct settings *b);
int settings_write_nat(const struct paths *paths, const struct settings *settings, struct error *e);

/* ------------------------------------------------------------- names and definitions */

int name_check(const char *name, struct error *e);
int name_check_new(const char *name, struct error *e);
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

/* ------------------------------------------------------------- life cycle */

struct words;

/* What a container is to boot, as "create" and "update" were asked; NULL where not given. */
struct system_request {
	const char *path;        /* --system-path: a system that is built already */
	const char *config;      /* --config: what stands in its configuration */
	const char *config_file; /* --config-file: what its configuration imports */
	const char *flake;       /* --flake REF[#ATTR] */
	const char *nixos;       /* --nixos-path; NULL: <nixpkgs/nixos> */
	const char *tree;        /* --root-tree: an operating system's tree, used in place */
	bool none;               /* --no-system: a network and nothing to boot */
	const struct words *nix; /* options that are passed on to Nix; NULL: none */
};

/* What "create" was asked for; addresses as they were typed, NULL where not given. */
struct create_request {
	const char *name;
	const char *host_address, *local_address;
	const char *host_address6, *local_address6;
	const char *bridge;
	const char *const *ports; /* each as port-spec.c reads it, or several with commas */
	size_t n_ports;
	bool auto_start;
	bool force;  /* take addresses that are in use on the host */
	bool unique; /* when the name is taken, NAME-0, NAME-1, ... */
	struct system_request boots;
};

int container_create(const struct paths *paths, const struct create_request *request,
		     struct definition *ret_definition, struct error *e);

/* Builds what the container boots next; what it had stays when that fails. Returns 1 or -errno. */
int container_update(const struct paths *paths, const char *name,
		     const struct system_request *request, struct error *e);

/* Switches a running container to the system that it would boot now. Returns 0 or -errno. */
int container_switch(const struct paths *paths, const char *name, struct error *e);

/*
 * Becomes the systemd-nspawn of a container whose network is there; what a unit starts. Returns only
 * on failure.
 */
int container_exec(const struct paths *paths, const char *name, struct error *e);

/* Removes what an ephemeral container has written; what a unit does when it has stopped. 1, 0, -errno. */
int container_forget(const struct paths *paths, const char *name, struct error *e);

/* The supervisor of one container; returns when that has stopped. */
int container_supervise(const struct paths *paths, const char *name, struct error *e);

/*
 * Tells systemd in @directory, that of a generator, which containers start with the host and what their
 * units have to know; @units is where the units of packages are.
 */
int container_generate(const struct paths *paths, const char *units, const char *directory,
		       struct error *e);

/* Brings the resolvers of the host into a container. Returns 1, 0 when it has them, or -errno. */
int container_refresh_resolver(const struct paths *paths, const char *name, struct error *e);

/* Brings the resolvers of the host into all containers; one failing does not keep the others from it. */
int container_refresh_resolvers(const struct paths *paths, size_t *ret_count, struct error *e);

/*
 * For the service of dhcpcd, before it starts: makes the copy of its configuration that it is shown.
 * Returns 1, 0 when there is nothing to copy, or -errno.
 */
int keep_off_dhcpcd(const struct paths *paths, struct error *e);

/* Has the host find all containers by their names, and no others; see nss/nss.h. */
int container_refresh_names(const struct paths *paths, size_t *ret_count, struct error *e);

/* Returns 1, or 0 when there was nothing of that name. */
enum destroy_flags {
	DESTROY_KEEP_ADDRESS =
		1 << 0,          /* its addresses stay reserved for the next one of its name */
	DESTROY_UNUSED = 1 << 1, /* it never ran */
};

int container_destroy(const struct paths *paths, const char *name, unsigned flags, struct error *e);

/*
 * Each waits until it is so, and returns 1 when that had to be brought about, 0 when it was so, or
 * -errno. A container that is not defined cannot be started; what still runs can be stopped.
 */
int container_start(const struct paths *paths, const char *name, struct error *e);
int container_stop(const struct paths *paths, const char *name, struct error *e);
/* Stops it if it runs, and starts it. */
int container_restart(const struct paths *paths, const char *name, struct error *e);
/* Kills all of it at once. */
int container_terminate(const struct paths *paths, const char *name, struct error *e);
/* Runs its reload step: what "update" needs of a container that runs. */
int container_reload(const struct paths *paths, const char *name, struct error *e);
/* Has systemd read what generators make of the definitions, such as which start with the host. */
int container_refresh(const struct paths *paths, struct error *e);
/* A login prompt of it on our terminal. Returns the exit status or -errno. */
int container_login(const struct paths *paths, const char *name, struct error *e);
/* @argv: ends with NULL; NULL: a login shell of its root. Returns the exit status or -errno. */
int container_run(const struct paths *paths, const char *name, char *const argv[], struct error *e);
/* @ret_key: one line, freed by the caller. Returns 1, 0 when it has none, or -errno. */
int container_host_key(const struct paths *paths, const char *name, char **ret_key,
		       struct error *e);

enum container_status {
	CONTAINER_GONE, /* no definition */
	CONTAINER_DOWN,
	CONTAINER_UP, /* it runs and has reported that it is ready */
};

struct machine_status;

const char *container_status_name(enum container_status status);
/* @ret_machine: what its manager says of it, meaningless when it is gone; NULL: of no interest. */
int container_status(const struct paths *paths, const char *name, enum container_status *ret_status,
		     struct machine_status *ret_machine, struct error *e);

/* Who runs the containers of a root directory. */
struct manager;
struct lifecycle;

int lifecycle_open(const struct paths *paths, struct lifecycle **ret_lifecycle, struct error *e);
void lifecycle_close(struct lifecycle *lifecycle);
void lifecycle_closep(struct lifecycle **lifecycle);
struct manager *lifecycle_manager(struct lifecycle *lifecycle);

/* ------------------------------------------------------------- settings of one container */

/* When a change counts: now, or from the next start on. */
enum setting_effect { SETTING_LIVE, SETTING_LATER };

/* Whether addresses that somebody has chosen may be in use on the host by others than containers. */
enum address_care { ADDRESSES_JUDGED, ADDRESSES_FORCED };

/* @assignments: KEY, VALUE alternately, "": without the key. Returns 1, 0 when it was so, or -errno. */
int container_set(const struct paths *paths, const char *name, const struct words *assignments,
		  enum address_care care, enum setting_effect *ret_effect, struct error *e);

/* ------------------------------------------------------------- addresses */

/*
 * Opens the address book by the settings of the host, in the name of whoever runs this. The caller
 * ends with ipam_close().
 */
int book_open(const struct paths *paths, enum ipam_access access, struct ipam **ret_ipam,
	      struct error *e);

/* What is to be reserved, addresses as they were typed, NULL where not given. */
struct reserve_request {
	const char *name;
	const char *host_address, *local_address;
	const char *host_address6, *local_address6;
	const char *bridge;
	const char *reason;
};

/* Reserves addresses for a container that is created later. Returns 1, 0 when it is so, or -errno. */
int addresses_reserve(const struct paths *paths, const struct reserve_request *request,
		      struct ipam_lease *ret_lease, struct error *e);

/*
 * Gives up what is reserved for @what, a name or an address, or held by a container that is gone, or
 * ends the cool-down of an address. Returns 1, 0 when it is free, or -errno.
 */
int addresses_release(const struct paths *paths, const char *what, const char *reason,
		      struct error *e);

/* Notes down what a lease is for. Returns 1, 0 when it says so, or -errno. */
int addresses_describe(const struct paths *paths, const char *what, const char *reason,
		       struct error *e);

/* ------------------------------------------------------------- one container's network */

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
 * @ret_definition is what was attached; NULL when that is of no interest.
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

/*
 * Sees what others change of rules, links, addresses and routes, and puts it back, until it is told to
 * stop by SIGTERM. There is one of them: -EEXIST (ERROR_CONFLICT) names it.
 */
int network_watch(const struct paths *paths, struct error *e);

/* Becomes @argv inside the container's network namespace. Returns only on failure. */
int network_exec(struct network *network, const char *name, char *const argv[], struct error *e);

/*
 * Lets two containers reach each other, in both directions, or not any more: written into the
 * definition of one, and done if it is attached. Returns 1, 0 when it was so, or -errno.
 */
int network_link(const struct paths *paths, const char *name, const char *other, struct error *e);
int network_unlink(const struct paths *paths, const char *name, const char *other, struct error *e);

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

/*
 * Change what a container publishes, in its definition and, where it is attached (@ret_live), at once.
 * @specs: as port-spec.c reads them, each several with commas. Return 1, 0 when all was so, or -errno.
 */
int container_forward_add(const struct paths *paths, const char *name, const char *const *specs,
			  size_t count, bool *ret_live, struct error *e);
int container_forward_remove(const struct paths *paths, const char *name, const char *const *specs,
			     size_t count, bool *ret_live, struct error *e);

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

#define PLACE_TEXT (ADDR_TEXT + IFNAMSIZ + sizeof("[]%"))
#define RANGE_TEXT sizeof("65535-65535")
#define PORT_TEXT  (PLACE_TEXT + 2 * RANGE_TEXT + sizeof("udp:::"))

const char *protocol_name(uint8_t protocol);
/* "", ADDRESS, %LINK or ADDRESS%LINK, an IPv6 address in brackets. */
const char *place_format(const struct addr *address, const char *link, char text[PLACE_TEXT]);
const char *range_format(uint16_t first, uint16_t length, char text[RANGE_TEXT]);
/* PROTOCOL:[PLACE:]PORTS:PORTS_INSIDE, as port-spec.c reads it. */
const char *port_format(const struct port *port, char text[PORT_TEXT]);

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

/* ------------------------------------------------------------- addresses in use elsewhere */

enum conflict_grade {
	CONFLICT_NOTHING,
	CONFLICT_NOTE,    /* something wider has it too, and what is more specific goes first */
	CONFLICT_REFUSED, /* the same, or something within */
};

#define CONFLICT_HOLDER 384

/* Something on the host that an address, or a pool, meets with. */
struct conflict {
	enum conflict_grade grade;
	char container[CONTAINER_NAME_MAX]; /* which holds the address, or "" */
	char pool[IPAM_NAME_MAX];           /* or which pool it is, or "" */
	struct prefix subject;              /* the address, or the pool's network */
	struct prefix prefix;               /* what it meets with */
	char holder[CONFLICT_HOLDER];       /* "route 10.233.0.0/16 through wg0" */
};

/* Some of them, and what could not be read. */
struct conflicts {
	size_t count, room;
	struct conflict *list;          /* the caller frees it */
	struct engine_networks engines; /* its list is empty; the files that were not understood */
};

const char *conflict_grade_name(enum conflict_grade grade);
/* Compares all leases and pools with all addresses, routes and engines of the host. 0 or -errno. */
int conflicts_read(const struct paths *paths, struct conflicts *ret_conflicts, struct error *e);

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

#include "container/address-pools.h"
#include "container/address-session.h"
#include "container/declared-containers.h"
#include "container/inspection.h"
