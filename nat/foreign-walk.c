/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A sample stands for many packets. Only a rule that holds for all of them ends the way through a
 * chain: one that accepts some ports does not save the others, and one that drops some is meant to.
 * A rule of which we cannot tell whether it holds may accept them all, so that a drop behind it is
 * reported as one that we are not sure of.
 *
 * What is in a chain holds for no more packets than the jump to it.
 */
#include "nat/foreign.h"

#include <stdio.h>

#define WALK_DEPTH 64     /* of jumps; nf_tables allows 16, iptables as many as it has chains */
#define WALK_RULES 200000 /* looked at; a chain may be come to many times */

struct walk {
	const struct foreign_ruleset *ruleset;
	const struct packet *packet;
	struct walk_end end;
	size_t rules;
};

/**
 * smaller - of two certainties that must both hold
 * @a, @b: the two
 */
static enum certainty smaller(enum certainty a, enum certainty b)
{
	return a < b ? a : b;
}

/**
 * walk_doubt - note that packets may have gone another way
 * @walk: changed; only the first doubt is kept
 * @unknown: what we do not know, borrowed
 */
static void walk_doubt(struct walk *walk, const char *unknown)
{
	if (walk->end.unsure)
		return;
	walk->end.unsure = true;
	(void)snprintf(walk->end.unknown, sizeof(walk->end.unknown), "%s", unknown);
}

static bool walk_chain(struct walk *walk, const struct foreign_chain *chain,
		       enum certainty certainty, unsigned depth);

/**
 * walk_finish - let the way end where it is
 * @walk: changed
 * @chain: where that is
 * @rule: its number
 * @verdict: how
 */
static void walk_finish(struct walk *walk, const struct foreign_chain *chain, size_t rule,
			enum verdict verdict)
{
	walk->end.verdict = verdict;
	walk->end.chain = chain->name;
	walk->end.rule = rule;
}

/**
 * walk_jump - go through the chain that a rule leads to
 * @walk: changed
 * @from: where the rule is
 * @judgement: its own, with the certainty of the way to it
 * @depth: of the jumps so far
 *
 * Returns whether the way has come to its end.
 */
static bool walk_jump(struct walk *walk, const struct foreign_chain *from,
		      const struct judgement *judgement, unsigned depth)
{
	const struct foreign_chain *to =
		foreign_find_chain(walk->ruleset, 0, from->family, from->table, judgement->chain);

	if (!to)
		return false;
	if (depth == WALK_DEPTH) {
		walk_doubt(walk, "chains that lead to each other");
		return false;
	}
	return walk_chain(walk, to, judgement->certainty, depth + 1);
}

/**
 * walk_chain - go through a chain
 * @walk: changed
 * @chain: borrowed
 * @certainty: of the way to it
 * @depth: of the jumps so far
 *
 * Returns whether the way has come to its end.
 */
static bool walk_chain(struct walk *walk, const struct foreign_chain *chain,
		       enum certainty certainty, unsigned depth)
{
	for (size_t i = 0; i < chain->n_rules; i++) {
		struct judgement judgement = { .certainty = CERTAIN_ALL };
		bool all;

		if (walk->rules++ == WALK_RULES) {
			walk_doubt(walk, "more rules than can be looked at");
			return false;
		}
		walk->ruleset->ops->judge(walk->ruleset, chain, chain->first_rule + i, walk->packet,
					  &judgement);
		judgement.certainty = smaller(judgement.certainty, certainty);
		all = judgement.certainty == CERTAIN_ALL;
		/* What holds for some neither ends the way nor leaves it open, nor does a jump. */
		if (judgement.certainty <= CERTAIN_SOME || judgement.verdict == VERDICT_NONE)
			continue;
		if (judgement.certainty == CERTAIN_UNSURE &&
		    (judgement.verdict == VERDICT_ACCEPT || judgement.verdict == VERDICT_RETURN))
			walk_doubt(walk, judgement.unknown);
		if (judgement.verdict == VERDICT_JUMP || judgement.verdict == VERDICT_GOTO) {
			if (walk_jump(walk, chain, &judgement, depth))
				return true;
			if (all && judgement.verdict == VERDICT_GOTO)
				return false;
		} else if (all && judgement.verdict == VERDICT_RETURN) {
			return false;
		} else if (all) {
			walk_finish(walk, chain, i + 1, judgement.verdict);
			return true;
		}
	}
	return false;
}

/**
 * foreign_walk - what becomes of a packet in a base chain
 * @ruleset: borrowed
 * @base: where it begins
 * @packet: a sample, borrowed
 */
struct walk_end foreign_walk(const struct foreign_ruleset *ruleset,
			     const struct foreign_chain *base, const struct packet *packet)
{
	struct walk walk = { .ruleset = ruleset, .packet = packet };

	if (!walk_chain(&walk, base, CERTAIN_ALL, 0))
		walk_finish(&walk, base, 0, base->drops ? VERDICT_DROP : VERDICT_ACCEPT);
	return walk.end;
}
