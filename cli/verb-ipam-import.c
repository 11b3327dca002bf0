/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "transfer/transfer.h"

#define DOCUMENT_SIZE_MAX ((size_t)256 * 1024 * 1024)

struct ipam_import_options {
	const char *format;
	bool dry_run, force;
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct ipam_import_options, format), "json|csv",
	  "how it is written; without this option it is seen" },
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct ipam_import_options, dry_run), NULL,
	  "show what would come of it, and change nothing" },
	{ "force", 0, OPTION_FLAG, offsetof(struct ipam_import_options, force), NULL,
	  "whatever else on the host has the addresses" },
	{ "output", 'o', OPTION_LIST, offsetof(struct ipam_import_options, columns), "COLUMN,...",
	  "show a table of these columns" },
};

const struct option_table ipam_import_options = OPTION_TABLE(specs, struct ipam_import_options);

/* What came of one lease. */
struct import_row {
	char result[LISTING_WORD]; /* reserved, or present: it was so */
	struct ipam_lease lease;
};

#define ROW(name) offsetof(struct import_row, name)

static const struct column columns[] = {
	{ "CONTAINER", COLUMN_TEXT, ROW(lease.container), true, "whose it is to be" },
	{ "RESULT", COLUMN_TEXT, ROW(result), true, "reserved, or present: it was here already" },
	{ "STATE", COLUMN_STATE, ROW(lease.state), true, "reserved, or bound by one that is here" },
	{ "HOST-ADDRESS", COLUMN_ADDR, ROW(lease.v4.host), true, "IPv4 address of the host end" },
	{ "LOCAL-ADDRESS", COLUMN_PREFIX, ROW(lease.v4.local), true, "IPv4 address inside" },
	{ "HOST-ADDRESS6", COLUMN_ADDR, ROW(lease.v6.host), false, "IPv6 address of the host end" },
	{ "LOCAL-ADDRESS6", COLUMN_PREFIX, ROW(lease.v6.local), false, "IPv6 address inside" },
	{ "MAC", COLUMN_MAC, ROW(lease.mac), true, "MAC address of eth0 inside" },
	{ "AUTOMATIC", COLUMN_FLAG, ROW(lease.v4.automatic), true,
	  "whether a pool here gives that pair of IPv4 out" },
	{ "BRIDGE", COLUMN_TEXT, ROW(lease.bridge), false, "bridge the addresses are for" },
	{ "REASON", COLUMN_TEXT, ROW(lease.reason), false, "why it is kept" },
};

const struct listing import_listing = {
	.key = "leases",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct import_row),
};

/**
 * input_read - read all of standard input
 * @ret_text: the caller frees it
 * @ret_length: its length
 * @e: says that it is too long
 *
 * Returns 0 or -errno.
 */
static int input_read(char **ret_text, size_t *ret_length, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t length = 0, room = 0;

	for (;;) {
		size_t grown = room ? room * 2 : (size_t)64 * 1024;
		char *more = realloc(text, grown);
		ssize_t n;

		if (!more)
			return error_errno(e, ENOMEM, "cannot read standard input");
		text = more;
		room = grown;
		n = file_read_all(STDIN_FILENO, text + length, room - length);
		if (n < 0)
			return error_errno(e, (int)-n, "cannot read standard input");
		length += (size_t)n;
		if (length > DOCUMENT_SIZE_MAX)
			return error_set(e, ERROR_FAILED, EFBIG,
					 "standard input is larger than %zu bytes",
					 DOCUMENT_SIZE_MAX);
		if (length < room)
			break;
	}
	*ret_text = TAKE_PTR(text);
	*ret_length = length;
	return 0;
}

/**
 * document_take - read a file that is to be imported
 * @file: its path, borrowed
 * @ret_text: the caller frees it
 * @ret_length: its length
 * @e: names it, and what to name instead
 *
 * Returns 0 or -errno.
 */
static int document_take(const char *file, char **ret_text, size_t *ret_length, struct error *e)
{
	int r = file_read(file, DOCUMENT_SIZE_MAX, ret_text, ret_length, e);

	return r < 0 ? error_remedy(
			       e, r,
			       "name a file that 'nixctr-net ipam export' has written, or - for "
			       "standard input")
		     : 0;
}

/**
 * rows_make - the rows of a report
 * @report: borrowed
 * @e: filled on failure
 *
 * Returns them, freed by the caller, or NULL without memory.
 */
static struct import_row *rows_make(const struct import_report *report, struct error *e)
{
	struct import_row *rows = calloc(report->count + 1, sizeof(*rows));

	if (!rows)
		error_errno(e, ENOMEM, "cannot list the leases");
	for (size_t i = 0; rows && i < report->count; i++) {
		(void)snprintf(rows[i].result, sizeof(rows[i].result), "%s",
			       report->list[i].changed ? "reserved" : "present");
		rows[i].lease = report->list[i].lease;
	}
	return rows;
}

/**
 * summary_log - say in a line what came of it
 * @options: borrowed
 * @report: borrowed
 */
static void summary_log(const struct ipam_import_options *options,
			const struct import_report *report)
{
	log_notice("%zu leases %s, %zu were here already", report->changed,
		   options->dry_run ? "would be reserved" : "reserved",
		   report->count - report->changed);
	if (report->chosen)
		log_notice("%zu pairs were automatic there and count as chosen here: no pool gives "
			   "them out",
			   report->chosen);
	if (report->hostless)
		log_notice("%zu cables have no address at the host's end: their containers get no "
			   "default route",
			   report->hostless);
}

/**
 * report_tell - say what came of each lease
 * @in: the call, borrowed
 * @report: borrowed
 * @e: filled on failure
 *
 * A table is for looking at before; afterwards a line tells that it is done.
 *
 * Returns 0 or -errno.
 */
static int report_tell(const struct invocation *in, const struct import_report *report,
		       struct error *e)
{
	const struct ipam_import_options *options = in->options;
	_cleanup_(freep) struct import_row *rows = rows_make(report, e);
	struct selection selection;
	int r = rows ? selection_make(&import_listing, &options->columns,
				      in->session->json ? SELECT_ALL : SELECT_STANDARD, &selection,
				      e)
		     : -ENOMEM;

	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(
			json_pack("{s:I, s:I, s:I, s:o, s:o}", "changed",
				  (json_int_t)report->changed, "chosen", (json_int_t)report->chosen,
				  "hostless", (json_int_t)report->hostless, "host",
				  json_text(report->host), import_listing.key,
				  json_rows(&import_listing, &selection, rows, report->count)),
			e);
	if (options->dry_run || options->columns.count)
		r = table_print(in->session, &import_listing, &selection, rows, report->count, e);
	summary_log(options, report);
	return r;
}

/**
 * verb_ipam_import - take over what containers held on another host
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_import(const struct invocation *in, struct error *e)
{
	const struct ipam_import_options *options = in->options;
	const char *file = in->arguments[0];
	bool input = strcmp(file, "-") == 0;
	_cleanup_(freep) char *text = NULL;
	struct import_request request = { .source = input ? "standard input" : file,
					  .format = DOCUMENT_GUESSED,
					  .dry = options->dry_run,
					  .force = options->force };
	struct import_report report;
	int r = 0;

	if (options->format)
		r = document_format_parse(options->format, &request.format, e);
	if (r == 0)
		r = input ? input_read(&text, &request.length, e)
			  : document_take(file, &text, &request.length, e);
	request.text = text;
	if (r == 0)
		r = leases_import(&in->session->paths, &request, &report, e);
	if (r < 0)
		return r;
	r = report_tell(in, &report, e);
	freep(&report.list);
	return r;
}
