/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/life/name-choice.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/definition.h"

/**
 * has_root - whether there is a root directory of that name
 * @paths: borrowed
 * @name: a checked name
 */
static bool has_root(const struct paths *paths, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return path_format(path, sizeof(path), NULL, "%s/%s", paths->containers, name) == 0 &&
	       lstat(path, &st) == 0;
}

/**
 * claim_name - have a name for ourselves, unless a container has it
 * @paths: borrowed
 * @request: borrowed
 * @definition: its name is claimed
 * @claim: the claim
 * @e: filled on failure, and when the name is taken
 *
 * What a killed run left of a container is taken up. A root directory of that name is taken over, as
 * nixos-container does, but for a name that we choose.
 *
 * Returns 1, 0 when the name is taken, or -errno.
 */
static int claim_name(const struct paths *paths, const struct create_request *request,
		      struct definition *definition, struct claim *claim, struct error *e)
{
	struct definition found = { .incomplete = true };
	const char *name = definition->name;
	char path[PATH_MAX];
	struct stat st;
	bool exists;
	int r;

	r = definition_path(paths, name, path, e);
	if (r < 0)
		return r;
	exists = lstat(path, &st) == 0;
	if (exists && (definition_read(paths, name, &found, NULL) <= 0 || !found.incomplete)) {
		(void)error_set(e, ERROR_CONFLICT, EEXIST, "container '%s' already exists", name);
		return 0;
	}
	if (!exists && request->unique && has_root(paths, name))
		return 0;
	r = claim_try(paths, name, claim, e);
	if (r == 0)
		(void)error_set(e, ERROR_CONFLICT, EEXIST,
				"container '%s' is being %s by another run", name,
				exists ? "created" : "destroyed");
	definition->keeps_root = exists ? found.keeps_root : has_root(paths, name);
	return r;
}

/**
 * choose_name - the name the container gets
 * @paths: borrowed
 * @request: borrowed
 * @definition: its name is set and claimed
 * @claim: the claim
 * @e: says that the name is taken or too long
 *
 * NAME, NAME-0, NAME-1, ... as nixos-container counts.
 *
 * Returns 0 or -errno.
 */
static int choose_name(const struct paths *paths, const struct create_request *request,
		       struct definition *definition, struct claim *claim, struct error *e)
{
	const char *name = request->name;
	int r = claim_name(paths, request, definition, claim, e);

	if (r == 0 && !request->unique)
		return error_remedy(e, -EEXIST,
				    "choose another name, give --ensure-unique-name, or remove "
				    "it with \"nixctr-net destroy %s\"",
				    name);
	for (unsigned i = 0; r == 0; i++) {
		if (path_format(definition->name, sizeof(definition->name), NULL, "%s-%u", name,
				i) < 0)
			return error_set(e, ERROR_USAGE, ENAMETOOLONG,
					 "'%s' is too long to be made unique", name);
		r = claim_name(paths, request, definition, claim, e);
	}
	return r < 0 ? r : 0;
}

/**
 * check_link_name - whether the link of the new container would be named like another's
 * @paths: borrowed
 * @definition: borrowed
 * @e: names the other container
 *
 * Only names that fill a link name can meet: those the shortening made, and those of that length.
 *
 * Returns 0, -EEXIST or another -errno.
 */
static int check_link_name(const struct paths *paths, const struct definition *definition,
			   struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	char altname[VETH_ALTNAME_MAX], link[IFNAMSIZ], other[IFNAMSIZ];
	bool bridged = definition->bridge[0];
	size_t count;
	int r;

	veth_link_name(definition->name, bridged, link, altname);
	if (strlen(link) < IFNAMSIZ - 1)
		return 0;
	r = definition_names(paths, &names, &count, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		veth_link_name(names[i], bridged, other, altname);
		if (strcmp(link, other) == 0)
			r = error_set(e, ERROR_CONFLICT, EEXIST,
				      "the link of container '%s' would be %s, as that of '%s' is",
				      definition->name, link, names[i]);
	}
	return r < 0 ? error_remedy(e, r, "choose another name") : 0;
}

/**
 * name_choose - choose and claim the name of a new container
 * @paths: borrowed; the definitions are locked
 * @request: borrowed
 * @definition: its name is set
 * @claim: the claim; the caller ends with claim_drop(), after a failure too
 * @e: says that the name is taken, too long, or too like another
 *
 * Returns 0 or -errno.
 */
int name_choose(const struct paths *paths, const struct create_request *request,
		struct definition *definition, struct claim *claim, struct error *e)
{
	int r = choose_name(paths, request, definition, claim, e);

	return r < 0 ? r : check_link_name(paths, definition, e);
}
