/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/definitions.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/suggestion.h"
#include "container/settings/settings.h"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/**
 * name_check - whether a text may be the name of a container
 * @name: borrowed
 * @e: says which rule it breaks
 *
 * Nothing that fails here ever reaches a path, a link name or an argument vector.
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int name_check(const char *name, struct error *e)
{
	const char *why = NULL;

	if (!name[0])
		why = "it is empty";
	else if (strlen(name) >= CONTAINER_NAME_MAX)
		why = "it is longer than 63 bytes";
	else if (!strchr(LETTERS_AND_DIGITS, name[0]))
		why = "it does not begin with a letter or digit";
	else if (name[strspn(name, LETTERS_AND_DIGITS "-_.")])
		why = "only letters, digits, '-', '_' and '.' are allowed";
	else if (strstr(name, ".."))
		why = "it contains '..'";
	if (!why)
		return 0;
	return error_set(e, ERROR_USAGE, EINVAL, "'%.80s' is no container name: %s", name, why);
}

/**
 * is_name_of_host - whether this host is called so
 * @name: borrowed
 *
 * By its whole name, or by the first part of it, by which it is known without its domain.
 */
static bool is_name_of_host(const char *name)
{
	char host[HOST_NAME_MAX + 1] = "";
	size_t first;

	if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
		return false;
	first = strcspn(host, ".");
	return strcasecmp(name, host) == 0 ||
	       (strlen(name) == first && strncasecmp(name, host, first) == 0);
}

/**
 * name_check_new - whether a text may be the name of a container that is yet to be made
 * @name: borrowed
 * @e: says why not
 *
 * The host finds containers by their names, and what everybody takes for the host itself (RFC 6761), or
 * what it is called, is no container.
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int name_check_new(const char *name, struct error *e)
{
	static const char reserved[] = "localhost";
	size_t length = strlen(name), end = sizeof(reserved) - 1;
	int r = name_check(name, e);

	if (r < 0)
		return r;
	if (!is_name_of_host(name) &&
	    (length < end || strcasecmp(name + length - end, reserved) != 0 ||
	     (length > end && name[length - end - 1] != '.')))
		return 0;
	r = error_set(e, ERROR_USAGE, EINVAL,
		      "'%s' is no container name: programs take it for the host", name);
	return error_remedy(e, r, "choose another name");
}

/**
 * name_unknown - say that there is no container of a name, and which one was perhaps meant
 * @paths: borrowed
 * @name: borrowed
 * @e: filled
 *
 * Returns -ENOENT with class ERROR_NO_CONTAINER.
 */
int name_unknown(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct suggestion suggestion;
	size_t count = 0;
	int r;

	suggestion_init(&suggestion, name);
	if (definition_names(paths, &names, &count, NULL) < 0)
		count = 0; /* then nothing is suggested */
	for (size_t i = 0; i < count; i++)
		suggestion_try(&suggestion, names[i]);
	if (suggestion.best)
		return error_set(e, ERROR_NO_CONTAINER, ENOENT,
				 "there is no container '%s'; did you mean '%s'?", name,
				 suggestion.best);
	r = error_set(e, ERROR_NO_CONTAINER, ENOENT, "there is no container '%s'", name);
	return error_remedy(e, r, "see \"nixctr-net list\" for those there are");
}

/**
 * name_strip - what is said of a container, without its name in front
 * @name: of the container, borrowed
 * @text: maybe with "container 'NAME': " in front, borrowed
 *
 * For a line that has named it already. Returns a part of @text.
 */
const char *name_strip(const char *name, const char *text)
{
	static const char before[] = "container '", behind[] = "': ";
	size_t length = strlen(name);

	if (strncmp(text, before, strlen(before)) != 0 ||
	    strncmp(text + strlen(before), name, length) != 0 ||
	    strncmp(text + strlen(before) + length, behind, strlen(behind)) != 0)
		return text;
	return text + strlen(before) + length + strlen(behind);
}
