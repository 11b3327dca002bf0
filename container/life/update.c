/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "container/boot/system.h"
#include "container/definitions/definition.h"
#include "container/life/life.h"
#include "container/settings/locks.h"

/**
 * refuse_unfit - refuse containers whose system is not ours to build
 * @definition: borrowed
 * @e: says what can be done instead
 *
 * Returns 0 or -errno.
 */
static int refuse_unfit(const struct definition *definition, struct error *e)
{
	int r = definition_check_complete(definition, e);

	if (r < 0)
		return r;
	/* Of a flake NixOS writes down no more than its name. */
	if (definition->declarative && !definition->flake[0]) {
		r = error_set(e, ERROR_FAILED, EROFS,
			      "it is declarative: its system comes from a configuration");
		return error_remedy(e, r, "change the configuration of the host, and switch to it");
	}
	if (definition->root_tree[0]) {
		r = error_set(e, ERROR_FAILED, EINVAL,
			      "it boots the tree %s, which Nix has no part in",
			      definition->root_tree);
		return error_remedy(e, r, "update what is in the tree, with its own means");
	}
	return 0;
}

/**
 * choose_system - what is built for a container when nothing is said about it
 * @definition: borrowed
 * @spec: changed
 *
 * The flake it was made from, or else the configuration it has. An empty --config is as good as none
 * and keeps the flake out, as with nixos-container.
 */
static void choose_system(const struct definition *definition, struct system_spec *spec)
{
	const char *config = spec->request->config;

	if (spec->kind != SYSTEM_CONFIGURATION || (config && config[0]) ||
	    spec->request->config_file)
		return;
	spec->kind = SYSTEM_AGAIN;
	if (config || !definition->flake[0])
		return;
	spec->kind = SYSTEM_FLAKE;
	memcpy(spec->flake, definition->flake, sizeof(spec->flake));
	memcpy(spec->attr, definition->flake_attr, sizeof(spec->attr));
}

/**
 * container_update - build what a container boots next
 * @paths: borrowed
 * @name: checked here, borrowed
 * @request: what is to be built; without anything, what it was built from before
 * @e: filled on failure; what Nix says goes to standard error
 *
 * A container that runs is not told of it.
 *
 * Returns 1, or -errno with its system and configuration as they were.
 */
int container_update(const struct paths *paths, const char *name,
		     const struct system_request *request, struct error *e)
{
	_cleanup_(claim_drop) struct claim claim = CLAIM_INIT;
	struct definition definition;
	struct system_spec spec = { .request = request };
	int r = name_check(name, e);

	if (r == 0)
		r = system_parse(paths, request, &spec, e);
	if (r == 0)
		r = definition_read(paths, name, &definition, e);
	if (r == 0)
		return name_unknown(paths, name, e);
	if (r > 0)
		r = claim_wait(paths, name, &claim, e);
	/* Whoever had the claim may have destroyed or completed it. */
	if (r == 0)
		r = definition_read(paths, name, &definition, e);
	if (r == 0)
		return name_unknown(paths, name, e);
	if (r > 0)
		r = refuse_unfit(&definition, e);
	if (r < 0)
		return error_wrap(e, r, "cannot update container '%s'", name);
	choose_system(&definition, &spec);
	(void)umask(022);
	r = system_build(paths, name, &spec, e);
	return r < 0 ? error_wrap(e, r, "cannot update container '%s'", name) : 1;
}
