/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

/* Exit statuses of a check: those of its own kind, see nixctr-net-ipam(8). */
enum { CHECK_FINE, CHECK_FOUND, CHECK_UNREAD };

struct ipam_conflicts_options {
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "output", 'o', OPTION_LIST, offsetof(struct ipam_conflicts_options, columns),
	  "COLUMN,...", "show these columns" },
};

const struct option_table ipam_conflicts_options =
	OPTION_TABLE(specs, struct ipam_conflicts_options);

/* A conflict as it is shown. */
struct conflict_row {
	struct conflict conflict;
	char grade[LISTING_WORD];
	char remedy[256];
};

#define CONFLICT(name) offsetof(struct conflict_row, conflict.name)

static const struct column columns[] = {
	{ "GRADE", COLUMN_WORD, offsetof(struct conflict_row, grade), COLUMN_KEPT,
	  "conflict, or note: something wider that is not in the way" },
	{ "SUBJECT", COLUMN_PREFIX, CONFLICT(subject), COLUMN_KEPT,
	  "the address or the pool's network" },
	{ "CONTAINER", COLUMN_TEXT, CONFLICT(container), COLUMN_USUAL, "which holds the address" },
	{ "POOL", COLUMN_TEXT, CONFLICT(pool), COLUMN_EXTRA, "which pool it is" },
	{ "PREFIX", COLUMN_PREFIX, CONFLICT(prefix), COLUMN_EXTRA, "what it meets with" },
	{ "HOLDER", COLUMN_PROSE, CONFLICT(holder), COLUMN_KEPT, "what else has it" },
	{ "REMEDY", COLUMN_PROSE, offsetof(struct conflict_row, remedy), COLUMN_EXTRA,
	  "what mends it" },
};

const struct listing conflict_listing = {
	.key = "conflicts",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct conflict_row),
};

/**
 * remedy_write - say what mends a conflict
 * @conflict: borrowed
 * @text, @size: filled
 */
static void remedy_write(const struct conflict *conflict, char *text, size_t size)
{
	if (conflict->grade == CONFLICT_NOTE)
		(void)snprintf(text, size, "none is needed: the more specific route goes first");
	else if (conflict->pool[0] && conflict->prefix.length <= conflict->subject.length)
		(void)snprintf(text, size,
			       "take the other away; until then create needs addresses of other "
			       "networks, or --force");
	else if (conflict->pool[0])
		(void)snprintf(text, size,
			       "none is needed: create passes such addresses over, and gives "
			       "others of the pool out");
	else
		(void)snprintf(text, size,
			       "take the other away, or run 'nixctr-net destroy %s' and create it "
			       "with another address",
			       conflict->container);
}

/**
 * rows_make - turn conflicts into rows
 * @conflicts: borrowed
 * @ret_rows: the caller frees it
 * @e: filled on failure
 *
 * Returns whether any of it has to be mended, or -errno.
 */
static int rows_make(const struct conflicts *conflicts, struct conflict_row **ret_rows,
		     struct error *e)
{
	struct conflict_row *rows = calloc(conflicts->count ? conflicts->count : 1, sizeof(*rows));
	bool found = false;

	if (!rows)
		return error_errno(e, ENOMEM, "cannot list conflicts");
	for (size_t i = 0; i < conflicts->count; i++) {
		const struct conflict *conflict = &conflicts->list[i];

		rows[i].conflict = *conflict;
		/* What has a part of a pool is passed over; what has all of it is not. */
		found |=
			conflict->grade == CONFLICT_REFUSED &&
			(!conflict->pool[0] || conflict->prefix.length <= conflict->subject.length);
		(void)snprintf(rows[i].grade, sizeof(rows[i].grade), "%s",
			       conflict_grade_name(conflict->grade));
		remedy_write(conflict, rows[i].remedy, sizeof(rows[i].remedy));
	}
	*ret_rows = rows;
	return found;
}

/**
 * unread_json - the files that were not understood as an array
 * @engines: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *unread_json(const struct engine_networks *engines)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < engines->n_troubles; i++) {
		const struct engine_trouble *trouble = &engines->troubles[i];

		if (json_array_append_new(array,
					  json_pack("{s:o, s:o}", "file", json_text(trouble->file),
						    "what", json_text(trouble->what))) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

/**
 * conflicts_print - print what was found
 * @in: the call, borrowed
 * @selection: the columns, borrowed
 * @conflicts: borrowed
 * @rows: its rows, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int conflicts_print(const struct invocation *in, const struct selection *selection,
			   const struct conflicts *conflicts, const struct conflict_row *rows,
			   struct error *e)
{
	const struct engine_networks *engines = &conflicts->engines;

	if (in->session->json)
		return json_print(
			json_pack("{s:o, s:o}", conflict_listing.key,
				  json_rows(&conflict_listing, selection, rows, conflicts->count),
				  "unread", unread_json(engines)),
			e);
	for (size_t i = 0; i < engines->n_troubles; i++)
		log_warning("could not find out: %s: %s", engines->troubles[i].file,
			    engines->troubles[i].what);
	if (conflicts->count == 0 && engines->n_troubles == 0)
		printf("nothing else on this host has addresses of containers\n");
	return table_print(in->session, &conflict_listing, selection, rows, conflicts->count, e);
}

/**
 * verb_ipam_conflicts - say what else on the host has addresses of containers
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_ipam_conflicts(const struct invocation *in, struct error *e)
{
	const struct ipam_conflicts_options *options = in->options;
	_cleanup_(freep) struct conflict_row *rows = NULL;
	struct conflicts conflicts = { .count = 0 };
	struct selection selection;
	int found,
		r = selection_make(&conflict_listing, &options->columns,
				   in->session->json ? SELECT_ALL : SELECT_STANDARD, &selection, e);

	if (r == 0)
		r = conflicts_read(&in->session->paths, &conflicts, e);
	found = r == 0 ? rows_make(&conflicts, &rows, e) : r;
	r = found < 0 ? found : conflicts_print(in, &selection, &conflicts, rows, e);
	free(conflicts.list);
	if (r < 0)
		return r;
	if (found)
		return CHECK_FOUND;
	return conflicts.engines.n_troubles ? CHECK_UNREAD : CHECK_FINE;
}
