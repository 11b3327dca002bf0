/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/external.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/**
 * links_of - names of links, padded
 * @names, @count: at most NAT_EXTERNAL_MAX, borrowed
 */
struct links links_of(const char (*names)[IFNAMSIZ], size_t count)
{
	struct links links = { .count = count };

	for (size_t i = 0; i < count; i++)
		memcpy(links.names[i], names[i], strnlen(names[i], IFNAMSIZ - 1));
	return links;
}

/**
 * links_have - whether a link is among some
 * @links: borrowed
 * @name: padded
 */
static bool links_have(const struct links *links, const char name[IFNAMSIZ])
{
	for (size_t i = 0; i < links->count; i++)
		if (memcmp(links->names[i], name, IFNAMSIZ) == 0)
			return true;
	return false;
}

/**
 * links_missing - those of some links that are not among others
 * @links: the ones
 * @others: the others
 */
struct links links_missing(const struct links *links, const struct links *others)
{
	struct links missing = { .count = 0 };

	for (size_t i = 0; i < links->count; i++)
		if (!links_have(others, links->names[i]))
			memcpy(missing.names[missing.count++], links->names[i], IFNAMSIZ);
	return missing;
}

/**
 * link_check - whether a link can have this name
 * @link: the name
 * @e: says what is wrong with it
 *
 * The rules of dev_valid_name() (net/core/dev.c), where a colon is out as well, and no control
 * characters.
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int link_check(const char *link, struct error *e)
{
	size_t length = strlen(link);

	if (length == 0)
		return error_set(e, ERROR_USAGE, EINVAL, "the name of a link is empty");
	if (length >= IFNAMSIZ)
		return error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is no link: longer than %d bytes",
				 link, IFNAMSIZ - 1);
	if (strcmp(link, ".") == 0 || strcmp(link, "..") == 0)
		return error_set(e, ERROR_USAGE, EINVAL, "'%s' is no name of a link", link);
	for (const char *c = link; *c; c++)
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c) ||
		    iscntrl((unsigned char)*c))
			return error_set(e, ERROR_USAGE, EINVAL,
					 "a link has a character in its name (byte %zu) that none "
					 "can have",
					 (size_t)(c - link) + 1);
	return 0;
}

/**
 * external_refusal - why a link cannot be external
 * @link: a name a link can have
 *
 * Returns the reason, or NULL when it can.
 */
static const char *external_refusal(const char *link)
{
	if (strncmp(link, NAT_PREFIX, strlen(NAT_PREFIX)) == 0 || strncmp(link, "vb-", 3) == 0)
		return "it leads to a container";
	if (strcmp(link, "lo") == 0)
		return "it leads nowhere";
	if (strcmp(link, "all") == 0 || strcmp(link, "default") == 0)
		return "the kernel means all links by this name";
	return NULL;
}

/**
 * nat_spec_add - add an external link
 * @spec: changed
 * @link: its name, which need not exist yet
 * @e: says why not
 *
 * Returns 1, 0 when it is there already, -EINVAL (ERROR_USAGE) for a name no external link can have,
 * or -ENOSPC when there are too many.
 */
int nat_spec_add(struct nat_spec *spec, const char *link, struct error *e)
{
	const struct nat_spec *before = spec;
	struct links links = links_of(before->external, before->n_external);
	char name[IFNAMSIZ] = "";
	const char *refusal;
	int r = link_check(link, e);

	if (r < 0)
		return r;
	refusal = external_refusal(link);
	if (refusal)
		return error_set(e, ERROR_USAGE, EINVAL, "link %s cannot be external: %s", link,
				 refusal);
	memcpy(name, link, strlen(link));
	if (links_have(&links, name))
		return 0;
	if (spec->n_external == NAT_EXTERNAL_MAX)
		return error_set(e, ERROR_USAGE, ENOSPC,
				 "cannot add link %s: %d are external, no "
				 "more are possible",
				 link, NAT_EXTERNAL_MAX);
	memcpy(spec->external[spec->n_external++], name, IFNAMSIZ);
	return 1;
}
