/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * ufw has no interface but its command, and writes its rules anew whenever it is called: what anybody
 * puts into its chains by another way is lost. It keeps what it is told, over reloads and boots, also
 * while it is not enabled. Answers to containers it lets pass by itself; the rule for what goes out to
 * them is for published ports, and our own table lets nothing else through.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "managers/managers.h"
#include "managers/program.h"

#define RULES 2

static const char *const directions[RULES] = { "in", "out" };

/**
 * ufw_run - run ufw and hear what it says
 * @argv: its words, ends with NULL
 * @answer: filled, both its outputs; what does not fit is cut off
 * @e: filled on failure
 *
 * Returns 0, -ENOENT when there is no ufw, or another -errno with what ufw said.
 */
static int ufw_run(char *const argv[], char answer[PROGRAM_ANSWER_MAX], struct error *e)
{
	int r = program_ask(argv, answer, e);

	return r <= 0 ? r : program_failed(argv, r, answer, e);
}

/**
 * ufw_admits - whether ufw has both rules
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0, -ENOENT when there is no ufw, or another -errno.
 */
int ufw_admits(const char *pattern, struct error *e)
{
	char ufw[] = "ufw", show[] = "show", added[] = "added";
	char *const argv[] = { ufw, show, added, NULL };
	char answer[PROGRAM_ANSWER_MAX];
	int r = ufw_run(argv, answer, e);

	for (size_t i = 0; r >= 0 && i < RULES; i++) {
		char rule[64];

		(void)snprintf(rule, sizeof(rule), "ufw route allow %s on %s", directions[i],
			       pattern);
		if (!strstr(answer, rule))
			return 0;
	}
	return r < 0 ? r : 1;
}

/**
 * ufw_change - have ufw add a rule, or delete it
 * @delete: "delete", or NULL
 * @direction: "in" or "out"
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 when ufw says that there was nothing to do, or -errno.
 */
static int ufw_change(const char *delete, const char *direction, const char *pattern,
		      struct error *e)
{
	char words[8][32] = { "ufw", "route" };
	char *argv[9] = { words[0], words[1] };
	const char *const rest[] = { delete, "allow", direction, "on", pattern };
	char answer[PROGRAM_ANSWER_MAX];
	size_t count = 2;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
		if (!rest[i])
			continue;
		(void)snprintf(words[count], sizeof(words[count]), "%s", rest[i]);
		argv[count] = words[count];
		count++;
	}
	r = ufw_run(argv, answer, e);
	if (r < 0)
		return r;
	return !strstr(answer, "Skipping") && !strstr(answer, "non-existent");
}

/**
 * ufw_set - have ufw add both rules, or delete them
 * @delete: "delete", or NULL
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing to do, or -errno.
 */
static int ufw_set(const char *delete, const char *pattern, struct error *e)
{
	int done = 0;

	for (size_t i = 0; i < RULES; i++) {
		int r = ufw_change(delete, directions[i], pattern, e);

		if (r < 0)
			return r;
		done |= r;
	}
	return done;
}

/**
 * ufw_admit - have ufw let packets from and to links pass
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 when it did, or -errno.
 */
int ufw_admit(const char *pattern, struct error *e)
{
	return ufw_set(NULL, pattern, e);
}

/**
 * ufw_dismiss - take that back
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 when it did not, or -errno.
 */
int ufw_dismiss(const char *pattern, struct error *e)
{
	return ufw_set("delete", pattern, e);
}
