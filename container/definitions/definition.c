/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/definition.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/words.h"
#include "container/definitions/links.h"
#include "container/definitions/ports.h"

/**
 * definition_path - where the definition of a container is
 * @paths: borrowed
 * @name: a name that name_check() has passed, borrowed
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int definition_path(const struct paths *paths, const char *name, char path[PATH_MAX],
		    struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/%s" DEFINITION_SUFFIX, paths->definitions, name);
}

/**
 * definition_is_declarative - whether a definition comes from a configuration
 * @path: borrowed
 *
 * NixOS makes it a link into its store. That we may not write it, or the whole file system is
 * read-only, is no sign of that.
 */
bool definition_is_declarative(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/**
 * take_pair - read the addresses of one family
 * @file: borrowed
 * @family: AF_INET or AF_INET6
 * @host_key, @local_key: their keys
 * @bridged: whether prefix length and gateway belong
 * @ret_pair: the pair; untouched when neither key is set
 * @e: names the key and the value
 *
 * On a point-to-point link a prefix length means nothing; some write it there, so it is passed over.
 * NixOS lets either end go without an address.
 *
 * Returns 0 or -EINVAL.
 */
static int take_pair(const struct environment_file *file, sa_family_t family, const char *host_key,
		     const char *local_key, bool bridged, struct veth_pair *ret_pair,
		     struct error *e)
{
	const char *host_text = environment_get(file, host_key);
	const char *local_text = environment_get(file, local_key);
	struct prefix host = { 0 }, local = { 0 };
	int r = 0;

	if (host_text)
		r = prefix_parse(host_text, &host, e);
	if (r < 0)
		return error_wrap(e, r, "%s", host_key);
	if (local_text)
		r = prefix_parse(local_text, &local, e);
	if (r < 0)
		return error_wrap(e, r, "%s", local_key);
	if ((host_text && host.addr.family != family) ||
	    (local_text && local.addr.family != family))
		return error_set(e, ERROR_FAILED, EINVAL, "%s and %s are not both IPv%d addresses",
				 host_key, local_key, family == AF_INET ? 4 : 6);
	if (!bridged && local_text)
		local.length = addr_bits(&local.addr);
	if (local_text || host_text)
		*ret_pair = (struct veth_pair){ .host = host.addr, .local = local };
	return 0;
}

/**
 * take_bridge - read the name of the bridge
 * @file: borrowed
 * @definition: changed
 * @e: names the key and the value
 *
 * Returns 0 or -EINVAL.
 */
static int take_bridge(const struct environment_file *file, struct definition *definition,
		       struct error *e)
{
	const char *bridge = environment_get(file, "HOST_BRIDGE");

	if (!bridge)
		return 0;
	if (path_format(definition->bridge, IFNAMSIZ, NULL, "%s", bridge) < 0 ||
	    strpbrk(bridge, "/ \t\n:"))
		return error_set(e, ERROR_FAILED, EINVAL, "HOST_BRIDGE '%s' is no link name",
				 bridge);
	return 0;
}

/**
 * take_text - read a value that is a text
 * @file: borrowed
 * @key: its key
 * @text, @size: where it goes; untouched when the key is not set
 * @e: names the key
 *
 * Returns 0 or -ENAMETOOLONG.
 */
static int take_text(const struct environment_file *file, const char *key, char *text, size_t size,
		     struct error *e)
{
	const char *value = environment_get(file, key);
	int r = value ? path_format(text, size, e, "%s", value) : 0;

	return r < 0 ? error_wrap(e, r, "%s", key) : 0;
}

/**
 * take_system - read what the container boots, and whether it has been completely made
 * @file: borrowed
 * @definition: changed
 * @e: names the key and the value
 *
 * Returns 0 or -errno.
 */
static int take_system(const struct environment_file *file, struct definition *definition,
		       struct error *e)
{
	const char *incomplete = environment_get(file, "INCOMPLETE");
	int r;

	definition->incomplete = incomplete;
	definition->keeps_root = incomplete && strcmp(incomplete, DEFINITION_KEEPS_ROOT) == 0;
	r = take_text(file, "FLAKE", definition->flake, sizeof(definition->flake), e);
	if (r == 0)
		r = take_text(file, "FLAKE_ATTR", definition->flake_attr,
			      sizeof(definition->flake_attr), e);
	if (r == 0)
		r = take_text(file, "ROOT_TREE", definition->root_tree,
			      sizeof(definition->root_tree), e);
	if (r == 0 && definition->root_tree[0] && definition->root_tree[0] != '/')
		r = error_set(e, ERROR_FAILED, EINVAL, "ROOT_TREE '%s' is not absolute",
			      definition->root_tree);
	return r;
}

/**
 * take_peers - read which containers this one is linked with
 * @file: borrowed
 * @definition: changed
 * @e: names the key and the word
 *
 * Returns 0 or -EINVAL.
 */
static int take_peers(const struct environment_file *file, struct definition *definition,
		      struct error *e)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	const char *value = environment_get(file, DEFINITION_PEERS);
	int r = value ? words_split(&words, value, e) : 0;

	for (size_t i = 0; r >= 0 && i < words.count; i++) {
		if (i == PEERS_MAX)
			r = error_set(e, ERROR_FAILED, EINVAL, "more than %d names", PEERS_MAX);
		else
			r = name_check(words.list[i], e);
		if (r >= 0)
			memcpy(definition->peers[definition->n_peers++], words.list[i],
			       strlen(words.list[i]) + 1);
	}
	return r < 0 ? error_wrap(e, r, DEFINITION_PEERS) : 0;
}

/**
 * take_network_flags - take what is about the network out of the options for systemd-nspawn
 * @file: borrowed
 * @definition: changed
 * @e: names the key and the word
 *
 * Returns 0 or -errno.
 */
static int take_network_flags(const struct environment_file *file, struct definition *definition,
			      struct error *e)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	const char *flags = environment_get(file, "EXTRA_NSPAWN_FLAGS");
	int r = flags ? words_split(&words, flags, e) : 0;

	for (size_t i = 0; r >= 0 && i < words.count; i++)
		r = definition_take_network_flag(definition, words.list[i], e);
	return r < 0 ? error_wrap(e, r, "EXTRA_NSPAWN_FLAGS") : 0;
}

/**
 * check_namespace - refuse a network of its own in a namespace of somebody else
 * @file: borrowed
 * @definition: what the other keys say, borrowed
 * @e: names the key and the value
 *
 * Returns 0 or -EINVAL.
 */
static int check_namespace(const struct environment_file *file, const struct definition *definition,
			   struct error *e)
{
	const char *namespace = environment_get(file, "NETWORK_NAMESPACE_PATH");

	if (!namespace || !namespace[0] || !definition->private_network)
		return 0;
	return error_set(e, ERROR_FAILED, EINVAL,
			 "NETWORK_NAMESPACE_PATH=%s does not go with a private network, which "
			 "PRIVATE_NETWORK=1, an address, a bridge or a MAC asks for",
			 namespace);
}

/**
 * definition_take - read the keys we know out of a file
 * @file: borrowed
 * @definition: changed
 * @e: names the key and the value
 *
 * Returns 0 or -EINVAL.
 */
int definition_take(const struct environment_file *file, struct definition *definition,
		    struct error *e)
{
	const char *private_network = environment_get(file, "PRIVATE_NETWORK");
	const char *auto_start = environment_get(file, "AUTO_START");
	const char *mac = environment_get(file, "LOCAL_MAC_ADDRESS");
	const char *ports = environment_get(file, "HOST_PORT");
	const char *pinned = environment_get(file, "PINNED");
	const char *routed = environment_get(file, "ROUTED");
	bool bridged;
	int r;

	definition->private_network = private_network && strcmp(private_network, "1") == 0;
	definition->unpinned = pinned && strcmp(pinned, "0") == 0;
	definition->routed = routed && strcmp(routed, "1") == 0;
	definition->auto_start = auto_start && strcmp(auto_start, "1") == 0;
	r = take_bridge(file, definition, e);
	bridged = definition->bridge[0];
	if (r == 0 && mac)
		r = mac_parse(mac, &definition->mac, e);
	if (r == 0)
		r = take_pair(file, AF_INET, "HOST_ADDRESS", "LOCAL_ADDRESS", bridged,
			      &definition->v4, e);
	if (r == 0)
		r = take_pair(file, AF_INET6, "HOST_ADDRESS6", "LOCAL_ADDRESS6", bridged,
			      &definition->v6, e);
	if (r == 0 && ports && ports_parse(&definition->ports, ports, e) < 0)
		r = error_wrap(e, -EINVAL, "HOST_PORT");
	if (r == 0)
		r = take_peers(file, definition, e);
	if (r == 0)
		r = links_take(file, definition, e);
	if (r == 0)
		r = take_network_flags(file, definition, e);
	if (r == 0)
		r = check_namespace(file, definition, e);
	if (r == 0 && ports_check_families(&definition->ports,
					   addr_is_set(&definition->v4.local.addr) ||
						   environment_get(file, "AUTO_ADDRESS"),
					   addr_is_set(&definition->v6.local.addr), e) < 0)
		r = error_wrap(e, -EINVAL, "HOST_PORT");
	return r < 0 ? r : take_system(file, definition, e);
}

/**
 * definition_load - read the file that defines a container
 * @paths: borrowed
 * @name: checked here, borrowed
 * @ret_file: its assignments; ended by the caller with environment_deinit()
 * @e: names the file and what is wrong in it
 *
 * Returns 1, 0 when there is no such container, or -errno.
 */
int definition_load(const struct paths *paths, const char *name, struct environment_file *ret_file,
		    struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int r;

	r = name_check(name, e);
	if (r == 0)
		r = definition_path(paths, name, path, e);
	if (r < 0)
		return r;
	r = file_read(path, DEFINITION_SIZE_MAX, &text, &length, e);
	if (r == -ENOENT && !definition_is_declarative(path))
		return 0;
	if (r == -ENOENT)
		return error_wrap(e, r, "container '%s' is defined by a dangling link", name);
	if (r == -EACCES)
		r = error_remedy(e, r, "run it as root (it takes CAP_DAC_OVERRIDE to read %s)",
				 path);
	if (r < 0)
		return error_wrap(e, r, "container '%s'", name);
	r = environment_parse(text, length, ret_file, e);
	return r < 0 ? definition_wrong(paths, name, r, e) : 1;
}

/**
 * definition_wrong - say whose file it is that has something wrong in it
 * @paths: borrowed
 * @name: a checked name
 * @r: the failure, already in @e
 * @e: gets the file and what mends it
 *
 * Returns @r.
 */
int definition_wrong(const struct paths *paths, const char *name, int r, struct error *e)
{
	r = error_wrap(e, r, "container '%s': %s/%s" DEFINITION_SUFFIX, name, paths->definitions,
		       name);
	return error_remedy(e, error_classify(e, r, ERROR_FAILED), "correct the file");
}

/**
 * definition_parse - what a file says about the network of a container and what it boots
 * @paths: borrowed
 * @name: a checked name
 * @file: of definition_load(), borrowed
 * @ret_definition: what it says
 * @e: names the file and what is wrong in it
 *
 * Returns 0 or -errno.
 */
int definition_parse(const struct paths *paths, const char *name,
		     const struct environment_file *file, struct definition *ret_definition,
		     struct error *e)
{
	struct definition definition = { 0 };
	char path[PATH_MAX];
	int r = definition_take(file, &definition, e);

	if (r < 0)
		return definition_wrong(paths, name, r, e);
	r = definition_path(paths, name, path, e);
	if (r < 0)
		return r;
	memcpy(definition.name, name, strlen(name) + 1);
	definition.applied = environment_get(file, "APPLIED");
	definition.declarative = definition.applied || definition_is_declarative(path);
	*ret_definition = definition;
	return 0;
}

/**
 * definition_read - read the definition of a container
 * @paths: borrowed
 * @name: checked here, borrowed
 * @ret_definition: what it says
 * @e: names the file and what is wrong in it
 *
 * Returns 1, 0 when there is no such container, or -errno.
 */
int definition_read(const struct paths *paths, const char *name, struct definition *ret_definition,
		    struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	int r = definition_load(paths, name, &file, e);

	if (r <= 0)
		return r;
	r = definition_parse(paths, name, &file, ret_definition, e);
	return r < 0 ? r : 1;
}

/**
 * definition_check_complete - refuse what was not completely created
 * @definition: borrowed
 * @e: says how it is completed or removed
 *
 * Returns 0 or -EBUSY.
 */
int definition_check_complete(const struct definition *definition, struct error *e)
{
	int r;

	if (!definition->incomplete)
		return 0;
	r = error_set(e, ERROR_CONFLICT, EBUSY, "container '%s' was not completely created",
		      definition->name);
	return error_remedy(
		e, r,
		"wait for the \"create\" that is at it, give the same \"create\" again if "
		"it was interrupted, or remove it with \"nixctr-net destroy %s\"",
		definition->name);
}
