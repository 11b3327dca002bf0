/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "managers/engine.h"

#define DEPTH_MAX 16 /* of values that are looked at */

/* A file that is walked through. */
struct walk {
	const struct engine_source *source;
	const char *file;
	const char *name; /* of the network, within the file's value */
	struct engine_networks *networks;
	struct error *e;
};

/**
 * walk_value - take in what a value and those within it say
 * @walk: borrowed
 * @key: what it is called, borrowed
 * @value: borrowed
 * @depth: of it
 *
 * Engines differ in where their networks stand, and new versions move them; what they are called stays.
 *
 * Returns 0 or -errno.
 */
static int walk_value(const struct walk *walk, const char *key, json_t *value, int depth)
{
	const char *inner;
	json_t *item;
	size_t i;
	int r = 0;

	if (depth == DEPTH_MAX)
		return 0;
	if (json_is_string(value))
		return engine_value(walk->networks, walk->source, walk->file, walk->name, key,
				    json_string_value(value), walk->e);
	if (json_is_array(value))
		json_array_foreach(value, i, item) if (r == 0) r =
			walk_value(walk, key, item, depth + 1);
	if (json_is_object(value))
		json_object_foreach(value, inner, item) if (r == 0) r =
			walk_value(walk, inner, item, depth + 1);
	return r;
}

/**
 * engine_json - take a file of JSON in
 * @source, @file: whose it is, borrowed
 * @text, @length: what stands in it, borrowed
 * @networks: changed
 * @e: says what is wrong with it
 *
 * Returns 0 or -errno.
 */
int engine_json(const struct engine_source *source, const char *file, const char *text,
		size_t length, struct engine_networks *networks, struct error *e)
{
	struct walk walk = { source, file, "", networks, e };
	json_error_t wrong;
	json_t *all = json_loadb(text, length, 0, &wrong);
	const char *name = json_string_value(json_object_get(all, "name"));
	int r;

	if (!all)
		return error_set(e, ERROR_FAILED, EBADMSG, "line %d: %.128s", wrong.line,
				 wrong.text);
	if (name)
		walk.name = name;
	r = walk_value(&walk, "", all, 0);
	json_decref(all);
	return r;
}
