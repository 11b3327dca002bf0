/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

/* Tables of iptables that have chains for packets that are forwarded. */
static const char *const legacy_tables[] = { "raw", "mangle", "filter", "security" };

/* What is looked for, and what was found. */
struct search {
	const struct nat_traffic *traffic;
	struct nat_blockers *blockers;
};

/**
 * hook_name - a hook as nft(8) calls it; NULL: packets of containers do not come to it
 * @hook: NF_INET_...
 */
static const char *hook_name(unsigned hook)
{
	switch (hook) {
	case NF_INET_PRE_ROUTING:
		return "prerouting";
	case NF_INET_FORWARD:
		return "forward";
	case NF_INET_POST_ROUTING:
		return "postrouting";
	default:
		return NULL;
	}
}

/**
 * blocker_find - the entry of what drops packets in one place
 * @blockers: changed; a new entry is made
 * @wanted: which, borrowed
 *
 * Returns it, or NULL when there is no room for more: then enough has been said.
 */
static struct nat_blocker *blocker_find(struct nat_blockers *blockers,
					const struct nat_blocker *wanted)
{
	for (size_t i = 0; i < blockers->count; i++) {
		struct nat_blocker *one = &blockers->list[i];

		if (one->rule == wanted->rule && one->legacy == wanted->legacy &&
		    one->unsure == wanted->unsure && strcmp(one->family, wanted->family) == 0 &&
		    strcmp(one->table, wanted->table) == 0 &&
		    strcmp(one->chain, wanted->chain) == 0 &&
		    strcmp(one->dropper, wanted->dropper) == 0 &&
		    one->network.length == wanted->network.length &&
		    addr_equal(&one->network.addr, &wanted->network.addr))
			return one;
	}
	if (blockers->count == NAT_BLOCKERS_MAX)
		return NULL;
	blockers->list[blockers->count] = *wanted;
	return &blockers->list[blockers->count++];
}

/**
 * search_note - note that a packet is dropped
 * @search: changed
 * @ruleset, @chain: where, borrowed
 * @packet: which, borrowed
 * @end: what becomes of it, borrowed
 */
static void search_note(struct search *search, const struct foreign_ruleset *ruleset,
			const struct foreign_chain *chain, const struct packet *packet,
			const struct walk_end *end)
{
	struct nat_blocker wanted = { .legacy = ruleset->legacy,
				      .unsure = end->unsure,
				      .priority = chain->priority,
				      .rule = end->rule,
				      .rejects = end->verdict == VERDICT_REJECT };
	struct nat_blocker *blocker;

	if (packet->network)
		wanted.network = *packet->network;
	wanted.owner = foreign_owner(ruleset, chain, end);
	memcpy(wanted.unknown, end->unknown, sizeof(wanted.unknown));
	(void)snprintf(wanted.family, sizeof(wanted.family), "%s",
		       chain->family == NFPROTO_INET   ? "inet"
		       : chain->family == NFPROTO_IPV4 ? "ip"
						       : "ip6");
	(void)snprintf(wanted.table, sizeof(wanted.table), "%s", chain->table);
	(void)snprintf(wanted.chain, sizeof(wanted.chain), "%s", chain->name);
	(void)snprintf(wanted.hook, sizeof(wanted.hook), "%s", hook_name(chain->hook));
	(void)snprintf(wanted.dropper, sizeof(wanted.dropper), "%s", end->chain);
	blocker = blocker_find(search->blockers, &wanted);
	if (!blocker)
		return;
	blocker->passages |= packet->passage;
	blocker->ipv4 |= packet->family == NFPROTO_IPV4;
	blocker->ipv6 |= packet->family == NFPROTO_IPV6;
}

/**
 * search_chain - lead samples through a base chain
 * @search: changed
 * @ruleset: borrowed
 * @chain: borrowed
 */
static void search_chain(struct search *search, const struct foreign_ruleset *ruleset,
			 const struct foreign_chain *chain)
{
	struct packet packets[PACKETS_MAX];

	for (size_t link = 0; link < search->traffic->n_links; link++) {
		size_t count = packets_make(search->traffic, search->traffic->links[link], packets,
					    PACKETS_MAX);

		for (size_t i = 0; i < count; i++) {
			struct packet packet = packet_at(&packets[i], chain->hook);
			struct walk_end end;

			if (chain->family != NFPROTO_INET && chain->family != packet.family)
				continue;
			end = foreign_walk(ruleset, chain, &packet);
			if (end.verdict == VERDICT_DROP || end.verdict == VERDICT_REJECT)
				search_note(search, ruleset, chain, &packet, &end);
		}
	}
}

/**
 * search_ruleset - lead samples through all base chains that they would come to
 * @search: changed
 * @ruleset: borrowed
 */
static void search_ruleset(struct search *search, const struct foreign_ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->n_chains; i++) {
		const struct foreign_chain *chain = &ruleset->chains[i];
		bool ip = chain->family == NFPROTO_INET || chain->family == NFPROTO_IPV4 ||
			  chain->family == NFPROTO_IPV6;

		if (chain->base && chain->filter && ip && hook_name(chain->hook) &&
		    strcmp(chain->table, NAT_TABLE) != 0)
			search_chain(search, ruleset, chain);
	}
}

/**
 * search_legacy - look through the tables of iptables-legacy of one family
 * @search: changed
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @e: names the table that cannot be read
 *
 * Returns 0 or -errno.
 */
static int search_legacy(struct search *search, uint8_t family, struct error *e)
{
	const char *path =
		family == NFPROTO_IPV4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names";
	_cleanup_(freep) char *names = NULL;
	char *rest, *name;
	size_t length;
	int r = file_read(path, 4096, &names, &length, e);

	if (r == -ENOENT)
		return 0;
	rest = names;
	while (r >= 0 && (name = strsep(&rest, "\n"))) {
		for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(legacy_tables); i++) {
			_cleanup_(foreign_ruleset_deinit) struct foreign_ruleset ruleset = {
				.nat = NULL
			};

			if (strcmp(legacy_tables[i], name) != 0)
				continue;
			r = legacy_read(family, name, &ruleset, e);
			if (r >= 0)
				search_ruleset(search, &ruleset);
		}
	}
	return r < 0 ? r : 0;
}

/**
 * nat_blockers_find - find the rules of others that drop what should pass
 * @nat: the session
 * @traffic: what should pass, borrowed
 * @ret_blockers: filled
 * @e: names what cannot be read
 *
 * Returns 0 or -errno.
 */
int nat_blockers_find(struct nat *nat, const struct nat_traffic *traffic,
		      struct nat_blockers *ret_blockers, struct error *e)
{
	_cleanup_(foreign_ruleset_deinit) struct foreign_ruleset ruleset = { .nat = NULL };
	struct search search = { .traffic = traffic, .blockers = ret_blockers };
	bool ipv6 = traffic->ipv6;
	int r;

	ret_blockers->count = 0;
	for (size_t i = 0; i < traffic->n_networks; i++)
		ipv6 |= traffic->networks[i].prefix.addr.family == AF_INET6;
	r = foreign_read(nat, &ruleset, e);
	if (r < 0)
		return error_wrap(e, r, "rules of others");
	search_ruleset(&search, &ruleset);
	r = search_legacy(&search, NFPROTO_IPV4, e);
	if (r == 0 && ipv6)
		r = search_legacy(&search, NFPROTO_IPV6, e);
	return r < 0 ? error_wrap(e, r, "rules of others") : 0;
}
