/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h> /* before the kernel's */

#include <linux/netfilter.h>

#include "base/cleanup.h"
#include "nat/foreign.h"

#define RULES 8

/* What the rules of the test say; each chain has some of them. */
static struct judgement judgements[RULES];

/** told - a judge who has been told what to say */
static void told(const struct foreign_ruleset *ruleset, const struct foreign_chain *chain,
		 size_t rule, const struct packet *packet, struct judgement *ret_judgement)
{
	(void)ruleset;
	(void)chain;
	(void)packet;
	assert_in_range(rule, 0, RULES - 1);
	*ret_judgement = judgements[rule];
}

static const struct foreign_ops told_ops = { told };

#define ALL(verdict_)                                           \
	{                                                       \
		.certainty = CERTAIN_ALL, .verdict = (verdict_) \
	}
#define SOME(verdict_)                                           \
	{                                                        \
		.certainty = CERTAIN_SOME, .verdict = (verdict_) \
	}
#define NONE(verdict_)                                           \
	{                                                        \
		.certainty = CERTAIN_NONE, .verdict = (verdict_) \
	}
#define UNSURE(verdict_)                                                           \
	{                                                                          \
		.certainty = CERTAIN_UNSURE, .verdict = (verdict_), .unknown = "x" \
	}

/* Chains "base", with the first rules, and "other", with those from @split on. */
struct sample {
	struct judgement rules[RULES];
	size_t split, count;
	bool drops;
	enum verdict verdict; /* expected */
	bool unsure;
	const char *chain;
	size_t rule;
};

/* clang-format off */
static const struct sample samples[] = {
	{ .verdict = VERDICT_ACCEPT, .chain = "base" },
	{ .drops = true, .verdict = VERDICT_DROP, .chain = "base" },
	{ { ALL(VERDICT_ACCEPT) }, 1, 1, true, VERDICT_ACCEPT, false, "base", 1 },
	{ { NONE(VERDICT_ACCEPT), ALL(VERDICT_REJECT) }, 2, 2, false,
	  VERDICT_REJECT, false, "base", 2 },
	/* Some ports are let through, or dropped: that is not what becomes of all. */
	{ { SOME(VERDICT_ACCEPT) }, 1, 1, true, VERDICT_DROP, false, "base", 0 },
	{ { SOME(VERDICT_DROP) }, 1, 1, false, VERDICT_ACCEPT, false, "base", 0 },
	/* What nobody knows may have let all through, but is not held to have dropped any. */
	{ { UNSURE(VERDICT_ACCEPT) }, 1, 1, true, VERDICT_DROP, true, "base", 0 },
	{ { UNSURE(VERDICT_RETURN), ALL(VERDICT_DROP) }, 2, 2, false,
	  VERDICT_DROP, true, "base", 2 },
	{ { UNSURE(VERDICT_DROP) }, 1, 1, false, VERDICT_ACCEPT, false, "base", 0 },
	/* Into a chain and back, into it and not back, and around it. */
	{ { { CERTAIN_ALL, VERDICT_JUMP, "other", "" }, ALL(VERDICT_DROP), SOME(VERDICT_DROP) }, 2, 3,
	  false, VERDICT_DROP, false, "base", 2 },
	{ { { CERTAIN_ALL, VERDICT_GOTO, "other", "" }, ALL(VERDICT_DROP), SOME(VERDICT_DROP) }, 2, 3,
	  false, VERDICT_ACCEPT, false, "base", 0 },
	{ { { CERTAIN_ALL, VERDICT_JUMP, "other", "" }, ALL(VERDICT_DROP), ALL(VERDICT_ACCEPT) }, 2, 3,
	  false, VERDICT_ACCEPT, false, "other", 1 },
	{ { { CERTAIN_ALL, VERDICT_JUMP, "other", "" }, ALL(VERDICT_RETURN), ALL(VERDICT_DROP) }, 1, 3,
	  true, VERDICT_DROP, false, "base", 0 },
	{ { { CERTAIN_SOME, VERDICT_JUMP, "other", "" }, ALL(VERDICT_DROP) }, 1, 2,
	  false, VERDICT_ACCEPT, false, "base", 0 },
	{ { { CERTAIN_SOME, VERDICT_GOTO, "other", "" }, ALL(VERDICT_DROP), ALL(VERDICT_ACCEPT) }, 2, 3,
	  false, VERDICT_DROP, false, "base", 2 },
	/* A chain that is not there, and chains that lead to each other. */
	{ { { CERTAIN_ALL, VERDICT_JUMP, "gone", "" } }, 1, 1, true, VERDICT_DROP, false, "base", 0 },
	{ { { CERTAIN_ALL, VERDICT_JUMP, "other", "" }, { CERTAIN_ALL, VERDICT_JUMP, "base", "" } }, 1, 2,
	  true, VERDICT_DROP, true, "base", 0 },
};
/* clang-format on */

/** way_ends_where_it_should - each sample, through its chains */
static void way_ends_where_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *sample = &samples[i];
		_cleanup_(foreign_ruleset_deinit) struct foreign_ruleset ruleset = {
			.ops = &told_ops
		};
		struct packet packet = { .family = NFPROTO_IPV4 };
		struct foreign_chain *chain;
		struct walk_end end;

		memcpy(judgements, sample->rules, sizeof(judgements));
		chain = foreign_add_chain(&ruleset, NFPROTO_INET, "t", "base");
		chain->n_rules = sample->split;
		chain->drops = sample->drops;
		chain = foreign_add_chain(&ruleset, NFPROTO_INET, "t", "other");
		chain->first_rule = sample->split;
		chain->n_rules = sample->count - sample->split;
		end = foreign_walk(&ruleset, &ruleset.chains[0], &packet);
		if (end.verdict != sample->verdict || end.unsure != sample->unsure ||
		    end.rule != sample->rule || strcmp(end.chain, sample->chain) != 0)
			fail_msg("sample %zu: verdict %d, unsure %d, rule %zu of %s", i,
				 (int)end.verdict, end.unsure, end.rule, end.chain);
	}
}

/** chains_are_found_by_all_their_names - and not by one of them alone */
static void chains_are_found_by_all_their_names(void **state)
{
	_cleanup_(foreign_ruleset_deinit) struct foreign_ruleset ruleset = { .ops = &told_ops };

	(void)state;
	for (int i = 0; i < 200; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "chain%d", i);
		assert_non_null(foreign_add_chain(&ruleset, NFPROTO_IPV4, "t", name));
		assert_non_null(foreign_add_chain(&ruleset, NFPROTO_IPV6, "t", name));
	}
	assert_ptr_equal(foreign_find_chain(&ruleset, 7, NFPROTO_IPV6, "t", "chain150"),
			 &ruleset.chains[301]);
	assert_null(foreign_find_chain(&ruleset, 7, NFPROTO_INET, "t", "chain150"));
	assert_null(foreign_find_chain(&ruleset, 7, NFPROTO_IPV6, "u", "chain150"));
	assert_null(foreign_find_chain(&ruleset, 7, NFPROTO_IPV6, "t", "chain200"));
}

/** owners_are_known_by_their_names - of the dropping chain, of the table, of another chain there */
static void owners_are_known_by_their_names(void **state)
{
	static const struct {
		const char *table, *chain, *other, *dropper;
		enum nat_owner owner;
	} cases[] = {
		{ "firewalld", "filter_FORWARD", "x", "filter_FORWARD", NAT_OWNER_FIREWALLD },
		{ "filter", "FORWARD", "DOCKER-USER", "FORWARD", NAT_OWNER_DOCKER },
		{ "filter", "FORWARD", "ufw-user-forward", "FORWARD", NAT_OWNER_UFW },
		{ "filter", "FORWARD", "DOCKER-USER", "ufw-reject-forward", NAT_OWNER_UFW },
		{ "nixos-fw", "forward", "x", "forward", NAT_OWNER_NIXOS },
		{ "filter", "FORWARD", "x", "FORWARD", NAT_OWNER_IPTABLES },
		{ "filter", "forward", "x", "forward", NAT_OWNER_UNKNOWN },
		{ "netavark", "FORWARD", "x", "NETAVARK-1", NAT_OWNER_PODMAN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(foreign_ruleset_deinit) struct foreign_ruleset ruleset = {
			.ops = &told_ops
		};
		const struct walk_end end = { .chain = cases[i].dropper };

		foreign_add_chain(&ruleset, NFPROTO_IPV4, cases[i].table, cases[i].chain);
		foreign_add_chain(&ruleset, NFPROTO_IPV4, cases[i].table, cases[i].other);
		/* In the table of another family nobody looks. */
		foreign_add_chain(&ruleset, NFPROTO_IPV6, cases[i].table, "KUBE-FORWARD");
		assert_int_equal(foreign_owner(&ruleset, &ruleset.chains[0], &end), cases[i].owner);
	}
}

/** main - run the tests of foreign-walk.c, foreign-ruleset.c and foreign-owner.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(way_ends_where_it_should),
		cmocka_unit_test(chains_are_found_by_all_their_names),
		cmocka_unit_test(owners_are_known_by_their_names),
	};

	return cmocka_run_group_tests_name("foreign-walk", tests, NULL, NULL);
}
