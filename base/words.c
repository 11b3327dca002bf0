/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BLANKS " \t\n\r"

/**
 * words_take - put a word at the end
 * @words: changed
 * @word: taken, after a failure too; NULL: there was no memory for it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int words_take(struct words *words, char *word, struct error *e)
{
	char **grown = NULL;

	if (word)
		grown = reallocarray(words->list, words->count + 2, sizeof(*grown));
	if (!grown) {
		free(word);
		return error_errno(e, ENOMEM, "cannot make a list of %zu words", words->count + 1);
	}
	words->list = grown;
	words->list[words->count++] = word;
	words->list[words->count] = NULL;
	return 0;
}

/**
 * words_add - put a word at the end
 * @words: changed
 * @e: filled on failure
 * @format: of the word, as printf(3)
 *
 * Returns 0 or -ENOMEM.
 */
int words_add(struct words *words, struct error *e, const char *format, ...)
{
	char *word = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&word, format, arguments);
	va_end(arguments);
	return words_take(words, length < 0 ? NULL : word, e);
}

/**
 * words_append - put the words of another list at the end
 * @words: changed
 * @more: borrowed, copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int words_append(struct words *words, const struct words *more, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < more->count; i++)
		r = words_take(words, strdup(more->list[i]), e);
	return r;
}

/**
 * word_copy - take one word off the front of a text
 * @text: at the first character of the word; at what follows it on return
 * @word: has room for the rest of the text and a NUL
 *
 * Quotes hold blanks together, a backslash takes the next character as it is, but for single quotes,
 * which take all up to the next one as it is.
 *
 * Returns whether all quotes are closed.
 */
static int word_copy(const char **text, char *word)
{
	const char *p = *text;
	char quote = '\0';

	for (; *p && (quote || !strchr(BLANKS, *p)); p++) {
		if (quote ? *p == quote : (*p == '"' || *p == '\''))
			quote = quote ? '\0' : *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			*word++ = *++p;
		else
			*word++ = *p;
	}
	*word = '\0';
	*text = p;
	return !quote;
}

/**
 * words_split - put the words of a text at the end
 * @words: changed
 * @text: words with blanks between them; quotes and backslashes as a shell has them, and nothing else
 *        of what a shell does
 * @e: says that a quote is not closed
 *
 * Returns 0, -EINVAL or -ENOMEM.
 */
int words_split(struct words *words, const char *text, struct error *e)
{
	const char *p = text + strspn(text, BLANKS);
	int r = 0;

	while (r == 0 && *p) {
		_cleanup_(freep) char *word = malloc(strlen(p) + 1);

		if (!word)
			return error_errno(e, ENOMEM, "cannot split a line");
		if (!word_copy(&p, word))
			return error_set(e, ERROR_FAILED, EINVAL, "a quote in '%s' is not closed",
					 text);
		r = words_take(words, TAKE_PTR(word), e);
		p += strspn(p, BLANKS);
	}
	return r;
}

/**
 * words_join - write words so that words_split() reads the same ones
 * @words: borrowed
 * @ret_text: them with blanks between; the caller frees it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int words_join(const struct words *words, char **ret_text, struct error *e)
{
	size_t size = 1;
	char *text, *to;

	for (size_t i = 0; i < words->count; i++)
		size += 2 * strlen(words->list[i]) + sizeof("'' ");
	text = to = malloc(size);
	if (!text)
		return error_errno(e, ENOMEM, "cannot join %zu words", words->count);
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			*to++ = ' ';
		if (!words->list[i][0])
			to = stpcpy(to, "''");
		for (const char *p = words->list[i]; *p; p++) {
			if (strchr("\"'\\" BLANKS, *p))
				*to++ = '\\';
			*to++ = *p;
		}
	}
	*to = '\0';
	*ret_text = text;
	return 0;
}

/**
 * words_deinit - free a list
 * @words: empty afterwards
 */
void words_deinit(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->list[i]);
	free(words->list);
	*words = (struct words){ 0 };
}
