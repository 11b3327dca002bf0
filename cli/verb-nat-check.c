/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/text.h"
#include "cli/verb.h"

/* Exit statuses of a check: those of its own kind, see nixctr-net-nat(8). */
enum { CHECK_FINE, CHECK_FOUND, CHECK_UNREAD };

/**
 * finding_json - a finding as an object
 * @finding: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *finding_json(const struct finding *finding)
{
	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "id", json_text(finding->id), "unread",
			 finding->unread, "what", json_text(finding->what), "evidence",
			 json_text(finding->evidence), "cause", json_text(finding->cause), "fix",
			 json_text(finding->fix));
}

/**
 * findings_json - all findings as an object
 * @findings: borrowed
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *findings_json(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < findings->count; i++) {
		if (json_array_append_new(array, finding_json(&findings->list[i])) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return json_pack("{s:o, s:b}", "findings", array, "owned", findings->owned);
}

/**
 * line_print - print one line of a finding, if there is something to say
 * @name: what it says, borrowed
 * @text: borrowed; somebody else's names may be in it
 */
static void line_print(const char *name, const char *text)
{
	char shown[4 * sizeof(((struct finding *)NULL)->evidence)];

	if (text[0])
		printf("  %s: %s\n", name, text_escape(text, shown, sizeof(shown)));
}

/**
 * finding_print - print a finding
 * @session: borrowed
 * @finding: borrowed
 */
static void finding_print(const struct session *session, const struct finding *finding)
{
	bool colored = session_colored(session, STDOUT_FILENO);
	const char *color = finding->unread ? "\033[33m" : "\033[31m";
	char shown[4 * sizeof(finding->what)];

	printf("%s%s%s: %s%s\n", colored ? color : "", finding->id, colored ? "\033[0m" : "",
	       finding->unread ? "could not find out: " : "",
	       text_escape(finding->what, shown, sizeof(shown)));
	line_print("evidence", finding->evidence);
	line_print("cause", finding->cause);
	line_print("fix", finding->fix);
}

/**
 * verb_nat_check - look whether NAT is as it should be, and whether others let it be
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_nat_check(const struct invocation *in, struct error *e)
{
	struct findings findings;
	int status = CHECK_FINE;
	int r = check_nat(&in->session->paths, NULL, &findings, e);

	for (size_t i = 0; r >= 0 && i < findings.count; i++)
		if (!findings.list[i].unread)
			status = CHECK_FOUND;
		else if (status == CHECK_FINE)
			status = CHECK_UNREAD;
	if (r >= 0 && in->session->json)
		r = json_print(findings_json(&findings), e);
	else if (r >= 0 && findings.count == 0)
		printf("all is as it should be%s\n",
		       findings.owned ? "; nobody else can change the tables" : "");
	for (size_t i = 0; r >= 0 && !in->session->json && i < findings.count; i++)
		finding_print(in->session, &findings.list[i]);
	free(findings.list);
	return r < 0 ? r : status;
}
