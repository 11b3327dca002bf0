/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * This is a part of every process of the host that looks a name up, those of root and those that give
 * rights included. So it is told nothing by its environment, allocates nothing, keeps nothing from one
 * call to the next, opens no file, and has a bound for all that it reads. It trusts directories that
 * are root's and that nobody else may write to, looked at from above: what is in one of them is root's
 * as well.
 */
#include "nss/nss.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/**
 * nss_address_size - how many bytes an address has
 * @family: AF_INET or AF_INET6
 */
size_t nss_address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

/**
 * is_plain - whether a character may be in a name, wherever it stands
 * @c: the character
 *
 * Not by the functions of the C library: what those say depends on the locale of the process.
 */
static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/**
 * name_is_valid - whether a container can be called so
 * @name: borrowed
 *
 * Nothing else reaches a path.
 */
static bool name_is_valid(const char *name)
{
	size_t length = strnlen(name, NSS_NAME_MAX);

	if (length == 0 || length == NSS_NAME_MAX || !is_plain(name[0]) || strstr(name, ".."))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_plain(name[i]) && !strchr("-_.", name[i]))
			return false;
	return true;
}

/**
 * address_parse - read one address
 * @text: borrowed
 * @length: of it
 * @ret_address: filled
 *
 * Returns whether it is one.
 */
static bool address_parse(const char *text, size_t length, struct nss_address *ret_address)
{
	struct nss_address address = { .family = AF_INET };
	char copy[INET6_ADDRSTRLEN];

	if (length == 0 || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (strchr(copy, ':'))
		address.family = AF_INET6;
	if (inet_pton(address.family, copy, address.bytes) != 1)
		return false;
	*ret_address = address;
	return true;
}

/**
 * nss_entry_parse - read the text of a link below by-name
 * @text: addresses with one blank between them, borrowed
 * @ret_entry: its addresses are filled
 *
 * Returns whether all of it is right.
 */
bool nss_entry_parse(const char *text, struct nss_entry *ret_entry)
{
	struct nss_entry entry = { .count = 0 };

	for (;;) {
		size_t length = strcspn(text, " ");

		if (entry.count == NSS_ADDRESSES_MAX ||
		    !address_parse(text, length, &entry.addresses[entry.count++]))
			return false;
		if (!text[length])
			break;
		text += length + 1;
	}
	memcpy(ret_entry->addresses, entry.addresses, sizeof(entry.addresses));
	ret_entry->count = entry.count;
	return true;
}

/**
 * directory_is_trusted - whether nobody but its owner can have put something into a directory
 * @path: borrowed
 * @owner: who that has to be
 */
static bool directory_is_trusted(const char *path, uid_t owner)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == owner &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/**
 * link_read - read a link in a directory that is trusted
 * @place: borrowed
 * @kind: NSS_BY_NAME or NSS_BY_ADDRESS
 * @name: of the link, borrowed; it has no "/"
 * @text: filled
 *
 * Returns whether it is there.
 */
static bool link_read(const struct nss_place *place, const char *kind, const char *name,
		      char text[NSS_TEXT_MAX])
{
	char path[PATH_MAX];
	ssize_t length;
	int names = snprintf(path, sizeof(path), "%s/" NSS_BELOW_RUNTIME, place->runtime), end;

	if (names < 0 || (size_t)names >= sizeof(path) ||
	    !directory_is_trusted(place->runtime, place->owner) ||
	    !directory_is_trusted(path, place->owner))
		return false;
	end = names + snprintf(path + names, sizeof(path) - (size_t)names, "/%s", kind);
	if ((size_t)end >= sizeof(path) || !directory_is_trusted(path, place->owner))
		return false;
	end += snprintf(path + end, sizeof(path) - (size_t)end, "/%s", name);
	if ((size_t)end >= sizeof(path))
		return false;
	length = readlink(path, text, NSS_TEXT_MAX);
	if (length <= 0 || length == NSS_TEXT_MAX)
		return false;
	text[length] = '\0';
	return true;
}

/**
 * find_exactly - look one name up as it is
 * @place: borrowed
 * @name: borrowed
 * @ret_entry: filled
 *
 * Returns whether there is one.
 */
static bool find_exactly(const struct nss_place *place, const char *name,
			 struct nss_entry *ret_entry)
{
	char text[NSS_TEXT_MAX];

	if (!name_is_valid(name) || !link_read(place, NSS_BY_NAME, name, text) ||
	    !nss_entry_parse(text, ret_entry))
		return false;
	memcpy(ret_entry->name, name, strlen(name) + 1);
	return true;
}

/**
 * name_lower - put a name into lower case, in no locale
 * @name: changed
 */
static void name_lower(char *name)
{
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

/**
 * find_in_any_case - look one name up, in lower case when there is none as it is
 * @place: borrowed
 * @name: changed
 * @ret_entry: filled
 *
 * Names of hosts know no case (RFC 4343), those of containers do.
 *
 * Returns whether there is one.
 */
static bool find_in_any_case(const struct nss_place *place, char name[NSS_NAME_MAX],
			     struct nss_entry *ret_entry)
{
	if (find_exactly(place, name, ret_entry))
		return true;
	name_lower(name);
	return find_exactly(place, name, ret_entry);
}

/**
 * has_domain - whether a name ends in ours, with something before it
 * @name: borrowed
 * @length: of it
 */
static bool has_domain(const char *name, size_t length)
{
	char end[sizeof(NSS_DOMAIN)];

	if (length < sizeof(NSS_DOMAIN))
		return false;
	memcpy(end, name + length - strlen(NSS_DOMAIN), sizeof(end));
	name_lower(end);
	return strcmp(end, NSS_DOMAIN) == 0;
}

/**
 * nss_find_name - look up the addresses of a container
 * @place: borrowed
 * @name: NAME or NAME.containers, with a dot behind it or not, borrowed
 * @ret_entry: filled
 *
 * Where a container is called "a.containers", that is the other name of "a" if there is one.
 *
 * Returns 1, or 0 when there is none.
 */
int nss_find_name(const struct nss_place *place, const char *name, struct nss_entry *ret_entry)
{
	char whole[NSS_NAME_MAX + sizeof(NSS_DOMAIN)], own[NSS_NAME_MAX];
	size_t length = strnlen(name, sizeof(whole));

	if (length == sizeof(whole))
		return 0;
	memcpy(whole, name, length + 1);
	if (length && whole[length - 1] == '.')
		whole[--length] = '\0';
	if (has_domain(whole, length) && length - strlen(NSS_DOMAIN) < sizeof(own)) {
		memcpy(own, whole, length - strlen(NSS_DOMAIN));
		own[length - strlen(NSS_DOMAIN)] = '\0';
		if (find_in_any_case(place, own, ret_entry))
			return 1;
	}
	if (length >= sizeof(own))
		return 0;
	memcpy(own, whole, length + 1);
	return find_in_any_case(place, own, ret_entry);
}

/**
 * nss_find_address - look up whose an address is
 * @place: borrowed
 * @address: borrowed
 * @ret_entry: filled with the name and all addresses of the container
 *
 * Only when the container has that address as well: of two links, one may be older.
 *
 * Returns 1, or 0 when there is none.
 */
int nss_find_address(const struct nss_place *place, const struct nss_address *address,
		     struct nss_entry *ret_entry)
{
	char text[INET6_ADDRSTRLEN], name[NSS_TEXT_MAX];
	struct nss_entry entry;

	if (!inet_ntop(address->family, address->bytes, text, sizeof(text)) ||
	    !link_read(place, NSS_BY_ADDRESS, text, name) || !find_exactly(place, name, &entry))
		return 0;
	for (size_t i = 0; i < entry.count; i++) {
		const struct nss_address *own = &entry.addresses[i];

		if (own->family != address->family ||
		    memcmp(own->bytes, address->bytes, nss_address_size(own->family)) != 0)
			continue;
		*ret_entry = entry;
		return 1;
	}
	return 0;
}
