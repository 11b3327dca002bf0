/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "veth/batch.h"
#include "veth/veth.h"

/* The rtnetlink messages we send, each added to a batch. */

void message_link_get(struct batch *batch, const char *name, int ifindex,
		      const struct answer *answer);
void message_link_dump(struct batch *batch, const char *kind, const struct answer *answer);
void message_link_set(struct batch *batch, const char *what, int ifindex, unsigned flags,
		      unsigned mask);
void message_link_delete(struct batch *batch, const char *what, int ifindex);
void message_group_delete(struct batch *batch, const char *what, uint32_t group);
void message_pair_create(struct batch *batch, const struct veth_spec *spec, int ns_fd, int master,
			 const struct answer *answer);
void message_port_guard(struct batch *batch, int ifindex, bool on);
void message_altname(struct batch *batch, uint16_t type, int ifindex, const char *altname);
void message_put_switches(struct batch *batch, const struct veth_spec *spec);
void message_put_forwarding(struct batch *batch, const struct veth_spec *spec);
void message_put_announcing(struct batch *batch);

void message_address_add(struct batch *batch, const char *what, int ifindex,
			 const struct prefix *local, const struct addr *peer);
void message_address_delete(struct batch *batch, const char *what, int ifindex,
			    const struct prefix *local);
void message_address_dump(struct batch *batch, int ifindex, const struct answer *answer);

void message_route_default(struct batch *batch, int ifindex, const struct addr *gateway);
void message_route_default_delete(struct batch *batch, int ifindex, const struct addr *gateway);
void message_route_link(struct batch *batch, int ifindex, const struct addr *to);
void message_route_get(struct batch *batch, const struct addr *to, const struct answer *answer);
void message_route_dump(struct batch *batch, sa_family_t family, int ifindex,
			const struct answer *answer);

void message_route_match(struct batch *batch, const struct addr *to, const struct answer *answer);
void message_route_dump_all(struct batch *batch, sa_family_t family, const struct answer *answer);
void message_rule_dump(struct batch *batch, sa_family_t family, const struct answer *answer);

void message_neighbour_set(struct batch *batch, int ifindex, const struct addr *address,
			   const struct mac *mac);
void message_neighbour_get(struct batch *batch, int ifindex, const struct addr *address,
			   const struct answer *answer);

void message_nsid_get(struct batch *batch, int ns_fd, const struct answer *answer);
