/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "declare/compound.h"

/**
 * colons_escape - a path as one part of an option of systemd-nspawn
 * @path: borrowed
 * @ret_text: the caller frees it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int colons_escape(const char *path, char **ret_text, struct error *e)
{
	char *text = malloc(2 * strlen(path) + 1), *to = text;

	if (!text)
		return error_errno(e, ENOMEM, "cannot read a path");
	for (; *path; path++) {
		if (*path == ':' || *path == '\\')
			*to++ = '\\';
		*to++ = *path;
	}
	*to = '\0';
	*ret_text = text;
	return 0;
}

/**
 * bind_give - put down what appears in a container
 * @binds: changed
 * @host, @inside: absolute paths, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int bind_give(struct words *binds, const char *host, const char *inside, struct error *e)
{
	_cleanup_(freep) char *from = NULL;
	_cleanup_(freep) char *to = NULL;
	int r = colons_escape(host, &from, e);

	if (r == 0)
		r = colons_escape(inside, &to, e);
	if (r < 0 || !from || !to)
		return r;
	return strcmp(host, inside) == 0 ? words_add(binds, e, "%s", from)
					 : words_add(binds, e, "%s:%s", from, to);
}

/**
 * bind_take - one of bindMounts
 * @taking: changed
 * @name: where it appears, unless that is said within; borrowed
 * @spot: where it is, borrowed
 * @value: borrowed
 * @e: names the spot
 *
 * Without hostPath it is what has the same path on the host; and it cannot be written, as with NixOS.
 *
 * Returns 0 or -EINVAL.
 */
static int bind_take(struct taking *taking, const char *name, const struct spot *spot,
		     json_t *value, struct error *e)
{
	struct field fields[] = { { "hostPath", NULL },
				  { "mountPoint", NULL },
				  { "isReadOnly", NULL } };
	const char *host, *inside;
	int r = fields_read(fields, ARRAY_SIZE(fields), spot, value, e);

	if (r == 0)
		r = field_text(&fields[0], spot, &host, e);
	if (r == 0)
		r = field_text(&fields[1], spot, &inside, e);
	if (r < 0)
		return r;
	inside = inside ? inside : name;
	host = host ? host : inside;
	if (fields[2].value && !json_is_boolean(fields[2].value)) {
		struct spot there;

		spot_enter(spot, fields[2].name, &there);
		return spot_type(&there, fields[2].value, "true or false", e);
	}
	if (host[0] != '/' || inside[0] != '/')
		return spot_wrong(spot, e, "has a path that is not absolute: %.80s",
				  host[0] != '/' ? host : inside);
	return bind_give(json_is_false(fields[2].value) ? &taking->binds : &taking->binds_readonly,
			 host, inside, e);
}

/**
 * take_binds - bindMounts
 * @taking: changed
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_binds(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e)
{
	const char *name;
	json_t *inner;
	int r = 0;

	(void)option;
	if (!json_is_object(value))
		return spot_type(spot, value, "a set", e);
	json_object_foreach(value, name, inner)
	{
		struct spot there;

		spot_enter(spot, name, &there);
		r = bind_take(taking, name, &there, inner, e);
		if (r < 0)
			return r;
	}
	return 0;
}
