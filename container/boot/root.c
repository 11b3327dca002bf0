/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/root.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree.h"
#include "container/boot/hosts.h"
#include "container/boot/resolver.h"
#include "container/boot/root-tree.h"

/*
 * Theory of operation
 *
 * A NixOS container begins with a nearly empty directory and the init of a system in the store. Which
 * system that is, its profile says: a link that the container itself may change. So it is read as
 * data, and has to lead into the store. All below the root directory belongs to the container too,
 * and is reached in no other way than through base/tree.h.
 */

#define STORE        "/nix/store/"
#define PROFILE_HOPS 4
#define MACHINE_ID   "etc/machine-id"

/**
 * store_check - whether a path is that of an object in the store
 * @path: borrowed
 *
 * "/nix/store/NAME", where NAME has the characters of one.
 */
static bool store_check(const char *path)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789+-._?=";
	const char *name = path + strlen(STORE);

	return strncmp(path, STORE, strlen(STORE)) == 0 && name[0] && name[0] != '.' &&
	       name[strspn(name, characters)] == '\0';
}

/**
 * profile_read - the object of the store that a profile is at
 * @directory: that has the profile "system", borrowed
 * @ret_toplevel: "/nix/store/NAME"
 * @e: names the link
 *
 * Source: Nix makes it "system" -> "system-N-link" -> the object.
 *
 * Returns 1, 0 when there is no profile, or -errno.
 */
static int profile_read(const char *directory, char ret_toplevel[PATH_MAX], struct error *e)
{
	char path[PATH_MAX], target[PATH_MAX] = "system";

	for (int hop = 0; hop < PROFILE_HOPS; hop++) {
		ssize_t length;
		int r = path_format(path, sizeof(path), e, "%s/%s", directory, target);

		if (r < 0)
			return r;
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0 && errno == ENOENT)
			return 0;
		if (length < 0)
			return error_errno(e, errno, "cannot read profile %s", path);
		target[length] = '\0';
		if (store_check(target)) {
			memcpy(ret_toplevel, target, (size_t)length + 1);
			return 1;
		}
		if (strchr(target, '/'))
			break;
	}
	return error_set(e, ERROR_FAILED, ELOOP, "profile %s/system does not lead into the store",
			 directory);
}

/**
 * root_profile - the system that the profile of a container is at
 * @paths: borrowed
 * @name: a checked name
 * @ret_toplevel: "/nix/store/NAME"
 * @e: names the link that cannot be read
 *
 * Returns 1, 0 when there is no profile, or -errno.
 */
int root_profile(const struct paths *paths, const char *name, char ret_toplevel[PATH_MAX],
		 struct error *e)
{
	char directory[PATH_MAX];
	int r = path_format(directory, sizeof(directory), e, "%s/%s", paths->profiles, name);

	return r < 0 ? r : profile_read(directory, ret_toplevel, e);
}

/**
 * root_has_profile - whether the profile of a container is at a system
 * @paths: borrowed
 * @name: a checked name
 * @e: names the link that cannot be read
 *
 * Returns 1, 0 or -errno.
 */
int root_has_profile(const struct paths *paths, const char *name, struct error *e)
{
	char toplevel[PATH_MAX];

	return root_profile(paths, name, toplevel, e);
}

/**
 * system_missing - say that a container has no system
 * @name: a checked name
 * @e: filled
 *
 * Returns -ENOENT.
 */
static int system_missing(const char *name, struct error *e)
{
	int r = error_set(e, ERROR_FAILED, ENOENT, "container '%s' has no system to start", name);

	return error_remedy(e, r, "build one with 'nixctr-net update %s --config TEXT'", name);
}

/**
 * system_find - the system that a NixOS container starts, and its init
 * @paths: borrowed
 * @name: a checked name
 * @launch: borrowed
 * @root: its system and init are set
 * @e: says what is missing
 *
 * Returns 0 or -errno.
 */
static int system_find(const struct paths *paths, const char *name, const struct launch *launch,
		       struct root *root, struct error *e)
{
	char profile[PATH_MAX], toplevel[PATH_MAX], init[PATH_MAX];
	struct stat st;
	int r;

	if (launch->system_path[0]) {
		r = path_format(toplevel, sizeof(toplevel), e, "%s", launch->system_path);
	} else {
		r = path_format(profile, sizeof(profile), e, "%s/%s", paths->profiles, name);
		if (r == 0)
			r = profile_read(profile, toplevel, e);
		if (r == 0)
			return system_missing(name, e);
	}
	if (r >= 0)
		r = path_format(root->toplevel, sizeof(root->toplevel), e, "%s%s", paths->root,
				toplevel);
	if (r == 0)
		r = path_format(init, sizeof(init), e, "%s/init", root->toplevel);
	if (r < 0)
		return r;
	if (stat(init, &st) < 0) {
		r = error_errno(e, errno, "container '%s': its system has no init: %s", name, init);
		return error_remedy(e, r, "nixctr-net update %s", name);
	}
	return path_format(root->init, sizeof(root->init), e, "%s/init",
			   launch->system_path[0] ? toplevel : "/nix/var/nix/profiles/system");
}

/**
 * tree_check - check a tree that boots by itself
 * @name: a checked name
 * @path: the tree
 * @e: says what is wrong with it
 *
 * Returns 0 or -errno.
 */
static int tree_check(const char *name, const char *path, struct error *e)
{
	_cleanup_(fd_closep) int tree = -1;
	int r = tree_open(path, &tree, e);

	if (r == 0)
		r = root_tree_boots(tree, e);
	if (r < 0)
		return error_wrap(e, r, "container '%s'", name);
	if (r > 0)
		return 0;
	return error_set(e, ERROR_FAILED, ENOENT, "container '%s': %s has no init to boot with",
			 name, path);
}

/**
 * root_path - where the root directory of a container is
 * @paths: borrowed
 * @name: a checked name
 * @launch: borrowed
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -ENAMETOOLONG.
 */
int root_path(const struct paths *paths, const char *name, const struct launch *launch,
	      char path[PATH_MAX], struct error *e)
{
	if (launch->definition.root_tree[0])
		return path_format(path, PATH_MAX, e, "%s", launch->definition.root_tree);
	if (launch->ephemeral)
		return path_format(path, PATH_MAX, e, "%s/%s", paths->machines, name);
	return path_format(path, PATH_MAX, e, "%s/%s", paths->containers, name);
}

/**
 * root_find - what a container starts with
 * @paths: borrowed
 * @name: a checked name
 * @launch: borrowed
 * @ret_root: where it is
 * @e: says what is missing
 *
 * Returns 0 or -errno.
 */
int root_find(const struct paths *paths, const char *name, const struct launch *launch,
	      struct root *ret_root, struct error *e)
{
	struct root root = { .toplevel = "" };
	int r = root_path(paths, name, launch, root.path, e);

	if (r == 0)
		r = launch->definition.root_tree[0] ? tree_check(name, root.path, e)
						    : system_find(paths, name, launch, &root, e);
	if (r == 0)
		*ret_root = root;
	return r;
}

/**
 * machine_id_give - give a tree the identity that systemd would otherwise make up
 * @tree: the root directory
 * @e: filled on failure
 *
 * With an empty one systemd takes every start for the first, and enables all that is installed.
 * Source: machine-id(5).
 *
 * Returns 0 or -errno.
 */
static int machine_id_give(int tree, struct error *e)
{
	uint8_t bytes[16];
	char text[2 * sizeof(bytes) + 2];
	mode_t mode;
	int r = tree_find(tree, MACHINE_ID, &mode, e);

	if (r != 0)
		return r < 0 ? r : 0;
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_errno(e, errno, "cannot draw a machine-id");
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 0x0f];
	}
	text[sizeof(text) - 2] = '\n';
	return tree_replace(tree, MACHINE_ID, text, sizeof(text) - 1, 0444, e);
}

/**
 * machine_id_check - refuse an identity that is no file
 * @tree: the root directory
 * @e: says so
 *
 * systemd-nspawn reads it without looking what it is, and would wait for whoever writes to a FIFO.
 *
 * Returns 0 or -errno.
 */
static int machine_id_check(int tree, struct error *e)
{
	mode_t mode;
	int r = tree_find(tree, MACHINE_ID, &mode, e);

	if (r > 0 && !S_ISREG(mode))
		return error_set(e, ERROR_FAILED, EINVAL, "/" MACHINE_ID " inside is no file");
	return r < 0 ? r : 0;
}

/**
 * skeleton_make - what systemd-nspawn and the first program of NixOS need to be there
 * @tree: the root directory
 * @e: names what could not be made
 *
 * Source: nixos/modules/virtualisation/nixos-containers.nix of nixpkgs makes the same.
 *
 * Returns 0 or -errno.
 */
static int skeleton_make(int tree, struct error *e)
{
	static const struct {
		const char *path;
		mode_t mode;
	} directories[] = {
		{ "usr/bin", 0755 },         { "etc", 0755 },  { "var/lib", 0755 },
		{ "var/lib/private", 0700 }, { "root", 0700 },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(directories); i++)
		r = tree_directory(tree, directories[i].path, directories[i].mode, TREE_MODE_OF_ANY,
				   e);
	if (r >= 0)
		r = tree_touch(tree, "etc/os-release", 0644, e);
	return r < 0 ? r : machine_id_give(tree, e);
}

/**
 * root_make - make the root directory of a NixOS container
 * @path: where, absolute, borrowed
 * @e: names the directory
 *
 * The one above is closed to everybody else, so that users of the host cannot reach programs in a
 * container that run as somebody there.
 *
 * Returns 0 or -errno.
 */
static int root_make(const char *path, struct error *e)
{
	char above[PATH_MAX];
	int r = path_format(above, sizeof(above), e, "%s", path);

	if (r < 0)
		return r;
	*strrchr(above, '/') = '\0';
	r = directory_make(above, 0700, e);
	if (r >= 0)
		r = directory_make(path, 0755, e);
	return r < 0 ? r : 0;
}

/**
 * copies_announce - note that systemd-nspawn makes copies of a container's tree
 * @paths: borrowed
 * @name: a checked name
 * @e: names the directory
 *
 * For container_forget(), which looks for them only then.
 *
 * Returns 0 or -errno.
 */
static int copies_announce(const struct paths *paths, const char *name, struct error *e)
{
	char path[PATH_MAX];
	int r = path_format(path, sizeof(path), e, "%s/%s", paths->machines, name);

	return r < 0 ? r : root_make(path, e);
}

/**
 * root_prepare - make what a first start needs
 * @paths: borrowed
 * @launch: borrowed
 * @root: as root_find() found it, borrowed
 * @e: names what could not be made
 *
 * A tree of its own is left as it is but for the resolvers and the names of others.
 *
 * Returns 0 or -errno.
 */
int root_prepare(const struct paths *paths, const struct launch *launch, const struct root *root,
		 struct error *e)
{
	_cleanup_(fd_closep) int tree = -1;
	int r = 0;

	if (root->init[0])
		r = root_make(root->path, e);
	else if (launch->ephemeral)
		r = copies_announce(paths, launch->definition.name, e);
	if (r == 0)
		r = tree_open(root->path, &tree, e);
	if (r >= 0 && root->init[0])
		r = skeleton_make(tree, e);
	if (r >= 0)
		r = resolver_give(paths, launch->resolver, tree, e);
	if (r >= 0)
		r = hosts_give(paths, &launch->definition, tree, e);
	if (r >= 0)
		r = machine_id_check(tree, e);
	return r < 0 ? r : 0;
}
