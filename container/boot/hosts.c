/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/tree.h"

/*
 * Theory of operation
 *
 * A container finds the host as "host.containers", and whom it is linked with as "NAME" and
 * "NAME.containers", by its /etc/hosts. That file is ours where there is none, or an empty one, or one
 * that we have written. A link there is the container's own, wherever it leads; for that of a system of
 * NixOS see store-hosts.c.
 */

#define HOSTS_PATH "etc/hosts"
#define HOSTS_MARK \
	"# Written by nixctr-net: the host, and the containers that this one is linked with.\n"
#define HOSTS_SIZE_MAX ((size_t)64 * 1024)

/**
 * line_add - name an address
 * @file: where the line goes
 * @addr: borrowed; none: there is no line
 * @name: borrowed
 * @bare: whether the name is also known without its domain
 */
static void line_add(FILE *file, const struct addr *addr, const char *name, bool bare)
{
	char text[ADDR_TEXT];

	if (addr_is_set(addr))
		fprintf(file, "%s %s.containers%s%s\n", addr_format(addr, text), name,
			bare ? " " : "", bare ? name : "");
}

/**
 * peer_add - name the addresses of a container that this one is linked with
 * @paths: borrowed
 * @file: where the lines go
 * @name: of the other, borrowed
 *
 * One that is not defined, or whose definition cannot be read, has none that could be told.
 */
static void peer_add(const struct paths *paths, FILE *file, const char *name)
{
	struct definition other;

	if (definition_read(paths, name, &other, NULL) <= 0 || !other.private_network)
		return;
	line_add(file, &other.v4.local.addr, name, true);
	line_add(file, &other.v6.local.addr, name, true);
}

/**
 * peers_add - name whom a container is linked with, whoever's definition says so
 * @paths: borrowed
 * @file: where the lines go
 * @definition: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int peers_add(const struct paths *paths, FILE *file, const struct definition *definition,
		     struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct definition other;
	size_t count;
	int r = definition_names(paths, &names, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++) {
		bool linked = false;

		for (size_t j = 0; j < definition->n_peers; j++)
			linked |= strcmp(definition->peers[j], names[i]) == 0;
		if (!linked && definition_read(paths, names[i], &other, NULL) > 0)
			for (size_t j = 0; j < other.n_peers; j++)
				linked |= strcmp(other.peers[j], definition->name) == 0;
		if (linked)
			peer_add(paths, file, names[i]);
	}
	return r;
}

/**
 * hosts_text - what the file shall say
 * @paths: borrowed
 * @definition: borrowed
 * @own: what stands before our lines, borrowed; NULL: the names of the container itself
 * @ret_text: owned by the caller
 * @e: filled on failure
 *
 * On a bridge the host's end is a gateway, which may be another machine.
 *
 * Returns 0 or -errno.
 */
int hosts_text(const struct paths *paths, const struct definition *definition, const char *own,
	       char **ret_text, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int r;

	if (!file)
		return error_errno(e, ENOMEM, "cannot make a hosts file");
	if (own)
		fprintf(file, "%s%s" HOSTS_MARK, own,
			own[0] && own[strlen(own) - 1] != '\n' ? "\n" : "");
	else
		fprintf(file, HOSTS_MARK
			"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
	if (!definition->bridge[0]) {
		line_add(file, &definition->v4.host, "host", false);
		line_add(file, &definition->v6.host, "host", false);
	}
	r = peers_add(paths, file, definition, e);
	if (fclose(file) != 0 && r == 0)
		r = error_errno(e, ENOMEM, "cannot make a hosts file");
	if (r == 0)
		*ret_text = TAKE_PTR(text);
	return r;
}

/**
 * hosts_is_ours - whether the file of a container is ours to write
 * @tree: the root directory, borrowed
 * @ret_there: what is there, owned by the caller; NULL: nothing yet
 * @e: filled on failure
 *
 * Returns 1, 0 when it is the container's own, or -errno.
 */
static int hosts_is_ours(int tree, char **ret_there, struct error *e)
{
	_cleanup_(freep) char *there = NULL;
	size_t length;
	int r = tree_read(tree, HOSTS_PATH, HOSTS_SIZE_MAX, &there, &length, NULL);

	/* A link that leads nowhere, as one into the store does for us, is not nothing. */
	if (r == -ENOENT)
		return tree_touch(tree, HOSTS_PATH, 0644, e);
	if (r < 0 || (length && strncmp(there, HOSTS_MARK, strlen(HOSTS_MARK)) != 0))
		return 0;
	*ret_there = TAKE_PTR(there);
	return 1;
}

/**
 * hosts_give - have a container know the host, and whom it is linked with, by their names
 * @paths: borrowed
 * @definition: borrowed
 * @tree: the root directory, borrowed
 * @e: filled on failure
 *
 * One that shares the host's network, or has none but the loopback, has nobody to know.
 *
 * Returns 1, 0 when it was so or is not our affair, or -errno.
 */
int hosts_give(const struct paths *paths, const struct definition *definition, int tree,
	       struct error *e)
{
	_cleanup_(freep) char *there = NULL, *text = NULL;
	int r;

	if (!definition->private_network || !definition->cable)
		return 0;
	r = hosts_is_ours(tree, &there, e);
	if (r <= 0)
		return r;
	r = hosts_text(paths, definition, NULL, &text, e);
	if (r < 0 || !text || (there && strcmp(there, text) == 0))
		return r;
	r = tree_replace(tree, HOSTS_PATH, text, strlen(text), 0644, e);
	return r < 0 ? r : 1;
}

/**
 * hosts_mention - whether a hosts file has the name of one of some containers
 * @text: what it says, borrowed
 * @names: borrowed
 */
bool hosts_mention(const char *text, const struct words *names)
{
	for (size_t i = 0; i < names->count; i++) {
		char word[CONTAINER_NAME_MAX + sizeof(" .containers")];
		int length = snprintf(word, sizeof(word), " %s.containers", names->list[i]);

		for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
			if (strchr(" \t\n", p[length])) /* its end is one, too */
				return true;
	}
	return false;
}

/**
 * hosts_tell_of - whether the hosts file of a container has the name of one of some others
 * @tree: the root directory, borrowed
 * @names: borrowed
 */
bool hosts_tell_of(int tree, const struct words *names)
{
	_cleanup_(freep) char *text = NULL;
	size_t length;

	return tree_read(tree, HOSTS_PATH, HOSTS_SIZE_MAX, &text, &length, NULL) == 0 &&
	       hosts_mention(text, names);
}
