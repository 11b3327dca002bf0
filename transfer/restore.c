/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The backup is read into memory, and what definitions say is entered there, before it takes the place of
 * the book in one step: a container that was created since keeps its addresses, and at no moment can
 * they be given to another one. Containers are neither added nor removed meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "transfer/backup.h"

/* What a book has, by the names of containers. */
struct contents {
	struct ipam_lease *list;
	size_t count;
};

/**
 * contents_free - let go of what was read
 * @contents: not used again
 */
static void contents_free(struct contents *contents)
{
	free(contents->list);
}

/**
 * before_read - read the book as it is, if that can be done
 * @paths: borrowed
 * @report: learns that it cannot
 * @contents: filled
 * @e: filled on failure
 *
 * That it is damaged is no failure, but what a backup is for.
 *
 * Returns 0, or -errno when somebody has to do something else first.
 */
static int before_read(const struct paths *paths, struct restore_report *report,
		       struct contents *contents, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct error unread = ERROR_INIT;
	int r = book_open(paths, IPAM_READ, &ipam, &unread);

	if (r == 0)
		r = ipam_list(ipam, &contents->list, &contents->count, &unread);
	if (r == 0)
		return 0;
	if (r == -EBUSY || r == -EPERM || r == -EACCES || r == -ELOOP) {
		if (e)
			*e = unread;
		return r;
	}
	report->unreadable = true;
	(void)snprintf(report->why, sizeof(report->why), "%.*s", (int)sizeof(report->why) - 1,
		       unread.text);
	return 0;
}

/**
 * lease_same - whether a container holds the same in two books
 * @a, @b: borrowed
 *
 * Whether somebody had chosen the addresses is of no consequence.
 */
static bool lease_same(const struct ipam_lease *a, const struct ipam_lease *b)
{
	return a->state == b->state && strcmp(a->bridge, b->bridge) == 0 &&
	       mac_equal(&a->mac, &b->mac) && addr_equal(&a->v4.host, &b->v4.host) &&
	       addr_equal(&a->v4.local.addr, &b->v4.local.addr) &&
	       addr_equal(&a->v6.host, &b->v6.host) &&
	       addr_equal(&a->v6.local.addr, &b->v6.local.addr);
}

/**
 * report_fill - say in what two books differ
 * @report: changed
 * @before, @after: borrowed, in the order of names
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int report_fill(struct restore_report *report, const struct contents *before,
		       const struct contents *after, struct error *e)
{
	size_t i = 0, k = 0;

	report->leases = after->count;
	report->rows = calloc(before->count + after->count + 1, sizeof(*report->rows));
	if (!report->rows)
		return error_errno(e, ENOMEM, "cannot compare the books");
	while (i < before->count || k < after->count) {
		struct restore_row *row = &report->rows[report->count];
		const struct ipam_lease *was = i < before->count ? &before->list[i] : NULL;
		const struct ipam_lease *is = k < after->count ? &after->list[k] : NULL;
		int order = !was ? 1 : !is ? -1 : strcmp(was->container, is->container);

		*row = (struct restore_row){ .before = order <= 0, .after = order >= 0 };
		if (row->before)
			row->lease = row->was = before->list[i++];
		if (row->after)
			row->lease = after->list[k++];
		if (order != 0 || !lease_same(&row->was, &row->lease))
			report->count++;
	}
	return 0;
}

/**
 * restore_locked - go back to a backup
 * @paths: borrowed
 * @dry: only say what would come of it
 * @report: its file is set; filled
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
static int restore_locked(const struct paths *paths, bool dry, struct restore_report *report,
			  struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *backup = NULL;
	_cleanup_(contents_free) struct contents before = { 0 }, after = { 0 };
	int r = ipam_open_backup(report->file, &backup, e);

	if (r < 0)
		return r;
	book_set_terms(paths, backup, IPAM_WRITE);
	r = before_read(paths, report, &before, e);
	if (r == 0)
		r = adopt_all(paths, backup, e);
	if (r >= 0)
		r = ipam_list(backup, &after.list, &after.count, e);
	if (r == 0)
		r = report_fill(report, &before, &after, e);
	if (r < 0 || dry)
		return r;
	/* What is remembered of the definitions is about the other book. */
	adopt_forget(paths);
	r = directory_make(paths->state, 0700, e);
	return r < 0 ? r : ipam_replace(paths->book, backup, report->aside, e);
}

/**
 * book_restore - go back to a backup of the book
 * @paths: borrowed
 * @file: the backup, borrowed; NULL: the one beside the book
 * @dry: only say what would come of it
 * @ret_report: what differs
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
int book_restore(const struct paths *paths, const char *file, bool dry,
		 struct restore_report *ret_report, struct error *e)
{
	struct restore_report report = { .count = 0 };
	_cleanup_(fd_closep) int lock = -1;
	int r = backup_path(paths, file, report.file, e);

	if (r == 0)
		r = definitions_lock(paths, &lock, e);
	if (r == 0)
		r = restore_locked(paths, dry, &report, e);
	if (r < 0) {
		free(report.rows);
		return r;
	}
	*ret_report = report;
	return 0;
}
