/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/blockers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/host.h"
#include "container/masquerade.h"

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

/**
 * blockers_find - find the rules of others that drop packets of containers
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
	int r = masquerade_read(paths, &state, e);

	ret_blockers->count = 0;
	if (r >= 0)
		r = outside_find(&state, traffic.ports, &outside, e);
	if (r < 0 || outside.count == 0)
		return r < 0 ? r : 0;
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
 * in nf_tables, and in the very table.
 *
 * Returns whether there is one.
 */
bool blocker_party(const struct nat_blocker *blocker, enum coexist_party *ret_party)
{
	bool filter =
		strcmp(blocker->table, "filter") == 0 && strcmp(blocker->hook, "forward") == 0;
	bool ours_to_put = !blocker->legacy && filter;

	switch (blocker->owner) {
	case NAT_OWNER_FIREWALLD:
		*ret_party = COEXIST_FIREWALLD;
		return true;
	case NAT_OWNER_UFW:
		*ret_party = COEXIST_UFW;
		return filter;
	case NAT_OWNER_DOCKER:
		*ret_party = COEXIST_DOCKER;
		return ours_to_put;
	case NAT_OWNER_IPTABLES:
		*ret_party = COEXIST_IPTABLES;
		return ours_to_put;
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
	size_t length = 0;

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
 * explain_fix - say what mends it
 * @blocker: borrowed
 * @text, @size: where it goes
 */
static void explain_fix(const struct nat_blocker *blocker, char *text, size_t size)
{
	enum coexist_party party;

	if (blocker_party(blocker, &party))
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
