/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/finding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Every case there is. In the remedy, %1$s is the container, %2$s the other, %3$s the link. */
static const struct {
	const char *name;
	enum audit_grade grade;
	bool mendable;
	const char *remedy;
} cases[AUDIT_CASES] = {
	[AUDIT_LEASE_OF_NOBODY] = { "lease-of-nobody", AUDIT_LEAKED, true,
				    "give the addresses up: nixctr-net ipam release %1$s" },
	[AUDIT_LEASE_OF_ATTACHED] = { "lease-of-attached", AUDIT_LEAKED, false,
				      "put the definition of %1$s back, or take away what is left "
				      "of it: nixctr-net destroy %1$s" },
	[AUDIT_DEFINITION_UNLEASED] = { "definition-unleased", AUDIT_MISSING, true,
					"enter it: nixctr-net ipam repair" },
	[AUDIT_ADDRESS_UNLEASED] = { "address-unleased", AUDIT_MISSING, false,
				     "see what %1$s does with it: nixctr-net net show %1$s, or "
				     "take "
				     "what is left of it away: nixctr-net net down %1$s" },
	[AUDIT_DEFINITIONS_SHARE] = { "definitions-share", AUDIT_DOUBLED, false,
				      "give %1$s or %2$s another address in its definition" },
	[AUDIT_DEFINITIONS_SHARE_MAC] = { "definitions-share-mac", AUDIT_DOUBLED, false,
					  "give %1$s or %2$s another LOCAL_MAC_ADDRESS" },
	[AUDIT_CABLES_SHARE] = { "cables-share", AUDIT_DOUBLED, false,
				 "put the network of %1$s right: nixctr-net net up %1$s; the "
				 "address "
				 "is one of %2$s" },
	[AUDIT_HOST_HAS_ADDRESS] = { "host-has-address", AUDIT_FOREIGN, false,
				     "take it off link %3$s, or create %1$s with another" },
	[AUDIT_HOST_HAS_ROUTE] = { "host-has-route", AUDIT_FOREIGN, false,
				   "take the route through %3$s away, or create %1$s with another "
				   "address" },
	[AUDIT_HOST_HAS_NETWORK] = { "host-has-network", AUDIT_FOREIGN, false,
				     "take the other away, or create %1$s with another address" },
	[AUDIT_HOST_HAS_ALL_OF_POOL] = { "host-has-all-of-pool", AUDIT_FOREIGN, false,
					 "take the other away; until then create needs addresses "
					 "of "
					 "other networks, or --force" },
	[AUDIT_HOST_HAS_POOL] = { "host-has-pool-address", AUDIT_FOREIGN, false,
				  "none is needed: create passes such addresses over" },
	[AUDIT_LINK_OF_OTHERS] = { "link-of-others", AUDIT_FOREIGN, false,
				   "see whose it is: ip -d link show %3$s, machinectl list" },
	[AUDIT_NAMESPACE_OF_NOBODY] = { "namespace-of-nobody", AUDIT_FOREIGN, false,
					"take it away if nobody needs it: nixctr-net net down "
					"%1$s" },
	[AUDIT_DEFINITION_DIFFERS] = { "definition-differs", AUDIT_DIFFERING, true,
				       "have the book say what the definition does: nixctr-net "
				       "ipam "
				       "repair" },
	[AUDIT_KERNEL_DIFFERS] = { "kernel-differs", AUDIT_DIFFERING, true,
				   "have the kernel do what the definition says: nixctr-net net up "
				   "%1$s" },
	[AUDIT_HOST_HAS_WIDER] = { "host-has-wider", AUDIT_NOTE, false,
				   "none is needed: the more specific route goes first" },
};

/**
 * audit_grade_name - the word for a grade
 * @grade: one of enum audit_grade
 */
const char *audit_grade_name(enum audit_grade grade)
{
	static const char *const names[AUDIT_GRADES] = {
		[AUDIT_LEAKED] = "leaked",       [AUDIT_MISSING] = "missing",
		[AUDIT_DOUBLED] = "doubled",     [AUDIT_FOREIGN] = "foreign",
		[AUDIT_DIFFERING] = "differing", [AUDIT_NOTE] = "note",
	};

	return names[grade];
}

/**
 * audit_grade - how a case is graded
 * @which: one of enum audit_case
 */
enum audit_grade audit_grade(enum audit_case which)
{
	return cases[which].grade;
}

/**
 * audit_case_name - the word for a case, as it stands in reports
 * @which: one of enum audit_case
 */
const char *audit_case_name(enum audit_case which)
{
	return cases[which].name;
}

/**
 * audit_case_parse - the case of a word
 * @name: borrowed
 * @ret_which: filled
 *
 * Returns 0, or -EINVAL when there is none.
 */
int audit_case_parse(const char *name, enum audit_case *ret_which)
{
	for (size_t i = 0; i < AUDIT_CASES; i++)
		if (strcmp(name, cases[i].name) == 0) {
			*ret_which = (enum audit_case)i;
			return 0;
		}
	return -EINVAL;
}

/**
 * audit_is_mendable - whether a repair can decide what is right
 * @which: one of enum audit_case
 */
bool audit_is_mendable(enum audit_case which)
{
	return cases[which].mendable;
}

/**
 * audit_counts - whether somebody has to do something about a case
 * @which: one of enum audit_case
 */
bool audit_counts(enum audit_case which)
{
	return which != AUDIT_HOST_HAS_POOL && which != AUDIT_HOST_HAS_WIDER;
}

/**
 * audit_remedy - say what mends a finding
 * @finding: borrowed
 * @text, @size: filled
 */
void audit_remedy(const struct audit_finding *finding, char *text, size_t size)
{
	const char *const words[] = { finding->container, finding->other, finding->link };
	const char *from = cases[finding->which].remedy;
	size_t length = 0;

	text[0] = '\0';
	while (*from && length + 1 < size) {
		const char *next = strstr(from, "%");
		size_t plain = next ? (size_t)(next - from) : strlen(from);
		int written = snprintf(text + length, size - length, "%.*s%s", (int)plain, from,
				       next ? words[next[1] - '1'] : "");

		length += written > 0 ? (size_t)written : 0;
		from += plain + (next ? strlen("%1$s") : 0);
	}
}

/**
 * finding_make - begin a finding
 * @which: the case
 * @container: whom it is about, borrowed
 * @addr: which address, borrowed; NULL: none in particular
 */
struct audit_finding finding_make(enum audit_case which, const char *container,
				  const struct addr *addr)
{
	struct audit_finding finding = { .which = which };

	(void)snprintf(finding.container, sizeof(finding.container), "%s", container);
	if (addr)
		finding.addr = *addr;
	return finding;
}

/**
 * finding_add - add a finding
 * @findings: changed
 * @finding: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int finding_add(struct audit_findings *findings, const struct audit_finding *finding,
		struct error *e)
{
	if (findings->count == findings->room) {
		size_t room = findings->room ? findings->room * 2 : 16;
		struct audit_finding *list = reallocarray(findings->list, room, sizeof(*list));

		if (!list)
			return error_errno(e, ENOMEM, "cannot list findings");
		findings->list = list;
		findings->room = room;
	}
	findings->list[findings->count++] = *finding;
	return 0;
}

/**
 * finding_order - the order of findings; the comparison of qsort()
 * @a, @b: struct audit_finding
 */
static int finding_order(const void *a, const void *b)
{
	const struct audit_finding *left = a, *right = b;
	int order;

	if (left->which != right->which)
		return left->which < right->which ? -1 : 1;
	order = strcmp(left->container, right->container);
	if (order == 0)
		order = addr_order(&left->addr, &right->addr);
	if (order == 0)
		order = strcmp(left->link, right->link);
	return order ? order : strcmp(left->other, right->other);
}

/**
 * finding_is_same - whether two findings are about the same thing
 * @a, @b: borrowed
 */
bool finding_is_same(const struct audit_finding *a, const struct audit_finding *b)
{
	return finding_order(a, b) == 0;
}

/**
 * findings_find - look for a finding among others
 * @findings: sorted, borrowed
 * @finding: borrowed
 *
 * Returns the one about the same thing, or NULL.
 */
const struct audit_finding *findings_find(const struct audit_findings *findings,
					  const struct audit_finding *finding)
{
	return findings->count ? bsearch(finding, findings->list, findings->count,
					 sizeof(*findings->list), finding_order)
			       : NULL;
}

/**
 * findings_sort - put findings in order, each once
 * @findings: changed
 */
void findings_sort(struct audit_findings *findings)
{
	size_t kept = 0;

	if (findings->count)
		qsort(findings->list, findings->count, sizeof(*findings->list), finding_order);
	for (size_t i = 0; i < findings->count; i++)
		if (kept == 0 || !finding_is_same(&findings->list[kept - 1], &findings->list[i]))
			findings->list[kept++] = findings->list[i];
	findings->count = kept;
}

/**
 * pair_words - put the addresses of one family into words
 * @pair: borrowed; may be none
 * @words, @size: filled
 */
static void pair_words(const struct ipam_pair *pair, char *words, size_t size)
{
	char host[ADDR_TEXT], local[PREFIX_TEXT];

	words[0] = '\0';
	if (!addr_is_set(&pair->local.addr))
		return;
	prefix_format(&pair->local, local);
	if (addr_is_set(&pair->host))
		(void)snprintf(words, size, "%s>%s", addr_format(&pair->host, host), local);
	else
		(void)snprintf(words, size, "%s", local);
}

/**
 * lease_words - put what somebody has into words: "10.233.1.1>10.233.1.2"
 * @lease: borrowed
 * @words: filled; cut where it is too long
 */
void lease_words(const struct ipam_lease *lease, char words[AUDIT_SAYS])
{
	char v4[ADDR_TEXT + PREFIX_TEXT], v6[ADDR_TEXT + PREFIX_TEXT];

	pair_words(&lease->v4, v4, sizeof(v4));
	pair_words(&lease->v6, v6, sizeof(v6));
	(void)snprintf(words, AUDIT_SAYS, "%s%s%s", v4, v4[0] && v6[0] ? " " : "",
		       !v4[0] && !v6[0] ? "no address" : v6);
}
