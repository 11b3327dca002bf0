/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "nat/match.h"
#include "nat/nft.h"
#include "nat/read.h"

static const struct foreign_ops nft_ops = { foreign_judge };

/**
 * take_chain - take a chain; for struct nft_taker
 * @data: the ruleset
 * @index: not used
 * @answer: borrowed; NULL: there is none
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int take_chain(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct foreign_ruleset *ruleset = data;
	struct nftnl_chain *parsed = answer ? nftnl_chain_alloc() : NULL;
	struct foreign_chain *chain = NULL;
	const char *type;

	(void)index;
	if (!answer)
		return 0;
	if (!parsed || nftnl_chain_nlmsg_parse(answer, parsed) < 0)
		goto out;
	chain = foreign_add_chain(ruleset, (uint8_t)nftnl_chain_get_u32(parsed, NFTNL_CHAIN_FAMILY),
				  nftnl_chain_get_str(parsed, NFTNL_CHAIN_TABLE),
				  nftnl_chain_get_str(parsed, NFTNL_CHAIN_NAME));
	if (!chain || !nftnl_chain_is_set(parsed, NFTNL_CHAIN_HOOKNUM))
		goto out;
	type = nftnl_chain_get_str(parsed, NFTNL_CHAIN_TYPE);
	chain->base = true;
	chain->hook = nftnl_chain_get_u32(parsed, NFTNL_CHAIN_HOOKNUM);
	chain->priority = nftnl_chain_get_s32(parsed, NFTNL_CHAIN_PRIO);
	chain->drops = nftnl_chain_get_u32(parsed, NFTNL_CHAIN_POLICY) == NF_DROP;
	chain->filter = type && strcmp(type, "nat") != 0;
out:
	if (parsed)
		nftnl_chain_free(parsed);
	return chain ? 0 : error_errno(e, ENOMEM, "cannot read the chains of nf_tables");
}

/**
 * chain_of - the chain that the next rule is in
 * @ruleset: changed
 * @answer: the rule as it was listed, borrowed
 *
 * The kernel lists the rules in the order of the chains, so that it is the last one or the next.
 *
 * Returns it, borrowed, or NULL when there was none of that name.
 */
static struct foreign_chain *chain_of(struct foreign_ruleset *ruleset,
				      const struct nlmsghdr *answer)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(answer);
	const struct nlattr *table = message_attribute(answer, NFTA_RULE_TABLE);
	const struct nlattr *name = message_attribute(answer, NFTA_RULE_CHAIN);
	struct foreign_chain *found;

	if (!table || !name)
		return NULL;
	found = foreign_find_chain(ruleset, ruleset->reading, header->nfgen_family,
				   mnl_attr_get_str(table), mnl_attr_get_str(name));
	if (found)
		ruleset->reading = (size_t)(found - ruleset->chains);
	return found;
}

/**
 * take_rule - take a rule; for struct nft_taker
 * @data: the ruleset
 * @index: not used
 * @answer: borrowed; NULL: there is none
 * @e: filled on failure
 *
 * Of a rule with something in it that the library has never heard of, only the place is known.
 *
 * Returns 0, -ERESTART when its chain was not there a moment ago, or -ENOMEM.
 */
static int take_rule(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct foreign_ruleset *ruleset = data;
	struct nftnl_rule *rule = answer ? nftnl_rule_alloc() : NULL;
	struct foreign_chain *chain;
	bool readable;

	(void)index;
	if (!answer)
		return 0;
	if (!rule || !foreign_room_for_rule(ruleset)) {
		if (rule)
			nftnl_rule_free(rule);
		return error_errno(e, ENOMEM, "cannot read the rules of nf_tables");
	}
	readable = nftnl_rule_nlmsg_parse(answer, rule) == 0;
	chain = chain_of(ruleset, answer);
	ruleset->rules[ruleset->n_rules++] = readable ? rule : NULL;
	if (!readable)
		nftnl_rule_free(rule);
	if (!chain)
		return error_errno(e, ERESTART, "nf_tables was changed while it was read");
	if (chain->n_rules++ == 0)
		chain->first_rule = ruleset->n_rules - 1;
	return 0;
}

/**
 * list_all - list all objects of a kind, of all tables that concern packets of containers
 * @nat: the session
 * @kind: chains or rules
 * @take: takes each of them
 * @ruleset: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int list_all(struct nat *nat, enum nft_kind kind,
		    int (*take)(void *, size_t, const struct nlmsghdr *, struct error *),
		    struct foreign_ruleset *ruleset, struct error *e)
{
	const struct nft_taker taker = { take, ruleset };
	struct nft_request request;

	nft_request_init(&request);
	nft_request_add(&request, NFT_LIST, kind, "s");
	nft_request_foreign(&request, NFPROTO_UNSPEC, "all tables");
	return nft_query(nat, &request, &taker, e);
}

/**
 * foreign_try - read what there is in nf_tables once
 * @nat: the session
 * @ruleset: empty
 * @e: filled on failure
 *
 * Returns 0, -ERESTART when it was changed meanwhile, or another -errno.
 */
static int foreign_try(struct nat *nat, struct foreign_ruleset *ruleset, struct error *e)
{
	int r;

	ruleset->ops = &nft_ops;
	ruleset->nat = nat;
	r = list_all(nat, NFT_CHAIN, take_chain, ruleset, e);
	return r < 0 ? r : list_all(nat, NFT_RULE, take_rule, ruleset, e);
}

/**
 * foreign_read - read the chains and rules of all tables in nf_tables
 * @nat: the session
 * @ruleset: empty; the caller ends with foreign_ruleset_deinit(), whatever is returned
 * @e: filled on failure
 *
 * Returns 0, -EAGAIN (ERROR_BUSY) when they are changed over and over, or another -errno.
 */
int foreign_read(struct nat *nat, struct foreign_ruleset *ruleset, struct error *e)
{
	for (unsigned tries = 0; tries < SNAPSHOT_TRIES; tries++) {
		int r = foreign_try(nat, ruleset, e);

		if (r != -ERESTART)
			return r;
		foreign_ruleset_deinit(ruleset);
		*ruleset = (struct foreign_ruleset){ .nat = NULL };
	}
	return error_set(e, ERROR_BUSY, EAGAIN,
			 "cannot read nf_tables: it is changed faster than that");
}
