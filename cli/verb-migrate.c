/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "transfer/transfer.h"

struct migrate_options {
	bool dry_run;
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct migrate_options, dry_run), NULL,
	  "show what would be taken over, and change nothing" },
	{ "output", 'o', OPTION_LIST, offsetof(struct migrate_options, columns), "COLUMN,...",
	  "show these columns" },
};

const struct option_table migrate_options = OPTION_TABLE(specs, struct migrate_options);

/* A container that was found. */
struct migrate_row {
	char state[LISTING_WORD];
	char kind[LISTING_WORD];
	struct migrant migrant;
};

#define ROW(name) offsetof(struct migrate_row, name)

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, ROW(migrant.name), true, "name of the container" },
	{ "RESULT", COLUMN_TEXT, ROW(state), true,
	  "entered, known, no-address, elsewhere, conflict or broken" },
	{ "KIND", COLUMN_TEXT, ROW(kind), true, "imperative, or declarative: NixOS defines it" },
	{ "NETWORK", COLUMN_TEXT, ROW(migrant.network), true, "host, own, cable or bridge" },
	{ "HOST-ADDRESS", COLUMN_ADDR, ROW(migrant.lease.v4.host), true,
	  "IPv4 address of the host end" },
	{ "LOCAL-ADDRESS", COLUMN_PREFIX, ROW(migrant.lease.v4.local), true,
	  "IPv4 address inside" },
	{ "HOST-ADDRESS6", COLUMN_ADDR, ROW(migrant.lease.v6.host), false,
	  "IPv6 address of the host end" },
	{ "LOCAL-ADDRESS6", COLUMN_PREFIX, ROW(migrant.lease.v6.local), false,
	  "IPv6 address inside" },
	{ "MAC", COLUMN_MAC, ROW(migrant.lease.mac), false, "MAC address of eth0 inside" },
	{ "BRIDGE", COLUMN_TEXT, ROW(migrant.lease.bridge), false, "bridge it is a port of" },
	{ "PROBLEM", COLUMN_TEXT, ROW(migrant.problem), true,
	  "what keeps it from being taken over" },
	{ "REMEDY", COLUMN_TEXT, ROW(migrant.remedy), false, "what mends that" },
};

const struct listing migrate_listing = {
	.key = "containers",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct migrate_row),
};

/**
 * next_step - what lets containers out of this host, where nothing does yet
 * @migration: borrowed
 *
 * What rules others have made for that is not known; ours do not depend on them.
 *
 * Returns a sentence, or NULL.
 */
static const char *next_step(const struct migration *migration)
{
	if (migration->nat)
		return NULL;
	if (migration->nixos)
		return "set services.nixctr-net.nat.enable and .external in the configuration of "
		       "NixOS, "
		       "in place of networking.nat, to let containers out of this host";
	return "run 'nixctr-net nat enable --external auto' to let containers out of this host";
}

/**
 * rows_make - the rows of a migration
 * @migration: borrowed
 * @e: filled on failure
 *
 * Returns them, freed by the caller, or NULL without memory.
 */
static struct migrate_row *rows_make(const struct migration *migration, struct error *e)
{
	struct migrate_row *rows = calloc(migration->count + 1, sizeof(*rows));

	if (!rows)
		error_errno(e, ENOMEM, "cannot list the containers");
	for (size_t i = 0; rows && i < migration->count; i++) {
		const struct migrant *migrant = &migration->list[i];

		rows[i].migrant = *migrant;
		(void)snprintf(rows[i].state, sizeof(rows[i].state), "%s",
			       migrant_state_name(migrant->state));
		(void)snprintf(rows[i].kind, sizeof(rows[i].kind), "%s",
			       migrant->declarative ? "declarative" : "imperative");
	}
	return rows;
}

/**
 * migration_json - what came of it, for programs
 * @migration: borrowed
 * @rows: of it, borrowed
 * @selection: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *migration_json(const struct migration *migration, const struct migrate_row *rows,
			      const struct selection *selection)
{
	const char *next = next_step(migration);

	return json_pack("{s:I, s:I, s:I, s:b, s:o, s:o}", "entered",
			 (json_int_t)migration->entered, "reserved",
			 (json_int_t)migration->reserved, "refused", (json_int_t)migration->refused,
			 "nat", migration->nat, "next", json_text(next ? next : ""),
			 migrate_listing.key,
			 json_rows(&migrate_listing, selection, rows, migration->count));
}

/**
 * migration_print - what came of it, for people
 * @in: the call, borrowed
 * @migration: borrowed
 * @rows: of it, borrowed
 * @selection: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int migration_print(const struct invocation *in, const struct migration *migration,
			   const struct migrate_row *rows, const struct selection *selection,
			   struct error *e)
{
	const char *next = next_step(migration);
	const struct migrate_options *options = in->options;
	char name[512], remedy[512];
	int r = table_print(in->session, &migrate_listing, selection, rows, migration->count, e);

	for (size_t i = 0; i < migration->count; i++)
		if (migration->list[i].remedy[0])
			log_notice("%s: %s",
				   text_escape(migration->list[i].name, name, sizeof(name)),
				   text_escape(migration->list[i].remedy, remedy, sizeof(remedy)));
	log_notice("%zu containers found, %zu %s, %zu only reserved, %zu refused", migration->count,
		   migration->entered, options->dry_run ? "would be entered" : "entered",
		   migration->reserved, migration->refused);
	if (next)
		log_notice("%s", next);
	return r;
}

/**
 * migration_status - the exit status
 * @migration: borrowed
 *
 * Returns 0 when all are taken over, 4 when somebody else has the address of one, else 1.
 */
static int migration_status(const struct migration *migration)
{
	for (size_t i = 0; i < migration->count; i++)
		if (migration->list[i].state == MIGRANT_CONFLICT)
			return ERROR_CONFLICT;
	return migration->refused || migration->reserved ? ERROR_FAILED : 0;
}

/**
 * verb_migrate - take over the containers of nixos-container
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_migrate(const struct invocation *in, struct error *e)
{
	const struct migrate_options *options = in->options;
	_cleanup_(freep) struct migrate_row *rows = NULL;
	struct migration migration;
	struct selection selection;
	int r = selection_make(&migrate_listing, &options->columns,
			       in->session->json ? SELECT_ALL : SELECT_STANDARD, &selection, e);

	if (r == 0)
		r = host_migrate(&in->session->paths, options->dry_run, &migration, e);
	if (r < 0)
		return r;
	rows = rows_make(&migration, e);
	r = !rows               ? -ENOMEM
	    : in->session->json ? json_print(migration_json(&migration, rows, &selection), e)
				: migration_print(in, &migration, rows, &selection, e);
	if (r >= 0)
		r = migration_status(&migration);
	freep(&migration.list);
	return r;
}
