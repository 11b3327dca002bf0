/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/json.h"
#include "cli/verb.h"
#include "transfer/transfer.h"

struct ipam_export_options {
	const char *format;
	const char *file;
};

static const struct option_spec specs[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct ipam_export_options, format), "json|csv",
	  "how it is written, json without this option" },
	{ "file", 0, OPTION_TEXT, offsetof(struct ipam_export_options, file), "FILE",
	  "replace this file, and print nothing" },
};

const struct option_table ipam_export_options = OPTION_TABLE(specs, struct ipam_export_options);

/**
 * report_tell - print a document, or put it into a file
 * @in: the call, borrowed
 * @report: borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int report_tell(const struct invocation *in, const struct export_report *report,
		       struct error *e)
{
	const struct ipam_export_options *options = in->options;
	int r;

	if (!options->file) {
		if (fwrite(report->text, 1, report->length, stdout) != report->length)
			return error_errno(e, EIO, "cannot write the leases");
		return 0;
	}
	r = file_replace(options->file, report->text, report->length, 0600, e);
	if (r < 0 || !in->session->json)
		return r;
	return json_print(json_pack("{s:o, s:I}", "file", json_text(options->file), "count",
				    (json_int_t)report->count),
			  e);
}

/**
 * verb_ipam_export - write what containers hold
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_export(const struct invocation *in, struct error *e)
{
	const struct ipam_export_options *options = in->options;
	struct export_request request = { .names = in->arguments,
					  .n_names = in->n_arguments,
					  .format = DOCUMENT_JSON };
	struct export_report report;
	int r = 0;

	if (options->format)
		r = document_format_parse(options->format, &request.format, e);
	if (r == 0 && request.format == DOCUMENT_CSV && in->session->json && !options->file)
		r = verb_usage_error(in->verb, e, "--json and --format csv exclude each other");
	if (r == 0)
		r = leases_export(&in->session->paths, &request, &report, e);
	if (r < 0)
		return r;
	r = report_tell(in, &report, e);
	freep(&report.text);
	return r;
}
