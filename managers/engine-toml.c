/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "managers/engine.h"

#define TOKEN_MAX 128 /* longer ones are cut: none that counts is */

/* A place in a file of TOML. */
struct cursor {
	const char *next, *end;
};

/**
 * token_is_bare - whether a byte belongs to a word without quotes
 * @byte: the byte
 */
static bool token_is_bare(char byte)
{
	return byte && !strchr(" \t\r\n=,{}[]#\"'", byte);
}

/**
 * token_next - go on to the next word, text in quotes or sign
 * @cursor: moved on
 * @token: filled; a text in quotes without them
 *
 * Returns what it is: the sign itself, 'w' for a word or a text, or 0 at the end.
 */
static char token_next(struct cursor *cursor, char token[TOKEN_MAX])
{
	const char *start;
	size_t length;
	char quote;

	for (; cursor->next < cursor->end && strchr(" \t\r\n#", *cursor->next); cursor->next++)
		if (*cursor->next == '#')
			while (cursor->next + 1 < cursor->end && cursor->next[1] != '\n')
				cursor->next++;
	if (cursor->next >= cursor->end)
		return 0;
	quote = *cursor->next;
	if (quote != '"' && quote != '\'' && !token_is_bare(quote))
		return *cursor->next++;
	start = cursor->next;
	if (token_is_bare(quote)) {
		while (cursor->next < cursor->end && token_is_bare(*cursor->next))
			cursor->next++;
		length = (size_t)(cursor->next - start);
	} else {
		start++;
		cursor->next = memchr(start, quote, (size_t)(cursor->end - start));
		if (!cursor->next)
			cursor->next = cursor->end;
		length = (size_t)(cursor->next - start);
		cursor->next += cursor->next < cursor->end;
	}
	if (length >= TOKEN_MAX)
		length = TOKEN_MAX - 1;
	memcpy(token, start, length);
	token[length] = '\0';
	return 'w';
}

/**
 * engine_toml - take a file of TOML in
 * @source, @file: whose it is, borrowed
 * @text, @length: what stands in it, borrowed
 * @networks: changed
 * @e: says what is wrong with it
 *
 * Only KEY = "VALUE" is looked for, wherever it stands; of the rest no more is understood than where
 * texts and comments end.
 *
 * Returns 0 or -errno.
 */
int engine_toml(const struct engine_source *source, const char *file, const char *text,
		size_t length, struct engine_networks *networks, struct error *e)
{
	struct cursor cursor = { text, text + length };
	char key[TOKEN_MAX] = "", token[TOKEN_MAX] = "";
	bool assigned = false;
	char kind;
	int r = 0;

	while (r == 0 && (kind = token_next(&cursor, token))) {
		if (kind == 'w' && assigned)
			r = engine_value(networks, source, file, "", key, token, e);
		else if (kind == 'w')
			memcpy(key, token, sizeof(key));
		assigned = kind == '=';
	}
	return r;
}
