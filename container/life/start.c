/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netns.h"
#include "container/attach/private-users.h"
#include "container/boot/boot.h"
#include "container/boot/launch.h"
#include "container/boot/root.h"
#include "container/boot/store-hosts.h"
#include "container/life/life.h"
#include "machine/machine.h"

/*
 * The step of a unit that becomes systemd-nspawn: definition -> root directory -> what it is told.
 * The network has been made by then, and nothing here changes it.
 */

/* What a NixOS container shares with the host, or has on it. Source: nixos-containers.nix. */
static const struct {
	const char *host;   /* below the root */
	const char *inside; /* NULL: the same */
	enum nspawn_access access;
	bool own; /* each container has a directory of its own there */
} nix_binds[] = {
	{ "/nix/store", NULL, NSPAWN_READ_ONLY, false },
	{ "/nix/var/nix/db", NULL, NSPAWN_READ_ONLY, false },
	{ "/nix/var/nix/daemon-socket", NULL, NSPAWN_READ_ONLY, false },
	{ "/nix/var/nix/profiles/per-container", "/nix/var/nix/profiles", NSPAWN_WRITABLE, true },
	{ "/nix/var/nix/gcroots/per-container", "/nix/var/nix/gcroots", NSPAWN_WRITABLE, true },
};

/* All that one start is made of. */
struct start {
	const struct paths *paths;
	const char *name;
	struct launch launch;
	struct root root;
	char namespace[PATH_MAX];
	struct users_later later;                    /* PRIVATE_USERS */
	char hosts[ARRAY_SIZE(nix_binds)][PATH_MAX]; /* what is bound */
	struct store_hosts names; /* of others, in the place of the system's file */
	struct nspawn_spec spec;
};

/**
 * start_end - free what a start was made of
 * @start: empty afterwards
 */
static void start_end(struct start *start)
{
	launch_deinit(&start->launch);
}

/**
 * start_read - read the definition of what is to be started
 * @start: its paths and name are set
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int start_read(struct start *start, struct error *e)
{
	int r = launch_read(start->paths, start->name, &start->launch, e);

	if (r == 0)
		return name_unknown(start->paths, start->name, e);
	return r < 0 ? r : definition_check_complete(&start->launch.definition, e);
}

/**
 * start_build - build the system of a container whose first start this is
 * @start: its definition has been read
 * @e: filled on failure; what Nix says goes to the log
 *
 * NixOS defines a container of a flake without having built it, and leaves that to the start.
 *
 * Returns 0 or -errno.
 */
static int start_build(const struct start *start, struct error *e)
{
	const struct launch *launch = &start->launch;
	const struct system_request nothing = { 0 };
	int r;

	if (!launch->definition.flake[0] || launch->system_path[0] ||
	    launch->definition.root_tree[0])
		return 0;
	r = root_has_profile(start->paths, start->name, e);
	if (r == 0)
		r = container_update(start->paths, start->name, &nothing, e);
	return r < 0 ? r : 0;
}

/**
 * own_make - make the directory that a container has for itself
 * @above: where those of all containers are; closed to other users of the host
 * @path: of the directory
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int own_make(const char *above, const char *path, struct error *e)
{
	int r = directory_make(above, 0700, e);

	if (r >= 0)
		r = directory_make(path, 0755, e);
	return r < 0 ? r : 0;
}

/**
 * start_bind - have the parts of Nix appear in the container
 * @start: changed
 * @e: filled on failure
 *
 * What a host does not have, such as the socket of a Nix daemon, is left out.
 *
 * Returns 0 or -errno.
 */
static int start_bind(struct start *start, struct error *e)
{
	char above[PATH_MAX];
	struct stat st;
	int r = 0;

	static_assert(ARRAY_SIZE(nix_binds) < NSPAWN_BINDS_MAX, "there is room for all");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(nix_binds); i++) {
		const char *inside = nix_binds[i].inside;
		char *host = start->hosts[i];

		r = path_format(above, sizeof(above), e, "%s%s", start->paths->root,
				nix_binds[i].host);
		if (r == 0)
			r = path_format(host, PATH_MAX, e, "%s%s%s", above,
					nix_binds[i].own ? "/" : "",
					nix_binds[i].own ? start->name : "");
		if (r == 0 && nix_binds[i].own)
			r = own_make(above, host, e);
		if (r == 0 && stat(host, &st) == 0)
			start->spec.binds[start->spec.n_binds++] =
				(struct nspawn_bind){ host, inside ? inside : nix_binds[i].host,
						      nix_binds[i].access };
	}
	return r;
}

/**
 * start_names - have the container's system know the host, and whom the container is linked with
 * @start: changed
 * @e: filled on failure
 *
 * What another run has left is not mounted anywhere any more.
 *
 * Returns 0 or -errno.
 */
static int start_names(struct start *start, struct error *e)
{
	int r = store_hosts_drop(start->paths, start->name, e);

	if (r >= 0)
		r = store_hosts_give(start->paths, &start->launch.definition, start->root.toplevel,
				     &start->names, e);
	if (r > 0)
		start->spec.binds[start->spec.n_binds++] =
			(struct nspawn_bind){ start->names.copy, start->names.inside,
					      NSPAWN_FOR_ALL };
	return r < 0 ? r : 0;
}

/**
 * start_network_later - have the network made when systemd-nspawn has made the namespaces
 * @start: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int start_network_later(struct start *start, struct error *e)
{
	int r = users_attach_later(start->paths, start->name, &start->later, e);

	start->spec.own_network = true;
	start->spec.waits = start->later.program;
	start->spec.fifo = start->later.fifo;
	return r;
}

/**
 * start_network - find the namespace that pre-start has made
 * @start: changed
 * @e: says that there is none
 *
 * Returns 0 or -errno.
 */
static int start_network(struct start *start, struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	int r;

	if (start->launch.users[0] && start->launch.namespace[0])
		return error_set(e, ERROR_FAILED, EINVAL,
				 "PRIVATE_USERS does not go with NETWORK_NAMESPACE_PATH: "
				 "systemd-nspawn cannot join it from a user namespace");
	if (start->launch.users[0] && start->launch.definition.private_network)
		return start_network_later(start, e);
	if (start->launch.namespace[0])
		r = path_format(start->namespace, PATH_MAX, e, "%s", start->launch.namespace);
	else if (start->launch.definition.private_network)
		r = paths_namespace(start->paths, start->name, start->namespace, e);
	else
		return 0;
	if (r == 0)
		r = netns_open(start->namespace, &ns, e);
	if (r == 0 && start->launch.namespace[0]) {
		r = error_set(e, ERROR_FAILED, ENOENT,
			      "container '%s' runs in a network namespace that is not there: %s",
			      start->name, start->namespace);
		return error_remedy(e, r, "make it, or remove NETWORK_NAMESPACE_PATH");
	}
	if (r == 0) {
		r = error_set(e, ERROR_FAILED, ENOENT,
			      "container '%s' has no network: %s is not there", start->name,
			      start->namespace);
		return error_remedy(e, r, "nixctr-net net up %s", start->name);
	}
	start->spec.namespace = start->namespace;
	return r < 0 ? r : 0;
}

/**
 * start_personality - whether the system is one for 32 bits on a host of 64
 * @start: changed
 * @e: filled on failure
 *
 * Source: nixpkgs writes the platform of a system to its file "system".
 *
 * Returns 0 or -errno.
 */
static int start_personality(struct start *start, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int r = path_format(path, sizeof(path), e, "%s/system", start->root.toplevel);

	if (r < 0)
		return r;
	if (file_read(path, 256, &text, &length, NULL) == 0 &&
	    strncmp(text, "i686-linux", strlen("i686-linux")) == 0)
		start->spec.personality = "x86";
	return 0;
}

/**
 * start_describe - put together what systemd-nspawn is told
 * @start: its definition has been read and its root prepared
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int start_describe(struct start *start, struct error *e)
{
	struct nspawn_spec *spec = &start->spec;
	int r = 0;

	if (r == 0 && start->root.init[0])
		r = start_bind(start, e);
	if (r == 0 && start->root.init[0])
		r = start_names(start, e);
	if (r == 0 && start->root.init[0])
		r = start_personality(start, e);
	if (r == 0)
		r = start_network(start, e);
	if (spec->namespace)
		spec->own_network = !start->launch.namespace[0];
	spec->name = start->name;
	spec->root = start->root.path;
	spec->init = start->root.init[0] ? start->root.init : NULL;
	spec->users = start->launch.users[0] ? start->launch.users : NULL;
	spec->ephemeral = start->launch.ephemeral;
	if (r == 0 && !start->paths->root[0])
		r = machine_forget(start->name, e);
	spec->registered = machine_can_register();
	spec->resolver = !spec->namespace && !spec->own_network;
	spec->flags = &start->launch.flags;
	spec->environment = &start->launch.environment;
	return r < 0 ? r : 0;
}

/**
 * start_prepare - do what has to be there before systemd-nspawn is
 * @start: its paths and name are set
 * @argv: what to become
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int start_prepare(struct start *start, struct words *argv, struct error *e)
{
	int r = start_read(start, e);

	if (r == 0)
		r = start_build(start, e);
	if (r == 0)
		r = root_find(start->paths, start->name, &start->launch, &start->root, e);
	if (r == 0)
		r = root_prepare(start->paths, &start->launch, &start->root, e);
	if (r == 0)
		r = start_describe(start, e);
	return r < 0 ? r : nspawn_words(&start->spec, argv, e);
}

/**
 * container_exec - become the systemd-nspawn of a container
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled
 *
 * Returns only on failure.
 */
int container_exec(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(start_end) struct start start = { .paths = paths, .name = name };
	_cleanup_(words_deinit) struct words argv = { 0 };
	int r = start_prepare(&start, &argv, e);

	return r < 0 ? error_wrap(e, r, "cannot start container '%s'", name)
		     : nspawn_exec(&argv, e);
}
