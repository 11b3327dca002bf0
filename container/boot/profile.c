/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/words.h"
#include "container/boot/nix.h"

/**
 * profile_check_target - whether a system has something to boot
 * @target: its absolute path, borrowed
 * @e: says what is missing
 *
 * Returns 0 or -EINVAL.
 */
int profile_check_target(const char *target, struct error *e)
{
	char path[PATH_MAX];
	int r = path_format(path, sizeof(path), e, "%s/init", target);

	if (r < 0 || access(path, X_OK) == 0)
		return r;
	r = error_set(e, ERROR_USAGE, EINVAL, "%s is no system: it has no init that can be run",
		      target);
	return error_remedy(e, r, "give what \"nix-build '<nixpkgs/nixos>' -A system\" prints");
}

/**
 * profile_make - have a directory for the profile of a container
 * @paths: borrowed
 * @name: a checked name
 * @e: names the directory
 *
 * The directory above is closed to others: users of the host could change what belongs to users of
 * containers who happen to have their numbers.
 *
 * Returns 1, 0 when it was there, or -errno.
 */
int profile_make(const struct paths *paths, const char *name, struct error *e)
{
	char path[PATH_MAX];
	int r = directory_make(paths->profiles, 0700, e);

	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/%s", paths->profiles, name);
	return r < 0 ? r : directory_make(path, 0755, e);
}

/**
 * words_for_profile - begin the command line of nix-env(1)
 * @paths: borrowed
 * @name: a checked name
 * @argv: filled
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int words_for_profile(const struct paths *paths, const char *name, struct words *argv,
			     struct error *e)
{
	int r = words_add(argv, e, "nix-env");

	if (r == 0)
		r = words_add(argv, e, "--profile");
	return r < 0 ? r : words_add(argv, e, "%s/%s/system", paths->profiles, name);
}

/**
 * words_pass - add the options that were given for Nix
 * @argv: changed
 * @request: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int words_pass(struct words *argv, const struct system_request *request, struct error *e)
{
	return request->nix ? words_append(argv, request->nix, e) : 0;
}

/**
 * profile_set - have a container boot a system that is built already
 * @paths: borrowed
 * @name: a checked name
 * @target: its absolute path, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int profile_set(const struct paths *paths, const char *name, const char *target, struct error *e)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	int r = words_for_profile(paths, name, &argv, e);

	if (r == 0)
		r = words_add(&argv, e, "--set");
	if (r == 0)
		r = words_add(&argv, e, "%s", target);
	if (r == 0)
		r = nix_run(&argv, NULL, e);
	return r < 0 ? error_wrap(e, r, "cannot have it boot %s", target) : 0;
}

/**
 * profile_build - build a configuration and have the container boot the result
 * @paths: borrowed
 * @name: a checked name
 * @configuration: path of the file, borrowed
 * @view: where Nix finds it, borrowed
 * @request: where NixOS is, and options for Nix; borrowed
 * @e: filled on failure
 *
 * Returns 0, or -errno with the profile as it was.
 */
int profile_build(const struct paths *paths, const char *name, const char *configuration,
		  const struct nix_view *view, const struct system_request *request,
		  struct error *e)
{
	const char *nixos = request->nixos ? request->nixos : "<nixpkgs/nixos>";
	_cleanup_(words_deinit) struct words argv = { 0 };
	int r = words_for_profile(paths, name, &argv, e);

	if (r == 0)
		r = words_add(&argv, e, "-I");
	if (r == 0)
		r = words_add(&argv, e, "nixos-config=%s", configuration);
	if (r == 0)
		r = words_add(&argv, e, "--file");
	if (r == 0)
		r = words_add(&argv, e, "%s", nixos);
	if (r == 0)
		r = words_add(&argv, e, "--set");
	if (r == 0)
		r = words_add(&argv, e, "--attr");
	if (r == 0)
		r = words_add(&argv, e, "system");
	if (r == 0)
		r = words_pass(&argv, request, e);
	if (r == 0)
		r = nix_run(&argv, view, e);
	return r < 0 ? error_wrap(e, r, "cannot build its configuration") : 0;
}

/**
 * profile_target - the system of a path, through links
 * @path: absolute, borrowed
 * @target: filled
 * @e: says what is wrong with it
 *
 * Returns 0 or -errno.
 */
int profile_target(const char *path, char target[PATH_MAX], struct error *e)
{
	int r = profile_check_target(path, e);

	if (r == 0 && !realpath(path, target))
		r = error_errno(e, errno, "%s", path);
	return r;
}

/**
 * profile_flake_words - the command line that builds a system of a flake
 * @link: where the link to the result goes, borrowed
 * @flake, @attr: borrowed
 * @request: options for Nix, borrowed
 * @argv: filled
 * @e: filled on failure
 *
 * Both features are experimental, and need not be enabled in nix.conf(5) for this.
 *
 * Returns 0 or -ENOMEM.
 */
int profile_flake_words(const char *link, const char *flake, const char *attr,
			const struct system_request *request, struct words *argv, struct error *e)
{
	const char *const first[] = {
		"nix", "--extra-experimental-features", "nix-command flakes", "build", "--out-link",
		link
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(first); i++)
		r = words_add(argv, e, "%s", first[i]);
	if (r == 0)
		r = words_pass(argv, request, e);
	if (r == 0)
		r = words_add(argv, e, "--");
	return r < 0 ? r
		     : words_add(argv, e,
				 "%s#nixosConfigurations.\"%s\".config.system.build.toplevel",
				 flake, attr);
}

/**
 * profile_take_result - have a container boot what a link leads to
 * @paths: borrowed
 * @name: a checked name
 * @link: what "nix build" left, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int profile_take_result(const struct paths *paths, const char *name, const char *link,
			       struct error *e)
{
	char target[PATH_MAX];
	ssize_t length = readlink(link, target, sizeof(target) - 1);
	int r;

	if (length < 0)
		return error_errno(e, errno, "cannot read what was built, %s", link);
	target[length] = '\0';
	r = profile_check_target(target, e);
	return r < 0 ? r : profile_set(paths, name, target, e);
}

/**
 * profile_build_flake - build a system of a flake and have the container boot it
 * @paths: borrowed
 * @name: a checked name
 * @flake, @attr: borrowed
 * @request: options for Nix, borrowed
 * @e: filled on failure
 *
 * The link keeps the result from being collected as garbage until the profile does.
 *
 * Returns 0, or -errno with the profile as it was.
 */
int profile_build_flake(const struct paths *paths, const char *name, const char *flake,
			const char *attr, const struct system_request *request, struct error *e)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	char link[PATH_MAX];
	int r = path_format(link, sizeof(link), e, "%s/%s/system.tmp", paths->profiles, name);

	if (r == 0)
		r = profile_flake_words(link, flake, attr, request, &argv, e);
	if (r == 0)
		r = nix_run(&argv, NULL, e);
	if (r == 0)
		r = profile_take_result(paths, name, link, e);
	(void)unlink(link);
	return r < 0 ? error_wrap(e, r, "cannot build it from flake '%s'", flake) : 0;
}
