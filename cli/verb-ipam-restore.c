/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "transfer/transfer.h"

struct ipam_restore_options {
	bool dry_run;
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct ipam_restore_options, dry_run), NULL,
	  "show what would differ, and change nothing" },
	{ "output", 'o', OPTION_LIST, offsetof(struct ipam_restore_options, columns), "COLUMN,...",
	  "show these columns" },
};

const struct option_table ipam_restore_options = OPTION_TABLE(specs, struct ipam_restore_options);

/* How a container fares. */
struct restore_line {
	char container[IPAM_NAME_MAX];
	char change[LISTING_WORD];       /* lost, back or changed */
	struct ipam_lease before, after; /* what it held and will hold; may be nothing */
};

#define LINE(name) offsetof(struct restore_line, name)

static const struct column columns[] = {
	{ "CONTAINER", COLUMN_TEXT, LINE(container), true, "whose lease it is" },
	{ "CHANGE", COLUMN_TEXT, LINE(change), true,
	  "lost: not in the backup; back: only there; changed; note: its reason" },
	{ "BEFORE", COLUMN_PREFIX, LINE(before.v4.local), true, "IPv4 address inside, up to now" },
	{ "AFTER", COLUMN_PREFIX, LINE(after.v4.local), true,
	  "IPv4 address inside, in the backup" },
	{ "BEFORE6", COLUMN_PREFIX, LINE(before.v6.local), true, "the same of IPv6" },
	{ "AFTER6", COLUMN_PREFIX, LINE(after.v6.local), true, "the same of IPv6" },
};

const struct listing restore_listing = {
	.key = "differences",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct restore_line),
};

/**
 * row_is_note - whether two books differ in nothing that can be seen of a container but what is noted down
 * @row: borrowed, of a container that is in both
 */
static bool row_is_note(const struct restore_row *row)
{
	struct ipam_lease is = row->lease;

	memcpy(is.reason, row->was.reason, sizeof(is.reason));
	return lease_same(&row->was, &is);
}

/**
 * lines_make - the rows of a report
 * @report: borrowed
 * @e: filled on failure
 *
 * Returns them, freed by the caller, or NULL without memory.
 */
static struct restore_line *lines_make(const struct restore_report *report, struct error *e)
{
	struct restore_line *lines = calloc(report->count + 1, sizeof(*lines));

	if (!lines)
		error_errno(e, ENOMEM, "cannot list the differences");
	for (size_t i = 0; lines && i < report->count; i++) {
		const struct restore_row *row = &report->rows[i];

		memcpy(lines[i].container, row->lease.container, sizeof(lines[i].container));
		(void)snprintf(lines[i].change, sizeof(lines[i].change), "%s",
			       !row->after        ? "lost"
			       : !row->before     ? "back"
			       : row_is_note(row) ? "note"
						  : "changed");
		if (row->before)
			lines[i].before = row->was;
		if (row->after)
			lines[i].after = row->lease;
	}
	return lines;
}

/**
 * pool_change - how a pool fares, as a word
 * @pool: borrowed
 */
static const char *pool_change(const struct restore_pool *pool)
{
	return !pool->after ? "lost" : !pool->before ? "back" : "changed";
}

/**
 * pools_json - in which pools the books differ
 * @report: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *pools_json(const struct restore_report *report)
{
	json_t *array = json_array();
	int r = array ? 0 : -1;

	for (size_t i = 0; r == 0 && i < report->n_pools; i++) {
		const struct restore_pool *pool = &report->pools[i];
		char before[PREFIX_TEXT] = "", after[PREFIX_TEXT] = "";

		if (pool->before)
			prefix_format(&pool->was.prefix, before);
		if (pool->after)
			prefix_format(&pool->is.prefix, after);
		r = json_array_append_new(
			array, json_pack("{s:s, s:s, s:o, s:o, s:b}", "pool", pool->was.pool,
					 "change", pool_change(pool), "before", json_text(before),
					 "after", json_text(after), "draining", pool->is.draining));
	}
	if (r == 0)
		return array;
	json_decref(array);
	return NULL;
}

/**
 * refused_json - what has no place in the new book
 * @report: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *refused_json(const struct restore_report *report)
{
	json_t *array = json_array();
	int r = array ? 0 : -1;

	for (size_t i = 0; r == 0 && i < report->n_refused; i++)
		r = json_array_append_new(array, json_pack("{s:s, s:s}", "container",
							   report->refused[i].container, "what",
							   report->refused[i].what));
	if (r == 0)
		return array;
	json_decref(array);
	return NULL;
}

/**
 * report_warn - say what is lost, for people
 * @report: borrowed
 */
static void report_warn(const struct restore_report *report)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < report->n_pools; i++)
		log_notice("pool %s: %s, %s%s", report->pools[i].was.pool,
			   pool_change(&report->pools[i]),
			   prefix_format(&report->pools[i].is.prefix, text),
			   report->pools[i].is.draining ? ", draining" : "");
	for (size_t i = 0; i < report->n_refused; i++)
		log_warning("not in the address book: container '%s': %s",
			    report->refused[i].container,
			    name_strip(report->refused[i].container, report->refused[i].what));
	if (report->unreadable)
		log_notice(
			"what the book has cannot be compared: %s; history, cool-downs and pools "
			"since the copy are lost",
			report->why);
}

/**
 * report_tell - say what differs, and where the old book is
 * @in: the call, borrowed
 * @report: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int report_tell(const struct invocation *in, const struct restore_report *report,
		       struct error *e)
{
	const struct ipam_restore_options *options = in->options;
	_cleanup_(freep) struct restore_line *lines = lines_make(report, e);
	struct selection selection;
	int r = lines ? selection_make(&restore_listing, &options->columns, SELECT_ALL, &selection,
				       e)
		      : -ENOMEM;

	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(
			json_pack("{s:o, s:o, s:o, s:b, s:I, s:o, s:o, s:o}", "file",
				  json_text(report->file), "aside", json_text(report->aside),
				  "damage", json_text(report->why), "restored", !options->dry_run,
				  "leases", (json_int_t)report->leases, restore_listing.key,
				  json_rows(&restore_listing, &selection, lines, report->count),
				  "pools", pools_json(report), "refused", refused_json(report)),
			e);
	if (report->count)
		r = table_print(in->session, &restore_listing, &selection, lines, report->count, e);
	report_warn(report);
	log_notice("%zu leases %s in the address book, from %s; %zu differ from before",
		   report->leases, options->dry_run ? "would be" : "are", report->file,
		   report->count);
	if (report->aside[0])
		log_notice("the book of before is kept as %s", report->aside);
	return r;
}

/**
 * verb_ipam_restore - go back to a copy of the address book
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_ipam_restore(const struct invocation *in, struct error *e)
{
	const struct ipam_restore_options *options = in->options;
	struct restore_report report;
	int r = book_restore(&in->session->paths, in->n_arguments ? in->arguments[0] : NULL,
			     options->dry_run, &report, e);

	if (r == 0)
		r = report_tell(in, &report, e);
	if (r == 0 && report.n_refused)
		r = ERROR_FAILED;
	restore_report_deinit(&report);
	return r;
}
