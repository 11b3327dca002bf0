/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/*
 * The cable: a veth pair whose host end is ve-NAME (vb-NAME on a bridge) and whose other end is born
 * in the container's namespace as eth0, with addresses, routes and the per-link switches that keep
 * the host safe. All of it over rtnetlink.
 *
 * struct veth_spec says what a cable should be; it is ensured, read back, compared and removed.
 */

struct veth;

#define VETH_NAME_MAX    64  /* a container's name with its NUL */
#define VETH_ALTNAME_MAX 128 /* ALTIFNAMSIZ */
#define VETH_INSIDE      "eth0"

/* The addresses of one family. */
struct veth_pair {
	struct addr host;    /* host end; on a bridge: the gateway, which is not put on the link */
	struct prefix local; /* container end; AF_UNSPEC: no addresses of this family */
};

/* What a cable should be. */
struct veth_spec {
	char container[VETH_NAME_MAX];
	char link[IFNAMSIZ];            /* host end's name, from veth_link_name() */
	char altname[VETH_ALTNAME_MAX]; /* the full name when link is shortened, or "" */
	char bridge[IFNAMSIZ];          /* the bridge the host end is a port of, or "" */
	struct mac host_mac;
	struct mac local_mac;
	uint32_t mtu;    /* bytes, at both ends; 0: the kernel's default */
	bool forwarding; /* packets from the container may be forwarded (NAT is enabled) */
	bool guarded;    /* on a bridge: a container that speaks spanning tree is cut off */
	bool sealed;     /* off one: what it sends is judged by its MAC, see base/link-group.h */
	struct veth_pair v4;
	struct veth_pair v6;
};

/* One end of a cable as the kernel has it. */
struct veth_end {
	bool present;
	int ifindex;
	bool up;
	bool carrier;
	uint32_t mtu;
	struct mac mac;
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
	struct prefix v4, v6; /* the first global address of each family */
	struct addr v4_peer, v6_peer;
	struct addr v4_gateway, v6_gateway; /* container end: of the default route */
};

/* A cable as the kernel has it. */
struct veth_state {
	bool ours; /* the host end carries our tag; without it nothing else is touched */
	struct veth_end host;
	struct veth_end local;
	char bridge[IFNAMSIZ];
	struct mac known_v4, known_v6; /* where the host finds the container, when that is fixed */
	bool forwarding_v4, forwarding_v6, strict_source, v6_disabled, accept_ra, accept_redirects;
	bool altname;
	bool guarded;   /* the port is; see struct veth_spec */
	uint32_t group; /* of the host end, see base/link-group.h */
	bool cut;       /* by that guard */
	bool loopback_up;
};

#define VETH_DRIFT_MAX 24

/* How a cable differs from what it should be, in words: "mtu is 1500, should be 1400". */
struct veth_drift {
	size_t count;
	char line[VETH_DRIFT_MAX][160];
};

/* Which link leads outside, per family; ifindex 0: none. */
struct veth_uplink {
	int ifindex;
	char link[IFNAMSIZ];
	uint32_t mtu;
	bool forwards; /* packets of both families, by switches of its own; needs kernel 6.17 */
};

/* Opens a session in the namespace of the calling thread, the host's. veth_close() accepts NULL. */
int veth_open(struct veth **ret_veth, struct error *e);
void veth_close(struct veth *veth);
void veth_closep(struct veth **veth);

/*
 * The name of a host end, shortened as systemd-nspawn shortens it (src/nspawn/nspawn-network.c,
 * shorten_ifname). @altname gets the full name, or "" when nothing was cut. Returns whether it was.
 */
bool veth_link_name(const char *container, bool bridged, char link[IFNAMSIZ],
		    char altname[VETH_ALTNAME_MAX]);

/* The same for any prefix: "mv-" and the name of a link. */
bool veth_prefixed_name(const char *prefix, const char *name, char link[IFNAMSIZ],
			char altname[VETH_ALTNAME_MAX]);

/* A stable MAC for eth0 from the host's identity (16 bytes, machine-id(5)) and the container's name. */
struct mac veth_mac_local(const uint8_t machine_id[16], const char *container);

/* A stable MAC for the host end from that of eth0, the stored identity. */
struct mac veth_mac_host(const struct mac *local, const char *container);

/*
 * Makes the cable as @spec says, into the namespace @ns_fd. Returns 1 when it was made, 2 when one
 * of ours was there and has been mended, 0 when it was right already. A killed run is taken up where
 * it stopped. Fails with -EEXIST (ERROR_CONFLICT) when a link of that name, or an eth0 inside, is not
 * ours, -ENODEV when the bridge is missing, or what the kernel says.
 */
int veth_ensure(struct veth *veth, int ns_fd, const struct veth_spec *spec, struct error *e);

/* Reads a cable back. @ns_fd may be -1. Returns 1, or 0 when there is no host end. */
int veth_read(struct veth *veth, int ns_fd, const struct veth_spec *spec,
	      struct veth_state *ret_state, struct error *e);

/* Compares what is with what should be. Returns the number of differences. */
size_t veth_compare(const struct veth_spec *spec, const struct veth_state *state,
		    struct veth_drift *ret_drift);

/*
 * Takes our cable away: the host end is renamed and set down at once, and the kernel destroys it with
 * the namespace, for which nobody waits. The caller then drops the namespace. Returns 1, or 0 when it
 * was gone. -EEXIST when a link of that name is not ours.
 */
int veth_remove(struct veth *veth, const struct veth_spec *spec, struct error *e);

/*
 * The same for many cables at once, which is cheaper for each: veth_remove_note() looks at one and
 * returns as veth_remove() does, and veth_remove_noted() destroys all that were noted and waits until
 * they are gone.
 */
int veth_remove_note(struct veth *veth, const struct veth_spec *spec, struct error *e);
int veth_remove_noted(struct veth *veth, struct error *e);

/* Sets forwarding of our cable as @spec says, and nothing else. Returns 1, or 0 when it is gone. */
int veth_set_forwarding(struct veth *veth, const struct veth_spec *spec, struct error *e);

/*
 * Ends what a cable that stays has of one family by @was and is not to have any more by @now, and nothing
 * else: addresses and default route of a family that goes, and of one that does not the address inside,
 * which is exchanged. veth_ensure() does the rest. Returns 1, or 0 when there was nothing to do or there is
 * no cable of ours.
 */
int veth_family_exchange(struct veth *veth, int ns_fd, const struct veth_spec *was,
			 const struct veth_spec *now, sa_family_t family, struct error *e);

/*
 * The same of both families of a cable that comes to a bridge or off it: its host end has none of the
 * addresses of @was then, has the name it is to have, and is down. Returns 1, 0 when there is no cable of
 * ours, -ENODEV when the bridge is missing, or -EEXIST (ERROR_CONFLICT) when a link of that name is not ours.
 */
int veth_unplug(struct veth *veth, int ns_fd, const struct veth_spec *was,
		const struct veth_spec *now, struct error *e);

/* ------------------------------------------------------------- links beside the cable */

enum veth_extra_kind {
	VETH_EXTRA_MOVED,   /* a link of the host that moves into the namespace, and back */
	VETH_EXTRA_MACVLAN, /* one on a link of the host, with a MAC of its own */
	VETH_EXTRA_IPVLAN,  /* one on a link of the host, with its MAC */
	VETH_EXTRA_CABLE,   /* one more pair */
};

/* A link beside the cable. */
struct veth_extra {
	enum veth_extra_kind kind;
	char link[IFNAMSIZ];   /* on the host */
	char inside[IFNAMSIZ]; /* in the container */
	char bridge[IFNAMSIZ]; /* VETH_EXTRA_CABLE: the host end is a port of it, or "" */
	struct veth_pair v4; /* VETH_EXTRA_CABLE: addresses of both ends, which may be none; the */
	struct veth_pair v6; /* length inside is that of the network they share */
	struct mac mac;      /* inside, but of a moved link; none: the kernel makes one up */
};

/*
 * Have a link, or be without it. What is there is adopted; a link of that name which is not ours is
 * refused with -EEXIST (ERROR_CONFLICT). A moved link keeps its state as systemd-nspawn leaves it, down;
 * both ends of a cable are set up. To be without one is to have a moved link back on the host and a
 * cable gone; the others go with the namespace. Return 1, or 0 when all was so.
 */
int veth_extra_ensure(struct veth *veth, int ns_fd, const char *container,
		      const struct veth_extra *extra, struct error *e);
int veth_extra_remove(struct veth *veth, int ns_fd, const char *container,
		      const struct veth_extra *extra, struct error *e);

/* To be without one while the namespace stays: nothing of it is left in there, of whatever kind it is. */
int veth_extra_withdraw(struct veth *veth, int ns_fd, const char *container,
			const struct veth_extra *extra, struct error *e);

/* Sets the loopback of a namespace up that gets no cable. Returns 1, or 0 when it was. */
int veth_loopback_up(struct veth *veth, int ns_fd, struct error *e);

/* The link that carries the default route of @family, by asking for one route. Returns 1 or 0. */
int veth_uplink(struct veth *veth, sa_family_t family, struct veth_uplink *ret_uplink,
		struct error *e);

/* The MTU of a link of the host. Returns 1, or 0 when there is no such link. */
int veth_link_mtu(struct veth *veth, const char *name, uint32_t *ret_mtu, struct error *e);

#define VETH_WAYS_MAX 32

/* Links through which the host reaches a network. */
struct veth_ways {
	size_t count;
	char links[VETH_WAYS_MAX][IFNAMSIZ];
};

/*
 * By the routes of the main table into the network or, where there is none, the one that covers it.
 * Returns how many there are.
 */
int veth_ways(struct veth *veth, const struct prefix *network, struct veth_ways *ret_ways,
	      struct error *e);

/* ------------------------------------------------------------- what addresses are used for already */

enum veth_use_kind {
	VETH_USE_ADDRESS, /* of a link of the host */
	VETH_USE_SPECIAL, /* broadcast, anycast or multicast */
	VETH_USE_ROUTE,   /* leads somewhere */
	VETH_USE_REFUSAL, /* a route that refuses: blackhole, prohibit, unreachable */
};

/* One thing that the kernel does with addresses. */
struct veth_use {
	enum veth_use_kind kind;
	struct prefix prefix;          /* what it is about; an address has that of its subnet */
	int ifindex;                   /* of the link, or 0 */
	char link[IFNAMSIZ];           /* its name, or "" */
	uint32_t table;                /* the routing table it is in; 0 for an address */
	char container[VETH_NAME_MAX]; /* whose cable the link is, or "" */
};

/* Some of them, in a block that the caller frees. */
struct veth_uses {
	size_t count, room;
	struct veth_use *list;
};

/*
 * What is done with packets to addresses, of one family and at most a handful: a look-up each, whose
 * price does not depend on how many routes there are; where rules of the host choose among further
 * tables, all that contains them. Adds to @uses. Returns 0 or -errno.
 */
int veth_uses_find(struct veth *veth, const struct addr *addrs, size_t count,
		   struct veth_uses *uses, struct error *e);

/* Adds all addresses, also of links that are down, and the routes of all tables. Returns 0 or -errno. */
int veth_uses_read(struct veth *veth, struct veth_uses *uses, struct error *e);

/* A link of the host. */
struct veth_link {
	int ifindex;
	char name[IFNAMSIZ];
	char container[VETH_NAME_MAX]; /* whose cable it is, or "" */
	bool up;
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
	uint64_t rx_dropped, tx_dropped, rx_errors, tx_errors;
};

/* Some of them, in a block that the caller frees. */
struct veth_links {
	size_t count, room;
	struct veth_link *list;
};

enum veth_links_wanted {
	VETH_LINKS_ALL,    /* by their numbers, without what went through them */
	VETH_LINKS_CABLES, /* with it */
};

/* Reads links in one dump, sorted by their numbers. Returns 0 or -errno. */
int veth_links_read(struct veth *veth, enum veth_links_wanted wanted, struct veth_links *ret_links,
		    struct error *e);
/* One of them by its number, or NULL. */
const struct veth_link *veth_links_at(const struct veth_links *links, int ifindex);

/*
 * Whether some other machine on the network behind a link has an address: a probe over ARP (RFC 5227)
 * or neighbour discovery (RFC 4862), which takes 0.1 s when there is no answer. Returns 1, 0, also when
 * the link is not there or cannot be asked, or -errno.
 */
int veth_probe(const char *link, const struct addr *addr, struct mac *ret_mac, struct error *e);

#define VETH_INSIDE_MAX 16

/* The container's end as it is, whatever it should be. */
struct veth_inside {
	bool present; /* there is an eth0 */
	struct mac mac;
	size_t count; /* of its global addresses; those for which there is no room are left out */
	struct addr list[VETH_INSIDE_MAX];
};

/* Reads it in the namespace @ns_fd. Returns 1, 0 when there is no eth0, or -errno. */
int veth_inside_read(struct veth *veth, int ns_fd, struct veth_inside *ret_inside, struct error *e);

/* ------------------------------------------------------------- watching */

#define VETH_TOUCHED_MAX 64
#define VETH_RENAMED_MAX 8

/* What has changed on the host since that was last asked. The kernel does not say who has done it. */
struct veth_changes {
	bool lost;        /* there were more events than could be kept: all may be otherwise */
	bool many;        /* more cables than fit below have lost something */
	bool host;        /* a link that is no cable, its addresses, routes or switches */
	bool mtu;         /* of a link that is no cable */
	size_t n_touched; /* containers whose cable has lost something */
	char touched[VETH_TOUCHED_MAX][VETH_NAME_MAX];
	size_t n_renamed; /* links that are no cables; those for which there is no room are left out */
	struct {
		char from[IFNAMSIZ], to[IFNAMSIZ];
	} renamed[VETH_RENAMED_MAX];
};

struct veth_watch;

/* A watch in the namespace of the calling thread, the host's. veth_watch_close() accepts NULL. */
int veth_watch_open(struct veth_watch **ret_watch, struct error *e);
void veth_watch_close(struct veth_watch *watch);
void veth_watch_closep(struct veth_watch **watch);
int veth_watch_fd(const struct veth_watch *watch);

/* Never waits. Adds to @changes. Returns 1 when they are not empty, 0, or -errno. */
int veth_watch_read(struct veth_watch *watch, struct veth_changes *changes, struct error *e);
