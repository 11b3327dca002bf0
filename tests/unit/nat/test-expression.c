/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"
#include "nat/ruleset.h"

/* A message under construction. */
struct message {
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[2 * RULE_PAYLOAD_MAX];
	struct nlmsghdr *header;
};

/** message_begin - an empty message of the kernel's form */
static void message_begin(struct message *message)
{
	memset(message->bytes, 0, sizeof(message->bytes));
	message->header = mnl_nlmsg_put_header(message->bytes);
	mnl_nlmsg_put_extra_header(message->header, sizeof(struct nfgenmsg));
}

/** message_equal - whether two messages are the same bytes */
static int message_equal(const struct message *a, const struct message *b)
{
	return a->header->nlmsg_len == b->header->nlmsg_len &&
	       memcmp(a->bytes, b->bytes, a->header->nlmsg_len) == 0;
}

/** message_parse - the rule in a message, as the library knows it */
static struct nftnl_rule *message_parse(const struct message *message)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	assert_non_null(rule);
	assert_int_equal(nftnl_rule_nlmsg_parse(message->header, rule), 0);
	return rule;
}

/**
 * rule_without_counter - a rule without its counter
 *
 * libnftnl writes the name of a counter without the NUL it reads it with, so that only the kernel's
 * answers can be parsed; those are what the netns tests read.
 */
static struct rule rule_without_counter(const struct rule *rule)
{
	struct rule copy = { .chain = rule->chain, .comment = rule->comment };
	size_t count = 0;

	for (size_t i = 0; i < WORDS_MAX; i++)
		if (rule->words[i].kind != WORD_COUNTER)
			copy.words[count++] = rule->words[i];
	return copy;
}

/* Both tables. */
static const struct ruleset *const rulesets[] = { &inet_ruleset, &bridge_ruleset };

/** assert_normal_form - a rule written, parsed, numbered by a kernel and written again is the same */
static void assert_normal_form(const struct rule *rule)
{
	struct rule plain = rule_without_counter(rule);
	struct message wanted, again;
	struct nftnl_rule *parsed;

	message_begin(&wanted);
	message_begin(&again);
	assert_int_equal(rule_put(wanted.header, &plain, NULL), 0);
	assert_true(wanted.header->nlmsg_len < RULE_PAYLOAD_MAX);
	parsed = message_parse(&wanted);
	nftnl_rule_set_u64(parsed, NFTNL_RULE_HANDLE, 77);
	nftnl_rule_set_u64(parsed, NFTNL_RULE_POSITION, 76);
	rule_put_normal(again.header, parsed);
	nftnl_rule_free(parsed);
	assert_true(message_equal(&wanted, &again));
}

/** normal_form_is_stable - of all rules of both tables */
static void normal_form_is_stable(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rulesets); i++)
		for (size_t j = 0; j < rulesets[i]->n_rules; j++)
			assert_normal_form(&rulesets[i]->rules[j]);
}

/** assert_words_count - a rule without its last word, or with another comment, is another rule */
static void assert_words_count(const struct rule *rule)
{
	struct rule shorter = *rule, renamed = *rule;
	struct message wanted, other;
	size_t last = 0;

	while (last + 1 < WORDS_MAX && shorter.words[last + 1].kind != WORD_END)
		last++;
	shorter.words[last].kind = WORD_END;
	renamed.comment = "something else";
	message_begin(&wanted);
	assert_int_equal(rule_put(wanted.header, rule, NULL), 0);
	message_begin(&other);
	assert_int_equal(rule_put(other.header, &shorter, NULL), 0);
	assert_false(message_equal(&wanted, &other));
	message_begin(&other);
	assert_int_equal(rule_put(other.header, &renamed, NULL), 0);
	assert_false(message_equal(&wanted, &other));
}

/** every_word_counts - of all rules of both tables */
static void every_word_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rulesets); i++)
		for (size_t j = 0; j < rulesets[i]->n_rules; j++)
			assert_words_count(&rulesets[i]->rules[j]);
}

/** comments_are_bounded - the longest that fits, and one that is cut */
static void comments_are_bounded(void **state)
{
	uint8_t bytes[COMMENT_MAX];
	char text[2 * COMMENT_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(comment_format(bytes, 7, text), COMMENT_MAX);
	assert_int_equal(bytes[0], 7);
	assert_int_equal(bytes[1], COMMENT_MAX - 2);
	assert_int_equal(bytes[COMMENT_MAX - 1], '\0');
	assert_int_equal(comment_format(bytes, 0, "ab"), 5);
	assert_memory_equal(bytes, "\0\3ab", 5);
}

/** object_count - how many objects of a kind a table has under a name */
static size_t object_count(const struct ruleset *ruleset, enum nft_kind kind, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < ruleset->n_objects; i++)
		found += ruleset->objects[i].kind == kind &&
			 strcmp(ruleset->objects[i].name, name) == 0;
	return found;
}

/** names_are_of_what_is_there - chains that rules are in, or go to, and counters, are there once */
static void names_are_of_what_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rulesets); i++) {
		assert_int_equal(rulesets[i]->objects[0].kind, NFT_TABLE);
		for (size_t j = 0; j < rulesets[i]->n_rules; j++) {
			const struct rule *rule = &rulesets[i]->rules[j];

			assert_int_equal(object_count(rulesets[i], NFT_CHAIN, rule->chain), 1);
			for (size_t k = 0; k < WORDS_MAX; k++) {
				const struct word *word = &rule->words[k];

				if (word->kind == WORD_GOTO)
					assert_int_equal(
						object_count(rulesets[i], NFT_CHAIN, word->name),
						1);
				else if (word->kind == WORD_COUNTER)
					assert_int_equal(
						object_count(rulesets[i], NFT_COUNTER, word->name),
						1);
				else if (word->kind == WORD_PIN && word->name)
					assert_int_equal(
						object_count(rulesets[i], NFT_SET, word->name), 1);
			}
		}
	}
}

/** main - run the tests of expression.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_form_is_stable),
		cmocka_unit_test(every_word_counts),
		cmocka_unit_test(comments_are_bounded),
		cmocka_unit_test(names_are_of_what_is_there),
	};

	return cmocka_run_group_tests_name("expression", tests, NULL, NULL);
}
