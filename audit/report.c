/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "audit/finding.h"
#include "base/cleanup.h"
#include "base/file.h"

#define REPORT_MAX ((size_t)256 * 1024 * 1024)
#define TIME_TEXT  sizeof("2026-01-31T12:00:00Z")
#define TIME_WORDS "%Y-%m-%dT%H:%M:%SZ"

/**
 * finding_json - a finding as an object
 * @finding: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *finding_json(const struct audit_finding *finding)
{
	char text[ADDR_TEXT], remedy[AUDIT_WHAT];

	audit_remedy(finding, remedy, sizeof(remedy));
	return json_pack("{s:s, s:s, s:b, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s, s:s}",
			 "grade", audit_grade_name(audit_grade(finding->which)), "case",
			 audit_case_name(finding->which), "mendable",
			 audit_is_mendable(finding->which), "container",
			 finding->container[0] ? finding->container : NULL, "other",
			 finding->other[0] ? finding->other : NULL, "address",
			 addr_is_set(&finding->addr) ? addr_format(&finding->addr, text) : NULL,
			 "link", finding->link[0] ? finding->link : NULL, "book",
			 finding->book[0] ? finding->book : NULL, "definition",
			 finding->definition[0] ? finding->definition : NULL, "kernel",
			 finding->kernel[0] ? finding->kernel : NULL, "what", finding->what,
			 "remedy", remedy);
}

/**
 * findings_json - all findings as an array
 * @findings: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *findings_json(const struct audit_findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < findings->count; i++)
		if (json_array_append_new(array, finding_json(&findings->list[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	return array;
}

/**
 * troubles_json - what could not be read as an array
 * @troubles: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *troubles_json(const struct audit_troubles *troubles)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < troubles->count; i++) {
		const struct audit_trouble *trouble = &troubles->list[i];
		const char *name = trouble->container[0] ? trouble->container : NULL;

		if (json_array_append_new(array, json_pack("{s:s?, s:s}", "container", name, "what",
							   trouble->what)) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

/**
 * audit_format - write a report
 * @audit: borrowed
 * @ret_text: JSON with a line end, freed by the caller
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int audit_format(const struct audit *audit, char **ret_text, struct error *e)
{
	char when[TIME_TEXT] = "";
	time_t seconds = audit->time;
	struct tm broken;
	json_t *report;
	char *text = NULL;

	if (gmtime_r(&seconds, &broken))
		(void)strftime(when, sizeof(when), TIME_WORDS, &broken);
	report = json_pack(
		"{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "version", AUDIT_VERSION,
		"machine", audit->machine, "boot", audit->boot, "time", when, "grace",
		(json_int_t)audit->grace, "leases", (json_int_t)audit->leases, "definitions",
		(json_int_t)audit->definitions, "attached", (json_int_t)audit->attached, "findings",
		findings_json(&audit->findings), "unread", troubles_json(&audit->troubles));
	if (report)
		text = json_dumps(report, JSON_INDENT(2));
	json_decref(report);
	if (!text)
		return error_errno(e, ENOMEM, "cannot write a report");
	*ret_text = text;
	return 0;
}

/**
 * report_wrong - say that a report is none
 * @path: of it, borrowed
 * @what: what is wrong with it, borrowed
 * @e: filled
 *
 * Returns -EINVAL.
 */
static int report_wrong(const char *path, const char *what, struct error *e)
{
	int r = error_set(e, ERROR_USAGE, EINVAL, "%s is no report of 'ipam check': %s", path,
			  what);

	return error_remedy(e, r, "write one with 'nixctr-net ipam check --report FILE'");
}

/**
 * text_take - take a text that may be missing out of an object
 * @object: borrowed
 * @key: of the text
 * @text, @size: filled; "" where there is none
 *
 * Returns whether it is a text that fits, or none.
 */
static bool text_take(json_t *object, const char *key, char *text, size_t size)
{
	const json_t *value = json_object_get(object, key);

	text[0] = '\0';
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value) || json_string_length(value) >= size ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return false;
	memcpy(text, json_string_value(value), json_string_length(value) + 1);
	return true;
}

/**
 * finding_parse - read a finding of a report
 * @object: borrowed
 * @finding: filled
 *
 * Returns NULL, or what is wrong with it.
 */
static const char *finding_parse(json_t *object, struct audit_finding *finding)
{
	char which[32], address[ADDR_TEXT];

	*finding = (struct audit_finding){ .link = "" };
	if (!json_is_object(object))
		return "a finding is no object";
	if (!text_take(object, "case", which, sizeof(which)) ||
	    audit_case_parse(which, &finding->which) < 0)
		return "a finding is of no known case";
	if (!text_take(object, "container", finding->container, sizeof(finding->container)) ||
	    (finding->container[0] && name_check(finding->container, NULL) < 0) ||
	    !text_take(object, "other", finding->other, sizeof(finding->other)) ||
	    (finding->other[0] && name_check(finding->other, NULL) < 0))
		return "a container of a finding has a name that none can have";
	if (!finding->container[0] && audit_is_mendable(finding->which))
		return "a finding does not say of which container it is";
	if (!text_take(object, "address", address, sizeof(address)) ||
	    (address[0] && addr_parse(address, &finding->addr, NULL) < 0))
		return "an address of a finding is none";
	if (!text_take(object, "link", finding->link, sizeof(finding->link)))
		return "a link of a finding has a name that none can have";
	if (!text_take(object, "book", finding->book, sizeof(finding->book)) ||
	    !text_take(object, "definition", finding->definition, sizeof(finding->definition)) ||
	    !text_take(object, "kernel", finding->kernel, sizeof(finding->kernel)))
		return "what a finding has of book, definition or kernel is no text";
	if (!text_take(object, "what", finding->what, sizeof(finding->what)) || !finding->what[0])
		return "a finding does not say what it is";
	return NULL;
}

/**
 * report_parse - read a report
 * @path: of it, for the error, borrowed
 * @report: borrowed
 * @audit: filled
 * @e: says what is wrong with it
 *
 * Returns 0, -EINVAL (ERROR_USAGE) or -ENOMEM.
 */
static int report_parse(const char *path, json_t *report, struct audit *audit, struct error *e)
{
	const json_t *version = json_object_get(report, "version");
	json_t *findings = json_object_get(report, "findings"), *object;
	size_t i;
	int r;

	if (!json_is_integer(version))
		return report_wrong(path, "it has no version", e);
	if (json_integer_value(version) != AUDIT_VERSION) {
		r = error_set(e, ERROR_USAGE, EINVAL,
			      "%s is a report of version %lld, this program knows version %d", path,
			      (long long)json_integer_value(version), AUDIT_VERSION);
		return error_remedy(e, r, "check again with this program");
	}
	if (!json_object_get(report, "machine") || !json_object_get(report, "boot") ||
	    !text_take(report, "machine", audit->machine, sizeof(audit->machine)) ||
	    !text_take(report, "boot", audit->boot, sizeof(audit->boot)))
		return report_wrong(path, "it does not say of which host it is", e);
	if (!json_is_array(findings))
		return report_wrong(path, "it has no findings", e);
	json_array_foreach(findings, i, object)
	{
		struct audit_finding finding;
		const char *wrong = finding_parse(object, &finding);

		if (wrong)
			return report_wrong(path, wrong, e);
		r = finding_add(&audit->findings, &finding, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/**
 * audit_read - read a report
 * @path: of the file, borrowed
 * @ret_audit: what it says; ended with audit_deinit(), after a failure too
 * @e: says what is wrong with it
 *
 * Returns 0, -EINVAL (ERROR_USAGE) or another -errno.
 */
int audit_read(const char *path, struct audit *ret_audit, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	json_error_t where;
	json_t *report;
	size_t length;
	int r;

	*ret_audit = (struct audit){ .grace = 0 };
	r = file_read(path, REPORT_MAX, &text, &length, e);
	if (r < 0) {
		r = error_wrap(e, r, "cannot read a report");
		return error_remedy(e, r, "write one with 'nixctr-net ipam check --report FILE'");
	}
	report = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (!report) {
		r = error_set(e, ERROR_USAGE, EINVAL, "%s:%d: %s", path, where.line, where.text);
		return error_remedy(e, r,
				    "write a report with 'nixctr-net ipam check --report "
				    "FILE'");
	}
	r = report_parse(path, report, ret_audit, e);
	json_decref(report);
	return r;
}

/**
 * audit_is_here - refuse a report that is not of this host as it runs now
 * @paths: borrowed
 * @audit: the report, borrowed
 * @e: says of what it is
 *
 * Returns 0, -ESTALE or another -errno.
 */
int audit_is_here(const struct paths *paths, const struct audit *audit, struct error *e)
{
	struct audit here = { .grace = 0 };
	int r = audit_identify(paths, &here, e);

	if (r < 0)
		return r;
	if (strcmp(here.machine, audit->machine) != 0)
		r = error_set(e, ERROR_CONFLICT, ESTALE,
			      "the report is of another host: its machine-id is '%s'",
			      audit->machine);
	else if (strcmp(here.boot, audit->boot) != 0)
		r = error_set(e, ERROR_CONFLICT, ESTALE,
			      "the report is older than this boot of the host");
	return r < 0 ? error_remedy(e, r, "check again: nixctr-net ipam check --report FILE") : 0;
}
