/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/external.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysctl.h"
#include "nat/nat.h"

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
 * wildcard_length - how many bytes of a name count when it stands for all that begin so
 * @name: a name, or one that ends in "*"
 * @ret_length: how many
 *
 * Returns whether it is such a one.
 */
static bool wildcard_length(const char *name, size_t *ret_length)
{
	size_t length = strnlen(name, IFNAMSIZ - 1);
	bool wildcard = length > 0 && name[length - 1] == '*';

	*ret_length = wildcard ? length - 1 : length;
	return wildcard;
}

/**
 * external_is_wildcard - whether a name stands for all that begin so
 * @external: as it is in a spec
 */
bool external_is_wildcard(const char *external)
{
	size_t length;

	return wildcard_length(external, &length);
}

/**
 * nat_external_is - whether a name of an external link stands for a link
 * @external: as it is in a spec
 * @link: a name, or one that ends in "*" and stands for more
 */
bool nat_external_is(const char *external, const char *link)
{
	size_t length;

	if (wildcard_length(external, &length))
		return strncmp(external, link, length) == 0;
	return strcmp(external, link) == 0;
}

/**
 * link_leads_to_container - whether a link has the name of a container's
 * @link: its name; or, one that ends in "*", whether it stands for such
 */
bool link_leads_to_container(const char *link)
{
	static const char *const prefixes[] = { NAT_PREFIX, NAT_PREFIX_BRIDGED };
	size_t length;
	bool wildcard = wildcard_length(link, &length);

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t common = strlen(prefixes[i]);

		if (wildcard && length < common)
			common = length;
		if (strncmp(link, prefixes[i], common) == 0)
			return true;
	}
	return false;
}

/**
 * external_refusal - why a link cannot be external
 * @link: a name a link can have, which may end in "*"
 *
 * Returns the reason, or NULL when it can.
 */
static const char *external_refusal(const char *link)
{
	size_t length;
	bool wildcard = wildcard_length(link, &length);

	if (memchr(link, '*', length))
		return "a wildcard stands at the end only";
	if (link_leads_to_container(link))
		return wildcard ? "it stands for links that lead to containers"
				: "it leads to a container";
	if (strcmp(link, "lo") == 0)
		return "it leads nowhere";
	if (strcmp(link, "all") == 0 || strcmp(link, "default") == 0)
		return "the kernel means all links by this name";
	return NULL;
}

/**
 * externals_drop - take out what a wildcard stands for
 * @spec: changed
 * @wildcard: a name
 */
static void externals_drop(struct nat_spec *spec, const char *wildcard)
{
	size_t kept = 0;

	for (size_t i = 0; i < spec->n_external; i++)
		if (!nat_external_is(wildcard, spec->external[i]))
			memmove(spec->external[kept++], spec->external[i], IFNAMSIZ);
	spec->n_external = kept;
}

/**
 * nat_spec_add - add an external link, or all whose names begin with something
 * @spec: changed; of two names that overlap the wider one stays
 * @link: its name, which need not exist yet; "wl+" and "wl*" are all that begin with "wl"
 * @e: says why not
 *
 * Returns 1, 0 when it is there already, -EINVAL (ERROR_USAGE) for a name no external link can have,
 * or -ENOSPC when there are too many.
 */
int nat_spec_add(struct nat_spec *spec, const char *link, struct error *e)
{
	char name[IFNAMSIZ] = "";
	const char *refusal;
	int r = link_check(link, e);

	if (r < 0)
		return r;
	memcpy(name, link, strlen(link));
	if (name[strlen(name) - 1] == '+')
		name[strlen(name) - 1] = '*';
	refusal = external_refusal(name);
	if (refusal)
		return error_set(e, ERROR_USAGE, EINVAL, "link %s cannot be external: %s", link,
				 refusal);
	for (size_t i = 0; i < spec->n_external; i++)
		if (nat_external_is(spec->external[i], name))
			return 0;
	externals_drop(spec, name);
	if (spec->n_external == NAT_EXTERNAL_MAX)
		return error_set(e, ERROR_USAGE, ENOSPC,
				 "cannot add link %s: %d are external, no "
				 "more are possible",
				 link, NAT_EXTERNAL_MAX);
	memcpy(spec->external[spec->n_external++], name, IFNAMSIZ);
	return 1;
}

/**
 * external_is_link - whether a link of the host is one of those that are external
 * @spec: borrowed
 * @link: its name
 *
 * Also where a wildcard stands for it, the loopback leads nowhere.
 */
static bool external_is_link(const struct nat_spec *spec, const char *link)
{
	for (size_t i = 0; i < spec->n_external; i++)
		if (nat_external_is(spec->external[i], link))
			return !external_refusal(link);
	return false;
}

/**
 * nat_external_now - the links of the host that are external now
 * @spec: borrowed
 * @ret_names: in their order; the caller frees them
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_external_now(const struct nat_spec *spec, char (**ret_names)[IFNAMSIZ], size_t *ret_count,
		     struct error *e)
{
	char(*names)[IFNAMSIZ];
	size_t count, kept = 0;
	int r = sysctl_links(&names, &count, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (external_is_link(spec, names[i]))
			memmove(names[kept++], names[i], IFNAMSIZ);
	*ret_names = names;
	*ret_count = kept;
	return 0;
}
