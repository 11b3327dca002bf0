/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Three things that are read one after the other do not show one moment: a container that is created
 * or attached meanwhile looks like one that is half there. So what is found is looked for once more,
 * under the lock that whoever adds or removes a container holds from the lease to the definition, and
 * after a while, in which whoever attaches or detaches has come to an end. What is not found again
 * was never wrong. When nothing is wrong at first, nobody is kept from anything.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/finding.h"
#include "base/cleanup.h"
#include "base/file.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/**
 * is_settled - whether a case cannot be one of a container that somebody is at
 * @which: the case
 */
static bool is_settled(enum audit_case which)
{
	switch (which) {
	case AUDIT_DEFINITIONS_SHARE:
	case AUDIT_DEFINITIONS_SHARE_MAC:
	case AUDIT_HOST_HAS_ADDRESS:
	case AUDIT_HOST_HAS_ROUTE:
	case AUDIT_HOST_HAS_NETWORK:
	case AUDIT_HOST_HAS_ALL_OF_POOL:
	case AUDIT_HOST_HAS_POOL:
	case AUDIT_HOST_HAS_WIDER:
		return true;
	case AUDIT_LEASE_OF_NOBODY:
	case AUDIT_LEASE_OF_ATTACHED:
	case AUDIT_DEFINITION_UNLEASED:
	case AUDIT_ADDRESS_UNLEASED:
	case AUDIT_CABLES_SHARE:
	case AUDIT_LINK_OF_OTHERS:
	case AUDIT_NAMESPACE_OF_NOBODY:
	case AUDIT_DEFINITION_DIFFERS:
	case AUDIT_KERNEL_DIFFERS:
		return false;
	}
	return false;
}

/**
 * wait_grace - let others come to an end
 * @findings: of the first look, borrowed
 * @grace: seconds
 */
static void wait_grace(const struct audit_findings *findings, uint32_t grace)
{
	struct timespec left = { .tv_sec = grace };
	bool settled = true;

	for (size_t i = 0; settled && i < findings->count; i++)
		settled = is_settled(findings->list[i].which);
	while (!settled && nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/**
 * anything_counts - whether something was found that somebody has to do something about
 * @findings: borrowed
 */
static bool anything_counts(const struct audit_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (audit_counts(findings->list[i].which))
			return true;
	return false;
}

/**
 * findings_confirm - keep of the second look what the first one had too
 * @first: sorted, borrowed
 * @second: sorted; changed
 */
static void findings_confirm(const struct audit_findings *first, struct audit_findings *second)
{
	size_t at = 0, kept = 0;

	for (size_t i = 0; i < second->count; i++)
		for (size_t j = at; j < first->count; j++)
			if (finding_is_same(&first->list[j], &second->list[i])) {
				second->list[kept++] = second->list[i];
				at = j + 1;
				break;
			}
	second->count = kept;
}

/**
 * audit_identify - note down of which host, boot and time a check is
 * @paths: borrowed
 * @audit: changed
 * @e: names what could not be read
 *
 * Returns 0 or -errno.
 */
int audit_identify(const struct paths *paths, struct audit *audit, struct error *e)
{
	_cleanup_(freep) char *boot = NULL;
	uint8_t id[16];
	size_t length;
	int r = machine_id_read(paths, id, e);

	for (size_t i = 0; r > 0 && i < sizeof(id); i++)
		(void)snprintf(audit->machine + 2 * i, 3, "%02x", id[i]);
	if (r >= 0 && !paths->root[0])
		r = file_read(BOOT_ID, 64, &boot, &length, e);
	if (boot)
		(void)snprintf(audit->boot, sizeof(audit->boot), "%.36s", boot);
	audit->time = time(NULL);
	return r < 0 ? r : 0;
}

/**
 * look - read all three and compare them
 * @paths: borrowed
 * @audit: its numbers, findings and troubles are replaced
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int look(const struct paths *paths, struct audit *audit, struct error *e)
{
	struct view view;
	int r = view_read(paths, &view, e);

	free(audit->findings.list);
	free(audit->troubles.list);
	audit->findings = (struct audit_findings){ .count = 0 };
	audit->troubles = (struct audit_troubles){ .count = 0 };
	if (r == 0)
		r = view_compare(&view, &audit->findings, e);
	if (r == 0)
		r = compare_host(paths, &audit->findings, &view.troubles, e);
	if (r == 0) {
		audit->leases = view.n_leases;
		audit->definitions = view.n_defined;
		audit->attached = view.n_attached;
		audit->troubles = view.troubles;
		view.troubles = (struct audit_troubles){ .count = 0 };
	}
	view_deinit(&view);
	return r;
}

/**
 * audit_check - compare book, definitions and kernel
 * @paths: borrowed
 * @grace: seconds in which others may come to an end
 * @ret_audit: what was found; ended with audit_deinit(), after a failure too
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int audit_check(const struct paths *paths, uint32_t grace, struct audit *ret_audit, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct audit_findings first;
	int r;

	*ret_audit = (struct audit){ .grace = grace };
	r = audit_identify(paths, ret_audit, e);
	if (r == 0)
		r = look(paths, ret_audit, e);
	if (r < 0 || !anything_counts(&ret_audit->findings))
		return r;
	first = ret_audit->findings;
	ret_audit->findings = (struct audit_findings){ .count = 0 };
	wait_grace(&first, grace);
	r = definitions_lock_for(paths, IPAM_READ, &lock, e);
	if (r == 0)
		r = look(paths, ret_audit, e);
	if (r == 0)
		findings_confirm(&first, &ret_audit->findings);
	free(first.list);
	return r;
}

/**
 * audit_deinit - let go of a check
 * @audit: as audit_check() or audit_read() left it, or all zero
 */
void audit_deinit(struct audit *audit)
{
	free(audit->findings.list);
	free(audit->troubles.list);
	*audit = (struct audit){ .grace = 0 };
}
