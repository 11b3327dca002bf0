/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/blockers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/rules/host.h"
#include "container/rules/masquerade.h"
#include "container/rules/recorded.h"

/* The last address of the pool: it has a place in it, and is most likely nobody's. */
#define SAMPLE_ADDRESS "10.233.254.254"

#define LINKS_MAX ((size_t)2 * NAT_EXTERNAL_MAX) /* with those that wildcards stand for */

/* What is known of each owner. */
static const struct {
	const char *name;
	const char *cause;
} owners[] = {
	[NAT_OWNER_UNKNOWN] = { "somebody's rules", "they drop what they do not know" },
	[NAT_OWNER_FIREWALLD] = { "firewalld",
				  "it rejects what none of its zones and policies lets pass" },
	[NAT_OWNER_DOCKER] = { "Docker", "it drops all that is not forwarded for its own "
					 "containers" },
	[NAT_OWNER_UFW] = { "ufw", "it drops what is forwarded without a route rule" },
	[NAT_OWNER_NIXOS] = { "the firewall of NixOS",
			      "it drops what is forwarded without a rule of the configuration" },
	[NAT_OWNER_LIBVIRT] = { "libvirt", "it rejects what does not belong to its networks" },
	[NAT_OWNER_PODMAN] = { "Podman", "it drops what does not belong to its networks" },
	[NAT_OWNER_KUBERNETES] = { "Kubernetes", "it drops what it does not know" },
	[NAT_OWNER_IPTABLES] = { "rules of iptables", "they drop what they do not know" },
};

/**
 * traffic_ipv6 - whether any container has IPv6
 * @paths: borrowed
 * @ret_ipv6: the answer
 * @e: filled on failure
 *
 * A definition that cannot be read has none.
 *
 * Returns 0 or -errno.
 */
static int traffic_ipv6(const struct paths *paths, bool *ret_ipv6, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct definition definition;
	size_t count;
	int r = definition_names(paths, &names, &count, e);

	*ret_ipv6 = false;
	for (size_t i = 0; r >= 0 && i < count && !*ret_ipv6; i++)
		*ret_ipv6 = definition_read(paths, names[i], &definition, NULL) > 0 &&
			    addr_is_set(&definition.v6.local.addr);
	return r < 0 ? r : 0;
}

/* Links to the outside that are there, or are named whether they are there or not. */
struct outside {
	size_t count;
	char links[LINKS_MAX][IFNAMSIZ];
};

/**
 * outside_add - add a name of an external link, or all links that it stands for now
 * @outside: changed; what does not fit is left out
 * @external: as it is in a spec
 *
 * A rule that names one of several links is to be found to hold for that one.
 */
static void outside_add(struct outside *outside, const char external[IFNAMSIZ])
{
	struct if_nameindex *all;

	if (!strchr(external, '*')) {
		if (outside->count < LINKS_MAX)
			memcpy(outside->links[outside->count++], external, IFNAMSIZ);
		return;
	}
	all = if_nameindex();
	for (size_t i = 0; all && all[i].if_index && outside->count < LINKS_MAX; i++)
		if (nat_external_is(external, all[i].if_name))
			(void)snprintf(outside->links[outside->count++], IFNAMSIZ, "%s",
				       all[i].if_name);
	if_freenameindex(all);
}

/**
 * outside_find - find the links through which something should pass
 * @state: NAT as it should be; learns where published ports are called
 * @ports: some are published: where there are no external links, those on which they are called
 * @ret_outside: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int outside_find(struct masquerade_state *state, bool ports, struct outside *ret_outside,
			struct error *e)
{
	struct nat_spec *spec = &state->spec;
	int r = 0;

	ret_outside->count = 0;
	for (size_t i = 0; i < spec->n_external; i++)
		outside_add(ret_outside, spec->external[i]);
	if (spec->n_external == 0 && ports)
		r = nat_spec_find_callers(spec, e);
	for (size_t i = 0; r >= 0 && spec->n_external == 0 && i < spec->n_callers; i++)
		outside_add(ret_outside, spec->callers[i]);
	return r < 0 ? r : 0;
}

/* Internal networks that are behind a link. */
struct inside {
	size_t count;
	struct nat_network list[NAT_INTERNAL_MAX];
};

/**
 * inside_find - find the links that internal networks are behind
 * @paths: borrowed
 * @spec: NAT as it should be, borrowed
 * @ret_inside: filled; of what is behind several links, one stands for all
 * @e: names the network
 *
 * From what no route leads to, or only the one to the outside, nothing comes.
 *
 * Returns 0 or -errno.
 */
static int inside_find(const struct paths *paths, const struct nat_spec *spec,
		       struct inside *ret_inside, struct error *e)
{
	_cleanup_(host_close) struct host host = { 0 };
	int r = spec->n_internal ? host_open(paths, &host, e) : 0;

	ret_inside->count = 0;
	for (size_t i = 0; r >= 0 && i < spec->n_internal; i++) {
		struct nat_network *network = &ret_inside->list[ret_inside->count];
		struct veth_ways ways = { .count = 0 };
		bool outside = false;

		r = veth_ways(host.veth, &spec->internal[i], &ways, e);
		for (size_t j = 0; j < spec->n_external && ways.count; j++)
			outside |= nat_external_is(spec->external[j], ways.links[0]);
		if (r < 0 || ways.count == 0 || outside)
			continue;
		network->prefix = spec->internal[i];
		memcpy(network->link, ways.links[0], IFNAMSIZ);
		ret_inside->count++;
	}
	return r < 0 ? r : 0;
}

/**
 * blockers_find - find the rules of others that drop packets of containers and internal networks
 * @paths: borrowed
 * @ret_blockers: filled
 * @e: filled on failure
 *
 * What should pass is what goes through external links, and where there are none, calls of published
 * ports.
 *
 * Returns 1, 0 when nothing should pass, or -errno.
 */
int blockers_find(const struct paths *paths, struct nat_blockers *ret_blockers, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct nat_traffic traffic = { .ports = forwards_any(paths) };
	struct masquerade_state state;
	struct outside outside = { .count = 0 };
	struct inside inside = { .count = 0 };
	int r = masquerade_read(paths, &state, e);

	ret_blockers->count = 0;
	if (r >= 0)
		r = outside_find(&state, traffic.ports, &outside, e);
	if (r < 0 || outside.count == 0)
		return r < 0 ? r : 0;
	if (state.spec.n_external)
		r = inside_find(paths, &state.spec, &inside, e);
	if (r < 0)
		return r;
	traffic.networks = inside.list;
	traffic.n_networks = inside.count;
	traffic.links = outside.links;
	traffic.n_links = outside.count;
	(void)addr_parse(SAMPLE_ADDRESS, &traffic.sender, NULL);
	r = traffic_ipv6(paths, &traffic.ipv6, e);
	if (r == 0)
		r = nat_open(&nat, e);
	if (r == 0)
		r = nat_blockers_find(nat, &traffic, ret_blockers, e);
	return r < 0 ? r : 1;
}

/**
 * blocker_party - which party to coexist with
 * @blocker: borrowed
 * @ret_party: the party
 *
 * ufw is told by its command, wherever its rules are; rules that are put into a chain by us have to be
 * in the very table. What is told is about containers, not about other networks.
 *
 * Returns whether there is one.
 */
bool blocker_party(const struct nat_blocker *blocker, enum coexist_party *ret_party)
{
	bool filter =
		strcmp(blocker->table, "filter") == 0 && strcmp(blocker->hook, "forward") == 0;
	if (addr_is_set(&blocker->network.addr))
		return false;
	switch (blocker->owner) {
	case NAT_OWNER_FIREWALLD:
		*ret_party = COEXIST_FIREWALLD;
		return true;
	case NAT_OWNER_UFW:
		*ret_party = COEXIST_UFW;
		return filter;
	case NAT_OWNER_DOCKER:
		*ret_party = COEXIST_DOCKER;
		return filter;
	case NAT_OWNER_IPTABLES:
		*ret_party = COEXIST_IPTABLES;
		return filter;
	case NAT_OWNER_UNKNOWN:
	case NAT_OWNER_NIXOS:
	case NAT_OWNER_LIBVIRT:
	case NAT_OWNER_PODMAN:
	case NAT_OWNER_KUBERNETES:
		break;
	}
	return false;
}

/**
 * explain_passages - say which packets are dropped
 * @blocker: borrowed
 * @text, @size: where it goes
 */
static void explain_passages(const struct nat_blocker *blocker, char *text, size_t size)
{
	static const struct {
		enum nat_passage passage;
		const char *name;
	} names[] = { { NAT_PASSAGE_OUT, "what containers send" },
		      { NAT_PASSAGE_BACK, "answers to containers" },
		      { NAT_PASSAGE_PUBLISHED, "calls of published ports" } };
	char network[PREFIX_TEXT];
	size_t length = 0;

	if (addr_is_set(&blocker->network.addr)) {
		prefix_format(&blocker->network, network);
		(void)snprintf(text, size,
			       blocker->passages & NAT_PASSAGE_OUT ? "what network %s sends"
								   : "answers to network %s",
			       network);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (blocker->passages & names[i].passage && length < size)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? ", " : "", names[i].name);
}

/**
 * explain_evidence - say where they are dropped
 * @blocker: borrowed
 * @text, @size: where it goes
 */
static void explain_evidence(const struct nat_blocker *blocker, char *text, size_t size)
{
	char what[NAT_FOREIGN_NAME_MAX + 64];

	if (blocker->rule)
		(void)snprintf(what, sizeof(what), "rule %zu of chain %s %s", blocker->rule,
			       blocker->dropper, blocker->rejects ? "rejects" : "drops");
	else
		(void)snprintf(what, sizeof(what), "its policy is drop");
	(void)snprintf(text, size, "%stable %s %s, chain %s (hook %s, priority %d): %s, %s",
		       blocker->legacy ? "iptables-legacy, " : "", blocker->family, blocker->table,
		       blocker->chain, blocker->hook, blocker->priority, what,
		       !blocker->ipv6  ? "IPv4"
		       : blocker->ipv4 ? "IPv4 and IPv6"
				       : "IPv6");
}

/**
 * fix_by_hand - say which commands let packets of containers pass
 * @blocker: borrowed
 * @text, @size: where it goes
 */
static void fix_by_hand(const struct nat_blocker *blocker, char *text, size_t size)
{
	const char *program = strcmp(blocker->family, "ip6") == 0 ? "ip6tables" : "iptables";
	const char *chain = blocker->owner == NAT_OWNER_DOCKER ? "DOCKER-USER" : blocker->chain;
	bool iptables = blocker->legacy || blocker->owner == NAT_OWNER_IPTABLES ||
			blocker->owner == NAT_OWNER_DOCKER || blocker->owner == NAT_OWNER_UFW;

	if (iptables)
		(void)snprintf(text, size,
			       "%s%s -t %s -I %s -i ve-+ -j ACCEPT; %s%s -t %s -I %s -o ve-+ -m "
			       "conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT",
			       program, blocker->legacy ? "-legacy" : "", blocker->table, chain,
			       program, blocker->legacy ? "-legacy" : "", blocker->table, chain);
	else
		(void)snprintf(text, size,
			       "nft 'insert rule %s %s %s iifname \"ve-*\" accept'; nft 'insert "
			       "rule %s %s %s oifname \"ve-*\" accept'; and the same where that "
			       "table is made",
			       blocker->family, blocker->table, blocker->chain, blocker->family,
			       blocker->table, blocker->chain);
}

/**
 * fix_for_network - say what lets packets of an internal network pass
 * @blocker: borrowed
 * @text, @size: where it goes
 */
static void fix_for_network(const struct nat_blocker *blocker, char *text, size_t size)
{
	bool v4 = blocker->network.addr.family == AF_INET;
	const char *program = v4 ? "iptables" : "ip6tables",
		   *suffix = blocker->legacy ? "-legacy" : "";
	const char *chain = blocker->owner == NAT_OWNER_DOCKER ? "DOCKER-USER" : blocker->chain;
	char network[PREFIX_TEXT];

	prefix_format(&blocker->network, network);
	switch (blocker->owner) {
	case NAT_OWNER_FIREWALLD:
		(void)snprintf(
			text, size,
			"firewall-cmd --permanent --zone=trusted --add-source=%s; firewall-cmd "
			"--reload",
			network);
		return;
	case NAT_OWNER_UFW:
		(void)snprintf(text, size, "ufw route allow from %s", network);
		return;
	case NAT_OWNER_DOCKER:
	case NAT_OWNER_IPTABLES:
		(void)snprintf(
			text, size,
			"%s%s -t %s -I %s -s %s -j ACCEPT; %s%s -t %s -I %s -d %s -m conntrack "
			"--ctstate RELATED,ESTABLISHED -j ACCEPT",
			program, suffix, blocker->table, chain, network, program, suffix,
			blocker->table, chain, network);
		return;
	case NAT_OWNER_NIXOS:
		(void)snprintf(
			text, size,
			"set networking.firewall.extraForwardRules = ''%s saddr %s accept'';",
			v4 ? "ip" : "ip6", network);
		return;
	case NAT_OWNER_UNKNOWN:
	case NAT_OWNER_LIBVIRT:
	case NAT_OWNER_PODMAN:
	case NAT_OWNER_KUBERNETES:
		break;
	}
	(void)snprintf(
		text, size,
		"nft 'insert rule %s %s %s %s saddr %s accept'; nft 'insert rule %s %s %s %s "
		"daddr %s ct state established,related accept'; and the same where that table "
		"is made",
		blocker->family, blocker->table, blocker->chain, v4 ? "ip" : "ip6", network,
		blocker->family, blocker->table, blocker->chain, v4 ? "ip" : "ip6", network);
}

/**
 * explain_fix - say what mends it
 * @blocker: borrowed
 * @text, @size: where it goes
 */
static void explain_fix(const struct nat_blocker *blocker, char *text, size_t size)
{
	enum coexist_party party;

	if (addr_is_set(&blocker->network.addr))
		fix_for_network(blocker, text, size);
	else if (blocker_party(blocker, &party))
		(void)snprintf(text, size, "nixctr-net nat coexist --with %s",
			       coexist_party_name(party));
	else if (blocker->owner == NAT_OWNER_NIXOS && strcmp(blocker->hook, "forward") == 0)
		(void)snprintf(text, size,
			       "set networking.firewall.extraForwardRules = ''iifname \"ve-*\" "
			       "accept''; or networking.firewall.filterForward = false;");
	else if (blocker->owner == NAT_OWNER_NIXOS)
		(void)snprintf(text, size, "set networking.firewall.checkReversePath = \"loose\";");
	else
		fix_by_hand(blocker, text, size);
}

/**
 * blocker_explain - say all about rules that drop packets of containers
 * @blocker: borrowed
 * @finding: filled, but for its id
 */
void blocker_explain(const struct nat_blocker *blocker, struct finding *finding)
{
	char passages[96] = "";

	explain_passages(blocker, passages, sizeof(passages));
	finding->unread = blocker->unsure;
	explain_evidence(blocker, finding->evidence, sizeof(finding->evidence));
	if (blocker->unsure) {
		(void)snprintf(finding->what, sizeof(finding->what), "%s may be dropped by %s",
			       passages, owners[blocker->owner].name);
		(void)snprintf(finding->cause, sizeof(finding->cause),
			       "a rule before that may let them pass, but nobody here knows "
			       "\"%s\"",
			       blocker->unknown);
	} else {
		(void)snprintf(finding->what, sizeof(finding->what), "%s: dropped by %s", passages,
			       owners[blocker->owner].name);
		(void)snprintf(finding->cause, sizeof(finding->cause),
			       "%s; no accept in table inet " NAT_TABLE " overrules that",
			       owners[blocker->owner].cause);
	}
	explain_fix(blocker, finding->fix, sizeof(finding->fix));
}
