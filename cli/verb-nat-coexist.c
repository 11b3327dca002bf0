/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/log.h"
#include "cli/fail.h"
#include "cli/json.h"
#include "cli/verb.h"

struct nat_coexist_options {
	struct option_list with;
	bool remove, dry_run;
};

static const struct option_spec specs[] = {
	{ "with", 'w', OPTION_LIST, offsetof(struct nat_coexist_options, with), "WHOM,...",
	  "firewalld, docker, ufw, iptables; else whoever drops" },
	{ "remove", 'r', OPTION_FLAG, offsetof(struct nat_coexist_options, remove), NULL,
	  "take back what was done" },
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct nat_coexist_options, dry_run), NULL,
	  "only say what would be done" },
};

const struct option_table nat_coexist_options = OPTION_TABLE(specs, struct nat_coexist_options);

/**
 * report_json - what came of it, as an array
 * @report: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *report_json(const struct coexist_report *report)
{
	json_t *array = json_array();

	for (enum coexist_party party = 0; array && party < COEXIST_PARTIES; party++) {
		json_t *entry;

		if (!report->concerned[party])
			continue;
		entry = json_pack("{s:s, s:s, s:b}", "name", coexist_party_name(party), "action",
				  coexist_party_action(party), "changed", report->changed[party]);
		if (json_array_append_new(array, entry) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return json_pack("{s:o}", "parties", array);
}

/**
 * report_print - say what came of it
 * @options: borrowed
 * @report: borrowed
 * @r: below 0: that is not all
 */
static void report_print(const struct nat_coexist_options *options,
			 const struct coexist_report *report, int r)
{
	const char *done = options->remove ? "removed" : "done";
	const char *same = options->remove ? "nothing of ours" : "already so";
	bool any = false;

	if (options->dry_run)
		done = options->remove ? "would be removed" : "would be done";
	for (enum coexist_party party = 0; party < COEXIST_PARTIES; party++) {
		any |= report->concerned[party];
		if (report->concerned[party])
			printf("%s: %s: %s\n", coexist_party_name(party),
			       coexist_party_action(party), report->changed[party] ? done : same);
	}
	if (!any && r >= 0)
		log_notice("nobody has to be told%s", options->remove ? " otherwise" : "");
}

/**
 * verb_nat_coexist - have other firewalls let packets of containers pass
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * What was done before a failure is said as well, unless --json makes the error the answer.
 *
 * Returns 0 or -errno.
 */
int verb_nat_coexist(const struct invocation *in, struct error *e)
{
	const struct nat_coexist_options *options = in->options;
	struct coexist_request request = { .named = options->with.count > 0,
					   .remove = options->remove,
					   .dry = options->dry_run };
	struct coexist_report report;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < options->with.count; i++) {
		enum coexist_party party;

		r = coexist_party_parse(options->with.values[i], &party, e);
		if (r >= 0)
			request.with[party] = true;
	}
	if (r < 0)
		return r;
	r = coexist_apply(&in->session->paths, &request, &report, e);
	if (!in->session->json)
		report_print(options, &report, r);
	else if (r >= 0)
		r = json_print(report_json(&report), e);
	return r < 0 ? r : 0;
}
