/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/system.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/boot/configuration-view.h"
#include "container/boot/configuration.h"
#include "container/boot/flake.h"
#include "container/boot/profile.h"
#include "container/boot/root-directory.h"
#include "container/boot/root-tree.h"

/**
 * check_choice - whether at most one thing is asked for
 * @request: borrowed
 * @e: names two that exclude each other
 *
 * Returns 0 or -EINVAL.
 */
static int check_choice(const struct system_request *request, struct error *e)
{
	const struct {
		const char *option;
		bool given;
	} table[] = {
		{ "--system-path", request->path },        { "--config", request->config },
		{ "--config-file", request->config_file }, { "--flake", request->flake },
		{ "--root-tree", request->tree },          { "--no-system", request->none },
	};
	const char *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].given && first)
			return error_set(e, ERROR_USAGE, EINVAL, "%s and %s exclude each other",
					 first, table[i].option);
		if (table[i].given)
			first = table[i].option;
	}
	return 0;
}

/**
 * parse_path - read where a system is that is built already
 * @typed: as typed, borrowed
 * @path: filled: the same, absolute
 * @e: says what is wrong with it
 *
 * Links in it are Nix's to follow: one of its store paths may itself be one.
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
static int parse_path(const char *typed, char path[PATH_MAX], struct error *e)
{
	char here[PATH_MAX];
	int r;

	if (typed[0] == '/')
		r = path_format(path, PATH_MAX, e, "%s", typed);
	else if (!getcwd(here, sizeof(here)))
		r = error_errno(e, errno, "--system-path %s", typed);
	else
		r = path_format(path, PATH_MAX, e, "%s/%s", here, typed);
	return r < 0 ? r : profile_check_target(path, e);
}

/**
 * check_config_file - whether a file can be imported
 * @path: as typed, borrowed
 * @e: says what is wrong with it
 *
 * Nix would wait at a FIFO for ever. A directory stands for the default.nix in it.
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
static int check_config_file(const char *path, struct error *e)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		int r = error_errno(e, errno, "--config-file %s", path);

		return error_classify(e, r, ERROR_USAGE);
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return error_set(e, ERROR_USAGE, EINVAL, "--config-file %s is no file", path);
	return 0;
}

/**
 * system_parse - read what a container is to boot
 * @paths: borrowed
 * @request: borrowed, also by @ret_spec
 * @ret_spec: what was asked for; without any option the configuration that NixOS has by itself
 * @e: says what is wrong
 *
 * Returns 0 or -errno (ERROR_USAGE), before anything has been made.
 */
int system_parse(const struct paths *paths, const struct system_request *request,
		 struct system_spec *ret_spec, struct error *e)
{
	struct system_spec spec = { .kind = SYSTEM_CONFIGURATION, .request = request };
	int r = check_choice(request, e);

	if (r < 0)
		return r;
	if (request->none) {
		spec.kind = SYSTEM_NONE;
	} else if (request->tree) {
		spec.kind = SYSTEM_TREE;
		r = root_tree_check(paths, request->tree, spec.path, e);
	} else if (request->path) {
		spec.kind = SYSTEM_BUILT;
		r = parse_path(request->path, spec.path, e);
	} else if (request->flake) {
		spec.kind = SYSTEM_FLAKE;
		r = flake_parse(request->flake, spec.flake, spec.attr, e);
	} else if (request->config_file) {
		r = check_config_file(request->config_file, e);
	}
	if (r == 0)
		*ret_spec = spec;
	return r;
}

/**
 * system_is_built - whether a container has a root directory and a profile because of its system
 * @kind: what it boots
 */
bool system_is_built(enum system_kind kind)
{
	switch (kind) {
	case SYSTEM_NONE:
	case SYSTEM_TREE:
		return false;
	case SYSTEM_BUILT:
	case SYSTEM_FLAKE:
	case SYSTEM_CONFIGURATION:
	case SYSTEM_AGAIN:
		return true;
	}
	return false;
}

/**
 * build_seen - build the configuration of a container
 * @paths: borrowed
 * @name: of the container
 * @text: what configuration.nix is to say, borrowed; NULL: what it says
 * @request: borrowed
 * @e: filled on failure
 *
 * Returns 0, or -errno with the profile as it was.
 */
static int build_seen(const struct paths *paths, const char *name, const char *text,
		      const struct system_request *request, struct error *e)
{
	_cleanup_(nix_view_end) struct nix_view view = { .mount = -1 };
	char path[PATH_MAX];
	int r = configuration_view(paths, name, text, &view, e);

	if (r == 0)
		r = path_format(path, sizeof(path), e, "%s/etc/nixos/" CONFIGURATION_NAME,
				view.place);
	return r < 0 ? r : profile_build(paths, name, path, &view, request, e);
}

/**
 * build_configuration - write a new configuration and build it
 * @paths: borrowed
 * @name: of the container
 * @request: borrowed
 * @e: filled on failure
 *
 * It is on the disk before it is built, so that a full one is noticed in time.
 *
 * Returns 0, or -errno with the configuration and the profile as they were.
 */
static int build_configuration(const struct paths *paths, const char *name,
			       const struct system_request *request, struct error *e)
{
	_cleanup_(fd_closep) int directory = -1;
	_cleanup_(freep) char *text = NULL;
	int r = configuration_text(name, request, &text, e);

	if (r == 0)
		r = root_directory_nixos(paths, name, ROOT_MAKE, &directory, e);
	if (r == 0)
		r = configuration_write(directory, CONFIGURATION_NEXT, text, e);
	if (r < 0)
		return r;
	r = build_seen(paths, name, text, request, e);
	if (r == 0)
		r = configuration_install(directory, e);
	if (r < 0)
		configuration_discard(directory);
	return r;
}

/**
 * build_again - build the configuration there is
 * @paths: borrowed
 * @name: of the container
 * @request: borrowed
 * @e: filled on failure
 *
 * Returns 0, or -errno with the profile as it was.
 */
static int build_again(const struct paths *paths, const char *name,
		       const struct system_request *request, struct error *e)
{
	_cleanup_(fd_closep) int directory = -1;
	int r = root_directory_nixos(paths, name, ROOT_READ, &directory, e);

	if (r == -ENOENT)
		return error_remedy(e, r,
				    "give it a configuration with --config, --config-file "
				    "or --flake");
	if (r < 0)
		return r;
	configuration_discard(directory);
	return build_seen(paths, name, NULL, request, e);
}

/**
 * system_build - have a container boot what was asked for
 * @paths: borrowed
 * @name: of the container, claimed
 * @spec: borrowed
 * @e: filled on failure; what Nix says goes to standard error
 *
 * Returns 0, or -errno with what it booted before as it was.
 */
int system_build(const struct paths *paths, const char *name, const struct system_spec *spec,
		 struct error *e)
{
	int r;

	if (!system_is_built(spec->kind))
		return 0;
	r = root_directory_make(paths, name, e);
	if (r >= 0)
		r = profile_make(paths, name, e);
	if (r < 0)
		return r;
	switch (spec->kind) {
	case SYSTEM_BUILT:
		return profile_set(paths, name, spec->path, e);
	case SYSTEM_FLAKE:
		return profile_build_flake(paths, name, spec->flake,
					   spec->attr[0] ? spec->attr : "container", spec->request,
					   e);
	case SYSTEM_CONFIGURATION:
		return build_configuration(paths, name, spec->request, e);
	case SYSTEM_AGAIN:
		return build_again(paths, name, spec->request, e);
	case SYSTEM_NONE:
	case SYSTEM_TREE:
		break;
	}
	return 0;
}
