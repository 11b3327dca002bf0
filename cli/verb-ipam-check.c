/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

/* Exit statuses of a check: those of its own kind, see nixctr-net-ipam(8). */
enum { CHECK_FINE, CHECK_FOUND, CHECK_UNREAD };

#define GRACE_DEFAULT 2 /* seconds; who creates or attaches a container takes milliseconds */
#define GRACE_MAX     3600

struct ipam_check_options {
	const char *report;
	const char *grace;
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "report", 'r', OPTION_TEXT, offsetof(struct ipam_check_options, report), "FILE",
	  "write what is found to a file, for ipam repair" },
	{ "grace", 'g', OPTION_TEXT, offsetof(struct ipam_check_options, grace), "SECONDS",
	  "look again after that (2)" },
	{ "output", 'o', OPTION_LIST, offsetof(struct ipam_check_options, columns), "COLUMN,...",
	  "show these columns" },
};

const struct option_table ipam_check_options = OPTION_TABLE(specs, struct ipam_check_options);

/* A finding as it is shown. */
struct audit_row {
	struct audit_finding finding;
	char grade[LISTING_WORD];
	char which[32];
	char remedy[AUDIT_WHAT];
};

#define FINDING(name) offsetof(struct audit_row, finding.name)

static const struct column columns[] = {
	{ "GRADE", COLUMN_WORD, offsetof(struct audit_row, grade), COLUMN_KEPT,
	  "leaked, missing, doubled, foreign, differing, or a note" },
	{ "CASE", COLUMN_TEXT, offsetof(struct audit_row, which), COLUMN_EXTRA,
	  "which one of these" },
	{ "CONTAINER", COLUMN_TEXT, FINDING(container), COLUMN_KEPT, "whom it is about" },
	{ "OTHER", COLUMN_TEXT, FINDING(other), COLUMN_EXTRA, "who has the same" },
	{ "ADDRESS", COLUMN_ADDR, FINDING(addr), COLUMN_USUAL, "which it is about" },
	{ "LINK", COLUMN_TEXT, FINDING(link), COLUMN_EXTRA, "in the kernel" },
	{ "BOOK", COLUMN_PROSE, FINDING(book), COLUMN_EXTRA, "what the address book says" },
	{ "DEFINITION", COLUMN_PROSE, FINDING(definition), COLUMN_EXTRA,
	  "what the definition says" },
	{ "KERNEL", COLUMN_PROSE, FINDING(kernel), COLUMN_EXTRA, "what the kernel says" },
	{ "WHAT", COLUMN_PROSE, FINDING(what), COLUMN_KEPT, "all of it" },
	{ "REMEDY", COLUMN_PROSE, offsetof(struct audit_row, remedy), COLUMN_EXTRA,
	  "what mends it" },
};

const struct listing audit_listing = {
	.key = "findings",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct audit_row),
};

/**
 * grace_parse - read how long others may take to come to an end
 * @text: as typed, borrowed; NULL: not given
 * @ret_grace: seconds
 * @e: says what is wrong with it
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int grace_parse(const char *text, uint32_t *ret_grace, struct error *e)
{
	unsigned long seconds = GRACE_DEFAULT;
	char *end = NULL;

	if (text) {
		seconds = strtoul(text, &end, 10);
		if (text[0] < '0' || text[0] > '9' || *end || seconds > GRACE_MAX)
			return error_set(e, ERROR_USAGE, EINVAL,
					 "--grace takes seconds from 0 to %d, not '%s'", GRACE_MAX,
					 text);
	}
	*ret_grace = (uint32_t)seconds;
	return 0;
}

/**
 * audit_print - print what was found for people
 * @in: the call, borrowed
 * @audit: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int audit_print(const struct invocation *in, const struct audit *audit, struct error *e)
{
	const struct ipam_check_options *options = in->options;
	size_t count = audit->findings.count;
	_cleanup_(freep) struct audit_row *rows = calloc(count + 1, sizeof(*rows));
	struct selection selection;
	int r = selection_make(&audit_listing, &options->columns, SELECT_STANDARD, &selection, e);

	if (r < 0)
		return r;
	if (!rows)
		return error_errno(e, ENOMEM, "cannot show %zu findings", count);
	for (size_t i = 0; i < count; i++) {
		const struct audit_finding *finding = &audit->findings.list[i];

		rows[i].finding = *finding;
		(void)snprintf(rows[i].grade, sizeof(rows[i].grade), "%s",
			       audit_grade_name(audit_grade(finding->which)));
		(void)snprintf(rows[i].which, sizeof(rows[i].which), "%s",
			       audit_case_name(finding->which));
		audit_remedy(finding, rows[i].remedy, sizeof(rows[i].remedy));
	}
	for (size_t i = 0; i < audit->troubles.count; i++)
		log_warning("could not find out: %s", audit->troubles.list[i].what);
	if (count == 0 && audit->troubles.count == 0)
		printf("%zu lease%s, %zu definition%s and %zu attached container%s agree\n",
		       audit->leases, audit->leases == 1 ? "" : "s", audit->definitions,
		       audit->definitions == 1 ? "" : "s", audit->attached,
		       audit->attached == 1 ? "" : "s");
	return table_print(in->session, &audit_listing, &selection, rows, count, e);
}

/**
 * audit_tell - print what was found, and write the report
 * @in: the call, borrowed
 * @audit: borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int audit_tell(const struct invocation *in, const struct audit *audit, struct error *e)
{
	const struct ipam_check_options *options = in->options;
	_cleanup_(freep) char *text = NULL;
	int r = audit_format(audit, &text, e);

	if (r == 0 && options->report) {
		r = file_replace(options->report, text, strlen(text), 0600, e);
		if (r < 0)
			r = error_remedy(e, r, "name another file, in a directory that is there");
	}
	if (r < 0)
		return r;
	if (!in->session->json)
		return audit_print(in, audit, e);
	if (puts(text) < 0 || fflush(stdout) != 0)
		return error_errno(e, errno, "cannot write the answer");
	return 0;
}

/**
 * verb_ipam_check - look whether address book, definitions and kernel say the same
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_ipam_check(const struct invocation *in, struct error *e)
{
	const struct ipam_check_options *options = in->options;
	_cleanup_(audit_deinit) struct audit audit = { .grace = 0 };
	uint32_t grace = GRACE_DEFAULT;
	int r = grace_parse(options->grace, &grace, e);

	if (r == 0)
		r = audit_check(&in->session->paths, grace, &audit, e);
	if (r == 0)
		r = audit_tell(in, &audit, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < audit.findings.count; i++)
		if (audit_counts(audit.findings.list[i].which))
			return CHECK_FOUND;
	return audit.troubles.count ? CHECK_UNREAD : CHECK_FINE;
}
