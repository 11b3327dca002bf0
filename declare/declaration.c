/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggestion.h"
#include "declare/option.h"

/*
 * Theory of operation
 *
 * Nix evaluates the file to JSON, with a second tree that has the place of each option. Each option is
 * looked up in one table and put down as keys of a definition: what containers are is said in one
 * language only, however it was declared.
 */

/**
 * taking_deinit - free what was collected
 * @taking: not usable afterwards
 */
static void taking_deinit(struct taking *taking)
{
	words_deinit(&taking->binds);
	words_deinit(&taking->binds_readonly);
	words_deinit(&taking->capabilities);
	words_deinit(&taking->devices);
}

/**
 * option_take - take one option
 * @taking: changed
 * @name: of the option
 * @spot: where it is, borrowed
 * @value: borrowed; null is as good as nothing
 * @e: names the spot, and an option that is spelt nearly so
 *
 * Returns 0 or -EINVAL.
 */
static int option_take(struct taking *taking, const char *name, const struct spot *spot,
		       json_t *value, struct error *e)
{
	struct suggestion suggestion;

	suggestion_init(&suggestion, name);
	for (size_t i = 0; i < n_declare_options; i++) {
		const struct declare_option *option = &declare_options[i];

		if (strcmp(option->name, name) == 0)
			return json_is_null(value) ? 0
						   : option->take(taking, option, spot, value, e);
		suggestion_try(&suggestion, option->name);
	}
	return spot_unknown(spot, suggestion.best, e);
}

/**
 * taking_end - put down what several options have said together
 * @taking: changed
 * @e: filled on failure
 *
 * A private network that nothing connects gets a cable and addresses of the pool. One that is not private
 * is the host's, as with NixOS, whatever addresses are there.
 *
 * Returns 0 or -ENOMEM.
 */
static int taking_end(struct taking *taking, struct error *e)
{
	int r = taking_give_words(taking, "BIND", &taking->binds, e);

	if (r == 0)
		r = taking_give_words(taking, "BIND_RO", &taking->binds_readonly, e);
	if (r == 0)
		r = taking_give_words(taking, "ADDITIONAL_CAPABILITIES", &taking->capabilities, e);
	if (r == 0)
		r = taking_give_words(taking, "ALLOWED_DEVICES", &taking->devices, e);
	if (r == 0)
		r = taking_give(taking, "PRIVATE_NETWORK", taking->private_network ? "1" : "0", e);
	if (r == 0 && taking->private_network && !taking->wired)
		r = taking_give(taking, "AUTO_ADDRESS", "1", e);
	return r;
}

/**
 * texts_borrow - have what others need of a definition's keys where they look for it
 * @declared: changed; its keys are complete
 */
static void texts_borrow(struct declared *declared)
{
	const struct words *keys = declared->keys;

	for (size_t i = 0; i + 1 < keys->count; i += 2) {
		if (strcmp(keys->list[i], "FLAKE") == 0)
			declared->flake = keys->list[i + 1];
		else if (strcmp(keys->list[i], "FLAKE_ATTR") == 0)
			declared->flake_attr = keys->list[i + 1];
	}
}

/**
 * container_take - read one container
 * @name: its name, borrowed
 * @spot: where it is, borrowed
 * @value: borrowed
 * @declared: its keys are an empty list; filled
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
static int container_take(const char *name, const struct spot *spot, json_t *value,
			  struct declared *declared, struct error *e)
{
	_cleanup_(taking_deinit) struct taking taking = { .declared = declared,
							  .keys = declared->keys };
	const char *option;
	json_t *inner;
	int r = name_check(name, e);

	if (r < 0)
		return error_wrap(e, r, "%s", spot->path);
	memcpy(declared->name, name, strlen(name) + 1);
	declared->place = spot->at;
	if (!json_is_object(value) || json_object_get(value, "__function"))
		return spot_type(spot, value, "a set", e);
	json_object_foreach(value, option, inner)
	{
		struct spot there;

		spot_enter(spot, option, &there);
		r = option_take(&taking, option, &there, inner, e);
		if (r < 0)
			return r;
	}
	if (!taking.boots) {
		r = spot_wrong(spot, e, "says nothing about what it boots");
		return error_remedy(e, r, "give it config, path, flake or rootTree");
	}
	r = taking_end(&taking, e);
	texts_borrow(declared);
	return r;
}

/**
 * containers_take - read all containers
 * @declarations: changed
 * @spot: where they are, borrowed
 * @containers: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
static int containers_take(struct declarations *declarations, const struct spot *spot,
			   json_t *containers, struct error *e)
{
	size_t count = json_object_size(containers);
	const char *name;
	json_t *value;

	declarations->list = calloc(count + 1, sizeof(*declarations->list));
	declarations->keys = calloc(count + 1, sizeof(*declarations->keys));
	if (!declarations->list || !declarations->keys)
		return error_errno(e, ENOMEM, "cannot read %zu containers", count);
	json_object_foreach(containers, name, value)
	{
		struct declared *declared = &declarations->list[declarations->count];
		struct spot there;
		int r;

		declared->keys = &declarations->keys[declarations->count++];
		spot_enter(spot, name, &there);
		r = container_take(name, &there, value, declared, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/**
 * document_take - read what stands in a file
 * @declarations: changed
 * @document: an object with "values" and "places", borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
static int document_take(struct declarations *declarations, json_t *document, struct error *e)
{
	json_t *values = json_object_get(document, "values");
	json_t *containers = json_object_get(values, "containers");
	const struct spot top = { .within = json_object_get(document, "places") };
	struct spot spot;
	const char *name;
	json_t *inner;

	json_object_foreach(values, name, inner)
	{
		if (strcmp(name, "containers") == 0)
			continue;
		spot_enter(&top, name, &spot);
		return spot_unknown(&spot, "containers.NAME, and nothing beside it", e);
	}
	if (!json_is_object(containers)) {
		int r = error_set(e, ERROR_USAGE, EINVAL, "there is no set \"containers\" in it");

		return error_remedy(e, r, "write { containers.NAME = { ... }; }");
	}
	spot_enter(&top, "containers", &spot);
	return containers_take(declarations, &spot, containers, e);
}

/**
 * stored_take - take which containers mention something in the store of Nix
 * @declarations: changed
 * @stored: a set with their names, borrowed; NULL: none does
 */
static void stored_take(struct declarations *declarations, const json_t *stored)
{
	for (size_t i = 0; i < declarations->count; i++) {
		struct declared *declared = &declarations->list[i];

		declared->stored = json_is_true(json_object_get(stored, declared->name));
	}
}

/**
 * declarations_parse - read what Nix has made of a file
 * @json: borrowed
 * @declarations: empty but for its source; ended by the caller, after a failure too
 * @e: names the option that is wrong, and its place
 *
 * Returns 0 or -EINVAL.
 */
int declarations_parse(const char *json, struct declarations *declarations, struct error *e)
{
	json_error_t wrong;
	json_t *document = json_loads(json, JSON_REJECT_DUPLICATES, &wrong);
	int r;

	if (!document)
		return error_set(e, ERROR_FAILED, EINVAL, "the answer of Nix is no JSON: %s",
				 wrong.text);
	declarations->document = document;
	r = document_take(declarations, document, e);
	stored_take(declarations, json_object_get(document, "stored"));
	return r < 0 ? r : declared_check(declarations->list, declarations->count, e);
}

/**
 * declarations_read - have Nix read a file, and look at all that it declares
 * @path: as typed, borrowed
 * @ret_declarations: ended by the caller with declarations_deinit()
 * @e: names the file, the option that is wrong, and its place
 *
 * Returns 0 or -errno.
 */
int declarations_read(const char *path, struct declarations *ret_declarations, struct error *e)
{
	_cleanup_(declarations_deinit) struct declarations declarations = { .count = 0 };
	_cleanup_(freep) char *json = NULL;
	int r;

	if (!realpath(path, declarations.source)) {
		r = error_errno(e, errno, "%s", path);
		error_classify(e, r, ERROR_USAGE);
		return error_remedy(
			e, r, "write it, or name another file; what it declared stays as it is");
	}
	r = declared_evaluate(declarations.source, &json, e);
	if (r < 0)
		return r;
	r = declarations_parse(json, &declarations, e);
	if (r < 0)
		return error_wrap(e, r, "%s", declarations.source);
	*ret_declarations = declarations;
	declarations = (struct declarations){ .count = 0 };
	return 0;
}

/**
 * declarations_deinit - free what was read, for _cleanup_()
 * @declarations: empty afterwards
 */
void declarations_deinit(struct declarations *declarations)
{
	for (size_t i = 0; declarations->keys && i < declarations->count; i++)
		words_deinit(&declarations->keys[i]);
	free(declarations->keys);
	free(declarations->list);
	json_decref(declarations->document);
	declarations->list = NULL;
	declarations->keys = NULL;
	declarations->document = NULL;
	declarations->count = 0;
}
