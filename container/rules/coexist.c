/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A firewall of the host that drops what is forwarded has to be told to let packets of containers pass,
 * and each has a place for that. We change nothing of theirs unless asked ("nat coexist"), and write
 * down where we did: first the record, then the change, and the other way round when it is taken back.
 * What an administrator has put there himself is found to be so already, and never recorded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/rules/blockers.h"
#include "container/rules/coexist-record.h"
#include "container/rules/rules-session.h"
#include "container/settings/locks.h"
#include "managers/managers.h"

/* What is at hand while parties are told; opened when one needs it. */
struct coexist {
	const struct paths *paths;
	struct nat *nat;
	struct managers *managers;
	bool recorded[COEXIST_PARTIES];
};

/**
 * coexist_close - end with what is at hand, for _cleanup_()
 * @coexist: not usable afterwards
 */
static void coexist_close(struct coexist *coexist)
{
	nat_close(coexist->nat);
	managers_close(coexist->managers);
}

/**
 * coexist_party_parse - the party of a name
 * @name: borrowed
 * @ret_party: the party
 * @e: lists those there are
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int coexist_party_parse(const char *name, enum coexist_party *ret_party, struct error *e)
{
	for (enum coexist_party party = 0; party < COEXIST_PARTIES; party++) {
		if (strcmp(name, coexist_party_name(party)) == 0) {
			*ret_party = party;
			return 0;
		}
	}
	return error_set(e, ERROR_USAGE, EINVAL,
			 "'%s' is nobody to coexist with: firewalld, docker, ufw or iptables",
			 name);
}

/**
 * coexist_party_action - what is done with a party, in words
 * @party: which
 */
const char *coexist_party_action(enum coexist_party party)
{
	switch (party) {
	case COEXIST_FIREWALLD:
		return "links " COEXIST_PATTERN " in zone trusted, now and permanently";
	case COEXIST_DOCKER:
		return "two rules at the head of chain DOCKER-USER";
	case COEXIST_UFW:
		return "ufw route allow in on " COEXIST_PATTERN
		       ", ufw route allow out on " COEXIST_PATTERN;
	case COEXIST_IPTABLES:
		return "two rules at the head of chain FORWARD";
	}
	return "";
}

/**
 * firewalld_has - whether links of containers are let pass by firewalld
 * @coexist: changed
 * @e: filled on failure
 *
 * Returns 1, 0, -ENOENT when it does not run, or another -errno.
 */
static int firewalld_has(struct coexist *coexist, struct error *e)
{
	int r = coexist->managers ? 0 : managers_open(&coexist->managers, e);

	if (r == 0)
		r = firewalld_running(coexist->managers, e);
	if (r == 0) {
		r = error_set(e, ERROR_FAILED, ENOENT, "firewalld does not run");
		return error_remedy(e, r, "start it (systemctl start firewalld)");
	}
	return r < 0 ? r : firewalld_admits(coexist->managers, COEXIST_PATTERN, e);
}

/**
 * party_has - whether a party lets packets of containers pass
 * @coexist: changed
 * @party: which
 * @e: filled on failure
 *
 * Returns 1, 0, -ENOENT when the party is not there, or another -errno.
 */
static int party_has(struct coexist *coexist, enum coexist_party party, struct error *e)
{
	switch (party) {
	case COEXIST_FIREWALLD:
		return firewalld_has(coexist, e);
	case COEXIST_UFW:
		return ufw_admits(COEXIST_PATTERN, e);
	case COEXIST_DOCKER:
	case COEXIST_IPTABLES:
		break;
	}
	return coexist_place_has(coexist->nat, coexist_place(party), e);
}

/**
 * party_admit - have a party let packets of containers pass
 * @coexist: party_has() has been asked
 * @party: which
 * @e: filled on failure
 *
 * Returns 1, 0 when it did, or -errno.
 */
static int party_admit(struct coexist *coexist, enum coexist_party party, struct error *e)
{
	switch (party) {
	case COEXIST_FIREWALLD:
		return firewalld_admit(coexist->managers, COEXIST_PATTERN, e);
	case COEXIST_UFW:
		return ufw_admit(COEXIST_PATTERN, e);
	case COEXIST_DOCKER:
	case COEXIST_IPTABLES:
		break;
	}
	return coexist_place_ensure(coexist->nat, coexist_place(party), e);
}

/**
 * party_dismiss - take back that a party lets packets of containers pass
 * @coexist: party_has() has been asked
 * @party: which
 * @e: filled on failure
 *
 * Returns 1, 0 when it did not, or -errno.
 */
static int party_dismiss(struct coexist *coexist, enum coexist_party party, struct error *e)
{
	switch (party) {
	case COEXIST_FIREWALLD:
		return firewalld_dismiss(coexist->managers, COEXIST_PATTERN, e);
	case COEXIST_UFW:
		return ufw_dismiss(COEXIST_PATTERN, e);
	case COEXIST_DOCKER:
	case COEXIST_IPTABLES:
		break;
	}
	return coexist_place_clear(coexist->nat, coexist_place(party), e);
}

/**
 * party_begin - let a party know, and write down that it does; what fails halfway is taken back
 * @coexist: changed
 * @party: which
 * @dry: only say what would be done
 * @e: filled on failure
 *
 * Returns 1, 0 when it was so, or -errno.
 */
static int party_begin(struct coexist *coexist, enum coexist_party party, bool dry, struct error *e)
{
	int r = party_has(coexist, party, e);

	if (r != 0 || dry)
		return r < 0 ? r : r == 0;
	coexist->recorded[party] = true;
	r = coexist_record_write(coexist->paths, coexist->recorded, e);
	if (r == 0)
		r = party_admit(coexist, party, e);
	/* The failure to report is the first one. */
	if (r < 0 && party_dismiss(coexist, party, NULL) >= 0) {
		coexist->recorded[party] = false;
		(void)coexist_record_write(coexist->paths, coexist->recorded, NULL);
	}
	return r;
}

/**
 * party_end - take back what a party was let know
 * @coexist: changed
 * @party: which
 * @dry: only say what would be done
 * @e: filled on failure
 *
 * Where there is no such party any more there is nothing to be taken back from it, but firewalld may
 * have it in its permanent configuration: that has to run.
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
static int party_end(struct coexist *coexist, enum coexist_party party, bool dry, struct error *e)
{
	struct error gone = ERROR_INIT;
	int r, done;

	if (!coexist->recorded[party])
		return 0;
	r = party_has(coexist, party, &gone);
	if (r == -ENOENT && party != COEXIST_FIREWALLD)
		r = 0;
	else if (r >= 0)
		r = dry ? 1 : party_dismiss(coexist, party, &gone);
	if (r < 0) {
		*e = gone;
		return r;
	}
	done = r;
	if (dry)
		return done;
	coexist->recorded[party] = false;
	r = coexist_record_write(coexist->paths, coexist->recorded, e);
	return r < 0 ? r : done;
}

/**
 * choose_parties - find out whom to tell, when nobody was named
 * @coexist: borrowed
 * @blockers: whose rules drop packets, borrowed
 * @concerned: set for those, and for those whom we told before
 */
static void choose_parties(const struct coexist *coexist, const struct nat_blockers *blockers,
			   bool concerned[COEXIST_PARTIES])
{
	for (enum coexist_party party = 0; party < COEXIST_PARTIES; party++)
		concerned[party] = coexist->recorded[party];
	for (size_t i = 0; i < blockers->count; i++) {
		enum coexist_party party;

		if (!blockers->list[i].unsure && blocker_party(&blockers->list[i], &party))
			concerned[party] = true;
	}
}

/**
 * coexist_verify - whether packets of containers do pass now
 * @paths: borrowed
 * @told: whom we have told
 * @e: says who still drops them, and what mends that
 *
 * Returns 0 or -errno.
 */
static int coexist_verify(const struct paths *paths, const bool told[COEXIST_PARTIES],
			  struct error *e)
{
	struct nat_blockers blockers;
	int r = blockers_find(paths, &blockers, e);

	for (size_t i = 0; r >= 0 && i < blockers.count; i++) {
		struct nat_blocker *blocker = &blockers.list[i];
		struct finding finding = { .id = "" };
		enum coexist_party party;

		if (blocker->unsure)
			continue;
		blocker_explain(blocker, &finding);
		r = error_set(e, ERROR_FAILED, EIO, "%s: %s", finding.what, finding.evidence);
		if (blocker_party(blocker, &party) && told[party])
			return error_remedy(e, r,
					    "take away what stands before the rules of "
					    "nixctr-net");
		return error_remedy(e, r, "%s", finding.fix);
	}
	return r < 0 ? r : 0;
}

/**
 * coexist_apply - have others let packets of containers pass, or take that back
 * @paths: borrowed
 * @request: whom, borrowed
 * @ret_report: what came of it
 * @e: filled on failure
 *
 * Without anybody named, those whose rules drop them, or to take it back, those whom we told.
 *
 * Returns 0 or -errno; then @ret_report has what was done before.
 */
int coexist_apply(const struct paths *paths, const struct coexist_request *request,
		  struct coexist_report *ret_report, struct error *e)
{
	_cleanup_(coexist_close) struct coexist coexist = { .paths = paths };
	_cleanup_(fd_closep) int lock = -1;
	struct nat_blockers blockers = { .count = 0 };
	bool concerned[COEXIST_PARTIES];
	int r = rules_lock(paths, LOCK_EXCLUSIVE, &lock, e);

	*ret_report = (struct coexist_report){ 0 };
	if (r == 0)
		r = rules_session_open(paths, &coexist.nat, e);
	if (r == 0)
		r = coexist_record_read(paths, coexist.recorded, e);
	if (r == 0 && !request->named && !request->remove)
		r = blockers_find(paths, &blockers, e);
	if (r < 0)
		return r;
	memcpy(concerned, request->with, sizeof(concerned));
	if (!request->named)
		choose_parties(&coexist, &blockers, concerned);
	for (enum coexist_party party = 0; r >= 0 && party < COEXIST_PARTIES; party++) {
		if (!concerned[party])
			continue;
		r = request->remove ? party_end(&coexist, party, request->dry, e)
				    : party_begin(&coexist, party, request->dry, e);
		if (r < 0)
			return error_wrap(e, r, "%s", coexist_party_name(party));
		ret_report->concerned[party] = true;
		ret_report->changed[party] = r > 0;
	}
	if (request->remove || request->dry)
		return 0;
	return coexist_verify(paths, ret_report->concerned, e);
}
