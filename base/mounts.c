/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mounts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

/* Thousands of mounts; what is beyond is an error, not cut off. */
#define MOUNTS_MAX ((size_t)16 * 1024 * 1024)

/* Fields of a line, counted from 0: ID PARENT DEVICE ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE OPTIONS */
enum {
	FIELD_ROOT = 3,
	FIELD_POINT = 4,
};

/**
 * mounts_read - read the table of mounts
 * @ret_text: the caller frees it
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int mounts_read(char **ret_text, struct error *e)
{
	size_t length;

	return file_read("/proc/self/mountinfo", MOUNTS_MAX, ret_text, &length, e);
}

/**
 * is_octal - whether a character is an octal digit
 * @c: the character
 */
static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/**
 * unescape - resolve what stands for blanks and backslashes
 * @field: changed
 *
 * Source: proc(5): \040 and the like.
 */
static void unescape(char *field)
{
	char *to = field;

	for (const char *from = field; *from; to++) {
		if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) &&
		    is_octal(from[3])) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/**
 * line_parse - take one line apart
 * @line: changed
 * @ret_mount: borrowed from it
 *
 * Returns whether it is complete.
 */
static bool line_parse(char *line, struct mount *ret_mount)
{
	char *behind = strstr(line, " - ");
	struct mount mount = { 0 };
	char *field;

	if (!behind)
		return false;
	*behind = '\0';
	behind += strlen(" - ");
	for (int i = 0; (field = strsep(&line, " ")); i++) {
		unescape(field);
		if (i == FIELD_ROOT)
			mount.root = field;
		else if (i == FIELD_POINT)
			mount.point = field;
	}
	mount.type = strsep(&behind, " ");
	(void)strsep(&behind, " ");
	mount.options = behind ? behind : "";
	*ret_mount = mount;
	return mount.root && mount.point;
}

/**
 * mounts_next - the next mount of the table
 * @cursor: in the text that mounts_read() gave; moved on
 * @ret_mount: borrowed from the text
 *
 * Source: proc(5), /proc/PID/mountinfo.
 *
 * Returns whether there is one.
 */
bool mounts_next(char **cursor, struct mount *ret_mount)
{
	char *line;

	while ((line = strsep(cursor, "\n")))
		if (line_parse(line, ret_mount))
			return true;
	return false;
}
