/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/fail.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/plan-words.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "declare/declare.h"

#define DEFAULT_FILE "/containers.nix" /* in the directory of our settings */

struct apply_options {
	bool dry_run, force;
};

static const struct option_spec specs[] = {
	{ "dry-run", 0, OPTION_FLAG, offsetof(struct apply_options, dry_run), NULL,
	  "build and show what would be done, and do nothing" },
	{ "force", 0, OPTION_FLAG, offsetof(struct apply_options, force), NULL,
	  "take addresses even if they are in use on the host" },
};

const struct option_table apply_options = OPTION_TABLE(specs, struct apply_options);

/* A container and what is done about it. */
struct plan_row {
	char name[CONTAINER_NAME_MAX];
	char step[LISTING_WORD];
	char why[PLAN_WORDS];
	char when[LISTING_PHRASE];
};

#define FIELD(name) offsetof(struct plan_row, name)

static const struct column columns[] = {
	{ "STEP", COLUMN_WORD, FIELD(step), COLUMN_KEPT, "what is done" },
	{ "NAME", COLUMN_TEXT, FIELD(name), COLUMN_KEPT, "name of the container" },
	{ "WHY", COLUMN_PROSE, FIELD(why), COLUMN_KEPT, "what differs" },
	{ "WHEN", COLUMN_PROSE, FIELD(when), COLUMN_USUAL, "when it counts" },
};

static const struct listing plan_listing = {
	.key = "containers",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct plan_row),
};

/**
 * row_fill - the row of a container
 * @entry: borrowed
 * @row: filled
 */
static void row_fill(const struct application_entry *entry, struct plan_row *row)
{
	*row = (struct plan_row){ .name = "" };
	memcpy(row->name, entry->plan.name, sizeof(row->name));
	plan_words(entry->plan.why, row->why);
	(void)snprintf(row->step, sizeof(row->step), "%s",
		       entry->r < 0 ? "fail" : declared_step_name(entry->plan.step));
	if (entry->plan.later)
		(void)snprintf(row->when, sizeof(row->when), "at its next start");
}

/**
 * columns_said - leave those columns in a table in which anything stands
 * @selection: changed
 * @rows, @count: borrowed
 */
static void columns_said(struct selection *selection, const struct plan_row *rows, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < selection->count; i++) {
		char cell[COLUMN_CELL];
		bool said = false;

		for (size_t j = 0; j < count && !said; j++)
			said = column_text(selection->columns[i], &rows[j], cell)[0] != '\0';
		if (said)
			selection->columns[left++] = selection->columns[i];
	}
	selection->count = left;
}

/**
 * plan_show - show what is going to be done
 * @session: borrowed
 * @application: borrowed
 * @all: also those that are left as they are
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int plan_show(const struct session *session, const struct application *application, bool all,
		     struct error *e)
{
	_cleanup_(freep) struct plan_row *rows = calloc(application->count + 1, sizeof(*rows));
	struct selection selection;
	size_t count = 0;
	int r;

	if (!rows)
		return error_errno(e, ENOMEM, "cannot show a plan");
	for (size_t i = 0; i < application->count; i++)
		if (all || application->entries[i].r < 0 ||
		    application->entries[i].plan.step != STEP_LEAVE)
			row_fill(&application->entries[i], &rows[count++]);
	if (count == 0) {
		log_notice("nothing to do");
		return 0;
	}
	r = selection_make(&plan_listing, NULL, SELECT_STANDARD, &selection, e);
	if (r == 0)
		columns_said(&selection, rows, count);
	if (r == 0)
		r = table_print(session, &plan_listing, &selection, rows, count, e);
	(void)fflush(stdout);
	return r;
}

/**
 * entry_json - what is said of a container to programs
 * @session: borrowed
 * @entry: borrowed
 */
static json_t *entry_json(const struct session *session, const struct application_entry *entry)
{
	json_t *row = json_pack(
		"{s:o, s:s, s:b, s:b, s:o, s:o}", "name", json_text(entry->plan.name), "step",
		declared_step_name(entry->plan.step), "changed", entry->r > 0, "at_next_start",
		entry->plan.later, "why", json_text(entry->plan.why), "system",
		entry->plan.toplevel[0] ? json_text(entry->plan.toplevel) : json_null());

	if (row && entry->r < 0)
		json_object_set_new(row, "error", json_error(session, &entry->e));
	return row;
}

/**
 * answer_print - say to programs what is planned, or how it went
 * @session: borrowed
 * @application: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int answer_print(const struct session *session, const struct application *application,
			struct error *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < application->count; i++)
		json_array_append_new(list, entry_json(session, &application->entries[i]));
	return json_print(json_pack("{s:o, s:o}", "file",
				    json_text(application->declarations.source), plan_listing.key,
				    list),
			  e);
}

/**
 * tell - say what is being done
 * @entry: borrowed
 */
static void tell(const struct application_entry *entry)
{
	char words[PLAN_WORDS];

	plan_words(entry->plan.why, words);
	log_notice("%s container '%s'%s%s", declared_step_name(entry->plan.step), entry->plan.name,
		   words[0] ? ": " : "", words);
}

/**
 * status_of - the exit status, with failures said as they are met
 * @session: borrowed
 * @application: borrowed
 *
 * Returns 0 or the class of the first failure.
 */
static int status_of(const struct session *session, const struct application *application)
{
	int status = 0;

	for (size_t i = 0; i < application->count; i++) {
		const struct application_entry *entry = &application->entries[i];

		if (entry->r >= 0)
			continue;
		if (!session->json)
			fail_log(session, &entry->e);
		if (status == 0)
			status = (int)entry->e.class;
	}
	return status;
}

/**
 * verb_apply - make containers what a file declares
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_apply(const struct invocation *in, struct error *e)
{
	const struct session *session = in->session;
	const struct apply_options *options = in->options;
	_cleanup_(application_deinit) struct application application = { .count = 0 };
	_cleanup_(fd_closep) int lock = -1;
	struct progress progress;
	char file[PATH_MAX];
	int r = path_format(file, sizeof(file), e, "%s%s",
			    in->n_arguments ? in->arguments[0] : session->paths.settings,
			    in->n_arguments ? "" : DEFAULT_FILE);

	progress_begin(&progress, session, "building", NULL, 0);
	if (r == 0 && !options->dry_run)
		r = declared_lock(&session->paths, &lock, e);
	if (r == 0)
		r = application_prepare(&session->paths, file,
					options->force ? ADDRESSES_FORCED : ADDRESSES_JUDGED,
					&application, e);
	progress_end(&progress);
	if (r == 0 && !session->json)
		r = plan_show(session, &application, options->dry_run, e);
	if (r < 0)
		return r;
	progress_begin(&progress, session, options->dry_run ? NULL : "applying", NULL, 0);
	if (!options->dry_run)
		application_act(&application, session->json ? NULL : tell);
	progress_end(&progress);
	if (session->json)
		r = answer_print(session, &application, e);
	return r < 0 ? r : status_of(session, &application);
}
