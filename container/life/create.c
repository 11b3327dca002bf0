/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/addresses/adopt.h"
#include "container/addresses/choice.h"
#include "container/addresses/port-holders.h"
#include "container/addresses/port-index.h"
#include "container/attach/names.h"
#include "container/attach/peers.h"
#include "container/boot/root-tree.h"
#include "container/boot/system.h"
#include "container/definitions/definition.h"
#include "container/definitions/pair-words.h"
#include "container/life/destroy.h"
#include "container/life/name-choice.h"
#include "container/life/remnants.h"
#include "container/rules/host.h"
#include "container/rules/recorded.h"
#include "container/rules/rules.h"
#include "container/settings/locks.h"
#include "ipam/ipam.h"

/*
 * name -> lease -> definition file, under the lock that nixos-container takes too. A run killed
 * between the last two leaves a lease without a definition, which the same command takes up again.
 *
 * -> root directory, profile -> definition file without its mark. To build may take long, so this is
 * done without that lock; the mark in the definition and the claim of the container tell others that
 * somebody is at it, and the mark without a claim that somebody was killed at it. The same command
 * takes that up as well.
 */

/* A container that is being made. */
struct creation {
	const struct create_request *request; /* borrowed */
	struct definition definition;
	struct system_spec boots;
	struct claim claim;
	struct probed probed;
	bool was_reserved; /* its addresses were reserved for it before */
};

/**
 * parse_request - from what was typed to a definition without automatic addresses
 * @request: borrowed
 * @ret_definition: what could be read
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int parse_request(const struct create_request *request, struct definition *ret_definition,
			 struct error *e)
{
	struct definition definition = { .private_network = true,
					 .cable = true,
					 .auto_start = request->auto_start };
	bool bridged = request->bridge;
	int r;

	r = name_check_new(request->name, e);
	if (r < 0)
		return r;
	memcpy(definition.name, request->name, strlen(request->name) + 1);
	if (bridged)
		r = bridge_parse(request->bridge, definition.bridge, e);
	if (r == 0)
		r = pair_parse(request->host_address, request->local_address, AF_INET, bridged,
			       &definition.v4, e);
	if (r == 0)
		r = pair_parse(request->host_address6, request->local_address6, AF_INET6, bridged,
			       &definition.v6, e);
	for (size_t i = 0; r == 0 && i < request->n_ports; i++)
		r = ports_parse(&definition.ports, request->ports[i], e);
	if (r == 0)
		*ret_definition = definition;
	return r;
}

/**
 * check_port_addresses - make sure that published ports lead to an address
 * @definition: with the addresses it has got, borrowed
 * @e: says that there is none
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int check_port_addresses(const struct definition *definition, struct error *e)
{
	bool four = addr_is_set(&definition->v4.local.addr);
	bool six = addr_is_set(&definition->v6.local.addr);
	int r;

	if (four || six || definition->ports.count == 0)
		return ports_check_families(&definition->ports, four, six, e);
	r = error_set(e, ERROR_USAGE, EINVAL,
		      "ports are published for an address, and --local-address is not given");
	return error_remedy(e, r,
			    "give it, or add a pool with 'nixctr-net ipam pool add --bridge %s'",
			    definition->bridge);
}

/**
 * choose_mac - give the container the identity its links are derived from
 * @paths: borrowed
 * @definition: its mac is set
 * @e: filled on failure
 *
 * Stored with the container, so that it stays the same on another host. Without a machine-id(5), as
 * in an image, it is drawn at random.
 *
 * Returns 0 or -errno.
 */
static int choose_mac(const struct paths *paths, struct definition *definition, struct error *e)
{
	uint8_t identity[16];
	int r = machine_id_read(paths, identity, e);

	if (r == 0 && getrandom(identity, sizeof(identity), 0) != (ssize_t)sizeof(identity))
		return error_errno(e, errno, "cannot draw a random identity");
	if (r < 0)
		return r;
	definition->mac = veth_mac_local(identity, definition->name);
	return 0;
}

/**
 * parse_system - from what was typed to what the container boots
 * @paths: borrowed
 * @creation: what it boots and what of it is written down are set
 * @e: says what is wrong
 *
 * Returns 0 or -errno.
 */
static int parse_system(const struct paths *paths, struct creation *creation, struct error *e)
{
	struct definition *definition = &creation->definition;
	struct system_spec *boots = &creation->boots;
	int r = system_parse(paths, &creation->request->boots, boots, e);

	if (r < 0)
		return r;
	definition->incomplete = system_is_built(boots->kind);
	memcpy(definition->flake, boots->flake, sizeof(definition->flake));
	memcpy(definition->flake_attr, boots->attr, sizeof(definition->flake_attr));
	if (boots->kind == SYSTEM_TREE)
		memcpy(definition->root_tree, boots->path, sizeof(definition->root_tree));
	return 0;
}

/**
 * take_back - let go of the addresses of a container that gets no definition
 * @paths: borrowed
 * @ipam: borrowed
 * @creation: borrowed
 *
 * The definition may be in its place, and only not known to be on the disk. While it cannot be taken away
 * either it has its addresses. The failure to report is that of the file; a lease that is left is
 * met by the next run.
 */
static void take_back(const struct paths *paths, struct ipam *ipam, const struct creation *creation)
{
	const char *name = creation->definition.name;
	char path[PATH_MAX];

	if (definition_path(paths, name, path, NULL) < 0 || file_remove(path, NULL) < 0)
		return;
	if (creation->was_reserved)
		ipam_keep(ipam, name, "not created", NULL);
	else
		ipam_undo(ipam, name, "not created", NULL);
}

/**
 * tell_others - have those who run and are linked with a container of this name know it
 * @paths: borrowed
 * @definition: written, borrowed
 *
 * It may have been destroyed and be made again. Itself it learns names when it starts.
 */
static void tell_others(const struct paths *paths, const struct definition *definition)
{
	struct definition was = *definition;

	was.v4.local = was.v6.local = (struct prefix){ .length = 0 };
	if (peers_any(paths))
		peers_introduce(paths, &was, definition);
}

/**
 * create_locked - the part of container_create() that nobody else may be at
 * @paths: borrowed
 * @creation: its definition is completed, its name claimed
 * @e: filled on failure
 *
 * Returns 0, or -errno with nothing left behind.
 */
static int create_locked(const struct paths *paths, struct creation *creation, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct definition *definition = &creation->definition;
	struct remembered before = { .book = false };
	int r;

	r = name_choose(paths, creation->request, definition, &creation->claim, e);
	if (r == 0 && definition->root_tree[0])
		r = root_tree_is_free(paths, definition, e);
	if (r == 0)
		r = ports_check_others(paths, definition->name, &definition->ports, e);
	if (r == 0)
		r = choose_mac(paths, definition, e);
	if (r == 0)
		r = book_open(paths, IPAM_WRITE, &ipam, e);
	if (r == 0)
		r = adopt_definitions(paths, ipam, e);
	before = definitions_remembered(paths);
	before.book = r > 0;
	if (r >= 0)
		r = addresses_lease(paths, ipam, definition, &creation->probed,
				    &creation->was_reserved, e);
	if (r < 0)
		return r;
	r = check_port_addresses(definition, e);
	if (r == 0)
		r = definition_write(paths, definition, e);
	if (r < 0) {
		take_back(paths, ipam, creation);
		return error_wrap(e, r, "container '%s'", definition->name);
	}
	definitions_remember(paths, before, definition->name, &definition->ports);
	names_put(paths, definition);
	tell_others(paths, definition);
	return 0;
}

/**
 * undo - take away what was made of a container that could not be completed
 * @paths: borrowed
 * @creation: borrowed, claimed
 *
 * What cannot be taken away is left for "destroy", and so are the definition and the lease then.
 */
static void undo(const struct paths *paths, const struct creation *creation)
{
	const struct definition *definition = &creation->definition;
	_cleanup_(fd_closep) int lock = -1;
	struct error e;
	int r;

	r = remnants_remove(paths, definition->name,
			    definition->keeps_root ? REMNANTS_BUT_ROOT : REMNANTS_ALL, &e);
	if (r >= 0)
		r = definitions_lock(paths, &lock, &e);
	if (r >= 0)
		r = destroy_definition(
			paths, definition->name,
			creation->was_reserved ? DESTROY_KEEP_ADDRESS : DESTROY_UNUSED, &e);
	if (r < 0)
		log_warning("what was made of container '%s' stays: %s", definition->name, e.text);
}

/**
 * complete - take the mark away that says a container is not complete
 * @paths: borrowed
 * @creation: changed, claimed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int complete(const struct paths *paths, struct creation *creation, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct remembered before;
	int r = definitions_lock(paths, &lock, e);

	if (r < 0)
		return r;
	before = definitions_remembered(paths);
	r = definition_complete(paths, creation->definition.name, e);
	if (r > 0)
		definitions_remember(paths, before, creation->definition.name,
				     &creation->definition.ports);
	creation->definition.incomplete = false;
	return r < 0 ? r : 0;
}

/**
 * create - make a container of which it is known what it is to be
 * @paths: borrowed
 * @creation: completed
 * @e: filled on failure
 *
 * Returns 0, or -errno with nothing left behind.
 */
static int create(const struct paths *paths, struct creation *creation, struct error *e)
{
	struct definition *definition = &creation->definition;
	_cleanup_(fd_closep) int lock = -1;
	int r = definitions_lock(paths, &lock, e);

	if (r == 0)
		r = create_locked(paths, creation, e);
	fd_closep(&lock);
	if (r < 0 || !definition->incomplete)
		return r;
	r = system_build(paths, definition->name, &creation->boots, e);
	if (r == 0)
		r = complete(paths, creation, e);
	if (r == 0)
		return 0;
	undo(paths, creation);
	return error_wrap(e, r, "cannot create container '%s'", definition->name);
}

/**
 * container_create - give a new container its addresses, its definition and its system
 * @paths: borrowed
 * @request: borrowed
 * @ret_definition: what it got
 * @e: says what is wrong or in the way; what Nix says goes to standard error
 *
 * Returns 1, or -errno with nothing left behind.
 */
int container_create(const struct paths *paths, const struct create_request *request,
		     struct definition *ret_definition, struct error *e)
{
	struct creation creation = { .request = request, .claim = CLAIM_INIT };
	int r;

	r = parse_request(request, &creation.definition, e);
	if (r == 0)
		r = parse_system(paths, &creation, e);
	if (r == 0 && !request->force)
		r = addresses_probe(paths, &creation.definition, &creation.probed, e);
	if (r < 0)
		return r;
	creation.probed.force = request->force;
	(void)umask(022);
	r = create(paths, &creation, e);
	claim_drop(&creation.claim);
	if (r < 0)
		return r;
	ports_warn(creation.definition.name, &creation.definition.ports);
	*ret_definition = creation.definition;
	return 1;
}
