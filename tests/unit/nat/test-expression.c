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

/** normal_form_is_stable - written, parsed, numbered by a kernel and written again: the same */
static void normal_form_is_stable(void **state)
{
	(void)state;
	for (size_t i = 0; i < RULESET_RULES; i++) {
		struct rule plain = rule_without_counter(&ruleset_rules[i]);
		struct message wanted, again;
		struct nftnl_rule *rule;

		message_begin(&wanted);
		message_begin(&again);
		assert_int_equal(rule_put(wanted.header, &plain, NULL), 0);
		assert_true(wanted.header->nlmsg_len < RULE_PAYLOAD_MAX);
		rule = message_parse(&wanted);
		nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, 77);
		nftnl_rule_set_u64(rule, NFTNL_RULE_POSITION, 76);
		rule_put_normal(again.header, rule);
		nftnl_rule_free(rule);
		assert_true(message_equal(&wanted, &again));
	}
}

/** every_word_counts - a rule without its last word, or with another comment, is another rule */
static void every_word_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < RULESET_RULES; i++) {
		struct rule shorter = ruleset_rules[i], renamed = ruleset_rules[i];
		struct message wanted, other;
		size_t last = 0;

		while (last + 1 < WORDS_MAX && shorter.words[last + 1].kind != WORD_END)
			last++;
		shorter.words[last].kind = WORD_END;
		renamed.comment = "something else";
		message_begin(&wanted);
		assert_int_equal(rule_put(wanted.header, &ruleset_rules[i], NULL), 0);
		message_begin(&other);
		assert_int_equal(rule_put(other.header, &shorter, NULL), 0);
		assert_false(message_equal(&wanted, &other));
		message_begin(&other);
		assert_int_equal(rule_put(other.header, &renamed, NULL), 0);
		assert_false(message_equal(&wanted, &other));
	}
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

/** chains_have_their_rules - no rule is written for a chain that is not there */
static void chains_have_their_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < RULESET_RULES; i++) {
		size_t found = 0;

		for (size_t j = 0; j < RULESET_OBJECTS; j++)
			found += ruleset_objects[j].kind == NFT_CHAIN &&
				 strcmp(ruleset_objects[j].name, ruleset_rules[i].chain) == 0;
		assert_int_equal(found, 1);
	}
	assert_int_equal(ruleset_objects[0].kind, NFT_TABLE);
}

/** main - run the tests of expression.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_form_is_stable),
		cmocka_unit_test(every_word_counts),
		cmocka_unit_test(comments_are_bounded),
		cmocka_unit_test(chains_have_their_rules),
	};

	return cmocka_run_group_tests_name("expression", tests, NULL, NULL);
}
