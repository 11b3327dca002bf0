/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The tables of iptables-legacy are exchanged as a whole by whoever changes one rule, in a form of each
 * kernel's, so they are changed by its own command, under its own lock. The command makes a table that is
 * not there, and from then on every packet goes through it: so it is only run for tables that are there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "managers/managers.h"
#include "managers/program.h"

#define RULES      2
#define WORDS_MAX  24
#define NAMES_MAX  4096
#define COMMENT    "-m", "comment", "--comment", "nixctr-net", "-j", "ACCEPT"
#define PATTERN_AT 1 /* the word of a rule that is the pattern of links */

/* Where each family has its command, and the names of the tables that are there. */
static const struct {
	const char *program, *names;
} families[] = { { "iptables-legacy", "/proc/net/ip_tables_names" },
		 { "ip6tables-legacy", "/proc/net/ip6_tables_names" } };

/* What belongs to containers, and what comes from them; the last one stands first. */
static const char *const rules[RULES][WORDS_MAX] = {
	{ "-o", "", "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED,DNAT", COMMENT },
	{ "-i", "", COMMENT },
};

/**
 * table_is_there - whether the kernel has a table of iptables-legacy
 * @names: the file that lists them
 * @table: its name
 * @e: names the file
 *
 * Returns 1, 0 or -errno.
 */
static int table_is_there(const char *names, const char *table, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t length;
	int r = file_read(names, NAMES_MAX, &text, &length, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (strcmp(line, table) == 0)
			return 1;
	return 0;
}

/**
 * iptables_run - run iptables-legacy of one family
 * @family: index into families
 * @chain: which, borrowed
 * @action: "-S", "-I" or "-D"
 * @rule: its words, the pattern left out; NULL with "-S"
 * @answer: filled
 * @e: filled on failure
 *
 * Returns its exit status or -errno.
 */
static int iptables_run(size_t family, const struct iptables_chain *chain, const char *action,
			const char *const *rule, char answer[PROGRAM_ANSWER_MAX], struct error *e)
{
	const char *const head[] = {
		families[family].program, "-w", "-t", chain->table, action, chain->name
	};
	char words[WORDS_MAX][64];
	char *argv[WORDS_MAX + 1] = { NULL };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		(void)snprintf(words[count++], sizeof(words[0]), "%s", head[i]);
	for (size_t i = 0; rule && rule[i] && count < WORDS_MAX; i++)
		(void)snprintf(words[count++], sizeof(words[0]), "%s",
			       i == PATTERN_AT ? chain->pattern : rule[i]);
	for (size_t i = 0; i < count; i++)
		argv[i] = words[i];
	return program_ask(argv, answer, e);
}

/**
 * rule_stands - whether a rule is among those that iptables lists
 * @list: what it says, borrowed
 * @chain: which, borrowed
 * @rule: its words
 */
static bool rule_stands(const char *list, const struct iptables_chain *chain,
			const char *const *rule)
{
	char line[256];
	size_t length = (size_t)snprintf(line, sizeof(line), "-A %s", chain->name);

	for (size_t i = 0; rule[i] && length < sizeof(line); i++)
		length += (size_t)snprintf(line + length, sizeof(line) - length, " %s",
					   i == PATTERN_AT ? chain->pattern : rule[i]);
	return strstr(list, line) != NULL;
}

/**
 * chain_look - look which of our rules are in a chain of one family
 * @family: index into families
 * @chain: which, borrowed
 * @stands: filled, of each rule
 * @e: filled on failure
 *
 * Returns how many there are, -ENOENT when there is no such chain, or another -errno.
 */
static int chain_look(size_t family, const struct iptables_chain *chain, bool stands[RULES],
		      struct error *e)
{
	char answer[PROGRAM_ANSWER_MAX];
	int r = table_is_there(families[family].names, chain->table, e);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = iptables_run(family, chain, "-S", NULL, answer, e);
	if (r != 0)
		return r < 0 ? r : -ENOENT;
	for (size_t i = 0; i < RULES; i++) {
		stands[i] = rule_stands(answer, chain, rules[i]);
		r += stands[i];
	}
	return r;
}

/**
 * chain_change - have iptables insert or delete rules
 * @family: index into families
 * @chain: which, borrowed
 * @action: "-I" or "-D"
 * @which: of which rules it is done
 * @e: filled on failure, with what it said
 *
 * Returns 0 or -errno.
 */
static int chain_change(size_t family, const struct iptables_chain *chain, const char *action,
			const bool which[RULES], struct error *e)
{
	char answer[PROGRAM_ANSWER_MAX];
	char program[32];
	char *argv[] = { program, NULL };
	int r = 0;

	(void)snprintf(program, sizeof(program), "%s", families[family].program);
	for (size_t i = 0; r == 0 && i < RULES; i++) {
		if (which[i])
			r = iptables_run(family, chain, action, rules[i], answer, e);
		if (r > 0)
			r = program_failed(argv, r, answer, e);
	}
	return r;
}

/**
 * iptables_missing - in how many chains of that name our rules are missing
 * @chain: which, borrowed
 * @ret_chains: how many there are, of both families
 * @e: filled on failure
 *
 * Returns how many, or -errno.
 */
int iptables_missing(const struct iptables_chain *chain, size_t *ret_chains, struct error *e)
{
	bool stands[RULES];
	int missing = 0;

	*ret_chains = 0;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int r = chain_look(i, chain, stands, e);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		++*ret_chains;
		missing += r != RULES;
	}
	return missing;
}

/**
 * iptables_ensure - put our rules at the head of chains of that name
 * @chain: which, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when they are there or there is no such chain, or -errno.
 */
int iptables_ensure(const struct iptables_chain *chain, struct error *e)
{
	static const bool all[RULES] = { true, true };
	int done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		bool stands[RULES] = { false };
		int r = chain_look(i, chain, stands, e);

		if (r == -ENOENT || r == RULES)
			continue;
		if (r >= 0)
			r = chain_change(i, chain, "-D", stands, e);
		if (r == 0)
			r = chain_change(i, chain, "-I", all, e);
		if (r < 0)
			return r;
		done = 1;
	}
	return done;
}

/**
 * iptables_clear - take our rules out of chains of that name
 * @chain: which, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when there were none, or -errno.
 */
int iptables_clear(const struct iptables_chain *chain, struct error *e)
{
	int done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		bool stands[RULES] = { false };
		int r = chain_look(i, chain, stands, e);

		if (r == -ENOENT || r == 0)
			continue;
		if (r > 0)
			r = chain_change(i, chain, "-D", stands, e);
		if (r < 0)
			return r;
		done = 1;
	}
	return done;
}
