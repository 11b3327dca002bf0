/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "declare/spot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

/**
 * place_set - take over the place of what was entered
 * @place: an object with "at" and "within", borrowed; NULL: not known
 * @outer: where it is in, whose place is as good as none is known; borrowed
 * @spot: changed
 */
static void place_set(json_t *place, const struct spot *outer, struct spot *spot)
{
	const char *at = json_string_value(json_object_get(place, "at"));

	spot->at = at ? at : outer->at;
	spot->within = json_object_get(place, "within");
}

/**
 * spot_enter - go to an attribute of a set
 * @spot: where the set is, borrowed
 * @name: of the attribute; one that is too long is left out of the path
 * @ret_spot: filled
 */
void spot_enter(const struct spot *spot, const char *name, struct spot *ret_spot)
{
	if (path_format(ret_spot->path, SPOT_TEXT, NULL, "%s%s%s", spot->path,
			spot->path[0] ? "." : "", name) < 0)
		memcpy(ret_spot->path, spot->path, SPOT_TEXT);
	place_set(json_object_get(spot->within, name), spot, ret_spot);
}

/**
 * spot_enter_index - go to an element of a list
 * @spot: where the list is, borrowed
 * @index: of the element, from 0
 * @ret_spot: filled
 */
void spot_enter_index(const struct spot *spot, size_t index, struct spot *ret_spot)
{
	if (path_format(ret_spot->path, SPOT_TEXT, NULL, "%s[%zu]", spot->path, index) < 0)
		memcpy(ret_spot->path, spot->path, SPOT_TEXT);
	place_set(json_array_get(spot->within, index), spot, ret_spot);
}

/**
 * spot_wrong - say what is wrong with an option
 * @spot: where it is, borrowed
 * @e: filled
 * @format: what is wrong, as printf(3)
 *
 * Returns -EINVAL (ERROR_USAGE).
 */
int spot_wrong(const struct spot *spot, struct error *e, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(e, ERROR_USAGE, EINVAL, "%s%s%s%s %s", spot->path, spot->at ? " (" : "",
			 spot->at ? spot->at : "", spot->at ? ")" : "", text);
}

/**
 * type_name - what a value is, in words
 * @value: borrowed
 */
static const char *type_name(json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return json_object_get(value, "__function")  ? "a function"
		       : json_object_get(value, "__package") ? "a package"
							     : "a set";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		break;
	}
	return "null";
}

/**
 * spot_type - say that a value is of the wrong type
 * @spot: where it is, borrowed
 * @value: borrowed
 * @wanted: what it should be, in words
 * @e: filled
 *
 * Returns -EINVAL (ERROR_USAGE).
 */
int spot_type(const struct spot *spot, json_t *value, const char *wanted, struct error *e)
{
	return spot_wrong(spot, e, "is %s, and should be %s", type_name(value), wanted);
}

/**
 * spot_unknown - say that there is no such option
 * @spot: where it is, borrowed
 * @best: one that is spelt nearly so; NULL: none is
 * @e: filled
 *
 * Returns -EINVAL (ERROR_USAGE).
 */
int spot_unknown(const struct spot *spot, const char *best, struct error *e)
{
	int r = spot_wrong(spot, e, "is no option");

	return best ? error_remedy(e, r, "write %s", best)
		    : error_remedy(e, r, "see nixctr-net-apply(5) for those there are");
}
