/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/fail.h"
#include "cli/text.h"

/**
 * json_text - text from elsewhere as a JSON string
 * @text: borrowed; "" gives null
 *
 * What is not UTF-8 is escaped as it would be on a terminal.
 *
 * Returns a new value, or NULL without memory.
 */
json_t *json_text(const char *text)
{
	char escaped[1024];
	json_t *value;

	if (!text[0])
		return json_null();
	value = json_string(text);
	return value ? value : json_string(text_escape(text, escaped, sizeof(escaped)));
}

/**
 * json_addr - an address as a JSON string
 * @addr: borrowed; none gives null
 *
 * Returns a new value, or NULL without memory.
 */
json_t *json_addr(const struct addr *addr)
{
	char text[ADDR_TEXT];

	return addr_is_set(addr) ? json_string(addr_format(addr, text)) : json_null();
}

/**
 * json_mac - an Ethernet address as a JSON string
 * @mac: borrowed; none gives null
 *
 * Returns a new value, or NULL without memory.
 */
json_t *json_mac(const struct mac *mac)
{
	char text[MAC_TEXT];

	return mac_is_set(mac) ? json_string(mac_format(mac, text)) : json_null();
}

/**
 * json_cell - the value of one column of a row, for programs: numbers as they are
 * @column: borrowed
 * @row: borrowed
 *
 * Returns a new value, or NULL without memory.
 */
static json_t *json_cell(const struct column *column, const void *row)
{
	const void *field = (const char *)row + column->offset;
	char cell[COLUMN_CELL];

	switch (column->kind) {
	case COLUMN_FLAG:
		return json_boolean(*(const bool *)field);
	case COLUMN_COUNT:
	case COLUMN_FAULTS:
	case COLUMN_PERCENT:
		return json_integer(*(const uint32_t *)field);
	case COLUMN_PACKETS:
	case COLUMN_BYTES:
		return json_integer((json_int_t) * (const uint64_t *)field);
	case COLUMN_TEXT:
	case COLUMN_PROSE:
	case COLUMN_WORD:
	case COLUMN_ADDR:
	case COLUMN_PREFIX:
	case COLUMN_MAC:
	case COLUMN_TIME:
	case COLUMN_STATE:
		break;
	}
	return json_text(column_text(column, row, cell));
}

/**
 * json_row - a row as an object
 * @selection: its columns
 * @row: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
json_t *json_row(const struct selection *selection, const void *row)
{
	json_t *object = json_object();
	char key[32];

	for (size_t i = 0; object && i < selection->count; i++) {
		const struct column *column = selection->columns[i];

		if (json_object_set_new(object, column_key(column, key), json_cell(column, row)) ==
		    0)
			continue;
		json_decref(object);
		return NULL;
	}
	return object;
}

/**
 * json_rows - rows as an array of objects
 * @listing: gives the size of a row
 * @selection: their columns
 * @rows, @count: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
json_t *json_rows(const struct listing *listing, const struct selection *selection,
		  const void *rows, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		const void *row = (const char *)rows + i * listing->row_size;

		if (json_array_append_new(array, json_row(selection, row)) == 0)
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

/**
 * json_lines - an array of char arrays as an array of strings
 * @lines: the first, borrowed
 * @stride: bytes from one to the next
 * @count: how many
 *
 * Returns a new array, or NULL without memory.
 */
json_t *json_lines(const char *lines, size_t stride, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		if (json_array_append_new(array, json_text(lines + i * stride)) == 0)
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

/**
 * class_name - the name of a kind of failure
 * @class: the kind
 */
static const char *class_name(enum error_class class)
{
	switch (class) {
	case ERROR_USAGE:
		return "usage";
	case ERROR_NO_CONTAINER:
		return "no-container";
	case ERROR_CONFLICT:
		return "conflict";
	case ERROR_EXHAUSTED:
		return "exhausted";
	case ERROR_DENIED:
		return "denied";
	case ERROR_BUSY:
		return "busy";
	case ERROR_CANNOT_RUN:
		return "cannot-run";
	case ERROR_NO_PROGRAM:
		return "no-program";
	case ERROR_FAILED:
		break;
	}
	return "failed";
}

/**
 * json_detail - the last lines of somebody else as an array of strings
 * @e: set, borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *json_detail(const struct error *e)
{
	json_t *array = json_array();
	const char *line = e->detail;
	char one[sizeof(e->detail)];

	while (array && *line) {
		size_t length = strcspn(line, "\n");

		memcpy(one, line, length);
		one[length] = '\0';
		(void)json_array_append_new(array, json_text(one));
		line += length;
		line += *line == '\n';
	}
	return array;
}

/**
 * json_error - a failure as an object
 * @session: with --debug the place it comes from is included
 * @e: set, borrowed
 *
 * Returns a new object, or NULL without memory.
 */
json_t *json_error(const struct session *session, const struct error *e)
{
	json_t *object =
		json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "class", class_name(e->class),
			  "code", (int)e->class, "errno", e->number, "text", json_text(e->text),
			  "kernel", json_text(e->kernel), "attribute", json_text(e->attribute),
			  "remedy", json_text(e->remedy), "log", json_detail(e));

	if (object && session->debug)
		(void)json_object_set_new(object, "origin",
					  json_sprintf("%s:%d", fail_origin(e), e->line));
	return object;
}

/**
 * json_print - print an answer
 * @answer: taken; NULL is reported as the lack of memory that it is
 * @e: filled on failure
 *
 * Everything beyond ASCII is written as \u, so that nothing in it can reach a terminal.
 *
 * Returns 0 or -errno.
 */
int json_print(json_t *answer, struct error *e)
{
	int r = -1;

	if (answer)
		r = json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(answer);
	if (r < 0)
		return error_errno(e, answer ? EIO : ENOMEM, "cannot write the answer");
	(void)putchar('\n');
	return 0;
}

/**
 * json_fail - tell a program what failed
 * @session: borrowed
 * @e: set, borrowed
 *
 * Where standard output cannot take it, a person may read it in the log.
 */
void json_fail(const struct session *session, const struct error *e)
{
	if (json_print(json_pack("{s:o}", "error", json_error(session, e)), NULL) < 0 ||
	    fflush(stdout) != 0)
		fail_log(session, e);
}
