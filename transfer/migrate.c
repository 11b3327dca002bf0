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
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "transfer/transfer.h"

#define SUFFIX       ".conf"
#define OLD_SIZE_MAX ((size_t)256 * 1024)

/* What is gone through. */
struct round {
	const struct paths *paths; /* where the definitions of this round are; borrowed */
	struct ipam *ipam;
	struct migration *migration;
	bool old; /* /etc/containers */
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
		       (int)sizeof(migrant->problem) - 1, e->text);
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
 * migrate_old - keep the addresses of a container that lies where older versions have them
 * @round: borrowed
 * @migrant: described; changed
 * @e: filled on failure
 *
 * Returns 1, 0 when they are kept already, or -errno.
 */
static int migrate_old(const struct round *round, struct migrant *migrant, struct error *e)
{
	struct ipam_lease request = migrant->lease, kept;

	(void)snprintf(request.reason, sizeof(request.reason), "defined in /etc/containers");
	migrant->state = MIGRANT_ELSEWHERE;
	(void)snprintf(migrant->problem, sizeof(migrant->problem),
		       "its definition is in /etc/containers, where nothing looks for it any more");
	(void)snprintf(
		migrant->remedy, sizeof(migrant->remedy),
		"move the definition to /etc/nixos-containers and /var/lib/containers/%.64s to "
		"/var/lib/nixos-containers",
		migrant->name);
	return ipam_lease(round->ipam, &request, IPAM_RESERVE, &kept, e);
}

/**
 * migrate_one - enter one container in the book
 * @round: borrowed
 * @migrant: its name is set; changed
 *
 * Returns 1, 0 when the book has it so, or -errno when it is not taken over.
 */
static int migrate_one(const struct round *round, struct migrant *migrant)
{
	struct error e = ERROR_INIT;
	struct definition definition;
	int r = definition_read(round->paths, migrant->name, &definition, &e);

	if (r > 0) {
		migrant_describe(migrant, &definition);
		if (!addr_is_set(&migrant->lease.v4.local.addr) &&
		    !addr_is_set(&migrant->lease.v6.local.addr)) {
			migrant->state = MIGRANT_NOTHING;
			return 0;
		}
		if (round->old) {
			r = migrate_old(round, migrant, &e);
		} else {
			r = adopt_lease(round->ipam, &definition, &e);
			migrant->state = r > 0 ? MIGRANT_ENTERED : MIGRANT_KNOWN;
		}
	}
	if (r < 0)
		migrant_fail(migrant, r, &e);
	return r;
}

/**
 * is_migrated - whether there is a container of that name among those gone through
 * @migration: borrowed
 * @name: borrowed
 */
static bool is_migrated(const struct migration *migration, const char *name)
{
	for (size_t i = 0; i < migration->count; i++)
		if (strcmp(migration->list[i].name, name) == 0)
			return true;
	return false;
}

/**
 * is_old_definition - whether a file of /etc/containers is nixos-container's and not podman's
 * @paths: borrowed
 * @file: its name, borrowed
 *
 * What nixos-container writes says in any case whether the network is private.
 */
static bool is_old_definition(const struct paths *paths, const char *file)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;

	return path_format(path, sizeof(path), NULL, "%s/%s", paths->definitions, file) == 0 &&
	       file_read(path, OLD_SIZE_MAX, &text, &length, NULL) == 0 &&
	       strstr(text, "PRIVATE_NETWORK=");
}

/**
 * round_add - take one file
 * @round: its migration grows
 * @file: its name, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int round_add(const struct round *round, const char *file, struct error *e)
{
	struct migration *migration = round->migration;
	struct migrant *grown, *migrant;
	int r;

	if (round->old && !is_old_definition(round->paths, file))
		return 0;
	grown = reallocarray(migration->list, migration->count + 1, sizeof(*migration->list));
	if (!grown)
		return error_errno(e, ENOMEM, "cannot list the containers");
	migration->list = grown;
	migrant = &migration->list[migration->count];
	*migrant = (struct migrant){ .lease = { .state = IPAM_BOUND } };
	(void)snprintf(migrant->name, sizeof(migrant->name), "%.*s",
		       (int)(strlen(file) - strlen(SUFFIX)), file);
	/* Where there are both, the old file is a leftover. */
	if (round->old && is_migrated(migration, migrant->name))
		return 0;
	migration->count++;
	r = migrate_one(round, migrant);
	migration->entered += migrant->state == MIGRANT_ENTERED;
	migration->refused += r < 0 || migrant->state == MIGRANT_ELSEWHERE;
	return 0;
}

/**
 * file_is_definition - whether a directory entry may be a definition; the filter of scandir()
 * @entry: borrowed
 */
static int file_is_definition(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(SUFFIX) &&
	       strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/**
 * file_order - the order of files by bytes; the comparison of scandir()
 * @a, @b: borrowed
 */
static int file_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/**
 * round_go - take all files of a directory
 * @round: its migration grows
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int round_go(const struct round *round, struct error *e)
{
	struct dirent **entries = NULL;
	int found = scandir(round->paths->definitions, &entries, file_is_definition, file_order);
	int r = 0;

	if (found < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot read %s", round->paths->definitions);
	for (int i = 0; i < found; i++) {
		if (r == 0)
			r = round_add(round, entries[i]->d_name, e);
		free(entries[i]);
	}
	free(entries);
	return r;
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
	struct paths old = *paths;
	int r = path_format(old.definitions, sizeof(old.definitions), e, "%s/etc/containers",
			    paths->root);

	if (r == 0)
		r = address_session_begin(paths, dry ? IPAM_TRY : IPAM_WRITE, &session, e);
	round.ipam = session.ipam;
	if (r == 0)
		r = round_go(&round, e);
	round.paths = &old;
	round.old = true;
	if (r == 0)
		r = round_go(&round, e);
	if (r < 0) {
		free(migration.list);
		return r;
	}
	outside_look(paths, &migration);
	*ret_migration = migration;
	return 0;
}
