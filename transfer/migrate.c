/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * nixos-container and NixOS keep no book: what their containers have stands in the definitions alone. Each
 * is read and entered, and one that cannot be does not keep the others from it. The order of names decides
 * who has an address that two of them want. Before 22.05 definitions were in /etc/containers, where
 * podman has its configuration today; those are reserved, so that nobody gets their addresses until
 * they are moved.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "transfer/transfer.h"

/* What is gone through. */
struct round {
	const struct paths *paths; /* borrowed */
	struct ipam *ipam;
	struct migration *migration;
};

/**
 * migrant_state_name - what became of a container, in a word
 * @state: the state
 */
const char *migrant_state_name(enum migrant_state state)
{
	switch (state) {
	case MIGRANT_ENTERED:
		return "entered";
	case MIGRANT_KNOWN:
		return "known";
	case MIGRANT_NOTHING:
		return "no-address";
	case MIGRANT_CONFLICT:
		return "conflict";
	case MIGRANT_UNREADABLE:
		return "broken";
	case MIGRANT_ELSEWHERE:
		break;
	}
	return "elsewhere";
}

/**
 * migrant_fail - say what keeps a container from being taken over
 * @migrant: changed
 * @r: what failed
 * @e: borrowed
 */
static void migrant_fail(struct migrant *migrant, int r, const struct error *e)
{
	migrant->state = r == -EADDRINUSE || r == -EEXIST ? MIGRANT_CONFLICT : MIGRANT_UNREADABLE;
	(void)snprintf(migrant->problem, sizeof(migrant->problem), "%.*s",
		       (int)sizeof(migrant->problem) - 1, name_strip(migrant->name, e->text));
	if (migrant->state == MIGRANT_CONFLICT)
		(void)snprintf(migrant->remedy, sizeof(migrant->remedy),
			       "give one of the two another address, and run it again");
	else
		(void)snprintf(migrant->remedy, sizeof(migrant->remedy), "%.*s",
			       (int)sizeof(migrant->remedy) - 1, e->remedy);
}

/**
 * migrant_describe - say what a definition has
 * @migrant: changed
 * @definition: borrowed
 */
static void migrant_describe(struct migrant *migrant, const struct definition *definition)
{
	const char *network = !definition->private_network ? "host"
			      : definition->bridge[0]      ? "bridge"
			      : definition->cable          ? "cable"
							   : "own";

	migrant->declarative = definition->declarative;
	migrant->lease = definition_lease(definition);
	(void)snprintf(migrant->network, sizeof(migrant->network), "%s", network);
}

/**
 * migrant_elsewhere - say of a container that it lies where older versions have them
 * @migrant: changed
 */
static void migrant_elsewhere(struct migrant *migrant)
{
	migrant->state = MIGRANT_ELSEWHERE;
	(void)snprintf(migrant->problem, sizeof(migrant->problem),
		       "its definition is in " DEFINITIONS_ELSEWHERE
		       ", where nothing looks for it any more");
	(void)snprintf(
		migrant->remedy, sizeof(migrant->remedy),
		"move the definition to /etc/nixos-containers and /var/lib/containers/%.64s to "
		"/var/lib/nixos-containers",
		migrant->name);
}

/**
 * migrate_one - enter one container in the book
 * @round: borrowed
 * @migrant: its name is set; changed
 * @visited: borrowed
 *
 * Returns 1, 0 when the book has it so, or -errno when it is not taken over.
 */
static int migrate_one(const struct round *round, struct migrant *migrant,
		       const struct visited *visited)
{
	struct error e = ERROR_INIT;
	int r = visited->r;

	if (r < 0) {
		migrant_fail(migrant, r, visited->unread);
		return r;
	}
	migrant_describe(migrant, visited->definition);
	if (!addr_is_set(&migrant->lease.v4.local.addr) &&
	    !addr_is_set(&migrant->lease.v6.local.addr)) {
		migrant->state = MIGRANT_NOTHING;
		return 0;
	}
	r = adopt_defined(round->paths, round->ipam, &visited->defined, &e);
	migrant->state = r > 0 ? MIGRANT_ENTERED : MIGRANT_KNOWN;
	if (r < 0)
		migrant_fail(migrant, r, &e);
	else if (visited->defined.elsewhere)
		migrant_elsewhere(migrant);
	return r;
}

/**
 * round_add - take one definition; a defined_visit
 * @data: struct round, whose migration grows
 * @visited: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int round_add(void *data, const struct visited *visited, struct error *e)
{
	const struct round *round = data;
	struct migration *migration = round->migration;
	struct migrant *migrant, *grown = reallocarray(migration->list, migration->count + 1,
						       sizeof(*migration->list));
	int r;

	if (!grown)
		return error_errno(e, ENOMEM, "cannot list the containers");
	migration->list = grown;
	migrant = &migration->list[migration->count++];
	*migrant = (struct migrant){ .lease = { .state = IPAM_BOUND } };
	(void)snprintf(migrant->name, sizeof(migrant->name), "%s", visited->name);
	r = migrate_one(round, migrant, visited);
	migration->entered += migrant->state == MIGRANT_ENTERED;
	migration->reserved += migrant->state == MIGRANT_ELSEWHERE;
	migration->refused += r < 0;
	return 0;
}

/**
 * outside_look - look how containers get out of this host
 * @paths: borrowed
 * @migration: changed
 *
 * Settings that cannot be read are no settings: other commands say so.
 */
static void outside_look(const struct paths *paths, struct migration *migration)
{
	struct settings settings;
	char path[PATH_MAX];

	migration->nat = settings_read(paths, &settings, NULL) >= 0 && settings.nat;
	migration->nixos =
		path_format(path, sizeof(path), NULL, "%s/etc/NIXOS", paths->root) == 0 &&
		access(path, F_OK) == 0;
}

/**
 * host_migrate - enter all containers of nixos-container and NixOS in the book
 * @paths: borrowed
 * @dry: only say what would come of it
 * @ret_migration: what became of each
 * @e: filled when nothing could be done
 *
 * Returns 0 or -errno.
 */
int host_migrate(const struct paths *paths, bool dry, struct migration *ret_migration,
		 struct error *e)
{
	_cleanup_(address_session_end) struct address_session session = ADDRESS_SESSION_INIT;
	struct migration migration = { .count = 0 };
	struct round round = { .paths = paths, .migration = &migration };
	int r = address_session_begin(paths, dry ? IPAM_TRY : IPAM_WRITE, &session, e);

	round.ipam = session.ipam;
	if (r == 0)
		r = definitions_each(paths, round_add, &round, e);
	if (r < 0) {
		free(migration.list);
		return r;
	}
	outside_look(paths, &migration);
	*ret_migration = migration;
	return 0;
}
