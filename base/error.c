/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/**
 * error_class_of - the class an errno has when nobody knows better
 * @number: positive errno
 *
 * Returns the class, ERROR_FAILED for whatever has no exit code of its own.
 */
enum error_class error_class_of(int number)
{
	switch (number) {
	case EPERM:
	case EACCES:
		return ERROR_DENIED;
	case EEXIST:
	case EADDRINUSE:
		return ERROR_CONFLICT;
	case EBUSY:
	case EAGAIN:
		return ERROR_BUSY;
	default:
		return ERROR_FAILED;
	}
}

/**
 * error_begin - start a fresh error
 * @e: the error to fill, not NULL
 * @file, @line: where the failure was noticed; @file must be a literal
 * @class, @number: what it is
 */
static void error_begin(struct error *e, const char *file, int line, enum error_class class,
			int number)
{
	*e = (struct error){ .number = number, .class = class, .file = file, .line = line };
}

/**
 * error_set_at - record a failure; use the macro error_set()
 * @e: filled; NULL when the caller does not care
 * @file, @line: where
 * @class: the exit code it leads to
 * @number: positive errno
 * @format: what failed: one line, lower case, names the object, no full stop
 *
 * Returns -@number, so that a caller can return it.
 */
int error_set_at(struct error *e, const char *file, int line, enum error_class class, int number,
		 const char *format, ...)
{
	va_list args;

	if (!e)
		return -number;
	error_begin(e, file, line, class, number);
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return -number;
}

/**
 * error_errno_at - record a failed system call; use the macro error_errno()
 * @e: filled; NULL when the caller does not care
 * @file, @line: where
 * @number: positive errno; its text is appended to the message and its class taken
 * @format: what was tried, naming the object
 *
 * Returns -@number.
 */
int error_errno_at(struct error *e, const char *file, int line, int number, const char *format, ...)
{
	size_t length;
	va_list args;

	if (!e)
		return -number;
	error_begin(e, file, line, error_class_of(number), number);
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	length = strlen(e->text);
	(void)snprintf(e->text + length, sizeof(e->text) - length, ": %s", strerror(number));
	return -number;
}

/**
 * error_wrap - put the caller's context before the message of a failure on its way up
 * @e: an error that is set; NULL is ignored
 * @r: the negative return value being handed on
 * @format: the context, without the ": "
 *
 * Returns @r.
 */
int error_wrap(struct error *e, int r, const char *format, ...)
{
	char inner[sizeof(e->text)];
	size_t length;
	va_list args;

	if (!e)
		return r;
	memcpy(inner, e->text, sizeof(inner));
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	length = strlen(e->text);
	(void)snprintf(e->text + length, sizeof(e->text) - length, ": %s", inner);
	return r;
}

/**
 * error_remedy - say what mends a failure, unless somebody nearer to it has said so
 * @e: an error that is set; NULL is ignored
 * @r: the negative return value being handed on
 * @format: one imperative sentence or a command
 *
 * Returns @r.
 */
int error_remedy(struct error *e, int r, const char *format, ...)
{
	va_list args;

	if (!e || e->remedy[0])
		return r;
	va_start(args, format);
	(void)vsnprintf(e->remedy, sizeof(e->remedy), format, args);
	va_end(args);
	return r;
}

/**
 * error_detail - add a line that somebody else wrote before the failure: a log, a program's output
 * @e: an error that is set; NULL is ignored
 * @r: the negative return value being handed on
 * @format: the line, without a line end
 *
 * Lines inside are kept apart, and the oldest go when there is no room: what was written last tells
 * most. What is in them is for cli/ to make harmless.
 *
 * Returns @r.
 */
int error_detail(struct error *e, int r, const char *format, ...)
{
	char line[sizeof(e->detail) / 4];
	const char *rest;
	size_t kept, need;
	va_list args;

	if (!e)
		return r;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	need = strlen(line) + 2;
	rest = e->detail;
	kept = strlen(rest);
	while (kept + need > sizeof(e->detail)) {
		rest = strchr(rest, '\n') + 1;
		kept = strlen(rest);
	}
	memmove(e->detail, rest, kept);
	(void)snprintf(e->detail + kept, sizeof(e->detail) - kept, "%s\n", line);
	return r;
}

/**
 * error_classify - give a failure another class than the one it was noticed with
 * @e: an error that is set; NULL is ignored
 * @r: the negative return value being handed on
 * @class: what it is seen from here: a wrong address is a usage error on the command line and a
 *         failure in a file
 *
 * Returns @r.
 */
int error_classify(struct error *e, int r, enum error_class class)
{
	if (e)
		e->class = class;
	return r;
}
