/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "veth/link.h"
#include "veth/rtnl.h"
#include "veth/veth.h"

/*
 * The rooms of this library, and what they hand to each other.
 *
 *	cable.c    whose cable it is, and the session
 *	create.c   make the pair: bare, with nothing but names, MACs, MTU and bridge
 *	read.c     what is            -> struct cable
 *	compare.c  what differs       -> a set of parts
 *	mend.c     make parts right
 *	ensure.c   create or read, compare, mend
 *	remove.c   take one away; remove-many.c many
 *	unplug.c   end what one is, for it to become one of the other kind
 *	watch.c    hears what others change; event.c what of it counts; known-link.c what was told before
 *
 * A new pair is a cable of which every part differs, so that there is one way to make things right.
 */

#define LOOPBACK_IFINDEX 1 /* in every network namespace */

#define TAG_PREFIX     "nixctr-net container " /* of the alias of a host end */
#define RETIRED_PREFIX "ve-."

/* The host ends of the cables that are to be taken away together. */
struct removed {
	int *ifindexes; /* owned */
	size_t count;
	size_t room;
};

struct veth {
	struct rtnl rtnl; /* in the host's namespace */
	int home_fd;      /* that namespace, to return to; -1 until it is left */
	struct removed removed;
};

/* What a cable consists of, as far as it can differ and be mended alone. */
enum part {
	PART_TAG = 1 << 0,
	PART_ALTNAME = 1 << 1,
	PART_BRIDGE = 1 << 2,
	PART_SWITCHES_V4 = 1 << 3,
	PART_SWITCHES_V6 = 1 << 4,
	PART_HOST_UP = 1 << 5,
	PART_HOST_MTU = 1 << 6,
	PART_HOST_MAC = 1 << 7,
	PART_HOST_V4 = 1 << 8,
	PART_HOST_V6 = 1 << 9,
	PART_LOOPBACK = 1 << 10,
	PART_LOCAL_UP = 1 << 11,
	PART_LOCAL_MTU = 1 << 12,
	PART_LOCAL_MAC = 1 << 13,
	PART_LOCAL_V4 = 1 << 14,
	PART_LOCAL_V6 = 1 << 15,
	PART_ROUTE_V4 = 1 << 16,
	PART_ROUTE_V6 = 1 << 17,
	PART_KNOWN_V4 = 1 << 18, /* where the host finds the container */
	PART_KNOWN_V6 = 1 << 19,
	PART_GUARD = 1 << 20, /* of the port of a bridge */
	PART_CUT = 1 << 21,   /* by that guard */
	PART_GROUP = 1 << 22, /* by which what comes through is judged */

	PARTS_HOST_LINK = PART_TAG | PART_BRIDGE | PART_SWITCHES_V4 | PART_HOST_UP | PART_HOST_MTU |
			  PART_HOST_MAC | PART_GROUP,
	PARTS_LOCAL_LINK = PART_LOCAL_UP | PART_LOCAL_MTU | PART_LOCAL_MAC,
	PARTS_INSIDE = PART_LOOPBACK | PARTS_LOCAL_LINK | PART_LOCAL_V4 | PART_LOCAL_V6 |
		       PART_ROUTE_V4 | PART_ROUTE_V6,
};

/* A cable as it was read. */
struct cable {
	struct link host; /* ifindex 0: there is none */
	bool ours;        /* we may touch it */
	bool inside;      /* its other end is in the namespace that was looked into */
	struct veth_state state;
};

void tag_format(const struct veth_spec *spec, char tag[LINK_ALIAS_MAX]);
bool link_owner(const struct link *link, char container[VETH_NAME_MAX]);
bool link_is_ours(const struct link *link, const struct veth_spec *spec);
int link_refuse(const struct link *link, const struct veth_spec *spec, struct error *e);
int link_find(struct veth *veth, const char *name, int ifindex, const char *altname,
	      struct link *ret_link, struct error *e);
void link_retired_name(int ifindex, char name[IFNAMSIZ]);
int link_retire(struct veth *veth, const struct link *link, const struct veth_spec *spec,
		struct error *e);

bool spec_is_paired(const struct veth_spec *spec, const struct veth_pair *pair);
bool spec_wants_v6(const struct veth_spec *spec);
bool spec_is_judged(const struct veth_spec *spec);
unsigned spec_parts(const struct veth_spec *spec);
int inside_open(struct veth *veth, int ns_fd, struct rtnl *ret_rtnl, struct error *e);

int cable_create(struct veth *veth, int ns_fd, const struct veth_spec *spec,
		 struct veth_state *ret_state, struct error *e);
int bridge_find(struct veth *veth, const struct veth_spec *spec, int *ret_ifindex, struct error *e);
int cable_read(struct veth *veth, int ns_fd, const struct veth_spec *spec, struct cable *ret_cable,
	       struct error *e);
unsigned cable_compare(const struct veth_spec *spec, const struct veth_state *state,
		       struct veth_drift *ret_drift);
int cable_mend(struct veth *veth, int ns_fd, const struct veth_spec *spec,
	       const struct veth_state *state, unsigned parts, struct error *e);
int forwarding_v6_write(const struct veth_spec *spec, struct error *e);
