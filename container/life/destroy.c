/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/addresses/addresses.h"
#include "container/addresses/port-index.h"
#include "container/attach/attach.h"
#include "container/attach/names.h"
#include "container/attach/network.h"
#include "container/attach/peers.h"
#include "container/definitions/definition.h"
#include "container/life/destroy.h"
#include "container/life/life.h"
#include "container/life/redefine.h"
#include "container/life/remnants.h"
#include "container/rules/masquerade.h"
#include "container/rules/recorded.h"
#include "container/settings/locks.h"
#include "ipam/ipam.h"
#include "machine/machine.h"

/*
 * What runs, directories, network, definition file, rules that nothing needs any more, lease: in this
 * order, so that an address is free only when nothing can use it any more, and a run killed anywhere
 * is finished by the same command. Removing a tree may take long, so the definitions are locked only
 * for the rest.
 */

/**
 * release_lease - give the addresses of a container back
 * @paths: borrowed
 * @name: a checked name
 * @flags: of enum destroy_flags
 * @e: names the book
 *
 * A host that never had a book gets none by this. What is reserved is no container's, and stays.
 *
 * Returns 1, 0 when it held nothing, or -errno.
 */
static int release_lease(const struct paths *paths, const char *name, unsigned flags,
			 struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct ipam_lease lease = { .state = IPAM_BOUND };
	struct stat st;
	int r;

	if (lstat(paths->book, &st) < 0 && errno == ENOENT)
		return 0;
	r = book_open(paths, IPAM_WRITE, &ipam, e);
	if (r == 0)
		r = ipam_lookup(ipam, name, &lease, e);
	if (r <= 0 || lease.state == IPAM_RESERVED)
		return r < 0 ? r : 0;
	if (flags & DESTROY_KEEP_ADDRESS)
		return ipam_keep(ipam, name, "kept by destroy", e);
	if (flags & DESTROY_UNUSED)
		return ipam_undo(ipam, name, "not created", e);
	return ipam_release(ipam, name, "destroyed", e);
}

/**
 * remove_definition - remove the definition file
 * @paths: borrowed
 * @name: a checked name
 * @e: names the file
 *
 * Returns 1, 0 when there was none, or -errno.
 */
static int remove_definition(const struct paths *paths, const char *name, struct error *e)
{
	struct remembered before = definitions_remembered(paths);
	char path[PATH_MAX];
	int r = definition_path(paths, name, path, e);

	if (r == 0)
		r = file_remove(path, e);
	if (r > 0)
		definitions_remember(paths, before, name, NULL);
	names_drop(paths, name);
	return r;
}

/**
 * refuse_declarative - refuse what a configuration declares
 * @paths: borrowed
 * @name: a checked name
 * @e: says where to remove it instead
 *
 * Returns 0 or -EROFS.
 */
static int refuse_declarative(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	const char *source = NULL;
	char path[PATH_MAX];
	struct stat st;
	int r = definition_path(paths, name, path, e);

	/* A link that leads nowhere is what is left of a declaration; it may go. */
	if (r < 0 || stat(path, &st) < 0)
		return r;
	if (definition_load(paths, name, &file, NULL) > 0)
		source = environment_get(&file, KEY_APPLIED);
	if (!source && !definition_is_declarative(path))
		return 0;
	r = error_set(e, ERROR_FAILED, EROFS, "it is declarative: %s comes from %s", path,
		      source ? source : "a configuration");
	if (source)
		return error_remedy(
			e, r, "remove it from that file and give \"nixctr-net apply %s\"", source);
	return error_remedy(e, r, "remove it from the configuration of the host");
}

/**
 * remove_network - take the network of a container away, and what could bring it back
 * @paths: borrowed
 * @name: a checked name
 * @e: filled on failure
 *
 * Under the lock of its network, so that nobody attaches it in between.
 *
 * Returns 1, 0 when there was neither, or -errno.
 */
static int remove_network(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	int detached, removed, r;

	r = network_open(paths, &network, e);
	if (r >= 0)
		r = network_lock(paths, name, &lock, e);
	if (r < 0)
		return r;
	detached = network_detach_locked(network, name, e);
	removed = detached < 0 ? detached : remove_definition(paths, name, e);
	if (removed >= 0)
		network_lock_remove(&lock);
	return removed < 0 ? removed : detached || removed;
}

/**
 * kill_container - end what runs of a container
 * @paths: borrowed
 * @name: a checked name
 * @e: filled on failure
 *
 * Returns 1, 0 when nothing ran, or -errno.
 */
static int kill_container(const struct paths *paths, const char *name, struct error *e)
{
	_cleanup_(lifecycle_closep) struct lifecycle *lifecycle = NULL;
	int r = lifecycle_open(paths, &lifecycle, e);

	return r < 0 ? r : manager_terminate(lifecycle_manager(lifecycle), name, e);
}

/**
 * destroy_definition - remove the network, the definition and the lease of a container
 * @paths: borrowed
 * @name: a checked name, claimed; the definitions are locked
 * @flags: of enum destroy_flags
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing of that name, or -errno.
 */
int destroy_definition(const struct paths *paths, const char *name, unsigned flags, struct error *e)
{
	struct definition was = { .n_peers = 0 }, none = { .n_peers = 0 };
	struct error unwanted;
	int removed, released, r;
	bool linked;

	/* That of another says so, too. What is not attached learns names when it starts. */
	linked = definition_read(paths, name, &was, NULL) > 0 && (was.n_peers || peers_any(paths));
	removed = remove_network(paths, name, e);
	if (removed < 0)
		return removed;
	memcpy(none.name, name, strlen(name) + 1);
	if (linked)
		peers_introduce(paths, &was, &none);
	r = masquerade_collect(paths, &unwanted);
	if (r < 0)
		log_warning("rules that may not be needed any more stay: %s", unwanted.text);
	released = release_lease(paths, name, flags, e);
	return released < 0 ? released : removed || released;
}

/**
 * destroy - remove what there is of a container
 * @paths: borrowed
 * @name: a checked name
 * @flags: of enum destroy_flags
 * @e: filled on failure
 *
 * The claim goes before the lock, so that whoever creates it next does not find it claimed.
 *
 * Returns 1, 0 when there was nothing of that name, or -errno.
 */
static int destroy(const struct paths *paths, const char *name, unsigned flags, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	_cleanup_(claim_drop) struct claim claim = CLAIM_INIT;
	int killed = 0, removed = 0, destroyed, r = claim_wait(paths, name, &claim, e);

	if (r == 0)
		r = refuse_declarative(paths, name, e);
	if (r == 0)
		r = killed = kill_container(paths, name, e);
	if (r >= 0)
		r = removed = remnants_remove(paths, name, REMNANTS_ALL, e);
	if (r >= 0)
		r = definitions_lock(paths, &lock, e);
	if (r < 0)
		return r;
	destroyed = destroy_definition(paths, name, flags, e);
	return destroyed < 0 ? destroyed : killed || removed || destroyed;
}

/**
 * container_destroy - remove a container: what it is made of, its network, its addresses
 * @paths: borrowed
 * @name: checked here, borrowed
 * @flags: of enum destroy_flags
 * @e: filled on failure
 *
 * What is left of one that has no definition any more goes as well.
 *
 * Returns 1, 0 when there was nothing of that name, or -errno.
 */
int container_destroy(const struct paths *paths, const char *name, unsigned flags, struct error *e)
{
	int r = name_check(name, e);

	if (r < 0)
		return r;
	r = refuse_declarative(paths, name, e);
	if (r == 0)
		r = destroy(paths, name, flags, e);
	return r < 0 ? error_wrap(e, r, "cannot destroy container '%s'", name) : r;
}
