/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers that may reach each other: what the definitions say, and who is to be changed for it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netns.h"
#include "base/words.h"
#include "container/attach/attach.h"
#include "container/attach/network.h"
#include "container/boot/hosts.h"
#include "container/definitions/definition.h"
#include "container/settings/locks.h"

/**
 * peer_find - where a container is among those that another is linked with
 * @definition: of the other, borrowed
 * @name: borrowed
 *
 * Returns its place, or how many there are when it is not among them.
 */
static size_t peer_find(const struct definition *definition, const char *name)
{
	size_t i = 0;

	while (i < definition->n_peers && strcmp(definition->peers[i], name) != 0)
		i++;
	return i;
}

/**
 * has_peer - whether a definition says that a container is linked with another
 * @definition: borrowed
 * @name: borrowed
 */
static bool has_peer(const struct definition *definition, const char *name)
{
	return peer_find(definition, name) < definition->n_peers;
}

/**
 * definition_need - read the definition of a container that has to be there
 * @paths: borrowed
 * @name: checked here
 * @ret_definition: what it says
 * @e: filled on failure
 *
 * Returns 0, -ENOENT (ERROR_NO_CONTAINER), or another -errno.
 */
static int definition_need(const struct paths *paths, const char *name,
			   struct definition *ret_definition, struct error *e)
{
	int r = name_check(name, e);

	if (r == 0)
		r = definition_read(paths, name, ret_definition, e);
	if (r == 0)
		r = name_unknown(paths, name, e);
	return r < 0 ? r : 0;
}

/**
 * refuse_shared - say that a container without a network of its own is not linked with any
 * @definition: of it, borrowed
 * @e: filled
 *
 * Returns -EINVAL.
 */
static int refuse_shared(const struct definition *definition, struct error *e)
{
	int r = error_set(e, ERROR_CONFLICT, EINVAL,
			  "container '%s' shares the network of the host", definition->name);

	return error_remedy(e, r, "give it a network of its own (privateNetwork)");
}

/**
 * linkable_check - whether two containers can be linked
 * @one, @other: their definitions, borrowed
 * @e: says why not
 *
 * Returns 0 or -EINVAL.
 */
static int linkable_check(const struct definition *one, const struct definition *other,
			  struct error *e)
{
	const struct definition *both[] = { one, other };

	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		if (!both[i]->private_network)
			return refuse_shared(both[i], e);
	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		if (!both[i]->cable)
			return error_set(e, ERROR_CONFLICT, EINVAL,
					 "container '%s' has no cable of its own", both[i]->name);
	if (strcmp(one->name, other->name) == 0)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "container '%s' cannot be linked with itself", one->name);
	if (strcmp(one->bridge, other->bridge) != 0)
		return error_set(e, ERROR_CONFLICT, EINVAL,
				 "container '%s' is on %s%s, container '%s' on %s%s: only what is "
				 "on one bridge, or on none, can be linked",
				 one->name, one->bridge[0] ? "bridge " : "no bridge", one->bridge,
				 other->name, other->bridge[0] ? "bridge " : "no bridge",
				 other->bridge);
	return 0;
}

/**
 * peers_write - write with whom a container is linked
 * @paths: borrowed
 * @definition: as it should be, borrowed
 * @e: names the file
 *
 * Returns 1, 0 when the file says so, or -errno.
 */
static int peers_write(const struct paths *paths, const struct definition *definition,
		       struct error *e)
{
	char text[PEERS_MAX * CONTAINER_NAME_MAX];
	size_t length = 0;

	if (definition->declarative) {
		int r = error_set(e, ERROR_CONFLICT, EROFS,
				  "container '%s' is declared in the configuration of this host",
				  definition->name);

		return error_remedy(e, r, "set " DEFINITION_PEERS " there");
	}
	for (size_t i = 0; i < definition->n_peers; i++) {
		size_t size = strlen(definition->peers[i]);

		memcpy(text + length, definition->peers[i], size);
		length += size;
		text[length++] = ' ';
	}
	if (length)
		text[length - 1] = '\0';
	return definition_change(paths, definition->name, DEFINITION_PEERS, length ? text : NULL,
				 e);
}

/**
 * network_renew - make the network of a container what its definition says, if it has one now
 * @network: the session
 * @name: a checked name
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing to do, or -errno.
 */
static int network_renew(struct network *network, const char *name, struct error *e)
{
	_cleanup_(fd_closep) int ns = -1;
	struct definition definition;
	char path[PATH_MAX];
	int r = paths_namespace(network->host.paths, name, path, e);

	if (r == 0)
		r = netns_open(path, &ns, e);
	return r <= 0 ? r : network_attach(network, name, &definition, e);
}

/* Two containers, and the lock under which what is said of them is changed. */
struct couple {
	struct definition definitions[2];
	int lock;
};

/**
 * couple_end - let go of the lock, for _cleanup_()
 * @couple: changed
 */
static void couple_end(struct couple *couple)
{
	fd_closep(&couple->lock);
}

/**
 * couple_begin - read what is said of two containers
 * @paths: borrowed
 * @name, @other: theirs
 * @couple: its lock is -1; filled, and ended by the caller with couple_end(), also after a failure
 * @e: filled on failure
 *
 * Returns 0, -ENOENT (ERROR_NO_CONTAINER), or another -errno.
 */
static int couple_begin(const struct paths *paths, const char *name, const char *other,
			struct couple *couple, struct error *e)
{
	int r = definitions_lock(paths, &couple->lock, e);

	if (r >= 0)
		r = definition_need(paths, name, &couple->definitions[0], e);
	if (r == 0)
		r = definition_need(paths, other, &couple->definitions[1], e);
	return r;
}

/**
 * couple_introduce - have both know each other by name, or not any more
 * @paths: borrowed
 * @couple: borrowed; the definitions are written
 */
static void couple_introduce(const struct paths *paths, const struct couple *couple)
{
	for (size_t i = 0; i < ARRAY_SIZE(couple->definitions); i++)
		hosts_refresh(paths, couple->definitions[i].name);
}

/**
 * network_link - let two containers reach each other
 * @paths: borrowed
 * @name, @other: theirs
 * @e: filled on failure
 *
 * It stands in the definition of the one, or where that is not ours to write, in that of the other.
 *
 * Returns 1, 0 when it was so, or -errno.
 */
int network_link(const struct paths *paths, const char *name, const char *other, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(couple_end) struct couple couple = { .lock = -1 };
	struct definition *one, *two;
	int written = 0, r = couple_begin(paths, name, other, &couple, e);

	if (r == 0)
		r = linkable_check(&couple.definitions[0], &couple.definitions[1], e);
	if (r < 0)
		return r;
	one = &couple.definitions[0];
	two = &couple.definitions[1];
	if (has_peer(two, one->name) ||
	    (!has_peer(one, two->name) && one->declarative && !two->declarative)) {
		one = two;
		two = &couple.definitions[0];
	}
	if (!has_peer(one, two->name)) {
		if (one->n_peers == PEERS_MAX)
			return error_set(e, ERROR_CONFLICT, ENOSPC,
					 "container '%s' is linked with %d already", one->name,
					 PEERS_MAX);
		memcpy(one->peers[one->n_peers++], two->name, sizeof(two->name));
		r = written = peers_write(paths, one, e);
	}
	if (r >= 0)
		r = network_open(paths, &network, e);
	if (r >= 0)
		r = network_renew(network, one->name, e);
	if (r >= 0)
		couple_introduce(paths, &couple);
	return r < 0 ? r : written;
}

/**
 * network_unlink - let two containers not reach each other any more
 * @paths: borrowed
 * @name, @other: theirs
 * @e: filled on failure
 *
 * Returns 1, 0 when it was so, or -errno.
 */
int network_unlink(const struct paths *paths, const char *name, const char *other, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(couple_end) struct couple couple = { .lock = -1 };
	int written = 0, r = couple_begin(paths, name, other, &couple, e);

	if (r == 0)
		r = network_open(paths, &network, e);
	for (size_t i = 0; i < 2 && r >= 0; i++) {
		struct definition *one = &couple.definitions[i];
		size_t place = peer_find(one, couple.definitions[!i].name);

		if (place < one->n_peers) {
			one->n_peers--;
			memmove(one->peers[place], one->peers[place + 1],
				(one->n_peers - place) * sizeof(one->peers[0]));
			r = peers_write(paths, one, e);
			written |= r > 0;
		}
		if (r >= 0)
			r = network_renew(network, one->name, e);
	}
	if (r >= 0)
		couple_introduce(paths, &couple);
	return r < 0 ? r : written;
}
