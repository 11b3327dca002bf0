/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_conntrack.h>

#include "nat/builder.h"
#include "nat/foreign.h"

/** judge - what a rule does with a sample; the rule is freed */
static struct judgement judge(struct nftnl_rule *rule, enum nat_passage passage)
{
	struct nftnl_rule *rules[] = { rule };
	struct foreign_chain chain = { .family = NFPROTO_INET, .table = "t", .n_rules = 1 };
	struct foreign_ruleset ruleset = {
		.chains = &chain, .n_chains = 1, .rules = rules, .n_rules = 1
	};
	char link[1][IFNAMSIZ] = { "lo" };
	const struct nat_traffic traffic = { .links = link,
					     .n_links = 1,
					     .sender = { AF_INET, { 10, 233, 254, 254 } },
					     .ports = true };
	struct packet packets[PACKETS_MAX];
	struct judgement judgement;
	size_t count = packets_make(&traffic, link[0], packets, PACKETS_MAX), i = 0;

	while (i < count && packets[i].passage != passage)
		i++;
	assert_in_range(i, 0, count - 1);
	foreign_judge(&ruleset, &chain, 0, &packets[i], &judgement);
	if (rule)
		nftnl_rule_free(rule);
	return judgement;
}

/** begin - a rule to build */
static struct builder begin(void)
{
	struct builder builder = { .rule = nftnl_rule_alloc() };

	assert_non_null(builder.rule);
	return builder;
}

/** put_verdict - end a rule with a verdict */
static struct nftnl_rule *put_verdict(struct builder *builder, uint32_t verdict)
{
	EXPRESSION(builder, "immediate", FIELD_U32(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT),
		   FIELD_U32(NFTNL_EXPR_IMM_VERDICT, verdict));
	assert_int_equal(builder->r, 0);
	return builder->rule;
}

/** names_of_links - a pattern is met by all, a name of one container by none of the others */
static void names_of_links(void **state)
{
	struct builder builder = begin();
	struct judgement judgement;

	(void)state;
	put_meta(&builder, NFT_META_IIFNAME);
	put_compare(&builder, NFT_CMP_EQ, "ve-", 3);
	judgement = judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_OUT);
	assert_int_equal(judgement.certainty, CERTAIN_ALL);
	assert_int_equal(judgement.verdict, VERDICT_ACCEPT);

	builder = begin();
	put_meta(&builder, NFT_META_IIFNAME);
	put_compare(&builder, NFT_CMP_EQ, "ve-foo", 7);
	assert_int_equal(judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_OUT).certainty,
			 CERTAIN_NONE);

	builder = begin();
	put_meta(&builder, NFT_META_IIFNAME);
	put_compare(&builder, NFT_CMP_NEQ, "ve-foo", 7);
	assert_int_equal(judge(put_verdict(&builder, NF_DROP), NAT_PASSAGE_OUT).certainty,
			 CERTAIN_ALL);
}

/** states_of_connections - a caller's is new, an answer belongs to what is there */
static void states_of_connections(void **state)
{
	const uint32_t known = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
	struct builder builder = begin();

	(void)state;
	put_ct_bits(&builder, NFT_CT_STATE, known);
	assert_int_equal(judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_OUT).certainty,
			 CERTAIN_NONE);
	builder = begin();
	put_ct_bits(&builder, NFT_CT_STATE, known);
	assert_int_equal(judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_BACK).certainty,
			 CERTAIN_ALL);
	builder = begin();
	put_ct_bits(&builder, NFT_CT_STATUS, IPS_DST_NAT);
	assert_int_equal(judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_PUBLISHED).certainty,
			 CERTAIN_ALL);
}

/** what_differs_is_for_some - a mark is asked for, and known bits of something tell more */
static void what_differs_is_for_some(void **state)
{
	const uint32_t mark = 7, none = 0, zero[4] = { 0 };
	struct builder builder = begin();

	(void)state;
	put_meta(&builder, NFT_META_MARK);
	put_compare(&builder, NFT_CMP_EQ, &mark, sizeof(mark));
	assert_int_equal(judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_OUT).certainty,
			 CERTAIN_SOME);

	/* Of a mark of which no bit is asked for all is known. */
	builder = begin();
	put_meta(&builder, NFT_META_MARK);
	EXPRESSION(&builder, "bitwise", FIELD_U32(NFTNL_EXPR_BITWISE_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL),
		   FIELD_U32(NFTNL_EXPR_BITWISE_LEN, sizeof(none)),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_MASK, zero, sizeof(none)),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_XOR, zero, sizeof(none)));
	put_compare(&builder, NFT_CMP_EQ, &none, sizeof(none));
	assert_int_equal(judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_OUT).certainty,
			 CERTAIN_ALL);
}

/** unknown_expression_leaves_it_open - with its name */
static void unknown_expression_leaves_it_open(void **state)
{
	struct builder builder = begin();
	struct judgement judgement;

	(void)state;
	EXPRESSION(&builder, "match", FIELD_STRING(NFTNL_EXPR_MT_NAME, "new-kind"),
		   FIELD_U32(NFTNL_EXPR_MT_REV, 0));
	judgement = judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_OUT);
	assert_int_equal(judgement.certainty, CERTAIN_UNSURE);
	assert_string_equal(judgement.unknown, "match new-kind");

	/* What another condition rules out is ruled out all the same. */
	builder = begin();
	put_meta(&builder, NFT_META_OIFNAME);
	put_compare(&builder, NFT_CMP_EQ, "ve-", 3);
	EXPRESSION(&builder, "match", FIELD_STRING(NFTNL_EXPR_MT_NAME, "new-kind"),
		   FIELD_U32(NFTNL_EXPR_MT_REV, 0));
	assert_int_equal(judge(put_verdict(&builder, NF_ACCEPT), NAT_PASSAGE_OUT).certainty,
			 CERTAIN_NONE);

	/* A rule that the library could not read. */
	judgement = judge(NULL, NAT_PASSAGE_OUT);
	assert_int_equal(judgement.certainty, CERTAIN_UNSURE);
	assert_int_equal(judgement.verdict, VERDICT_ACCEPT);
}

/** matches_of_iptables - that of connection tracking in all its revisions, and too short */
static void matches_of_iptables(void **state)
{
	const struct packet out = { .ct_state = NF_CT_STATE_BIT(IP_CT_NEW) };
	const struct packet in = { .ct_state = NF_CT_STATE_BIT(IP_CT_NEW),
				   .ct_status = IPS_DST_NAT };
	const struct xt_conntrack_mtinfo1 old = { .match_flags = XT_CONNTRACK_STATE,
						  .state_mask = XT_CONNTRACK_STATE_BIT(IP_CT_NEW) };
	struct xt_conntrack_mtinfo3 info = { .match_flags = XT_CONNTRACK_STATE,
					     .state_mask = XT_CONNTRACK_STATE_DNAT };

	(void)state;
	assert_int_equal(extension_match("conntrack", 1, &old, sizeof(old), &out), CERTAIN_ALL);
	assert_int_equal(extension_match("conntrack", 3, &info, sizeof(info), &out), CERTAIN_NONE);
	assert_int_equal(extension_match("conntrack", 3, &info, sizeof(info), &in), CERTAIN_ALL);
	info.invert_flags = XT_CONNTRACK_STATE;
	assert_int_equal(extension_match("conntrack", 3, &info, sizeof(info), &in), CERTAIN_NONE);
	info.match_flags |= XT_CONNTRACK_PROTO;
	assert_int_equal(extension_match("conntrack", 3, &info, sizeof(info), &out), CERTAIN_SOME);
	assert_int_equal(extension_match("conntrack", 3, &info, 4, &out), CERTAIN_UNSURE);
	assert_int_equal(extension_match("tcp", 0, NULL, 0, &out), CERTAIN_SOME);
}

/** main - run the tests of foreign-judge.c, foreign-load.c and foreign-extension.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_links),
		cmocka_unit_test(states_of_connections),
		cmocka_unit_test(what_differs_is_for_some),
		cmocka_unit_test(unknown_expression_leaves_it_open),
		cmocka_unit_test(matches_of_iptables),
	};

	return cmocka_run_group_tests_name("foreign-judge", tests, NULL, NULL);
}
