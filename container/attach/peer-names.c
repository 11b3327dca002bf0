/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/attach/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggestion.h"
#include "container/attach/attach.h"
#include "container/boot/hosts.h"
#include "container/definitions/definition.h"
#include "container/definitions/links.h"

/**
 * refuse_unknown - say that a container is to be linked with one that is not there
 * @definition: of the container, borrowed
 * @peer: the other one
 * @names, @n_names: of those that are there, borrowed
 * @others, @count: of those that are being declared, borrowed
 * @e: filled
 *
 * Returns -ENOENT.
 */
static int refuse_unknown(const struct definition *definition, const char *peer,
			  char (*names)[CONTAINER_NAME_MAX], size_t n_names,
			  const struct declared_peer *others, size_t count, struct error *e)
{
	struct suggestion suggestion;
	int r;

	suggestion_init(&suggestion, peer);
	for (size_t i = 0; i < count; i++)
		if (strcmp(others[i].name, definition->name) != 0)
			suggestion_try(&suggestion, others[i].name);
	for (size_t i = 0; i < n_names; i++)
		if (strcmp(names[i], definition->name) != 0)
			suggestion_try(&suggestion, names[i]);
	r = error_set(
		e, ERROR_USAGE, ENOENT,
		"container '%s' is to be linked with '%s', and there is no such container%s%s%s",
		definition->name, peer, suggestion.best ? "; did you mean '" : "",
		suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
	return suggestion.best ? r : error_remedy(e, r, "declare '%s', or leave it out", peer);
}

/**
 * shares_network - whether a container that another is to be linked with shares the host's network
 * @paths: borrowed
 * @name: of the container
 * @others, @count: those that are being declared, borrowed
 *
 * What is declared counts, and what cannot be read says nothing.
 */
static bool shares_network(const struct paths *paths, const char *name,
			   const struct declared_peer *others, size_t count)
{
	struct definition definition = { .n_peers = 0 };

	for (size_t i = 0; i < count; i++)
		if (strcmp(others[i].name, name) == 0)
			return others[i].shared;
	return definition_read(paths, name, &definition, NULL) > 0 && !definition.private_network;
}

/**
 * refuse_shared - say that a container that shares the host's network is not linked with any
 * @definition: of the container that names it, borrowed
 * @peer: which one shares it
 * @e: filled
 *
 * Returns -EINVAL.
 */
static int refuse_shared(const struct definition *definition, const char *peer, struct error *e)
{
	int r = error_set(e, ERROR_USAGE, EINVAL,
			  "container '%s' is to be linked with '%s', which shares the network of "
			  "the host",
			  definition->name, peer);

	return error_remedy(
		e, r, "give '%s' a network of its own (privateNetwork), or leave it out", peer);
}

/**
 * peers_check - look whether a container can be linked with all that it is to be
 * @paths: borrowed
 * @definition: borrowed
 * @others, @count: those that are being declared, borrowed
 * @e: names the one that is not, and the nearest that is
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
int peers_check(const struct paths *paths, const struct definition *definition,
		const struct declared_peer *others, size_t count, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t n_names = 0;
	int r = 0;

	if (definition->n_peers)
		r = definition_names(paths, &names, &n_names, e);
	for (size_t i = 0; r == 0 && i < definition->n_peers; i++) {
		const char *peer = definition->peers[i];
		bool known = false;

		if (strcmp(peer, definition->name) == 0)
			return error_set(e, ERROR_USAGE, EINVAL,
					 "container '%s' cannot be linked with itself", peer);
		for (size_t j = 0; !known && j < count; j++)
			known = strcmp(others[j].name, peer) == 0;
		for (size_t j = 0; !known && j < n_names; j++)
			known = strcmp(names[j], peer) == 0;
		if (!known)
			r = refuse_unknown(definition, peer, names, n_names, others, count, e);
		else if (shares_network(paths, peer, others, count))
			r = refuse_shared(definition, peer, e);
	}
	return r;
}

/**
 * is_peer - whether a definition names a container
 * @definition: borrowed
 * @name: borrowed
 */
static bool is_peer(const struct definition *definition, const char *name)
{
	for (size_t i = 0; i < definition->n_peers; i++)
		if (strcmp(definition->peers[i], name) == 0)
			return true;
	return false;
}

/**
 * peers_introduce - have all who are or were linked with a container know it as it is now
 * @paths: borrowed
 * @was: its definition before, borrowed; empty: there was none
 * @now: its definition, borrowed; empty but for its name: it has gone
 *
 * A link may stand in the definition of either; one that cannot be read tells of none.
 */
void peers_introduce(const struct paths *paths, const struct definition *was,
		     const struct definition *now)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	bool moved = !addr_equal(&was->v4.local.addr, &now->v4.local.addr) ||
		     !addr_equal(&was->v6.local.addr, &now->v6.local.addr);
	bool gateway = !addr_equal(&was->v4.host, &now->v4.host) ||
		       !addr_equal(&was->v6.host, &now->v6.host) ||
		       strcmp(was->bridge, now->bridge) != 0;
	bool linked = was->n_peers != now->n_peers ||
		      memcmp(was->peers, now->peers, sizeof(was->peers)) != 0;
	size_t count = 0;

	if ((!moved && !linked && !gateway) || definition_names(paths, &names, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct definition other;

		if (is_peer(was, names[i]) || is_peer(now, names[i]) ||
		    (moved && definition_read(paths, names[i], &other, NULL) > 0 &&
		     is_peer(&other, now->name)))
			hosts_refresh(paths, names[i]);
	}
	if (linked || gateway)
		hosts_refresh(paths, now->name);
}

/**
 * is_among - whether a name is one of some
 * @names: borrowed
 * @name: borrowed
 */
static bool is_among(const struct words *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return true;
	return false;
}

/**
 * concerns - whether a container has to know of others that have changed
 * @paths: borrowed
 * @name: a checked name
 * @changed: the others, borrowed
 * @linked: whom these name, borrowed
 */
static bool concerns(const struct paths *paths, const char *name, const struct words *changed,
		     const struct words *linked)
{
	struct definition definition;

	if (is_among(linked, name))
		return true;
	if (definition_read(paths, name, &definition, NULL) <= 0)
		return false;
	for (size_t i = 0; i < definition.n_peers; i++)
		if (is_among(changed, definition.peers[i]))
			return true;
	return hosts_know(paths, name, changed);
}

/**
 * peers_follow - have those that run know containers whose definitions others have changed
 * @paths: borrowed
 * @changed: the names of those that were made, changed or removed, borrowed
 *
 * Of one that was removed nothing says any more whom it was linked with, but that they know it. What is
 * not attached learns names when it starts.
 */
void peers_follow(const struct paths *paths, const struct words *changed)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	_cleanup_(words_deinit) struct words linked = { .count = 0 };
	size_t count = 0;

	if (!changed->count || attached_names(paths, &names, &count, NULL) < 0 || !count)
		return;
	for (size_t i = 0; i < changed->count; i++) {
		struct definition definition;

		if (definition_read(paths, changed->list[i], &definition, NULL) <= 0)
			continue;
		for (size_t j = 0; j < definition.n_peers; j++)
			(void)words_add(&linked, NULL, "%s", definition.peers[j]);
	}
	for (size_t i = 0; i < count; i++)
		if (concerns(paths, names[i], changed, &linked))
			hosts_refresh(paths, names[i]);
}

/**
 * peers_follow_one - peers_follow() for one container
 * @paths: borrowed
 * @name: a checked name, borrowed
 */
void peers_follow_one(const struct paths *paths, const char *name)
{
	_cleanup_(words_deinit) struct words one = { .count = 0 };

	if (words_add(&one, NULL, "%s", name) == 0)
		peers_follow(paths, &one);
}

/**
 * peers_meet - have those that a container names, and that run, know it
 * @paths: borrowed
 * @definition: borrowed
 *
 * Commands that link containers have done so. What others write is seen when one of them starts.
 */
void peers_meet(const struct paths *paths, const struct definition *definition)
{
	_cleanup_(words_deinit) struct words own = { .count = 0 };

	if (!definition->n_peers || words_add(&own, NULL, "%s", definition->name) < 0)
		return;
	for (size_t i = 0; i < definition->n_peers; i++)
		if (container_is_attached(paths, definition->peers[i]) &&
		    !hosts_know(paths, definition->peers[i], &own))
			hosts_refresh(paths, definition->peers[i]);
}
