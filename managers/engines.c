/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Other engines give addresses away as well, each out of networks of its own. What they have in use now
 * is seen in the kernel; what they will use once they start, or when somebody adds a network, stands in
 * their configuration, and that is read here. Of Docker's networks it has none: they are in a database
 * that only Docker reads, as are all of Incus and LXD; their bridges are in the kernel as long as they
 * exist.
 *
 * A file that is not understood is named, and the others are read all the same.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "managers/engine.h"

#define ENGINE_FILE_MAX ((size_t)1024 * 1024)

static const struct engine_key docker_keys[] = {
	{ "base", ENGINE_POOL },          { "bip", ENGINE_NETWORK },
	{ "fixed-cidr", ENGINE_NETWORK }, { "fixed-cidr-v6", ENGINE_NETWORK },
	{ NULL, ENGINE_NETWORK },
};

static const struct engine_key podman_keys[] = {
	{ "default_subnet", ENGINE_NETWORK },
	{ "base", ENGINE_POOL },
	{ NULL, ENGINE_NETWORK },
};

static const struct engine_key subnet_keys[] = {
	{ "subnet", ENGINE_NETWORK },
	{ NULL, ENGINE_NETWORK },
};

static const struct engine_source sources[] = {
	{ "Docker", "/etc/docker/daemon.json", NULL, engine_json, docker_keys },
	{ "podman", "/usr/share/containers/containers.conf", NULL, engine_toml, podman_keys },
	{ "podman", "/etc/containers/containers.conf", NULL, engine_toml, podman_keys },
	{ "podman", "/etc/containers/containers.conf.d", ".conf", engine_toml, podman_keys },
	{ "podman", "/etc/containers/networks", ".json", engine_json, subnet_keys },
	{ "CNI", "/etc/cni/net.d", ".conflist", engine_json, subnet_keys },
	{ "libvirt", "/etc/libvirt/qemu/networks", ".xml", engine_xml, NULL },
	{ "libvirt", "/run/libvirt/network", ".xml", engine_xml, NULL },
};

/**
 * engine_add - add a network
 * @networks: changed
 * @source: whose it is, borrowed
 * @file: which says so, borrowed
 * @name: of the network, borrowed; may be ""
 * @grant: what is done with it
 * @prefix: an address of it and its length, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int engine_add(struct engine_networks *networks, const struct engine_source *source,
	       const char *file, const char *name, enum engine_grant grant,
	       const struct prefix *prefix, struct error *e)
{
	struct engine_network *network;

	if (networks->count == networks->room) {
		size_t room = networks->room ? networks->room * 2 : 16;
		struct engine_network *list = reallocarray(networks->list, room, sizeof(*list));

		if (!list)
			return error_errno(e, ENOMEM, "cannot list the networks of %s",
					   source->engine);
		networks->list = list;
		networks->room = room;
	}
	network = &networks->list[networks->count++];
	*network = (struct engine_network){ .engine = source->engine,
					    .grant = grant,
					    .prefix = prefix_network(prefix) };
	(void)snprintf(network->name, sizeof(network->name), "%s", name);
	(void)snprintf(network->file, sizeof(network->file), "%s", file);
	return 0;
}

/**
 * engine_value - take a value in, if it is one of those that count
 * @networks: changed
 * @source: with its keys, borrowed
 * @file, @name: as for engine_add()
 * @key: what it is called, borrowed
 * @value: a network as text, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno: -EBADMSG when it is no network.
 */
int engine_value(struct engine_networks *networks, const struct engine_source *source,
		 const char *file, const char *name, const char *key, const char *value,
		 struct error *e)
{
	for (const struct engine_key *known = source->keys; known->name; known++) {
		struct prefix prefix;

		if (strcmp(known->name, key) != 0)
			continue;
		if (prefix_parse(value, &prefix, e) < 0)
			return error_set(e, ERROR_FAILED, EBADMSG, "%s: '%.64s' is no network", key,
					 value);
		return engine_add(networks, source, file, name, known->grant, &prefix, e);
	}
	return 0;
}

/**
 * trouble_add - remember that a file could not be understood
 * @networks: changed
 * @file: borrowed
 * @e: what is wrong with it, borrowed
 */
static void trouble_add(struct engine_networks *networks, const char *file, const struct error *e)
{
	struct engine_trouble *trouble;

	if (networks->n_troubles == ENGINE_TROUBLES_MAX)
		return;
	trouble = &networks->troubles[networks->n_troubles++];
	(void)snprintf(trouble->file, sizeof(trouble->file), "%s", file);
	(void)snprintf(trouble->what, sizeof(trouble->what), "%.*s", (int)sizeof(trouble->what) - 1,
		       e->text);
}

/**
 * file_take - take one file in
 * @source: whose it is, borrowed
 * @root: below which it is
 * @file: its path below @root
 * @networks: changed
 * @e: filled on failure
 *
 * Returns 0, also when it is not there or not understood, or -ENOMEM.
 */
static int file_take(const struct engine_source *source, const char *root, const char *file,
		     struct engine_networks *networks, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	struct error trouble = ERROR_INIT;
	char path[PATH_MAX];
	size_t length;
	int r = path_format(path, sizeof(path), &trouble, "%s%s", root, file);

	if (r == 0)
		r = file_read(path, ENGINE_FILE_MAX, &text, &length, &trouble);
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = source->parse(source, file, text, length, networks, &trouble);
	if (r == -ENOMEM)
		return error_errno(e, ENOMEM, "cannot read %s", file);
	if (r < 0)
		trouble_add(networks, file, &trouble);
	return 0;
}

/**
 * directory_take - take the files of a directory in
 * @source: whose they are, borrowed
 * @root: below which it is
 * @networks: changed
 * @e: filled on failure
 *
 * Returns 0, also when it is not there or cannot be read, or -ENOMEM.
 */
static int directory_take(const struct engine_source *source, const char *root,
			  struct engine_networks *networks, struct error *e)
{
	size_t suffix = strlen(source->suffix);
	const struct dirent *entry;
	struct error trouble = ERROR_INIT;
	char path[PATH_MAX];
	DIR *directory;
	int r = 0;

	if (path_format(path, sizeof(path), NULL, "%s%s", root, source->path) < 0)
		return 0;
	directory = opendir(path);
	if (!directory && errno != ENOENT && errno != ENOTDIR) {
		error_errno(&trouble, errno, "cannot be read");
		trouble_add(networks, source->path, &trouble);
	}
	while (directory && r == 0 && (entry = readdir(directory))) {
		size_t length = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || length < suffix ||
		    strcmp(entry->d_name + length - suffix, source->suffix) != 0)
			continue;
		r = path_format(path, sizeof(path), e, "%s/%s", source->path, entry->d_name);
		if (r == 0)
			r = file_take(source, root, path, networks, e);
	}
	if (directory)
		closedir(directory);
	return r;
}

/**
 * engines_read - read what other engines give away
 * @root: "" or the directory below which their configuration is
 * @ret_networks: the caller frees its list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int engines_read(const char *root, struct engine_networks *ret_networks, struct error *e)
{
	struct engine_networks networks = { .count = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sources); i++)
		r = sources[i].suffix ? directory_take(&sources[i], root, &networks, e)
				      : file_take(&sources[i], root, sources[i].path, &networks, e);
	if (r < 0) {
		free(networks.list);
		return r;
	}
	*ret_networks = networks;
	return 0;
}
