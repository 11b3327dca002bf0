/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * iptables-legacy keeps its rules where nf_tables does not see them; who reads them asks a raw socket
 * for all entries of a table at once. They lie one behind the other: a chain of a hook begins where
 * the kernel says and ends with its policy, a user's chain begins behind an entry with the target
 * ERROR, which has its name. A jump is a verdict that is the offset of the first entry of a chain.
 *
 * To ask for a table is to have it made, so only those are asked for that are there already
 * (/proc/net/ip_tables_names).
 */
#include "nat/foreign.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* An entry, of either family, taken apart. */
struct entry {
	size_t size; /* of it all: where the next one begins */
	const struct ipt_entry *v4;
	const struct ip6t_entry *v6;
	size_t matches; /* where they begin */
	const struct xt_entry_target *target;
};

/**
 * entry_at - take an entry apart
 * @ruleset: borrowed
 * @offset: where it begins, in a table that the kernel has checked
 */
static struct entry entry_at(const struct foreign_ruleset *ruleset, size_t offset)
{
	const uint8_t *bytes = ruleset->entries + offset;
	struct entry entry = { .size = 0 };

	if (ruleset->family == NFPROTO_IPV4) {
		entry.v4 = (const void *)bytes;
		entry.size = entry.v4->next_offset;
		entry.matches = offset + sizeof(*entry.v4);
		entry.target = (const void *)(bytes + entry.v4->target_offset);
	} else {
		entry.v6 = (const void *)bytes;
		entry.size = entry.v6->next_offset;
		entry.matches = offset + sizeof(*entry.v6);
		entry.target = (const void *)(bytes + entry.v6->target_offset);
	}
	return entry;
}

/**
 * entry_verdict - what an entry with the standard target decides
 * @entry: borrowed
 */
static int entry_verdict(const struct entry *entry)
{
	return ((const struct xt_standard_target *)(const void *)entry->target)->verdict;
}

/**
 * entry_error - the name that an entry with the target ERROR has
 * @entry: borrowed
 */
static const char *entry_error(const struct entry *entry)
{
	return ((const struct xt_error_target *)(const void *)entry->target)->errorname;
}

/**
 * link_matches - whether the name of a link is the one that is asked for
 * @name: of the link, padded
 * @wanted, @mask: what is asked for, and which bytes of it count
 */
static bool link_matches(const char *name, const char *wanted, const unsigned char *mask)
{
	for (size_t i = 0; i < IFNAMSIZ; i++)
		if ((name[i] ^ wanted[i]) & mask[i])
			return false;
	return true;
}

/**
 * address_matches - whether an address is one of those that are asked for
 * @known: whether we know it
 * @address: the address
 * @wanted, @mask: what is asked for, and which bits of it count
 * @size: bytes of an address
 * @inverted: all others are asked for
 */
static enum certainty address_matches(bool known, const uint8_t *address, const void *wanted,
				      const void *mask, size_t size, bool inverted)
{
	const uint8_t *value = wanted, *bits = mask;
	bool same = true, any = true;

	for (size_t i = 0; i < size; i++) {
		any = any && !bits[i];
		same = same && !((address[i] ^ value[i]) & bits[i]);
	}
	if (any)
		return inverted ? CERTAIN_NONE : CERTAIN_ALL;
	if (!known)
		return CERTAIN_SOME;
	return same != inverted ? CERTAIN_ALL : CERTAIN_NONE;
}

/**
 * head_matches - for how many packets holds what an entry asks for without any match
 * @entry: borrowed
 * @packet: a sample, borrowed
 */
static enum certainty head_matches(const struct entry *entry, const struct packet *packet)
{
	const struct ipt_ip *v4 = entry->v4 ? &entry->v4->ip : NULL;
	const struct ip6t_ip6 *v6 = entry->v6 ? &entry->v6->ipv6 : NULL;
	unsigned inverted = v4 ? v4->invflags : v6->invflags;
	unsigned protocol = v4 ? v4->proto : v6->proto;
	size_t size = v4 ? sizeof(v4->src) : sizeof(v6->src);
	enum certainty from, to;

	if (link_matches(packet->iif, v4 ? v4->iniface : v6->iniface,
			 v4 ? v4->iniface_mask : v6->iniface_mask) == !!(inverted & IPT_INV_VIA_IN))
		return CERTAIN_NONE;
	if (link_matches(packet->oif, v4 ? v4->outiface : v6->outiface,
			 v4 ? v4->outiface_mask : v6->outiface_mask) ==
	    !!(inverted & IPT_INV_VIA_OUT))
		return CERTAIN_NONE;
	if (protocol && (protocol == IPPROTO_TCP) == !!(inverted & XT_INV_PROTO))
		return CERTAIN_NONE;
	from = address_matches(
		packet->saddr_known, packet->saddr, v4 ? (const void *)&v4->src : &v6->src,
		v4 ? (const void *)&v4->smsk : &v6->smsk, size, inverted & IPT_INV_SRCIP);
	to = address_matches(
		packet->daddr_known, packet->daddr, v4 ? (const void *)&v4->dst : &v6->dst,
		v4 ? (const void *)&v4->dmsk : &v6->dmsk, size, inverted & IPT_INV_DSTIP);
	if (v4 && v4->flags & IPT_F_FRAG && to > CERTAIN_SOME)
		to = CERTAIN_SOME;
	return from < to ? from : to;
}

/**
 * judge_matches - take in what the matches of an entry ask for
 * @ruleset: borrowed
 * @entry: borrowed
 * @packet: a sample, borrowed
 * @judgement: changed
 */
static void judge_matches(const struct foreign_ruleset *ruleset, const struct entry *entry,
			  const struct packet *packet, struct judgement *judgement)
{
	size_t end = (size_t)((const uint8_t *)entry->target - ruleset->entries);

	for (size_t place = entry->matches; place < end;) {
		const struct xt_entry_match *match = (const void *)(ruleset->entries + place);
		enum certainty certainty;

		if (match->u.match_size < sizeof(*match))
			return;
		certainty = extension_match(match->u.user.name, match->u.user.revision, match->data,
					    match->u.match_size - sizeof(*match), packet);
		if (certainty < judgement->certainty)
			judgement->certainty = certainty;
		if (certainty == CERTAIN_UNSURE)
			(void)snprintf(judgement->unknown, sizeof(judgement->unknown), "match %.*s",
				       XT_EXTENSION_MAXNAMELEN, match->u.user.name);
		place += match->u.match_size;
	}
}

/**
 * judge_standard - take a verdict of iptables itself
 * @ruleset: borrowed
 * @entry: borrowed
 * @offset: where it begins
 * @judgement: changed
 */
static void judge_standard(const struct foreign_ruleset *ruleset, const struct entry *entry,
			   size_t offset, struct judgement *judgement)
{
	int verdict = entry_verdict(entry);
	unsigned flags = entry->v4 ? entry->v4->ip.flags : entry->v6->ipv6.flags;
	unsigned go = entry->v4 ? IPT_F_GOTO : IP6T_F_GOTO;

	if (verdict == XT_RETURN) {
		judgement->verdict = VERDICT_RETURN;
	} else if (verdict < 0) {
		judgement->verdict = -verdict - 1 == NF_DROP ? VERDICT_DROP : VERDICT_ACCEPT;
	} else if ((size_t)verdict != offset + entry->size) {
		judgement->verdict = flags & go ? VERDICT_GOTO : VERDICT_JUMP;
		for (size_t i = 0; i < ruleset->n_chains; i++) {
			const struct foreign_chain *chain = &ruleset->chains[i];

			if (chain->n_rules &&
			    ruleset->offsets[chain->first_rule] == (size_t)verdict)
				memcpy(judgement->chain, chain->name, sizeof(judgement->chain));
		}
	}
}

/**
 * legacy_judge - what a rule of iptables-legacy does with a packet
 * @ruleset: borrowed
 * @chain: not used
 * @rule: which
 * @packet: a sample, borrowed
 * @ret_judgement: filled
 */
static void legacy_judge(const struct foreign_ruleset *ruleset, const struct foreign_chain *chain,
			 size_t rule, const struct packet *packet, struct judgement *ret_judgement)
{
	struct entry entry = entry_at(ruleset, ruleset->offsets[rule]);
	struct judgement judgement = { .certainty = head_matches(&entry, packet) };

	(void)chain;
	if (judgement.certainty != CERTAIN_NONE)
		judge_matches(ruleset, &entry, packet, &judgement);
	if (strcmp(entry.target->u.user.name, XT_STANDARD_TARGET) == 0)
		judge_standard(ruleset, &entry, ruleset->offsets[rule], &judgement);
	else
		extension_target(entry.target->u.user.name, &judgement);
	*ret_judgement = judgement;
}

static const struct foreign_ops legacy_ops = { legacy_judge };

/**
 * hook_of - the hook whose chain begins or ends at an entry
 * @places: of each hook, where it begins or ends
 * @valid: bits of the hooks that the table has
 * @offset: of the entry
 *
 * Returns it, or NF_INET_NUMHOOKS.
 */
static unsigned hook_of(const unsigned *places, unsigned valid, size_t offset)
{
	unsigned hook = 0;

	while (hook < NF_INET_NUMHOOKS && !(valid & 1U << hook && places[hook] == offset))
		hook++;
	return hook;
}

/**
 * add_hooked - add the chain of a hook
 * @ruleset: changed
 * @family, @table: where it is
 * @hook: NF_INET_...
 *
 * Returns it, or NULL without memory.
 */
static struct foreign_chain *add_hooked(struct foreign_ruleset *ruleset, uint8_t family,
					const char *table, unsigned hook)
{
	static const char *const names[NF_INET_NUMHOOKS] = { "PREROUTING", "INPUT", "FORWARD",
							     "OUTPUT", "POSTROUTING" };
	struct foreign_chain *chain = foreign_add_chain(ruleset, family, table, names[hook]);

	if (!chain)
		return NULL;
	chain->base = true;
	chain->hook = hook;
	chain->filter = strcmp(table, "nat") != 0;
	return chain;
}

/**
 * legacy_add_rule - add an entry to a chain as its rule
 * @ruleset: changed
 * @chain: its last one
 * @offset: of the entry
 *
 * Returns whether there was memory.
 */
static bool legacy_add_rule(struct foreign_ruleset *ruleset, struct foreign_chain *chain,
			    size_t offset)
{
	if (!foreign_room_for_rule(ruleset))
		return false;
	ruleset->offsets[ruleset->n_rules++] = offset;
	chain->n_rules++;
	return true;
}

/**
 * legacy_sort - find out which entries are rules of which chains
 * @ruleset: its entries are there
 * @family, @table: which table it is
 * @info: what the kernel said of it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int legacy_sort(struct foreign_ruleset *ruleset, uint8_t family, const char *table,
		       const struct ipt_getinfo *info, struct error *e)
{
	struct foreign_chain *chain = NULL;
	struct entry entry;

	for (size_t offset = 0; offset < info->size; offset += entry.size) {
		unsigned begins = hook_of(info->hook_entry, info->valid_hooks, offset);
		bool ends = hook_of(info->underflow, info->valid_hooks, offset) < NF_INET_NUMHOOKS;

		entry = entry_at(ruleset, offset);
		if (begins < NF_INET_NUMHOOKS)
			chain = add_hooked(ruleset, family, table, begins);
		if (strcmp(entry.target->u.user.name, XT_ERROR_TARGET) == 0)
			chain = foreign_add_chain(ruleset, family, table, entry_error(&entry));
		else if (chain && ends)
			chain->drops = entry_verdict(&entry) == -NF_DROP - 1;
		else if (chain && !legacy_add_rule(ruleset, chain, offset))
			chain = NULL;
		if (!chain || entry.size == 0)
			return error_errno(e, ENOMEM, "cannot read table %s of iptables-legacy",
					   table);
	}
	return 0;
}

/**
 * legacy_ask - get a table from the kernel
 * @family, @table: which
 * @ret_info: what it is like
 * @ret_entries: all its entries; the caller frees them
 *
 * The structures of both families are the same up to the entries, and so are the options' numbers.
 *
 * Returns 0 or -errno.
 */
static int legacy_ask(uint8_t family, const char *table, struct ipt_getinfo *ret_info,
		      uint8_t **ret_entries)
{
	bool v4 = family == NFPROTO_IPV4;
	_cleanup_(fd_closep) int fd =
		socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	_cleanup_(freep) struct ipt_get_entries *get = NULL;
	struct ipt_getinfo info = { .size = 0 };
	const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	socklen_t size = sizeof(info);
	uint8_t *entries;

	(void)snprintf(info.name, sizeof(info.name), "%s", table);
	if (fd < 0 || getsockopt(fd, level, IPT_SO_GET_INFO, &info, &size) < 0)
		return -errno;
	size = (socklen_t)(sizeof(*get) + info.size);
	get = calloc(1, size);
	entries = malloc(info.size ? info.size : 1);
	if (!get || !entries) {
		free(entries);
		return -ENOMEM;
	}
	memcpy(get->name, info.name, sizeof(get->name));
	get->size = info.size;
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, get, &size) < 0) {
		free(entries);
		return -errno;
	}
	memcpy(entries, get->entrytable, info.size);
	*ret_info = info;
	*ret_entries = entries;
	return 0;
}

/**
 * legacy_read - read a table of iptables-legacy that is there
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @table: its name
 * @ruleset: empty; the caller ends with foreign_ruleset_deinit(), whatever is returned
 * @e: filled on failure
 *
 * Who changes it between our two questions makes the second fail, and we ask again.
 *
 * Returns 0 or -errno.
 */
int legacy_read(uint8_t family, const char *table, struct foreign_ruleset *ruleset, struct error *e)
{
	struct ipt_getinfo info;
	int r = -EAGAIN;

	ruleset->ops = &legacy_ops;
	ruleset->legacy = true;
	ruleset->family = family;
	for (unsigned tries = 0; r == -EAGAIN && tries < 100; tries++)
		r = legacy_ask(family, table, &info, &ruleset->entries);
	if (r < 0)
		return error_errno(e, -r, "cannot read table %s of %s-legacy", table,
				   family == NFPROTO_IPV4 ? "iptables" : "ip6tables");
	return legacy_sort(ruleset, family, table, &info, e);
}
