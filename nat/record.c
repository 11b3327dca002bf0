/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "nat/external.h"

#define RECORD_LINE_MAX 128
#define RECORD_SIZE_MAX 65536
#define RECORD_MAX      ((size_t)2 * SWITCHES_MAX) /* those of a spec and of the one before it */

/**
 * switches_deinit - free switches, for _cleanup_()
 * @switches: not usable afterwards
 */
void switches_deinit(struct switches *switches)
{
	free(switches->list);
}

/**
 * switches_find - the entry for a switch
 * @switches: borrowed
 * @which: family, link and key of it
 *
 * Returns the entry, borrowed from @switches, or NULL.
 */
struct kernel_switch *switches_find(struct switches *switches, const struct kernel_switch *which)
{
	for (size_t i = 0; i < switches->count; i++)
		if (strcmp(switches->list[i].family, which->family) == 0 &&
		    strcmp(switches->list[i].link, which->link) == 0 &&
		    strcmp(switches->list[i].key, which->key) == 0)
			return &switches->list[i];
	return NULL;
}

/**
 * switches_add - add an entry behind the others
 * @switches: changed
 * @added: copied
 * @e: filled on failure
 *
 * Most have a few, for which the stack of whoever attaches has no need of room for all there can be.
 *
 * Returns 0, -ENOSPC or -ENOMEM.
 */
int switches_add(struct switches *switches, const struct kernel_switch *added, struct error *e)
{
	if (switches->count == RECORD_MAX)
		return error_errno(e, ENOSPC, "cannot remember another switch of the kernel");
	if (switches->count == switches->room) {
		size_t room = switches->room ? 2 * switches->room : 8;
		void *grown = reallocarray(switches->list, room, sizeof(*switches->list));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot remember switches of the kernel");
		switches->list = grown;
		switches->room = room;
	}
	switches->list[switches->count++] = *added;
	return 0;
}

/**
 * switches_drop - take an entry out
 * @switches: changed
 * @index: which
 */
void switches_drop(struct switches *switches, size_t index)
{
	switches->count--;
	memmove(&switches->list[index], &switches->list[index + 1],
		(switches->count - index) * sizeof(switches->list[0]));
}

/**
 * number_parse - parse a word that is a number
 * @word: borrowed; NULL is none
 * @ret_number: the number
 *
 * Returns 0 or -EINVAL.
 */
static int number_parse(const char *word, int *ret_number)
{
	char *rest;
	long number;

	if (!word)
		return -EINVAL;
	errno = 0;
	number = strtol(word, &rest, 10);
	if (rest == word || *rest || errno || number < INT_MIN || number > INT_MAX)
		return -EINVAL;
	*ret_number = (int)number;
	return 0;
}

/**
 * rest_parse - parse what may stand behind the values of a switch
 * @rest: changed; NULL: nothing
 * @ret: the switch
 *
 * Returns 0 or -EINVAL.
 */
static int rest_parse(char *rest, struct kernel_switch *ret)
{
	while (rest) {
		const char *word = strsep(&rest, " ");
		int number = 0;

		if (strcmp(word, "ports") == 0)
			ret->ports = true;
		else if (strcmp(word, "ifindex") != 0 ||
			 number_parse(strsep(&rest, " "), &number) < 0 || number <= 0)
			return -EINVAL;
		ret->ifindex = number ? (unsigned)number : ret->ifindex;
	}
	return 0;
}

/**
 * word_take - take the next word of a line
 * @rest: changed; NULL at the end
 * @to, @size: where it goes
 *
 * Returns 0, or -EINVAL when there is none, or it is too long.
 */
static int word_take(char **rest, char *to, size_t size)
{
	const char *word = strsep(rest, " ");

	if (!word || strlen(word) >= size)
		return -EINVAL;
	memcpy(to, word, strlen(word) + 1);
	return 0;
}

/**
 * line_parse - parse one line of a record
 * @line: without its end; changed
 * @ret: the switch
 *
 * Returns 0, or -EINVAL for what we cannot have written.
 */
static int line_parse(char *line, struct kernel_switch *ret)
{
	char *rest = line;

	*ret = (struct kernel_switch){ 0 };
	if (word_take(&rest, ret->family, sizeof(ret->family)) < 0 ||
	    word_take(&rest, ret->link, sizeof(ret->link)) < 0 ||
	    word_take(&rest, ret->key, sizeof(ret->key)) < 0 ||
	    number_parse(strsep(&rest, " "), &ret->before) < 0 ||
	    number_parse(strsep(&rest, " "), &ret->wanted) < 0 || rest_parse(rest, ret) < 0)
		return -EINVAL;
	if (strcmp(ret->family, "ipv4") != 0 && strcmp(ret->family, "ipv6") != 0)
		return -EINVAL;
	if (!ret->key[0] || strchr(ret->key, '/') || ret->key[0] == '.')
		return -EINVAL;
	return link_check(ret->link, NULL);
}

/**
 * record_read - read a record
 * @path: of the file, borrowed
 * @record: its switches take the place of those in it
 * @e: names the file and the line
 *
 * Returns 1, 0 when there is no file, which is an empty record, or -errno.
 */
int record_read(const char *path, struct switches *record, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t length, number = 0;
	char *rest;
	int r;

	record->count = 0;
	r = file_read(path, RECORD_SIZE_MAX, &text, &length, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (rest = text; *rest;) {
		char *line = strsep(&rest, "\n");
		char words[RECORD_LINE_MAX] = "";
		struct kernel_switch entry;

		number++;
		r = path_format(words, sizeof(words), NULL, "%s", line);
		if (r == 0)
			r = line_parse(words, &entry);
		if (r < 0) {
			r = error_set(e, ERROR_FAILED, EINVAL, "%s, line %zu: '%.60s' is no switch",
				      path, number, line);
			return error_remedy(e, r, "remove %s and set the switches by hand", path);
		}
		r = switches_add(record, &entry, e);
		if (r < 0 || !rest)
			return r < 0 ? r : 1;
	}
	return 1;
}

/**
 * record_follow - have a record follow its links
 * @record: changed
 *
 * A link that was renamed has taken its switches with it. One that has gone, also into another
 * network namespace, has none any more; when another comes by the same name, that one has its own.
 *
 * Returns whether it is another one now.
 */
bool record_follow(struct switches *record)
{
	bool changed = false;

	for (size_t i = record->count; i-- > 0;) {
		struct kernel_switch *entry = &record->list[i];
		char name[IFNAMSIZ] = "";

		if (!entry->ifindex)
			continue;
		if (!if_indextoname(entry->ifindex, name))
			switches_drop(record, i);
		else if (strcmp(name, entry->link) == 0)
			continue;
		else
			memcpy(entry->link, name, sizeof(name));
		changed = true;
	}
	return changed;
}

/**
 * entry_format - one line of a record
 * @entry: borrowed
 * @text: filled
 *
 * Returns its length.
 */
static size_t entry_format(const struct kernel_switch *entry, char text[RECORD_LINE_MAX])
{
	int length = snprintf(text, RECORD_LINE_MAX, "%s %s %s %d %d", entry->family, entry->link,
			      entry->key, entry->before, entry->wanted);

	if (entry->ifindex)
		length += snprintf(text + length, (size_t)(RECORD_LINE_MAX - length), " ifindex %u",
				   entry->ifindex);
	length += snprintf(text + length, (size_t)(RECORD_LINE_MAX - length), "%s\n",
			   entry->ports ? " ports" : "");
	return (size_t)length;
}

/**
 * record_write - write a record, or remove it when it is empty
 * @path: of the file, borrowed
 * @record: its switches
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int record_write(const char *path, const struct switches *record, struct error *e)
{
	_cleanup_(freep) char *text = malloc(record->count * RECORD_LINE_MAX + 1);
	size_t length = 0;
	int r;

	if (!text)
		return error_errno(e, ENOMEM, "cannot write %s", path);
	for (size_t i = 0; i < record->count; i++)
		length += entry_format(&record->list[i], text + length);
	if (length)
		return file_replace(path, text, length, 0644, e);
	r = file_remove(path, e);
	return r < 0 ? r : 0;
}
