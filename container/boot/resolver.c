/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/resolver.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/tree.h"

/*
 * Theory of operation
 *
 * Many hosts ask a resolver of their own at a loopback address, which inside a container would be the
 * container. Such resolvers leave the ones that they ask themselves in a file of the same form: the
 * first file that names a resolver with an address that is not the host's own is taken, without the
 * lines that are of no use.
 */

#define RESOLVER_SIZE_MAX ((size_t)64 * 1024)
#define RESOLVER_PATH     "etc/resolv.conf"
#define RESOLVER_MARK     "# Written by nixctr-net from the resolvers of the host.\n"
#define BLANKS            " \t"

/* Source: systemd-resolved.service(8); NetworkManager.conf(5), rc-manager. */
const char *const resolver_sources[] = {
	"/etc/resolv.conf",
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
	NULL,
};

/**
 * line_resolver - the address in a line that names a resolver
 * @line: without its end, borrowed
 * @length: of it
 * @ret_addr: the address; none when there is a name or nothing there
 *
 * Source: resolv.conf(5): the keyword begins the line, and blanks follow it.
 *
 * Returns whether it is such a line.
 */
static bool line_resolver(const char *line, size_t length, struct addr *ret_addr)
{
	static const char keyword[] = "nameserver";
	char text[ADDR_TEXT] = "";
	struct addr addr = { 0 };
	size_t end;

	if (length <= strlen(keyword) || strncmp(line, keyword, strlen(keyword)) != 0 ||
	    !strchr(BLANKS, line[strlen(keyword)]))
		return false;
	line += strlen(keyword);
	length -= strlen(keyword);
	while (length > 0 && strchr(BLANKS, *line)) {
		line++;
		length--;
	}
	for (end = 0; end < length && !strchr(BLANKS "%", line[end]); end++)
		if (end + 1 < sizeof(text))
			text[end] = line[end];
	*ret_addr = addr;
	if (end < sizeof(text) && addr_parse(text, &addr, NULL) == 0)
		*ret_addr = addr;
	return true;
}

/**
 * addr_is_reachable - whether a container could ask a resolver at an address
 * @addr: borrowed; may be none
 *
 * Not at a loopback address, nor at one that means "this link" or "any".
 */
static bool addr_is_reachable(const struct addr *addr)
{
	static const uint8_t zeros[16];

	if (!addr_is_set(addr) || memcmp(addr->bytes, zeros, addr_size(addr)) == 0)
		return false;
	if (addr->family == AF_INET)
		return addr->bytes[0] != 127;
	if (addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80)
		return false;
	return memcmp(addr->bytes, zeros, 15) != 0 || addr->bytes[15] != 1;
}

/**
 * lines_keep - leave out of a file what is of no use to a container
 * @text: of the host; what is left of it on return
 * @ret_length: of what is left
 *
 * Returns how many resolvers are left.
 */
static size_t lines_keep(char *text, size_t *ret_length)
{
	char *to = text;
	size_t count = 0;

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		size_t length = (size_t)(end - line);
		const char *next = *end ? end + 1 : end;
		struct addr addr;
		bool resolver = line_resolver(line, length, &addr);

		if (length > 0 && line[0] != '#' && line[0] != ';' &&
		    (!resolver || addr_is_reachable(&addr))) {
			memmove(to, line, (size_t)(next - line));
			to += next - line;
			count += resolver;
		}
		line = next;
	}
	*to = '\0';
	*ret_length = (size_t)(to - text);
	return count;
}

/**
 * source_read - what one file of the host says
 * @paths: borrowed
 * @source: the file, below the root
 * @ret_text: what a container can use of it; owned by the caller
 * @ret_length: of it
 * @ret_count: how many resolvers it names
 * @e: names the file
 *
 * Returns 1, 0 when there is no such file, or -errno.
 */
static int source_read(const struct paths *paths, const char *source, char **ret_text,
		       size_t *ret_length, size_t *ret_count, struct error *e)
{
	char path[PATH_MAX];
	char *text;
	size_t length;
	int r = path_format(path, sizeof(path), e, "%s%s", paths->root, source);

	if (r == 0)
		r = file_read(path, RESOLVER_SIZE_MAX, &text, &length, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	*ret_count = lines_keep(text, ret_length);
	*ret_text = text;
	return 1;
}

/**
 * resolver_text - what a container's /etc/resolv.conf shall say
 * @paths: borrowed
 * @ret_text: owned by the caller; empty when the host has no such file
 * @ret_length: of it
 * @e: names a file that cannot be read
 *
 * Returns 1, 0 when it names no resolver, or -errno.
 */
int resolver_text(const struct paths *paths, char **ret_text, size_t *ret_length, struct error *e)
{
	_cleanup_(freep) char *first = NULL;
	size_t first_length = 0;

	for (size_t i = 0; resolver_sources[i]; i++) {
		_cleanup_(freep) char *text = NULL;
		size_t length, count;
		int r = source_read(paths, resolver_sources[i], &text, &length, &count, e);

		if (r < 0)
			return r;
		if (r > 0 && count > 0) {
			*ret_text = TAKE_PTR(text);
			*ret_length = length;
			return 1;
		}
		if (r > 0 && !first) {
			first = TAKE_PTR(text);
			first_length = length;
		}
	}
	if (!first)
		first = strdup("");
	if (!first)
		return error_errno(e, ENOMEM, "cannot make a resolv.conf");
	*ret_text = TAKE_PTR(first);
	*ret_length = first_length;
	return 0;
}

/**
 * resolver_is_ours - whether a container's resolv.conf is ours to write
 * @policy: what the definition says
 * @text: what is there now, NULL: nothing that can be read
 * @found: whether anything is there
 *
 * What cannot be read is nobody's resolv.conf, but it is not ours either.
 */
static bool resolver_is_ours(enum resolver_policy policy, const char *text, bool found)
{
	switch (policy) {
	case RESOLVER_OURS:
		return true;
	case RESOLVER_ITS_OWN:
		return false;
	case RESOLVER_IF_NONE:
		break;
	}
	return !found || (text && strncmp(text, RESOLVER_MARK, strlen(RESOLVER_MARK)) == 0);
}

/**
 * resolver_give - have a container ask the resolvers of the host
 * @paths: borrowed
 * @policy: what the definition says
 * @tree: the root directory
 * @e: filled on failure
 *
 * Returns 1, 0 when it was so or is not our affair, or -errno.
 */
int resolver_give(const struct paths *paths, enum resolver_policy policy, int tree, struct error *e)
{
	_cleanup_(freep) char *there = NULL, *lines = NULL, *text = NULL;
	size_t length;
	int found, r;

	found = tree_read(tree, RESOLVER_PATH, RESOLVER_SIZE_MAX, &there, &length, NULL);
	if (!resolver_is_ours(policy, there, found != -ENOENT))
		return 0;
	r = resolver_text(paths, &lines, &length, e);
	if (r < 0)
		return r;
	if (r == 0)
		log_warning("no resolver of the host is at an address that a container can reach");
	if (asprintf(&text, RESOLVER_MARK "%s", lines) < 0) {
		text = NULL;
		return error_errno(e, ENOMEM, "cannot make a resolv.conf");
	}
	if (there && strcmp(there, text) == 0)
		return 0;
	r = tree_replace(tree, RESOLVER_PATH, text, strlen(text), 0644, e);
	return r < 0 ? r : 1;
}
