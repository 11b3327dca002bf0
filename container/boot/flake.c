/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/flake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

/**
 * check_characters - refuse what would become something else on its way to Nix
 * @text: as typed, borrowed
 * @e: says what is wrong
 *
 * A quote would end the attribute's, a second "#" would begin another attribute, and a control
 * character cannot be kept in the definition.
 *
 * Returns 0 or -EINVAL.
 */
static int check_characters(const char *text, struct error *e)
{
	const char *hash = strchr(text, '#');

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(e, ERROR_USAGE, EINVAL,
					 "the flake has a control character");
	if (hash && (strchr(hash + 1, '#') || strchr(hash, '"')))
		return error_set(e, ERROR_USAGE, EINVAL, "flake '%s' is not REF#ATTR", text);
	if (hash && !hash[1])
		return error_set(e, ERROR_USAGE, EINVAL, "flake '%s' has no attribute behind '#'",
				 text);
	return 0;
}

/**
 * is_relative - whether a reference is a path that begins where we are
 * @ref: borrowed
 * @length: of the path in it, up to what it asks for behind "?"
 */
static bool is_relative(const char *ref, size_t length)
{
	return length == 0 || (ref[0] == '.' && (length == 1 || ref[1] == '/' || ref[1] == '.'));
}

/**
 * flake_parse - take a flake apart
 * @text: REF or REF#ATTR as typed, borrowed
 * @flake: filled: REF, which means the same wherever it is used again
 * @attr: filled: ATTR, or empty
 * @e: says what is wrong
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
int flake_parse(const char *text, char flake[FLAKE_MAX], char attr[FLAKE_ATTR_MAX], struct error *e)
{
	size_t length = strcspn(text, "#"), path = strcspn(text, "?#");
	_cleanup_(freep) char *absolute = NULL;
	char ref[FLAKE_MAX];
	int r = check_characters(text, e);

	if (r == 0)
		r = path_format(attr, FLAKE_ATTR_MAX, e, "%s",
				text[length] ? text + length + 1 : "");
	if (r == 0 && !is_relative(text, path))
		return path_format(flake, FLAKE_MAX, e, "%.*s", (int)length, text);
	if (r == 0)
		r = path_format(ref, sizeof(ref), e, "%.*s", path ? (int)path : 1,
				path ? text : ".");
	if (r < 0)
		return r;
	absolute = realpath(ref, NULL);
	if (!absolute) {
		r = error_errno(e, errno, "flake '%s'", text);
		return error_classify(e, r, ERROR_USAGE);
	}
	return path_format(flake, FLAKE_MAX, e, "%s%.*s", absolute, (int)(length - path),
			   text + path);
}
