/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/words.h"
#include "machine/attendant.h"
#include "machine/machine.h"

/*
 * Theory of operation
 *
 * The container's network is finished when systemd-nspawn gets it: a namespace that is prepared, or
 * that of the host. Only when it is told that this is a private network does systemd-nspawn leave the
 * container CAP_NET_ADMIN there, and mount a /sys that shows that namespace and not the host's.
 * It stays in the unit (or the control group) that it was started in, and passes on the container's
 * own word that it is ready.
 */

/**
 * path_escape - write a path so that systemd-nspawn takes the colons in it as they are
 * @path: borrowed
 * @escaped: filled
 * @e: says that it is too long
 *
 * Source: systemd-nspawn(1), --bind=.
 *
 * Returns 0 or -ENAMETOOLONG.
 */
static int path_escape(const char *path, char escaped[PATH_MAX], struct error *e)
{
	size_t length = 0;

	for (const char *p = path; *p; p++) {
		if (length + 3 > PATH_MAX)
			return error_set(e, ERROR_FAILED, ENAMETOOLONG,
					 "path '%.40s...' is too long", path);
		if (*p == ':' || *p == '\\')
			escaped[length++] = '\\';
		escaped[length++] = *p;
	}
	escaped[length] = '\0';
	return 0;
}

/**
 * users_are_shifted - whether the users of a container have other numbers on the host
 * @users: of --private-users=, NULL: those of the host
 *
 * Source: systemd-nspawn(1).
 */
static bool users_are_shifted(const char *users)
{
	return users && strcmp(users, "identity") != 0 && strcmp(users, "0") != 0;
}

/**
 * words_add_bind - the option for something of the host that appears inside
 * @argv: changed
 * @bind: borrowed
 * @users: of the container, NULL: those of the host
 * @e: filled on failure
 *
 * With users of its own the container would find nobody as the owner of everything, unless the mount
 * maps them back.
 *
 * Returns 0 or -errno.
 */
static int words_add_bind(struct words *argv, const struct nspawn_bind *bind, const char *users,
			  struct error *e)
{
	const char *option = bind->access == NSPAWN_WRITABLE ? "bind" : "bind-ro";
	bool mapped = users_are_shifted(users) && bind->access != NSPAWN_FOR_ALL;
	char host[PATH_MAX], inside[PATH_MAX];
	int r = path_escape(bind->host, host, e);

	if (r == 0)
		r = path_escape(bind->inside, inside, e);
	if (r < 0)
		return r;
	return words_add(argv, e, "--%s=%s:%s%s", option, host, inside, mapped ? ":idmap" : "");
}

/**
 * words_add_isolation - the options for namespaces and users
 * @argv: changed
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int words_add_isolation(struct words *argv, const struct nspawn_spec *spec, struct error *e)
{
	int r = 0;

	if (spec->namespace)
		r = words_add(argv, e, "--network-namespace-path=%s", spec->namespace);
	if (r == 0 && spec->own_network)
		r = words_add(argv, e, "--private-network");
	if (r == 0 && spec->users)
		r = words_add(argv, e, "--private-users=%s", spec->users);
	/* What is in the tree belongs to them, by a mapped mount or, where there is none, by chown(2). */
	if (r == 0 && users_are_shifted(spec->users))
		r = words_add(argv, e, "--private-users-ownership=auto");
	if (r == 0 && spec->personality)
		r = words_add(argv, e, "--personality=%s", spec->personality);
	return r;
}

/**
 * words_add_attendant - the options for a container that waits for its network
 * @argv: changed
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int words_add_attendant(struct words *argv, const struct nspawn_spec *spec, struct error *e)
{
	const struct nspawn_bind program = { spec->waits, ATTENDANT_PROGRAM, NSPAWN_FOR_ALL };
	const struct nspawn_bind fifo = { spec->fifo, ATTENDANT_INSIDE, NSPAWN_FOR_ALL };
	int r = words_add_bind(argv, &program, spec->users, e);

	return r < 0 ? r : words_add_bind(argv, &fifo, spec->users, e);
}

/**
 * words_add_tree - the options for the file system
 * @argv: changed
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int words_add_tree(struct words *argv, const struct nspawn_spec *spec, struct error *e)
{
	int r = words_add(argv, e, "--directory=%s", spec->root);

	/* The journal of a tree that is forgotten cannot be linked. */
	if (r == 0)
		r = words_add(argv, e, "%s",
			      spec->ephemeral ? "--ephemeral" : "--link-journal=try-guest");
	if (r == 0 && !spec->resolver)
		r = words_add(argv, e, "--resolv-conf=off");
	for (size_t i = 0; r == 0 && i < spec->n_binds; i++)
		r = words_add_bind(argv, &spec->binds[i], spec->users, e);
	if (r == 0 && spec->waits)
		r = words_add_attendant(argv, spec, e);
	return r;
}

/**
 * words_add_start - the options for how it begins and ends
 * @argv: changed
 * @spec: borrowed
 * @e: filled on failure
 *
 * Source: systemd(1), SIGRTMIN+3 halts the system.
 *
 * Returns 0 or -ENOMEM.
 */
static int words_add_start(struct words *argv, const struct nspawn_spec *spec, struct error *e)
{
	int r = words_add(argv, e, "--keep-unit");

	if (r == 0 && !spec->registered)
		r = words_add(argv, e, "--register=no");
	if (r == 0)
		r = words_add(argv, e, "--notify-ready=yes");
	if (r == 0)
		r = words_add(argv, e, "--kill-signal=SIGRTMIN+3");
	for (size_t i = 0; r == 0 && i < spec->environment->count; i++)
		r = words_add(argv, e, "--setenv=%s", spec->environment->list[i]);
	return r;
}

/**
 * words_add_name - what the container is called
 * @argv: changed
 * @name: of the container, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int words_add_name(struct words *argv, const char *name, struct error *e)
{
	char machine[MACHINE_NAME_MAX], host[MACHINE_NAME_MAX];
	bool differs = machine_name(name, machine, host);
	int r = words_add(argv, e, "--machine=%s", machine);

	return r < 0 || !differs ? r : words_add(argv, e, "--hostname=%s", host);
}

/**
 * nspawn_words - what a container is started with
 * @spec: borrowed
 * @argv: systemd-nspawn and all its options are put at the end
 * @e: filled on failure
 *
 * What the administrator gave comes last of the options, so that it has the last word.
 *
 * Returns 0 or -errno.
 */
int nspawn_words(const struct nspawn_spec *spec, struct words *argv, struct error *e)
{
	int r = words_add(argv, e, "systemd-nspawn");

	if (r == 0)
		r = words_add_name(argv, spec->name, e);
	if (r == 0)
		r = words_add_start(argv, spec, e);
	if (r == 0)
		r = words_add_isolation(argv, spec, e);
	if (r == 0)
		r = words_add_tree(argv, spec, e);
	if (r == 0)
		r = words_append(argv, spec->flags, e);
	if (r == 0 && !spec->init && !spec->waits)
		return words_add(argv, e, "--boot");
	if (r == 0)
		r = words_add(argv, e, "--");
	if (r == 0 && spec->waits)
		r = words_add(argv, e, ATTENDANT_PROGRAM);
	return r < 0 || !spec->init ? r : words_add(argv, e, "%s", spec->init);
}

/**
 * nspawn_exec - become systemd-nspawn
 * @argv: of nspawn_words(), borrowed
 * @e: filled
 *
 * It would guess from the tree which control groups the systemd in there can do with. The tree of a
 * NixOS container has none to guess from, so it gets what the host has.
 * Source: ENVIRONMENT.md of systemd.
 *
 * Returns only on failure.
 */
int nspawn_exec(const struct words *argv, struct error *e)
{
	struct statfs groups;
	bool unified =
		statfs("/sys/fs/cgroup", &groups) == 0 && groups.f_type == CGROUP2_SUPER_MAGIC;

	if (unified && setenv("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1", 1) < 0)
		return error_errno(e, errno, "cannot run %s", argv->list[0]);
	return process_exec(argv->list, e);
}
