/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A report is a list of things to look at, not of things to do: the host may have moved on since. So
 * all is looked at again, under the lock that whoever adds or removes a container takes, and only
 * what is found again, as the report has it, is mended: first what nobody has any more is given up,
 * then definitions are entered, for which addresses may just have become free, and then the kernel
 * is put right. What is given up is one transaction, and what is entered another, or halves of it where
 * something cannot be: a disk writes a thousand as fast as one. A repair that is killed leaves less to repair.
 *
 * Two definitions may have swapped their addresses. When nothing can be entered any more, a lease
 * that is in the way of another one, and is itself to be replaced, is given up before its turn.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/finding.h"
#include "base/cleanup.h"

/* A repair, and what it has to do. */
struct repair {
	const struct paths *paths;
	const struct audit *report;
	struct audit_outcome *outcomes;
	bool *pending; /* for each finding; owned */
	struct view view;
	struct audit_findings now; /* what is found at this moment; owned */
	struct ipam *ipam;
};

/**
 * audit_result_name - the word for what came of a finding
 * @result: one of enum audit_result
 */
const char *audit_result_name(enum audit_result result)
{
	static const char *const names[] = {
		[AUDIT_MENDED] = "mended",
		[AUDIT_GONE] = "gone",
		[AUDIT_LEFT] = "left",
		[AUDIT_REFUSED] = "refused",
		[AUDIT_WOULD_MEND] = "would-mend",
	};

	return names[result];
}

/**
 * outcome_set - say what came of a finding, which needs no more then
 * @repair: changed
 * @i: its number
 * @result: what
 * @what: in words, borrowed
 */
static void outcome_set(struct repair *repair, size_t i, enum audit_result result, const char *what)
{
	repair->pending[i] = false;
	repair->outcomes[i].result = result;
	(void)snprintf(repair->outcomes[i].what, sizeof(repair->outcomes[i].what), "%s", what);
}

/**
 * outcome_set_error - say that a finding could not be mended
 * @repair: changed
 * @i: its number
 * @e: why, borrowed
 */
static void outcome_set_error(struct repair *repair, size_t i, const struct error *e)
{
	char what[AUDIT_WHAT];

	(void)snprintf(what, sizeof(what), "%.*s%s%.*s", 300, e->text, e->remedy[0] ? "; " : "",
		       200, e->remedy);
	outcome_set(repair, i, AUDIT_REFUSED, what);
}

/**
 * would_do - what mends a finding
 * @which: its case
 *
 * Returns words, or NULL where it is not ours to decide.
 */
static const char *would_do(enum audit_case which)
{
	switch (which) {
	case AUDIT_LEASE_OF_NOBODY:
		return "would give its addresses up";
	case AUDIT_DEFINITION_UNLEASED:
	case AUDIT_DEFINITION_DIFFERS:
		return "would have the book say what the definition does";
	case AUDIT_KERNEL_DIFFERS:
		return "would have the cable be what the definition says";
	case AUDIT_LEASE_OF_ATTACHED:
	case AUDIT_ADDRESS_UNLEASED:
	case AUDIT_DEFINITIONS_SHARE:
	case AUDIT_DEFINITIONS_SHARE_MAC:
	case AUDIT_CABLES_SHARE:
	case AUDIT_HOST_HAS_ADDRESS:
	case AUDIT_HOST_HAS_ROUTE:
	case AUDIT_HOST_HAS_NETWORK:
	case AUDIT_HOST_HAS_ALL_OF_POOL:
	case AUDIT_HOST_HAS_POOL:
	case AUDIT_HOST_HAS_WIDER:
	case AUDIT_LINK_OF_OTHERS:
	case AUDIT_NAMESPACE_OF_NOBODY:
		return NULL;
	}
	return NULL;
}

/**
 * is_still_so - whether something that was reported is found at this moment
 * @repair: borrowed
 * @finding: of the report, borrowed
 *
 * So is one only where book and definition say what they did: others may have edited them since. A repair
 * that was killed may have given the old lease of a definition up already, or have mended half of a cable;
 * so what the kernel says is not compared.
 */
static bool is_still_so(const struct repair *repair, const struct audit_finding *finding)
{
	const struct audit_finding *now = findings_find(&repair->now, finding);
	struct audit_finding half = *finding;

	if (now)
		return strcmp(now->book, finding->book) == 0 &&
		       strcmp(now->definition, finding->definition) == 0;
	half.which = AUDIT_DEFINITION_UNLEASED;
	now = finding->which == AUDIT_DEFINITION_DIFFERS ? findings_find(&repair->now, &half)
							 : NULL;
	return now && strcmp(now->definition, finding->definition) == 0;
}

/**
 * repair_plan - see what of the report is still so, and what is to be done about it
 * @repair: changed
 * @flags: of enum audit_repair_flags
 *
 * Returns whether there is anything to do.
 */
static bool repair_plan(struct repair *repair, unsigned flags)
{
	bool any = false;

	for (size_t i = 0; i < repair->report->findings.count; i++) {
		const struct audit_finding *finding = &repair->report->findings.list[i];
		const char *would = would_do(finding->which);
		char remedy[AUDIT_WHAT];

		audit_remedy(finding, remedy, sizeof(remedy));
		repair->pending[i] = true;
		if (!is_still_so(repair, finding))
			outcome_set(repair, i, AUDIT_GONE, "no longer so");
		else if (!would)
			outcome_set(repair, i, AUDIT_LEFT, remedy);
		else if (flags & AUDIT_DRY)
			outcome_set(repair, i, AUDIT_WOULD_MEND, would);
		any |= repair->pending[i];
	}
	return any;
}

/**
 * repair_release_all - give up what nobody has any more, all of it at once
 * @repair: changed
 *
 * Where that fails, nothing is done and nothing is said.
 */
static void repair_release_all(struct repair *repair)
{
	size_t count = repair->report->findings.count, n_names = 0;
	_cleanup_(freep) const char **names = calloc(count + 1, sizeof(*names));
	const struct audit_finding *list = repair->report->findings.list;

	for (size_t i = 0; names && i < count; i++)
		if (repair->pending[i] && list[i].which == AUDIT_LEASE_OF_NOBODY)
			names[n_names++] = list[i].container;
	if (n_names == 0 ||
	    ipam_release_many(repair->ipam, names, n_names, "repaired: leaked", NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (repair->pending[i] && list[i].which == AUDIT_LEASE_OF_NOBODY)
			outcome_set(repair, i, AUDIT_MENDED, "gave its addresses up");
}

/**
 * repair_release - give up what nobody has any more, one by one
 * @repair: changed
 */
static void repair_release(struct repair *repair)
{
	for (size_t i = 0; i < repair->report->findings.count; i++) {
		const struct audit_finding *finding = &repair->report->findings.list[i];
		struct error e = ERROR_INIT;

		if (!repair->pending[i] || finding->which != AUDIT_LEASE_OF_NOBODY)
			continue;
		if (ipam_release(repair->ipam, finding->container, "repaired: leaked", &e) < 0)
			outcome_set_error(repair, i, &e);
		else
			outcome_set(repair, i, AUDIT_MENDED, "gave its addresses up");
	}
}

/**
 * is_entered - whether a finding is mended by entering a definition
 * @repair: borrowed
 * @i: its number
 */
static bool is_entered(const struct repair *repair, size_t i)
{
	enum audit_case which = repair->report->findings.list[i].which;

	return repair->pending[i] &&
	       (which == AUDIT_DEFINITION_UNLEASED || which == AUDIT_DEFINITION_DIFFERS);
}

/**
 * outcome_set_entered - say that the book says what a definition does
 * @repair: changed
 * @i: number of the finding
 * @claim: of the definition, borrowed
 */
static void outcome_set_entered(struct repair *repair, size_t i, const struct ipam_lease *claim)
{
	char words[AUDIT_SAYS], what[AUDIT_WHAT];

	lease_words(claim, words);
	(void)snprintf(what, sizeof(what), "the book has %s", words);
	outcome_set(repair, i, AUDIT_MENDED, what);
}

/**
 * repair_claim - what the book is to say of a container
 * @repair: borrowed
 * @i: number of a finding that is mended by entering a definition
 */
static struct ipam_lease repair_claim(const struct repair *repair, size_t i)
{
	const char *name = repair->report->findings.list[i].container;
	struct ipam_lease claim = view_defined(&repair->view, name)->claim;

	(void)snprintf(claim.reason, sizeof(claim.reason), "repaired: by its definition");
	claim_as_it_was(&claim, view_lease(&repair->view, name));
	return claim;
}

/**
 * repair_enter_many - have the book say what many definitions do
 * @repair: changed
 * @claims: of them, borrowed
 * @which: the numbers of their findings, borrowed
 * @count: how many
 * @entered: room for as many
 *
 * All in one transaction; when one of them cannot be entered each half for itself. One alone is left to
 * repair_enter().
 */
static void repair_enter_many(struct repair *repair, const struct ipam_lease *claims,
			      const size_t *which, size_t count, struct ipam_lease *entered)
{
	size_t half = count / 2;

	if (count < 2)
		return;
	if (ipam_lease_many(repair->ipam, claims, count,
			    IPAM_REPLACE | IPAM_OVERRULE | IPAM_AS_IT_WAS, entered, NULL) >= 0) {
		for (size_t i = 0; i < count; i++)
			outcome_set_entered(repair, which[i], &claims[i]);
		return;
	}
	repair_enter_many(repair, claims, which, half, entered);
	repair_enter_many(repair, claims + half, which + half, count - half, entered);
}

/**
 * repair_enter_all - enter what definitions say, as much of it at once as can be
 * @repair: changed
 *
 * What is reserved, or has no address, is left to repair_enter().
 */
static void repair_enter_all(struct repair *repair)
{
	size_t room = repair->report->findings.count + 1, count = 0;
	_cleanup_(freep) struct ipam_lease *claims = calloc(room, sizeof(*claims));
	_cleanup_(freep) struct ipam_lease *entered = calloc(room, sizeof(*entered));
	_cleanup_(freep) size_t *which = calloc(room, sizeof(*which));

	if (!claims || !entered || !which)
		return;
	for (size_t i = 0; i + 1 < room; i++) {
		if (!is_entered(repair, i))
			continue;
		claims[count] = repair_claim(repair, i);
		which[count] = i;
		count += (addr_is_set(&claims[count].v4.local.addr) ||
			  addr_is_set(&claims[count].v6.local.addr)) &&
			 !view_defined(&repair->view, claims[count].container)->elsewhere;
	}
	repair_enter_many(repair, claims, which, count, entered);
}

/**
 * repair_enter_one - have the book say what a definition does
 * @repair: changed
 * @i: number of the finding
 * @last: whether a failure is the last word
 *
 * Returns whether it is done.
 */
static bool repair_enter_one(struct repair *repair, size_t i, bool last)
{
	const char *name = repair->report->findings.list[i].container;
	const struct defined *defined = view_defined(&repair->view, name);
	struct ipam_lease claim = repair_claim(repair, i);
	struct error e = ERROR_INIT;
	int r;

	if (addr_is_set(&claim.v4.local.addr) || addr_is_set(&claim.v6.local.addr))
		r = claim_enter(repair->ipam, &claim, defined->elsewhere, &e);
	else
		r = ipam_release(repair->ipam, name, "repaired: its definition has none", &e);
	if (r < 0 && !last)
		return false;
	if (r < 0)
		outcome_set_error(repair, i, &e);
	else
		outcome_set_entered(repair, i, &claim);
	return true;
}

/**
 * lease_is_in_way - whether a lease has something that a definition claims
 * @lease, @claim: borrowed
 */
static bool lease_is_in_way(const struct ipam_lease *lease, const struct ipam_lease *claim)
{
	const struct addr *const held[] = { &lease->v4.local.addr, &lease->v4.host,
					    &lease->v6.local.addr, &lease->v6.host };

	if (mac_is_set(&claim->mac) && mac_equal(&lease->mac, &claim->mac))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		if (addr_is_set(held[i]) && (addr_equal(held[i], &claim->v4.local.addr) ||
					     addr_equal(held[i], &claim->v6.local.addr)))
			return true;
	return false;
}

/**
 * repair_make_way - give up a lease that is to be replaced and is in the way of another definition
 * @repair: changed
 *
 * Returns whether there was one.
 */
static bool repair_make_way(struct repair *repair)
{
	const struct audit_finding *list = repair->report->findings.list;
	size_t count = repair->report->findings.count;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; is_entered(repair, i) && j < count; j++) {
			const struct ipam_lease *lease =
				view_lease(&repair->view, list[j].container);

			if (i != j && is_entered(repair, j) && lease &&
			    lease_is_in_way(
				    lease,
				    &view_defined(&repair->view, list[i].container)->claim) &&
			    ipam_release(repair->ipam, list[j].container,
					 "repaired: its definition says otherwise", NULL) > 0)
				return true;
		}
	return false;
}

/**
 * repair_enter - enter what definitions say
 * @repair: changed
 */
static void repair_enter(struct repair *repair)
{
	size_t count = repair->report->findings.count;
	bool left, progress;

	do {
		left = progress = false;
		for (size_t i = 0; i < count; i++)
			if (is_entered(repair, i)) {
				bool done = repair_enter_one(repair, i, false);

				progress |= done;
				left |= !done;
			}
	} while (left && (progress || repair_make_way(repair)));
	for (size_t i = 0; i < count; i++)
		if (is_entered(repair, i))
			(void)repair_enter_one(repair, i, true);
}

/**
 * repair_cables - have cables be what their definitions say
 * @repair: changed
 * @e: filled when none can be looked at
 *
 * Returns 0 or -errno.
 */
static int repair_cables(struct repair *repair, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < repair->report->findings.count; i++) {
		const char *name = repair->report->findings.list[i].container;
		struct error refused = ERROR_INIT;
		struct veth_drift drift;
		int mended;

		if (!repair->pending[i])
			continue;
		if (!network)
			r = network_open(repair->paths, &network, e);
		if (r < 0)
			return r;
		mended = network_mend(network, name, NETWORK_WAITS, &drift, &refused);
		if (mended < 0)
			outcome_set_error(repair, i, &refused);
		else if (mended > 0)
			outcome_set(repair, i, AUDIT_MENDED, "the cable is as the definition says");
		else
			outcome_set(repair, i, AUDIT_LEFT,
				    "it is not attached by us: restart the container");
	}
	return r;
}

/**
 * repair_act - do what is to be done
 * @repair: changed
 * @e: filled when the book or the network cannot be had
 *
 * Returns 0 or -errno.
 */
static int repair_act(struct repair *repair, struct error *e)
{
	int r;

	/* What is remembered of the definitions is not worth much where book and files differ. */
	adopt_forget(repair->paths);
	r = book_open(repair->paths, IPAM_WRITE, &repair->ipam, e);
	if (r < 0)
		return r;
	repair_release_all(repair);
	repair_release(repair);
	repair_enter_all(repair);
	repair_enter(repair);
	ipam_closep(&repair->ipam);
	return repair_cables(repair, e);
}

/**
 * audit_repair - mend what a report names and is still so
 * @paths: borrowed
 * @report: borrowed
 * @flags: of enum audit_repair_flags
 * @outcomes: what came of each finding
 * @e: filled when nothing could be looked at
 *
 * Returns 0 or -errno.
 */
int audit_repair(const struct paths *paths, const struct audit *report, unsigned flags,
		 struct audit_outcome *outcomes, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct repair repair = { .paths = paths, .report = report, .outcomes = outcomes };
	int r = audit_is_here(paths, report, e);

	if (r == 0)
		r = definitions_lock(paths, &lock, e);
	if (r < 0)
		return r;
	repair.pending = calloc(report->findings.count + 1, sizeof(*repair.pending));
	if (!repair.pending)
		return error_errno(e, ENOMEM, "cannot repair");
	r = view_read(paths, &repair.view, e);
	if (r == 0)
		r = view_compare(&repair.view, &repair.now, e);
	if (r == 0)
		r = compare_host(paths, &repair.now, &repair.view.troubles, e);
	if (r == 0 && repair_plan(&repair, flags))
		r = repair_act(&repair, e);
	view_deinit(&repair.view);
	free(repair.now.list);
	free(repair.pending);
	return r;
}
