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

#define RECORD_LINE_MAX 80
#define RECORD_SIZE_MAX 65536

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
 * Returns 0 or -ENOSPC.
 */
int switches_add(struct switches *switches, const struct kernel_switch *added, struct error *e)
{
	if (switches->count == ARRAY_SIZE(switches->list))
		return error_errno(e, ENOSPC, "cannot remember another switch of the kernel");
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
 * number_parse - parse a number up to the character it ends at
 * @text: borrowed
 * @end: that character
 * @ret_rest: what is behind it
 * @ret_number: the number
 *
 * Returns 0 or -EINVAL.
 */
static int number_parse(const char *text, char end, const char **ret_rest, int *ret_number)
{
	char *rest;
	long number;

	errno = 0;
	number = strtol(text, &rest, 10);
	if (rest == text || *rest != end || errno || number < INT_MIN || number > INT_MAX)
		return -EINVAL;
	*ret_rest = end ? rest + 1 : rest;
	*ret_number = (int)number;
	return 0;
}

/**
 * line_parse - parse one line of a record
 * @line: without its end
 * @ret: the switch
 *
 * Returns 0, or -EINVAL for what we cannot have written.
 */
static int line_parse(const char *line, struct kernel_switch *ret)
{
	static const char ports[] = " ports";
	size_t length = strlen(line), tail = length - strlen(ports);
	char number[RECORD_LINE_MAX];
	int end = 0;

	ret->ports = length > strlen(ports) && strcmp(line + tail, ports) == 0;
	if (path_format(number, sizeof(number), NULL, "%.*s", (int)(ret->ports ? tail : length),
			line) < 0)
		return -EINVAL;
	line = number;
	if (sscanf(line, "%7s %15s %23s %n", ret->family, ret->link, ret->key, &end) != 3 ||
	    number_parse(line + end, ' ', &line, &ret->before) < 0 ||
	    number_parse(line, '\0', &line, &ret->wanted) < 0)
		return -EINVAL;
	if (strcmp(ret->family, "ipv4") != 0 && strcmp(ret->family, "ipv6") != 0)
		return -EINVAL;
	if (strchr(ret->key, '/') || ret->key[0] == '.')
		return -EINVAL;
	return link_check(ret->link, NULL);
}

/**
 * record_read - read a record
 * @path: of the file, borrowed
 * @ret_record: its switches
 * @e: names the file and the line
 *
 * Returns 1, 0 when there is no file, which is an empty record, or -errno.
 */
int record_read(const char *path, struct switches *ret_record, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t length, number = 0;
	char *rest;
	int r;

	ret_record->count = 0;
	r = file_read(path, RECORD_SIZE_MAX, &text, &length, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (rest = text; *rest;) {
		char *line = strsep(&rest, "\n");
		struct kernel_switch entry;

		number++;
		r = line_parse(line, &entry);
		if (r < 0) {
			r = error_set(e, ERROR_FAILED, EINVAL, "%s, line %zu: '%.60s' is no switch",
				      path, number, line);
			return error_remedy(e, r, "remove %s and set the switches by hand", path);
		}
		r = switches_add(ret_record, &entry, e);
		if (r < 0 || !rest)
			return r < 0 ? r : 1;
	}
	return 1;
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
	char text[ARRAY_SIZE(record->list) * RECORD_LINE_MAX];
	size_t length = 0;
	int r;

	for (size_t i = 0; i < record->count; i++) {
		const struct kernel_switch *entry = &record->list[i];

		length += (size_t)snprintf(text + length, RECORD_LINE_MAX, "%s %s %s %d %d%s\n",
					   entry->family, entry->link, entry->key, entry->before,
					   entry->wanted, entry->ports ? " ports" : "");
	}
	if (length)
		return file_replace(path, text, length, 0644, e);
	r = file_remove(path, e);
	return r < 0 ? r : 0;
}
