/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Tables that iptables has made in nf_tables belong to nobody in particular, and some programs leave a
 * chain there for the rules of others (DOCKER-USER). Our two rules have the form which iptables
 * itself gives its rules, so that it can show them: interface and verdict are expressions of
 * nf_tables, the state of a connection is the match "conntrack". A comment says whose they are, and by
 * it they are found again. What somebody puts before them later stays there: it may be meant so.
 */
#include "nat/foreign.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h> /* before the library's, which forget it */

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/builder.h"
#include "nat/match.h"
#include "nat/nft.h"
#include "nat/read.h"

#define PLACE_COMMENT  "nixctr-net"
#define PLACE_REVISION 3 /* of the match "conntrack" */
#define PLACE_RULES    2
#define PLACE_FOUND    16 /* of our rules in one chain; we put two there */

static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

/* A chain of one family, and which rules of ours are in it. */
struct place_look {
	uint32_t generation;
	bool present; /* there is such a chain */
	size_t count; /* of ours */
	uint64_t handles[PLACE_FOUND];
};

/**
 * rule_is_ours - whether a rule has our comment
 * @answer: as it was listed, borrowed
 */
static bool rule_is_ours(const struct nlmsghdr *answer)
{
	const struct nlattr *userdata = message_attribute(answer, NFTA_RULE_USERDATA);
	uint8_t comment[COMMENT_MAX];
	size_t size = comment_format(comment, NFTNL_UDATA_RULE_COMMENT, PLACE_COMMENT);

	return userdata && mnl_attr_get_payload_len(userdata) == size &&
	       memcmp(mnl_attr_get_payload(userdata), comment, size) == 0;
}

/**
 * take_place - take an answer to the question for a chain: generation, chain, its rules
 * @data: a struct place_look
 * @index: which part of the question it answers
 * @answer: borrowed; NULL: there is no such thing
 * @e: filled on failure
 *
 * Returns 0 or -EPROTO.
 */
static int take_place(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct place_look *look = data;
	const struct nlattr *handle;

	if (index == 0)
		return take_generation(&look->generation, 0, answer, e);
	if (!answer)
		return 0;
	if (index == 1) {
		look->present = true;
		return 0;
	}
	handle = message_attribute(answer, NFTA_RULE_HANDLE);
	if (handle && rule_is_ours(answer) && look->count < PLACE_FOUND)
		look->handles[look->count++] = be64toh(mnl_attr_get_u64(handle));
	return 0;
}

/**
 * place_look - look at a chain
 * @nat: the session
 * @family: NFPROTO_...
 * @place: which chain
 * @ret_look: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int place_look(struct nat *nat, uint8_t family, const struct nat_place *place,
		      struct place_look *ret_look, struct error *e)
{
	const struct nft_taker taker = { take_place, ret_look };
	struct nft_request request;
	struct nlmsghdr *message;

	*ret_look = (struct place_look){ .count = 0 };
	nft_request_init(&request);
	nft_request_add(&request, NFT_READ, NFT_GENERATION, "");
	message = nft_request_add(&request, NFT_READ, NFT_CHAIN, place->chain);
	nft_request_foreign(&request, family, place->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, place->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, place->chain);
	message = nft_request_add(&request, NFT_LIST, NFT_RULE, place->chain);
	nft_request_foreign(&request, family, place->table);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, place->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, place->chain);
	return nft_query(nat, &request, &taker, e);
}

/**
 * put_states - go on only with packets that belong to a connection, or to one to a published port
 * @builder: changed
 */
static void put_states(struct builder *builder)
{
	struct xt_conntrack_mtinfo3 *info = calloc(1, XT_ALIGN(sizeof(*info)));
	struct nftnl_expr *match = info ? nftnl_expr_alloc("match") : NULL;

	if (!match) {
		free(info);
		builder->r = -ENOMEM;
		return;
	}
	info->match_flags = XT_CONNTRACK_STATE;
	info->state_mask =
		(uint16_t)(XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) |
			   XT_CONNTRACK_STATE_BIT(IP_CT_RELATED) | XT_CONNTRACK_STATE_DNAT);
	nftnl_rule_add_expr(builder->rule, match);
	if (nftnl_expr_set_str(match, NFTNL_EXPR_MT_NAME, "conntrack") < 0)
		builder->r = -ENOMEM;
	nftnl_expr_set_u32(match, NFTNL_EXPR_MT_REV, PLACE_REVISION);
	/* It is the expression's from here on. */
	if (nftnl_expr_set(match, NFTNL_EXPR_MT_INFO, info, XT_ALIGN(sizeof(*info))) < 0)
		builder->r = -ENOMEM;
}

/**
 * place_put - put one of our rules into a message
 * @message: changed
 * @place: which chain
 * @key: NFT_META_IIFNAME: what comes from containers, NFT_META_OIFNAME: what belongs to them
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int place_put(struct nlmsghdr *message, const struct nat_place *place, uint32_t key,
		     struct error *e)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct builder builder = { .rule = rule };
	uint8_t comment[COMMENT_MAX];
	size_t size = comment_format(comment, NFTNL_UDATA_RULE_COMMENT, PLACE_COMMENT);

	if (!rule)
		return error_errno(e, ENOMEM, "cannot describe a rule of chain %s", place->chain);
	if (nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, place->table) < 0 ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, place->chain) < 0 ||
	    nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, comment, (uint32_t)size) < 0)
		builder.r = -ENOMEM;
	put_meta(&builder, key);
	put_compare(&builder, NFT_CMP_EQ, NAT_PREFIX, strlen(NAT_PREFIX));
	if (key == NFT_META_OIFNAME)
		put_states(&builder);
	expression_add(&builder, "counter", NULL, 0);
	EXPRESSION(&builder, "immediate", FIELD_U32(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT),
		   FIELD_U32(NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT));
	if (builder.r == 0)
		rule_put_normal(message, rule);
	nftnl_rule_free(rule);
	return builder.r < 0 ? error_errno(e, -builder.r, "cannot describe a rule of chain %s",
					   place->chain)
			     : 0;
}

/**
 * batch_delete - add to a batch that our rules go
 * @batch: changed
 * @family, @place: which chain
 * @look: which rules, borrowed
 */
static void batch_delete(struct nft_request *batch, uint8_t family, const struct nat_place *place,
			 const struct place_look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		struct nlmsghdr *message =
			nft_request_add(batch, NFT_DELETE, NFT_RULE, PLACE_COMMENT);

		nft_request_foreign(batch, family, place->table);
		mnl_attr_put_strz(message, NFTA_RULE_TABLE, place->table);
		mnl_attr_put_strz(message, NFTA_RULE_CHAIN, place->chain);
		mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(look->handles[i]));
	}
}

/**
 * batch_insert - add to a batch that our rules come to the head of a chain
 * @batch: changed
 * @family, @place: which chain
 * @e: filled on failure
 *
 * The one that comes last stands first.
 *
 * Returns 0 or -ENOMEM.
 */
static int batch_insert(struct nft_request *batch, uint8_t family, const struct nat_place *place,
			struct error *e)
{
	static const uint32_t keys[PLACE_RULES] = { NFT_META_OIFNAME, NFT_META_IIFNAME };
	int r = 0;

	for (size_t i = 0; r == 0 && i < PLACE_RULES; i++) {
		struct nlmsghdr *message = nft_request_add(batch, NFT_ADD, NFT_RULE, PLACE_COMMENT);

		message->nlmsg_flags &= (uint16_t)~NLM_F_APPEND;
		nft_request_foreign(batch, family, place->table);
		r = place_put(message, place, keys[i], e);
	}
	return r;
}

/* What is to be in a chain. */
enum place_wish { PLACE_ENSURE, PLACE_CLEAR };

/**
 * place_try - have our rules in a chain of one family or not, unless somebody commits meanwhile
 * @nat: the session
 * @family, @place: which chain
 * @wish: whether they shall be there
 * @e: filled on failure
 *
 * Returns 1, 0 when it was so, -ERESTART, or another -errno.
 */
static int place_try(struct nat *nat, uint8_t family, const struct nat_place *place,
		     enum place_wish wish, struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	struct place_look look;
	int r = place_look(nat, family, place, &look, e);

	nft_batch_init(&batch, look.generation);
	if (r < 0)
		return r;
	if (!look.present || (wish == PLACE_CLEAR && look.count == 0) ||
	    (wish == PLACE_ENSURE && look.count == PLACE_RULES))
		return 0;
	batch_delete(&batch, family, place, &look);
	if (wish == PLACE_ENSURE)
		r = batch_insert(&batch, family, place, e);
	if (r == 0)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * place_make - have our rules in a chain or not, for both families
 * @nat: the session
 * @place: which chain
 * @wish: whether they shall be there
 * @e: filled on failure
 *
 * Returns 1, 0 when it was so, or -errno.
 */
static int place_make(struct nat *nat, const struct nat_place *place, enum place_wish wish,
		      struct error *e)
{
	int done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int r = -ERESTART;

		for (unsigned tries = 0; r == -ERESTART && tries < SNAPSHOT_TRIES; tries++)
			r = place_try(nat, families[i], place, wish, e);
		if (r == -ERESTART)
			return error_set(e, ERROR_BUSY, EAGAIN,
					 "cannot change chain %s: the ruleset is changed faster "
					 "than that",
					 place->chain);
		if (r < 0)
			return error_wrap(e, r, "chain %s of iptables", place->chain);
		done |= r;
	}
	return done;
}

/**
 * nat_place_ensure - let containers' packets pass in a chain of iptables
 * @nat: the session
 * @place: which chain
 * @e: filled on failure
 *
 * Returns 1, 0 when they do or there is no such chain, or -errno.
 */
int nat_place_ensure(struct nat *nat, const struct nat_place *place, struct error *e)
{
	return place_make(nat, place, PLACE_ENSURE, e);
}

/**
 * nat_place_clear - take our rules out of a chain of iptables
 * @nat: the session
 * @place: which chain
 * @e: filled on failure
 *
 * Returns 1, 0 when there were none, or -errno.
 */
int nat_place_clear(struct nat *nat, const struct nat_place *place, struct error *e)
{
	return place_make(nat, place, PLACE_CLEAR, e);
}

/**
 * nat_place_missing - whether our rules are missing in a chain of iptables
 * @nat: the session
 * @place: which chain
 * @ret_chains: how many there are, of both families
 * @e: filled on failure
 *
 * Returns in how many of them they are missing, or -errno.
 */
int nat_place_missing(struct nat *nat, const struct nat_place *place, size_t *ret_chains,
		      struct error *e)
{
	struct place_look look;
	size_t chains = 0;
	int missing = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int r = place_look(nat, families[i], place, &look, e);

		if (r < 0)
			return error_wrap(e, r, "chain %s of iptables", place->chain);
		if (!look.present)
			continue;
		chains++;
		missing += look.count != PLACE_RULES;
	}
	*ret_chains = chains;
	return missing;
}
