/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/definition.h"
#include "container/definitions/ports.h"

/**
 * give_pair - write the addresses of one family
 * @file: changed
 * @pair: borrowed
 * @host_key, @local_key: their keys
 * @e: names the key
 *
 * Returns 0 or -errno.
 */
static int give_pair(struct environment_file *file, const struct veth_pair *pair,
		     const char *host_key, const char *local_key, struct error *e)
{
	char text[PREFIX_TEXT];
	int r = 0;

	if (addr_is_set(&pair->host))
		r = environment_set(file, host_key, addr_format(&pair->host, text), e);
	if (r >= 0 && addr_is_set(&pair->local.addr))
		r = environment_set(file, local_key, prefix_format(&pair->local, text), e);
	return r;
}

/**
 * give_system - write what the container boots, and that it is not complete yet
 * @file: changed
 * @definition: borrowed
 * @e: names the key
 *
 * These keys stand there only where they say something.
 *
 * Returns 0 or -errno.
 */
static int give_system(struct environment_file *file, const struct definition *definition,
		       struct error *e)
{
	const struct {
		const char *key, *value;
	} table[] = {
		{ "FLAKE", definition->flake },
		{ "FLAKE_ATTR", definition->flake_attr },
		{ "ROOT_TREE", definition->root_tree },
		{ "INCOMPLETE", !definition->incomplete  ? ""
				: definition->keeps_root ? DEFINITION_KEEPS_ROOT
							 : "1" },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(table); i++)
		if (table[i].value[0])
			r = environment_set(file, table[i].key, table[i].value, e);
	return r < 0 ? r : 0;
}

/**
 * definition_give - write the keys we know into a file
 * @file: changed
 * @definition: borrowed
 * @e: names the key
 *
 * The order and the empty keys are nixos-container's.
 *
 * Returns 0 or -errno.
 */
static int definition_give(struct environment_file *file, const struct definition *definition,
			   struct error *e)
{
	char mac[MAC_TEXT], ports[PORTS_TEXT];
	int r;

	r = environment_set(file, "PRIVATE_NETWORK", definition->private_network ? "1" : "0", e);
	if (r >= 0)
		r = give_pair(file, &definition->v4, "HOST_ADDRESS", "LOCAL_ADDRESS", e);
	if (r >= 0)
		r = give_pair(file, &definition->v6, "HOST_ADDRESS6", "LOCAL_ADDRESS6", e);
	if (r >= 0 && mac_is_set(&definition->mac))
		r = environment_set(file, "LOCAL_MAC_ADDRESS", mac_format(&definition->mac, mac),
				    e);
	if (r >= 0)
		r = environment_set(file, "HOST_BRIDGE", definition->bridge, e);
	if (r >= 0)
		r = environment_set(file, "HOST_PORT", ports_format(&definition->ports, ports), e);
	if (r >= 0)
		r = environment_set(file, "AUTO_START", definition->auto_start ? "1" : "0", e);
	return r < 0 ? r : give_system(file, definition, e);
}

/**
 * definition_write - write the definition of a new container
 * @paths: borrowed
 * @definition: borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int definition_write(const struct paths *paths, const struct definition *definition,
		     struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int r;

	r = definition_give(&file, definition, e);
	if (r == 0)
		r = environment_format(&file, &text, &length, e);
	if (r == 0)
		r = definition_path(paths, definition->name, path, e);
	if (r == 0)
		r = directory_make(paths->definitions, 0755, e);
	if (r >= 0)
		r = file_replace(path, text, length, 0644, e);
	return r < 0 ? r : 0;
}

/**
 * definition_change - change one key of a definition, and nothing else
 * @paths: borrowed
 * @name: a checked name
 * @key: borrowed
 * @value: borrowed; NULL: the key is not to be there
 * @e: names the file
 *
 * Returns 1, 0 when it is so, or -errno.
 */
int definition_change(const struct paths *paths, const char *name, const char *key,
		      const char *value, struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	_cleanup_(freep) char *text = NULL;
	_cleanup_(freep) char *changed = NULL;
	const char *before;
	char path[PATH_MAX];
	size_t length;
	int r;

	r = definition_path(paths, name, path, e);
	if (r == 0)
		r = file_read(path, DEFINITION_SIZE_MAX, &text, &length, e);
	if (r == 0)
		r = environment_parse(text, length, &file, e);
	if (r < 0)
		return r;
	before = environment_get(&file, key);
	if (value ? before && strcmp(before, value) == 0 : !environment_unset(&file, key))
		return 0;
	if (value)
		r = environment_set(&file, key, value, e);
	if (r >= 0)
		r = environment_format(&file, &changed, &length, e);
	if (r >= 0)
		r = file_replace(path, changed, length, 0644, e);
	return r < 0 ? r : 1;
}

/**
 * definition_complete - take the mark away that a definition is not complete yet
 * @paths: borrowed
 * @name: a checked name
 * @e: names the file
 *
 * What somebody else has changed in the file meanwhile stays.
 *
 * Returns 1, 0 when it was complete, or -errno.
 */
int definition_complete(const struct paths *paths, const char *name, struct error *e)
{
	return definition_change(paths, name, "INCOMPLETE", NULL, e);
}
