/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit.h"
#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

struct ipam_repair_options {
	bool dry;
};

static const struct option_spec specs[] = {
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct ipam_repair_options, dry), NULL,
	  "say what would be done, and do nothing" },
};

const struct option_table ipam_repair_options = OPTION_TABLE(specs, struct ipam_repair_options);

/* A finding and what came of it, as it is shown. */
struct outcome_row {
	char result[LISTING_WORD];
	char which[32];
	char container[CONTAINER_NAME_MAX];
	struct addr addr;
	char what[AUDIT_WHAT];
};

#define OUTCOME(name) offsetof(struct outcome_row, name)

static const struct column columns[] = {
	{ "RESULT", COLUMN_WORD, OUTCOME(result), COLUMN_KEPT,
	  "mended, would-mend, gone, left or refused" },
	{ "CASE", COLUMN_TEXT, OUTCOME(which), COLUMN_USUAL, "what was found" },
	{ "CONTAINER", COLUMN_TEXT, OUTCOME(container), COLUMN_KEPT, "whom it is about" },
	{ "ADDRESS", COLUMN_ADDR, OUTCOME(addr), COLUMN_USUAL, "which it is about" },
	{ "WHAT", COLUMN_PROSE, OUTCOME(what), COLUMN_KEPT, "what was done, or is to be done" },
};

static const struct listing outcome_listing = {
	.key = "outcomes",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct outcome_row),
};

/**
 * outcomes_print - print what came of each finding
 * @in: the call, borrowed
 * @report: borrowed
 * @outcomes: one for each of its findings, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int outcomes_print(const struct invocation *in, const struct audit *report,
			  const struct audit_outcome *outcomes, struct error *e)
{
	size_t count = report->findings.count;
	_cleanup_(freep) struct outcome_row *rows = calloc(count + 1, sizeof(*rows));
	struct selection selection;
	int r = selection_make(&outcome_listing, NULL, SELECT_ALL, &selection, e);

	if (r < 0)
		return r;
	if (!rows)
		return error_errno(e, ENOMEM, "cannot show %zu findings", count);
	for (size_t i = 0; i < count; i++) {
		const struct audit_finding *finding = &report->findings.list[i];

		(void)snprintf(rows[i].result, sizeof(rows[i].result), "%s",
			       audit_result_name(outcomes[i].result));
		(void)snprintf(rows[i].which, sizeof(rows[i].which), "%s",
			       audit_case_name(finding->which));
		(void)snprintf(rows[i].container, sizeof(rows[i].container), "%s",
			       finding->container);
		rows[i].addr = finding->addr;
		(void)snprintf(rows[i].what, sizeof(rows[i].what), "%s", outcomes[i].what);
	}
	if (in->session->json)
		return json_print(json_pack("{s:o}", outcome_listing.key,
					    json_rows(&outcome_listing, &selection, rows, count)),
				  e);
	if (count == 0)
		printf("the report has no findings\n");
	return table_print(in->session, &outcome_listing, &selection, rows, count, e);
}

/**
 * verb_ipam_repair - mend what a report names and is still so
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_ipam_repair(const struct invocation *in, struct error *e)
{
	const struct ipam_repair_options *options = in->options;
	_cleanup_(audit_deinit) struct audit report = { .grace = 0 };
	_cleanup_(freep) struct audit_outcome *outcomes = NULL;
	int r = audit_read(in->arguments[0], &report, e);

	if (r < 0)
		return r;
	outcomes = calloc(report.findings.count + 1, sizeof(*outcomes));
	if (!outcomes)
		return error_errno(e, ENOMEM, "cannot repair");
	r = audit_repair(&in->session->paths, &report, options->dry ? AUDIT_DRY : 0, outcomes, e);
	if (r == 0)
		r = outcomes_print(in, &report, outcomes, e);
	for (size_t i = 0; r == 0 && i < report.findings.count; i++)
		if ((outcomes[i].result == AUDIT_LEFT &&
		     audit_counts(report.findings.list[i].which)) ||
		    outcomes[i].result == AUDIT_REFUSED)
			r = ERROR_FAILED;
	return r;
}
