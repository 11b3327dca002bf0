/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

/* By which names of tables and chains programs are known. */
static const struct {
	enum nat_owner owner;
	const char *table; /* beginning of the name, NULL: any */
	const char *chain; /* the same */
} marks[] = {
	{ NAT_OWNER_FIREWALLD, "firewalld", NULL },
	{ NAT_OWNER_NIXOS, "nixos-fw", NULL },
	{ NAT_OWNER_LIBVIRT, "libvirt_network", NULL },
	{ NAT_OWNER_PODMAN, "netavark", NULL },
	{ NAT_OWNER_DOCKER, NULL, "DOCKER" },
	{ NAT_OWNER_UFW, NULL, "ufw-" },
	{ NAT_OWNER_UFW, NULL, "ufw6-" },
	{ NAT_OWNER_NIXOS, NULL, "nixos-fw" },
	{ NAT_OWNER_NIXOS, NULL, "nixos-filter-forward" },
	{ NAT_OWNER_LIBVIRT, NULL, "LIBVIRT_" },
	{ NAT_OWNER_PODMAN, NULL, "NETAVARK_" },
	{ NAT_OWNER_PODMAN, NULL, "CNI-" },
	{ NAT_OWNER_KUBERNETES, NULL, "KUBE-" },
	{ NAT_OWNER_FIREWALLD, NULL, "FWD_direct" },
};

/**
 * begins - whether a name begins so
 * @name: borrowed
 * @with: borrowed; NULL: any does
 */
static bool begins(const char *name, const char *with)
{
	return !with || strncmp(name, with, strlen(with)) == 0;
}

/**
 * name_owner - whose a chain is
 * @table, @chain: its names
 */
static enum nat_owner name_owner(const char *table, const char *chain)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (begins(table, marks[i].table) && begins(chain, marks[i].chain))
			return marks[i].owner;
	return NAT_OWNER_UNKNOWN;
}

/**
 * foreign_owner - whose the chain is that drops a packet
 * @ruleset: borrowed
 * @base: where the packet came in, borrowed
 * @end: where it was dropped, borrowed
 *
 * The dropping chain itself may tell. The chains of iptables are everybody's: there, whoever has a
 * chain of his own in the same table is taken for the one who has set the policy.
 */
enum nat_owner foreign_owner(const struct foreign_ruleset *ruleset,
			     const struct foreign_chain *base, const struct walk_end *end)
{
	enum nat_owner owner = name_owner(base->table, end->chain);

	for (size_t i = 0; owner == NAT_OWNER_UNKNOWN && i < ARRAY_SIZE(marks); i++)
		for (size_t k = 0; owner == NAT_OWNER_UNKNOWN && k < ruleset->n_chains; k++)
			if (ruleset->chains[k].family == base->family &&
			    strcmp(ruleset->chains[k].table, base->table) == 0 &&
			    begins(base->table, marks[i].table) &&
			    begins(ruleset->chains[k].name, marks[i].chain))
				owner = marks[i].owner;
	if (owner == NAT_OWNER_UNKNOWN &&
	    (ruleset->legacy || isupper((unsigned char)base->name[0])))
		owner = NAT_OWNER_IPTABLES;
	return owner;
}
