/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/life/redefine.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/addresses/adopt.h"
#include "container/addresses/choice.h"
#include "container/addresses/port-holders.h"
#include "container/addresses/port-index.h"
#include "container/attach/attach.h"
#include "container/attach/names.h"
#include "container/attach/network.h"
#include "container/attach/peers.h"
#include "container/boot/launch.h"
#include "container/definitions/definition.h"
#include "container/definitions/links.h"
#include "container/settings/locks.h"
#include "ipam/ipam.h"

/*
 * What "set" and "apply" have in common. All of a new definition is looked at before any of it is
 * written: that it can be read, that nobody else has its ports, that its addresses are free. The book
 * comes before the file, as with "create": a run killed in between has a lease that says the same as
 * the next run will ask for.
 */

/* Keys that count before the next start. All others need one, and so may those of links. */
static const struct {
	const char *key;
	unsigned difference;
} key_differences[] = {
	{ "HOST_PORT", DIFFERS_LIVE },
	{ "LINKED_TO", DIFFERS_LIVE },
	{ "PINNED", DIFFERS_LIVE },
	{ "ROUTED", DIFFERS_LIVE },
	{ "HOST_ADDRESS", DIFFERS_CABLE },
	{ "LOCAL_ADDRESS", DIFFERS_CABLE },
	{ "HOST_ADDRESS6", DIFFERS_CABLE },
	{ "LOCAL_ADDRESS6", DIFFERS_CABLE },
	{ "LOCAL_MAC_ADDRESS", DIFFERS_CABLE },
	{ "HOST_BRIDGE", DIFFERS_CABLE },
	{ "INTERFACES", DIFFERS_CABLE },
	{ "MACVLANS", DIFFERS_CABLE },
	{ "EXTRA_VETHS", DIFFERS_CABLE },
	{ "AUTO_START", DIFFERS_MANAGER },
	{ "TIMEOUT_START", DIFFERS_MANAGER },
	{ "FLAKE", 0 },
	{ "FLAKE_ATTR", 0 },
	{ "ALLOWED_DEVICES", DIFFERS_MANAGER | DIFFERS_START },
};

static const char *const our_keys[] = { KEY_APPLIED, KEY_WITHDRAWN, KEY_PENDING, KEY_AUTOMATIC,
					"INCOMPLETE" };

/**
 * definition_key_is_ours - whether a key is about the container and not of what it is
 * @key: borrowed
 */
bool definition_key_is_ours(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(our_keys); i++)
		if (strcmp(key, our_keys[i]) == 0)
			return true;
	return false;
}

/**
 * key_difference - when a change of a key counts
 * @key: borrowed
 */
static unsigned key_difference(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_differences); i++)
		if (strcmp(key, key_differences[i].key) == 0)
			return key_differences[i].difference;
	return DIFFERS_START;
}

/**
 * has_cable_keys - whether a definition has keys that make the network private by themselves
 * @file: borrowed
 */
static bool has_cable_keys(const struct environment_file *file)
{
	static const char *const keys[] = { "HOST_ADDRESS",   "LOCAL_ADDRESS",     "HOST_ADDRESS6",
					    "LOCAL_ADDRESS6", "LOCAL_MAC_ADDRESS", "HOST_BRIDGE" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (environment_get(file, keys[i]))
			return true;
	return false;
}

/**
 * value_of - what a key says, where nothing and no are the same
 * @file: borrowed
 * @key: borrowed
 *
 * Returns the value, borrowed; "" when it says nothing.
 */
static const char *value_of(const struct environment_file *file, const char *key)
{
	static const char *const flags[] = { "PRIVATE_NETWORK", "AUTO_START", "EPHEMERAL" };
	const char *value = environment_get(file, key);

	if (strcmp(key, "PRIVATE_NETWORK") == 0 && has_cable_keys(file))
		return value ? value : "";
	for (size_t i = 0; value && i < ARRAY_SIZE(flags); i++)
		if (strcmp(key, flags[i]) == 0 && strcmp(value, "0") == 0)
			return "";
	return value ? value : "";
}

/**
 * compare_keys - compare what one definition has keys for
 * @one, @other: borrowed
 * @both: whether keys that both have are to be compared
 * @difference: changed
 * @keys: changed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int compare_keys(const struct environment_file *one, const struct environment_file *other,
			bool both, unsigned *difference, struct words *keys, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < one->count; i++) {
		const char *key = one->entries[i].key;

		if (!key || definition_key_is_ours(key) || (!both && environment_get(other, key)) ||
		    strcmp(value_of(one, key), value_of(other, key)) == 0)
			continue;
		*difference |= key_difference(key);
		r = words_add(keys, e, "%s", key);
	}
	return r;
}

/**
 * definition_compare - which keys of two definitions differ, and when that counts
 * @is, @wanted: borrowed
 * @ret_keys: those that differ are put at its end
 * @e: filled on failure
 *
 * Returns enum definition_difference or -ENOMEM.
 */
int definition_compare(const struct environment_file *is, const struct environment_file *wanted,
		       struct words *ret_keys, struct error *e)
{
	unsigned difference = 0;
	int r = compare_keys(wanted, is, true, &difference, ret_keys, e);

	if (r == 0)
		r = compare_keys(is, wanted, false, &difference, ret_keys, e);
	if (r == 0 && difference & DIFFERS_CABLE) {
		if (cable_can_change(is, wanted))
			difference |= DIFFERS_LIVE;
		else
			difference = (difference & ~(unsigned)DIFFERS_CABLE) | DIFFERS_START;
	}
	return r < 0 ? r : (int)difference;
}

/**
 * give_pair - write the automatic addresses of a container into its definition
 * @file, @definition: changed
 * @e: names the key
 *
 * Returns 0 or -errno.
 */
static int give_pair(struct environment_file *file, struct definition *definition, struct error *e)
{
	const struct veth_pair *pair = &definition->v4;
	char text[PREFIX_TEXT];
	int r = environment_set(file, "HOST_ADDRESS", addr_format(&pair->host, text), e);

	if (r >= 0)
		r = environment_set(file, "LOCAL_ADDRESS", addr_format(&pair->local.addr, text), e);
	definition->cable = definition->private_network = true;
	return r < 0 ? r : 0;
}

/**
 * lease_addresses - have the addresses of a definition in the book, and no others of it
 * @paths: borrowed
 * @ipam: the book
 * @file, @definition: changed when it gets automatic ones
 * @e: names what is in the way
 *
 * Those that are given may have a host end that others have too, as with NixOS.
 *
 * Returns 0 or -errno.
 */
static int lease_addresses(const struct paths *paths, struct ipam *ipam,
			   struct environment_file *file, struct definition *definition,
			   struct error *e)
{
	const struct probed probed = { .force = false };
	bool reserved, given = addr_is_set(&definition->v4.local.addr);
	int r;

	if (!given && !definition_is_shared(file) &&
	    strcmp(value_of(file, KEY_AUTOMATIC), "1") == 0) {
		r = addresses_lease(paths, ipam, definition, &probed, &reserved, e);
		return r < 0 ? r : give_pair(file, definition, e);
	}
	if (given || addr_is_set(&definition->v6.local.addr))
		r = adopt_lease(ipam, definition, e);
	else
		r = ipam_release(ipam, definition->name, "redefined without", e);
	return r < 0 ? r : 0;
}

/**
 * check_usable - look at all of a definition that is not about addresses
 * @paths: borrowed; the definitions are locked
 * @name: a checked name
 * @file: borrowed
 * @ret_definition: what it says
 * @e: says what is wrong
 *
 * Returns 0 or -errno.
 */
static int check_usable(const struct paths *paths, const char *name,
			const struct environment_file *file, struct definition *ret_definition,
			struct error *e)
{
	struct definition definition = { 0 };
	int r = definition_take(file, &definition, e);

	if (r == 0)
		r = launch_check(file, e);
	memcpy(definition.name, name, strlen(name) + 1);
	*ret_definition = definition;
	if (r == 0 && ret_definition->ports.count && !ret_definition->private_network) {
		r = error_set(e, ERROR_USAGE, EINVAL,
			      "it shares the network of the host: its ports are the host's");
		return error_remedy(e, r, "give it a network of its own (privateNetwork)");
	}
	return r < 0 ? r : ports_check_others(paths, name, &ret_definition->ports, e);
}

/**
 * definition_effect - whether what differs is made so while a container is attached
 * @difference: of definition_compare()
 */
enum definition_effect definition_effect(unsigned difference)
{
	return difference & DIFFERS_CABLE && !(difference & DIFFERS_START) ? EFFECT_LIVE
									   : EFFECT_LATER;
}

/**
 * exchange_live - write a definition of a container that is attached, which is without what goes by then
 * @paths: borrowed
 * @was, @now: what is and what will be there, borrowed
 * @path, @text, @length: of the file, borrowed
 * @e: filled on failure
 *
 * First it goes and then the file says so: who is killed in between does it again. Both are done under the
 * lock of its network, so that nobody puts back what the old file still has.
 *
 * Returns 0 or -errno, with all as it was.
 */
static int exchange_live(const struct paths *paths, const struct definition *was,
			 const struct definition *now, const char *path, const char *text,
			 size_t length, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	int r = network_open(paths, &network, e);

	if (r >= 0)
		r = network_lock(paths, now->name, &lock, e);
	if (r < 0)
		return r;
	r = network_withdraw(network, was, now, e);
	if (r >= 0)
		r = file_replace(path, text, length, 0644, e);
	network_unlock(&lock);
	if (r < 0)
		(void)definition_make_live(paths, now->name, NULL); /* *e says what counts */
	return r < 0 ? r : 0;
}

/**
 * definition_replace - have a definition, checked and in the book
 * @paths: borrowed; the definitions are locked
 * @name: a checked name
 * @file: as it is to be; automatic addresses are added
 * @effect: whether it loses at once what is not in it any more
 * @ret_definition: what it says
 * @e: says what is wrong or in the way
 *
 * Returns 0, or -errno with the definition as it was.
 */
int definition_replace(const struct paths *paths, const char *name, struct environment_file *file,
		       enum definition_effect effect, struct definition *ret_definition,
		       struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) char *text = NULL;
	struct definition definition, was = { .n_peers = 0 };
	struct remembered before;
	char path[PATH_MAX];
	size_t length = 0;
	int r = check_usable(paths, name, file, &definition, e);

	if (r == 0)
		r = book_open(paths, IPAM_WRITE, &ipam, e);
	if (r == 0)
		r = adopt_definitions(paths, ipam, e);
	before = definitions_remembered(paths);
	before.book = r > 0;
	if (r >= 0)
		r = lease_addresses(paths, ipam, file, &definition, e);
	if (r == 0)
		r = environment_format(file, &text, &length, e);
	if (r == 0)
		r = definition_path(paths, name, path, e);
	(void)definition_read(paths, name, &was, NULL); /* none, or nothing is known of it */
	if (r == 0)
		r = directory_make(paths->definitions, 0755, e);
	if (r >= 0)
		r = effect == EFFECT_LIVE && container_is_attached(paths, name)
			    ? exchange_live(paths, &was, &definition, path, text, length, e)
			    : file_replace(path, text, length, 0644, e);
	if (r < 0)
		return r;
	definitions_remember(paths, before, name, &definition.ports);
	(void)names_put(paths, &definition);
	peers_introduce(paths, &was, &definition);
	*ret_definition = definition;
	return 0;
}

/**
 * definition_make_live - make the network of a container what its definition says, if it has one now
 * @paths: borrowed
 * @name: a checked name
 * @e: filled on failure
 *
 * Returns 1 when it is attached, 0 when it is not, or -errno.
 */
int definition_make_live(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	struct definition definition;
	int r;

	if (!container_is_attached(paths, name))
		return 0;
	r = network_open(paths, &network, e);
	if (r >= 0)
		r = network_attach(network, name, &definition, e);
	return r < 0 ? r : 1;
}
