/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/environment-file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Theory of operation
 *
 * A cursor runs over the text once. An entry begins where the last one ended; it is a comment, a
 * line without "=", or an assignment whose value may span lines. The value is collected in a buffer
 * as long as the whole text, which no value exceeds. Odd input is read as systemd's
 * src/basic/env-file.c reads it since version 254, where a backslash no longer continues a comment.
 */
struct cursor {
	const char *at;
	const char *end;
};

#define WHITESPACE             " \t\r"
#define DOUBLE_QUOTE_ESCAPABLE "\"\\`$"

/**
 * cursor_next - take one character
 * @cursor: advanced
 *
 * Returns the character, or -1 at the end.
 */
static int cursor_next(struct cursor *cursor)
{
	return cursor->at < cursor->end ? (unsigned char)*cursor->at++ : -1;
}

/**
 * skip_line - go behind the end of this line
 * @cursor: advanced
 */
static void skip_line(struct cursor *cursor)
{
	int c;

	while ((c = cursor_next(cursor)) >= 0 && c != '\n')
		;
}

/**
 * read_single_quoted - collect up to the closing quote, taking everything as it stands
 * @cursor: behind the opening quote; advanced
 * @value: where characters go
 * @length: how many there are; advanced
 */
static void read_single_quoted(struct cursor *cursor, char *value, size_t *length)
{
	int c;

	while ((c = cursor_next(cursor)) >= 0 && c != '\'')
		value[(*length)++] = (char)c;
}

/**
 * read_double_quoted - collect up to the closing quote, resolving backslashes
 * @cursor: behind the opening quote; advanced
 * @value, @length: as for read_single_quoted()
 *
 * A backslash before any but the characters a shell would escape stands for itself.
 */
static void read_double_quoted(struct cursor *cursor, char *value, size_t *length)
{
	int c;

	while ((c = cursor_next(cursor)) >= 0 && c != '"') {
		if (c == '\\') {
			c = cursor_next(cursor);
			if (c < 0)
				return;
			if (c == '\n')
				continue;
			if (!strchr(DOUBLE_QUOTE_ESCAPABLE, c))
				value[(*length)++] = '\\';
		}
		value[(*length)++] = (char)c;
	}
}

/**
 * read_plain - collect an unquoted run up to the end of the line, blanks at its end left out
 * @cursor: at its first character; advanced behind the line end
 * @value, @length: as for read_single_quoted()
 */
static void read_plain(struct cursor *cursor, char *value, size_t *length)
{
	size_t kept = *length;
	int c;

	while ((c = cursor_next(cursor)) >= 0 && c != '\n') {
		bool escaped = c == '\\';

		if (escaped)
			c = cursor_next(cursor);
		if (c < 0)
			break;
		if (escaped && c == '\n')
			continue;
		value[(*length)++] = (char)c;
		if (escaped || !strchr(WHITESPACE, c))
			kept = *length;
	}
	*length = kept;
}

/**
 * read_value - collect the value of an assignment
 * @cursor: behind the "="; advanced behind the end of the assignment
 * @value: room for what is left of the text
 *
 * Returns its length.
 */
static size_t read_value(struct cursor *cursor, char *value)
{
	size_t length = 0;

	for (;;) {
		int c = cursor_next(cursor);

		if (c < 0 || c == '\n')
			return length;
		if (c == '\'') {
			read_single_quoted(cursor, value, &length);
		} else if (c == '"') {
			read_double_quoted(cursor, value, &length);
		} else if (!strchr(WHITESPACE, c)) {
			cursor->at--;
			read_plain(cursor, value, &length);
			return length;
		}
	}
}

/**
 * read_key - find the key of an assignment
 * @cursor: at the first character of an entry; moved behind the "=" when there is one
 * @ret_key: the key, borrowed from the text
 * @ret_length: its length, blanks around it left out
 *
 * Returns whether the entry is an assignment.
 */
static bool read_key(struct cursor *cursor, const char **ret_key, size_t *ret_length)
{
	const char *start = cursor->at;
	const char *at;

	while (start < cursor->end && strchr(WHITESPACE, *start))
		start++;
	if (start == cursor->end || *start == '#' || *start == ';')
		return false;
	for (at = start; at < cursor->end && *at != '=' && *at != '\n'; at++)
		;
	if (at == cursor->end || *at != '=')
		return false;
	cursor->at = at + 1;
	while (at > start && strchr(WHITESPACE, at[-1]))
		at--;
	*ret_key = start;
	*ret_length = (size_t)(at - start);
	return true;
}

/**
 * entry_deinit - free what an entry owns
 * @entry: freed, not the struct itself; half-built is fine
 */
static void entry_deinit(struct environment_entry *entry)
{
	free(entry->raw);
	free(entry->key);
	free(entry->value);
}

/**
 * environment_append - add an entry behind the others
 * @file: changed
 * @entry: taken on success
 *
 * Returns 0 or -ENOMEM.
 */
static int environment_append(struct environment_file *file, struct environment_entry *entry)
{
	struct environment_entry *entries =
		realloc(file->entries, (file->count + 1) * sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	file->entries = entries;
	entries[file->count++] = *entry;
	return 0;
}

/**
 * entry_read - read one entry
 * @cursor: at its first character; advanced behind it
 * @value: scratch, as long as the text
 * @ret_entry: what was read; the caller's on success
 *
 * Returns 0 or -ENOMEM.
 */
static int entry_read(struct cursor *cursor, char *value, struct environment_entry *ret_entry)
{
	struct environment_entry entry = { 0 };
	const char *start = cursor->at;
	const char *key;
	size_t key_length;
	bool complete = true;

	if (read_key(cursor, &key, &key_length)) {
		size_t length = read_value(cursor, value);

		entry.key = strndup(key, key_length);
		entry.value = strndup(value, length);
		complete = entry.key && entry.value;
	} else {
		skip_line(cursor);
	}
	entry.raw_length = (size_t)(cursor->at - start);
	entry.raw = strndup(start, entry.raw_length);
	if (!complete || !entry.raw) {
		entry_deinit(&entry);
		return -ENOMEM;
	}
	*ret_entry = entry;
	return 0;
}

/**
 * environment_parse - read a whole file
 * @text, @length: its content, borrowed
 * @ret_file: what was read; the caller ends with environment_deinit()
 * @e: says what is wrong; the caller adds the name of the file
 *
 * Returns 0, -EINVAL when the content holds a NUL byte, or -ENOMEM.
 */
int environment_parse(const char *text, size_t length, struct environment_file *ret_file,
		      struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	_cleanup_(freep) char *value = malloc(length + 1);
	struct cursor cursor = { .at = text, .end = text + length };
	struct environment_entry entry;
	int r = value ? 0 : -ENOMEM;

	if (memchr(text, '\0', length))
		return error_set(e, ERROR_FAILED, EINVAL, "it contains a NUL byte");
	while (r == 0 && cursor.at < cursor.end) {
		r = entry_read(&cursor, value, &entry);
		if (r == 0) {
			r = environment_append(&file, &entry);
			if (r < 0)
				entry_deinit(&entry);
		}
	}
	if (r < 0)
		return error_errno(e, -r, "cannot read it");
	*ret_file = file;
	file = (struct environment_file){ 0 };
	return 0;
}

/**
 * environment_deinit - free what a file owns
 * @file: emptied; an empty one is fine
 */
void environment_deinit(struct environment_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		entry_deinit(&file->entries[i]);
	free(file->entries);
	*file = (struct environment_file){ 0 };
}

/**
 * environment_find - the entry that decides about a key: the last one
 * @file: borrowed
 * @key: borrowed
 *
 * Returns a pointer into @file, or NULL.
 */
static struct environment_entry *environment_find(const struct environment_file *file,
						  const char *key)
{
	for (size_t i = file->count; i-- > 0;)
		if (file->entries[i].key && strcmp(file->entries[i].key, key) == 0)
			return &file->entries[i];
	return NULL;
}

/**
 * environment_get - the value of a key
 * @file: borrowed
 * @key: borrowed
 *
 * Returns the value, borrowed from @file, or NULL when the key is absent or its value empty, which
 * mean the same in these files.
 */
const char *environment_get(const struct environment_file *file, const char *key)
{
	const struct environment_entry *entry = environment_find(file, key);

	return entry && entry->value[0] ? entry->value : NULL;
}

/**
 * value_is_plain - whether a value needs no quotes
 * @value: borrowed
 */
static bool value_is_plain(const char *value)
{
	return value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-_./:,@%+")] == '\0';
}

/**
 * value_quote - write a value so that it is read back as it is
 * @value: borrowed, without control characters
 * @text: room for twice its length and three more bytes
 */
static void value_quote(const char *value, char *text)
{
	*text++ = '"';
	for (; *value; value++) {
		if (strchr(DOUBLE_QUOTE_ESCAPABLE, *value))
			*text++ = '\\';
		*text++ = *value;
	}
	*text++ = '"';
	*text = '\0';
}

/**
 * entry_make - build the entry of an assignment
 * @key, @value: borrowed
 * @ret_entry: the caller's on success
 *
 * Returns 0 or -ENOMEM.
 */
static int entry_make(const char *key, const char *value, struct environment_entry *ret_entry)
{
	struct environment_entry entry = { .key = strdup(key), .value = strdup(value) };
	_cleanup_(freep) char *quoted = malloc(strlen(value) * 2 + 3);
	int n = -1;

	if (quoted) {
		value_quote(value, quoted);
		n = asprintf(&entry.raw, "%s=%s\n", key, value_is_plain(value) ? value : quoted);
	}
	if (n < 0)
		entry.raw = NULL;
	if (!entry.raw || !entry.key || !entry.value) {
		entry_deinit(&entry);
		return -ENOMEM;
	}
	entry.raw_length = (size_t)n;
	*ret_entry = entry;
	return 0;
}

/**
 * environment_terminate - give the last line its end, so that a line can follow
 * @file: changed
 *
 * Returns 0 or -ENOMEM.
 */
static int environment_terminate(struct environment_file *file)
{
	struct environment_entry *last = file->count ? &file->entries[file->count - 1] : NULL;
	char *raw;

	if (!last || last->raw[last->raw_length - 1] == '\n')
		return 0;
	raw = realloc(last->raw, last->raw_length + 2);
	if (!raw)
		return -ENOMEM;
	raw[last->raw_length++] = '\n';
	raw[last->raw_length] = '\0';
	last->raw = raw;
	return 0;
}

/**
 * environment_set - give a key a value
 * @file: changed: the line that decides about the key, or a new last line
 * @key: borrowed, a literal of ours
 * @value: borrowed; control characters are refused
 * @e: names the key
 *
 * Returns 1, 0 when it has that value, -EINVAL or -ENOMEM.
 */
int environment_set(struct environment_file *file, const char *key, const char *value,
		    struct error *e)
{
	struct environment_entry *old = environment_find(file, key);
	struct environment_entry entry;
	int r;

	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(e, ERROR_USAGE, EINVAL,
					 "the value of %s has a control character", key);
	if (old && strcmp(old->value, value) == 0)
		return 0;
	r = entry_make(key, value, &entry);
	if (r < 0)
		return error_errno(e, -r, "cannot set %s", key);
	if (old) {
		entry_deinit(old);
		*old = entry;
		return 1;
	}
	r = environment_terminate(file);
	if (r == 0)
		r = environment_append(file, &entry);
	if (r < 0) {
		entry_deinit(&entry);
		return error_errno(e, -r, "cannot set %s", key);
	}
	return 1;
}

/**
 * environment_unset - take every assignment of a key away
 * @file: changed
 * @key: borrowed
 *
 * Returns whether there was one.
 */
bool environment_unset(struct environment_file *file, const char *key)
{
	size_t kept = 0;
	bool found;

	for (size_t i = 0; i < file->count; i++) {
		struct environment_entry *entry = &file->entries[i];

		if (entry->key && strcmp(entry->key, key) == 0)
			entry_deinit(entry);
		else
			file->entries[kept++] = *entry;
	}
	found = kept < file->count;
	file->count = kept;
	return found;
}

/**
 * environment_format - the whole file as text
 * @file: borrowed
 * @ret_text: the text with a NUL behind it; the caller frees it
 * @ret_length: its length
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int environment_format(const struct environment_file *file, char **ret_text, size_t *ret_length,
		       struct error *e)
{
	size_t length = 0;
	char *text, *at;

	for (size_t i = 0; i < file->count; i++)
		length += file->entries[i].raw_length;
	text = malloc(length + 1);
	if (!text)
		return error_errno(e, ENOMEM, "cannot format %zu bytes", length);
	at = text;
	for (size_t i = 0; i < file->count; i++) {
		memcpy(at, file->entries[i].raw, file->entries[i].raw_length);
		at += file->entries[i].raw_length;
	}
	*at = '\0';
	*ret_text = text;
	*ret_length = length;
	return 0;
}
