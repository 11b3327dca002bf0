/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "audit/index.h"

/* How findings come to be. */

/* What a comparison works with. */
struct comparison {
	const struct view *view;
	struct index book, definitions;
	struct audit_findings *findings;
};

struct audit_finding finding_make(enum audit_case which, const char *container,
				  const struct addr *addr);
int finding_add(struct audit_findings *findings, const struct audit_finding *finding,
		struct error *e);
int audit_case_parse(const char *name, enum audit_case *ret_which);
bool finding_is_same(const struct audit_finding *a, const struct audit_finding *b);
const struct audit_finding *findings_find(const struct audit_findings *findings,
					  const struct audit_finding *finding);
void findings_sort(struct audit_findings *findings);
void lease_words(const struct ipam_lease *lease, char words[AUDIT_SAYS]);

int compare_kernel(const struct comparison *comparison, struct error *e);
int compare_host(const struct paths *paths, struct audit_findings *findings,
		 struct audit_troubles *troubles, struct error *e);
int audit_identify(const struct paths *paths, struct audit *audit, struct error *e);
